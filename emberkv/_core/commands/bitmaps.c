/* Bitmaps: bits, counts and fields within strings. */
#include "data/bitmap.h"

#include "engine/context.h"
#include "store/string.h"

/* --- arguments --- */

static bool refuse_offset(ek_ctx *c) {
    ek_reply_error(c->reply, "ERR bit offset is not an integer or out of range");
    return false;
}

/* An offset in bits; with `unit`, "#n" stands for the n-th field of that many. */
static bool arg_offset(ek_ctx *c, size_t i, unsigned unit, uint64_t *out) {
    ek_str s = c->argv[i];
    int64_t offset;
    bool in_units = unit && s.n && s.p[0] == '#';
    if (in_units) s = (ek_str){s.p + 1, s.n - 1};
    if (!ek_parse_i64(s.p, s.n, &offset)) return refuse_offset(c);
    if (in_units) offset = (int64_t)((uint64_t)offset * unit); /* wraps as the server's does */
    if (offset < 0 || offset >> 3 >= c->s->root->config.proto_max_bulk_len ||
        offset >> 3 > UINT32_MAX - 16)
        return refuse_offset(c);
    *out = (uint64_t)offset;
    return true;
}

/* --- single bits --- */

void ek_cmd_setbit(ek_ctx *c) {
    uint64_t offset;
    int64_t bit;
    if (!arg_offset(c, 2, 0, &offset) ||
        !ek_arg_range(c, 3, 0, 1, &bit, "bit is not an integer or out of range"))
        return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    size_t at = (size_t)(offset >> 3), old = found == EK_FOUND ? ek_string_len(&v) : 0;
    ek_string_widen(c->s, c->db, &v, at + 1);
    bool was = ek_bitmap_get(v.data, offset);
    if (was != bit) *ek_value_overwrite(c->s, &v, at, 1) ^= (uint8_t)(128 >> (offset & 7));
    if (was != bit || at >= old) ek_key_changed(c, c->argv[1], EK_EVENT_STRING, "setbit");
    ek_reply_int(c->reply, was);
}

void ek_cmd_getbit(ek_ctx *c) {
    uint64_t offset;
    if (!arg_offset(c, 2, 0, &offset)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    char digits[24];
    ek_str s = found == EK_FOUND ? ek_string_text(&v, digits) : (ek_str){NULL, 0};
    ek_reply_int(c->reply, offset >> 3 < s.n && ek_bitmap_get(s.p, offset));
}

/* --- ranges --- */

/* The bits of a string that "start" and "end", counted in bytes or bits and from either side, name;
 * false: there are none. */
static bool range_bits(size_t bytes, int64_t start, int64_t end, bool in_bits, uint64_t *first,
                       uint64_t *last) {
    int64_t n = (int64_t)bytes * (in_bits ? 8 : 1);
    if (start < 0) start = start + n < 0 ? 0 : start + n;
    if (end < 0) end = end + n < 0 ? 0 : end + n;
    if (end >= n) end = n - 1;
    if (start > end) return false;
    *first = in_bits ? (uint64_t)start : (uint64_t)start * 8;
    *last = in_bits ? (uint64_t)end : (uint64_t)end * 8 + 7;
    return true;
}

/* BYTE or BIT at the end of the arguments. Has replied when false. */
static bool arg_unit(ek_ctx *c, size_t i, bool *in_bits) {
    *in_bits = c->argc > i && ek_arg_is(c, i, "bit");
    if (c->argc <= i || *in_bits || ek_arg_is(c, i, "byte")) return true;
    ek_reply_syntax_error(c);
    return false;
}

void ek_cmd_bitcount(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_ABSENT) ek_reply_int(c->reply, 0);
    if (found != EK_FOUND) return;
    char digits[24];
    ek_str s = ek_string_text(&v, digits);
    int64_t start = 0, end = -1;
    bool in_bits = false;
    if (c->argc == 3 || c->argc > 5) {
        ek_reply_syntax_error(c);
        return;
    }
    if (c->argc > 3) {
        if (!ek_arg_i64(c, 2, &start) || !ek_arg_i64(c, 3, &end)) return;
        if (start < 0 && end < 0 && start > end) { /* before a wrong unit is noticed */
            ek_reply_int(c->reply, 0);
            return;
        }
        if (!arg_unit(c, 4, &in_bits)) return;
    }
    uint64_t first, last;
    bool any = range_bits(s.n, start, end, in_bits, &first, &last);
    ek_reply_int(c->reply, any ? (int64_t)ek_bitmap_count_range(s.p, first, last) : 0);
}

void ek_cmd_bitpos(ek_ctx *c) {
    int64_t bit, start = 0, end = -1;
    if (!ek_arg_i64(c, 2, &bit)) return;
    if (bit != 0 && bit != 1) {
        ek_reply_error(c->reply, "ERR The bit argument must be 1 or 0.");
        return;
    }
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_ABSENT) ek_reply_int(c->reply, bit ? -1 : 0);
    if (found != EK_FOUND) return;
    char digits[24];
    ek_str s = ek_string_text(&v, digits);
    bool in_bits = false;
    if (c->argc > 6) {
        ek_reply_syntax_error(c);
        return;
    }
    if (c->argc > 3 && (!ek_arg_i64(c, 3, &start) || !arg_unit(c, 5, &in_bits) ||
                        (c->argc > 4 && !ek_arg_i64(c, 4, &end))))
        return;
    uint64_t first, last;
    int64_t place = -1;
    if (range_bits(s.n, start, end, in_bits, &first, &last)) {
        place = ek_bitmap_find(s.p, first, last, bit);
        /* Without an end the string goes on in zeros. */
        if (place < 0 && !bit && c->argc < 5) place = (int64_t)s.n * 8;
    }
    ek_reply_int(c->reply, place);
}

/* --- BITOP --- */

static const struct {
    const char *name, *shown;
    ek_bitmap_op op;
    bool wants_two;
} operations[] = {
    {"and", "AND", EK_BITMAP_AND, false},       {"or", "OR", EK_BITMAP_OR, false},
    {"xor", "XOR", EK_BITMAP_XOR, false},       {"not", "NOT", EK_BITMAP_NOT, false},
    {"diff", "DIFF", EK_BITMAP_DIFF, true},     {"diff1", "DIFF1", EK_BITMAP_DIFF1, true},
    {"andor", "ANDOR", EK_BITMAP_ANDOR, true},  {"one", "ONE", EK_BITMAP_ONE, false},
};

static bool find_operation(ek_ctx *c, ek_bitmap_op *op) {
    size_t i = 0;
    while (i < EK_COUNTOF(operations) && !ek_arg_is(c, 1, operations[i].name)) i++;
    if (i == EK_COUNTOF(operations)) {
        ek_reply_syntax_error(c);
        return false;
    }
    *op = operations[i].op;
    if (*op == EK_BITMAP_NOT && c->argc != 4)
        ek_reply_error(c->reply, "ERR BITOP NOT must be called with a single source key.");
    else if (operations[i].wants_two && c->argc < 5)
        ek_reply_error(c->reply, "ERR BITOP %s must be called with at least two source keys.",
                       operations[i].shown);
    else
        return true;
    return false;
}

void ek_cmd_bitop(ek_ctx *c) {
    ek_bitmap_op op;
    if (!find_operation(c, &op)) return;
    size_t n = c->argc - 3, longest = 0;
    ek_str *sources = ek_scratch_alloc(c, n * sizeof *sources);
    for (size_t i = 0; i < n; i++) {
        ek_value v;
        ek_found found = ek_lookup_type(c, c->argv[3 + i], EK_STRING, &v);
        if (found == EK_WRONG_TYPE) return;
        sources[i] = (ek_str){NULL, 0};
        if (found == EK_ABSENT) continue;
        bool is_int = v.enc == EK_ENC_INT;
        sources[i] = ek_string_text(&v, is_int ? ek_scratch_alloc(c, 24) : NULL);
        longest = ek_max(longest, sources[i].n);
    }
    ek_str key = c->argv[2];
    ek_value v;
    bool there = ek_lookup(c, key, &v);
    if (longest) {
        ek_entry_plan plan = {
            .key = key, .type = EK_STRING, .enc = EK_ENC_RAW, .expire_ms = EK_NO_EXPIRE,
            .access = ek_access_begin(c->s), .len = longest,
        };
        /* What it replaces, perhaps a source, keeps its bytes until the commit or is overwritten
         * where it stands, byte by byte. */
        if (there) ek_key_overwritten(c, c->dbi, key, v.type, EK_STRING);
        ek_keyspace_put(c->s, c->db, &v, &plan);
        ek_bitmap_combine(op, v.data, longest, sources, n);
        ek_key_changed(c, key, EK_EVENT_STRING, "set");
    } else if (there) {
        ek_delete_key(c, &v);
    }
    ek_reply_int(c->reply, (int64_t)longest);
}

/* --- BITFIELD --- */

typedef enum action { GET, SET, INCRBY } action;

typedef struct operation {
    action what;
    ek_bitmap_overflow overflow;
    bool is_signed;
    unsigned bits;
    uint64_t offset;
    int64_t amount;
} operation;

static bool parse_type(ek_ctx *c, size_t i, operation *o) {
    ek_str s = c->argv[i];
    int64_t bits;
    o->is_signed = s.n && s.p[0] == 'i';
    if (s.n && (o->is_signed || s.p[0] == 'u') && ek_parse_i64(s.p + 1, s.n - 1, &bits) &&
        bits >= 1 && bits <= (o->is_signed ? 64 : 63)) {
        o->bits = (unsigned)bits;
        return true;
    }
    ek_reply_error(c->reply, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 "
                             "is not supported but i64 is.");
    return false;
}

static bool parse_overflow(ek_ctx *c, size_t i, ek_bitmap_overflow *how) {
    if (ek_arg_is(c, i, "wrap")) *how = EK_BITMAP_WRAP;
    else if (ek_arg_is(c, i, "sat")) *how = EK_BITMAP_SAT;
    else if (ek_arg_is(c, i, "fail")) *how = EK_BITMAP_FAIL;
    else {
        ek_reply_error(c->reply, "ERR Invalid OVERFLOW type specified");
        return false;
    }
    return true;
}

/* The operations of the arguments, at most one for three of them. Has replied when NULL. */
static operation *parse_operations(ek_ctx *c, size_t *count) {
    operation *o = ek_scratch_alloc(c, (c->argc / 3 + 1) * sizeof *o);
    ek_bitmap_overflow how = EK_BITMAP_WRAP;
    *count = 0;
    for (size_t i = 2; i < c->argc;) {
        size_t left = c->argc - i - 1;
        operation *one = &o[*count];
        if (left >= 2 && ek_arg_is(c, i, "get")) one->what = GET;
        else if (left >= 3 && ek_arg_is(c, i, "set")) one->what = SET;
        else if (left >= 3 && ek_arg_is(c, i, "incrby")) one->what = INCRBY;
        else if (left >= 1 && ek_arg_is(c, i, "overflow")) {
            if (!parse_overflow(c, i + 1, &how)) return NULL;
            i += 2;
            continue;
        } else {
            ek_reply_syntax_error(c);
            return NULL;
        }
        one->overflow = how;
        if (!parse_type(c, i + 1, one) || !arg_offset(c, i + 2, one->bits, &one->offset))
            return NULL;
        if (one->what != GET && !ek_arg_i64(c, i + 3, &one->amount)) return NULL;
        i += one->what == GET ? 3 : 4;
        ++*count;
    }
    return o;
}

/* What SET stores. The lowest numbers there are saturate upwards, for the server's look at how far
 * they are from the highest that fits wraps round. */
static uint64_t amount_to_set(const operation *o) {
    uint64_t above_lowest = (uint64_t)o->amount - (uint64_t)INT64_MIN;
    bool wraps = o->is_signed && o->bits < 64 && above_lowest < (uint64_t)1 << (o->bits - 1);
    return wraps && o->overflow == EK_BITMAP_SAT ? INT64_MAX : (uint64_t)o->amount;
}

/* Set or increase a field that lies within the value; whether that counts as a change: a bit of it did,
 * or the value grew for the command. What overflows and fails is none, though the value has grown. */
static bool write_field(ek_ctx *c, ek_value *v, const operation *o, bool grown) {
    uint64_t old = ek_bitmap_field(v->data, v->len, o->offset, o->bits), fresh;
    if (o->is_signed) old = (uint64_t)ek_bitmap_signed(old, o->bits);
    bool adds = o->what == INCRBY;
    uint64_t base = adds ? old : amount_to_set(o);
    if (!ek_bitmap_add(o->is_signed, o->bits, base, adds ? o->amount : 0, o->overflow, &fresh)) {
        ek_reply_null(c->reply);
        return false;
    }
    ek_reply_int(c->reply, (int64_t)(adds ? fresh : old));
    if (fresh == old) return grown;
    size_t at = (size_t)(o->offset >> 3);
    ek_value_overwrite(c->s, v, at, ((o->offset & 7) + o->bits + 7) / 8);
    ek_bitmap_set_field(v->data, o->offset, o->bits, fresh);
    return true;
}

static void reply_field(ek_ctx *c, ek_str s, const operation *o) {
    uint64_t value = ek_bitmap_field(s.p, s.n, o->offset, o->bits);
    ek_reply_int(c->reply, o->is_signed ? ek_bitmap_signed(value, o->bits) : (int64_t)value);
}

static void bitfield(ek_ctx *c, bool only_reads) {
    size_t n, bytes = 0;
    operation *o = parse_operations(c, &n);
    if (!o) return;
    for (size_t i = 0; i < n; i++)
        if (o[i].what != GET)
            bytes = ek_max(bytes, (size_t)((o[i].offset + o[i].bits - 1) >> 3) + 1);
    if (bytes && only_reads) {
        ek_reply_error(c->reply, "ERR BITFIELD_RO only supports the GET subcommand");
        return;
    }
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    size_t old = found == EK_FOUND ? ek_string_len(&v) : 0;
    if (bytes) ek_string_widen(c->s, c->db, &v, bytes);
    char digits[24];
    ek_str s = found == EK_FOUND || bytes ? ek_string_text(&v, digits) : (ek_str){NULL, 0};
    int64_t changed = 0;
    ek_reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++) {
        if (o[i].what == GET) reply_field(c, s, &o[i]);
        else changed += write_field(c, &v, &o[i], bytes > old);
    }
    if (changed) ek_key_changed(c, c->argv[1], EK_EVENT_STRING, "setbit");
    ek_changed_elements(c, changed);
}

void ek_cmd_bitfield(ek_ctx *c) { bitfield(c, false); }
void ek_cmd_bitfield_ro(ek_ctx *c) { bitfield(c, true); }
