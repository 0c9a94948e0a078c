/* Replies: a command writes what it answers onto a tape, once, whoever reads it.
 *
 *   tape  | tag | payload | tag | payload | ...
 *         'i' i64  'd' 'h' double  '$' u32 len, bytes  '+' '-' '=' '(' likewise
 *         '*' '%' '~' '>' '|' u32 count  'n' null  'N' null array  't' 'f' booleans
 *
 * The tape is read when the store's lock is released: by the binding, which makes Python objects, or
 * by ek_resp_render, which writes RESP2 or RESP3. In RESP2 a map is flat and a set an array; what
 * differs in more than that between the two, a command decides by ek_ctx.resp. The server, which
 * wants nothing but the bytes, goes without a tape: with `resp` 2 or 3 the same calls write them at
 * once (resp.h). A command sees no difference, as long as it does not look into the buffer.
 *
 * The tape belongs to whoever called; it grows by malloc and raises when that fails. */
#ifndef EK_ENGINE_REPLY_H
#define EK_ENGINE_REPLY_H

#include "arena/arena.h"

typedef struct ek_reply {
    uint8_t *buf;
    size_t len, cap;
    ek_arena *a; /* to raise on */
    int resp;    /* 0: a tape; 2 or 3: bytes of that protocol */
} ek_reply;

EK_NOINLINE void ek_reply_grow(ek_reply *r, size_t need);
/* Room for n more bytes, and the same counted in. */
EK_INLINE uint8_t *ek_reply_room(ek_reply *r, size_t n) {
    if (EK_UNLIKELY(r->cap - r->len < n)) ek_reply_grow(r, n);
    return r->buf + r->len;
}
EK_INLINE uint8_t *ek_reply_extend(ek_reply *r, size_t n) {
    uint8_t *p = ek_reply_room(r, n);
    r->len += n;
    return p;
}

void ek_reply_null(ek_reply *r);
void ek_reply_null_array(ek_reply *r); /* differs from null in RESP2 only: *-1 */
void ek_reply_bool(ek_reply *r, bool v); /* RESP2: 1 or 0 */
void ek_reply_int(ek_reply *r, int64_t v);
void ek_reply_double(ek_reply *r, double v); /* RESP2: a bulk string */
void ek_reply_fixed_double(ek_reply *r, double v); /* printed as 17 digits behind the point */
void ek_reply_bulk(ek_reply *r, const void *p, size_t n);
void ek_reply_str(ek_reply *r, ek_str s);
void ek_reply_cstr(ek_reply *r, const char *s); /* a bulk string */
void ek_reply_bulk_int(ek_reply *r, int64_t v); /* a bulk string of digits */
/* A bulk string of at most EK_REPLY_TEXT - 2 bytes, written in place: first to where the one call says, then
 * ended by the other. A copy of what was stored just now has to wait for it. */
#define EK_REPLY_TEXT 64
char *ek_reply_text(ek_reply *r);
void ek_reply_text_end(ek_reply *r, size_t n);
void ek_reply_bignum(ek_reply *r, const char *digits); /* RESP2: a bulk string */
void ek_reply_verbatim(ek_reply *r, const char *format3, const void *p, size_t n);
void ek_reply_status(ek_reply *r, const char *s);
void ek_reply_ok(ek_reply *r);
/* The text with its code, without the dash: "ERR syntax error". */
void ek_reply_error(ek_reply *r, const char *fmt, ...) EK_PRINTF(2, 3);
/* The same of any length, and a status likewise; ends of lines become spaces. */
void ek_reply_error_bytes(ek_reply *r, const void *p, size_t n);
void ek_reply_status_bytes(ek_reply *r, const void *p, size_t n);

void ek_reply_array(ek_reply *r, size_t n);
void ek_reply_map(ek_reply *r, size_t pairs);
void ek_reply_set(ek_reply *r, size_t n);
void ek_reply_push(ek_reply *r, size_t n);
/* What is said about the reply that comes behind it: pairs; in RESP3 only. */
void ek_reply_attribute(ek_reply *r, size_t pairs);
/* When the number of elements is not known yet: open, write them, close. kind: '*', '%', '~'. */
size_t ek_reply_open(ek_reply *r, char kind);
void ek_reply_close(ek_reply *r, size_t at, size_t n);

void ek_reply_raw(ek_reply *r, const void *tape, size_t n); /* a piece of a tape; rendered if need be */
EK_INLINE bool ek_reply_is_error(const ek_reply *r, size_t at) {
    return at < r->len && r->buf[at] == '-';
}
void ek_reply_free(ek_reply *r);

/* Append the tape from `at` on as RESP to `out` (another ek_reply used as a plain buffer). */
void ek_resp_render(const ek_reply *tape, size_t at, int resp, ek_reply *out);

#endif
