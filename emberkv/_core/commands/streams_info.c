/* XINFO: what streams, groups and consumers are like. */
#include "commands/streams.h"
#include "store/value_stream_producers.h"

#define FULL_COUNT 10 /* entries of each list, when COUNT does not say */

static void name(ek_ctx *c, const char *s) { ek_reply_cstr(c->reply, s); }

static void pair_int(ek_ctx *c, const char *s, int64_t v) {
    name(c, s);
    ek_reply_int(c->reply, v);
}

/* How far the group has come. */
static void reply_progress(ek_ctx *c, const ek_stream *st, const ek_group *g) {
    int64_t lag;
    name(c, "entries-read");
    if (g->read == EK_STREAM_UNKNOWN) ek_reply_null(c->reply);
    else ek_reply_int(c->reply, g->read);
    name(c, "lag");
    if (ek_stream_lag(st, g, &lag)) ek_reply_int(c->reply, lag);
    else ek_reply_null(c->reply);
}

static void pair_id(ek_ctx *c, const char *s, ek_id id) {
    name(c, s);
    ek_stream_reply_id(c, id);
}

static void pair_str(ek_ctx *c, const char *s, ek_str v) {
    name(c, s);
    ek_reply_str(c->reply, v);
}

/* The stream of argument 2. False: has replied. */
static bool find_stream(ek_ctx *c, ek_stream_key *k) {
    ek_found found = ek_stream_lookup(c, c->argv[2], k);
    if (found == EK_ABSENT) ek_reply_error(c->reply, "ERR no such key");
    return found == EK_FOUND;
}

/* --- XINFO STREAM --- */

static void reply_facts(ek_ctx *c, const ek_stream *st) {
    pair_int(c, "length", (int64_t)st->length);
    pair_int(c, "radix-tree-keys", st->nodes.count);
    pair_int(c, "radix-tree-nodes", (int64_t)ek_stream_radix_nodes(c->a, st));
    pair_id(c, "last-generated-id", st->last);
    pair_id(c, "max-deleted-entry-id", st->max_deleted);
    pair_int(c, "entries-added", (int64_t)st->added);
    pair_id(c, "recorded-first-entry-id", st->first);
    const ek_sent *sent = ek_stream_sent(c->a, st);
    if (!sent) return;
    pair_int(c, "idmp-duration", sent->seconds);
    pair_int(c, "idmp-maxsize", sent->most);
    pair_int(c, "pids-tracked", sent->producers.count);
    pair_int(c, "iids-tracked", (int64_t)sent->messages);
    pair_int(c, "iids-added", (int64_t)sent->added);
    pair_int(c, "iids-duplicates", (int64_t)sent->duplicates);
}

/* How many pairs that are. */
static size_t facts_of(const ek_stream *st) { return st->sent ? 13 : 7; }

static void pair_entry(ek_ctx *c, const char *s, const ek_stream *st, bool last) {
    ek_stream_iter it;
    name(c, s);
    ek_stream_iter_begin(&it, c->a, st, EK_ID_MIN, EK_ID_MAX, last);
    if (ek_stream_iter_next(&it)) ek_stream_reply_entry(c, &it, 0);
    else ek_reply_null(c->reply);
}

static bool is_within(size_t n, int64_t count) { return count == 0 || n < (size_t)count; }

static void reply_pending(ek_ctx *c, const ek_idtree *pending, int64_t count, bool with_consumer) {
    name(c, "pending");
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    ek_idtree_place p = ek_idtree_first(c->a, pending);
    for (; p.leaf && is_within(n, count); p = ek_idtree_next(c->a, p), n++) {
        const ek_pending *one = ek_pending_at(c->a, p);
        const ek_consumer *owner = ek_pending_consumer(c->a, one);
        ek_reply_array(c->reply, with_consumer ? 4 : 3);
        ek_stream_reply_id(c, ek_idtree_id(c->a, p));
        if (with_consumer)
            ek_reply_str(c->reply, owner ? ek_consumer_name(owner) : (ek_str){NULL, 0});
        ek_reply_int(c->reply, one->delivered_ms);
        ek_reply_int(c->reply, (int64_t)one->deliveries);
    }
    ek_reply_close(c->reply, at, n);
}

static void reply_consumer(ek_ctx *c, const ek_consumer *consumer, int64_t count) {
    ek_reply_map(c->reply, 5);
    pair_str(c, "name", ek_consumer_name(consumer));
    pair_int(c, "seen-time", consumer->seen_ms);
    pair_int(c, "active-time", consumer->active_ms);
    pair_int(c, "pel-count", consumer->pending.count);
    reply_pending(c, &consumer->pending, count, false);
}

static void reply_group(ek_ctx *c, const ek_stream *st, const ek_group *g, int64_t count) {
    ek_reply_map(c->reply, 7);
    pair_str(c, "name", ek_group_name(g));
    pair_id(c, "last-delivered-id", g->last);
    reply_progress(c, st, g);
    pair_int(c, "pel-count", g->pending.count);
    reply_pending(c, &g->pending, count, true);
    name(c, "consumers");
    ek_reply_array(c->reply, g->consumers.count);
    ek_btree_place p = ek_btree_at(c->a, &g->consumers, 0);
    for (; p.leaf; p = ek_btree_next(c->a, p))
        reply_consumer(c, ek_ptr(c->a, ek_btree_item(c->a, p)), count);
}

static void reply_full(ek_ctx *c, const ek_stream *st, int64_t count) {
    ek_reply_map(c->reply, facts_of(st) + 2);
    reply_facts(c, st);
    name(c, "entries");
    ek_stream_reply_range(c, st, EK_ID_MIN, EK_ID_MAX, count, false);
    name(c, "groups");
    ek_reply_array(c->reply, st->groups.count);
    ek_btree_place p = ek_btree_at(c->a, &st->groups, 0);
    for (; p.leaf; p = ek_btree_next(c->a, p))
        reply_group(c, st, ek_ptr(c->a, ek_btree_item(c->a, p)), count);
}

void ek_cmd_xinfo_stream(ek_ctx *c) {
    bool full = c->argc >= 4 && ek_arg_is(c, 3, "full");
    int64_t count = FULL_COUNT;
    ek_stream_key k;
    if (!find_stream(c, &k)) return;
    if (!(c->argc == 3 || (full && (c->argc == 4 || (c->argc == 6 && ek_arg_is(c, 4, "count")))))) {
        ek_reply_error(c->reply,
                       "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                       "Try XINFO HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    if (c->argc == 6) {
        if (!ek_arg_i64(c, 5, &count)) return;
        if (count < 0) count = FULL_COUNT;
    }
    if (full) {
        reply_full(c, k.st, count);
        return;
    }
    ek_reply_map(c->reply, facts_of(k.st) + 3);
    reply_facts(c, k.st);
    pair_int(c, "groups", k.st->groups.count);
    pair_entry(c, "first-entry", k.st, false);
    pair_entry(c, "last-entry", k.st, true);
}

/* --- XINFO GROUPS, XINFO CONSUMERS --- */

void ek_cmd_xinfo_groups(ek_ctx *c) {
    ek_stream_key k;
    if (!find_stream(c, &k)) return;
    ek_reply_array(c->reply, k.st->groups.count);
    ek_btree_place p = ek_btree_at(c->a, &k.st->groups, 0);
    for (; p.leaf; p = ek_btree_next(c->a, p)) {
        const ek_group *g = ek_ptr(c->a, ek_btree_item(c->a, p));
        ek_reply_map(c->reply, 6);
        pair_str(c, "name", ek_group_name(g));
        pair_int(c, "consumers", g->consumers.count);
        pair_int(c, "pending", g->pending.count);
        pair_id(c, "last-delivered-id", g->last);
        reply_progress(c, k.st, g);
    }
}

static int64_t since(ek_ctx *c, int64_t then) {
    int64_t ms = ek_stamp_ms(c) - then;
    return ms < 0 ? 0 : ms;
}

void ek_cmd_xinfo_consumers(ek_ctx *c) {
    ek_stream_key k;
    if (!find_stream(c, &k)) return;
    const ek_group *g = ek_stream_group(c->a, k.st, c->argv[3]);
    if (!g) {
        ek_str key = c->argv[2], group = c->argv[3];
        ek_reply_error(c->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                       (int)ek_min(group.n, 200), (const char *)group.p, (int)ek_min(key.n, 200),
                       (const char *)key.p);
        return;
    }
    ek_reply_array(c->reply, g->consumers.count);
    ek_btree_place p = ek_btree_at(c->a, &g->consumers, 0);
    for (; p.leaf; p = ek_btree_next(c->a, p)) {
        const ek_consumer *consumer = ek_ptr(c->a, ek_btree_item(c->a, p));
        ek_reply_map(c->reply, 4);
        pair_str(c, "name", ek_consumer_name(consumer));
        pair_int(c, "pending", consumer->pending.count);
        pair_int(c, "idle", since(c, consumer->seen_ms));
        pair_int(c, "inactive",
                 consumer->active_ms == EK_STREAM_UNKNOWN ? -1 : since(c, consumer->active_ms));
    }
}
