/* See btree.h for the layout.
 *
 * A change walks down once, noting the way, and mends on the way back: counts, the fence of a node
 * whose first item went, nodes that became too small. An insertion that meets a full leaf first makes
 * room there, which leaves a tree in order, and walks down anew. */
#include "data/btree.h"

#define HEIGHT_MAX 12
#define LEAF EK_BTREE_LEAF
#define INNER EK_BTREE_INNER
#define LEAF_SHARES (LEAF - 5) /* a neighbour with at most so many takes some from a full leaf */
#define LEAF_SPARSE (LEAF / 3)
#define INNER_SPARSE (INNER / 3)

typedef ek_btree_leaf leaf_node;
typedef ek_btree_member_fn member_fn;

typedef struct inner_node {
    uint32_t n, spare;
    uint32_t count[INNER];
    ek_ref child[INNER];
    double score[INNER]; /* of the first item below the child; [0] is not kept */
    ek_ref item[INNER];
} inner_node;

_Static_assert(sizeof(inner_node) <= 640, "an inner node fits its size class");

/* The way down: inner nodes from the top, and which child was taken; then the leaf and the place. */
typedef struct path {
    unsigned depth; /* inner nodes */
    inner_node *node[HEIGHT_MAX];
    unsigned at[HEIGHT_MAX];
    ek_ref leaf;
    unsigned place;
    uint32_t rank;
} path;

/* What is sought: the first place that does not come before it. */
typedef struct target {
    enum { BY_BOTH, BY_SCORE, BY_MEMBER } by;
    bool beyond; /* what equals it comes before */
    double score;
    ek_str member;
    member_fn *member_of;
} target;

static int compare_strs(ek_str x, ek_str y) {
    int c = memcmp(x.p, y.p, ek_min(x.n, y.n));
    return c ? c : (x.n > y.n) - (x.n < y.n);
}

/* --- searching arrays --- */

typedef double pair_of_scores __attribute__((vector_size(16)));
typedef int64_t pair_of_masks __attribute__((vector_size(16)));

EK_INLINE pair_of_scores load_pair(const double *p) {
    pair_of_scores v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* How many of the n scores are below s; with `beyond`, at most s. All are asked: there is no branch
 * to guess wrong, and so few are compared sooner than half of them one after another. */
EK_INLINE unsigned lower(const double *score, unsigned n, double s, bool beyond) {
    pair_of_scores at = {s, s};
    pair_of_masks sum = {0, 0}, more = {0, 0};
    unsigned i = 0;
    for (; i + 4 <= n; i += 4) {
        pair_of_scores x = load_pair(score + i), y = load_pair(score + i + 2);
        sum += (pair_of_masks)(beyond ? x <= at : x < at);
        more += (pair_of_masks)(beyond ? y <= at : y < at);
    }
    sum += more;
    unsigned before = (unsigned)-(sum[0] + sum[1]);
    for (; i < n; i++) before += beyond ? score[i] <= s : score[i] < s;
    return before;
}

/* Where those with score s end, of which score[from] is the first: mostly there is no other. */
EK_INLINE unsigned equal_end(const double *score, unsigned from, unsigned n, double s) {
    if (from + 1 == n || score[from + 1] != s) return from + 1;
    return from + lower(score + from, n - from, s, true);
}

/* How many of the items [from, to) have a member before the target's. */
static unsigned lower_member(const ek_arena *a, const ek_ref *item, unsigned from, unsigned to,
                             const target *t) {
    while (from < to) {
        unsigned mid = from + (to - from) / 2;
        int c = compare_strs(t->member_of(a, item[mid]), t->member);
        if (c < 0 || (t->beyond && c == 0)) from = mid + 1;
        else to = mid;
    }
    return from;
}

static unsigned before_target(const ek_arena *a, const double *score, const ek_ref *item,
                              unsigned n, const target *t) {
    if (t->by == BY_SCORE)
        return t->beyond ? lower(score, n, t->score, true) : lower(score, n, t->score, false);
    if (t->by == BY_MEMBER) return lower_member(a, item, 0, n, t);
    unsigned from = lower(score, n, t->score, false);
    if (from == n || score[from] != t->score) return from;
    return lower_member(a, item, from, equal_end(score, from, n, t->score), t);
}

static void fetch_leaf(const void *leaf) {
    for (unsigned i = 0; i < 6; i++) __builtin_prefetch((const uint8_t *)leaf + 64 * i);
}

EK_INLINE void descend(const ek_arena *a, const ek_btree *t, const target *to, path *way,
                       bool with_rank) {
    ek_ref ref = t->top;
    way->rank = 0;
    way->depth = t->height - 1;
    for (unsigned d = 0; d < way->depth; d++) {
        inner_node *node = ek_ptr(a, ref);
        unsigned i = before_target(a, node->score + 1, node->item + 1, node->n - 1, to);
        /* What is sought lies in the child before the first fence that is not before it, or is that
         * fence; which is the same place when it is to be found, and the end of that child if not. */
        if (i + 1 < node->n && to->by == BY_BOTH && !to->beyond &&
            node->score[i + 1] == to->score &&
            compare_strs(to->member_of(a, node->item[i + 1]), to->member) == 0)
            i++;
        ref = node->child[i];
        if (d + 1 == way->depth) fetch_leaf(ek_ptr(a, ref));
        for (unsigned k = 0; with_rank && k < i; k++) way->rank += node->count[k];
        way->node[d] = node;
        way->at[d] = i;
    }
    const leaf_node *leaf = ek_ptr(a, ref);
    way->leaf = ref;
    way->place = before_target(a, leaf->score, leaf->item, leaf->n, to);
    way->rank += way->place;
}

void ek_btree_fetch(const ek_arena *a, const ek_btree *t, double score) {
    ek_ref ref = t->top;
    for (unsigned height = t->height; height > 1; height--) {
        const inner_node *node = ek_ptr(a, ref);
        ref = node->child[lower(node->score + 1, node->n - 1, score, false)];
    }
    if (ref) fetch_leaf(ek_ptr(a, ref));
}

static void descend_to(const ek_arena *a, const ek_btree *t, uint32_t rank, path *way) {
    ek_ref ref = t->top;
    way->rank = rank;
    way->depth = t->height - 1;
    for (unsigned d = 0; d < way->depth; d++) {
        inner_node *node = ek_ptr(a, ref);
        unsigned i = 0;
        while (i + 1 < node->n && rank >= node->count[i]) rank -= node->count[i++];
        ref = node->child[i];
        way->node[d] = node;
        way->at[d] = i;
    }
    way->leaf = ref;
    way->place = rank;
}

/* --- reading --- */

ek_btree_place ek_btree_at(const ek_arena *a, const ek_btree *t, uint32_t rank) {
    if (rank >= t->count) return (ek_btree_place){0, 0};
    uint32_t end = ek_heap_end(a);
    ek_ref ref = t->top;
    for (uint32_t height = ek_min(t->height, HEIGHT_MAX); height > 1; height--) {
        if (!ek_ref_in(end, ref)) return (ek_btree_place){0, 0};
        const inner_node *node = ek_ptr(a, ref);
        uint32_t n = ek_min(ek_once32(&node->n), INNER), i = 0, below;
        for (; i + 1 < n && rank >= (below = ek_once32(&node->count[i])); i++) rank -= below;
        ref = ek_once32(&node->child[i]);
    }
    return ek_ref_in(end, ref) ? (ek_btree_place){ref, rank} : (ek_btree_place){0, 0};
}

static uint32_t rank_of(const ek_arena *a, const ek_btree *t, const target *to) {
    if (t->count == 0) return 0;
    path way;
    descend(a, t, to, &way, true);
    return way.rank;
}

/* How many of a node's places come before (score, member); with `beyond`, or are it. The references
 * of those with an equal score are believed no more than a reader without the lock may. */
EK_INLINE unsigned before_both(const ek_arena *a, const double *scores, const ek_ref *items,
                               unsigned n, double score, ek_str member, member_fn *member_of,
                               bool beyond) {
    unsigned from = lower(scores, n, score, false);
    if (from >= n || scores[from] != score) return from;
    unsigned to = equal_end(scores, from, n, score);
    uint32_t end = ek_heap_end(a);
    while (from < to) {
        unsigned mid = from + (to - from) / 2;
        ek_ref item = ek_once32(&items[mid]);
        int c = ek_ref_in(end, item) ? compare_strs(member_of(a, item), member) : 0;
        if (c < 0 || (beyond && c == 0)) from = mid + 1;
        else to = mid;
    }
    return from;
}

uint32_t ek_btree_rank(const ek_arena *a, const ek_btree *t, member_fn *member_of, double score,
                       ek_str member) {
    uint32_t rank = 0, end = ek_heap_end(a);
    ek_ref ref = t->top;
    for (uint32_t height = ek_min(t->height, HEIGHT_MAX); height > 1; height--) {
        if (!ek_ref_in(end, ref)) return rank;
        const inner_node *node = ek_ptr(a, ref);
        uint32_t n = ek_min(ek_once32(&node->n), INNER);
        if (n == 0) return rank;
        unsigned i = before_both(a, node->score + 1, node->item + 1, n - 1, score, member,
                                 member_of, true);
        ref = ek_once32(&node->child[i]);
        if (height == 2 && ek_ref_in(end, ref)) fetch_leaf(ek_ptr(a, ref));
        for (unsigned k = 0; k < i; k++) rank += node->count[k];
    }
    if (!ek_ref_in(end, ref)) return rank;
    const leaf_node *leaf = ek_ptr(a, ref);
    return rank + before_both(a, leaf->score, leaf->item, ek_min(ek_once32(&leaf->n), LEAF), score,
                              member, member_of, false);
}

uint32_t ek_btree_before_score(const ek_arena *a, const ek_btree *t, double score, bool beyond) {
    return rank_of(a, t, &(target){.by = BY_SCORE, .score = score, .beyond = beyond});
}

uint32_t ek_btree_before_member(const ek_arena *a, const ek_btree *t, member_fn *member_of,
                                ek_str member, bool beyond) {
    return rank_of(a, t, &(target){.by = BY_MEMBER, .member = member, .beyond = beyond,
                                   .member_of = member_of});
}

ek_ref ek_btree_find_member(const ek_arena *a, const ek_btree *t, member_fn *member_of,
                            ek_str member) {
    ek_btree_place p = ek_btree_at(a, t, ek_btree_before_member(a, t, member_of, member, false));
    ek_ref item = p.leaf ? ek_btree_item(a, p) : 0;
    return item && ek_str_eq(member_of(a, item), member) ? item : 0;
}

/* --- changing leaves --- */

static void set_n(ek_arena *a, uint32_t *n, uint32_t v) {
    ek_touch(a, n, sizeof *n);
    *n = v;
}

static void leaf_put(ek_arena *a, leaf_node *leaf, unsigned at, double score, ek_ref item) {
    unsigned behind = leaf->n - at;
    if (behind) {
        ek_touch(a, &leaf->score[at], behind * sizeof(double));
        ek_touch(a, &leaf->item[at], behind * sizeof(ek_ref));
        memmove(&leaf->score[at + 1], &leaf->score[at], behind * sizeof(double));
        memmove(&leaf->item[at + 1], &leaf->item[at], behind * sizeof(ek_ref));
    }
    ek_touch_slack(a, &leaf->score[leaf->n], sizeof(double));
    ek_touch_slack(a, &leaf->item[leaf->n], sizeof(ek_ref));
    leaf->score[at] = score;
    leaf->item[at] = item;
    set_n(a, &leaf->n, leaf->n + 1);
}

static void leaf_cut(ek_arena *a, leaf_node *leaf, unsigned at, unsigned n) {
    unsigned behind = leaf->n - at - n;
    ek_touch(a, &leaf->score[at], (leaf->n - at) * sizeof(double));
    ek_touch(a, &leaf->item[at], (leaf->n - at) * sizeof(ek_ref));
    memmove(&leaf->score[at], &leaf->score[at + n], behind * sizeof(double));
    memmove(&leaf->item[at], &leaf->item[at + n], behind * sizeof(ek_ref));
    set_n(a, &leaf->n, leaf->n - n);
}

/* Move items between neighbours so that the left one has `want`. Announces both whole. */
static void leaf_share(ek_arena *a, leaf_node *l, leaf_node *r, unsigned want) {
    ek_touch(a, l, sizeof *l);
    ek_touch(a, r, sizeof *r);
    if (want < l->n) {
        unsigned k = l->n - want;
        memmove(&r->score[k], r->score, r->n * sizeof(double));
        memmove(&r->item[k], r->item, r->n * sizeof(ek_ref));
        memcpy(r->score, &l->score[want], k * sizeof(double));
        memcpy(r->item, &l->item[want], k * sizeof(ek_ref));
        r->n += k;
    } else {
        unsigned k = want - l->n;
        memcpy(&l->score[l->n], r->score, k * sizeof(double));
        memcpy(&l->item[l->n], r->item, k * sizeof(ek_ref));
        r->n -= k;
        memmove(r->score, &r->score[k], r->n * sizeof(double));
        memmove(r->item, &r->item[k], r->n * sizeof(ek_ref));
    }
    l->n = want;
}

static ek_ref new_leaf(ek_arena *a) {
    ek_ref ref = ek_alloc(a, sizeof(leaf_node));
    leaf_node *leaf = ek_ptr(a, ref);
    leaf->n = leaf->spare = 0;
    leaf->prev = leaf->next = 0;
    return ref;
}

static void chain_in(ek_arena *a, ek_ref ref, ek_ref before) {
    leaf_node *leaf = ek_ptr(a, ref), *l = ek_ptr(a, before);
    leaf->prev = before;
    leaf->next = l->next;
    if (l->next) EK_SET(a, ((leaf_node *)ek_ptr(a, l->next))->prev, ref);
    EK_SET(a, l->next, ref);
}

static void chain_out(ek_arena *a, ek_ref ref) {
    const leaf_node *leaf = ek_ptr(a, ref);
    if (leaf->prev) EK_SET(a, ((leaf_node *)ek_ptr(a, leaf->prev))->next, leaf->next);
    if (leaf->next) EK_SET(a, ((leaf_node *)ek_ptr(a, leaf->next))->prev, leaf->prev);
}

/* --- changing inner nodes: rare, so they are announced whole --- */

static void fence(inner_node *node, unsigned i, double score, ek_ref item) {
    node->score[i] = score;
    node->item[i] = item;
}

static void move_children(inner_node *to, unsigned to_at, const inner_node *from, unsigned at,
                          unsigned n) {
    memmove(&to->count[to_at], &from->count[at], n * sizeof(uint32_t));
    memmove(&to->child[to_at], &from->child[at], n * sizeof(ek_ref));
    memmove(&to->score[to_at], &from->score[at], n * sizeof(double));
    memmove(&to->item[to_at], &from->item[at], n * sizeof(ek_ref));
}

static void inner_put(ek_arena *a, inner_node *node, unsigned at, ek_ref child, uint32_t count,
                      double score, ek_ref item) {
    ek_touch(a, node, sizeof *node);
    move_children(node, at + 1, node, at, node->n - at);
    node->n++;
    node->child[at] = child;
    node->count[at] = count;
    fence(node, at, score, item);
}

static void inner_cut(ek_arena *a, inner_node *node, unsigned at) {
    ek_touch(a, node, sizeof *node);
    move_children(node, at, node, at + 1, node->n - at - 1);
    node->n--;
}

static uint32_t sum(const inner_node *node, unsigned from, unsigned to) {
    uint32_t total = 0;
    while (from < to) total += node->count[from++];
    return total;
}

/* A top above the present one, with it as the only child. */
static void raise_top(ek_arena *a, ek_btree *t) {
    ek_ref ref = ek_alloc(a, sizeof(inner_node));
    inner_node *node = ek_ptr(a, ref);
    memset(node, 0, sizeof *node);
    node->n = 1;
    node->child[0] = t->top;
    node->count[0] = t->count;
    ek_touch(a, t, sizeof *t);
    t->top = ref;
    t->height++;
}

/* Split the full inner node at depth d of the way; its parent has room. */
static void split_inner(ek_arena *a, const path *way, unsigned d) {
    inner_node *l = way->node[d], *parent = way->node[d - 1];
    ek_ref ref = ek_alloc(a, sizeof(inner_node));
    inner_node *r = ek_ptr(a, ref);
    memset(r, 0, sizeof *r);
    unsigned keep = way->at[d] + 1 == l->n ? l->n - 1 : l->n / 2; /* ascending: leave it full */
    r->n = l->n - keep;
    move_children(r, 0, l, keep, r->n);
    set_n(a, &l->n, keep);
    unsigned at = way->at[d - 1];
    uint32_t moved = sum(r, 0, r->n);
    inner_put(a, parent, at + 1, ref, moved, r->score[0], r->item[0]);
    parent->count[at] -= moved;
}

/* A full leaf: share with a neighbour of the same parent, or split. One step; the tree is in order
 * afterwards, and whoever called walks down again. */
static void make_room(ek_arena *a, ek_btree *t, const path *way) {
    if (way->depth == 0) {
        raise_top(a, t);
        return;
    }
    unsigned d = way->depth - 1, at = way->at[d];
    inner_node *parent = way->node[d];
    leaf_node *leaf = ek_ptr(a, way->leaf);
    leaf_node *right = at + 1 < parent->n ? ek_ptr(a, parent->child[at + 1]) : NULL;
    leaf_node *left = at > 0 ? ek_ptr(a, parent->child[at - 1]) : NULL;
    bool at_end = way->place == LEAF && !leaf->next;
    if (!at_end && left && left->n <= LEAF_SHARES && (!right || left->n <= right->n)) {
        right = leaf;
        leaf = left;
        at--;
    } else if (at_end || !right || right->n > LEAF_SHARES) {
        if (parent->n == INNER) {
            while (d > 0 && way->node[d - 1]->n == INNER) d--;
            if (d == 0) raise_top(a, t);
            else split_inner(a, way, d);
            return;
        }
        ek_ref ref = new_leaf(a);
        right = ek_ptr(a, ref);
        chain_in(a, ref, way->leaf);
        inner_put(a, parent, at + 1, ref, 0, 0, 0);
    }
    unsigned want = at_end ? LEAF - 1 : (leaf->n + right->n) / 2;
    leaf_share(a, leaf, right, want);
    ek_touch(a, parent, sizeof *parent);
    parent->count[at] = leaf->n;
    parent->count[at + 1] = right->n;
    fence(parent, at + 1, right->score[0], right->item[0]);
}

static void add_to_counts(ek_arena *a, const path *way, uint32_t change) {
    for (unsigned d = 0; d < way->depth; d++) {
        uint32_t *count = &way->node[d]->count[way->at[d]];
        set_n(a, count, *count + change);
    }
}

void ek_btree_insert(ek_arena *a, ek_btree *t, member_fn *member_of, double score, ek_ref item) {
    if (t->height == 0) {
        ek_ref ref = new_leaf(a);
        ek_touch(a, t, sizeof *t);
        t->top = ref;
        t->height = 1;
    }
    target to = {.score = score, .member = member_of(a, item), .member_of = member_of};
    path way;
    for (;;) {
        descend(a, t, &to, &way, false);
        leaf_node *leaf = ek_ptr(a, way.leaf);
        if (EK_LIKELY(leaf->n < LEAF)) break;
        make_room(a, t, &way);
    }
    leaf_put(a, ek_ptr(a, way.leaf), way.place, score, item);
    add_to_counts(a, &way, 1);
    EK_SET(a, t->count, t->count + 1);
}

/* The first item below the way's leaf is another now: tell the node that keeps it as a fence. */
static void mend_fence(ek_arena *a, const path *way) {
    const leaf_node *leaf = ek_ptr(a, way->leaf);
    unsigned d = way->depth;
    while (d > 0 && way->at[d - 1] == 0) d--;
    if (d == 0) return;
    inner_node *node = way->node[d - 1];
    unsigned at = way->at[d - 1];
    ek_touch(a, &node->score[at], sizeof(double));
    ek_touch(a, &node->item[at], sizeof(ek_ref));
    fence(node, at, leaf->score[0], leaf->item[0]);
}

/* Take the child on the way at depth d, which is empty, out of the tree. */
static void drop_child(ek_arena *a, const path *way, unsigned d) {
    inner_node *node = way->node[d];
    unsigned at = way->at[d];
    ek_free(a, node->child[at]);
    inner_cut(a, node, at);
    if (at > 0 || node->n == 0) return;
    /* Another child is the first now: its fence belongs to a node above. */
    for (; d > 0; d--) {
        if (way->at[d - 1] == 0) continue;
        inner_node *above = way->node[d - 1];
        ek_touch(a, above, sizeof *above);
        fence(above, way->at[d - 1], node->score[0], node->item[0]);
        return;
    }
}

/* Join child i of an inner node with the one behind it, if both fit into one that keeps some room. */
static void join_leaves(ek_arena *a, inner_node *parent, unsigned i) {
    leaf_node *l = ek_ptr(a, parent->child[i]), *r = ek_ptr(a, parent->child[i + 1]);
    if (l->n + r->n > LEAF_SHARES) return;
    ek_ref gone = parent->child[i + 1];
    leaf_share(a, l, r, l->n + r->n);
    chain_out(a, gone);
    ek_free(a, gone);
    inner_cut(a, parent, i + 1);
    parent->count[i] = l->n;
}

static void join_inner(ek_arena *a, inner_node *parent, unsigned i) {
    inner_node *l = ek_ptr(a, parent->child[i]), *r = ek_ptr(a, parent->child[i + 1]);
    if (l->n + r->n > INNER - 4) return;
    ek_touch(a, l, sizeof *l);
    unsigned seam = l->n;
    move_children(l, seam, r, 0, r->n);
    l->n += r->n;
    fence(l, seam, parent->score[i + 1], parent->item[i + 1]);
    uint32_t count = parent->count[i + 1];
    ek_free(a, parent->child[i + 1]);
    inner_cut(a, parent, i + 1);
    parent->count[i] += count;
}

/* After something went: no empty nodes, no sparse neighbours, no top with a single child. */
static void tidy(ek_arena *a, ek_btree *t, const path *way) {
    const leaf_node *leaf = ek_ptr(a, way->leaf);
    unsigned n = leaf->n;
    if (n == 0 && way->depth > 0) chain_out(a, way->leaf);
    for (unsigned d = way->depth; d-- > 0;) {
        inner_node *node = way->node[d];
        unsigned at = way->at[d];
        bool leaves = d + 1 == way->depth;
        if (n == 0) {
            drop_child(a, way, d);
        } else if (n < (leaves ? LEAF_SPARSE : INNER_SPARSE)) {
            void (*join)(ek_arena *, inner_node *, unsigned) = leaves ? join_leaves : join_inner;
            if (at + 1 < node->n) join(a, node, at);
            if (at > 0 && at < node->n) join(a, node, at - 1);
        }
        n = node->n;
    }
    if (n == 0) {
        ek_free(a, t->top);
        ek_touch(a, t, sizeof *t);
        *t = (ek_btree){0};
        return;
    }
    while (t->height > 1 && ((inner_node *)ek_ptr(a, t->top))->n == 1) {
        ek_ref gone = t->top, child = ((inner_node *)ek_ptr(a, gone))->child[0];
        ek_free(a, gone);
        ek_touch(a, t, sizeof *t);
        t->top = child;
        t->height--;
    }
}

/* Take n items out of the leaf that the way leads to, all of which it has. */
static void cut(ek_arena *a, ek_btree *t, const path *way, unsigned n) {
    leaf_node *leaf = ek_ptr(a, way->leaf);
    leaf_cut(a, leaf, way->place, n);
    add_to_counts(a, way, 0 - n);
    EK_SET(a, t->count, t->count - n);
    if (way->place == 0 && leaf->n) mend_fence(a, way);
    if (leaf->n < LEAF_SPARSE) tidy(a, t, way);
}

void ek_btree_remove(ek_arena *a, ek_btree *t, member_fn *member_of, double score, ek_ref item) {
    path way;
    descend(a, t, &(target){.score = score, .member = member_of(a, item), .member_of = member_of},
            &way, false);
    const leaf_node *leaf = ek_ptr(a, way.leaf);
    if (way.place >= leaf->n || leaf->item[way.place] != item) ek_raise(a, EK_ECORRUPT);
    cut(a, t, &way, 1);
}

/* Move an item within its leaf, from place i to where it stands with `score`. */
static void shift_within(ek_arena *a, leaf_node *leaf, unsigned from, unsigned to, double score) {
    ek_ref item = leaf->item[from];
    unsigned low = from < to ? from : to, n = (from < to ? to - from : from - to) + 1;
    ek_touch(a, &leaf->score[low], n * sizeof(double));
    if (n > 1) ek_touch(a, &leaf->item[low], n * sizeof(ek_ref));
    if (from < to) {
        memmove(&leaf->score[from], &leaf->score[from + 1], (to - from) * sizeof(double));
        memmove(&leaf->item[from], &leaf->item[from + 1], (to - from) * sizeof(ek_ref));
    } else {
        memmove(&leaf->score[to + 1], &leaf->score[to], (from - to) * sizeof(double));
        memmove(&leaf->item[to + 1], &leaf->item[to], (from - to) * sizeof(ek_ref));
    }
    leaf->score[to] = score;
    leaf->item[to] = item;
}

void ek_btree_move(ek_arena *a, ek_btree *t, member_fn *member_of, ek_ref item, double score,
                   double new_score) {
    target old = {.score = score, .member = member_of(a, item), .member_of = member_of};
    target new = old;
    new.score = new_score;
    path way;
    descend(a, t, &old, &way, false);
    leaf_node *leaf = ek_ptr(a, way.leaf);
    if (way.place >= leaf->n || leaf->item[way.place] != item) ek_raise(a, EK_ECORRUPT);
    /* Within the leaf nothing else changes: its first item stays the first, unless it is the first of
     * all, and the last does not pass what may come behind. */
    unsigned to = before_target(a, leaf->score, leaf->item, leaf->n, &new);
    if (((way.place > 0 && to > 0) || !leaf->prev) && (to < leaf->n || !leaf->next)) {
        shift_within(a, leaf, way.place, to > way.place ? to - 1 : to, new_score);
        return;
    }
    cut(a, t, &way, 1);
    ek_btree_insert(a, t, member_of, new_score, item);
}

void ek_btree_remove_ranks(ek_arena *a, ek_btree *t, uint32_t rank, uint32_t n,
                           ek_btree_release_fn *release, void *arg) {
    while (n > 0 && rank < t->count) {
        path way;
        descend_to(a, t, rank, &way);
        const leaf_node *leaf = ek_ptr(a, way.leaf);
        ek_ref gone[LEAF];
        unsigned k = (unsigned)ek_min(n, leaf->n - way.place);
        memcpy(gone, &leaf->item[way.place], k * sizeof(ek_ref));
        cut(a, t, &way, k);
        for (unsigned i = 0; i < k; i++) release(a, arg, gone[i]);
        n -= k;
    }
}

/* --- building anew --- */

#define LEAF_FILL (LEAF - 5)
#define INNER_FILL (INNER - 4)

static void free_nodes(ek_arena *a, ek_ref ref, unsigned height) {
    const inner_node *node = ek_ptr(a, ref);
    for (unsigned i = 0; height > 1 && i < node->n; i++) free_nodes(a, node->child[i], height - 1);
    ek_free(a, ref);
}

/* The node that is being filled, of each level above the leaves. */
typedef struct spine {
    unsigned height; /* levels that have one */
    ek_ref node[HEIGHT_MAX];
    uint32_t count[HEIGHT_MAX];       /* of items below it */
    const ek_btree_entry *first[HEIGHT_MAX]; /* that comes first below it */
} spine;

/* Hang a child into its level; a node that is full goes the same way. */
static void hang(ek_arena *a, spine *s, unsigned level, ek_ref child, uint32_t count,
                 const ek_btree_entry *first) {
    inner_node *node = level < s->height ? ek_ptr(a, s->node[level]) : NULL;
    if (node && node->n == INNER_FILL)
        hang(a, s, level + 1, s->node[level], s->count[level], s->first[level]);
    if (!node || node->n == INNER_FILL) {
        s->node[level] = ek_alloc_zeroed(a, sizeof *node);
        s->count[level] = 0;
        s->first[level] = first;
        if (level == s->height) s->height++;
        node = ek_ptr(a, s->node[level]);
    }
    unsigned at = node->n++;
    node->child[at] = child;
    node->count[at] = count;
    node->score[at] = first->score;
    node->item[at] = first->item;
    s->count[level] += count;
}

void ek_btree_rebuild(ek_arena *a, ek_btree *t, const ek_btree_entry *e, uint32_t n) {
    spine s = {0};
    ek_ref before = 0;
    uint32_t nleaves = (n + LEAF_FILL - 1) / LEAF_FILL, at = 0;
    if (t->height) free_nodes(a, t->top, t->height);
    for (uint32_t i = 0; i < nleaves; i++) { /* all about as full */
        ek_ref ref = new_leaf(a);
        leaf_node *leaf = ek_ptr(a, ref);
        leaf->n = (uint32_t)((uint64_t)n * (i + 1) / nleaves) - at;
        for (unsigned k = 0; k < leaf->n; k++) {
            leaf->score[k] = e[at + k].score;
            leaf->item[k] = e[at + k].item;
        }
        leaf->prev = before;
        if (before) ((leaf_node *)ek_ptr(a, before))->next = ref;
        before = ref;
        if (nleaves > 1) hang(a, &s, 0, ref, leaf->n, &e[at]);
        at += leaf->n;
    }
    for (unsigned level = 0; level + 1 < s.height; level++)
        hang(a, &s, level + 1, s.node[level], s.count[level], s.first[level]);
    ek_touch(a, t, sizeof *t);
    t->top = nleaves > 1 ? s.node[s.height - 1] : before;
    t->count = n;
    t->height = s.height + 1;
}

/* --- checking --- */

static size_t bytes_below(const ek_arena *a, ek_ref ref, unsigned height) {
    if (height == 1) return ek_alloc_rounds_to(a, sizeof(leaf_node));
    const inner_node *node = ek_ptr(a, ref);
    size_t n = ek_alloc_rounds_to(a, sizeof *node);
    if (height == 2) return n + node->n * ek_alloc_rounds_to(a, sizeof(leaf_node));
    for (unsigned i = 0; i < node->n; i++) n += bytes_below(a, node->child[i], height - 1);
    return n;
}

size_t ek_btree_bytes(const ek_arena *a, const ek_btree *t) {
    return t->height ? bytes_below(a, t->top, t->height) : 0;
}

typedef struct checking {
    const ek_arena *a;
    member_fn *member_of;
    bool any;
    double score;
    ek_ref item;
    ek_ref leaf; /* the one before */
} checking;

static bool leaf_check(checking *k, ek_ref ref, uint32_t *count) {
    if (!ek_ref_ok(k->a, ref, sizeof(leaf_node))) return false;
    const leaf_node *leaf = ek_ptr(k->a, ref);
    if (leaf->n == 0 || leaf->n > LEAF || leaf->prev != k->leaf) return false;
    if (k->leaf && ((const leaf_node *)ek_ptr(k->a, k->leaf))->next != ref) return false;
    for (unsigned i = 0; i < leaf->n; i++) {
        double score = leaf->score[i];
        if (score != score || !ek_ref_ok(k->a, leaf->item[i], 1)) return false;
        if (k->any && (k->score > score ||
                       (k->score == score &&
                        compare_strs(k->member_of(k->a, k->item),
                                     k->member_of(k->a, leaf->item[i])) >= 0)))
            return false;
        k->any = true;
        k->score = score;
        k->item = leaf->item[i];
    }
    k->leaf = ref;
    *count = leaf->n;
    return true;
}

static const leaf_node *first_leaf(const ek_arena *a, ek_ref ref, unsigned height) {
    while (height-- > 1) ref = ((const inner_node *)ek_ptr(a, ref))->child[0];
    return ek_ptr(a, ref);
}

static bool node_check(checking *k, ek_ref ref, unsigned height, uint32_t *count) {
    if (height == 1) return leaf_check(k, ref, count);
    if (!ek_ref_ok(k->a, ref, sizeof(inner_node))) return false;
    const inner_node *node = ek_ptr(k->a, ref);
    *count = 0;
    if (node->n == 0 || node->n > INNER) return false;
    for (unsigned i = 0; i < node->n; i++) {
        uint32_t below;
        if (!node_check(k, node->child[i], height - 1, &below) || below != node->count[i])
            return false;
        *count += below;
        const leaf_node *leaf = first_leaf(k->a, node->child[i], height - 1);
        if (i > 0 && (node->score[i] != leaf->score[0] || node->item[i] != leaf->item[0]))
            return false;
    }
    return true;
}

bool ek_btree_check(const ek_arena *a, const ek_btree *t, member_fn *member_of) {
    if (t->height == 0) return t->top == 0 && t->count == 0;
    if (t->height > HEIGHT_MAX) return false;
    checking k = {.a = a, .member_of = member_of};
    uint32_t count;
    if (!node_check(&k, t->top, t->height, &count) || count != t->count) return false;
    return ((const leaf_node *)ek_ptr(a, k.leaf))->next == 0;
}
