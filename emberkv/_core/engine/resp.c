/* Replies as bytes of the protocol. The contracts stand in reply.h and resp.h. */
#include "engine/resp.h"

#include <math.h>

#include "base/number.h"

#define HEADER_CHARS 24 /* tag, digits, CRLF */

static void raw(ek_reply *r, const void *p, size_t n) {
    if (n) memcpy(ek_reply_extend(r, n), p, n);
}

/* Tag, number and CRLF at p; returns their length. Counts and lengths are short as a rule. */
static size_t put_header(uint8_t *p, char tag, int64_t v) {
    p[0] = (uint8_t)tag;
    if (EK_LIKELY(v >= 0 && v < 10)) {
        p[1] = (uint8_t)('0' + v);
        memcpy(p + 2, "\r\n", 2);
        return 4;
    }
    size_t n = 1 + ek_format_i64((char *)p + 1, v);
    memcpy(p + n, "\r\n", 2);
    return n + 2;
}

static void header(ek_reply *r, char tag, int64_t v) {
    uint8_t *p = ek_reply_room(r, HEADER_CHARS);
    r->len += put_header(p, tag, v);
}

void ek_resp_null(ek_reply *r, bool array) {
    if (r->resp >= 3) raw(r, "_\r\n", 3);
    else raw(r, array ? "*-1\r\n" : "$-1\r\n", 5);
}

void ek_resp_bool(ek_reply *r, bool v) {
    if (r->resp < 3) header(r, ':', v);
    else raw(r, v ? "#t\r\n" : "#f\r\n", 4);
}

void ek_resp_int(ek_reply *r, int64_t v) { header(r, ':', v); }

void ek_resp_bulk(ek_reply *r, const void *from, size_t n) {
    uint8_t *p = ek_reply_room(r, n + HEADER_CHARS + 2);
    size_t at = put_header(p, '$', (int64_t)n);
    if (n) memcpy(p + at, from, n);
    memcpy(p + at + n, "\r\n", 2);
    r->len += at + n + 2;
}

void ek_resp_text_end(ek_reply *r, size_t at, size_t n) {
    uint8_t *p = r->buf + r->len, head[HEADER_CHARS];
    size_t header = put_header(head, '$', (int64_t)n);
    if (header != at) memmove(p + header, p + at, n);
    memcpy(p, head, header);
    memcpy(p + header + n, "\r\n", 2);
    r->len += header + n + 2;
}

static void double_text(ek_reply *r, const char *text, size_t n) {
    if (r->resp < 3) ek_resp_bulk(r, text, n);
    else ek_resp_line(r, ',', text, n);
}

void ek_resp_double(ek_reply *r, double v) {
    char text[EK_DOUBLE_CHARS + 8];
    size_t n = isnan(v) ? (memcpy(text, "nan", 3), 3) : ek_format_double(text, v);
    double_text(r, text, n);
}

void ek_resp_fixed_double(ek_reply *r, double v) {
    char text[EK_LONG_DOUBLE_CHARS];
    double_text(r, text, ek_format_fixed(text, v));
}

void ek_resp_verbatim(ek_reply *r, const char *format3, const void *from, size_t n) {
    if (r->resp < 3) {
        ek_resp_bulk(r, from, n);
        return;
    }
    header(r, '=', (int64_t)n + 4);
    raw(r, format3, 3);
    raw(r, ":", 1);
    raw(r, from, n);
    raw(r, "\r\n", 2);
}

void ek_resp_line(ek_reply *r, char tag, const void *from, size_t n) {
    uint8_t *p = ek_reply_extend(r, n + 3);
    p[0] = (uint8_t)tag;
    if (n) memcpy(p + 1, from, n);
    memcpy(p + 1 + n, "\r\n", 2);
}

static int64_t elements(const ek_reply *r, char kind, size_t n) {
    return r->resp < 3 && kind == '%' ? 2 * (int64_t)n : (int64_t)n;
}

void ek_resp_count(ek_reply *r, char kind, size_t n) {
    header(r, r->resp < 3 ? '*' : kind, elements(r, kind, n));
}

void ek_resp_open(ek_reply *r, char kind) { header(r, kind, 0); }

void ek_resp_close(ek_reply *r, size_t at, size_t n) {
    uint8_t text[HEADER_CHARS];
    char kind = (char)r->buf[at];
    size_t opened = put_header(text, kind, 0);
    size_t size = put_header(text, r->resp < 3 ? '*' : kind, elements(r, kind, n));
    size_t behind = r->len - at - opened;
    if (size > opened) {
        ek_reply_extend(r, size - opened);
        memmove(r->buf + at + size, r->buf + at + opened, behind);
    }
    memcpy(r->buf + at, text, size);
}

/* One element that is not an aggregate; returns its length on the tape. */
static size_t scalar(const uint8_t *p, ek_reply *out) {
    bool is_text = p[0] == '$' || p[0] == '+' || p[0] == '-' || p[0] == '=' || p[0] == '(';
    size_t n = is_text ? ek_load32(p + 1) : 0;
    double d;
    switch (p[0]) {
    case 'n':
    case 'N': ek_resp_null(out, p[0] == 'N'); return 1;
    case 't':
    case 'f': ek_resp_bool(out, p[0] == 't'); return 1;
    case 'i': ek_resp_int(out, (int64_t)ek_load64(p + 1)); return 9;
    case 'd':
        memcpy(&d, p + 1, sizeof d);
        ek_resp_double(out, d);
        return 9;
    case 'h':
        memcpy(&d, p + 1, sizeof d);
        ek_resp_fixed_double(out, d);
        return 9;
    case '$': ek_resp_bulk(out, p + 5, n); return 5 + n;
    case '(':
        if (out->resp < 3) ek_resp_bulk(out, p + 5, n);
        else ek_resp_line(out, '(', p + 5, n);
        return 5 + n;
    case '=': ek_resp_verbatim(out, (const char *)p + 5, p + 9, n - 4); return 5 + n;
    default: ek_resp_line(out, (char)p[0], p + 5, n); return 5 + n;
    }
}

/* The tape is in reading order, as RESP is: no recursion is needed, only the counts differ. */
void ek_resp_render(const ek_reply *tape, size_t at, int resp, ek_reply *out) {
    int was = out->resp;
    out->resp = resp;
    while (at < tape->len) {
        const uint8_t *p = tape->buf + at;
        if (p[0] != '*' && p[0] != '%' && p[0] != '~' && p[0] != '>' &&
            p[0] != '|') {
            at += scalar(p, out);
            continue;
        }
        ek_resp_count(out, (char)p[0], ek_load32(p + 1));
        at += 5;
    }
    out->resp = was;
}
