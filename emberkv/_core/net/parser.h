/* Requests: from the bytes of a client to the arguments of commands.
 *
 *   multibulk   *3\r\n  $3\r\n SET \r\n  $1\r\n k \r\n  $1\r\n v \r\n
 *   inline      SET k "a value"\r\n
 *
 *   the request begins             at
 *   | parsed: argv points into it  | not looked at yet, or incomplete |
 *   buffer                                                             buffer + n
 *
 * Nothing is copied: arguments lie where they were read. A request that comes in pieces is parsed in
 * pieces: the parser remembers how far it got, and no byte of an argument is looked at twice. When
 * the bytes move (a buffer grew, the rest was kept elsewhere), ek_parser_moved says so.
 * An inline request is unquoted in place, once it is whole.
 *
 * Owner: a connection. No lock, no memory of its own but argv. */
#ifndef EK_NET_PARSER_H
#define EK_NET_PARSER_H

#include "base/base.h"

typedef struct ek_parser {
    size_t at;    /* from the beginning of the request: where it goes on */
    int64_t left; /* arguments still to come; 0: at the beginning */
    int64_t bulk; /* length of the argument whose bytes are due; -1: its length is */
    size_t argc, cap;
    ek_str *argv; /* malloc; may be lent, see ek_parser_lend */
} ek_parser;

typedef struct ek_parser_limits {
    int64_t max_bulk;
    bool authenticated; /* whoever is not may send little */
} ek_parser_limits;

typedef enum ek_parsed {
    EK_PARSED_REQUEST, /* argv is complete; the next request begins at `at` */
    EK_PARSED_NOTHING, /* an empty request, up to `at` */
    EK_PARSED_PARTIAL, /* more bytes are needed */
    EK_PARSED_ERROR,   /* error[] says what is wrong, without "Protocol error: " */
    EK_PARSED_NOMEM,
} ek_parsed;

#define EK_PARSER_ERROR_MAX 64
#define EK_INLINE_MAX 65536u /* bytes of an inline request, and of a line with a number */

/* Go on with the request whose n bytes so far are at `buffer`. After REQUEST or NOTHING: begin the
 * next with ek_parser_next. */
ek_parsed ek_parse(ek_parser *p, uint8_t *buffer, size_t n, const ek_parser_limits *limits,
                   char error[EK_PARSER_ERROR_MAX]);

EK_INLINE void ek_parser_next(ek_parser *p) {
    p->at = 0;
    p->left = 0;
    p->bulk = -1;
    p->argc = 0;
}

/* The bytes of the request lie at `to` now, no longer at `from`. */
void ek_parser_moved(ek_parser *p, const uint8_t *from, const uint8_t *to);

/* How many bytes the request has at least, as far as its headers tell. */
EK_INLINE size_t ek_parser_needs(const ek_parser *p) {
    return p->bulk < 0 ? p->at + 1 : p->at + (size_t)p->bulk + 2;
}

#endif
