/* ACL LOAD and ACL SAVE: the users in a file, a line each, as ACL LIST prints them. */
#include "commands/acl.h"
#include "commands/tables.h"
#include "commands/text_file.h"
#include "engine/acl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char NO_CHANGE[] = "WARNING: ACL errors detected, no change to the previously active "
                                "ACL rules was performed";

static const char *file_of(ek_ctx *c) {
    const char *path = c->s->settings->aclfile;
    if (path && *path) return path;
    ek_reply_error(c->reply,
                   "ERR This Redis instance is not configured to use an ACL file. You may want to "
                   "specify users via the ACL SETUSER command and then issue a CONFIG REWRITE "
                   "(assuming you have a Redis configuration file set) in order to store users in "
                   "the Redis configuration.");
    return NULL;
}

/* --- loading --- */

/* What a file says, before any of it is applied. */
typedef struct loading {
    ek_ctx *c;
    const char *path;
    ek_str *names;
    ek_acl_words *rules;
    size_t n, line;
    char *errors; /* all of them, in scratch memory */
    size_t errors_len, errors_cap;
} loading;

static void complain(loading *l, const char *text) {
    size_t n = strlen(text);
    if (l->errors_len + n + 1 > l->errors_cap) {
        size_t cap = (l->errors_len + n + 1) * 2;
        char *more = ek_scratch_alloc(l->c, cap);
        if (l->errors_len) memcpy(more, l->errors, l->errors_len);
        l->errors = more;
        l->errors_cap = cap;
    }
    memcpy(l->errors + l->errors_len, text, n + 1);
    l->errors_len += n;
}

static void complain_of(loading *l, ek_str rule, const char *why) {
    char text[1024];
    if (strcmp(why, "Syntax error") == 0)
        snprintf(text, sizeof text, "%.500s:%zu: %s. ", l->path, l->line, why);
    else
        snprintf(text, sizeof text, "%.500s:%zu: Error in applying operation '%.*s': %s. ", l->path,
                 l->line, (int)ek_min(rule.n, 128), (const char *)rule.p, why);
    complain(l, text);
}

static size_t split(ek_ctx *c, ek_str line, ek_str **out) {
    ek_str *words = ek_scratch_alloc(c, (line.n / 2 + 1) * sizeof *words);
    size_t n = 0;
    for (size_t at = 0, end; at < line.n; at = end) {
        while (at < line.n && line.p[at] == ' ') at++;
        for (end = at; end < line.n && line.p[end] != ' ';) end++;
        if (end > at) words[n++] = (ek_str){line.p + at, end - at};
    }
    *out = words;
    return n;
}

static ek_str trimmed(ek_str s) {
    while (s.n && memchr(" \t\r", s.p[0], 3)) s.p++, s.n--;
    while (s.n && memchr(" \t\r", s.p[s.n - 1], 3)) s.n--;
    return s;
}

/* The rules are tried on a user that begins from nothing. False: no memory. */
static bool try_rules(loading *l, const ek_acl_words *rules, ek_acl_user *u) {
    bool all_channels = l->c->s->root->config.acl_pubsub_default == EK_PUBSUB_ALL_CHANNELS;
    if (!ek_acl_user_init(u, all_channels)) return false;
    for (size_t i = 0; i < rules->n; i++) {
        const char *why = NULL;
        if (!ek_acl_apply(u, rules->v[i], all_channels, &why)) {
            ek_acl_user_free(u); /* what complains may raise */
            complain_of(l, rules->v[i], why);
            return ek_acl_user_init(u, false);
        }
    }
    return true;
}

static void read_line(loading *l, ek_str line) {
    char text[1024];
    ek_str *words;
    ek_acl_words rules = {0};
    ek_acl_user u;
    line = trimmed(line);
    if (!line.n || line.p[0] == '#') return;
    size_t n = split(l->c, line, &words);
    if (n < 2 || !ek_str_eq(words[0], (ek_str){(const uint8_t *)"user", 4})) {
        snprintf(text, sizeof text, "%.500s:%zu should start with user keyword followed by the "
                                    "username. ", l->path, l->line);
        complain(l, text);
        return;
    }
    for (size_t i = 0; i < l->n; i++)
        if (ek_str_eq(l->names[i], words[1])) {
            snprintf(text, sizeof text, "WARNING: Duplicate user '%.*s' found on line %zu. ",
                     (int)ek_min(words[1].n, 128), (const char *)words[1].p, l->line);
            complain(l, text);
            return;
        }
    if (!ek_acl_merge(l->c, n - 2, words + 2, &rules)) {
        snprintf(text, sizeof text, "%.500s:%zu: Unmatched parenthesis in acl selector starting at "
                                    "'%.*s'. ", l->path, l->line,
                 (int)ek_min(rules.unmatched.n, 128), (const char *)rules.unmatched.p);
        complain(l, text);
        return;
    }
    if (!try_rules(l, &rules, &u)) ek_raise(l->c->a, EK_ENOMEM);
    ek_acl_user_free(&u);
    l->names[l->n] = words[1];
    l->rules[l->n++] = rules;
}

static size_t count_lines(ek_str text) {
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++) n += text.p[i] == '\n';
    return n;
}

/* Users that the file does not name go, default becomes what it began as; all others are the file's. */
static void apply(loading *l) {
    ek_ctx *c = l->c;
    ek_str implied[] = {{(const uint8_t *)"on", 2}, {(const uint8_t *)"nopass", 6},
                        {(const uint8_t *)"~*", 2}, {(const uint8_t *)"&*", 2},
                        {(const uint8_t *)"+@all", 5}};
    bool has_default = false;
    size_t nold;
    const ek_str *old = ek_acl_names(c, &nold);
    for (size_t i = 0; i < nold; i++) {
        bool stays = ek_str_eq(old[i], EK_DEFAULT_USER);
        for (size_t k = 0; k < l->n && !stays; k++) stays = ek_str_eq(l->names[k], old[i]);
        if (!stays) ek_acl_remove(c->s, c->session, old[i]);
    }
    for (size_t i = 0; i < l->n; i++) has_default |= ek_str_eq(l->names[i], EK_DEFAULT_USER);
    if (!has_default) {
        l->names[l->n] = EK_DEFAULT_USER;
        l->rules[l->n++] = (ek_acl_words){.v = implied, .n = EK_COUNTOF(implied)};
    }
    for (size_t i = 0; i < l->n; i++) {
        ek_acl_user u;
        if (!try_rules(l, &l->rules[i], &u)) ek_raise(c->a, EK_ENOMEM);
        ek_acl_put(c->s, c->session, l->names[i], &u);
    }
}

bool ek_acl_load_text(ek_ctx *c, const char *path, ek_str text, const char **errors) {
    loading l = {.c = c, .path = path};
    size_t lines = count_lines(text);
    l.names = ek_scratch_alloc(c, (lines + 1) * sizeof *l.names);
    l.rules = ek_scratch_alloc(c, (lines + 1) * sizeof *l.rules);
    for (size_t at = 0, end; at < text.n; at = end + 1) {
        const uint8_t *newline = memchr(text.p + at, '\n', text.n - at);
        end = newline ? (size_t)(newline - text.p) : text.n;
        l.line++;
        read_line(&l, (ek_str){text.p + at, end - at});
    }
    *errors = l.errors;
    if (l.errors) return false;
    apply(&l);
    return true;
}

void ek_cmd_acl_load(ek_ctx *c) {
    const char *path = file_of(c), *errors = NULL;
    ek_str text;
    if (!path) return;
    if (!ek_text_file_read(c, path, &text)) {
        ek_reply_error(c->reply, "ERR Error loading ACLs, opening file '%s': %s", path,
                       strerror(errno));
        return;
    }
    if (ek_acl_load_text(c, path, text, &errors)) ek_reply_ok(c->reply);
    else ek_reply_error(c->reply, "ERR %s%s", errors, NO_CHANGE);
}

/* --- saving --- */

void ek_cmd_acl_save(ek_ctx *c) {
    const char *path = file_of(c);
    size_t n, bytes = 0;
    if (!path) return;
    const ek_str *names = ek_acl_names(c, &n);
    ek_str *lines = ek_scratch_alloc(c, n * sizeof *lines);
    for (size_t i = 0; i < n; i++) {
        lines[i] = ek_acl_line(c, names[i]);
        bytes += lines[i].n + 1;
    }
    uint8_t *text = ek_scratch_alloc(c, bytes), *p = text;
    for (size_t i = 0; i < n; i++) {
        memcpy(p, lines[i].p, lines[i].n);
        p += lines[i].n;
        *p++ = '\n';
    }
    if (ek_text_file_replace(path, (ek_str){text, bytes}, true)) ek_reply_ok(c->reply);
    else ek_reply_error(c->reply, "ERR There was an error trying to save the ACLs. Please check the "
                                  "server logs for more information");
}
