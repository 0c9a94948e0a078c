/* XREAD and XREADGROUP: entries behind given ids, of several streams at once.
 *
 * When a stream that one of them waits for has changed, it is run again for that stream alone. */
#include "commands/streams.h"

#include "engine/effect.h"
#include "engine/mail.h"

#include <stdlib.h>

#define BLOCK_MS_MAX (INT64_MAX / 4)
#define LOOK_MS_MIN 10 /* between two looks for what has become idle */

/* What has been pending for long enough to be claimed. */
typedef struct idle_entry {
    ek_id id;
    int64_t delivered_ms;
} idle_entry;

/* One of the streams that are read. */
typedef struct source {
    ek_str key;
    ek_stream *st; /* NULL: there is none */
    ek_group *group;
    ek_id after;
    bool skipped; /* while it waits, other streams changed */
    bool fresh; /* ">": what the group was not given yet */
    idle_entry *idle; /* with CLAIM: the longest idle first */
    size_t nidle;
} source;

typedef struct request {
    bool with_group, no_ack;
    int64_t block_ms; /* -1: do not wait */
    int64_t count;    /* of each stream; 0: all */
    int64_t max_count, max_bytes; /* of the whole reply; 0: all */
    int64_t claim_ms; /* -1: claim nothing */
    int64_t look_ms;  /* when there may be something to claim */
    size_t begin;     /* of the reply */
    int64_t given;    /* entries so far */
    ek_str group, consumer;
    size_t keys_at, n;
} request;

static bool arg_block(ek_ctx *c, size_t i, int64_t *ms) {
    ek_str s = c->argv[i];
    if (c->session->in_script)
        ek_reply_error(c->reply, "ERR %s command is not allowed with BLOCK option from scripts",
                       c->cmd->name);
    else if (!ek_parse_i64(s.p, s.n, ms))
        ek_reply_error(c->reply, "ERR timeout is not an integer or out of range");
    else if (*ms < 0)
        ek_reply_error(c->reply, "ERR timeout is negative");
    else {
        if (*ms > BLOCK_MS_MAX) *ms = BLOCK_MS_MAX;
        return true;
    }
    return false;
}

static bool only_for_groups(ek_ctx *c, const request *q, const char *option) {
    if (q->with_group) return true;
    ek_reply_error(c->reply,
                   "ERR The %s option is only supported by XREADGROUP. You called XREAD instead.",
                   option);
    return false;
}

static bool parse_request(ek_ctx *c, request *q) {
    for (size_t i = 1; i < c->argc && !q->keys_at; i++) {
        size_t more = c->argc - i - 1;
        if (more && ek_arg_is(c, i, "block")) {
            if (!arg_block(c, ++i, &q->block_ms)) return false;
        } else if (more && ek_arg_is(c, i, "count")) {
            if (!ek_arg_i64(c, ++i, &q->count)) return false;
            if (q->count < 0) q->count = 0;
        } else if (more && ek_arg_is(c, i, "streams")) {
            q->keys_at = i + 1;
            q->n = more / 2;
            if (more % 2) {
                ek_reply_error(c->reply, "ERR Unbalanced XREAD list of streams: for each stream "
                                         "key an ID or '$' must be specified.");
                return false;
            }
        } else if (more >= 2 && ek_arg_is(c, i, "group")) {
            if (!only_for_groups(c, q, "GROUP")) return false;
            q->group = c->argv[++i];
            q->consumer = c->argv[++i];
        } else if (more && ek_arg_is(c, i, "maxcount")) {
            if (!ek_arg_range(c, ++i, 1, INT64_MAX, &q->max_count, "MAXCOUNT must be > 0"))
                return false;
        } else if (more && ek_arg_is(c, i, "maxsize")) {
            if (!ek_arg_range(c, ++i, 1, INT64_MAX, &q->max_bytes, "MAXSIZE must be > 0"))
                return false;
        } else if (more && ek_arg_is(c, i, "claim")) {
            if (!only_for_groups(c, q, "CLAIM")) return false;
            if (!ek_arg_range(c, ++i, 0, INT64_MAX, &q->claim_ms,
                              "min-idle-time must be a non-negative integer"))
                return false;
        } else if (ek_arg_is(c, i, "noack")) {
            if (!only_for_groups(c, q, "NOACK")) return false;
            q->no_ack = true;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    if (!q->keys_at) ek_reply_syntax_error(c);
    else if (q->with_group && !q->group.p)
        ek_reply_error(c->reply, "ERR Missing GROUP option for XREADGROUP");
    else if (q->max_count && q->max_count < q->count)
        ek_reply_error(c->reply, "ERR MAXCOUNT must be greater than or equal to COUNT");
    else return true;
    return false;
}

/* Where reading begins: an id, "$" and "+" of the stream, ">" of the group. */
static bool find_start(ek_ctx *c, const request *q, size_t i, source *s) {
    ek_str id = c->argv[i];
    uint8_t sign = id.n == 1 ? id.p[0] : 0;
    if (sign == '$' && q->with_group) {
        ek_reply_error(c->reply,
                       "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read "
                       "the history of this consumer by specifying a proper ID, or use the > ID to "
                       "get new messages. The $ ID would just return an empty result set.");
        return false;
    }
    if (sign == '>' && !q->with_group) {
        ek_reply_error(c->reply, "ERR The > ID can be specified only when calling XREADGROUP "
                                 "using the GROUP <group> <consumer> option.");
        return false;
    }
    s->fresh = sign == '>';
    if (s->fresh) {
        s->after = s->group->last;
    } else if (sign == '$') {
        s->after = s->st ? s->st->last : EK_ID_MIN;
    } else if (sign == '+' && !q->with_group) {
        s->after = s->st ? ek_stream_last_there(c->a, s->st) : EK_ID_MIN;
        if (s->st && s->st->length) ek_id_prev(&s->after);
        else if (s->st) s->after = s->st->last;
    } else {
        return ek_stream_arg_id(c, i, 0, &s->after);
    }
    return true;
}

static void reply_no_group(ek_ctx *c, const request *q, const source *s) {
    if (c->serving && !s->st)
        ek_reply_error(c->reply, "UNBLOCKED the stream key no longer exists");
    else if (c->serving)
        ek_reply_error(c->reply,
                       "NOGROUP the consumer group this client was blocked on no longer exists");
    else
        ek_reply_error(c->reply,
                       "NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP "
                       "with GROUP option",
                       (int)ek_min(s->key.n, 200), (const char *)s->key.p,
                       (int)ek_min(q->group.n, 200), (const char *)q->group.p);
}

/* Find the stream; to who waits, a value of another type is none. False: has replied. */
static bool find_stream(ek_ctx *c, source *s) {
    ek_stream_key k;
    if (c->serving) {
        bool there = ek_lookup(c, s->key, &k.v) && k.v.type == EK_STREAM;
        s->st = there ? ek_stream_of(&k.v) : NULL;
        return true;
    }
    if (ek_stream_lookup(c, s->key, &k) == EK_WRONG_TYPE) return false;
    s->st = k.st;
    return true;
}

static bool find_source(ek_ctx *c, const request *q, size_t i, source *s) {
    *s = (source){.key = c->argv[q->keys_at + i]};
    s->skipped = c->serving && !ek_str_eq(s->key, c->ready_key);
    if (s->skipped) return true;
    if (!find_stream(c, s)) return false;
    if (q->with_group) {
        s->group = s->st ? ek_stream_group(c->a, s->st, q->group) : NULL;
        if (!s->group) {
            reply_no_group(c, q, s);
            return false;
        }
    }
    return find_start(c, q, q->keys_at + q->n + i, s);
}

/* May one more entry go into the reply, that has n of this stream? */
static bool has_room(ek_ctx *c, const request *q, size_t n) {
    if (q->count && n >= (size_t)q->count) return false;
    if (q->given == 0) return true;
    if (q->max_count && q->given >= q->max_count) return false;
    return q->max_bytes == 0 || c->reply->len - q->begin < (size_t)q->max_bytes;
}

static int by_delivery(const void *a, const void *b) {
    const idle_entry *x = a, *y = b;
    if (x->delivered_ms != y->delivered_ms) return x->delivered_ms < y->delivered_ms ? -1 : 1;
    return ek_id_before(x->id, y->id) ? -1 : 1;
}

/* What CLAIM finds: all that is pending is looked at. What is not idle for long enough says when to look
 * again; and what others are given from now on will not be before that long. */
static void find_idle(ek_ctx *c, request *q, source *s) {
    s->idle = ek_scratch_alloc(c, s->group->pending.count * sizeof *s->idle + 1);
    ek_idtree_place place = ek_idtree_first(c->a, &s->group->pending);
    for (; place.leaf; place = ek_idtree_next(c->a, place)) {
        const ek_pending *p = ek_pending_at(c->a, place);
        ek_id id = ek_idtree_id(c->a, place);
        int64_t left_ms = q->claim_ms - (ek_stamp_ms(c) - p->delivered_ms);
        if (p->consumer && left_ms > 0) {
            if (left_ms < q->look_ms) q->look_ms = left_ms;
            continue;
        }
        if (ek_stream_has(c->a, s->st, id)) s->idle[s->nidle++] = (idle_entry){id, p->delivered_ms};
    }
    qsort(s->idle, s->nidle, sizeof *s->idle, by_delivery);
}

/* Is there something to reply? What is pending with a consumer always is, be it nothing. */
static bool is_ready(ek_ctx *c, const request *q, const source *s) {
    if (s->skipped) return false;
    if (q->with_group && !s->fresh) return true;
    if (s->nidle) return true;
    if (!s->st || !ek_id_before(s->after, s->st->last)) return false;
    return s->st->length && ek_id_before(s->after, ek_stream_last_there(c->a, s->st));
}

/* --- what a group is given --- */

/* The group was given this entry: it goes on behind it. */
static void move_on(ek_ctx *c, const ek_stream *st, ek_group *g, ek_id id) {
    if (!ek_id_before(g->last, id)) return;
    int64_t read = g->read;
    if (read != EK_STREAM_UNKNOWN && !ek_stream_has_gaps_from(st, id)) read++;
    else if (st->added) read = ek_stream_entries_up_to(st, id);
    ek_touch(c->a, &g->last, sizeof g->last + sizeof g->read);
    g->last = id;
    g->read = read;
}

static void give(ek_ctx *c, ek_group *g, ek_consumer *consumer, ek_id id) {
    ek_pending *p = ek_group_pending(c->a, g, id);
    if (!p) {
        ek_group_add_pending(c->a, g, consumer, id, ek_stamp_ms(c), 1);
        return;
    }
    ek_pending_give(c->a, p, id, consumer); /* a group that was set back gives it again */
    ek_pending_set(c->a, p, ek_stamp_ms(c), 1);
}

/* Entries that others were given long ago; with each how long ago, and how often. */
static size_t give_idle(ek_ctx *c, request *q, const source *s, ek_consumer *consumer) {
    size_t n = 0;
    for (; n < s->nidle && has_room(c, q, n); n++, q->given++) {
        ek_id id = s->idle[n].id;
        ek_stream_iter it;
        ek_stream_iter_begin(&it, c->a, s->st, id, id, false);
        ek_stream_iter_next(&it);
        ek_stream_reply_entry(c, &it, 2);
        ek_pending *p = ek_group_pending(c->a, s->group, id);
        ek_reply_int(c->reply, p->consumer ? ek_stamp_ms(c) - p->delivered_ms : -1);
        ek_reply_int(c->reply, (int64_t)p->deliveries);
        ek_pending_give(c->a, p, id, consumer);
        ek_pending_set(c->a, p, ek_stamp_ms(c), p->deliveries + (p->deliveries < INT64_MAX));
        ek_stream_pending_effect(c, s->key, s->group, q->consumer, id);
    }
    return n;
}

static size_t give_fresh(ek_ctx *c, request *q, const source *s, ek_consumer *consumer) {
    size_t at = ek_reply_open(c->reply, '*'), n = give_idle(c, q, s, consumer);
    ek_id from = s->after;
    ek_stream_iter it;
    if (ek_id_next(&from)) {
        ek_stream_iter_begin(&it, c->a, s->st, from, EK_ID_MAX, false);
        for (; has_room(c, q, n) && ek_stream_iter_next(&it); n++, q->given++) {
            move_on(c, s->st, s->group, it.id);
            if (!q->no_ack) give(c, s->group, consumer, it.id);
            if (!q->no_ack) ek_stream_pending_effect(c, s->key, s->group, q->consumer, it.id);
            ek_stream_reply_entry(c, &it, q->claim_ms >= 0 ? 2 : 0);
            if (q->claim_ms < 0) continue;
            ek_reply_int(c->reply, 0);
            ek_reply_int(c->reply, 0);
        }
    }
    ek_reply_close(c->reply, at, n);
    return n;
}

/* The entry of an id; [id, nil] when it was deleted. */
static bool reply_pending(ek_ctx *c, const ek_stream *st, ek_id id) {
    ek_stream_iter it;
    ek_stream_iter_begin(&it, c->a, st, id, id, false);
    if (ek_stream_iter_next(&it)) {
        ek_stream_reply_entry(c, &it, 0);
        return true;
    }
    ek_reply_array(c->reply, 2);
    ek_stream_reply_id(c, id);
    ek_reply_null_array(c->reply);
    return false;
}

static size_t give_again(ek_ctx *c, request *q, const source *s, ek_consumer *consumer) {
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    ek_id from = s->after;
    ek_idtree_place place = {0, 0};
    if (ek_id_next(&from)) place = ek_idtree_at_least(c->a, &consumer->pending, from);
    for (; place.leaf && has_room(c, q, n);
         place = ek_idtree_next(c->a, place), n++, q->given++) {
        ek_pending *p = ek_pending_at(c->a, place);
        ek_id id = ek_idtree_id(c->a, place);
        if (!reply_pending(c, s->st, id)) continue;
        ek_pending_set(c->a, p, ek_stamp_ms(c), p->deliveries + 1);
        ek_stream_pending_effect(c, s->key, s->group, q->consumer, id);
    }
    ek_reply_close(c->reply, at, n);
    return n;
}

static void reply_to_consumer(ek_ctx *c, request *q, const source *s) {
    ek_consumer *consumer = ek_stream_consumer(c, s->key, s->group, q->consumer);
    EK_SET(c->a, consumer->seen_ms, ek_stamp_ms(c));
    size_t n = s->fresh ? give_fresh(c, q, s, consumer) : give_again(c, q, s, consumer);
    if (n && s->fresh) EK_SET(c->a, consumer->active_ms, ek_stamp_ms(c));
    if (n && s->fresh) ek_stream_group_effect(c, s->key, s->group);
    ek_effect_none(c); /* but for what was said: that the consumer was seen is not kept */
    ek_stream_noted(c, s->key, NULL);
}

static void reply_range(ek_ctx *c, request *q, const source *s) {
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    ek_id from = s->after;
    ek_stream_iter it;
    if (ek_id_next(&from)) {
        ek_stream_iter_begin(&it, c->a, s->st, from, EK_ID_MAX, false);
        for (; has_room(c, q, n) && ek_stream_iter_next(&it); n++, q->given++)
            ek_stream_reply_entry(c, &it, 0);
    }
    ek_reply_close(c->reply, at, n);
}

static void reply_entries(ek_ctx *c, request *q, const source *s) {
    if (c->resp < 3) ek_reply_array(c->reply, 2);
    ek_reply_str(c->reply, s->key);
    if (q->with_group) reply_to_consumer(c, q, s);
    else reply_range(c, q, s);
}

/* Wait for entries behind the ids that "$" and "+" stand for now. */
static void wait(ek_ctx *c, const request *q, const source *sources) {
    ek_str *argv = ek_scratch_alloc(c, c->argc * sizeof *argv);
    ek_str *ids = argv + q->keys_at + q->n;
    memcpy(argv, c->argv, c->argc * sizeof *argv);
    for (size_t i = 0; i < q->n && !c->serving; i++) {
        if (ids[i].n != 1 || (ids[i].p[0] != '$' && ids[i].p[0] != '+')) continue;
        char *text = ek_scratch_alloc(c, EK_ID_TEXT_CHARS);
        ids[i] = (ek_str){(uint8_t *)text, ek_stream_format_id(text, sources[i].after)};
    }
    ek_block_as(c, c->argc, argv, q->n, argv + q->keys_at, q->block_ms,
                q->with_group ? EK_WAIT_STREAM | EK_WAIT_GONE : EK_WAIT_STREAM);
}

static void read(ek_ctx *c, bool with_group) {
    request q = {.with_group = with_group, .block_ms = -1, .claim_ms = -1, .begin = c->reply->len};
    if (!parse_request(c, &q)) return;
    q.look_ms = q.claim_ms;
    source *sources = ek_scratch_alloc(c, q.n * sizeof *sources);
    for (size_t i = 0; i < q.n; i++)
        if (!find_source(c, &q, i, &sources[i])) return;
    size_t nready = 0, at = 0;
    for (size_t i = 0; i < q.n; i++) {
        /* A stream named twice: the group has gone on meanwhile. */
        if (sources[i].fresh) sources[i].after = sources[i].group->last;
        if (sources[i].fresh && q.claim_ms >= 0) find_idle(c, &q, &sources[i]);
        if (!is_ready(c, &q, &sources[i])) continue;
        if (nready && !has_room(c, &q, 0)) break;
        if (nready++ == 0) at = ek_reply_open(c->reply, c->resp < 3 ? '*' : '%');
        reply_entries(c, &q, &sources[i]);
    }
    if (nready) {
        ek_reply_close(c->reply, at, nready);
        return;
    }
    ek_reply_null_array(c->reply);
    if (q.block_ms < 0) return;
    wait(c, &q, sources);
    if (q.claim_ms >= 0) ek_block_look(c, q.look_ms < LOOK_MS_MIN ? LOOK_MS_MIN : q.look_ms);
}

void ek_cmd_xread(ek_ctx *c) { read(c, false); }
void ek_cmd_xreadgroup(ek_ctx *c) { read(c, true); }
