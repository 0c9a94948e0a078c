/* CLIENT LIST, INFO and KILL: the clients of the store, in whatever process they are.
 *
 * Everything is known of those of this process; of others what their records hold. */
#include "commands/client.h"
#include "commands/tables.h"
#include "engine/acl.h"
#include "engine/client_line.h"
#include "engine/mail.h"
#include "engine/monitor.h"
#include "store/channels.h"
#include "store/tracking.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_BYTES = 1024 };

typedef ek_client_subject subject;

static int by_id(const void *one, const void *other) {
    uint64_t x = ((const subject *)one)->id, y = ((const subject *)other)->id;
    return x < y ? -1 : x > y;
}

typedef struct gathering {
    ek_ctx *c;
    subject *found;
    size_t n, cap;
} gathering;

static void gather(void *arg, ek_client *client) {
    gathering *g = arg;
    if (client->flags & EK_CLIENT_KILLED || g->n == g->cap || !ek_client_lives(g->c->s, client))
        return;
    int64_t age = ek_now_ms(g->c) - client->created_ms;
    g->found[g->n++] = (subject){.client = client, .id = client->id, .age_s = age > 0 ? age / 1000 : 0};
}

/* All that live, in order of their ids. */
static size_t all_clients(ek_ctx *c, subject **out) {
    ek_session_client(c->session);
    gathering g = {.c = c, .cap = c->s->root->clients.count};
    g.found = ek_scratch_alloc(c, g.cap * sizeof *g.found);
    ek_client_each(c->s, gather, &g);
    qsort(g.found, g.n, sizeof *g.found, by_id);
    for (const ek_session *s = c->s->sessions; s; s = s->next) {
        const subject key = {.id = s->id};
        subject *at = bsearch(&key, g.found, g.n, sizeof key, by_id);
        if (at && at->client->token == c->s->token) at->session = s;
    }
    *out = g.found;
    return g.n;
}

/* A line of any length, in scratch memory. */
static ek_str text_of(ek_ctx *c, const subject *s) {
    char *text = ek_scratch_alloc(c, LINE_BYTES);
    size_t n = ek_client_line(c, s, text, LINE_BYTES);
    if (n >= LINE_BYTES) {
        text = ek_scratch_alloc(c, n + 1);
        ek_client_line(c, s, text, n + 1);
    }
    return (ek_str){(const uint8_t *)text, n};
}

void ek_cmd_client_info(ek_ctx *c) {
    subject self = ek_client_subject_of(c);
    ek_str line = text_of(c, &self);
    ek_reply_verbatim(c->reply, "txt", (const char *)line.p, line.n);
}

/* --- which --- */

typedef enum client_type { TYPE_NORMAL, TYPE_MASTER, TYPE_REPLICA, TYPE_PUBSUB, TYPES } client_type;

/* Has replied when false. */
static bool parse_type(ek_ctx *c, size_t i, client_type *out) {
    static const char *const names[TYPES] = {"normal", "master", "replica", "pubsub"};
    for (unsigned k = 0; k < TYPES; k++) {
        if (!ek_arg_is(c, i, names[k]) && !(k == TYPE_REPLICA && ek_arg_is(c, i, "slave"))) continue;
        *out = (client_type)k;
        return true;
    }
    ek_reply_error(c->reply, "ERR Unknown client type '%.*s'", (int)ek_min(c->argv[i].n, 128),
                   (const char *)c->argv[i].p);
    return false;
}

static client_type type_of(const subject *s) {
    if (s->client->flags & EK_CLIENT_IS_REPLICA) return TYPE_REPLICA;
    return s->client->subscriptions ? TYPE_PUBSUB : TYPE_NORMAL;
}

void ek_cmd_client_list(ek_ctx *c) {
    client_type type = TYPES;
    uint64_t *ids = NULL;
    size_t nids = 0;
    if (c->argc == 4 && ek_arg_is(c, 2, "type")) {
        if (!parse_type(c, 3, &type)) return;
    } else if (c->argc > 3 && ek_arg_is(c, 2, "id")) {
        ids = ek_scratch_alloc(c, (c->argc - 3) * sizeof *ids);
        for (size_t i = 3; i < c->argc; i++) {
            int64_t id;
            if (!ek_arg_range(c, i, INT64_MIN, INT64_MAX, &id, "Invalid client ID")) return;
            ids[nids++] = (uint64_t)id;
        }
    } else if (c->argc != 2) {
        ek_reply_syntax_error(c);
        return;
    }
    subject *all;
    size_t n = all_clients(c, &all), bytes = 0, kept = 0, asked = ids ? nids : n;
    ek_str *lines = ek_scratch_alloc(c, asked * sizeof *lines);
    for (size_t i = 0; i < asked; i++) { /* in the order in which they are asked for */
        const subject key = {.id = ids ? ids[i] : 0};
        const subject *s = ids ? bsearch(&key, all, n, sizeof key, by_id) : &all[i];
        if (!s || (type != TYPES && type_of(s) != type)) continue;
        lines[kept] = text_of(c, s);
        bytes += lines[kept++].n;
    }
    char *text = ek_scratch_alloc(c, bytes), *p = text;
    for (size_t i = 0; i < kept; i++) {
        memcpy(p, lines[i].p, lines[i].n);
        p += lines[i].n;
    }
    ek_reply_verbatim(c->reply, "txt", text, bytes);
}

/* --- killing --- */

typedef struct filter {
    bool by_id, by_type, by_user, skip_me;
    uint64_t id;
    client_type type;
    ek_str addr, laddr, user;
    int64_t max_age_s; /* 0: of any age */
} filter;

/* Has replied when false. */
static bool parse_filter(ek_ctx *c, size_t i, filter *f) {
    int64_t v;
    if (i + 1 >= c->argc) {
        ek_reply_syntax_error(c);
        return false;
    }
    if (ek_arg_is(c, i, "id")) {
        if (!ek_arg_range(c, i + 1, 1, INT64_MAX, &v, "client-id should be greater than 0"))
            return false;
        f->by_id = true;
        f->id = (uint64_t)v;
    } else if (ek_arg_is(c, i, "type")) {
        f->by_type = true;
        return parse_type(c, i + 1, &f->type);
    } else if (ek_arg_is(c, i, "addr")) {
        f->addr = c->argv[i + 1];
    } else if (ek_arg_is(c, i, "laddr")) {
        f->laddr = c->argv[i + 1];
    } else if (ek_arg_is(c, i, "maxage")) {
        if (!ek_arg_range(c, i + 1, INT64_MIN, INT64_MAX, &v,
                          "maxage is not an integer or out of range"))
            return false;
        if (v <= 0) {
            ek_reply_error(c->reply, "ERR maxage should be greater than 0");
            return false;
        }
        f->max_age_s = v; /* never 0, which would be everybody */
    } else if (ek_arg_is(c, i, "user")) {
        f->by_user = true;
        f->user = c->argv[i + 1];
        if (!ek_acl_knows(c->s, f->user)) {
            ek_reply_error(c->reply, "ERR No such user '%.*s'", (int)ek_min(c->argv[i + 1].n, 128),
                           (const char *)c->argv[i + 1].p);
            return false;
        }
    } else if (ek_arg_is(c, i, "skipme") &&
               (ek_arg_is(c, i + 1, "yes") || ek_arg_is(c, i + 1, "no"))) {
        f->skip_me = ek_arg_is(c, i + 1, "yes");
    } else {
        ek_reply_syntax_error(c);
        return false;
    }
    return true;
}

static bool has_address(ek_ctx *c, const subject *s, bool local_end, ek_str wanted) {
    if (!wanted.p) return true;
    char text[EK_ADDRESS_BYTES];
    if (!s->session)
        return ek_str_eq(ek_client_fact(c->s, local_end ? s->client->laddr : s->client->addr), wanted);
    size_t n = ek_session_address(s->session, local_end, false, text);
    return ek_str_eq((ek_str){(const uint8_t *)text, n}, wanted);
}

static bool fits(ek_ctx *c, const subject *s, const filter *f) {
    if (f->by_id && s->id != f->id) return false;
    if (f->by_type && type_of(s) != f->type) return false;
    if (s->age_s < f->max_age_s) return false;
    if (f->skip_me && s->session == c->session) return false;
    if (f->by_user && !ek_acl_is_of(c->s, s->client, f->user)) return false;
    return has_address(c, s, false, f->addr) && has_address(c, s, true, f->laddr);
}

/* Its own connection gets the reply first. */
static void kill_one(ek_ctx *c, const subject *s) {
    if (s->session == c->session && c->session->connection)
        c->session->connection->close_after_reply = true;
    else
        ek_client_kill(c->s, s->client, 0);
}

void ek_cmd_client_kill(ek_ctx *c) {
    filter f = {.skip_me = true};
    bool old_form = c->argc == 3;
    if (old_form) {
        f.addr = c->argv[2];
        f.skip_me = false;
    }
    for (size_t i = 2; !old_form && i < c->argc; i += 2)
        if (!parse_filter(c, i, &f)) return;
    subject *all;
    size_t n = all_clients(c, &all);
    int64_t killed = 0;
    for (size_t i = 0; i < n; i++) {
        if (!fits(c, &all[i], &f)) continue;
        kill_one(c, &all[i]);
        killed++;
    }
    if (!old_form) ek_reply_int(c->reply, killed);
    else if (killed) ek_reply_ok(c->reply);
    else ek_reply_error(c->reply, "ERR No such client");
}
