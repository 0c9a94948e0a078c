/* SORT and SORT_RO.
 *
 *   element     text   | score or by     what it is compared by: a number, or with ALPHA a text,
 *                                        its own or that of the key which BY makes of it
 *
 * Elements are collected into scratch memory, weighed, sorted by a stable merge, cut by LIMIT, and
 * then each GET pattern is looked up for each of them. Costs O(n log n) comparisons and a look-up
 * for each element and pattern. What looks keys up may delete expired ones; their bytes stand until
 * the commit, but a hash may be rewritten, so texts that are kept are copied. */
#include "base/number.h"
#include "commands/tables.h"
#include "engine/acl.h"
#include "engine/context.h"
#include "store/string.h"
#include "store/value_hash.h"
#include "store/value_list.h"
#include "store/value_set.h"
#include "store/value_zset.h"

typedef struct element {
    ek_str text, by;
    double score;
    bool found; /* else it comes first, or counts as 0 */
} element;

typedef struct sort {
    ek_ctx *c;
    ek_str by, store;
    ek_str *gets;
    size_t ngets;
    int64_t start, count; /* of LIMIT; a negative count means all */
    bool has_by, unsorted, descending, alpha, stores;
    element **e;
    size_t n, cap;
    uint8_t *name; /* of the key that a pattern makes of an element */
    size_t name_cap;
    char digits[24];     /* what the last look-up found may lie in these two */
    ek_hash_place place;
} sort;

/* --- arguments --- */

static bool parse_limit(sort *s, size_t i) {
    return ek_arg_i64(s->c, i, &s->start) && ek_arg_i64(s->c, i + 1, &s->count);
}

/* BY a pattern that has no star: the order of the value itself, however often BY is given. */
static void take_by(sort *s, ek_str pattern) {
    s->has_by = true;
    s->by = pattern;
    if (!pattern.n || !memchr(pattern.p, '*', pattern.n)) s->unsorted = true;
}

/* Which keys a pattern leads to, only the elements know. */
static bool may_look(sort *s, const char *option) {
    if (ek_acl_may_read_all_keys(s->c->session)) return true;
    ek_reply_error(s->c->reply, "ERR %s option of SORT denied due to insufficient ACL permissions.",
                   option);
    return false;
}

static bool parse(sort *s, bool may_store) {
    ek_ctx *c = s->c;
    s->gets = ek_scratch_alloc(c, c->argc * sizeof *s->gets);
    s->count = -1;
    for (size_t i = 2; i < c->argc; i++) {
        size_t left = c->argc - i - 1;
        if (ek_arg_is(c, i, "asc")) {
            s->descending = false;
        } else if (ek_arg_is(c, i, "desc")) {
            s->descending = true;
        } else if (ek_arg_is(c, i, "alpha")) {
            s->alpha = true;
        } else if (ek_arg_is(c, i, "limit") && left >= 2) {
            if (!parse_limit(s, i + 1)) return false;
            i += 2;
        } else if (ek_arg_is(c, i, "by") && left >= 1) {
            take_by(s, c->argv[++i]);
            if (!s->unsorted && !may_look(s, "BY")) return false;
        } else if (ek_arg_is(c, i, "get") && left >= 1) {
            if (!may_look(s, "GET")) return false;
            s->gets[s->ngets++] = c->argv[++i];
        } else if (may_store && ek_arg_is(c, i, "store") && left >= 1) {
            s->stores = true;
            s->store = c->argv[++i];
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    return true;
}

/* --- looking up --- */

/* The name that a pattern makes of an element: that in the place of the first star. */
static ek_str make_name(sort *s, ek_str pattern, size_t star, ek_str text) {
    size_t n = pattern.n - 1 + text.n;
    if (n > s->name_cap) {
        s->name_cap = 2 * n;
        s->name = ek_scratch_alloc(s->c, s->name_cap);
    }
    memcpy(s->name, pattern.p, star);
    memcpy(s->name + star, text.p, text.n);
    memcpy(s->name + star + text.n, pattern.p + star + 1, pattern.n - star - 1);
    return (ek_str){s->name, n};
}

/* Where the arrow before a field's name stands, or the pattern's end. */
static size_t find_arrow(ek_str pattern, size_t from) {
    for (size_t i = from; i + 2 < pattern.n; i++)
        if (pattern.p[i] == '-' && pattern.p[i + 1] == '>') return i;
    return pattern.n;
}

static bool look_up_field(sort *s, ek_value *v, ek_str field, ek_str *out) {
    ek_ctx *c = s->c;
    if (v->type != EK_HASH) return false;
    if (ek_hash_find(c->s, c->db, v, field, ek_now_ms(c), &s->place)) {
        *out = s->place.value;
        return true;
    }
    if (ek_hash_has_times(v) && ek_hash_len(c->s, v, ek_now_ms(c)) == 0) ek_delete_key(c, v);
    return false;
}

/* What a pattern stands for; the text holds until the next look-up. False: there is none. */
static bool look_up(sort *s, ek_str pattern, ek_str text, ek_str *out) {
    if (pattern.n == 1 && pattern.p[0] == '#') {
        *out = text;
        return true;
    }
    const uint8_t *star = pattern.n ? memchr(pattern.p, '*', pattern.n) : NULL;
    if (!star) return false;
    size_t at = (size_t)(star - pattern.p), arrow = find_arrow(pattern, at + 1);
    ek_value v;
    if (!ek_lookup(s->c, make_name(s, (ek_str){pattern.p, arrow}, at, text), &v)) return false;
    if (arrow < pattern.n) {
        ek_str field = {pattern.p + arrow + 2, pattern.n - arrow - 2};
        return look_up_field(s, &v, field, out);
    }
    if (v.type != EK_STRING) return false;
    *out = ek_string_text(&v, s->digits);
    return true;
}

/* --- collecting --- */

static ek_str keep(sort *s, ek_str text) {
    uint8_t *copy = ek_scratch_alloc(s->c, text.n + 1);
    memcpy(copy, text.p, text.n);
    return (ek_str){copy, text.n};
}

static void collect(sort *s, ek_str text, bool keeps) {
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        element **e = ek_scratch_alloc(s->c, cap * sizeof *e);
        if (s->n) memcpy(e, s->e, s->n * sizeof *e);
        s->e = e;
        s->cap = cap;
    }
    element *one = ek_scratch_alloc(s->c, sizeof *one);
    *one = (element){.text = keeps ? keep(s, text) : text};
    s->e[s->n++] = one;
}

static void collect_list(sort *s, const ek_value *v) {
    ek_list_iter it;
    char digits[EK_I64_CHARS];
    if (!ek_list_seek(s->c->a, ek_value_list_of(v), 0, &it)) return;
    do {
        ek_lp_value value;
        ek_lp_get(it.p, &value);
        collect(s, ek_lp_text(&value, digits), !value.s);
    } while (ek_list_next(s->c->a, &it));
}

static void collect_zset(sort *s, const ek_value *v) {
    const ek_arena *a = s->c->a;
    char digits[EK_I64_CHARS];
    for (ek_zset_place p = ek_zset_at(a, v, 0); ek_zset_is(p); p = ek_zset_next(a, v, p)) {
        ek_str member = ek_zset_member_of(a, p, digits);
        collect(s, member, member.p == (const uint8_t *)digits);
    }
}

static bool collect_member(void *arg, ek_str member, const char *room) {
    collect(arg, member, member.p == (const uint8_t *)room);
    return true;
}

static void reverse(sort *s) {
    for (size_t i = 0, j = s->n; i + 1 < j; i++) {
        element *e = s->e[i];
        s->e[i] = s->e[--j];
        s->e[j] = e;
    }
}

/* Has replied when false. A key that is not there is an empty list. */
static bool collect_all(sort *s) {
    ek_value v;
    if (!ek_lookup(s->c, s->c->argv[1], &v)) return true;
    switch (v.type) {
    case EK_LIST: collect_list(s, &v); break;
    case EK_ZSET: collect_zset(s, &v); break;
    case EK_SET_TYPE: ek_set_each(s->c->a, &v, collect_member, s); break;
    default: ek_reply_wrong_type(s->c); return false;
    }
    /* A set has no order that could be kept in what is stored, or that a script should depend on. */
    if (s->unsorted && (s->stores || s->c->session->in_script) && v.type == EK_SET_TYPE) {
        s->unsorted = s->has_by = false;
        s->alpha = true;
    }
    if (s->unsorted && s->descending && v.type != EK_SET_TYPE) reverse(s);
    return true;
}

/* --- weighing and sorting --- */

/* As strtod reads all of a C string: a zero byte ends it, spaces may lead, and nothing is 0. */
static bool parse_score(ek_str s, double *out) {
    *out = 0;
    if (!s.n) return true;
    s.n = strnlen((const char *)s.p, s.n);
    if (!s.n) return true;
    while (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r'))) s.p++, s.n--;
    return s.n && ek_parse_double(s.p, s.n, out);
}

/* Has replied when false. */
static bool weigh(sort *s) {
    bool numbers = true;
    for (size_t i = 0; i < s->n && numbers; i++) {
        element *e = s->e[i];
        ek_str by = e->text;
        e->found = !s->has_by || look_up(s, s->by, e->text, &by);
        if (!e->found) continue;
        if (s->alpha) e->by = s->has_by ? keep(s, by) : by;
        else numbers = parse_score(by, &e->score);
    }
    if (!numbers)
        ek_reply_error(s->c->reply, "ERR One or more scores can't be converted into double");
    return numbers;
}

static int compare_text(ek_str a, ek_str b) {
    int d = memcmp(a.p, b.p, ek_min(a.n, b.n));
    return d ? d : (a.n > b.n) - (a.n < b.n);
}

/* Numbers that are equal are told apart by the elements themselves. */
static int compare(const sort *s, const element *a, const element *b) {
    int d;
    if (s->alpha)
        d = a->found && b->found ? compare_text(a->by, b->by) : a->found - b->found;
    else if (a->score != b->score)
        d = a->score > b->score ? 1 : -1;
    else
        d = compare_text(a->text, b->text);
    return s->descending ? -d : d;
}

static void merge(const sort *s, element **to, element **left, size_t nleft, element **right,
                  size_t nright) {
    while (nleft && nright) {
        bool takes_left = compare(s, *left, *right) <= 0;
        *to++ = takes_left ? *left++ : *right++;
        if (takes_left) nleft--;
        else nright--;
    }
    memcpy(to, left, nleft * sizeof *to);
    memcpy(to + nleft, right, nright * sizeof *to);
}

static void sort_elements(sort *s) {
    element **from = s->e, **to = ek_scratch_alloc(s->c, (s->n + 1) * sizeof *to);
    for (size_t width = 1; width < s->n; width *= 2) {
        for (size_t i = 0; i < s->n; i += 2 * width) {
            size_t left = ek_min(width, s->n - i), right = ek_min(width, s->n - i - left);
            merge(s, to + i, from + i, left, from + i + left, right);
        }
        element **swap = from;
        from = to;
        to = swap;
    }
    s->e = from;
}

static void cut(sort *s) {
    size_t start = s->start < 0 ? 0 : ek_min((uint64_t)s->start, s->n);
    s->e += start;
    s->n -= start;
    if (s->count >= 0) s->n = ek_min((uint64_t)s->count, s->n);
}

/* --- what comes out --- */

static void reply(sort *s) {
    ek_reply *r = s->c->reply;
    ek_reply_array(r, s->n * (s->ngets ? s->ngets : 1));
    for (size_t i = 0; i < s->n; i++) {
        if (!s->ngets) ek_reply_str(r, s->e[i]->text);
        for (size_t k = 0; k < s->ngets; k++) {
            ek_str found;
            if (look_up(s, s->gets[k], s->e[i]->text, &found)) ek_reply_str(r, found);
            else ek_reply_null(r);
        }
    }
}

static ek_ref make_list(sort *s) {
    ek_ctx *c = s->c;
    ek_ref root = ek_value_list_new(c->a);
    ek_list_limit limit = ek_value_list_limit(c->s);
    for (size_t i = 0; i < s->n; i++) {
        ek_str text = s->e[i]->text;
        if (!s->ngets) ek_list_push(c->a, ek_ptr(c->a, root), limit, EK_LIST_TAIL, &text, 1);
        for (size_t k = 0; k < s->ngets; k++) {
            if (!look_up(s, s->gets[k], s->e[i]->text, &text)) text = (ek_str){text.p, 0};
            ek_list_push(c->a, ek_ptr(c->a, root), limit, EK_LIST_TAIL, &text, 1);
        }
    }
    return root;
}

static void store(sort *s) {
    ek_ctx *c = s->c;
    ek_reply_int(c->reply, (int64_t)(s->n * (s->ngets ? s->ngets : 1)));
    ek_value v;
    if (!s->n) {
        if (ek_lookup(c, s->store, &v)) ek_delete_key(c, &v);
        return;
    }
    ek_entry_plan plan = {
        .key = s->store, .type = EK_LIST, .enc = EK_ENC_QUICKLIST, .expire_ms = EK_NO_EXPIRE,
        .access = ek_access_begin(c->s), .outside = make_list(s),
    };
    if (ek_lookup_in(c, c->dbi, s->store, &v))
        ek_key_overwritten(c, c->dbi, s->store, v.type, EK_LIST);
    ek_keyspace_put(c->s, c->db, &v, &plan);
    ek_key_changed(c, s->store, EK_EVENT_LIST, "sortstore");
    ek_changed_elements(c, (int64_t)(s->n * (s->ngets ? s->ngets : 1)));
}

static void run(ek_ctx *c, bool may_store) {
    sort s = {.c = c};
    if (!parse(&s, may_store) || !collect_all(&s)) return;
    if (!s.unsorted) {
        if (!weigh(&s)) return;
        sort_elements(&s);
    }
    cut(&s);
    if (s.stores) store(&s);
    else reply(&s);
}

void ek_cmd_sort(ek_ctx *c) { run(c, true); }
void ek_cmd_sort_ro(ek_ctx *c) { run(c, false); }
