/* XGROUP, and what consumers do with what is pending: acknowledge, look at, claim. */
#include "commands/streams.h"

#include "engine/effect.h"
#include "store/waiting.h"

/* --- XGROUP --- */

static void reply_bad_subcommand(ek_ctx *c) {
    ek_reply_error(c->reply,
                   "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                   "Try XGROUP HELP.",
                   (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
}

/* The options of CREATE and SETID from argument 5 on. */
static bool arg_group_options(ek_ctx *c, bool *make, int64_t *read) {
    *read = EK_STREAM_UNKNOWN;
    for (size_t i = 5; i < c->argc; i++) {
        if (make && ek_arg_is(c, i, "mkstream")) {
            *make = true;
        } else if (i + 1 < c->argc && ek_arg_is(c, i, "entriesread")) {
            if (!ek_arg_i64(c, ++i, read)) return false;
            if (*read < 0 && *read != EK_STREAM_UNKNOWN) {
                ek_reply_error(c->reply, "ERR value for ENTRIESREAD must be positive or -1");
                return false;
            }
        } else {
            reply_bad_subcommand(c);
            return false;
        }
    }
    return true;
}

/* Where a group begins: an id, or "$" for behind all that is there. */
static bool arg_group_id(ek_ctx *c, const ek_stream *st, ek_id *id) {
    ek_str s = c->argv[4];
    if (!(s.n == 1 && s.p[0] == '$')) return ek_stream_arg_id(c, 4, 0, id);
    *id = st ? st->last : EK_ID_MIN;
    return true;
}

/* The stream of argument 2, with `make` not 0 it may be absent. False: has replied. */
static bool find_stream(ek_ctx *c, bool make, ek_stream_key *k) {
    ek_found found = ek_stream_lookup(c, c->argv[2], k);
    if (found == EK_ABSENT && !make)
        ek_reply_error(c->reply,
                       "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE "
                       "you may want to use the MKSTREAM option to create an empty stream "
                       "automatically.");
    return found == EK_FOUND || (found == EK_ABSENT && make);
}

/* With the group of argument 3. */
static bool find_group(ek_ctx *c, ek_stream_key *k) {
    if (!find_stream(c, false, k)) return false;
    ek_str key = c->argv[2], group = c->argv[3];
    k->group = ek_stream_group(c->a, k->st, group);
    if (k->group) return true;
    ek_reply_error(c->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                   (int)ek_min(group.n, 200), (const char *)group.p, (int)ek_min(key.n, 200),
                   (const char *)key.p);
    return false;
}

void ek_cmd_xgroup_create(ek_ctx *c) {
    bool make = false;
    int64_t read;
    ek_stream_key k;
    ek_id id;
    if (!arg_group_options(c, &make, &read) || !find_stream(c, make, &k) ||
        !arg_group_id(c, k.st, &id))
        return;
    if (k.st && ek_stream_group(c->a, k.st, c->argv[3])) {
        ek_reply_error(c->reply, "BUSYGROUP Consumer Group name already exists");
        return;
    }
    bool made = !k.st;
    if (made) {
        ek_stream_create(c->s, c->db, &k.v, c->argv[2]);
        k.st = ek_stream_of(&k.v);
    }
    ek_stream_add_group(c->a, k.st, c->argv[3], id, read);
    if (made) ek_key_changed(c, c->argv[2], EK_EVENT_STREAM, "xgroup-create");
    else ek_stream_noted(c, c->argv[2], "xgroup-create");
    ek_reply_ok(c->reply);
}

void ek_cmd_xgroup_setid(ek_ctx *c) {
    int64_t read;
    ek_stream_key k;
    ek_id id;
    if (!arg_group_options(c, NULL, &read) || !find_group(c, &k) || !arg_group_id(c, k.st, &id))
        return;
    EK_SET(c->a, k.group->last, id);
    EK_SET(c->a, k.group->read, read);
    ek_stream_noted(c, c->argv[2], "xgroup-setid");
    ek_reply_ok(c->reply);
}

void ek_cmd_xgroup_destroy(ek_ctx *c) {
    ek_stream_key k;
    if (!find_stream(c, false, &k)) return;
    ek_group *g = ek_stream_group(c->a, k.st, c->argv[3]);
    if (g) {
        ek_stream_remove_group(c->s, k.st, g);
        ek_stream_noted(c, c->argv[2], "xgroup-destroy");
        ek_wait_ready(c->s, c->dbi, c->argv[2]); /* who waits for it waits in vain */
    }
    ek_reply_int(c->reply, g != NULL);
}

void ek_cmd_xgroup_createconsumer(ek_ctx *c) {
    ek_stream_key k;
    if (!find_group(c, &k)) return;
    bool there = ek_group_consumer(c->a, k.group, c->argv[4]) != NULL;
    if (!there) ek_stream_consumer(c, c->argv[2], k.group, c->argv[4]);
    ek_reply_int(c->reply, !there);
}

void ek_cmd_xgroup_delconsumer(ek_ctx *c) {
    ek_stream_key k;
    if (!find_group(c, &k)) return;
    ek_consumer *consumer = ek_group_consumer(c->a, k.group, c->argv[4]);
    ek_reply_int(c->reply, consumer ? consumer->pending.count : 0);
    if (!consumer) return;
    ek_group_remove_consumer(c->a, k.group, consumer);
    ek_stream_noted(c, c->argv[2], "xgroup-delconsumer");
}

/* --- XACK --- */

void ek_cmd_xack(ek_ctx *c) {
    ek_stream_key k;
    ek_found found = ek_stream_lookup_group(c, c->argv[1], c->argv[2], &k);
    if (found == EK_WRONG_TYPE) return;
    int64_t n = 0;
    if (found == EK_FOUND) {
        size_t nids = c->argc - 3;
        const ek_id *ids = ek_stream_arg_ids(c, 3, nids);
        if (!ids) return;
        for (size_t i = 0; i < nids; i++) n += ek_group_acknowledge(c->a, k.group, ids[i]);
        if (n) ek_stream_noted(c, c->argv[1], NULL);
        ek_changed_elements(c, n);
    }
    ek_reply_int(c->reply, n);
}

/* --- XPENDING --- */

/* -1: it was given back to the group. */
static int64_t idle_ms(ek_ctx *c, const ek_pending *p) {
    if (!p->consumer) return -1;
    int64_t idle = ek_stamp_ms(c) - p->delivered_ms;
    return idle < 0 ? 0 : idle;
}

static void reply_owner(ek_ctx *c, const ek_pending *p) {
    const ek_consumer *owner = ek_pending_consumer(c->a, p);
    ek_reply_str(c->reply, owner ? ek_consumer_name(owner) : (ek_str){NULL, 0});
}

static void reply_summary(ek_ctx *c, const ek_group *g) {
    ek_reply_array(c->reply, 4);
    ek_reply_int(c->reply, g->pending.count);
    if (g->pending.count == 0) {
        ek_reply_null(c->reply);
        ek_reply_null(c->reply);
        ek_reply_null_array(c->reply);
        return;
    }
    ek_stream_reply_id(c, ek_idtree_id(c->a, ek_idtree_first(c->a, &g->pending)));
    ek_stream_reply_id(c, ek_idtree_id(c->a, ek_idtree_last(c->a, &g->pending)));
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    ek_btree_place p = ek_btree_at(c->a, &g->consumers, 0);
    for (; p.leaf; p = ek_btree_next(c->a, p)) {
        const ek_consumer *consumer = ek_ptr(c->a, ek_btree_item(c->a, p));
        if (consumer->pending.count == 0) continue;
        ek_reply_array(c->reply, 2);
        ek_reply_str(c->reply, ek_consumer_name(consumer));
        ek_reply_bulk_int(c->reply, consumer->pending.count);
        n++;
    }
    ek_reply_close(c->reply, at, n);
}

typedef struct filter {
    ek_id from, to;
    int64_t count, min_idle_ms;
    bool has_consumer;
    ek_str consumer;
} filter;

static bool parse_filter(ek_ctx *c, filter *f) {
    size_t at = 3;
    bool idle = ek_arg_is(c, 3, "idle");
    if (idle) {
        if (!ek_arg_i64(c, 4, &f->min_idle_ms)) return false;
        if (c->argc < 8) {
            ek_reply_syntax_error(c);
            return false;
        }
        at = 5;
    }
    if (!ek_arg_i64(c, at + 2, &f->count)) return false;
    if (f->count < 0) f->count = 0;
    if (!ek_stream_arg_start(c, at, &f->from) || !ek_stream_arg_end(c, at + 1, &f->to))
        return false;
    f->has_consumer = at + 3 < c->argc;
    if (f->has_consumer) f->consumer = c->argv[at + 3];
    return true;
}

static void reply_filtered(ek_ctx *c, const ek_group *g, const filter *f) {
    const ek_idtree *pending = &g->pending;
    if (f->has_consumer) {
        const ek_consumer *consumer = ek_group_consumer(c->a, g, f->consumer);
        if (!consumer) {
            ek_reply_array(c->reply, 0);
            return;
        }
        pending = &consumer->pending;
    }
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    ek_idtree_place place = ek_idtree_at_least(c->a, pending, f->from);
    for (; place.leaf && n < (size_t)f->count; place = ek_idtree_next(c->a, place)) {
        ek_id id = ek_idtree_id(c->a, place);
        if (ek_id_before(f->to, id)) break;
        const ek_pending *p = ek_pending_at(c->a, place);
        if (p->consumer && ek_stamp_ms(c) - p->delivered_ms < f->min_idle_ms) continue;
        ek_reply_array(c->reply, 4);
        ek_stream_reply_id(c, id);
        reply_owner(c, p);
        ek_reply_int(c->reply, idle_ms(c, p));
        ek_reply_int(c->reply, (int64_t)p->deliveries);
        n++;
    }
    ek_reply_close(c->reply, at, n);
}

void ek_cmd_xpending(ek_ctx *c) {
    filter f = {0};
    bool all = c->argc == 3;
    if (!all && (c->argc < 6 || c->argc > 9)) {
        ek_reply_syntax_error(c);
        return;
    }
    if (!all && !parse_filter(c, &f)) return;
    ek_stream_key k;
    ek_found found = ek_stream_lookup_group(c, c->argv[1], c->argv[2], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) ek_stream_reply_no_group(c, c->argv[1], c->argv[2]);
    else if (all) reply_summary(c, k.group);
    else reply_filtered(c, k.group, &f);
}

/* --- XCLAIM and XAUTOCLAIM --- */

#define AUTOCLAIM_COUNT 100
#define AUTOCLAIM_COUNT_MAX (INT64_MAX / 16)
#define ATTEMPTS_EACH 10 /* are looked at, for each that is wanted */

typedef struct claim {
    ek_str key, name;
    ek_stream *st;
    ek_group *group;
    ek_consumer *consumer; /* NULL until there is something for it */
    int64_t min_idle_ms, delivered_ms, retries;
    bool force, just_id;
} claim;

static bool arg_min_idle(ek_ctx *c, size_t i, claim *q, const char *command) {
    if (!ek_parse_i64(c->argv[i].p, c->argv[i].n, &q->min_idle_ms)) {
        ek_reply_error(c->reply, "ERR Invalid min-idle-time argument for %s", command);
        return false;
    }
    if (q->min_idle_ms < 0) q->min_idle_ms = 0;
    return true;
}

static bool is_idle(ek_ctx *c, const claim *q, const ek_pending *p) {
    return !p->consumer || ek_stamp_ms(c) - p->delivered_ms >= q->min_idle_ms;
}

/* The entry changes hands, and is replied. */
static void take_over(ek_ctx *c, claim *q, ek_pending *p, ek_id id) {
    if (!q->consumer) q->consumer = ek_stream_consumer(c, q->key, q->group, q->name);
    ek_touch(c->a, &q->consumer->seen_ms, 2 * sizeof q->consumer->seen_ms);
    q->consumer->seen_ms = q->consumer->active_ms = ek_stamp_ms(c);
    ek_pending_give(c->a, p, id, q->consumer);
    uint64_t deliveries = p->deliveries + (!q->just_id && p->deliveries < INT64_MAX);
    if (q->retries >= 0) deliveries = (uint64_t)q->retries;
    ek_pending_set(c->a, p, q->delivered_ms, deliveries);
    ek_stream_pending_effect(c, q->key, q->group, q->name, id);
    if (q->just_id) {
        ek_stream_reply_id(c, id);
        return;
    }
    ek_stream_iter it;
    ek_stream_iter_begin(&it, c->a, q->st, id, id, false);
    if (ek_stream_iter_next(&it)) ek_stream_reply_entry(c, &it, 0);
}

/* One of the options of XCLAIM that begins at *i. */
static bool arg_claim_option(ek_ctx *c, size_t *i, claim *q, ek_id *last) {
    const char *name = NULL;
    int64_t *number = NULL;
    bool more = *i + 1 < c->argc;
    if (ek_arg_is(c, *i, "force")) q->force = true;
    else if (ek_arg_is(c, *i, "justid")) q->just_id = true;
    else if (more && ek_arg_is(c, *i, "idle")) name = "IDLE", number = &q->delivered_ms;
    else if (more && ek_arg_is(c, *i, "time")) name = "TIME", number = &q->delivered_ms;
    else if (more && ek_arg_is(c, *i, "retrycount")) name = "RETRYCOUNT", number = &q->retries;
    else if (more && ek_arg_is(c, *i, "lastid")) return ek_stream_arg_id(c, ++*i, 0, last);
    else {
        ek_reply_error(c->reply, "ERR Unrecognized XCLAIM option '%.*s'",
                       (int)ek_min(c->argv[*i].n, 128), (const char *)c->argv[*i].p);
        return false;
    }
    if (!number) return true;
    ++*i;
    if (!ek_parse_i64(c->argv[*i].p, c->argv[*i].n, number)) {
        ek_reply_error(c->reply, "ERR Invalid %s option argument for XCLAIM", name);
        return false;
    }
    if (name[0] == 'I') *number = (int64_t)((uint64_t)ek_stamp_ms(c) - (uint64_t)*number);
    return true;
}

/* Pending was an entry that is not there any more. */
static void forgotten_effect(ek_ctx *c, const claim *q, ek_id id) {
    if (!ek_effects_kept(c)) return;
    ek_effect(c, EK_ARGV(EK_WORD("XACK"), q->key, ek_group_name(q->group), ek_stream_effect_id(c, id)));
}

static bool claim_one(ek_ctx *c, claim *q, ek_id id) {
    ek_pending *p = ek_group_pending(c->a, q->group, id);
    if (!p && !q->force) return false;
    if (!ek_stream_has(c->a, q->st, id)) {
        if (p) {
            ek_group_acknowledge(c->a, q->group, id);
            ek_stream_noted(c, q->key, NULL);
            forgotten_effect(c, q, id);
        }
        return false;
    }
    if (!p) p = ek_group_add_pending(c->a, q->group, NULL, id, q->delivered_ms, 1);
    if (!is_idle(c, q, p)) return false;
    take_over(c, q, p, id);
    return true;
}

void ek_cmd_xclaim(ek_ctx *c) {
    ek_stream_key k;
    ek_found found = ek_stream_lookup_group(c, c->argv[1], c->argv[2], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_stream_reply_no_group(c, c->argv[1], c->argv[2]);
        return;
    }
    claim q = {.key = c->argv[1], .name = c->argv[3], .st = k.st, .group = k.group,
               .delivered_ms = -1, .retries = -1};
    if (!arg_min_idle(c, 4, &q, "XCLAIM")) return;
    size_t end = 5;
    ek_id id, last = EK_ID_MIN;
    while (end < c->argc && ek_stream_parse_id(c->argv[end], 0, &id)) end++;
    for (size_t i = end; i < c->argc; i++)
        if (!arg_claim_option(c, &i, &q, &last)) return;
    if (ek_id_before(k.group->last, last)) {
        EK_SET(c->a, k.group->last, last);
        ek_stream_noted(c, q.key, NULL);
        ek_stream_group_effect(c, q.key, k.group);
    }
    if (q.delivered_ms < 0 || q.delivered_ms > ek_stamp_ms(c)) q.delivered_ms = ek_stamp_ms(c);
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    for (size_t i = 5; i < end; i++) {
        ek_stream_parse_id(c->argv[i], 0, &id);
        n += claim_one(c, &q, id);
    }
    ek_reply_close(c->reply, at, n);
    if (n) ek_stream_noted(c, q.key, NULL);
    ek_changed_elements(c, (int64_t)n);
}

#define AUTOCLAIM_COUNT 100
#define ATTEMPTS_EACH 10

/* What is pending from an id on that is to be claimed, or turned out to be deleted. */
typedef struct harvest {
    ek_id *ids; /* in scratch memory */
    bool *gone;
    size_t n, ngone;
    ek_id next; /* where to go on; 0-0: all was looked at */
} harvest;

static void gather(ek_ctx *c, const claim *q, ek_id from, int64_t count, harvest *h) {
    size_t room = ek_min((size_t)count, q->group->pending.count);
    int64_t attempts = count * ATTEMPTS_EACH;
    *h = (harvest){.ids = ek_scratch_alloc(c, room * sizeof *h->ids + 1),
                   .gone = ek_scratch_alloc(c, room + 1)};
    ek_idtree_place place = ek_idtree_at_least(c->a, &q->group->pending, from);
    for (; place.leaf && attempts > 0 && h->n < (size_t)count; attempts--) {
        ek_id id = ek_idtree_id(c->a, place);
        bool gone = !ek_stream_has(c->a, q->st, id);
        if (gone || is_idle(c, q, ek_pending_at(c->a, place))) {
            h->ids[h->n] = id;
            h->gone[h->n++] = gone;
            h->ngone += gone;
        }
        place = ek_idtree_next(c->a, place);
    }
    if (place.leaf) h->next = ek_idtree_id(c->a, place);
}

void ek_cmd_xautoclaim(ek_ctx *c) {
    claim q = {.key = c->argv[1], .name = c->argv[3], .retries = -1};
    ek_id from;
    int64_t count = AUTOCLAIM_COUNT;
    if (!arg_min_idle(c, 4, &q, "XAUTOCLAIM") || !ek_stream_arg_start(c, 5, &from)) return;
    for (size_t i = 6; i < c->argc; i++) {
        if (i + 1 < c->argc && ek_arg_is(c, i, "count")) {
            if (!ek_arg_range(c, ++i, 1, AUTOCLAIM_COUNT_MAX, &count, "COUNT must be > 0")) return;
        } else if (ek_arg_is(c, i, "justid")) {
            q.just_id = true;
        } else {
            ek_reply_syntax_error(c);
            return;
        }
    }
    ek_stream_key k;
    ek_found found = ek_stream_lookup_group(c, q.key, c->argv[2], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_stream_reply_no_group(c, q.key, c->argv[2]);
        return;
    }
    q.st = k.st;
    q.group = k.group;
    q.delivered_ms = ek_stamp_ms(c);
    harvest h;
    gather(c, &q, from, count, &h);
    ek_reply_array(c->reply, 3);
    ek_stream_reply_id(c, h.next);
    ek_reply_array(c->reply, h.n - h.ngone);
    for (size_t i = 0; i < h.n; i++)
        if (!h.gone[i])
            take_over(c, &q, ek_group_pending(c->a, k.group, h.ids[i]), h.ids[i]);
    ek_reply_array(c->reply, h.ngone);
    for (size_t i = 0; i < h.n; i++) {
        if (!h.gone[i]) continue;
        ek_group_acknowledge(c->a, k.group, h.ids[i]);
        forgotten_effect(c, &q, h.ids[i]);
        ek_stream_reply_id(c, h.ids[i]);
    }
    if (h.n) ek_stream_noted(c, q.key, NULL);
    ek_changed_elements(c, (int64_t)h.n);
}
