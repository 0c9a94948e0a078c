/* ACL: users and what they may do (engine/acl.h). Its files are in acl_file.c. */
#include "commands/acl.h"
#include "commands/tables.h"
#include "engine/acl.h"
#include "engine/renames.h"
#include "store/users.h"

#include <stdio.h>
#include <stdlib.h>

/* --- users in order --- */

typedef struct gathering {
    ek_str *names;
    size_t n, cap;
} gathering;

static bool gather(void *arg, const ek_user *u) {
    gathering *g = arg;
    if (g->n < g->cap) g->names[g->n++] = ek_user_name(u);
    return true;
}

static int by_name(const void *one, const void *other) {
    const ek_str *a = one, *b = other;
    int c = memcmp(a->p, b->p, ek_min(a->n, b->n));
    return c ? c : a->n < b->n ? -1 : a->n > b->n;
}

ek_str *ek_acl_names(ek_ctx *c, size_t *n) {
    bool implied = !ek_user_find(c->s, EK_DEFAULT_USER);
    gathering g = {.cap = c->s->root->users.by_name.count};
    g.names = ek_scratch_alloc(c, (g.cap + 1) * sizeof *g.names);
    ek_users_each(c->s, gather, &g);
    if (implied) g.names[g.n++] = EK_DEFAULT_USER;
    qsort(g.names, g.n, sizeof *g.names, by_name);
    *n = g.n;
    return g.names;
}

/* "user NAME RULES", without an end of line. */
ek_str ek_acl_line(ek_ctx *c, ek_str name) {
    const ek_acl_user *u = ek_acl_find(c->s, name);
    size_t n = ek_acl_print(u, ' ', NULL, 0), head = 5 + name.n + 1;
    uint8_t *line = ek_scratch_alloc(c, head + n);
    memcpy(line, "user ", 5);
    if (name.n) memcpy(line + 5, name.p, name.n);
    line[head - 1] = ' ';
    ek_acl_print(u, ' ', (char *)line + head, n);
    return (ek_str){line, head + n};
}

void ek_cmd_acl_users(ek_ctx *c) {
    size_t n;
    const ek_str *names = ek_acl_names(c, &n);
    ek_reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++) ek_reply_str(c->reply, names[i]);
}

void ek_cmd_acl_list(ek_ctx *c) {
    size_t n;
    const ek_str *names = ek_acl_names(c, &n);
    ek_reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++) ek_reply_str(c->reply, ek_acl_line(c, names[i]));
}

void ek_cmd_acl_whoami(ek_ctx *c) { ek_reply_str(c->reply, ek_acl_name(c->session)); }

/* --- one user --- */

typedef size_t print_fn(const ek_acl_selector *sel, char *out, size_t cap);

static void reply_part(ek_ctx *c, const char *name, const ek_acl_selector *sel, print_fn *print) {
    size_t n = print(sel, NULL, 0);
    char *text = ek_scratch_alloc(c, n + 1);
    print(sel, text, n);
    ek_reply_cstr(c->reply, name);
    ek_reply_bulk(c->reply, text, n);
}

static void reply_selector(ek_ctx *c, const ek_acl_selector *sel) {
    reply_part(c, "commands", sel, ek_acl_print_commands);
    reply_part(c, "keys", sel, ek_acl_print_keys);
    reply_part(c, "channels", sel, ek_acl_print_channels);
}

static void reply_flags(ek_ctx *c, const ek_acl_user *u) {
    size_t at = ek_reply_open(c->reply, c->resp == 2 ? '*' : '~'), n = 1;
    ek_reply_cstr(c->reply, u->flags & EK_USER_ON ? "on" : "off");
    if (u->flags & EK_USER_NO_PASSWORD) ek_reply_cstr(c->reply, "nopass"), n++;
    if (u->flags & EK_USER_SANITIZE) ek_reply_cstr(c->reply, "sanitize-payload"), n++;
    if (u->flags & EK_USER_NO_SANITIZE) ek_reply_cstr(c->reply, "skip-sanitize-payload"), n++;
    ek_reply_close(c->reply, at, n);
}

void ek_cmd_acl_getuser(ek_ctx *c) {
    const ek_acl_user *u = ek_acl_find(c->s, c->argv[2]);
    if (!u) {
        ek_reply_null(c->reply);
        return;
    }
    ek_reply_map(c->reply, 6);
    ek_reply_cstr(c->reply, "flags");
    reply_flags(c, u);
    ek_reply_cstr(c->reply, "passwords");
    ek_reply_array(c->reply, u->npasswords);
    for (size_t i = 0; i < u->npasswords; i++) {
        char hex[EK_SHA256_HEX];
        ek_sha256_print(u->passwords[i], hex);
        ek_reply_bulk(c->reply, hex, sizeof hex);
    }
    reply_selector(c, &u->selectors[0]);
    ek_reply_cstr(c->reply, "selectors");
    ek_reply_array(c->reply, u->nselectors - 1);
    for (size_t i = 1; i < u->nselectors; i++) {
        ek_reply_map(c->reply, 3);
        reply_selector(c, &u->selectors[i]);
    }
}

/* --- changing --- */

static bool is_name(ek_str name) {
    for (size_t i = 0; i < name.n; i++) {
        uint8_t ch = name.p[i];
        if (ch == 0 || ch == ' ' || (ch >= '\t' && ch <= '\r')) return false;
    }
    return true;
}

bool ek_acl_merge(ek_ctx *c, size_t n, const ek_str *words, ek_acl_words *out) {
    out->v = ek_scratch_alloc(c, (n + 1) * sizeof *out->v);
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!words[i].n || words[i].p[0] != '(') {
            out->v[out->n++] = words[i];
            continue;
        }
        size_t end = i, bytes = 0;
        for (; end < n; end++) {
            bytes += words[end].n + 1;
            if (words[end].n && words[end].p[words[end].n - 1] == ')') break;
        }
        if (end == n) {
            out->unmatched = words[i];
            return false;
        }
        uint8_t *p = ek_scratch_alloc(c, bytes), *at = p;
        for (size_t k = i; k <= end; k++) {
            if (k > i) *at++ = ' ';
            if (words[k].n) memcpy(at, words[k].p, words[k].n);
            at += words[k].n;
        }
        out->v[out->n++] = (ek_str){p, (size_t)(at - p)};
        i = end;
    }
    return true;
}

void ek_cmd_acl_setuser(ek_ctx *c) {
    bool all_channels = c->s->root->config.acl_pubsub_default == EK_PUBSUB_ALL_CHANNELS;
    ek_str name = c->argv[2];
    ek_acl_words rules = {0};
    ek_acl_user u;
    if (!is_name(name)) {
        ek_reply_error(c->reply, "ERR Usernames can't contain spaces or null characters");
        return;
    }
    if (!ek_acl_merge(c, c->argc - 3, c->argv + 3, &rules)) {
        ek_reply_error(c->reply, "ERR Unmatched parenthesis in acl selector starting at '%.*s'.",
                       (int)ek_min(rules.unmatched.n, 128), (const char *)rules.unmatched.p);
        return;
    }
    if (!ek_acl_load_user(c->s, name, &u)) ek_raise(c->a, EK_ENOMEM);
    for (size_t i = 0; i < rules.n; i++) {
        const char *why = NULL;
        if (ek_acl_apply(&u, rules.v[i], all_channels, &why)) continue;
        ek_acl_user_free(&u);
        ek_reply_error(c->reply, "ERR Error in ACL SETUSER modifier '%.*s': %s",
                       (int)ek_min(rules.v[i].n, 1024), (const char *)rules.v[i].p, why);
        return;
    }
    ek_acl_put(c->s, c->session, name, &u);
    ek_reply_ok(c->reply);
}

void ek_cmd_acl_deluser(ek_ctx *c) {
    int64_t removed = 0;
    for (size_t i = 2; i < c->argc; i++)
        if (ek_str_eq(c->argv[i], EK_DEFAULT_USER)) {
            ek_reply_error(c->reply, "ERR The 'default' user cannot be removed");
            return;
        }
    for (size_t i = 2; i < c->argc; i++) removed += ek_acl_remove(c->s, c->session, c->argv[i]);
    ek_reply_int(c->reply, removed);
}

/* --- asking --- */

void ek_cmd_acl_cat(ek_ctx *c) {
    if (c->argc > 3) {
        ek_reply_error(c->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                                 "Try ACL HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
    } else if (c->argc == 2) {
        ek_reply_array(c->reply, EK_ACL_CATEGORY_COUNT);
        for (unsigned i = 0; i < EK_ACL_CATEGORY_COUNT; i++)
            ek_reply_cstr(c->reply, ek_acl_category_name(i));
    } else {
        uint32_t category = ek_acl_category_find(c->argv[2].p, c->argv[2].n);
        if (!category) {
            ek_reply_error(c->reply, "ERR Unknown category '%.*s'", (int)ek_min(c->argv[2].n, 128),
                           (const char *)c->argv[2].p);
            return;
        }
        size_t at = ek_reply_open(c->reply, '*'), n = 0;
        for (unsigned i = 0; i < ek_command_count(); i++) {
            const ek_command *cmd = ek_command_at(i);
            if (!(cmd->categories & category) || cmd->nsubcommands) continue;
            ek_reply_cstr(c->reply, cmd->name);
            n++;
        }
        ek_reply_close(c->reply, at, n);
    }
}

static void reply_verdict(ek_ctx *c, ek_acl_verdict verdict, const ek_command *cmd, ek_str object) {
    char text[256];
    int n;
    if (verdict == EK_ACL_NO_COMMAND)
        n = snprintf(text, sizeof text, "This user has no permissions to run the '%s' command",
                     cmd->name);
    else
        n = snprintf(text, sizeof text, "This user has no permissions to access the '%.*s' %s",
                     (int)ek_min(object.n, 128), (const char *)object.p,
                     verdict == EK_ACL_NO_KEY ? "key" : "channel");
    ek_reply_bulk(c->reply, text, ek_min((size_t)n, sizeof text - 1));
}

void ek_cmd_acl_dryrun(ek_ctx *c) {
    const ek_command *container;
    const ek_acl_user *u = ek_acl_find(c->s, c->argv[2]);
    size_t argc = c->argc - 3, at;
    const ek_str *argv = c->argv + 3;
    if (!u) {
        ek_reply_error(c->reply, "ERR User '%.*s' not found", (int)ek_min(c->argv[2].n, 128),
                       (const char *)c->argv[2].p);
        return;
    }
    const ek_command *cmd = ek_resolve(c->session, argc, argv, &container);
    if (!cmd) {
        ek_reply_error(c->reply, "ERR Command '%.*s' not found", (int)ek_min(argv[0].n, 128),
                       (const char *)argv[0].p);
    } else if (!ek_command_arity_ok(cmd, argc)) {
        ek_reply_error(c->reply, "ERR wrong number of arguments for '%s' command", cmd->name);
    } else {
        ek_acl_verdict verdict = ek_acl_check(c->session, u, cmd, argc, argv, &at);
        if (verdict == EK_ACL_ALLOWED) ek_reply_ok(c->reply);
        else reply_verdict(c, verdict, cmd, argv[at]);
    }
}

void ek_cmd_acl_genpass(ek_ctx *c) {
    enum { MOST_BITS = 4096, USUAL_BITS = 256 };
    int64_t bits = USUAL_BITS;
    uint8_t bytes[MOST_BITS / 8];
    char hex[MOST_BITS / 4];
    if (c->argc > 3) {
        ek_reply_error(c->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                                 "Try ACL HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    if (c->argc == 3) {
        if (!ek_arg_i64(c, 2, &bits)) return;
        if (bits <= 0 || bits > MOST_BITS) {
            ek_reply_error(c->reply, "ERR ACL GENPASS argument must be the number of bits for the "
                                     "output password, a positive number up to %d", MOST_BITS);
            return;
        }
    }
    size_t digits = (size_t)(bits + 3) / 4;
    ek_random_seed_bytes(bytes, (digits + 1) / 2);
    for (size_t i = 0; i < digits; i++)
        hex[i] = "0123456789abcdef"[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
    ek_reply_bulk(c->reply, hex, digits);
}

/* --- what was refused --- */

static void reply_entry(ek_ctx *c, const ek_acl_entry *e) {
    static const char *const reasons[] = {[EK_ACL_COMMAND] = "command", [EK_ACL_KEY] = "key",
                                          [EK_ACL_CHANNEL] = "channel", [EK_ACL_AUTH] = "auth"};
    static const char *const contexts[] = {
        [EK_ACL_TOPLEVEL] = "toplevel", [EK_ACL_MULTI] = "multi", [EK_ACL_LUA] = "lua"};
    int64_t age_ms = ek_now_ms(c) - e->created_ms;
    ek_reply_map(c->reply, 10);
    ek_reply_cstr(c->reply, "count");
    ek_reply_int(c->reply, (int64_t)e->count);
    ek_reply_cstr(c->reply, "reason");
    ek_reply_cstr(c->reply, reasons[e->reason]);
    ek_reply_cstr(c->reply, "context");
    ek_reply_cstr(c->reply, contexts[e->context]);
    ek_reply_cstr(c->reply, "object");
    ek_reply_str(c->reply, ek_client_fact(c->s, e->texts[EK_ACL_OBJECT]));
    ek_reply_cstr(c->reply, "username");
    ek_reply_str(c->reply, ek_client_fact(c->s, e->texts[EK_ACL_USER]));
    ek_reply_cstr(c->reply, "age-seconds");
    ek_reply_double(c->reply, (double)age_ms / 1000);
    ek_reply_cstr(c->reply, "client-info");
    ek_reply_str(c->reply, ek_client_fact(c->s, e->texts[EK_ACL_CLIENT]));
    ek_reply_cstr(c->reply, "entry-id");
    ek_reply_int(c->reply, (int64_t)e->id);
    ek_reply_cstr(c->reply, "timestamp-created");
    ek_reply_int(c->reply, e->created_ms);
    ek_reply_cstr(c->reply, "timestamp-last-updated");
    ek_reply_int(c->reply, e->updated_ms);
}

void ek_cmd_acl_log(ek_ctx *c) {
    int64_t count = 10;
    if (c->argc > 3) {
        ek_reply_error(c->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                                 "Try ACL HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    if (c->argc == 3 && ek_arg_is(c, 2, "reset")) {
        ek_acl_log_trim(c->s, 0);
        ek_reply_ok(c->reply);
        return;
    }
    if (c->argc == 3 && !ek_arg_i64(c, 2, &count)) return;
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    const ek_acl_entry *e = ek_acl_log_newest(c->s);
    for (; e && (int64_t)n < count; e = ek_acl_log_older(c->s, e), n++) reply_entry(c, e);
    ek_reply_close(c->reply, at, n);
}
