/* What came to strings after Redis 7: comparisons with a value or its digest, MSETEX, INCREX. */
#include <float.h>
#include <math.h>

#include "base/xxh3.h"
#include "commands/expire_arg.h"
#include "commands/strings.h"
#include "engine/effect.h"

/* --- digests --- */

#define DIGEST_CHARS 16

static void print_digest(char out[DIGEST_CHARS], uint64_t v) {
    for (int i = DIGEST_CHARS; i-- > 0; v >>= 4) out[i] = "0123456789abcdef"[v & 15];
}

static bool parse_digest(ek_str s, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i], letter = c | 0x20;
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && !(letter >= 'a' && letter <= 'f')) return false;
        *out = *out << 4 | (uint64_t)(is_digit ? c - '0' : letter - 'a' + 10);
    }
    return s.n == DIGEST_CHARS;
}

void ek_cmd_digest(ek_ctx *c) {
    ek_value v;
    char digits[24], digest[DIGEST_CHARS];
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_ABSENT) ek_reply_null(c->reply);
    if (found != EK_FOUND) return;
    ek_str s = ek_string_text(&v, digits);
    print_digest(digest, ek_xxh3(s.p, s.n));
    ek_reply_bulk(c->reply, digest, DIGEST_CHARS);
}

/* --- comparisons --- */

bool ek_comparison_met(ek_ctx *c, const ek_set_options *o, const ek_value *v, bool *failed) {
    char digits[24];
    ek_str wanted = c->argv[o->value_at];
    uint64_t digest;
    bool by_digest = o->given & (EK_OPT_IFDEQ | EK_OPT_IFDNE), equal = false;
    *failed = by_digest && !parse_digest(wanted, &digest);
    if (*failed) {
        ek_reply_error(c->reply, "ERR digest must be exactly 16 hexadecimal characters");
        return false;
    }
    if (v) {
        ek_str s = ek_string_text(v, digits);
        equal = by_digest ? ek_xxh3(s.p, s.n) == digest : ek_str_eq(s, wanted);
    }
    return equal == !!(o->given & (EK_OPT_IFEQ | EK_OPT_IFDEQ));
}

void ek_cmd_delex(ek_ctx *c) {
    ek_set_options o;
    if (!ek_parse_set_options(c, 2, EK_OPT_COMPARISONS, &o)) return;
    ek_value v;
    bool found = ek_lookup_in(c, c->dbi, c->argv[1], &v), failed = false;
    if (found && o.given && v.type != EK_STRING) {
        ek_reply_wrong_type(c);
        return;
    }
    bool deletes = !o.given || ek_comparison_met(c, &o, found ? &v : NULL, &failed);
    if (failed) return;
    if (found && deletes) ek_delete_key(c, &v);
    if (found && deletes) ek_effect(c, EK_ARGV(EK_WORD("DEL"), c->argv[1]));
    ek_reply_int(c->reply, found && deletes);
}

/* --- MSETEX --- */

static bool condition_met(ek_ctx *c, unsigned given, size_t n) {
    if (!(given & (EK_OPT_NX | EK_OPT_XX))) return true;
    for (size_t i = 0; i < n; i++) {
        ek_value v;
        if (ek_lookup(c, c->argv[2 + 2 * i], &v) != !!(given & EK_OPT_XX)) return false;
    }
    return true;
}

void ek_cmd_msetex(ek_ctx *c) {
    int64_t n, expire_ms = EK_NO_EXPIRE;
    ek_set_options o;
    if (!ek_arg_range(c, 1, 1, INT32_MAX, &n, "invalid numkeys value or out of range")) return;
    if ((uint64_t)n > (c->argc - 2) / 2) {
        ek_reply_syntax_error(c);
        return;
    }
    unsigned all = EK_OPT_NX | EK_OPT_XX | EK_OPT_KEEPTTL | EK_OPT_TIMES;
    if (!ek_parse_set_options(c, 2 + 2 * (size_t)n, all, &o)) return;
    if (o.given & EK_OPT_TIMES && !ek_set_options_time(c, &o, &expire_ms)) return;
    bool met = condition_met(c, o.given, (size_t)n);
    for (size_t i = 0; met && i < (size_t)n; i++) {
        ek_value v;
        ek_str key = c->argv[2 + 2 * i];
        bool found = ek_lookup_in(c, c->dbi, key, &v);
        int64_t when = o.given & EK_OPT_KEEPTTL && found ? v.expire_ms : expire_ms;
        ek_put_text(c, &v, key, c->argv[3 + 2 * i], when);
        if (o.given & EK_OPT_TIMES) ek_key_changed_too(c, c->dbi, key, EK_EVENT_GENERIC, "expire");
    }
    if (met && o.given & EK_OPT_TIMES && ek_effects_kept(c))
        ek_effect_with(c, o.time_at - 1, o.time_at + 1,
                       EK_ARGV(EK_WORD("PXAT"), ek_effect_int(c, expire_ms)));
    ek_reply_int(c->reply, met);
}

/* --- INCREX --- */

enum { BYINT, BYFLOAT, LBOUND, UBOUND, SATURATE, ENX, PERSIST, EX, PX, EXAT, PXAT, WORDS };

static const struct {
    const char *word;
    bool has_value;
    unsigned excludes; /* those of which it is one, as bits */
} words[WORDS] = {
    [BYINT] = {"byint", true, 1 << BYINT | 1 << BYFLOAT},
    [BYFLOAT] = {"byfloat", true, 1 << BYINT | 1 << BYFLOAT},
    [LBOUND] = {"lbound", true, 1 << LBOUND},
    [UBOUND] = {"ubound", true, 1 << UBOUND},
    [SATURATE] = {"saturate", false, 0},
    [ENX] = {"enx", false, 0},
#define TIMES (1 << PERSIST | 1 << EX | 1 << PX | 1 << EXAT | 1 << PXAT)
    [PERSIST] = {"persist", false, TIMES},
    [EX] = {"ex", true, TIMES},
    [PX] = {"px", true, TIMES},
    [EXAT] = {"exat", true, TIMES},
    [PXAT] = {"pxat", true, TIMES},
};

typedef struct increase {
    unsigned given;   /* bits */
    size_t at[WORDS]; /* the arguments that are their values */
    int64_t expire_ms;
} increase;

static bool has(const increase *q, unsigned word) { return q->given >> word & 1; }

static bool parse_increase(ek_ctx *c, increase *q) {
    bool ok = true;
    for (size_t i = 2; ok && i < c->argc; i++) {
        unsigned w = 0;
        while (w < WORDS && !ek_arg_is(c, i, words[w].word)) w++;
        ok = w < WORDS && !(q->given & words[w].excludes) &&
             !(words[w].has_value && i + 1 == c->argc);
        if (!ok) break;
        q->given |= 1u << w;
        if (words[w].has_value) q->at[w] = ++i;
    }
    if (has(q, ENX) && !(q->given & (TIMES & ~(1 << PERSIST)))) ok = false;
    if (!ok) {
        ek_reply_syntax_error(c);
        return false;
    }
    for (unsigned w = EX; w <= PXAT; w++)
        if (has(q, w) && !ek_arg_expire(c, q->at[w], w == EX || w == EXAT, w == EXAT || w == PXAT,
                                        &q->expire_ms))
            return false;
    return true;
}

static bool refuse_bounds(ek_ctx *c) {
    ek_reply_error(c->reply, "ERR LBOUND can't be greater than UBOUND");
    return false;
}

/* The number after it, and what was added; false: it stays as it is (or has replied, *failed). */
static bool increase_int(ek_ctx *c, const increase *q, const ek_value *v, int64_t *now,
                         int64_t *added, bool *failed) {
    int64_t amount = 1, lower = INT64_MIN, upper = INT64_MAX;
    *now = *added = 0;
    *failed = true;
    if ((has(q, BYINT) && !ek_arg_i64(c, q->at[BYINT], &amount)) ||
        (has(q, LBOUND) && !ek_arg_i64(c, q->at[LBOUND], &lower)) ||
        (has(q, UBOUND) && !ek_arg_i64(c, q->at[UBOUND], &upper)))
        return false;
    if (lower > upper) return refuse_bounds(c);
    if (v && v->enc == EK_ENC_INT) {
        *now = (int64_t)ek_load64(v->data);
    } else if (v && !ek_parse_i64(v->data, v->len, now)) {
        ek_reply_not_integer(c);
        return false;
    }
    *failed = false;
    __int128 sum = (__int128)*now + amount;
    __int128 bounded = sum > upper ? upper : sum < lower ? lower : sum;
    if (sum != bounded && !has(q, SATURATE)) return false;
    *added = (int64_t)(bounded - *now);
    *now = (int64_t)bounded;
    return true;
}

static bool arg_long_double(ek_ctx *c, size_t i, long double *out) {
    if (ek_parse_long_double(c->argv[i].p, c->argv[i].n, out)) return true;
    ek_reply_error(c->reply, "ERR value is not a valid float");
    return false;
}

static bool increase_float(ek_ctx *c, const increase *q, const ek_value *v, long double *now,
                           long double *added, bool *failed) {
    long double amount = 1, lower = -LDBL_MAX, upper = LDBL_MAX;
    char digits[24];
    *now = *added = 0;
    *failed = true;
    if (!arg_long_double(c, q->at[BYFLOAT], &amount) ||
        (has(q, LBOUND) && !arg_long_double(c, q->at[LBOUND], &lower)) ||
        (has(q, UBOUND) && !arg_long_double(c, q->at[UBOUND], &upper)))
        return false;
    if (lower > upper) return refuse_bounds(c);
    ek_str s = v ? ek_string_text(v, digits) : (ek_str){NULL, 0};
    if (v && !ek_parse_long_double(s.p, s.n, now)) {
        ek_reply_error(c->reply, "ERR value is not a valid float");
        return false;
    }
    long double sum = *now + amount;
    if (isnan(sum)) {
        ek_reply_error(c->reply, "ERR increment would produce NaN or Infinity");
        return false;
    }
    *failed = false;
    long double bounded = sum > upper ? upper : sum < lower ? lower : sum;
    if (sum != bounded && !has(q, SATURATE)) return false;
    *added = bounded == sum ? amount : bounded - *now;
    *now = bounded;
    return true;
}

/* The time to live after it, and the event that goes with the change of it. */
static int64_t time_after(const increase *q, const ek_value *v, const char **event) {
    int64_t old = v ? v->expire_ms : EK_NO_EXPIRE;
    *event = NULL;
    if (has(q, PERSIST)) {
        if (old != EK_NO_EXPIRE) *event = "persist";
        return EK_NO_EXPIRE;
    }
    if (!(q->given & TIMES) || (has(q, ENX) && old != EK_NO_EXPIRE)) return old;
    *event = "expire";
    return q->expire_ms;
}

static void store_number(ek_ctx *c, const increase *q, ek_value *v, bool found, ek_str text,
                         const char *event) {
    int64_t integer;
    const char *time_event;
    ek_entry_plan plan = {.key = c->argv[1], .access = ek_access_begin(c->s)};
    plan.expire_ms = time_after(q, found ? v : NULL, &time_event);
    if (time_event && plan.expire_ms <= ek_now_ms(c)) {
        if (found) ek_delete_key(c, v);
        if (found) ek_effect(c, EK_ARGV(EK_WORD("DEL"), c->argv[1]));
        return;
    }
    ek_string_plan(&plan, text, &integer);
    ek_keyspace_put(c->s, c->db, v, &plan);
    if (plan.expire_ms == EK_NO_EXPIRE)
        ek_effect(c, EK_ARGV(EK_WORD("SET"), c->argv[1], text));
    else if (ek_effects_kept(c))
        ek_effect(c, EK_ARGV(EK_WORD("SET"), c->argv[1], text, EK_WORD("PXAT"),
                             ek_effect_int(c, plan.expire_ms)));
    ek_key_changed(c, c->argv[1], EK_EVENT_STRING, event);
    if (time_event) ek_key_changed_too(c, c->dbi, c->argv[1], EK_EVENT_GENERIC, time_event);
}

static void reply_float(ek_ctx *c, long double v) {
    char text[EK_LONG_DOUBLE_CHARS];
    if (c->resp >= 3) ek_reply_double(c->reply, (double)v);
    else ek_reply_bulk(c->reply, text, ek_format_long_double(text, v));
}

void ek_cmd_increx(ek_ctx *c) {
    increase q = {0};
    if (!parse_increase(c, &q)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    const ek_value *old = found == EK_FOUND ? &v : NULL;
    char text[EK_LONG_DOUBLE_CHARS];
    bool failed;
    if (has(&q, BYFLOAT)) {
        long double now, added;
        if (increase_float(c, &q, old, &now, &added, &failed)) {
            ek_str s = {(const uint8_t *)text, ek_format_long_double(text, now)};
            store_number(c, &q, &v, old != NULL, s, "incrbyfloat");
        }
        if (failed) return;
        ek_reply_array(c->reply, 2);
        reply_float(c, now);
        reply_float(c, added);
    } else {
        int64_t now, added;
        if (increase_int(c, &q, old, &now, &added, &failed)) {
            ek_str s = {(const uint8_t *)text, ek_format_i64(text, now)};
            store_number(c, &q, &v, old != NULL, s, "incrby");
        }
        if (failed) return;
        ek_reply_array(c->reply, 2);
        ek_reply_int(c->reply, now);
        ek_reply_int(c->reply, added);
    }
}
