/* Walks without the lock. See peek.h for the rules. */
#include "store/peek_many.h"

#include "data/quicklist.h"
#include "store/value_zset.h"

#define HOPS_MAX 64u /* nodes of a list that are passed by before its first element is met */

static ek_peek_result value_of(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                               ek_type type, ek_peek_walk *w, ek_peeked *v) {
    *w = (ek_peek_walk){.a = s->a, .seq = seq};
    if (EK_UNLIKELY(key.n > EK_PEEK_KEY_MAX)) return EK_PEEK_UNSURE;
    return ek_peek_value(s->a, keys, s, key, ek_table_hash(s->a, key), type, v);
}

/* From ends as users give them to the first element and the number of elements. False: too many. */
static bool clip(int64_t start, int64_t stop, uint64_t count, uint32_t most, uint64_t *first,
                 uint32_t *n) {
    int64_t all = (int64_t)ek_min(count, INT64_MAX);
    if (start < 0) start = start + all < 0 ? 0 : start + all;
    if (stop < 0) stop += all;
    if (stop >= all) stop = all - 1;
    *first = (uint64_t)start;
    *n = 0;
    if (start > stop) return true;
    if (stop - start >= most) return false;
    *n = (uint32_t)(stop - start) + 1;
    return true;
}

/* --- lists --- */

/* Go to the run of a node; the number of its elements, 0: it is none. */
static uint32_t enter_node(ek_peek_walk *w, ek_ref ref) {
    const ek_arena *a = w->a;
    if (!ek_ref_in(ek_heap_end(a), ref)) return 0;
    const ek_list_node *node = ek_ptr(a, ref);
    uint32_t begin = ek_once32(&node->begin), end = ek_once32(&node->end);
    if (begin >= end || !ek_ref_ok(a, ref, sizeof *node + (size_t)end)) return 0;
    w->node = ref;
    w->p = node->data + begin;
    w->end = node->data + end;
    return ek_once32(&node->count);
}

ek_peek_result ek_peek_list(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                            int64_t start, int64_t stop, uint32_t most, ek_peek_walk *w) {
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, seq, EK_LIST, w, &v);
    if (found != EK_PEEK_FOUND) return found;
    if (v.enc != EK_ENC_QUICKLIST) return EK_PEEK_UNSURE;
    uint64_t count = ek_load64(v.p + offsetof(ek_list, count)), first;
    EK_HOLD(count);
    if (!clip(start, stop, count, most, &first, &w->left)) return EK_PEEK_UNSURE;
    if (w->left == 0) return EK_PEEK_FOUND;
    bool from_tail = first >= count / 2;
    uint64_t pass = from_tail ? count - 1 - first : first;
    size_t end = from_tail ? offsetof(ek_list, tail) : offsetof(ek_list, head);
    ek_ref ref = ek_once32(v.p + end);
    for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
        uint32_t n = enter_node(w, ref);
        if (n == 0) return EK_PEEK_UNSURE;
        if (pass < n) {
            uint64_t skip = from_tail ? n - 1 - pass : pass;
            for (; skip > 0 && w->p < w->end; skip--) w->p = ek_lp_next(w->p);
            return EK_PEEK_FOUND;
        }
        pass -= n;
        const ek_list_node *node = ek_ptr(w->a, ref);
        ref = ek_once32(from_tail ? &node->prev : &node->next);
    }
    return EK_PEEK_UNSURE;
}

/* --- hashes --- */

ek_peek_result ek_peek_pairs(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                             ek_peek_walk *w) {
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, seq, EK_HASH, w, &v);
    if (found != EK_PEEK_FOUND) return found;
    if (v.enc != EK_ENC_LISTPACK) return EK_PEEK_UNSURE;
    w->p = v.p;
    w->end = v.p + v.n;
    w->left = EK_PEEK_MANY;
    return EK_PEEK_FOUND;
}

/* --- sorted sets --- */

ek_peek_result ek_peek_ranks(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                             int64_t start, int64_t stop, uint32_t most, ek_peek_walk *w) {
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, seq, EK_ZSET, w, &v);
    if (found != EK_PEEK_FOUND) return found;
    if (v.enc != EK_ENC_SKIPLIST) return EK_PEEK_UNSURE;
    ek_btree order = ek_btree_read_root(v.p + offsetof(ek_zset, order));
    uint64_t first;
    if (!clip(start, stop, order.count, most, &first, &w->left)) return EK_PEEK_UNSURE;
    if (w->left == 0) return EK_PEEK_FOUND;
    ek_btree_place place = ek_btree_at(w->a, &order, (uint32_t)first);
    w->node = place.leaf;
    w->at = place.at;
    for (int i = 0; place.leaf && i < EK_ZSET_AHEAD; i++) ek_zset_fetch_ahead(w->a, place, i);
    return EK_PEEK_FOUND;
}

static ek_peek_result next_member(ek_peek_walk *w, ek_str *out) {
    const ek_arena *a = w->a;
    uint32_t end = ek_heap_end(a);
    if (!ek_ref_in(end, w->node)) return EK_PEEK_UNSURE;
    const ek_btree_leaf *leaf = ek_ptr(a, w->node);
    if (w->at >= ek_min(ek_once32(&leaf->n), EK_BTREE_LEAF)) {
        w->node = ek_once32(&leaf->next);
        w->at = 0;
        if (!ek_ref_in(end, w->node)) return EK_PEEK_UNSURE;
        leaf = ek_ptr(a, w->node);
        if (ek_once32(&leaf->n) == 0) return EK_PEEK_UNSURE;
    }
    ek_ref item = ek_once32(&leaf->item[w->at]);
    ek_zset_fetch_ahead(a, (ek_btree_place){w->node, w->at}, EK_ZSET_AHEAD);
    w->at++;
    if (!ek_ref_in(end, item)) return EK_PEEK_UNSURE;
    *out = ek_zset_block_member(a, item);
    return EK_PEEK_FOUND;
}

/* --- any --- */

static ek_peek_result next_entry(ek_peek_walk *w, ek_str *out) {
    if (EK_UNLIKELY(w->p >= w->end)) {
        if (!w->node) return w->p == w->end ? EK_PEEK_ABSENT : EK_PEEK_UNSURE;
        const ek_list_node *node = ek_ptr(w->a, w->node);
        if (enter_node(w, ek_once32(&node->next)) == 0) return EK_PEEK_UNSURE;
    }
    ek_lp_value value;
    ek_lp_get(w->p, &value);
    w->p = ek_lp_next(w->p);
    *out = ek_lp_text(&value, w->room);
    return EK_PEEK_FOUND;
}

ek_peek_result ek_peek_next_slow(ek_peek_walk *w, ek_str *out) {
    if (w->left == 0) return w->end && !w->node ? EK_PEEK_UNSURE : EK_PEEK_ABSENT;
    w->left--;
    ek_peek_result found = w->end ? next_entry(w, out) : next_member(w, out);
    if (found != EK_PEEK_FOUND) return found;
    EK_HOLD(out->n);
    if (out->p == (const uint8_t *)w->room) return EK_PEEK_FOUND;
    size_t end = (size_t)w->a->hdr->heap_pages * EK_PAGE, from = (size_t)(out->p - w->a->heap);
    if (from > end || out->n > end - from) return EK_PEEK_UNSURE;
    if (EK_UNLIKELY(out->n > EK_PEEK_LARGE) && !ek_read_ok(w->a, w->seq)) return EK_PEEK_UNSURE;
    return EK_PEEK_FOUND;
}
