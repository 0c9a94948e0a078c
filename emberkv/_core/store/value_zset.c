#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* qsort_r */
#endif
#include "store/value_zset.h"

#include <stdlib.h>

#include "data/listpack.h"
#include "store/values.h"

#define NONE ((ek_zset_place){0})

static bool is_big(const ek_value *v) { return v->enc == EK_ENC_SKIPLIST; }

static ek_zset *root_of(const ek_arena *a, const ek_value *v) { return ek_ptr(a, v->outside); }

/* --- blocks of members --- */

/* The key of the table, the member of the tree. */
EK_INLINE ek_str key_of(const ek_arena *a, ek_ref block) { return ek_zset_block_member(a, block); }

static uint64_t bits_of(double score) {
    uint64_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits;
}

/* The first byte of a block for these. */
static unsigned form_of(uint64_t score_bits, size_t n) {
    if (n > UINT8_MAX) return EK_ZSET_LONG_MEMBER;
    if (n >= EK_ZSET_ANY_SCORE || (uint8_t)score_bits) return EK_ZSET_ANY_SCORE;
    return (unsigned)n;
}

/* Bytes in front of the member. */
static size_t head_bytes(unsigned form) {
    return form < EK_ZSET_ANY_SCORE ? 8 : form == EK_ZSET_ANY_SCORE ? 10 : 13;
}

static void write_head(uint8_t *p, unsigned form, uint64_t score_bits, size_t n) {
    if (form < EK_ZSET_ANY_SCORE) {
        ek_store64(p, score_bits | form);
        return;
    }
    p[0] = (uint8_t)form;
    if (form == EK_ZSET_ANY_SCORE) p[1] = (uint8_t)n;
    else ek_store32(p + 1, (uint32_t)n);
    ek_store64(p + head_bytes(form) - 8, score_bits);
}

static ek_ref new_block(ek_arena *a, double score, ek_str member) {
    unsigned form = form_of(bits_of(score), member.n);
    ek_ref ref = ek_alloc(a, head_bytes(form) + member.n);
    uint8_t *p = ek_ptr(a, ref);
    write_head(p, form, bits_of(score), member.n);
    if (member.n) memcpy(p + head_bytes(form), member.p, member.n);
    return ref;
}

/* Change the score in a block. False: its form has no room for that one. */
static bool set_block_score(ek_arena *a, ek_ref block, double score) {
    uint8_t *p = ek_ptr(a, block);
    unsigned form = p[0];
    if (form < EK_ZSET_ANY_SCORE && (uint8_t)bits_of(score)) return false;
    size_t n = key_of(a, block).n;
    ek_touch(a, p, head_bytes(form));
    write_head(p, form, bits_of(score), n);
    return true;
}

static int compare_strs(ek_str x, ek_str y) {
    int c = memcmp(x.p, y.p, ek_min(x.n, y.n));
    return c ? c : (x.n > y.n) - (x.n < y.n);
}

int ek_zset_compare(const void *a, const void *b) {
    const ek_zset_entry *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return compare_strs(x->member, y->member);
}

/* --- pairs of a listpack --- */

static const uint8_t *score_entry(const uint8_t *pair) { return ek_lp_next(pair); }

static const uint8_t *next_pair(const uint8_t *pair) { return ek_lp_next(ek_lp_next(pair)); }

static double score_at(const uint8_t *pair) {
    ek_lp_value v;
    double score = 0;
    ek_lp_get(score_entry(pair), &v);
    if (!v.s) return (double)v.i;
    ek_parse_double(v.s, v.n, &score);
    return score;
}

static ek_str member_at(const uint8_t *pair, char room[EK_I64_CHARS]) {
    ek_lp_value v;
    ek_lp_get(pair, &v);
    return ek_lp_text(&v, room);
}

/* Does the pair come before (score, member)? */
static bool pair_before(const uint8_t *pair, double score, ek_str member) {
    double own = score_at(pair);
    if (own != score) return own < score;
    char room[EK_I64_CHARS];
    return compare_strs(member_at(pair, room), member) < 0;
}

/* A score as an entry; `text` holds what the entry refers to. Integers become integers, and so does
 * -0, which loses its sign here. */
static void encode_score(ek_lp_encoded *e, double score, char text[EK_DOUBLE_CHARS]) {
    if (score >= -0x1p62 && score <= 0x1p62 && score == (double)(int64_t)score)
        ek_lp_encode_int(e, (int64_t)score);
    else
        ek_lp_encode(e, (const uint8_t *)text, ek_format_double(text, score));
}

/* --- reading --- */

uint32_t ek_zset_count(const ek_arena *a, const ek_value *v) {
    if (is_big(v)) return root_of(a, v)->order.count;
    return (uint32_t)(ek_lp_count(v->data, v->data + v->len) / 2);
}

ek_zset_place ek_zset_find_hashed(const ek_arena *a, const ek_value *v, ek_str member,
                                  uint64_t hash) {
    if (is_big(v)) {
        const ek_table *t = &root_of(a, v)->members;
        return (ek_zset_place){.block = ek_table_find_with(a, t, key_of, hash, member)};
    }
    const uint8_t *end = v->data + v->len;
    return (ek_zset_place){.pair = ek_lp_find(v->data, end, member.p, member.n, 2)};
}

void ek_zset_expect(const ek_arena *a, const ek_value *v, double score) {
    if (is_big(v)) ek_btree_fetch(a, &root_of(a, v)->order, score);
}

bool ek_zset_score_hashed(const ek_arena *a, const ek_value *v, ek_str member, uint64_t hash,
                          double *score) {
    if (is_big(v)) { /* without a place, which is written and read again */
        ek_ref block = ek_table_find_with(a, &root_of(a, v)->members, key_of, hash, member);
        if (block) *score = ek_zset_block_score(a, block);
        return block != 0;
    }
    ek_zset_place p = ek_zset_find(a, v, member);
    if (ek_zset_is(p)) *score = score_at(p.pair);
    return ek_zset_is(p);
}

bool ek_zset_score(const ek_arena *a, const ek_value *v, ek_str member, double *score) {
    return ek_zset_score_hashed(a, v, member, ek_zset_hash(a, v, member), score);
}

double ek_zset_score_of(const ek_arena *a, ek_zset_place p) {
    return p.block ? ek_zset_block_score(a, p.block) : score_at(p.pair);
}

ek_str ek_zset_score_text(const ek_arena *a, ek_zset_place p, char room[EK_DOUBLE_CHARS]) {
    if (p.block)
        return (ek_str){(uint8_t *)room, ek_format_double(room, ek_zset_block_score(a, p.block))};
    ek_lp_value v;
    ek_lp_get(score_entry(p.pair), &v);
    return ek_lp_text(&v, room);
}

ek_str ek_zset_member_of(const ek_arena *a, ek_zset_place p, char room[EK_I64_CHARS]) {
    return p.block ? key_of(a, p.block) : member_at(p.pair, room);
}

static ek_zset_place block_at(const ek_arena *a, ek_btree_place at) {
    return at.leaf ? (ek_zset_place){.block = ek_btree_item(a, at), .at = at} : NONE;
}

ek_zset_place ek_zset_next(const ek_arena *a, const ek_value *v, ek_zset_place p) {
    if (p.block) {
        ek_zset_fetch_ahead(a, p.at, EK_ZSET_AHEAD);
        return block_at(a, ek_btree_next(a, p.at));
    }
    const uint8_t *next = next_pair(p.pair);
    return (ek_zset_place){.pair = next < v->data + v->len ? next : NULL};
}

ek_zset_place ek_zset_prev(const ek_arena *a, const ek_value *v, ek_zset_place p) {
    if (p.block) {
        ek_zset_fetch_ahead(a, p.at, -EK_ZSET_AHEAD);
        return block_at(a, ek_btree_prev(a, p.at));
    }
    if (p.pair == v->data) return NONE;
    return (ek_zset_place){.pair = ek_lp_prev(ek_lp_prev(p.pair))};
}

ek_zset_place ek_zset_at(const ek_arena *a, const ek_value *v, uint32_t rank) {
    if (is_big(v)) return block_at(a, ek_btree_at(a, &root_of(a, v)->order, rank));
    const uint8_t *p = v->data, *end = p + v->len;
    for (; p < end && rank > 0; rank--) p = next_pair(p);
    return (ek_zset_place){.pair = p < end ? p : NULL};
}

uint32_t ek_zset_rank(const ek_arena *a, const ek_value *v, ek_zset_place p) {
    if (p.block)
        return ek_btree_rank(a, &root_of(a, v)->order, key_of, ek_zset_block_score(a, p.block),
                             key_of(a, p.block));
    return (uint32_t)(ek_lp_count(v->data, p.pair) / 2);
}

uint32_t ek_zset_before_score(const ek_arena *a, const ek_value *v, double score, bool beyond) {
    if (is_big(v)) return ek_btree_before_score(a, &root_of(a, v)->order, score, beyond);
    uint32_t n = 0;
    for (const uint8_t *p = v->data, *end = p + v->len; p < end; p = next_pair(p), n++) {
        double own = score_at(p);
        if (!(own < score || (beyond && own == score))) break;
    }
    return n;
}

uint32_t ek_zset_before_member(const ek_arena *a, const ek_value *v, ek_str member, bool beyond) {
    if (is_big(v)) return ek_btree_before_member(a, &root_of(a, v)->order, key_of, member, beyond);
    uint32_t n = 0;
    char room[EK_I64_CHARS];
    for (const uint8_t *p = v->data, *end = p + v->len; p < end; p = next_pair(p), n++) {
        int c = compare_strs(member_at(p, room), member);
        if (!(c < 0 || (beyond && c == 0))) break;
    }
    return n;
}

uint64_t ek_zset_scan(const ek_arena *a, const ek_value *v, uint64_t cursor, size_t count,
                      ek_table_visit_fn *visit, void *arg) {
    return ek_table_scan(a, &root_of(a, v)->members, key_of, cursor, count, visit, arg);
}

/* --- the big form --- */

static ek_ref new_root(ek_arena *a) { return ek_alloc_zeroed(a, sizeof(ek_zset)); }

static void add_big(ek_store *s, ek_zset *z, double score, ek_str member) {
    ek_ref block = new_block(s->a, score, member);
    ek_btree_insert(s->a, &z->order, key_of, score, block);
    ek_table_add(s->a, &z->members, key_of, ek_table_hash(s->a, member), block);
}

/* A block that left the tree leaves the table too. */
static void release_block(ek_arena *a, void *arg, ek_ref block) {
    ek_zset *z = arg;
    ek_table_remove(a, &z->members, key_of, ek_table_hash(a, key_of(a, block)), block);
    ek_free(a, block);
}

static void make_big(ek_store *s, ek_db *db, ek_value *v) {
    ek_ref root = new_root(s->a);
    char room[EK_I64_CHARS];
    for (const uint8_t *p = v->data, *end = p + v->len; p < end; p = next_pair(p))
        add_big(s, ek_ptr(s->a, root), score_at(p), member_at(p, room));
    ek_value_set_root(s, db, v, EK_ENC_SKIPLIST, root);
}

/* --- changing --- */

void ek_zset_create(ek_store *s, ek_db *db, ek_value *v, ek_str member) {
    const ek_config *config = &s->root->config;
    ek_entry_plan plan = {
        .key = v->key, .type = EK_ZSET, .enc = EK_ENC_LISTPACK, .expire_ms = EK_NO_EXPIRE,
        .access = ek_access_begin(s), .spare = member.n + 8,
    };
    if (config->zset_max_listpack_entries <= 0 ||
        member.n > (uint64_t)config->zset_max_listpack_value) {
        plan.enc = EK_ENC_SKIPLIST;
        plan.outside = new_root(s->a);
    }
    ek_keyspace_add(s, db, &plan, v->hash, v);
}

static void add_pair(ek_store *s, ek_db *db, ek_value *v, double score, ek_str member) {
    const uint8_t *p = v->data, *end = p + v->len;
    if (p < end && pair_before(ek_lp_prev(ek_lp_prev(end)), score, member)) p = end;
    while (p < end && pair_before(p, score, member)) p = next_pair(p);
    char text[EK_DOUBLE_CHARS];
    ek_lp_encoded first, second;
    ek_lp_encode(&first, member.p, member.n);
    encode_score(&second, score, text);
    uint8_t *to = ek_value_splice(s, db, v, (size_t)(p - v->data), 0, first.bytes + second.bytes);
    ek_lp_write(ek_lp_write(to, &first), &second);
}

void ek_zset_add(ek_store *s, ek_db *db, ek_value *v, double score, ek_str member) {
    const ek_config *config = &s->root->config;
    if (!is_big(v) && ((int64_t)ek_zset_count(s->a, v) >= config->zset_max_listpack_entries ||
                       member.n > (uint64_t)config->zset_max_listpack_value))
        make_big(s, db, v);
    if (is_big(v)) add_big(s, root_of(s->a, v), score, member);
    else add_pair(s, db, v, score, member);
}

static void remove_pair(ek_store *s, ek_db *db, ek_value *v, const uint8_t *pair) {
    ek_value_splice(s, db, v, (size_t)(pair - v->data), (size_t)(next_pair(pair) - pair), 0);
}

/* Would the pair, with this score, stand where it stands? */
static bool pair_stays(const ek_value *v, const uint8_t *pair, double score, ek_str member) {
    const uint8_t *next = next_pair(pair);
    if (pair > v->data && !pair_before(ek_lp_prev(ek_lp_prev(pair)), score, member)) return false;
    return next == v->data + v->len || !pair_before(next, score, member);
}

/* Another block for a member, with a score that its own cannot hold; it is not in the tree yet. */
static ek_ref other_block(ek_arena *a, ek_zset *z, ek_ref block, double score) {
    ek_str member = key_of(a, block);
    ek_ref fresh = new_block(a, score, member);
    ek_table_swap(a, &z->members, ek_table_hash(a, member), block, fresh);
    ek_free(a, block); /* its bytes stand until the commit */
    return fresh;
}

void ek_zset_set_score(ek_store *s, ek_db *db, ek_value *v, ek_zset_place p, double score,
                       ek_str member) {
    if (p.block) {
        ek_zset *z = root_of(s->a, v);
        double old = ek_zset_block_score(s->a, p.block);
        if (EK_LIKELY(set_block_score(s->a, p.block, score))) {
            ek_btree_move(s->a, &z->order, key_of, p.block, old, score);
        } else {
            ek_btree_remove(s->a, &z->order, key_of, old, p.block);
            ek_btree_insert(s->a, &z->order, key_of, score, other_block(s->a, z, p.block, score));
        }
        return;
    }
    if (!pair_stays(v, p.pair, score, member)) {
        remove_pair(s, db, v, p.pair);
        add_pair(s, db, v, score, member);
        return;
    }
    char text[EK_DOUBLE_CHARS];
    ek_lp_encoded e;
    encode_score(&e, score, text);
    const uint8_t *old = score_entry(p.pair);
    uint8_t *to = ek_value_splice(s, db, v, (size_t)(old - v->data), ek_lp_entry_bytes(old), e.bytes);
    ek_lp_write(to, &e);
}

void ek_zset_remove(ek_store *s, ek_db *db, ek_value *v, ek_zset_place p) {
    if (!p.block) {
        remove_pair(s, db, v, p.pair);
        return;
    }
    ek_zset *z = root_of(s->a, v);
    ek_btree_remove(s->a, &z->order, key_of, ek_zset_block_score(s->a, p.block), p.block);
    release_block(s->a, z, p.block);
}

void ek_zset_remove_ranks(ek_store *s, ek_db *db, ek_value *v, uint32_t rank, uint32_t n) {
    if (is_big(v)) {
        ek_zset *z = root_of(s->a, v);
        ek_btree_remove_ranks(s->a, &z->order, rank, n, release_block, z);
        return;
    }
    const uint8_t *from = v->data, *end = from + v->len;
    while (from < end && rank-- > 0) from = next_pair(from);
    const uint8_t *to = from;
    while (to < end && n-- > 0) to = next_pair(to);
    ek_value_splice(s, db, v, (size_t)(from - v->data), (size_t)(to - from), 0);
}

/* --- many at once --- */

void ek_zset_fetch(const ek_arena *a, const ek_value *v, const ek_str *members, size_t stride,
                   size_t n, uint64_t *hashes, ek_ref *items) {
    if (is_big(v)) ek_table_fetch(a, &root_of(a, v)->members, members, stride, n, hashes, items);
    else for (size_t i = 0; i < n; i++) hashes[i] = n > 1 ? ek_table_hash(a, members[i * stride]) : 0;
}

ek_btree_entry ek_zset_add_later(ek_store *s, const ek_value *v, double score, ek_str member,
                                 uint64_t hash) {
    ek_ref block = new_block(s->a, score, member);
    ek_table_add(s->a, &root_of(s->a, v)->members, key_of, hash, block);
    return (ek_btree_entry){.score = score, .item = block};
}

ek_btree_entry ek_zset_set_later(ek_store *s, const ek_value *v, ek_ref block, double score) {
    if (EK_LIKELY(set_block_score(s->a, block, score)))
        return (ek_btree_entry){.score = score, .item = block};
    ek_ref other = other_block(s->a, root_of(s->a, v), block, score);
    return (ek_btree_entry){.score = score, .item = other, .was = block};
}

/* Bits in the order of scores, in which -0 is 0. */
EK_INLINE uint64_t key_of_score(double score) {
    uint64_t bits = 0;
    if (score != 0) memcpy(&bits, &score, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static int compare_entries(const void *x, const void *y, void *arg) {
    const ek_btree_entry *a = x, *b = y;
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    return compare_strs(key_of(arg, a->item), key_of(arg, b->item));
}

#define SORT_BITS 11
#define SORT_PASSES 3
#define SORT_FEW 96

/* By radix, of the highest bits in which any differ as many as three passes take; and those that are the
 * same in these once more. `other` has room for as many. */
static void sort_entries(ek_arena *a, ek_btree_entry *e, ek_btree_entry *other, size_t n) {
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t key = key_of_score(e[i].score);
        least = ek_min(least, key);
        most = ek_max(most, key);
    }
    if (n <= SORT_FEW || least == most) {
        if (n > 1) qsort_r(e, n, sizeof *e, compare_entries, a);
        return;
    }
    unsigned top = 64u - (unsigned)__builtin_clzll(least ^ most);
    unsigned low = top > SORT_BITS * SORT_PASSES ? top - SORT_BITS * SORT_PASSES : 0;
    ek_btree_entry *from = e, *to = other;
    for (unsigned shift = low; shift < top; shift += SORT_BITS) {
        uint32_t count[1 << SORT_BITS] = {0}, at = 0;
        const uint64_t mask = (1 << SORT_BITS) - 1;
        for (size_t i = 0; i < n; i++) count[key_of_score(from[i].score) >> shift & mask]++;
        for (unsigned b = 0; b <= mask; b++) {
            uint32_t own = count[b];
            count[b] = at;
            at += own;
        }
        for (size_t i = 0; i < n; i++) to[count[key_of_score(from[i].score) >> shift & mask]++] = from[i];
        ek_btree_entry *swap = from;
        from = to;
        to = swap;
    }
    if (from != e) memcpy(e, from, n * sizeof *e);
    for (size_t i = 0, end; i < n; i = end) {
        uint64_t key = key_of_score(e[i].score) >> low;
        for (end = i + 1; end < n && key_of_score(e[end].score) >> low == key; end++) {}
        if (EK_UNLIKELY(end - i > 1)) sort_entries(a, e + i, other, end - i);
    }
}

/* Blocks that changed: a hash set of references, less than half full. */
typedef struct changed_blocks {
    ek_ref *slot;
    unsigned shift;
} changed_blocks;

/* log2 of the slots for n changes, which name two blocks at most. */
static unsigned slots_log2(size_t n) { return 64u - (unsigned)__builtin_clzll(4 * n); }

EK_INLINE ek_ref *slot_of(const changed_blocks *set, ek_ref ref) {
    uint32_t mask = UINT32_MAX >> set->shift, i = ref * UINT32_C(0x9e3779b1) >> set->shift;
    while (set->slot[i] != 0 && set->slot[i] != ref) i = (i + 1) & mask;
    return &set->slot[i];
}

size_t ek_zset_reorder_room(const ek_store *s, const ek_value *v, size_t n) {
    return (root_of(s->a, v)->members.count + n) * sizeof(ek_btree_entry) +
           (sizeof(ek_ref) << slots_log2(n));
}

void ek_zset_reorder(ek_store *s, const ek_value *v, ek_btree_entry *e, size_t n, void *room) {
    ek_arena *a = s->a;
    ek_zset *z = root_of(a, v);
    ek_btree_entry *all = room, *other = all + z->members.count;
    changed_blocks changed = {(ek_ref *)(other + n), 32 - slots_log2(n)};
    memset(changed.slot, 0, sizeof(ek_ref) << slots_log2(n));
    size_t kept = n, nall = 0; /* of a member that changed twice the last change, at the end of e */
    for (size_t i = n; i-- > 0;) {
        if (e[i].was) *slot_of(&changed, e[i].was) = e[i].was;
        ek_ref *slot = slot_of(&changed, e[i].item);
        if (*slot) continue;
        *slot = e[i].item;
        e[--kept] = e[i];
    }
    sort_entries(a, e + kept, other, n - kept);
    const ek_btree_entry *next = e + kept, *end = e + n;
    for (ek_btree_place p = ek_btree_at(a, &z->order, 0); p.leaf; p = ek_btree_next(a, p)) {
        ek_btree_entry old = {.score = ek_btree_score(a, p), .item = ek_btree_item(a, p)};
        if (*slot_of(&changed, old.item)) continue;
        for (; next < end && compare_entries(next, &old, a) < 0; next++) all[nall++] = *next;
        all[nall++] = old;
    }
    while (next < end) all[nall++] = *next++;
    ek_btree_rebuild(a, &z->order, all, (uint32_t)nall);
}

/* --- storing a result --- */

static bool fits_listpack(const ek_store *s, const ek_zset_entry *e, size_t n) {
    const ek_config *config = &s->root->config;
    if ((int64_t)n > config->zset_max_listpack_entries) return false;
    for (size_t i = 0; i < n; i++)
        if (e[i].member.n > (uint64_t)config->zset_max_listpack_value) return false;
    return true;
}

size_t ek_zset_store_room(const ek_store *s, const ek_zset_entry *e, size_t n) {
    if (!fits_listpack(s, e, n)) return n * sizeof(ek_btree_entry);
    size_t room = n * (EK_LP_STRING_EXTRA_MAX + EK_DOUBLE_CHARS + EK_LP_STRING_EXTRA_MAX);
    for (size_t i = 0; i < n; i++) room += e[i].member.n;
    return room;
}

/* Of members in order, without a descent for each. */
static ek_ref build_big(ek_store *s, const ek_zset_entry *e, size_t n, ek_btree_entry *room) {
    ek_ref root = new_root(s->a);
    ek_zset *z = ek_ptr(s->a, root);
    ek_table_expect(s->a, &z->members, n);
    for (size_t i = 0; i < n; i++) {
        ek_ref block = new_block(s->a, e[i].score, e[i].member);
        ek_table_add(s->a, &z->members, key_of, ek_table_hash(s->a, e[i].member), block);
        room[i] = (ek_btree_entry){.score = e[i].score, .item = block};
    }
    ek_btree_rebuild(s->a, &z->order, room, (uint32_t)n);
    return root;
}

void ek_zset_store(ek_store *s, ek_db *db, ek_value *v, const ek_zset_entry *e, size_t n,
                   uint8_t *room) {
    ek_entry_plan plan = {
        .key = v->key, .type = EK_ZSET, .enc = EK_ENC_LISTPACK, .expire_ms = EK_NO_EXPIRE,
        .access = ek_access_begin(s), .bytes = room,
    };
    if (fits_listpack(s, e, n)) {
        uint8_t *to = room;
        char text[EK_DOUBLE_CHARS];
        for (size_t i = 0; i < n; i++) {
            ek_lp_encoded score;
            encode_score(&score, e[i].score, text);
            to = ek_lp_write(ek_lp_put(to, e[i].member.p, e[i].member.n), &score);
        }
        plan.len = (size_t)(to - room);
    } else {
        plan.enc = EK_ENC_SKIPLIST;
        plan.outside = build_big(s, e, n, (ek_btree_entry *)room);
    }
    ek_keyspace_put(s, db, v, &plan);
}

/* The score of an entry. False: it is not in the form that encode_score gives it. */
static bool score_of_ours(const ek_lp_value *v, double *score) {
    char text[EK_DOUBLE_CHARS];
    ek_lp_encoded e;
    if (!v->s) {
        *score = (double)v->i;
        return v->i >= -((int64_t)1 << 53) && v->i <= (int64_t)1 << 53;
    }
    if (EK_LIKELY(ek_is_printed_fraction(v->s, v->n, score))) return true;
    if (!ek_parse_double(v->s, v->n, score)) return false;
    encode_score(&e, *score, text);
    return e.n == v->n && memcmp(e.s, v->s, v->n) == 0;
}

bool ek_zset_put_run(ek_store *s, ek_db *db, ek_value *v, ek_str run, size_t n) {
    const ek_config *config = &s->root->config;
    if (n == 0 || (int64_t)n > config->zset_max_listpack_entries) return false;
    ek_zset_entry now, before = {.score = 0};
    char room[2][EK_I64_CHARS];
    const uint8_t *p = run.p;
    for (size_t i = 0; i < n; i++, before = now) {
        ek_lp_value value;
        now.member = member_at(p, room[i % 2]);
        if (now.member.n > (uint64_t)config->zset_max_listpack_value) return false;
        ek_lp_get(score_entry(p), &value);
        if (!score_of_ours(&value, &now.score)) return false;
        if (i && ek_zset_compare(&before, &now) >= 0) return false;
        p = next_pair(p);
    }
    ek_entry_plan plan = {
        .key = v->key, .type = EK_ZSET, .enc = EK_ENC_LISTPACK, .expire_ms = EK_NO_EXPIRE,
        .access = ek_access_begin(s), .bytes = run.p, .len = run.n,
    };
    ek_keyspace_add(s, db, &plan, v->hash, v);
    return true;
}

/* --- as a value --- */

static size_t value_weight(const ek_arena *a, ek_ref root, ek_encoding enc) {
    (void)enc;
    return ((const ek_zset *)ek_ptr(a, root))->order.count;
}

static void free_block(ek_arena *a, void *arg, ek_ref block) {
    (void)arg;
    ek_free(a, block);
}

static void keep_block(ek_arena *a, void *arg, ek_ref block) { (void)a, (void)arg, (void)block; }

/* The blocks first, with the tree; then the table, whose items are gone by then. */
static bool value_drain(ek_arena *a, ek_ref root, ek_encoding enc, size_t budget) {
    (void)enc;
    ek_zset *z = ek_ptr(a, root);
    if (z->order.count) {
        uint32_t n = (uint32_t)ek_min(budget, UINT32_MAX);
        ek_btree_remove_ranks(a, &z->order, 0, n, free_block, NULL);
        if (z->order.count || budget != SIZE_MAX) return false;
    }
    if (!ek_table_drain(a, &z->members, budget, keep_block, NULL)) return false;
    ek_free(a, root);
    return true;
}

static ek_ref value_copy(ek_store *s, ek_ref root, ek_encoding enc) {
    (void)enc;
    const ek_arena *a = s->a;
    ek_ref fresh = new_root(s->a);
    ek_btree_place p = ek_btree_at(a, &((const ek_zset *)ek_ptr(a, root))->order, 0);
    for (; p.leaf; p = ek_btree_next(a, p))
        add_big(s, ek_ptr(a, fresh), ek_btree_score(a, p), key_of(a, ek_btree_item(a, p)));
    return fresh;
}

#define BYTES_SAMPLES 64

/* Of the blocks by a sample of their sizes. */
static size_t value_bytes(const ek_arena *a, ek_ref root, ek_encoding enc) {
    (void)enc;
    const ek_zset *z = ek_ptr(a, root);
    size_t n = ek_usable(a, root) + ek_table_bytes(a, &z->members) + ek_btree_bytes(a, &z->order);
    size_t sampled = 0, bytes = 0;
    ek_btree_place p = ek_btree_at(a, &z->order, 0);
    for (; p.leaf && sampled < BYTES_SAMPLES; sampled++, p = ek_btree_next(a, p))
        bytes += ek_usable(a, ek_btree_item(a, p));
    return sampled ? n + bytes * z->order.count / sampled : n;
}

static bool value_check(const ek_arena *a, ek_ref root, ek_encoding enc) {
    const ek_zset *z = ek_ptr(a, root);
    if (enc != EK_ENC_SKIPLIST || z->members.count != z->order.count) return false;
    if (!ek_btree_check(a, &z->order, key_of) || !ek_table_check(a, &z->members, key_of))
        return false;
    for (ek_btree_place p = ek_btree_at(a, &z->order, 0); p.leaf; p = ek_btree_next(a, p)) {
        ek_ref block = ek_btree_item(a, p);
        ek_str member = key_of(a, block);
        if (ek_zset_block_score(a, block) != ek_btree_score(a, p) ||
            ek_table_find(a, &z->members, key_of, ek_table_hash(a, member), member) != block)
            return false;
    }
    return true;
}

const ek_value_ops ek_value_zset = {
    .weight = value_weight,
    .drain = value_drain,
    .copy = value_copy,
    .bytes = value_bytes,
    .check = value_check,
};
