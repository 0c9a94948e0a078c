#include "engine/acl_rules.h"

#include <stdlib.h>

#include "base/word.h"

static const char SYNTAX[] = "Syntax error";
static const char UNKNOWN[] = "Unknown command or category name in ACL";
static const char NO_MEMORY[] = "no memory";

static bool because(const char **why, const char *text) {
    *why = text;
    return false;
}

/* Room for one more in an array that grows by doubling. */
static bool reserve(void *array, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return true;
    size_t more = *cap ? *cap * 2 : 4;
    void *grown = realloc(*(void **)array, more * size);
    if (!grown) return false;
    *(void **)array = grown;
    *cap = more;
    return true;
}

static bool same_text(ek_str a, ek_str b) { return a.n == b.n && (!a.n || ek_bytes_eq(a.p, b.p, a.n)); }

bool ek_acl_same_word(ek_str a, ek_str b) {
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++) {
        uint8_t x = a.p[i], y = b.p[i];
        if (x >= 'A' && x <= 'Z') x |= 0x20;
        if (y >= 'A' && y <= 'Z') y |= 0x20;
        if (x != y) return false;
    }
    return true;
}

/* --- making and freeing --- */

static void free_selector(ek_acl_selector *sel) {
    free(sel->rules);
    free(sel->keys);
    free(sel->channels);
}

bool ek_acl_user_init(ek_acl_user *u, bool all_channels) {
    *u = (ek_acl_user){0};
    if (!reserve(&u->selectors, 0, &u->selectors_cap, sizeof *u->selectors)) return false;
    u->selectors[0] = (ek_acl_selector){.all_channels = all_channels};
    u->nselectors = 1;
    return true;
}

static void clear_selectors(ek_acl_user *u) {
    while (u->nselectors > 1) free_selector(&u->selectors[--u->nselectors]);
}

void ek_acl_user_free(ek_acl_user *u) {
    if (!u->selectors) return;
    clear_selectors(u);
    free_selector(&u->selectors[0]);
    free(u->selectors);
    free(u->passwords);
    *u = (ek_acl_user){0};
}

/* --- commands --- */

static void set_bit(ek_acl_selector *sel, const ek_command *cmd, bool on) {
    uint64_t bit = (uint64_t)1 << (cmd->id % 64);
    if (on) sel->allowed[cmd->id / 64] |= bit;
    else sel->allowed[cmd->id / 64] &= ~bit;
}

static void set_all(ek_acl_selector *sel, bool on) {
    sel->all_commands = on;
    sel->nrules = 0;
    memset(sel->allowed, on ? 0xff : 0, sizeof sel->allowed);
}

static void work_in(ek_acl_selector *sel, const ek_acl_rule *rule) {
    if (rule->first.p) return; /* looked for when the bit is not there */
    if (rule->cmd) {
        set_bit(sel, rule->cmd, rule->allow);
        for (unsigned i = 0; i < rule->cmd->nsubcommands; i++)
            set_bit(sel, &rule->cmd->subcommands[i], rule->allow);
        return;
    }
    for (unsigned i = 0; i < ek_command_count(); i++) {
        const ek_command *cmd = ek_command_at(i);
        if (cmd->categories & rule->category) set_bit(sel, cmd, rule->allow);
    }
}

/* Does the new rule say all that the old one said? */
static bool overrides(const ek_acl_rule *fresh, const ek_acl_rule *old) {
    if (fresh->category) {
        /* What a category takes away it takes whatever the first argument is. */
        bool takes = !fresh->allow && old->first.p && old->cmd->categories & fresh->category;
        return takes || old->category == fresh->category;
    }
    if (!old->cmd) return false;
    if (fresh->first.p)
        return old->cmd == fresh->cmd && old->first.p && ek_acl_same_word(old->first, fresh->first);
    return old->cmd == fresh->cmd || old->cmd->parent == fresh->cmd;
}

/* Does it change nothing, since what it says is so already? A category says it of commands to come. */
static bool is_idle(const ek_acl_selector *sel, const ek_acl_rule *rule) {
    if (!rule->cmd) return false;
    bool idle = ek_acl_allows_command(sel, rule->cmd) == rule->allow;
    for (unsigned i = 0; i < rule->cmd->nsubcommands && !rule->first.p; i++)
        idle &= ek_acl_allows_command(sel, &rule->cmd->subcommands[i]) == rule->allow;
    return idle;
}

static bool add_rule(ek_acl_selector *sel, const ek_acl_rule *rule) {
    if (!reserve(&sel->rules, sel->nrules, &sel->rules_cap, sizeof *sel->rules)) return false;
    size_t kept = 0;
    memset(sel->allowed, sel->all_commands ? 0xff : 0, sizeof sel->allowed);
    for (size_t i = 0; i < sel->nrules; i++) {
        if (overrides(rule, &sel->rules[i])) continue;
        sel->rules[kept++] = sel->rules[i];
        work_in(sel, &sel->rules[i]);
    }
    if (!is_idle(sel, rule)) sel->rules[kept++] = *rule;
    sel->nrules = kept;
    work_in(sel, rule);
    return true;
}

/* rule: with its plus or minus. */
static bool apply_command(ek_acl_selector *sel, ek_str rule, const char **why) {
    ek_acl_rule r = {.allow = rule.p[0] == '+'};
    ek_str name = {rule.p + 1, rule.n - 1};
    if (name.n && name.p[0] == '@') {
        if (ek_str_is(name, "@all")) {
            set_all(sel, r.allow);
            return true;
        }
        r.category = ek_acl_category_find(name.p + 1, name.n - 1);
        if (!r.category) return because(why, UNKNOWN);
        return add_rule(sel, &r) || because(why, NO_MEMORY);
    }
    const uint8_t *bar = name.n ? memchr(name.p, '|', name.n) : NULL;
    r.cmd = ek_command_find_full(name.p, name.n);
    if (!r.cmd && bar) {
        size_t n = (size_t)(bar - name.p);
        ek_str first = {bar + 1, name.n - n - 1};
        r.cmd = ek_command_find(name.p, n);
        const uint8_t *second = first.n ? memchr(first.p, '|', first.n) : NULL;
        if (!r.cmd || !r.allow) return because(why, UNKNOWN);
        if (second && ek_command_find_full(name.p, (size_t)(second - name.p)))
            return because(why, "Allowing first-arg of a subcommand is not supported");
        if (!first.n) return because(why, SYNTAX);
        if (second || r.cmd->nsubcommands) return because(why, UNKNOWN);
        r.first = first;
    }
    if (!r.cmd) return because(why, UNKNOWN);
    return add_rule(sel, &r) || because(why, NO_MEMORY);
}

/* --- keys and channels --- */

static bool has_space(ek_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == 0 || s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r')) return true;
    return false;
}

static bool add_pattern(ek_acl_pattern **list, size_t *n, size_t *cap, ek_str glob, uint32_t may) {
    for (size_t i = 0; i < *n; i++) {
        if (!same_text((*list)[i].glob, glob)) continue;
        (*list)[i].may |= may;
        return true;
    }
    if (!reserve(list, *n, cap, sizeof **list)) return false;
    (*list)[(*n)++] = (ek_acl_pattern){.glob = glob, .may = may};
    return true;
}

static bool apply_keys(ek_acl_selector *sel, ek_str rule, const char **why) {
    uint32_t may = rule.p[0] == '~' ? EK_ACL_MAY_READ | EK_ACL_MAY_WRITE : 0;
    size_t at = 1;
    if (!may) {
        for (; at < rule.n && rule.p[at] != '~'; at++) {
            uint8_t ch = rule.p[at] | 0x20;
            uint32_t bit = ch == 'r' ? EK_ACL_MAY_READ : ch == 'w' ? EK_ACL_MAY_WRITE : 0;
            if (!bit || may & bit) return because(why, SYNTAX);
            may |= bit;
        }
        if (!may) return because(why, SYNTAX);
        if (at < rule.n) at++;
    }
    ek_str glob = {rule.p + at, rule.n - at};
    if (rule.p[0] == '~' && glob.n == 1 && glob.p[0] == '*') {
        sel->all_keys = true;
        sel->nkeys = 0;
        return true;
    }
    if (sel->all_keys)
        return because(why, "Adding a pattern after the * pattern (or the 'allkeys' flag) is not "
                            "valid and does not have any effect. Try 'resetkeys' to start with an "
                            "empty list of patterns");
    if (has_space(glob)) return because(why, SYNTAX);
    return add_pattern(&sel->keys, &sel->nkeys, &sel->keys_cap, glob, may) ||
           because(why, NO_MEMORY);
}

static bool apply_channel(ek_acl_selector *sel, ek_str rule, const char **why) {
    ek_str glob = {rule.p + 1, rule.n - 1};
    if (glob.n == 1 && glob.p[0] == '*') {
        sel->all_channels = true;
        sel->nchannels = 0;
        return true;
    }
    if (sel->all_channels)
        return because(why, "Adding a pattern after the * pattern (or the 'allchannels' flag) is "
                            "not valid and does not have any effect. Try 'resetchannels' to start "
                            "with an empty list of channels");
    if (has_space(glob)) return because(why, SYNTAX);
    return add_pattern(&sel->channels, &sel->nchannels, &sel->channels_cap, glob, 0) ||
           because(why, NO_MEMORY);
}

/* --- selectors --- */

static bool apply_to_selector(ek_acl_selector *sel, ek_str rule, const char **why) {
    if (ek_str_is(rule, "allkeys")) {
        sel->all_keys = true;
        sel->nkeys = 0;
    } else if (ek_str_is(rule, "resetkeys")) {
        sel->all_keys = false;
        sel->nkeys = 0;
    } else if (ek_str_is(rule, "allchannels")) {
        sel->all_channels = true;
        sel->nchannels = 0;
    } else if (ek_str_is(rule, "resetchannels")) {
        sel->all_channels = false;
        sel->nchannels = 0;
    } else if (ek_str_is(rule, "allcommands") || ek_str_is(rule, "nocommands")) {
        set_all(sel, (rule.p[0] | 0x20) == 'a');
    } else if (rule.n && (rule.p[0] == '~' || rule.p[0] == '%')) {
        return apply_keys(sel, rule, why);
    } else if (rule.n && rule.p[0] == '&') {
        return apply_channel(sel, rule, why);
    } else if (rule.n && (rule.p[0] == '+' || rule.p[0] == '-')) {
        return apply_command(sel, rule, why);
    } else {
        return because(why, SYNTAX);
    }
    return true;
}

static ek_acl_selector *new_selector(ek_acl_user *u, bool all_channels) {
    if (!reserve(&u->selectors, u->nselectors, &u->selectors_cap, sizeof *u->selectors)) return NULL;
    ek_acl_selector *sel = &u->selectors[u->nselectors++];
    *sel = (ek_acl_selector){.all_channels = all_channels};
    return sel;
}

/* rule: "(...)". */
static bool apply_selector(ek_acl_user *u, ek_str rule, bool all_channels, const char **why) {
    ek_acl_selector *sel = new_selector(u, all_channels);
    if (!sel) return because(why, NO_MEMORY);
    for (size_t at = 1, end; at < rule.n - 1; at = end) {
        while (at < rule.n - 1 && rule.p[at] == ' ') at++;
        for (end = at; end < rule.n - 1 && rule.p[end] != ' ';) end++;
        if (end == at || apply_to_selector(sel, (ek_str){rule.p + at, end - at}, why)) continue;
        free_selector(sel);
        u->nselectors--;
        return false;
    }
    return true;
}

/* --- passwords --- */

static void remove_password(ek_acl_user *u, size_t i) {
    memmove(u->passwords[i], u->passwords[i + 1], (--u->npasswords - i) * sizeof *u->passwords);
}

static size_t find_password(const ek_acl_user *u, const ek_password hash) {
    size_t i = 0;
    while (i < u->npasswords && !ek_same_secret(u->passwords[i], hash)) i++;
    return i;
}

static bool add_password(ek_acl_user *u, const ek_password hash) {
    u->flags &= ~(uint32_t)EK_USER_NO_PASSWORD;
    if (find_password(u, hash) < u->npasswords) return true;
    if (!reserve(&u->passwords, u->npasswords, &u->passwords_cap, sizeof *u->passwords)) return false;
    memcpy(u->passwords[u->npasswords++], hash, sizeof(ek_password));
    return true;
}

bool ek_acl_add_password(ek_acl_user *u, ek_str password) {
    ek_password hash;
    ek_sha256(password.p, password.n, hash);
    return add_password(u, hash);
}

static bool apply_password(ek_acl_user *u, ek_str rule, const char **why) {
    ek_str text = {rule.p + 1, rule.n - 1};
    ek_password hash;
    if (rule.p[0] == '>' || rule.p[0] == '<')
        ek_sha256(text.p, text.n, hash);
    else if (!ek_sha256_parse(text, hash))
        return because(why, "The password hash must be exactly 64 characters and contain only "
                            "lowercase hexadecimal characters");
    if (rule.p[0] == '>' || rule.p[0] == '#') return add_password(u, hash) || because(why, NO_MEMORY);
    size_t i = find_password(u, hash);
    if (i == u->npasswords)
        return because(why, "The password you are trying to remove from the user does not exist");
    remove_password(u, i);
    return true;
}

/* --- users --- */

static void reset(ek_acl_user *u, bool all_channels) {
    ek_acl_selector *root = &u->selectors[0];
    clear_selectors(u);
    set_all(root, false);
    root->all_keys = false;
    root->all_channels = all_channels;
    root->nkeys = root->nchannels = 0;
    u->npasswords = 0;
    u->flags = EK_USER_SANITIZE;
}

bool ek_acl_apply(ek_acl_user *u, ek_str rule, bool all_channels, const char **why) {
    static const struct {
        const char *word;
        uint32_t set, clear;
    } flags[] = {
        {"on", EK_USER_ON, 0},
        {"off", 0, EK_USER_ON},
        {"nopass", EK_USER_NO_PASSWORD, 0},
        {"resetpass", 0, EK_USER_NO_PASSWORD},
        {"sanitize-payload", EK_USER_SANITIZE, EK_USER_NO_SANITIZE},
        {"skip-sanitize-payload", EK_USER_NO_SANITIZE, EK_USER_SANITIZE},
    };
    if (!rule.n) return true;
    for (size_t i = 0; i < EK_COUNTOF(flags); i++) {
        if (!ek_str_is(rule, flags[i].word)) continue;
        u->flags = (u->flags | flags[i].set) & ~flags[i].clear;
        if ((flags[i].set | flags[i].clear) & EK_USER_NO_PASSWORD) u->npasswords = 0;
        return true;
    }
    if (ek_str_is(rule, "reset")) {
        reset(u, all_channels);
        return true;
    }
    if (ek_str_is(rule, "clearselectors")) {
        clear_selectors(u);
        return true;
    }
    if (rule.p[0] == '(' && rule.n > 1 && rule.p[rule.n - 1] == ')')
        return apply_selector(u, rule, all_channels, why);
    if (memchr("><#!", rule.p[0], 4)) return apply_password(u, rule, why);
    return apply_to_selector(&u->selectors[0], rule, why);
}

bool ek_acl_apply_stored(ek_acl_user *u, ek_str rules) {
    const char *why;
    ek_acl_selector *sel = NULL; /* the one whose parentheses are open */
    for (size_t at = 0, end; at < rules.n; at = end + 1) {
        const uint8_t *zero = memchr(rules.p + at, 0, rules.n - at);
        end = zero ? (size_t)(zero - rules.p) : rules.n;
        ek_str rule = {rules.p + at, end - at};
        if (rule.n == 1 && rule.p[0] == '(') {
            if (!(sel = new_selector(u, false))) return false;
        } else if (rule.n == 1 && rule.p[0] == ')') {
            sel = NULL;
        } else if (sel ? !apply_to_selector(sel, rule, &why) : !ek_acl_apply(u, rule, false, &why)) {
            return false;
        }
    }
    return true;
}

bool ek_acl_is_unlimited(const ek_acl_user *u) {
    const ek_acl_selector *root = &u->selectors[0];
    return root->all_commands && !root->nrules && root->all_keys && root->all_channels;
}

/* --- printing --- */

typedef struct text {
    char *out;
    size_t cap, n;
    char between;
    bool fresh; /* nothing goes in front of the next rule */
} text;

static void put(text *t, const void *p, size_t n) {
    if (n && t->n < t->cap) memcpy(t->out + t->n, p, ek_min(n, t->cap - t->n));
    t->n += n;
}

static void puts_text(text *t, const char *s) { put(t, s, strlen(s)); }

static void begin_rule(text *t) {
    if (!t->fresh && t->between) put(t, &t->between, 1);
    t->fresh = false;
}

static void end_rule(text *t) {
    if (!t->between) put(t, "", 1);
}

static void word(text *t, const char *s) {
    begin_rule(t);
    puts_text(t, s);
    end_rule(t);
}

static void print_keys(text *t, const ek_acl_selector *sel) {
    if (sel->all_keys) word(t, "~*");
    for (size_t i = 0; i < sel->nkeys; i++) {
        const ek_acl_pattern *p = &sel->keys[i];
        /* "~*" would be more than a pattern: none may follow it. */
        bool all = !t->between && p->glob.n == 1 && p->glob.p[0] == '*';
        begin_rule(t);
        puts_text(t, p->may == EK_ACL_MAY_READ ? "%R~" : p->may == EK_ACL_MAY_WRITE ? "%W~"
                     : all                     ? "%RW~" : "~");
        put(t, p->glob.p, p->glob.n);
        end_rule(t);
    }
}

static void print_channels(text *t, const ek_acl_selector *sel) {
    if (sel->all_channels) word(t, "&*");
    for (size_t i = 0; i < sel->nchannels; i++) {
        begin_rule(t);
        puts_text(t, "&");
        put(t, sel->channels[i].glob.p, sel->channels[i].glob.n);
        end_rule(t);
    }
}

static const char *category_name(uint32_t category) {
    return ek_acl_category_name((unsigned)__builtin_ctz(category));
}

static void print_commands(text *t, const ek_acl_selector *sel) {
    word(t, sel->all_commands ? "+@all" : "-@all");
    for (size_t i = 0; i < sel->nrules; i++) {
        const ek_acl_rule *r = &sel->rules[i];
        begin_rule(t);
        puts_text(t, r->allow ? "+" : "-");
        if (r->category) puts_text(t, "@");
        puts_text(t, r->category ? category_name(r->category) : r->cmd->name);
        if (r->first.p) {
            puts_text(t, "|");
            put(t, r->first.p, r->first.n);
        }
        end_rule(t);
    }
}

static void print_selector(text *t, const ek_acl_selector *sel) {
    print_keys(t, sel);
    if (!sel->all_channels) word(t, "resetchannels");
    print_channels(t, sel);
    print_commands(t, sel);
}

size_t ek_acl_print(const ek_acl_user *u, char between, char *out, size_t cap) {
    text t = {.out = out, .cap = cap, .between = between, .fresh = true};
    word(&t, u->flags & EK_USER_ON ? "on" : "off");
    if (u->flags & EK_USER_NO_PASSWORD) word(&t, "nopass");
    if (u->flags & EK_USER_SANITIZE) word(&t, "sanitize-payload");
    if (u->flags & EK_USER_NO_SANITIZE) word(&t, "skip-sanitize-payload");
    for (size_t i = 0; i < u->npasswords; i++) {
        char hex[1 + EK_SHA256_HEX + 1] = "#";
        ek_sha256_print(u->passwords[i], hex + 1);
        hex[1 + EK_SHA256_HEX] = 0;
        word(&t, hex);
    }
    print_selector(&t, &u->selectors[0]);
    for (size_t i = 1; i < u->nselectors; i++) {
        word(&t, "(");
        t.fresh = true;
        print_selector(&t, &u->selectors[i]);
        t.fresh = true;
        word(&t, ")");
    }
    return t.n;
}

size_t ek_acl_print_commands(const ek_acl_selector *sel, char *out, size_t cap) {
    text t = {.out = out, .cap = cap, .between = ' ', .fresh = true};
    print_commands(&t, sel);
    return t.n;
}

size_t ek_acl_print_keys(const ek_acl_selector *sel, char *out, size_t cap) {
    text t = {.out = out, .cap = cap, .between = ' ', .fresh = true};
    print_keys(&t, sel);
    return t.n;
}

size_t ek_acl_print_channels(const ek_acl_selector *sel, char *out, size_t cap) {
    text t = {.out = out, .cap = cap, .between = ' ', .fresh = true};
    print_channels(&t, sel);
    return t.n;
}
