#include "net/parser.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"

#define FIRST_ARGS 16
#define UNAUTHENTICATED_ARGS 10
#define UNAUTHENTICATED_BULK 16384

static ek_parsed fail(char *error, const char *text) {
    snprintf(error, EK_PARSER_ERROR_MAX, "%s", text);
    return EK_PARSED_ERROR;
}

static bool grow(ek_parser *p) {
    size_t cap = p->cap ? p->cap * 2 : FIRST_ARGS;
    ek_str *argv = realloc(p->argv, cap * sizeof *argv);
    if (!argv) return false;
    p->argv = argv;
    p->cap = cap;
    return true;
}

EK_INLINE bool add(ek_parser *p, const uint8_t *arg, size_t n) {
    if (EK_UNLIKELY(p->argc == p->cap) && !grow(p)) return false;
    p->argv[p->argc++] = (ek_str){arg, n};
    return true;
}

void ek_parser_moved(ek_parser *p, const uint8_t *from, const uint8_t *to) {
    for (size_t i = 0; i < p->argc; i++) p->argv[i].p = to + (p->argv[i].p - from);
}

/* The byte `what`, but none behind a zero byte: a server that reads lines as text sees no further. */
static const uint8_t *find_in_text(const uint8_t *p, size_t n, int what) {
    const uint8_t *found = memchr(p, what, n);
    if (found && memchr(p, 0, (size_t)(found - p))) return NULL;
    return found;
}

/* A line of a header that begins at `at`: its number, and `at` behind the line. */
static ek_parsed header(ek_parser *p, const uint8_t *buffer, size_t n, int64_t *value,
                        const char *too_big, const char *invalid, char *error) {
    const uint8_t *line = buffer + p->at + 1;
    size_t left = n - p->at - 1;
    /* Up to three digits, as nearly all numbers here have. */
    if (EK_LIKELY(left >= 5)) {
        int64_t v = 0;
        size_t i = 0;
        while (i < 3 && (unsigned)(line[i] - '0') < 10) v = v * 10 + (line[i++] - '0');
        if (EK_LIKELY(i > 0 && line[i] == '\r' && (line[0] != '0' || i == 1))) {
            *value = v;
            p->at += i + 3;
            return EK_PARSED_REQUEST;
        }
    }
    const uint8_t *end = find_in_text(line - 1, left + 1, '\r');
    if (!end) return left + 1 > EK_INLINE_MAX ? fail(error, too_big) : EK_PARSED_PARTIAL;
    if (end + 2 > buffer + n) return EK_PARSED_PARTIAL;
    if (end < line || !ek_parse_i64(line, (size_t)(end - line), value))
        return fail(error, invalid);
    p->at = (size_t)(end - buffer) + 2;
    return EK_PARSED_REQUEST;
}

static ek_parsed begin(ek_parser *p, const uint8_t *buffer, size_t n,
                       const ek_parser_limits *limits, char *error) {
    static const char invalid[] = "invalid multibulk length";
    int64_t count = 0;
    ek_parsed got = header(p, buffer, n, &count, "too big mbulk count string", invalid, error);
    if (got != EK_PARSED_REQUEST) return got;
    if (count > INT32_MAX) return fail(error, invalid);
    if (count > UNAUTHENTICATED_ARGS && !limits->authenticated)
        return fail(error, "unauthenticated multibulk length");
    if (count <= 0) return EK_PARSED_NOTHING;
    p->left = count;
    return EK_PARSED_REQUEST;
}

static ek_parsed begin_bulk(ek_parser *p, const uint8_t *buffer, size_t n,
                            const ek_parser_limits *limits, char *error) {
    static const char invalid[] = "invalid bulk length";
    if (p->at >= n) return EK_PARSED_PARTIAL;
    if (EK_UNLIKELY(buffer[p->at] != '$')) {
        /* Whether the line is whole comes first. */
        const uint8_t *end = find_in_text(buffer + p->at, n - p->at, '\r');
        if (!end && n - p->at > EK_INLINE_MAX) return fail(error, "too big bulk count string");
        if (!end || end + 2 > buffer + n) return EK_PARSED_PARTIAL;
        char text[] = "expected '$', got '?'";
        text[sizeof text - 3] = (char)buffer[p->at];
        memcpy(error, text, sizeof text);
        return EK_PARSED_ERROR;
    }
    int64_t size = 0;
    ek_parsed got = header(p, buffer, n, &size, "too big bulk count string", invalid, error);
    if (got != EK_PARSED_REQUEST) return got;
    if (size < 0 || size > limits->max_bulk) return fail(error, invalid);
    if (size > UNAUTHENTICATED_BULK && !limits->authenticated)
        return fail(error, "unauthenticated bulk length");
    p->bulk = size;
    return EK_PARSED_REQUEST;
}

static ek_parsed parse_multibulk(ek_parser *p, const uint8_t *buffer, size_t n,
                                 const ek_parser_limits *limits, char *error) {
    ek_parsed got;
    if (p->left == 0) {
        got = begin(p, buffer, n, limits, error);
        if (got != EK_PARSED_REQUEST) return got;
    }
    while (p->left > 0) {
        if (p->bulk < 0) {
            got = begin_bulk(p, buffer, n, limits, error);
            if (got != EK_PARSED_REQUEST) return got;
        }
        /* The two bytes behind an argument are skipped, whatever they are. */
        if (n < p->at + (size_t)p->bulk + 2) return EK_PARSED_PARTIAL;
        if (!add(p, buffer + p->at, (size_t)p->bulk)) return EK_PARSED_NOMEM;
        p->at += (size_t)p->bulk + 2;
        p->bulk = -1;
        p->left--;
    }
    return EK_PARSED_REQUEST;
}

/* --- inline requests --- */

static bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* What ends a word without quotes: fewer characters than what may stand between words. */
static bool ends_word(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static int hex(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint8_t unescape(uint8_t c) {
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
    }
}

/* What one word is, written over it: never longer than it was. NULL: its quotes do not match. */
static uint8_t *read_word(uint8_t *from, const uint8_t *end, uint8_t **out) {
    uint8_t *to = *out;
    uint8_t quote = 0;
    for (;; from++) {
        if (from == end) {
            if (quote) return NULL;
            break;
        }
        uint8_t c = *from;
        if (!quote) {
            if (ends_word(c)) break;
            if (c == '"' || c == '\'') quote = c;
            else *to++ = c;
        } else if (quote == '"' && c == '\\' && end - from > 3 && from[1] == 'x' &&
                   hex(from[2]) >= 0 && hex(from[3]) >= 0) {
            *to++ = (uint8_t)(hex(from[2]) * 16 + hex(from[3]));
            from += 3;
        } else if (quote == '"' && c == '\\' && end - from > 1) {
            *to++ = unescape(*++from);
        } else if (quote == '\'' && c == '\\' && end - from > 1 && from[1] == '\'') {
            *to++ = *++from;
        } else if (c == quote) {
            if (from + 1 < end && !is_space(from[1])) return NULL;
            from++;
            break;
        } else {
            *to++ = c;
        }
    }
    *out = to;
    return from;
}

static ek_parsed parse_inline(ek_parser *p, uint8_t *buffer, size_t n, char *error) {
    const uint8_t *newline = find_in_text(buffer, n, '\n');
    if (!newline)
        return n > EK_INLINE_MAX ? fail(error, "too big inline request") : EK_PARSED_PARTIAL;
    p->at = (size_t)(newline - buffer) + 1;
    const uint8_t *end = newline > buffer && newline[-1] == '\r' ? newline - 1 : newline;
    uint8_t *from = buffer;
    for (;;) {
        while (from < end && is_space(*from)) from++;
        if (from == end) return p->argc ? EK_PARSED_REQUEST : EK_PARSED_NOTHING;
        uint8_t *word = from, *to = from;
        from = read_word(from, end, &to);
        if (!from) return fail(error, "unbalanced quotes in request");
        if (!add(p, word, (size_t)(to - word))) return EK_PARSED_NOMEM;
    }
}

ek_parsed ek_parse(ek_parser *p, uint8_t *buffer, size_t n, const ek_parser_limits *limits,
                   char error[EK_PARSER_ERROR_MAX]) {
    if (n == 0) return EK_PARSED_PARTIAL;
    if (EK_LIKELY(buffer[0] == '*')) return parse_multibulk(p, buffer, n, limits, error);
    return parse_inline(p, buffer, n, error);
}
