/* Numbers as text, in the way of Redis: what it accepts as an argument and what it prints. None of
 * this depends on the process's locale. No lock: everything works on the caller's memory. */
#ifndef EK_BASE_NUMBER_H
#define EK_BASE_NUMBER_H

#include "base/base.h"

#define EK_I64_CHARS 20           /* "-9223372036854775808" */
#define EK_DOUBLE_CHARS 32        /* "-1.2345678901234567e-308" */
#define EK_LONG_DOUBLE_CHARS 5120 /* 4,933 digits, the point, 17 more */

/* The one way to write an integer: digits, perhaps behind a minus; no plus, no spaces, no leading
 * zeros, no "-0". So a string that parses is what its value prints as. */
bool ek_parse_i64(const uint8_t *p, size_t n, int64_t *out);
bool ek_parse_u64(const uint8_t *p, size_t n, uint64_t *out);

/* A float in C's notation (decimal, hexadecimal, inf, infinity), all of the string, no NaN. What is
 * too large or too small for the type is refused; infinity by name is not. */
bool ek_parse_double(const uint8_t *p, size_t n, double *out);
/* The number that a text with a zero byte behind it begins with, as C's strtod has it, whatever the locale;
 * returns its length, 0 if there is none. */
size_t ek_parse_double_prefix(const char *p, double *out);
bool ek_parse_long_double(const uint8_t *p, size_t n, long double *out); /* n < 5,120 */

/* Write the number at `out`, without a zero byte behind it; returns its length. */
size_t ek_format_i64(char *out, int64_t v);
size_t ek_format_u64(char *out, uint64_t v);
/* Is it, at a glance, just what ek_format_double prints of some double? That has a fraction of four
 * digits at most then, and is told. */
bool ek_is_printed_fraction(const uint8_t *p, size_t n, double *v);
size_t ek_format_double(char *out, double v); /* 17 significant digits; inf, -inf, nan, -nan */
/* The fewest digits that mean this very double; 0: it is not of those that this prints (from a
 * 512th to 10^15). A whole number has no point. */
size_t ek_format_shortest(char *out, double v);
/* Without an exponent, at most 17 digits behind the point, no zeros at the end, no "-0". */
size_t ek_format_long_double(char *out, long double v);
size_t ek_format_fixed(char *out, double v); /* the same of a double; quick from a 512th to 184 */

/* What is read from the digits that ek_format_long_double prints of a double: near 0 they are fewer
 * than it has. */
double ek_as_printed(double v);

/* How many characters an integer prints as. */
size_t ek_i64_chars(int64_t v);

#endif
