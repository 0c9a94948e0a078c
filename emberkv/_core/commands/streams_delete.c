/* XDELEX, XACKDEL and XNACK: deleting with an eye on the groups, and giving back. */
#include "commands/streams.h"
#include "store/waiting.h"

/* IDS and what belongs to it, among other options in any order. */
typedef struct request {
    size_t ids_at, nids;
    ek_stream_refs refs;
    int64_t retries; /* -1: not given */
    bool force;
} request;

/* IDS numids id ... at argument *i, which becomes the last id's. */
static bool arg_ids(ek_ctx *c, size_t *i, request *q) {
    int64_t n;
    if (*i + 1 >= c->argc) {
        ek_reply_syntax_error(c);
        return false;
    }
    ek_str s = c->argv[*i + 1];
    if (!ek_parse_i64(s.p, s.n, &n) || n <= 0) {
        ek_reply_error(c->reply, "ERR Number of IDs must be a positive integer");
        return false;
    }
    if ((uint64_t)n > c->argc - *i - 2) {
        ek_reply_error(c->reply,
                       "ERR The `numids` parameter must match the number of arguments");
        return false;
    }
    q->ids_at = *i + 2;
    q->nids = (size_t)n;
    *i += 1 + q->nids;
    return true;
}

/* `nack`: the options of XNACK, else those of the others. */
static bool parse_request(ek_ctx *c, size_t from, bool nack, request *q) {
    bool refs_given = false;
    *q = (request){.retries = -1};
    for (size_t i = from; i < c->argc; i++) {
        if (ek_arg_is(c, i, "ids")) {
            if (!arg_ids(c, &i, q)) return false;
        } else if (nack && i + 1 < c->argc && ek_arg_is(c, i, "retrycount")) {
            if (!ek_arg_range(c, ++i, 0, INT64_MAX, &q->retries, "RETRYCOUNT must be >= 0"))
                return false;
        } else if (nack && ek_arg_is(c, i, "force")) {
            q->force = true;
        } else if (!nack && !refs_given && ek_stream_arg_refs(c, i, &q->refs)) {
            refs_given = true;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    if (q->nids) return true;
    ek_reply_syntax_error(c);
    return false;
}

enum { ABSENT = -1, GONE = 1, WANTED = 2 };

static void reply_absent(ek_ctx *c, size_t n) {
    ek_reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++) ek_reply_int(c->reply, ABSENT);
}

typedef struct deletion {
    ek_stream *st;
    ek_stream_refs refs;
    ek_id highest; /* of those that are gone */
    bool any;
} deletion;

static int delete_one(ek_ctx *c, deletion *d, ek_id id) {
    if (d->refs == EK_REFS_ACKED && ek_stream_is_wanted(c->a, d->st, id)) return WANTED;
    if (d->refs == EK_REFS_DELETE) ek_stream_forget(c, d->st, id);
    if (!ek_stream_delete(c->s, d->st, id)) return ABSENT;
    if (ek_id_before(d->highest, id)) d->highest = id;
    d->any = true;
    return GONE;
}

void ek_cmd_xdelex(ek_ctx *c) {
    request q;
    if (!parse_request(c, 2, false, &q)) return;
    ek_stream_key k;
    ek_found found = ek_stream_lookup(c, c->argv[1], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        reply_absent(c, q.nids);
        return;
    }
    const ek_id *ids = ek_stream_arg_ids(c, q.ids_at, q.nids);
    if (!ids) return;
    deletion d = {.st = k.st, .refs = q.refs};
    ek_reply_array(c->reply, q.nids);
    for (size_t i = 0; i < q.nids; i++) ek_reply_int(c->reply, delete_one(c, &d, ids[i]));
    if (d.any) ek_stream_deleted(c, c->argv[1], k.st, d.highest);
}

void ek_cmd_xackdel(ek_ctx *c) {
    request q;
    if (!parse_request(c, 3, false, &q)) return;
    ek_stream_key k;
    ek_found found = ek_stream_lookup_group(c, c->argv[1], c->argv[2], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        reply_absent(c, q.nids);
        return;
    }
    const ek_id *ids = ek_stream_arg_ids(c, q.ids_at, q.nids);
    if (!ids) return;
    deletion d = {.st = k.st, .refs = q.refs};
    bool acknowledged = false;
    ek_reply_array(c->reply, q.nids);
    for (size_t i = 0; i < q.nids; i++) {
        int outcome = ABSENT;
        if (ek_group_acknowledge(c->a, k.group, ids[i])) {
            acknowledged = true;
            outcome = delete_one(c, &d, ids[i]) == WANTED ? WANTED : GONE;
        }
        ek_reply_int(c->reply, outcome);
    }
    if (d.any) ek_stream_deleted(c, c->argv[1], k.st, d.highest);
    else if (acknowledged) ek_stream_noted(c, c->argv[1], NULL);
}

/* --- XNACK --- */

typedef enum nack_mode { SILENT, FAIL, FATAL } nack_mode;

static bool arg_mode(ek_ctx *c, size_t i, nack_mode *mode) {
    static const char *const names[] = {[SILENT] = "silent", [FAIL] = "fail", [FATAL] = "fatal"};
    for (size_t k = 0; k < EK_COUNTOF(names); k++) {
        if (!ek_arg_is(c, i, names[k])) continue;
        *mode = (nack_mode)k;
        return true;
    }
    ek_reply_syntax_error(c);
    return false;
}

/* How often it counts as delivered now. */
static uint64_t deliveries_after(const request *q, nack_mode mode, uint64_t deliveries) {
    if (q->retries >= 0) return (uint64_t)q->retries;
    if (mode == FATAL) return INT64_MAX;
    return mode == SILENT && deliveries ? deliveries - 1 : deliveries;
}

/* What is given back belongs to nobody and was never delivered, so anybody may claim it. */
static bool give_back(ek_ctx *c, const ek_stream_key *k, const request *q, nack_mode mode, ek_id id) {
    ek_pending *p = ek_group_pending(c->a, k->group, id);
    if (!p) {
        if (!q->force || !ek_stream_has(c->a, k->st, id)) return false;
        ek_group_add_pending(c->a, k->group, NULL, id, 0, deliveries_after(q, mode, 0));
        return true;
    }
    ek_pending_give(c->a, p, id, NULL);
    ek_pending_set(c->a, p, 0, deliveries_after(q, mode, p->deliveries));
    return true;
}

void ek_cmd_xnack(ek_ctx *c) {
    request q;
    nack_mode mode;
    if (!arg_mode(c, 3, &mode) || !parse_request(c, 4, true, &q)) return;
    ek_stream_key k;
    ek_found found = ek_stream_lookup_group(c, c->argv[1], c->argv[2], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_stream_reply_no_group(c, c->argv[1], c->argv[2]);
        return;
    }
    const ek_id *ids = ek_stream_arg_ids(c, q.ids_at, q.nids);
    if (!ids) return;
    int64_t n = 0;
    for (size_t i = 0; i < q.nids; i++) n += give_back(c, &k, &q, mode, ids[i]);
    if (n) {
        ek_stream_noted(c, c->argv[1], NULL);
        ek_wait_ready(c->s, c->dbi, c->argv[1]); /* who claims may have them at once */
    }
    ek_reply_int(c->reply, n);
}
