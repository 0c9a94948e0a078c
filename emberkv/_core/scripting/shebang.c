#include "scripting/shebang.h"

static bool is_space(uint8_t ch) {
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

static int digit(uint8_t ch) {
    if (ch >= '0' && ch <= '9') return ch - '0';
    ch |= 32;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* What stands behind a backslash in double quotes; returns how many bytes of it. */
static size_t unescape(const uint8_t *p, size_t n, uint8_t *out) {
    static const char from[] = "nrtba", to[] = "\n\r\t\b\a";
    if (n >= 3 && p[0] == 'x' && digit(p[1]) >= 0 && digit(p[2]) >= 0) {
        *out = (uint8_t)(digit(p[1]) << 4 | digit(p[2]));
        return 3;
    }
    const char *known = p[0] ? strchr(from, p[0]) : NULL;
    *out = known ? (uint8_t)to[known - from] : p[0];
    return 1;
}

bool ek_shebang_word(ek_ctx *c, ek_str *line, ek_str *word) {
    const uint8_t *p = line->p, *end = line->p + line->n;
    while (p < end && is_space(*p)) p++;
    *word = (ek_str){NULL, 0};
    *line = (ek_str){p, (size_t)(end - p)};
    if (p == end) return true;
    uint8_t *out = ek_scratch_alloc(c, line->n), quote = 0;
    size_t n = 0;
    for (; p < end && (quote || !is_space(*p)); p++) {
        if (!quote && (*p == '"' || *p == '\'')) {
            quote = *p;
        } else if (quote == '"' && *p == '\\' && p + 1 < end) {
            p += unescape(p + 1, (size_t)(end - p - 1), &out[n++]);
        } else if (quote == '\'' && *p == '\\' && p + 1 < end && p[1] == '\'') {
            out[n++] = *++p;
        } else if (quote && *p == quote) {
            if (p + 1 < end && !is_space(p[1])) return false;
            quote = 0;
        } else {
            out[n++] = *p;
        }
    }
    if (quote) return false;
    *word = (ek_str){out, n};
    *line = (ek_str){p, (size_t)(end - p)};
    return true;
}

bool ek_shebang_split(ek_str code, ek_str *line, ek_str *body) {
    const uint8_t *end = ek_has_shebang(code) ? memchr(code.p, '\n', code.n) : NULL;
    if (!end) return false;
    *line = (ek_str){code.p + 2, (size_t)(end - code.p) - 2};
    *body = (ek_str){end, code.n - (size_t)(end - code.p)};
    return true;
}
