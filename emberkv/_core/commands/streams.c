/* Adding, reading and deleting entries of streams; what all the stream commands share. */
#include "commands/streams.h"

#include "base/number.h"
#include "base/sha1.h"
#include "engine/effect.h"
#include "store/value_stream_producers.h"

#define ID_CHARS_MAX 127u

/* --- ids as arguments --- */

static bool is_space(uint8_t ch) { return ch == ' ' || (ch >= '\t' && ch <= '\r'); }

/* Half of an id: spaces, a plus and zeros may stand before it. */
static bool parse_half(const uint8_t *p, const uint8_t *end, uint64_t *out) {
    while (p < end && is_space(*p)) p++;
    if (p < end && *p == '+') p++;
    if (p == end) return false;
    uint64_t v = 0;
    for (; p < end; p++)
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
            return false;
    *out = v;
    return true;
}

bool ek_stream_parse_id(ek_str s, uint64_t seq, ek_id *id) {
    if (s.n == 0 || s.n > ID_CHARS_MAX) return false;
    const uint8_t *end = memchr(s.p, 0, s.n);
    if (!end) end = s.p + s.n;
    const uint8_t *dash = memchr(s.p, '-', (size_t)(end - s.p));
    id->seq = seq;
    if (!dash) return parse_half(s.p, end, &id->ms);
    return parse_half(s.p, dash, &id->ms) && parse_half(dash + 1, end, &id->seq);
}

static void reply_invalid_id(ek_ctx *c) {
    ek_reply_error(c->reply, "ERR Invalid stream ID specified as stream command argument");
}

bool ek_stream_arg_id(ek_ctx *c, size_t i, uint64_t seq, ek_id *id) {
    if (ek_stream_parse_id(c->argv[i], seq, id)) return true;
    reply_invalid_id(c);
    return false;
}

/* `seq` is also what an exclusive bound has to be moved from: 0 at the start, the highest at the end. */
static bool arg_bound(ek_ctx *c, size_t i, bool is_end, ek_id *id) {
    uint64_t seq = is_end ? UINT64_MAX : 0;
    ek_str s = c->argv[i];
    if (s.n == 1 && (s.p[0] == '-' || s.p[0] == '+')) {
        *id = s.p[0] == '-' ? EK_ID_MIN : EK_ID_MAX;
        return true;
    }
    if (s.n <= 1 || s.p[0] != '(') return ek_stream_arg_id(c, i, seq, id);
    if (!ek_stream_parse_id((ek_str){s.p + 1, s.n - 1}, seq, id)) {
        reply_invalid_id(c);
        return false;
    }
    if (is_end ? ek_id_prev(id) : ek_id_next(id)) return true;
    ek_reply_error(c->reply, "ERR invalid %s ID for the interval", is_end ? "end" : "start");
    return false;
}

bool ek_stream_arg_start(ek_ctx *c, size_t i, ek_id *id) { return arg_bound(c, i, false, id); }
bool ek_stream_arg_end(ek_ctx *c, size_t i, ek_id *id) { return arg_bound(c, i, true, id); }

ek_id *ek_stream_arg_ids(ek_ctx *c, size_t i, size_t n) {
    ek_id *ids = ek_scratch_alloc(c, n * sizeof *ids);
    for (size_t k = 0; k < n; k++)
        if (!ek_stream_arg_id(c, i + k, 0, &ids[k])) return NULL;
    return ids;
}

/* --- the value --- */

ek_found ek_stream_lookup(ek_ctx *c, ek_str key, ek_stream_key *k) {
    ek_found found = ek_lookup_type(c, key, EK_STREAM, &k->v);
    k->st = found == EK_FOUND ? ek_stream_of(&k->v) : NULL;
    return found;
}

ek_found ek_stream_lookup_group(ek_ctx *c, ek_str key, ek_str group, ek_stream_key *k) {
    ek_found found = ek_stream_lookup(c, key, k);
    if (found != EK_FOUND) return found;
    k->group = ek_stream_group(c->a, k->st, group);
    return k->group ? EK_FOUND : EK_ABSENT;
}

void ek_stream_noted(ek_ctx *c, ek_str key, const char *event) {
    EK_SET(c->a, c->s->root->dirty, c->s->root->dirty + 1);
    if (event) ek_notify(c->s, c->dbi, EK_EVENT_STREAM, key, event);
}

ek_consumer *ek_stream_consumer(ek_ctx *c, ek_str key, ek_group *g, ek_str name) {
    ek_consumer *consumer = ek_group_consumer(c->a, g, name);
    if (consumer) return consumer;
    consumer = ek_group_add_consumer(c->a, g, name, ek_stamp_ms(c));
    ek_stream_noted(c, key, "xgroup-createconsumer");
    ek_effect(c, EK_ARGV(EK_WORD("XGROUP"), EK_WORD("CREATECONSUMER"), key, ek_group_name(g), name));
    return consumer;
}

/* --- effects --- */

ek_str ek_stream_effect_id(ek_ctx *c, ek_id id) {
    char *text = ek_scratch_alloc(c, EK_ID_TEXT_CHARS);
    return (ek_str){(uint8_t *)text, ek_stream_format_id(text, id)};
}

void ek_stream_pending_effect(ek_ctx *c, ek_str key, const ek_group *g, ek_str consumer, ek_id id) {
    if (!ek_effects_kept(c)) return;
    const ek_pending *p = ek_group_pending(c->a, g, id);
    ek_effect(c, EK_ARGV(EK_WORD("XCLAIM"), key, ek_group_name(g), consumer, EK_WORD("0"),
                         ek_stream_effect_id(c, id), EK_WORD("TIME"),
                         ek_effect_int(c, p->delivered_ms), EK_WORD("RETRYCOUNT"),
                         ek_effect_int(c, (int64_t)p->deliveries), EK_WORD("FORCE"),
                         EK_WORD("JUSTID"), EK_WORD("LASTID"), ek_stream_effect_id(c, g->last)));
}

void ek_stream_group_effect(ek_ctx *c, ek_str key, const ek_group *g) {
    if (!ek_effects_kept(c)) return;
    ek_effect(c, EK_ARGV(EK_WORD("XGROUP"), EK_WORD("SETID"), key, ek_group_name(g),
                         ek_stream_effect_id(c, g->last), EK_WORD("ENTRIESREAD"),
                         ek_effect_int(c, g->read)));
}

/* --- replies --- */

size_t ek_stream_format_id(char *out, ek_id id) {
    size_t n = ek_format_u64(out, id.ms);
    out[n++] = '-';
    return n + ek_format_u64(out + n, id.seq);
}

void ek_stream_reply_id(ek_ctx *c, ek_id id) {
    _Static_assert(EK_ID_TEXT_CHARS <= EK_REPLY_TEXT - 2, "an id is a short text");
    ek_reply_text_end(c->reply, ek_stream_format_id(ek_reply_text(c->reply), id));
}

static void reply_value(ek_ctx *c, const ek_lp_value *v) {
    if (v->s) ek_reply_bulk(c->reply, v->s, v->n);
    else ek_reply_bulk_int(c->reply, v->i);
}

void ek_stream_reply_entry(ek_ctx *c, ek_stream_iter *it, size_t more) {
    ek_reply_array(c->reply, 2 + more);
    ek_stream_reply_id(c, it->id);
    ek_reply_array(c->reply, 2 * (size_t)it->nfields);
    while (it->left) {
        ek_lp_value name, value;
        ek_stream_iter_pair(it, &name, &value);
        reply_value(c, &name);
        reply_value(c, &value);
    }
}

size_t ek_stream_reply_range(ek_ctx *c, const ek_stream *st, ek_id from, ek_id to, int64_t count,
                             bool reverse) {
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    ek_stream_iter it;
    ek_stream_iter_begin(&it, c->a, st, from, to, reverse);
    while ((count <= 0 || n < (size_t)count) && ek_stream_iter_next(&it)) {
        ek_stream_reply_entry(c, &it, 0);
        n++;
    }
    ek_reply_close(c->reply, at, n);
    return n;
}

void ek_stream_reply_no_group(ek_ctx *c, ek_str key, ek_str group) {
    ek_reply_error(c->reply, "NOGROUP No such key '%.*s' or consumer group '%.*s'",
                   (int)ek_min(key.n, 256), (const char *)key.p, (int)ek_min(group.n, 256),
                   (const char *)group.p);
}

/* --- references --- */

bool ek_stream_arg_refs(const ek_ctx *c, size_t i, ek_stream_refs *refs) {
    if (ek_arg_is(c, i, "keepref")) *refs = EK_REFS_KEEP;
    else if (ek_arg_is(c, i, "delref")) *refs = EK_REFS_DELETE;
    else if (ek_arg_is(c, i, "acked")) *refs = EK_REFS_ACKED;
    else return false;
    return true;
}

bool ek_stream_is_wanted(const ek_arena *a, const ek_stream *st, ek_id id) {
    ek_btree_place at = ek_btree_at(a, &st->groups, 0);
    for (; at.leaf; at = ek_btree_next(a, at)) {
        const ek_group *g = ek_ptr(a, ek_btree_item(a, at));
        if (ek_id_before(g->last, id) || ek_group_pending(a, g, id)) return true;
    }
    return false;
}

void ek_stream_forget(ek_ctx *c, ek_stream *st, ek_id id) {
    ek_btree_place at = ek_btree_at(c->a, &st->groups, 0);
    for (; at.leaf; at = ek_btree_next(c->a, at))
        ek_group_acknowledge(c->a, ek_ptr(c->a, ek_btree_item(c->a, at)), id);
}

void ek_stream_deleted(ek_ctx *c, ek_str key, ek_stream *st, ek_id highest) {
    if (ek_id_before(st->max_deleted, highest)) EK_SET(c->a, st->max_deleted, highest);
    ek_stream_find_first(c->s, st);
    ek_key_changed(c, key, EK_EVENT_STREAM, "xdel");
}

/* --- XADD and XTRIM: their options --- */

typedef struct options {
    ek_stream_trim_plan trim;
    ek_stream_refs refs;
    bool refs_given, limit_given, no_make;
    bool id_given, seq_given;
    bool sent_given, sent_named; /* IDMPAUTO or IDMP; IDMP, which gives the message's name too */
    ek_str producer, message;
    size_t sent_at, sent_end; /* IDMPAUTO or IDMP with what belongs to it */
    ek_id id;
    size_t fields_at; /* of XADD: the first name; 0: there is no id */
    size_t trim_at, trim_end; /* MAXLEN or MINID with what belongs to it */
    size_t limit_at;
} options;

#define LIMIT_UNSET_ENTRIES 10000
#define LIMIT_NODES 100
#define LIMIT_MAX 1000000

/* What LIMIT is when it is not given. */
static int64_t usual_limit(const ek_ctx *c) {
    int64_t entries = c->s->root->config.stream_node_max_entries, limit;
    if (__builtin_mul_overflow(entries, (int64_t)LIMIT_NODES, &limit)) limit = LIMIT_MAX;
    if (limit <= 0) limit = LIMIT_UNSET_ENTRIES;
    return limit > LIMIT_MAX ? LIMIT_MAX : limit;
}

/* The threshold of MAXLEN or MINID, with its operator, at argument *i. */
static bool arg_threshold(ek_ctx *c, size_t *i, ek_stream_trim_plan *plan, bool by_length) {
    size_t at = *i + 1;
    if (plan->by != EK_TRIM_NONE) {
        ek_reply_error(c->reply, "ERR syntax error, MAXLEN and MINID options at the same time are "
                                 "not compatible");
        return false;
    }
    plan->by = by_length ? EK_TRIM_MAXLEN : EK_TRIM_MINID;
    if (at + 1 < c->argc && c->argv[at].n == 1 &&
        (c->argv[at].p[0] == '~' || c->argv[at].p[0] == '='))
        plan->approximate = c->argv[at++].p[0] == '~';
    *i = at;
    if (!by_length) return ek_stream_arg_id(c, at, 0, &plan->minid);
    if (!ek_arg_i64(c, at, &plan->maxlen)) return false;
    if (plan->maxlen >= 0) return true;
    ek_reply_error(c->reply, "ERR The MAXLEN argument must be >= 0.");
    return false;
}

static bool arg_limit(ek_ctx *c, size_t i, ek_stream_trim_plan *plan) {
    if (!ek_arg_i64(c, i, &plan->limit)) return false;
    if (plan->limit >= 0) return true;
    ek_reply_error(c->reply, "ERR The LIMIT argument must be >= 0.");
    return false;
}

/* "ms-*", "ms-seq" or "ms". */
static EK_NOINLINE bool arg_given_id(ek_ctx *c, size_t i, options *o) {
    ek_str s = c->argv[i];
    o->id_given = true;
    o->seq_given =
        !(s.n > 2 && s.p[s.n - 2] == '-' && s.p[s.n - 1] == '*' && !memchr(s.p, 0, s.n));
    if (o->seq_given) return ek_stream_arg_id(c, i, 0, &o->id);
    ek_str ms = {s.p, s.n - 2};
    o->id.seq = 0;
    if (s.n <= ID_CHARS_MAX && !memchr(ms.p, '-', ms.n) &&
        parse_half(ms.p, ms.p + ms.n, &o->id.ms))
        return true;
    reply_invalid_id(c);
    return false;
}

static bool arg_new_id(ek_ctx *c, size_t i, options *o) {
    ek_str s = c->argv[i];
    o->fields_at = i + 1;
    return EK_LIKELY(s.n == 1 && s.p[0] == '*') || arg_given_id(c, i, o);
}

/* IDMPAUTO producer, or IDMP producer name, at argument *i. */
static bool arg_sent(ek_ctx *c, size_t *i, options *o) {
    const char *wrong = NULL;
    bool named = ek_arg_is(c, *i, "idmp");
    if (o->sent_given) {
        wrong = "IDMP/IDMPAUTO specified multiple times";
    } else if (*i + 1 + named >= c->argc) {
        ek_reply_syntax_error(c);
        return false;
    } else {
        o->sent_given = true;
        o->sent_named = named;
        o->sent_at = *i;
        o->sent_end = *i + 2 + named;
        o->producer = c->argv[*i + 1];
        if (named) o->message = c->argv[*i + 2];
        *i += 1 + named;
        if (o->producer.n == 0) wrong = "IDMP/IDMPAUTO requires a producer ID that is not empty";
        else if (named && o->message.n == 0) wrong = "IDMP requires an ID that is not empty";
    }
    if (wrong) ek_reply_error(c->reply, "ERR %s", wrong);
    return !wrong;
}

static bool options_agree(ek_ctx *c, options *o, bool adding) {
    const char *wrong = NULL;
    if (o->trim.limit && o->trim.by == EK_TRIM_NONE)
        wrong = "LIMIT cannot be used without specifying a trimming strategy";
    else if (!adding && o->trim.by == EK_TRIM_NONE)
        wrong = "XTRIM must be called with a trimming strategy";
    else if (o->limit_given && !o->trim.approximate)
        wrong = "LIMIT cannot be used without the special ~ option";
    if (wrong) {
        ek_reply_error(c->reply, "ERR syntax error, %s", wrong);
        return false;
    }
    if (o->sent_given && o->id_given) {
        ek_reply_error(c->reply, "ERR IDMP/IDMPAUTO can be used only with auto-generated IDs");
        return false;
    }
    if (o->trim.approximate && !o->limit_given) o->trim.limit = usual_limit(c);
    return true;
}

static bool parse_options(ek_ctx *c, options *o, bool adding) {
    static const options nothing;
    *o = nothing; /* so many zeros are written slowly, and copied quickly */
    for (size_t i = 2; i < c->argc; i++) {
        bool more = i + 1 < c->argc;
        bool is_word = c->argv[i].n && c->argv[i].p[0] > '9'; /* an id begins with less */
        if (adding && !is_word) {
            if (!arg_new_id(c, i, o)) return false;
            break;
        }
        if (more && (ek_arg_is(c, i, "maxlen") || ek_arg_is(c, i, "minid"))) {
            o->trim_at = i;
            if (!arg_threshold(c, &i, &o->trim, ek_arg_is(c, i, "maxlen"))) return false;
            o->trim_end = i + 1;
        } else if (more && ek_arg_is(c, i, "limit")) {
            o->limit_at = i;
            if (!arg_limit(c, ++i, &o->trim)) return false;
            o->limit_given = true;
        } else if (!o->refs_given && ek_stream_arg_refs(c, i, &o->refs)) {
            o->refs_given = true;
        } else if (adding && ek_arg_is(c, i, "nomkstream")) {
            o->no_make = true;
        } else if (adding && more && (ek_arg_is(c, i, "idmpauto") || ek_arg_is(c, i, "idmp"))) {
            if (!arg_sent(c, &i, o)) return false;
        } else if (adding) {
            if (!arg_new_id(c, i, o)) return false;
            break;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    return options_agree(c, o, adding);
}

typedef struct trimmed {
    ek_ctx *c;
    ek_stream *st;
} trimmed;

static bool forget(void *arg, ek_id id) {
    const trimmed *t = arg;
    ek_stream_forget(t->c, t->st, id);
    return true;
}

static bool is_unwanted(void *arg, ek_id id) {
    const trimmed *t = arg;
    return !ek_stream_is_wanted(t->c->a, t->st, id);
}

static uint64_t trim(ek_ctx *c, ek_stream *st, options *o) {
    trimmed t = {c, st};
    o->trim.arg = &t;
    if (o->refs != EK_REFS_KEEP && st->groups.count)
        o->trim.may_go = o->refs == EK_REFS_DELETE ? forget : is_unwanted;
    return ek_stream_trim(c->s, st, &o->trim);
}

/* With the id that was chosen, and trimmed to where trimming came to, not about there. */
static void add_or_trim_effect(ek_ctx *c, const ek_stream *st, const options *o, ek_id *id) {
    if (!ek_effects_kept(c)) return;
    bool approximate = o->trim.approximate;
    if (!id && !approximate) return;
    /* What went was the oldest that could go: how many are left says as much as an id. */
    bool by_id = o->trim.by == EK_TRIM_MINID && st->length && o->refs == EK_REFS_KEEP;
    ek_str *argv = ek_scratch_alloc(c, (c->argc + 1) * sizeof *argv);
    size_t n = 0;
    for (size_t i = 0; i < c->argc; i++) {
        if (approximate && i == o->trim_at) {
            argv[n++] = by_id ? EK_WORD("MINID") : EK_WORD("MAXLEN");
            argv[n++] = EK_WORD("=");
            argv[n++] = by_id ? ek_stream_effect_id(c, st->first)
                              : ek_effect_int(c, (int64_t)st->length);
            i = o->trim_end - 1;
        } else if (o->limit_at && i == o->limit_at) {
            i++;
        } else if (o->sent_given && i == o->sent_at) {
            i = o->sent_end - 1;
        } else if (id && i + 1 == o->fields_at && !o->seq_given) {
            argv[n++] = ek_stream_effect_id(c, *id);
        } else {
            argv[n++] = c->argv[i];
        }
    }
    ek_effect(c, n, argv);
    if (id && o->sent_given)
        ek_effect(c, EK_ARGV(EK_WORD("XIDMPRECORD"), c->argv[1], o->producer, o->message,
                             ek_stream_effect_id(c, *id)));
}

/* --- XADD --- */

/* The id of the new entry. */
static bool choose_id(ek_ctx *c, const ek_stream *st, const options *o, ek_id *id) {
    ek_id last = st->last;
    if (ek_id_eq(last, EK_ID_MAX)) {
        ek_reply_error(c->reply, "ERR The stream has exhausted the last possible ID, "
                                 "unable to add more items");
        return false;
    }
    if (!o->id_given) {
        uint64_t now = (uint64_t)ek_stamp_ms(c);
        *id = now > last.ms ? (ek_id){now, 0} : last;
        if (now <= last.ms) ek_id_next(id);
        return true;
    }
    *id = o->id;
    if (!o->seq_given && id->ms == last.ms) {
        if (last.seq == UINT64_MAX) {
            ek_reply_error(c->reply, "ERR Elements are too large to be stored");
            return false;
        }
        id->seq = last.seq + 1;
    }
    if (ek_id_before(last, *id)) return true;
    ek_reply_error(c->reply, "ERR The ID specified in XADD is equal or smaller than the target "
                             "stream top item");
    return false;
}

static bool is_too_large(ek_ctx *c, size_t from) {
    size_t bytes = 0;
    for (size_t i = from; i < c->argc; i++) bytes += c->argv[i].n;
    return bytes > EK_STREAM_ENTRY_MAX;
}

#define CONTENTS_BYTES 16

/* What stands for the contents of a message: the sum of digests of its pairs, whatever their order. */
static ek_str contents(ek_ctx *c, size_t from) {
    uint64_t sum[2] = {0, 0}, part[2];
    for (size_t i = from; i + 1 < c->argc; i += 2) {
        uint8_t digest[EK_SHA1_BYTES];
        uint64_t n = c->argv[i].n;
        ek_sha1 h;
        ek_sha1_begin(&h);
        ek_sha1_add(&h, &n, sizeof n);
        ek_sha1_add(&h, c->argv[i].p, c->argv[i].n);
        ek_sha1_add(&h, c->argv[i + 1].p, c->argv[i + 1].n);
        ek_sha1_end(&h, digest);
        memcpy(part, digest, sizeof part);
        sum[0] += part[0];
        sum[1] += part[1];
    }
    uint8_t *text = ek_scratch_alloc(c, CONTENTS_BYTES);
    memcpy(text, sum, CONTENTS_BYTES);
    return (ek_str){text, CONTENTS_BYTES};
}

/* Was the message sent before? Then its id is the reply. */
static bool reply_sent(ek_ctx *c, const ek_stream *st, const options *o) {
    ek_id id;
    ek_sent *sent = ek_stream_sent(c->a, st);
    if (!sent || !ek_sent_find(c->a, sent, o->producer, o->message, ek_stamp_ms(c), &id))
        return false;
    EK_SET(c->a, sent->duplicates, sent->duplicates + 1);
    ek_stream_reply_id(c, id);
    return true;
}

void ek_cmd_xadd(ek_ctx *c) {
    options o;
    if (!parse_options(c, &o, true)) return;
    size_t nwords = o.fields_at ? c->argc - o.fields_at : 0;
    if (nwords < 2 || nwords % 2) {
        ek_reply_wrong_arity(c);
        return;
    }
    if (o.id_given && o.seq_given && ek_id_eq(o.id, EK_ID_MIN)) {
        ek_reply_error(c->reply, "ERR The ID specified in XADD must be greater than 0-0");
        return;
    }
    /* Reading the clock waits for all that was begun before: so it comes before the look-up. */
    if (!o.id_given) ek_stamp_ms(c);
    ek_str key = c->argv[1];
    ek_stream_key k;
    ek_found found = ek_stream_lookup(c, key, &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT && o.no_make) {
        ek_reply_null(c->reply);
        return;
    }
    if (o.sent_given && !o.sent_named) o.message = contents(c, o.fields_at);
    if (o.sent_given && found == EK_FOUND && reply_sent(c, k.st, &o)) return;
    ek_id id;
    if (!choose_id(c, found == EK_FOUND ? k.st : &(ek_stream){0}, &o, &id)) return;
    if (is_too_large(c, o.fields_at)) {
        ek_reply_error(c->reply, "ERR Elements are too large to be stored");
        return;
    }
    if (found == EK_ABSENT) {
        ek_stream_create(c->s, c->db, &k.v, key);
        k.st = ek_stream_of(&k.v);
    }
    ek_stream_append(c->s, k.st, id, c->argv + o.fields_at, nwords / 2);
    if (o.sent_given)
        ek_sent_add(c->a, ek_stream_needs_sent(c->s, k.st), o.producer, o.message, ek_stamp_ms(c), id);
    ek_stream_reply_id(c, id);
    uint64_t gone = o.trim.by == EK_TRIM_NONE ? 0 : trim(c, k.st, &o);
    ek_key_changed(c, key, EK_EVENT_STREAM, "xadd");
    if (gone) ek_key_changed_too(c, c->dbi, key, EK_EVENT_STREAM, "xtrim");
    add_or_trim_effect(c, k.st, &o, &id);
}

void ek_cmd_xtrim(ek_ctx *c) {
    options o;
    if (!parse_options(c, &o, false)) return;
    ek_stream_key k;
    ek_found found = ek_stream_lookup(c, c->argv[1], &k);
    if (found == EK_WRONG_TYPE) return;
    uint64_t gone = found == EK_FOUND ? trim(c, k.st, &o) : 0;
    if (gone) ek_key_changed(c, c->argv[1], EK_EVENT_STREAM, "xtrim");
    ek_changed_elements(c, (int64_t)gone);
    if (gone) add_or_trim_effect(c, k.st, &o, NULL);
    ek_reply_int(c->reply, (int64_t)gone);
}

/* --- the others --- */

void ek_cmd_xlen(ek_ctx *c) {
    ek_stream_key k;
    ek_found found = ek_stream_lookup(c, c->argv[1], &k);
    if (found != EK_WRONG_TYPE) ek_reply_int(c->reply, found ? (int64_t)k.st->length : 0);
}

static void range(ek_ctx *c, bool reverse) {
    ek_id from, to;
    if (!ek_stream_arg_start(c, reverse ? 3 : 2, &from) ||
        !ek_stream_arg_end(c, reverse ? 2 : 3, &to))
        return;
    int64_t count = -1;
    for (size_t i = 4; i < c->argc; i += 2) {
        if (i + 1 == c->argc || !ek_arg_is(c, i, "count")) {
            ek_reply_syntax_error(c);
            return;
        }
        if (!ek_arg_i64(c, i + 1, &count)) return;
        if (count < 0) count = 0;
    }
    ek_stream_key k;
    ek_found found = ek_stream_lookup(c, c->argv[1], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) ek_reply_array(c->reply, 0);
    else if (count == 0) ek_reply_null_array(c->reply);
    else ek_stream_reply_range(c, k.st, from, to, count, reverse);
}

void ek_cmd_xrange(ek_ctx *c) { range(c, false); }
void ek_cmd_xrevrange(ek_ctx *c) { range(c, true); }

void ek_cmd_xdel(ek_ctx *c) {
    ek_stream_key k;
    ek_found found = ek_stream_lookup(c, c->argv[1], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_int(c->reply, 0);
        return;
    }
    size_t n = c->argc - 2;
    ek_id *ids = ek_stream_arg_ids(c, 2, n), highest = EK_ID_MIN;
    if (!ids) return;
    int64_t gone = 0;
    for (size_t i = 0; i < n; i++) {
        if (!ek_stream_delete(c->s, k.st, ids[i])) continue;
        if (ek_id_before(highest, ids[i])) highest = ids[i];
        gone++;
    }
    if (gone) ek_stream_deleted(c, c->argv[1], k.st, highest);
    ek_changed_elements(c, gone);
    ek_reply_int(c->reply, gone);
}

void ek_cmd_xsetid(ek_ctx *c) {
    ek_id id, max_deleted = EK_ID_MIN;
    int64_t added = -1;
    bool has_max_deleted = false;
    if (!ek_stream_arg_id(c, 2, 0, &id)) return;
    for (size_t i = 3; i < c->argc; i += 2) {
        bool more = i + 1 < c->argc;
        if (more && ek_arg_is(c, i, "entriesadded")) {
            if (!ek_arg_i64(c, i + 1, &added)) return;
            if (added < 0) {
                ek_reply_error(c->reply, "ERR entries_added must be positive");
                return;
            }
        } else if (more && ek_arg_is(c, i, "maxdeletedid")) {
            if (!ek_stream_arg_id(c, i + 1, 0, &max_deleted)) return;
            if (ek_id_before(id, max_deleted)) {
                ek_reply_error(c->reply, "ERR The ID specified in XSETID is smaller than the "
                                         "provided max_deleted_entry_id");
                return;
            }
            has_max_deleted = true;
        } else {
            ek_reply_syntax_error(c);
            return;
        }
    }
    ek_stream_key k;
    ek_found found = ek_stream_lookup(c, c->argv[1], &k);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_error(c->reply, "ERR no such key");
        return;
    }
    if (k.st->length > 0 && ek_id_before(id, ek_stream_last_there(c->a, k.st))) {
        ek_reply_error(c->reply, "ERR The ID specified in XSETID is smaller than the target "
                                 "stream top item");
        return;
    }
    if (added >= 0 && (uint64_t)added < k.st->length) {
        ek_reply_error(c->reply, "ERR The entries_added specified in XSETID is smaller than the "
                                 "target stream length");
        return;
    }
    if (ek_id_before(id, k.st->last)) ek_stream_forget_above(c->s, k.st, id);
    EK_SET(c->a, k.st->last, id);
    if (added >= 0) EK_SET(c->a, k.st->added, (uint64_t)added);
    if (has_max_deleted && !ek_id_eq(max_deleted, EK_ID_MIN))
        EK_SET(c->a, k.st->max_deleted, max_deleted);
    ek_stream_noted(c, c->argv[1], "xsetid");
    ek_reply_ok(c->reply);
}
