/* Glob matching: only the last star seen can take more bytes, so one place to come back to is
 * enough, and the work is bounded by the product of the lengths. */
#include "base/glob.h"

static uint8_t fold(uint8_t c, bool nocase) {
    return nocase && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Matches one byte against the class that begins after the bracket; *at moves to after its end. */
static bool match_class(ek_str p, size_t *at, uint8_t c, bool nocase) {
    size_t i = *at;
    bool negated = i < p.n && p.p[i] == '^', found = false;
    if (negated)
        i++;
    for (; i < p.n && p.p[i] != ']'; i++) {
        if (p.p[i] == '\\' && i + 1 < p.n) {
            i++;
            found |= p.p[i] == c;
        } else if (i + 2 < p.n && p.p[i + 1] == '-') {
            uint8_t lo = fold(p.p[i], nocase), hi = fold(p.p[i + 2], nocase);
            uint8_t x = fold(c, nocase);
            found |= lo <= hi ? lo <= x && x <= hi : hi <= x && x <= lo;
            i += 2;
        } else {
            found |= fold(p.p[i], nocase) == fold(c, nocase);
        }
    }
    *at = i < p.n ? i + 1 : i;
    return found != negated;
}

/* Matches one byte against what stands at *at, which is not a star, and moves past it. */
static bool match_one(ek_str p, size_t *at, uint8_t c, bool nocase) {
    uint8_t x = p.p[(*at)++];
    if (x == '?')
        return true;
    if (x == '[')
        return match_class(p, at, c, nocase);
    if (x == '\\' && *at < p.n)
        x = p.p[(*at)++];
    return fold(x, nocase) == fold(c, nocase);
}

bool ek_glob_match(ek_str p, ek_str s, bool nocase) {
    if (s.n == 0) /* as the servers have it: only these two patterns match nothing */
        return p.n == 0 || (p.n == 1 && p.p[0] == '*');
    size_t pi = 0, si = 0, star = SIZE_MAX, resume = 0;
    while (si < s.n) {
        if (pi < p.n && p.p[pi] == '*') {
            star = ++pi;
            resume = si;
            if (star == p.n)
                return true;
        } else if (pi < p.n && match_one(p, &pi, s.p[si], nocase)) {
            si++;
        } else if (star != SIZE_MAX) {
            pi = star;
            si = ++resume;
        } else {
            return false;
        }
    }
    while (pi < p.n && p.p[pi] == '*')
        pi++;
    return pi == p.n;
}
