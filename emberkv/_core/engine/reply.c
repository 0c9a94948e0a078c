#include "engine/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "engine/resp.h"

#define TAPE_HEADER 5u /* a tag and a length */

EK_NOINLINE void ek_reply_grow(ek_reply *r, size_t need) {
    size_t cap = r->cap ? r->cap * 2 : 256;
    while (cap < r->len + need) cap *= 2;
    uint8_t *buf = realloc(r->buf, cap);
    if (!buf) ek_raise(r->a, EK_ENOMEM);
    r->buf = buf;
    r->cap = cap;
}

static void put_tag(ek_reply *r, char tag) { *ek_reply_extend(r, 1) = (uint8_t)tag; }

static void put_count(ek_reply *r, char tag, size_t n) {
    if (r->resp) {
        ek_resp_count(r, tag, n);
        return;
    }
    uint8_t *p = ek_reply_extend(r, 5);
    p[0] = (uint8_t)tag;
    ek_store32(p + 1, (uint32_t)n);
}

static void put_bytes(ek_reply *r, char tag, const void *from, size_t n) {
    if (r->resp) {
        if (tag == '$' || (tag == '(' && r->resp < 3)) ek_resp_bulk(r, from, n);
        else ek_resp_line(r, tag, from, n);
        return;
    }
    uint8_t *p = ek_reply_extend(r, 5 + n);
    p[0] = (uint8_t)tag;
    ek_store32(p + 1, (uint32_t)n);
    if (n) ek_copy(p + 5, from, n);
}

void ek_reply_null(ek_reply *r) {
    if (r->resp) ek_resp_null(r, false);
    else put_tag(r, 'n');
}

void ek_reply_null_array(ek_reply *r) {
    if (r->resp) ek_resp_null(r, true);
    else put_tag(r, 'N');
}

void ek_reply_bool(ek_reply *r, bool v) {
    if (r->resp) ek_resp_bool(r, v);
    else put_tag(r, v ? 't' : 'f');
}

void ek_reply_int(ek_reply *r, int64_t v) {
    if (r->resp) {
        ek_resp_int(r, v);
        return;
    }
    uint8_t *p = ek_reply_extend(r, 9);
    p[0] = 'i';
    ek_store64(p + 1, (uint64_t)v);
}

void ek_reply_double(ek_reply *r, double v) {
    if (r->resp) {
        ek_resp_double(r, v);
        return;
    }
    uint8_t *p = ek_reply_extend(r, 9);
    p[0] = 'd';
    memcpy(p + 1, &v, sizeof v);
}

void ek_reply_fixed_double(ek_reply *r, double v) {
    if (r->resp) {
        ek_resp_fixed_double(r, v);
        return;
    }
    uint8_t *p = ek_reply_extend(r, 9);
    p[0] = 'h';
    memcpy(p + 1, &v, sizeof v);
}

void ek_reply_bulk(ek_reply *r, const void *p, size_t n) { put_bytes(r, '$', p, n); }
void ek_reply_str(ek_reply *r, ek_str s) { put_bytes(r, '$', s.p, s.n); }
void ek_reply_cstr(ek_reply *r, const char *s) { put_bytes(r, '$', s, strlen(s)); }

void ek_reply_bulk_int(ek_reply *r, int64_t v) {
    ek_reply_text_end(r, ek_format_i64(ek_reply_text(r), v));
}

char *ek_reply_text(ek_reply *r) {
    return (char *)ek_reply_room(r, TAPE_HEADER + EK_REPLY_TEXT) + TAPE_HEADER;
}

void ek_reply_text_end(ek_reply *r, size_t n) {
    uint8_t *p = r->buf + r->len;
    if (r->resp) {
        ek_resp_text_end(r, TAPE_HEADER, n);
        return;
    }
    p[0] = '$';
    ek_store32(p + 1, (uint32_t)n);
    r->len += TAPE_HEADER + n;
}

void ek_reply_verbatim(ek_reply *r, const char *format3, const void *text, size_t n) {
    if (r->resp) {
        ek_resp_verbatim(r, format3, text, n);
        return;
    }
    uint8_t *p = ek_reply_extend(r, 5 + 4 + n);
    p[0] = '=';
    ek_store32(p + 1, (uint32_t)(4 + n));
    memcpy(p + 5, format3, 3);
    p[8] = ':';
    memcpy(p + 9, text, n);
}

void ek_reply_status(ek_reply *r, const char *s) { put_bytes(r, '+', s, strlen(s)); }
void ek_reply_ok(ek_reply *r) { put_bytes(r, '+', "OK", 2); }

void ek_reply_error(ek_reply *r, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t len = ek_min((size_t)(n < 0 ? 0 : n), sizeof text - 1);
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\r' || text[i] == '\n') text[i] = ' ';
    put_bytes(r, '-', text, len);
}

static void put_line(ek_reply *r, char tag, const void *p, size_t n) {
    put_bytes(r, tag, p, n);
    uint8_t *end = r->buf + r->len - (r->resp ? 2 : 0);
    for (uint8_t *at = end - n; at < end; at++)
        if (*at == '\r' || *at == '\n') *at = ' ';
}

void ek_reply_error_bytes(ek_reply *r, const void *p, size_t n) { put_line(r, '-', p, n); }
void ek_reply_status_bytes(ek_reply *r, const void *p, size_t n) { put_line(r, '+', p, n); }

void ek_reply_bignum(ek_reply *r, const char *digits) { put_bytes(r, '(', digits, strlen(digits)); }

void ek_reply_array(ek_reply *r, size_t n) { put_count(r, '*', n); }
void ek_reply_map(ek_reply *r, size_t pairs) { put_count(r, '%', pairs); }
void ek_reply_set(ek_reply *r, size_t n) { put_count(r, '~', n); }
void ek_reply_push(ek_reply *r, size_t n) { put_count(r, '>', n); }
void ek_reply_attribute(ek_reply *r, size_t pairs) { put_count(r, '|', pairs); }

size_t ek_reply_open(ek_reply *r, char kind) {
    size_t at = r->len;
    if (r->resp) ek_resp_open(r, kind);
    else put_count(r, kind, 0);
    return at;
}

void ek_reply_close(ek_reply *r, size_t at, size_t n) {
    if (r->resp) ek_resp_close(r, at, n);
    else ek_store32(r->buf + at + 1, (uint32_t)n);
}

void ek_reply_raw(ek_reply *r, const void *tape, size_t n) {
    if (r->resp) {
        ek_reply piece = {.buf = (uint8_t *)tape, .len = n};
        ek_resp_render(&piece, 0, r->resp, r);
        return;
    }
    if (n) memcpy(ek_reply_extend(r, n), tape, n);
}

void ek_reply_free(ek_reply *r) {
    free(r->buf);
    r->buf = NULL;
    r->len = r->cap = 0;
}
