/* Numbers as text. What C's library does well it does here too, in the "C" locale; the common cases
 * (integers, short decimals) go without it, for it takes about half a microsecond a number. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strtod_l and strtold_l */
#endif
#include "base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* --- integers --- */

bool ek_parse_u64(const uint8_t *p, size_t n, uint64_t *out) {
    if (EK_UNLIKELY(n == 0 || n > 20)) return false;
    uint64_t v = (uint64_t)p[0] - '0';
    if (v > 9 || (v == 0 && n > 1)) return false;
    size_t safe = ek_min(n, 19);
    for (size_t i = 1; i < safe; i++) {
        unsigned d = (unsigned)p[i] - '0';
        if (d > 9) return false;
        v = v * 10 + d;
    }
    if (n == 20) {
        unsigned d = (unsigned)p[19] - '0';
        if (d > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) || __builtin_add_overflow(v, d, &v))
            return false;
    }
    *out = v;
    return true;
}

bool ek_parse_i64(const uint8_t *p, size_t n, int64_t *out) {
    uint64_t v;
    if (EK_LIKELY(n > 0 && p[0] != '-')) {
        if (!ek_parse_u64(p, n, &v) || v > INT64_MAX) return false;
        *out = (int64_t)v;
        return true;
    }
    if (n < 2 || !ek_parse_u64(p + 1, n - 1, &v) || v == 0 || v > (uint64_t)INT64_MAX + 1)
        return false;
    *out = (int64_t)(0 - v);
    return true;
}

static const char two_digits[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445"
    "46474849505152535455565758596061626364656667686970717273747576777879808182838485868788899091"
    "9293949596979899";

static size_t u64_chars(uint64_t v) {
    size_t n = 1;
    for (;;) {
        if (v < 10) return n;
        if (v < 100) return n + 1;
        if (v < 1000) return n + 2;
        if (v < 10000) return n + 3;
        v /= 10000;
        n += 4;
    }
}

size_t ek_i64_chars(int64_t v) {
    return v < 0 ? 1 + u64_chars(0 - (uint64_t)v) : u64_chars((uint64_t)v);
}

#define EIGHT_DIGITS 100000000u

/* Exactly eight digits. All are worked out at once: halves of four, of which pairs, of which digits. */
static void put_eight(char *out, uint32_t v) {
    uint64_t fours = v / 10000 | (uint64_t)(v % 10000) << 32;
    uint64_t hundreds = (fours * 10486) >> 20 & UINT64_C(0x7F0000007F);
    uint64_t pairs = (fours - 100 * hundreds) << 16 | hundreds;
    uint64_t tens = (pairs * 103) >> 10 & UINT64_C(0x000F000F000F000F);
    ek_store64(out, ((pairs - 10 * tens) << 8 | tens) + UINT64_C(0x3030303030303030));
}

EK_INLINE void put_two(char *out, uint32_t v) { memcpy(out, two_digits + v * 2, 2); }

EK_INLINE size_t put_one_or_two(char *out, uint32_t v) {
    if (v >= 10) {
        put_two(out, v);
        return 2;
    }
    out[0] = (char)('0' + v);
    return 1;
}

EK_INLINE size_t put_up_to_four(char *out, uint32_t v) {
    if (v < 100) return put_one_or_two(out, v);
    size_t n = put_one_or_two(out, v / 100);
    put_two(out + n, v % 100);
    return n + 2;
}

size_t ek_format_u64(char *out, uint64_t v) {
    if (v < 10000) return put_up_to_four(out, (uint32_t)v);
    if (v < EIGHT_DIGITS) {
        uint32_t low = (uint32_t)v % 10000;
        size_t n = put_up_to_four(out, (uint32_t)v / 10000);
        put_two(out + n, low / 100);
        put_two(out + n + 2, low % 100);
        return n + 4;
    }
    size_t n = ek_format_u64(out, v / EIGHT_DIGITS);
    put_eight(out + n, (uint32_t)(v % EIGHT_DIGITS));
    return n + 8;
}

size_t ek_format_i64(char *out, int64_t v) {
    if (v >= 0) return ek_format_u64(out, (uint64_t)v);
    out[0] = '-';
    return 1 + ek_format_u64(out + 1, 0 - (uint64_t)v);
}

/* --- powers of ten, in whole numbers --- */

#define TENS 20u

static const uint64_t tens[TENS] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

/* w / 10^k, w > 0, rounded once: the quotient in 63 bits or more, the lowest of which says too
 * whether anything is left behind it. */
static double over_tens(uint64_t w, unsigned k) {
    if (w <= (uint64_t)1 << 53) return (double)w / (double)tens[k]; /* both are exact */
    int up = __builtin_clzll(w), down = __builtin_clzll(tens[k]);
    unsigned __int128 dividend = (unsigned __int128)(w << up) << 63;
    uint64_t divisor = tens[k] << down, q = (uint64_t)(dividend / divisor);
    q |= (unsigned __int128)q * divisor != dividend;
    return ldexp((double)q, down - up - 63);
}

/* Doubles of this range times a power of ten below 10^20 are whole numbers of 128 bits and a
 * fraction, of which nothing is lost. */
#define SCALED_MIN 0x1p-9
#define SCALED_MAX 1e15

/* v * 10^k, v in the range, rounded half to even; it must be below 2^64. */
static uint64_t times_tens(double v, unsigned k) {
    int e;
    uint64_t m = (uint64_t)ldexp(frexp(v, &e), 53);
    unsigned shift = (unsigned)(53 - e); /* 3 to 61 */
    unsigned __int128 product = (unsigned __int128)m * tens[k];
    uint64_t q = (uint64_t)(product >> shift), half = (uint64_t)1 << (shift - 1);
    uint64_t rest = (uint64_t)product & (2 * half - 1);
    return q + (rest > half || (rest == half && q & 1));
}

/* n / 10^k: zeros at the end are left away, and a point with nothing behind it. */
static size_t format_over_tens(char *out, uint64_t n, unsigned k) {
    size_t len = ek_format_u64(out, n / tens[k]);
    uint64_t part = n % tens[k];
    if (part == 0) return len;
    for (; part % 10 == 0; k--) part /= 10;
    out[len] = '.';
    size_t at = len + k;
    for (; at > len + 1; at -= 2, part /= 100) memcpy(out + at - 1, two_digits + part % 100 * 2, 2);
    if (at > len) out[at] = (char)('0' + part);
    return len + k + 1;
}

/* How many digits there are to be behind the point, so that v has so many in all. */
static unsigned scale_for(double v, unsigned digits) {
    unsigned k = digits - 1;
    for (double one = 1; v >= one * 10; one *= 10) k--;
    for (double one = 1; v < one; one /= 10) k++;
    return k;
}

/* --- floats --- */

static locale_t c_locale(void) {
    static _Atomic(locale_t) made;
    locale_t l = atomic_load_explicit(&made, memory_order_acquire);
    if (EK_LIKELY(l != (locale_t)0)) return l;
    locale_t mine = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (atomic_compare_exchange_strong(&made, &l, mine)) return mine;
    freelocale(mine);
    return l;
}

static bool parse_short_decimal(const uint8_t *p, size_t n, double *out) {
    size_t i = 0, digits = 0, behind = 0;
    bool minus = false, point = false, any = false;
    if (n && (p[0] == '-' || p[0] == '+')) minus = p[i++] == '-';
    uint64_t v = 0;
    for (; i < n; i++) {
        unsigned d = (unsigned)p[i] - '0';
        if (d <= 9) {
            any = true;
            digits += digits || d; /* zeros in front are none */
            behind += point;
            if (digits == TENS) return false;
            v = v * 10 + d;
        } else if (p[i] == '.' && !point) {
            point = true;
        } else {
            return false;
        }
    }
    if (!any || behind >= TENS) return false;
    double d = v ? over_tens(v, (unsigned)behind) : 0;
    *out = minus ? -d : d;
    return true;
}

static bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool ek_parse_double(const uint8_t *p, size_t n, double *out) {
    if (parse_short_decimal(p, n, out)) return true;
    if (n == 0 || is_space(p[0])) return false;
    char small[256], *copy = n < sizeof small ? small : malloc(n + 1), *end;
    if (!copy) return false;
    memcpy(copy, p, n);
    copy[n] = 0;
    errno = 0;
    double v = strtod_l(copy, &end, c_locale());
    bool ok = end == copy + n && !isnan(v) && !(errno == ERANGE && (isinf(v) || v == 0));
    if (copy != small) free(copy);
    if (ok) *out = v;
    return ok;
}

size_t ek_parse_double_prefix(const char *p, double *out) {
    size_t n = strspn(p, "-.0123456789");
    if (!(p[n] && strchr("eExXiInN", p[n])) && parse_short_decimal((const uint8_t *)p, n, out))
        return n;
    char *end;
    *out = strtod_l(p, &end, c_locale());
    return (size_t)(end - p);
}

bool ek_parse_long_double(const uint8_t *p, size_t n, long double *out) {
    int64_t whole;
    if (ek_parse_i64(p, n, &whole)) {
        *out = (long double)whole;
        return true;
    }
    char copy[5120], *end;
    if (n == 0 || n >= sizeof copy || is_space(p[0])) return false;
    memcpy(copy, p, n);
    copy[n] = 0;
    errno = 0;
    long double v = strtold_l(copy, &end, c_locale());
    if (end != copy + n || isnan(v) || (errno == ERANGE && (isinf(v) || v == 0))) return false;
    *out = v;
    return true;
}

static size_t format_special(char *out, bool nan, bool minus) {
    const char *s = nan ? minus ? "-nan" : "nan" : minus ? "-inf" : "inf";
    size_t n = strlen(s);
    memcpy(out, s, n);
    return n;
}

static bool is_scaled(double u) { return u >= SCALED_MIN && u < SCALED_MAX; }

/* With so many digits, as the "%.*g" of C has it; v in the range, above 0. */
static size_t format_digits(char *out, double v, unsigned digits) {
    unsigned k = scale_for(v, digits);
    uint64_t n = times_tens(v, k);
    return format_over_tens(out, n, k);
}

size_t ek_format_double(char *out, double v) {
    if (EK_UNLIKELY(!isfinite(v))) return format_special(out, isnan(v), signbit(v));
    if (v > -1e17 && v < 1e17 && (double)(int64_t)v == v && !(v == 0 && signbit(v)))
        return ek_format_i64(out, (int64_t)v);
    double u = fabs(v);
    if (is_scaled(u)) {
        out[0] = '-';
        size_t sign = v < 0;
        double parts = u * 256; /* a few bits behind the point: eight digits say all of it */
        if (u < 0x1p28 && parts == (double)(uint64_t)parts)
            return sign + format_over_tens(out + sign, (uint64_t)parts * 390625, 8);
        return sign + format_digits(out + sign, u, 17);
    }
    char text[EK_DOUBLE_CHARS];
    locale_t before = uselocale(c_locale());
    size_t n = (size_t)snprintf(text, sizeof text, "%.17g", v);
    uselocale(before);
    memcpy(out, text, n);
    return n;
}

bool ek_is_printed_fraction(const uint8_t *p, size_t n, double *v) {
    const uint8_t *end = p + n;
    bool minus = p < end && *p == '-';
    p += minus;
    if (end - p < 3 || end - p > 16 || (p[0] == '0' && p[1] != '.')) return false;
    uint64_t digits = 0;
    const uint8_t *point = NULL;
    for (const uint8_t *at = p; at < end; at++) {
        unsigned d = (unsigned)*at - '0';
        if (d <= 9) digits = digits * 10 + d;
        else if (*at == '.' && at > p && !point) point = at;
        else return false;
    }
    if (!point) return false;
    size_t k = (size_t)(end - point) - 1;
    if (k == 0 || k > 4 || end[-1] == '0') return false;
    uint64_t fives = tens[k] >> k; /* a double holds it just when halves are all that is left */
    if (digits % fives != 0) return false;
    double u = (double)(digits / fives) / (double)(1u << k);
    *v = minus ? -u : u;
    return true;
}

size_t ek_format_shortest(char *out, double v) {
    double u = fabs(v);
    if (!is_scaled(u)) return 0;
    out[0] = '-';
    size_t sign = v < 0;
    for (unsigned digits = 15;; digits++) { /* 17 are always enough */
        unsigned k = scale_for(u, digits);
        uint64_t n = times_tens(u, k);
        if (digits == 17 || over_tens(n, k) == u) return sign + format_over_tens(out + sign, n, k);
    }
}

size_t ek_format_fixed(char *out, double v) {
    double u = fabs(v);
    if (!(u >= SCALED_MIN && u <= 184)) return ek_format_long_double(out, (long double)v);
    out[0] = '-';
    size_t sign = v < 0;
    return sign + format_over_tens(out + sign, times_tens(u, 17), 17);
}

size_t ek_format_long_double(char *out, long double v) {
    if (EK_UNLIKELY(!isfinite(v))) return format_special(out, isnan(v), signbit(v));
    if (v > -1e18L && v < 1e18L && (long double)(int64_t)v == v)
        return ek_format_i64(out, (int64_t)v);
    locale_t before = uselocale(c_locale());
    size_t n = (size_t)snprintf(out, EK_LONG_DOUBLE_CHARS, "%.17Lf", v);
    uselocale(before);
    while (out[n - 1] == '0') n--; /* stops at the point at the latest */
    if (out[n - 1] == '.') n--;
    if (n == 2 && out[0] == '-' && out[1] == '0') {
        out[0] = '0';
        n = 1;
    }
    return n;
}

double ek_as_printed(double v) {
    if (!(v > -1 && v < 1)) return v;
    char text[EK_LONG_DOUBLE_CHARS];
    size_t n = ek_format_fixed(text, v);
    double out = v;
    ek_parse_double((const uint8_t *)text, n, &out);
    return out;
}
