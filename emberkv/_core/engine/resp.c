/* The tape of a reply as bytes of the protocol. The contract stands in reply.h. */
#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "engine/reply.h"

static uint8_t *extend(ek_reply *out, size_t n) {
    if (out->cap - out->len < n) {
        size_t cap = out->cap ? out->cap * 2 : 512;
        while (cap < out->len + n) cap *= 2;
        uint8_t *buf = realloc(out->buf, cap);
        if (!buf) ek_raise(out->a, EK_ENOMEM);
        out->buf = buf;
        out->cap = cap;
    }
    uint8_t *p = out->buf + out->len;
    out->len += n;
    return p;
}

static void raw(ek_reply *out, const void *p, size_t n) {
    if (n) memcpy(extend(out, n), p, n);
}

static void line(ek_reply *out, char tag, int64_t v) {
    char text[32];
    text[0] = tag;
    size_t n = 1 + ek_format_i64(text + 1, v);
    text[n++] = '\r';
    text[n++] = '\n';
    raw(out, text, n);
}

static void bulk(ek_reply *out, char tag, const uint8_t *p, size_t n) {
    line(out, tag, (int64_t)n);
    raw(out, p, n);
    raw(out, "\r\n", 2);
}

static void number(ek_reply *out, double v, int resp) {
    char text[64];
    size_t n = isnan(v) ? (memcpy(text, "nan", 3), 3) : ek_format_double(text, v);
    if (resp < 3) {
        bulk(out, '$', (const uint8_t *)text, n);
        return;
    }
    raw(out, ",", 1);
    raw(out, text, n);
    raw(out, "\r\n", 2);
}

static void text(ek_reply *out, char tag, const uint8_t *p, size_t n) {
    raw(out, &tag, 1);
    raw(out, p, n);
    raw(out, "\r\n", 2);
}

/* One element that is not an aggregate; returns its length on the tape. */
static size_t scalar(const uint8_t *p, int resp, ek_reply *out) {
    size_t n = p[0] == '$' || p[0] == '+' || p[0] == '-' || p[0] == '=' ? ek_load32(p + 1) : 0;
    double d;
    switch (p[0]) {
    case 'n': raw(out, resp < 3 ? "$-1\r\n" : "_\r\n", resp < 3 ? 5 : 3); return 1;
    case 'N': raw(out, resp < 3 ? "*-1\r\n" : "_\r\n", resp < 3 ? 5 : 3); return 1;
    case 't':
    case 'f':
        if (resp < 3) line(out, ':', p[0] == 't');
        else text(out, '#', p, 1);
        return 1;
    case 'i': line(out, ':', (int64_t)ek_load64(p + 1)); return 9;
    case 'd':
        memcpy(&d, p + 1, sizeof d);
        number(out, d, resp);
        return 9;
    case '$': bulk(out, '$', p + 5, n); return 5 + n;
    case '=':
        if (resp < 3) bulk(out, '$', p + 9, n - 4);
        else bulk(out, '=', p + 5, n);
        return 5 + n;
    default: text(out, (char)p[0], p + 5, n); return 5 + n;
    }
}

/* The tape is in reading order, as RESP is: no recursion is needed, only the counts differ. */
void ek_resp_render(const ek_reply *tape, size_t at, int resp, ek_reply *out) {
    while (at < tape->len) {
        const uint8_t *p = tape->buf + at;
        if (p[0] != '*' && p[0] != '%' && p[0] != '~' && p[0] != '>') {
            at += scalar(p, resp, out);
            continue;
        }
        int64_t n = ek_load32(p + 1);
        if (resp >= 3) line(out, (char)p[0], n);
        else line(out, '*', p[0] == '%' ? 2 * n : n);
        at += 5;
    }
}
