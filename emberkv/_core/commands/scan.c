/* SCAN and KEYS, and what the other scans share with them. */
#include "base/number.h"
#include "commands/keys.h"
#include "commands/scan_arg.h"
#include "commands/tables.h"
#include "engine/context.h"

enum { DEFAULT_COUNT = 10 };

/* As C reads an unsigned long: a sign is allowed, and no digits at all are 0. */
static bool parse_cursor(ek_str s, uint64_t *out) {
    uint64_t v = 0;
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    if (i && s.n == 1) return false;
    for (; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    *out = s.n && s.p[0] == '-' ? -v : v;
    return true;
}

bool ek_scan_cursor(ek_ctx *c, size_t i, uint64_t *out) {
    if (parse_cursor(c->argv[i], out)) return true;
    ek_reply_error(c->reply, "ERR invalid cursor");
    return false;
}

static bool parse_count(ek_ctx *c, size_t i, uint64_t *out) {
    int64_t n;
    if (!ek_arg_i64(c, i, &n)) return false;
    if (n < 1) {
        ek_reply_syntax_error(c);
        return false;
    }
    *out = (uint64_t)n;
    return true;
}

static bool parse_options(ek_ctx *c, size_t from, bool with_type, bool with_novalues,
                          ek_scan_args *out) {
    *out = (ek_scan_args){.count = DEFAULT_COUNT};
    for (size_t i = from; i < c->argc; i += 2) {
        bool more = i + 1 < c->argc;
        if (with_novalues && ek_arg_is(c, i, "novalues")) {
            out->novalues = true;
            i--;
        } else if (more && ek_arg_is(c, i, "count")) {
            if (!parse_count(c, i + 1, &out->count)) return false;
        } else if (more && ek_arg_is(c, i, "match")) {
            out->has_match = true;
            out->match = c->argv[i + 1];
        } else if (more && with_type && ek_arg_is(c, i, "type")) {
            out->has_type = true;
            out->type = c->argv[i + 1];
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    return true;
}

bool ek_scan_options(ek_ctx *c, size_t from, bool with_type, ek_scan_args *out) {
    return parse_options(c, from, with_type, false, out);
}

bool ek_scan_options_hash(ek_ctx *c, size_t from, ek_scan_args *out) {
    return parse_options(c, from, false, true, out);
}

void ek_scan_collect(void *arg, ek_ref item) {
    ek_scan_items *items = arg;
    if (items->n == items->cap) {
        size_t cap = items->cap ? 2 * items->cap : 64;
        ek_ref *refs = ek_scratch_alloc(items->c, cap * sizeof *refs);
        if (items->n) memcpy(refs, items->refs, items->n * sizeof *refs);
        items->refs = refs;
        items->cap = cap;
    }
    items->refs[items->n++] = item;
}

void ek_scan_reply_cursor(ek_ctx *c, uint64_t cursor) {
    char digits[24];
    ek_reply_array(c->reply, 2);
    ek_reply_bulk(c->reply, digits, ek_format_u64(digits, cursor));
}

void ek_scan_insert_cursor(ek_ctx *c, size_t at, uint64_t cursor) {
    uint8_t head[64];
    size_t end = c->reply->len;
    ek_scan_reply_cursor(c, cursor);
    size_t n = c->reply->len - end;
    memcpy(head, c->reply->buf + end, n);
    memmove(c->reply->buf + at + n, c->reply->buf + at, end - at);
    memcpy(c->reply->buf + at, head, n);
}

static bool lives(ek_ctx *c, ek_ref entry) {
    int64_t expire_ms = ek_entry_expire(c->a, entry);
    return expire_ms == EK_NO_EXPIRE || expire_ms > ek_now_ms(c);
}

static bool is_of_type(ek_ctx *c, ek_ref entry, ek_str type) {
    const ek_entry *e = ek_ptr(c->a, entry);
    return ek_str_is(type, ek_type_name((ek_type)(e->type_enc & 15)));
}

void ek_cmd_scan(ek_ctx *c) {
    uint64_t cursor;
    ek_scan_args args;
    if (!ek_scan_cursor(c, 1, &cursor) || !ek_scan_options(c, 2, true, &args)) return;
    ek_scan_items items = {.c = c};
    cursor = ek_table_scan(c->a, &c->db->keys, ek_entry_key, cursor, args.count, ek_scan_collect,
                           &items);
    ek_scan_reply_cursor(c, cursor);
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    for (size_t i = 0; i < items.n; i++) {
        ek_str key = ek_entry_key(c->a, items.refs[i]);
        if (!ek_scan_matches(&args, key) || !lives(c, items.refs[i]) ||
            (args.has_type && !is_of_type(c, items.refs[i], args.type)))
            continue;
        ek_reply_str(c->reply, key);
        n++;
    }
    ek_reply_close(c->reply, at, n);
}

typedef struct listing {
    ek_ctx *c;
    ek_str pattern;
    bool all;
    size_t n;
} listing;

static bool list_key(void *arg, ek_ref item) {
    listing *l = arg;
    ek_str key = ek_entry_key(l->c->a, item);
    if ((l->all || ek_glob_match(l->pattern, key, false)) && lives(l->c, item)) {
        ek_reply_str(l->c->reply, key);
        l->n++;
    }
    return true;
}

void ek_cmd_keys(ek_ctx *c) {
    listing l = {.c = c, .pattern = c->argv[1], .all = ek_str_is(c->argv[1], "*")};
    size_t at = ek_reply_open(c->reply, '*');
    ek_table_each(c->a, &c->db->keys, list_key, &l);
    ek_reply_close(c->reply, at, l.n);
}
