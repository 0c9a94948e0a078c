/* The parser of requests, given anything.
 *
 * The first byte seeds where the rest is cut. It is parsed whole, and in pieces that each lie in a
 * block of their own length, so that a sanitizer sees every read beyond: both must find the same
 * requests, the same error at the same place, and need no more bytes than there are.
 *
 * With libFuzzer: clang -fsanitize=fuzzer,address. Without: -DSTANDALONE, and a driver of mutations
 * of its own; arguments: how many rounds, a seed. */
#include <stdio.h>
#include <stdlib.h>

#include "net/parser.h"

#define MAX_BULK 4096

typedef struct trace {
    uint64_t digest;
    size_t requests;
    ek_parsed end;
    char error[EK_PARSER_ERROR_MAX];
} trace;

static void mix(trace *t, const uint8_t *p, size_t n) {
    t->digest = (t->digest ^ n) * 0x100000001b3u;
    for (size_t i = 0; i < n; i++) t->digest = (t->digest ^ p[i]) * 0x100000001b3u;
}

static void check(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void take(trace *t, const ek_parser *p, const uint8_t *buffer, size_t n) {
    check(p->at <= n, "a request ends behind the bytes that there are");
    check(p->argc > 0, "a request has a name");
    for (size_t i = 0; i < p->argc; i++) {
        check(p->argv[i].p >= buffer && p->argv[i].p + p->argv[i].n <= buffer + p->at,
              "an argument lies outside of its request");
        mix(t, p->argv[i].p, p->argv[i].n);
    }
    mix(t, NULL, 0);
    t->requests++;
}

/* Parse `size` bytes as they come, at most `step(cuts)` more each time. */
static trace parse(const uint8_t *data, size_t size, uint64_t cuts) {
    const ek_parser_limits limits = {.max_bulk = MAX_BULK, .authenticated = true};
    trace t = {.digest = 0xcbf29ce484222325u};
    ek_parser p = {0};
    uint8_t *buffer = NULL;
    size_t have = 0;
    ek_parser_next(&p);
    t.end = EK_PARSED_PARTIAL;
    while (size > 0 && t.end == EK_PARSED_PARTIAL) {
        size_t more = size;
        if (cuts) {
            cuts = cuts * 6364136223846793005u + 1442695040888963407u;
            more = ek_min(size, 1 + (cuts >> 33) % ((cuts >> 60) ? 9 : 700));
        }
        uint8_t *grown = malloc(have + more);
        if (have) memcpy(grown, buffer, have);
        memcpy(grown + have, data, more);
        ek_parser_moved(&p, buffer, grown);
        free(buffer);
        buffer = grown;
        have += more;
        data += more;
        size -= more;
        size_t done = 0;
        for (;;) {
            t.end = ek_parse(&p, buffer + done, have - done, &limits, t.error);
            if (t.end != EK_PARSED_REQUEST && t.end != EK_PARSED_NOTHING) break;
            if (t.end == EK_PARSED_REQUEST) take(&t, &p, buffer + done, have - done);
            done += p.at;
            ek_parser_next(&p);
        }
        if (t.end != EK_PARSED_PARTIAL) break;
        if (p.bulk >= 0)
            check(ek_parser_needs(&p) > have - done, "it has all that it needs, and waits");
        check(ek_parser_needs(&p) <= have - done + MAX_BULK + EK_INLINE_MAX, "it needs too much");
        uint8_t *rest = malloc(have - done ? have - done : 1);
        memcpy(rest, buffer + done, have - done);
        ek_parser_moved(&p, buffer + done, rest);
        free(buffer);
        buffer = rest;
        have -= done;
    }
    if (t.end != EK_PARSED_ERROR) t.error[0] = 0;
    free(buffer);
    free(p.argv);
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    uint64_t cuts = data[0] * 0x9e3779b97f4a7c15u + 1;
    trace whole = parse(data + 1, size - 1, 0), pieces = parse(data + 1, size - 1, cuts);
    check(whole.digest == pieces.digest && whole.requests == pieces.requests,
          "in pieces, other requests are found");
    check(whole.end == pieces.end && strcmp(whole.error, pieces.error) == 0,
          "in pieces, the end is another");
    return 0;
}

#ifdef STANDALONE

static const char *const pieces[] = {
    "*1\r\n$4\r\nPING\r\n", "*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n", "*3\r\n", "*0\r\n", "*-1\r\n", "$4\r\n",
    "$0\r\n\r\n", "$12\r\nhello\r\nworld\r\n", "PING\r\n", "SET a \"b c\"\r\n", "'x\\'y'", "\"\\x41\\n\"",
    "\r\n", "\n", "\r", "*", "$", "\"", "'", "\\", " ", "0", "9", "-", "2147483648", "4096", "4097",
};

static uint64_t state;

static uint32_t chance(uint32_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

static size_t make(uint8_t *out, size_t cap) {
    size_t n = 0, wanted = 1 + chance(24);
    out[n++] = (uint8_t)chance(256);
    while (wanted--) {
        const char *p = pieces[chance(EK_COUNTOF(pieces))];
        size_t size = strlen(p);
        if (chance(40) == 0) size = chance(2000);
        if (n + size > cap) break;
        if (size == strlen(p)) memcpy(out + n, p, size);
        else memset(out + n, "1xy\0\r*"[chance(6)], size);
        n += size;
    }
    for (uint32_t changes = chance(4); changes && n > 1; changes--)
        out[1 + chance((uint32_t)n - 1)] = (uint8_t)chance(256);
    return n;
}

int main(int argc, char **argv) {
    long rounds = argc > 1 ? atol(argv[1]) : 100000;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    static uint8_t input[80000];
    while (rounds--) LLVMFuzzerTestOneInput(input, make(input, sizeof input));
    return 0;
}

#endif
