/* See idtree.h for the layout.
 *
 * A change walks down once, noting the way, and mends the nodes above on the way back. */
#include "data/idtree.h"

#define HEIGHT_MAX 16
#define NODE EK_IDTREE_NODE
#define SPARSE (NODE / 4)
#define JOINED_MAX (NODE * 3 / 4)

typedef ek_idtree_node node;
typedef ek_idtree_place place;

static const place NOWHERE;

/* The way down: nodes from the top to the leaf, and which item of each was taken. */
typedef struct path {
    node *node[HEIGHT_MAX];
    ek_ref ref[HEIGHT_MAX];
    unsigned at[HEIGHT_MAX];
} path;

/* How many of the n ids are below this one; with `beyond`, at most this one. */
EK_INLINE unsigned lower(const ek_id *ids, unsigned n, ek_id id, bool beyond) {
    unsigned from = 0;
    while (n > 0) {
        unsigned half = n / 2;
        ek_id mid = ids[from + half];
        if (beyond ? !ek_id_before(id, mid) : ek_id_before(mid, id)) {
            from += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return from;
}

/* Which child of an inner node an id belongs to. */
EK_INLINE unsigned child_for(const node *in, ek_id id) {
    return in->first + lower(in->id + in->first + 1, in->n - 1u, id, true);
}

/* --- reading --- */

place ek_idtree_first(const ek_arena *a, const ek_idtree *t) {
    if (!t->top) return NOWHERE;
    ek_ref ref = t->top;
    for (unsigned h = t->height; h > 1; h--) {
        const node *in = ek_ptr(a, ref);
        ref = in->ref[in->first];
    }
    return (place){ref, ((const node *)ek_ptr(a, ref))->first};
}

place ek_idtree_last(const ek_arena *a, const ek_idtree *t) {
    if (!t->top) return NOWHERE;
    ek_ref ref = t->top;
    for (unsigned h = t->height;; h--) {
        const node *in = ek_ptr(a, ref);
        unsigned last = in->first + in->n - 1u;
        if (h == 1) return (place){ref, last};
        ref = in->ref[last];
    }
}

static ek_ref leaf_for(const ek_arena *a, const ek_idtree *t, ek_id id) {
    ek_ref ref = t->top;
    for (unsigned h = t->height; h > 1; h--) {
        const node *in = ek_ptr(a, ref);
        ref = in->ref[child_for(in, id)];
    }
    return ref;
}

place ek_idtree_at_least(const ek_arena *a, const ek_idtree *t, ek_id id) {
    if (!t->top) return NOWHERE;
    ek_ref ref = leaf_for(a, t, id);
    const node *leaf = ek_ptr(a, ref);
    unsigned i = lower(leaf->id + leaf->first, leaf->n, id, false);
    if (i < leaf->n) return (place){ref, leaf->first + i};
    if (!leaf->next) return NOWHERE;
    return (place){leaf->next, ((const node *)ek_ptr(a, leaf->next))->first};
}

place ek_idtree_at_most(const ek_arena *a, const ek_idtree *t, ek_id id) {
    if (!t->top) return NOWHERE;
    ek_ref ref = leaf_for(a, t, id);
    const node *leaf = ek_ptr(a, ref);
    unsigned i = lower(leaf->id + leaf->first, leaf->n, id, true);
    if (i > 0) return (place){ref, leaf->first + i - 1};
    if (!leaf->prev) return NOWHERE;
    const node *prev = ek_ptr(a, leaf->prev);
    return (place){leaf->prev, prev->first + prev->n - 1u};
}

ek_ref ek_idtree_find(const ek_arena *a, const ek_idtree *t, ek_id id) {
    if (!t->top) return 0;
    const node *leaf = ek_ptr(a, leaf_for(a, t, id));
    unsigned i = leaf->first + lower(leaf->id + leaf->first, leaf->n, id, false);
    return i < (unsigned)leaf->first + leaf->n && ek_id_eq(leaf->id[i], id) ? leaf->ref[i] : 0;
}

/* --- the items of one node --- */

static void set_bounds(ek_arena *a, node *in, unsigned first, unsigned n) {
    ek_touch(a, in, 2 * sizeof(uint16_t));
    in->first = (uint16_t)first;
    in->n = (uint16_t)n;
}

static void put_at(ek_arena *a, node *in, unsigned at, ek_id id, ek_ref ref) {
    EK_SET(a, in->id[at], id);
    EK_SET(a, in->ref[at], ref);
}

/* Move the items [from, from + n) by one place. */
static void shift(ek_arena *a, node *in, unsigned from, unsigned n, int by) {
    if (n == 0) return;
    unsigned to = from + (unsigned)by;
    ek_touch(a, &in->id[to], n * sizeof(ek_id));
    ek_touch(a, &in->ref[to], n * sizeof(ek_ref));
    memmove(&in->id[to], &in->id[from], n * sizeof(ek_id));
    memmove(&in->ref[to], &in->ref[from], n * sizeof(ek_ref));
}

/* Put an item in front of the one at `at`, in a node that is not full. */
static void put(ek_arena *a, node *in, unsigned at, ek_id id, ek_ref ref) {
    unsigned first = in->first, n = in->n, before = at - first;
    bool room_behind = first + n < NODE;
    if (first > 0 && (!room_behind || before < n / 2)) {
        shift(a, in, first, before, -1);
        first--;
        at--;
    } else {
        shift(a, in, at, n - before, 1);
    }
    put_at(a, in, at, id, ref);
    set_bounds(a, in, first, n + 1);
}

static void take(ek_arena *a, node *in, unsigned at) {
    unsigned first = in->first, n = in->n, before = at - first;
    if (before < n / 2) {
        shift(a, in, first, before, 1);
        first++;
    } else {
        shift(a, in, at + 1, n - before - 1, -1);
    }
    set_bounds(a, in, first, n - 1);
}

/* --- adding --- */

static void descend(const ek_arena *a, const ek_idtree *t, ek_id id, path *way) {
    ek_ref ref = t->top;
    for (unsigned d = 0;; d++) {
        node *in = ek_ptr(a, ref);
        way->node[d] = in;
        way->ref[d] = ref;
        if (d + 1 == t->height) {
            way->at[d] = in->first + lower(in->id + in->first, in->n, id, false);
            return;
        }
        way->at[d] = child_for(in, id);
        ref = in->ref[way->at[d]];
    }
}

static node *new_node(ek_arena *a, ek_ref *ref) {
    *ref = ek_alloc(a, sizeof(node));
    node *in = ek_ptr(a, *ref);
    in->first = in->n = 0;
    in->prev = in->next = 0;
    in->spare = 0;
    return in;
}

static void chain(ek_arena *a, node *left, ek_ref left_ref, node *right, ek_ref right_ref) {
    right->prev = left_ref;
    right->next = left->next;
    if (left->next) EK_SET(a, ((node *)ek_ptr(a, left->next))->prev, right_ref);
    EK_SET(a, left->next, right_ref);
}

/* Put an item into the node at depth d of the way; a full one is split, and the new node put above. */
static void add_at(ek_arena *a, ek_idtree *t, path *way, unsigned d, unsigned at, ek_id id,
                   ek_ref ref) {
    node *in = way->node[d];
    if (in->n < NODE) {
        put(a, in, at, id, ref);
        return;
    }
    ek_ref right_ref;
    node *right = new_node(a, &right_ref);
    if (d + 1 == t->height) chain(a, in, way->ref[d], right, right_ref);
    bool at_the_end = at == NODE && right->next == 0;
    unsigned keep = at_the_end ? NODE : NODE / 2, moved = NODE - keep;
    memcpy(right->id, in->id + keep, moved * sizeof(ek_id));
    memcpy(right->ref, in->ref + keep, moved * sizeof(ek_ref));
    right->n = (uint16_t)moved;
    if (moved) set_bounds(a, in, in->first, keep);
    if (at < keep) put(a, in, at, id, ref);
    else put(a, right, at - keep, id, ref);
    ek_id fence = right->id[right->first];
    if (d > 0) {
        add_at(a, t, way, d - 1, way->at[d - 1] + 1, fence, right_ref);
        return;
    }
    ek_ref top_ref;
    node *top = new_node(a, &top_ref);
    top->id[0] = in->id[in->first];
    top->ref[0] = way->ref[0];
    top->id[1] = fence;
    top->ref[1] = right_ref;
    top->n = 2;
    EK_SET(a, t->top, top_ref);
    EK_SET(a, t->height, t->height + 1);
}

void ek_idtree_add(ek_arena *a, ek_idtree *t, ek_id id, ek_ref ref) {
    if (!t->top) {
        ek_ref top;
        new_node(a, &top);
        EK_SET(a, t->top, top);
        EK_SET(a, t->height, 1);
    }
    path way;
    descend(a, t, id, &way);
    unsigned leaf = t->height - 1;
    add_at(a, t, &way, leaf, way.at[leaf], id, ref);
    EK_SET(a, t->count, t->count + 1);
}

void ek_idtree_set(ek_arena *a, place p, ek_ref ref) {
    node *leaf = ek_ptr(a, p.leaf);
    EK_SET(a, leaf->ref[p.at], ref);
}

/* --- removing --- */

static void unchain(ek_arena *a, const node *leaf) {
    if (leaf->prev) EK_SET(a, ((node *)ek_ptr(a, leaf->prev))->next, leaf->next);
    if (leaf->next) EK_SET(a, ((node *)ek_ptr(a, leaf->next))->prev, leaf->prev);
}

static void lower_top(ek_arena *a, ek_idtree *t) {
    while (t->height > 1) {
        const node *top = ek_ptr(a, t->top);
        if (top->n > 1) return;
        ek_free(a, t->top);
        EK_SET(a, t->top, top->ref[top->first]);
        EK_SET(a, t->height, t->height - 1);
    }
}

/* Move all items of the right one of two neighbours into the left one. */
static void join(ek_arena *a, node *left, const node *right) {
    unsigned from = 0, n = left->n;
    if (left->first + n + right->n > NODE) { /* there is room, but in front */
        ek_touch(a, left->id, n * sizeof(ek_id));
        ek_touch(a, left->ref, n * sizeof(ek_ref));
        memmove(left->id, left->id + left->first, n * sizeof(ek_id));
        memmove(left->ref, left->ref + left->first, n * sizeof(ek_ref));
    } else {
        from = left->first;
    }
    ek_touch(a, left->id + from + n, right->n * sizeof(ek_id));
    ek_touch(a, left->ref + from + n, right->n * sizeof(ek_ref));
    memcpy(left->id + from + n, right->id + right->first, right->n * sizeof(ek_id));
    memcpy(left->ref + from + n, right->ref + right->first, right->n * sizeof(ek_ref));
    set_bounds(a, left, from, n + right->n);
}

/* Have the neighbours room for each other? `at` is the left one's place in the node above. */
static bool can_join(const ek_arena *a, const node *above, unsigned at) {
    if (at < above->first || at + 1 >= (unsigned)above->first + above->n) return false;
    const node *left = ek_ptr(a, above->ref[at]), *right = ek_ptr(a, above->ref[at + 1]);
    return (unsigned)left->n + right->n <= JOINED_MAX;
}

/* Has the node at depth d become too small? Then it joins a neighbour that has room. */
static void mend(ek_arena *a, ek_idtree *t, path *way, unsigned d) {
    if (d == 0 || way->node[d]->n > SPARSE) return;
    node *above = way->node[d - 1];
    unsigned at = way->at[d - 1];
    if (!can_join(a, above, at) && (at == 0 || !can_join(a, above, --at))) return;
    ek_ref right_ref = above->ref[at + 1];
    node *left = ek_ptr(a, above->ref[at]), *right = ek_ptr(a, right_ref);
    if (d + 1 < t->height) EK_SET(a, right->id[right->first], above->id[at + 1]);
    join(a, left, right);
    if (d + 1 == t->height) unchain(a, right);
    ek_free(a, right_ref);
    take(a, above, at + 1);
    mend(a, t, way, d - 1);
}

/* The node at depth d has nothing left: it goes, and so does what that leaves empty above. */
static void drop(ek_arena *a, ek_idtree *t, path *way, unsigned d) {
    if (d + 1 == t->height) unchain(a, way->node[d]);
    ek_free(a, way->ref[d]);
    if (d == 0) {
        EK_SET(a, t->top, 0);
        EK_SET(a, t->height, 0);
        return;
    }
    node *above = way->node[d - 1];
    if (above->n == 1) {
        drop(a, t, way, d - 1);
        return;
    }
    take(a, above, way->at[d - 1]);
    mend(a, t, way, d - 1);
    lower_top(a, t);
}

ek_ref ek_idtree_remove(ek_arena *a, ek_idtree *t, ek_id id) {
    if (!t->top) return 0;
    path way;
    descend(a, t, id, &way);
    unsigned d = t->height - 1, at = way.at[d];
    node *leaf = way.node[d];
    if (at == (unsigned)leaf->first + leaf->n || !ek_id_eq(leaf->id[at], id)) return 0;
    ek_ref ref = leaf->ref[at];
    EK_SET(a, t->count, t->count - 1);
    if (leaf->n == 1) {
        drop(a, t, &way, d);
        return ref;
    }
    take(a, leaf, at);
    mend(a, t, &way, d);
    lower_top(a, t);
    return ref;
}

bool ek_idtree_drain(ek_arena *a, ek_idtree *t, size_t budget, ek_idtree_release_fn *release,
                     void *arg) {
    size_t done = 0;
    while (t->top && done < budget) {
        path way;
        ek_ref ref = t->top;
        for (unsigned d = 0; d < t->height; d++) {
            way.node[d] = ek_ptr(a, ref);
            way.ref[d] = ref;
            way.at[d] = way.node[d]->first;
            ref = way.node[d]->ref[way.at[d]];
        }
        const node *leaf = way.node[t->height - 1];
        for (unsigned i = 0; release && i < leaf->n; i++) release(a, arg, leaf->ref[leaf->first + i]);
        done += leaf->n;
        EK_SET(a, t->count, t->count - leaf->n);
        drop(a, t, &way, t->height - 1);
    }
    return t->top == 0;
}

/* --- looking after --- */

static size_t nodes_below(const ek_arena *a, ek_ref ref, unsigned height) {
    if (height == 1) return 1;
    const node *in = ek_ptr(a, ref);
    size_t n = 1;
    if (height == 2) return n + in->n;
    for (unsigned i = 0; i < in->n; i++) n += nodes_below(a, in->ref[in->first + i], height - 1);
    return n;
}

size_t ek_idtree_bytes(const ek_arena *a, const ek_idtree *t) {
    if (!t->top) return 0;
    return nodes_below(a, t->top, t->height) * ek_usable(a, t->top);
}

typedef struct walk {
    const ek_arena *a;
    ek_ref last_leaf;
    bool any;
    ek_id last;
    uint64_t count;
} walk;

static bool check_node(walk *w, ek_ref ref, unsigned height, const ek_id *from, const ek_id *to) {
    const node *in = ek_ptr(w->a, ref);
    if (in->n == 0 || (unsigned)in->first + in->n > NODE) return false;
    const ek_id *id = in->id + in->first;
    const ek_ref *child = in->ref + in->first;
    for (unsigned i = 1; i < in->n; i++)
        if (!ek_id_before(id[i - 1], id[i]) && !(height > 1 && i == 1)) return false;
    if (height > 1) {
        for (unsigned i = 0; i < in->n; i++)
            if (!check_node(w, child[i], height - 1, i ? &id[i] : from,
                            i + 1u < in->n ? &id[i + 1] : to))
                return false;
        return true;
    }
    if (in->prev != w->last_leaf) return false;
    if (w->last_leaf && ((const node *)ek_ptr(w->a, w->last_leaf))->next != ref) return false;
    w->last_leaf = ref;
    if (w->any && !ek_id_before(w->last, id[0])) return false;
    if ((from && ek_id_before(id[0], *from)) || (to && !ek_id_before(id[in->n - 1], *to)))
        return false;
    w->any = true;
    w->last = id[in->n - 1];
    w->count += in->n;
    return true;
}

bool ek_idtree_check(const ek_arena *a, const ek_idtree *t) {
    if (!t->top) return t->count == 0 && t->height == 0;
    walk w = {.a = a};
    if (t->height == 0 || t->height > HEIGHT_MAX) return false;
    if (!check_node(&w, t->top, t->height, NULL, NULL)) return false;
    return w.count == t->count && ((const node *)ek_ptr(a, w.last_leaf))->next == 0;
}
