/* XCFGSET and XIDMPRECORD: what a stream remembers of its producers. */
#include "store/value_stream_producers.h"

#include "commands/streams.h"

/* A number from 1 to `most` at argument i. False: has replied. */
static bool arg_limit(ek_ctx *c, size_t i, const char *what, int64_t most, int64_t *out) {
    if (!ek_arg_i64(c, i, out)) return false;
    if (*out >= 1 && *out <= most) return true;
    ek_reply_error(c->reply, "ERR %s must be between 1 and %lld", what, (long long)most);
    return false;
}

static bool find_stream(ek_ctx *c, ek_stream_key *k) {
    ek_found found = ek_stream_lookup(c, c->argv[1], k);
    if (found == EK_ABSENT) ek_reply_error(c->reply, "ERR no such key");
    return found == EK_FOUND;
}

void ek_cmd_xcfgset(ek_ctx *c) {
    int64_t seconds = 0, most = 0;
    for (size_t i = 2; i < c->argc; i += 2) {
        bool more = i + 1 < c->argc;
        if (more && ek_arg_is(c, i, "idmp-duration")) {
            if (!arg_limit(c, i + 1, "IDMP-DURATION", EK_SENT_SECONDS_MAX, &seconds)) return;
        } else if (more && ek_arg_is(c, i, "idmp-maxsize")) {
            if (!arg_limit(c, i + 1, "IDMP-MAXSIZE", EK_SENT_MOST_MAX, &most)) return;
        } else {
            ek_reply_syntax_error(c);
            return;
        }
    }
    ek_stream_key k;
    if (!seconds && !most) {
        ek_reply_error(c->reply, "ERR At least one parameter must be specified");
        return;
    }
    if (!find_stream(c, &k)) return;
    const ek_sent *sent = ek_stream_needs_sent(c->s, k.st);
    ek_sent_limit(c->s, k.st, seconds ? (uint32_t)seconds : sent->seconds,
                  most ? (uint32_t)most : sent->most);
    ek_stream_noted(c, c->argv[1], NULL);
    ek_reply_ok(c->reply);
}

void ek_cmd_xidmprecord(ek_ctx *c) {
    ek_str producer = c->argv[2], name = c->argv[3];
    ek_id id, known;
    ek_stream_key k;
    if (!ek_stream_arg_id(c, 4, 0, &id) || !find_stream(c, &k)) return;
    if (producer.n == 0 || name.n == 0) {
        ek_reply_error(c->reply, "ERR producer ID and idempotent ID must not be empty");
        return;
    }
    if (!ek_stream_has(c->a, k.st, id)) {
        ek_reply_error(c->reply, "ERR no such entry in the stream");
        return;
    }
    ek_sent *sent = ek_stream_needs_sent(c->s, k.st);
    if (!ek_sent_find(c->a, sent, producer, name, ek_stamp_ms(c), &known)) {
        ek_sent_add(c->a, sent, producer, name, ek_stamp_ms(c), id);
        ek_stream_noted(c, c->argv[1], NULL);
    } else if (!ek_id_eq(known, id)) {
        ek_reply_error(c->reply, "ERR the idempotent ID belongs to another entry");
        return;
    }
    ek_reply_ok(c->reply);
}
