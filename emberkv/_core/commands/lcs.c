/* LCS: the longest common subsequence of two strings, its length, or where it matches. */
#include "engine/context.h"
#include "store/string.h"

typedef struct match_options {
    bool len, idx, with_len;
    int64_t min_len;
} match_options;

static bool parse(ek_ctx *c, match_options *o) {
    *o = (match_options){0};
    for (size_t i = 3; i < c->argc; i++) {
        if (ek_arg_is(c, i, "idx")) {
            o->idx = true;
        } else if (ek_arg_is(c, i, "len")) {
            o->len = true;
        } else if (ek_arg_is(c, i, "withmatchlen")) {
            o->with_len = true;
        } else if (ek_arg_is(c, i, "minmatchlen") && i + 1 < c->argc) {
            if (!ek_arg_i64(c, ++i, &o->min_len)) return false;
            if (o->min_len < 0) o->min_len = 0;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    if (o->idx && o->len) {
        ek_reply_error(c->reply,
                       "ERR If you want both the length and indexes, please just use IDX.");
        return false;
    }
    return true;
}

static bool text_of(ek_ctx *c, ek_str key, char digits[24], ek_str *out) {
    ek_value v;
    *out = (ek_str){(const uint8_t *)"", 0};
    if (!ek_lookup(c, key, &v)) return true;
    if (v.type != EK_STRING) {
        ek_reply_error(c->reply, "ERR The specified keys must contain string values");
        return false;
    }
    *out = ek_string_text(&v, digits);
    return true;
}

static void reply_match(ek_ctx *c, const match_options *o, size_t a_from, size_t b_from, size_t n) {
    ek_reply_array(c->reply, 2 + o->with_len);
    ek_reply_array(c->reply, 2);
    ek_reply_int(c->reply, (int64_t)a_from);
    ek_reply_int(c->reply, (int64_t)(a_from + n - 1));
    ek_reply_array(c->reply, 2);
    ek_reply_int(c->reply, (int64_t)b_from);
    ek_reply_int(c->reply, (int64_t)(b_from + n - 1));
    if (o->with_len) ek_reply_int(c->reply, (int64_t)n);
}

void ek_cmd_lcs(ek_ctx *c) {
    match_options o;
    char a_digits[24], b_digits[24];
    ek_str a, b;
    if (!text_of(c, c->argv[1], a_digits, &a) || !text_of(c, c->argv[2], b_digits, &b)) return;
    if (!parse(c, &o)) return;
    size_t width = b.n + 1;
    if (a.n >= UINT32_MAX - 1 || b.n >= UINT32_MAX - 1 || (a.n + 1) > SIZE_MAX / 4 / width) {
        ek_reply_error(c->reply, "ERR String too long for LCS");
        return;
    }
    /* length[i * width + j]: of the subsequence of the first i and the first j bytes */
    uint32_t *length = ek_scratch_alloc(c, (a.n + 1) * width * sizeof *length);
    for (size_t i = 0; i <= a.n; i++)
        for (size_t j = 0; j <= b.n; j++) {
            uint32_t *at = &length[i * width + j];
            if (i == 0 || j == 0) *at = 0;
            else if (a.p[i - 1] == b.p[j - 1]) *at = at[-(ptrdiff_t)width - 1] + 1;
            else *at = at[-1] > at[-(ptrdiff_t)width] ? at[-1] : at[-(ptrdiff_t)width];
        }
    uint32_t total = length[a.n * width + b.n], left = total;
    if (o.len) {
        ek_reply_int(c->reply, total);
        return;
    }
    uint8_t *text = o.idx ? NULL : ek_scratch_alloc(c, total + 1);
    size_t matches = 0, list = 0;
    if (o.idx) {
        ek_reply_map(c->reply, 2);
        ek_reply_cstr(c->reply, "matches");
        list = ek_reply_open(c->reply, '*');
    }
    size_t i = a.n, j = b.n;
    while (i > 0 && j > 0) {
        if (a.p[i - 1] != b.p[j - 1]) {
            if (length[(i - 1) * width + j] > length[i * width + j - 1]) i--;
            else j--;
            continue;
        }
        size_t run = 0;
        do {
            i--, j--, run++;
            if (text) text[--left] = a.p[i];
        } while (i > 0 && j > 0 && a.p[i - 1] == b.p[j - 1]);
        if (o.idx && (int64_t)run >= o.min_len) {
            reply_match(c, &o, i, j, run);
            matches++;
        }
    }
    if (!o.idx) {
        ek_reply_bulk(c->reply, text, total);
        return;
    }
    ek_reply_close(c->reply, list, matches);
    ek_reply_cstr(c->reply, "len");
    ek_reply_int(c->reply, total);
}
