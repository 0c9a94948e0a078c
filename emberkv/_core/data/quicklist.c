/* List of listpacks. The layout is drawn in the header. */
#include "data/quicklist.h"

#define HEADER sizeof(ek_list_node)
#define FIRST_BLOCK 64u /* the least that the only node of a list is given */

ek_list_limit ek_list_limit_of(int64_t fill) {
    if (fill >= 0)
        return (ek_list_limit){8192 - HEADER, (uint32_t)ek_min(ek_max((size_t)fill, 1), UINT32_MAX)};
    unsigned log2 = fill < -5 ? 5 : (unsigned)-fill;
    return (ek_list_limit){(uint32_t)((2048u << log2) - HEADER), UINT32_MAX};
}

static ek_list_node *node_at(const ek_arena *a, ek_ref ref) { return ek_ptr(a, ref); }

static size_t used(const ek_list_node *n) { return n->end - n->begin; }

static size_t gap(const ek_list_node *n, ek_list_end at) {
    return at == EK_LIST_HEAD ? n->begin : n->cap - n->end;
}

static bool within(ek_list_limit lim, size_t bytes, size_t count) {
    return count <= 1 || (bytes <= lim.bytes && count <= lim.count);
}

/* --- the chain --- */

static ek_ref node_new(ek_arena *a, size_t cap) {
    size_t block = ek_alloc_rounds_to(a, HEADER + cap);
    ek_ref ref = ek_alloc(a, block);
    ek_list_node *n = node_at(a, ref);
    n->cap = (uint32_t)(block - HEADER);
    n->begin = n->count = n->end = 0;
    return ref;
}

/* Make two places of the chain neighbours; 0 is what lies beyond either end. */
static void join(ek_arena *a, ek_list *l, ek_ref left, ek_ref right) {
    ek_ref *next = left ? &node_at(a, left)->next : &l->head;
    ek_ref *prev = right ? &node_at(a, right)->prev : &l->tail;
    EK_SET(a, *next, right);
    EK_SET(a, *prev, left);
}

static void link_between(ek_arena *a, ek_list *l, ek_ref left, ek_ref ref, ek_ref right) {
    join(a, l, left, ref);
    join(a, l, ref, right);
    EK_SET(a, l->nodes, l->nodes + 1);
}

static void unlink_node(ek_arena *a, ek_list *l, ek_ref ref) {
    const ek_list_node *n = node_at(a, ref);
    join(a, l, n->prev, n->next);
    EK_SET(a, l->nodes, l->nodes - 1);
    ek_free(a, ref);
}

static void put_in_place(ek_arena *a, ek_list *l, ek_ref old, ek_ref ref) {
    const ek_list_node *n = node_at(a, old);
    ek_ref left = n->prev, right = n->next;
    join(a, l, left, ref);
    join(a, l, ref, right);
    ek_free(a, old);
}

/* Give a node another block with `cap` bytes of data. */
static ek_ref resize(ek_arena *a, ek_list *l, ek_ref old, size_t cap, bool slack_in_front,
                     bool slack_on_both) {
    ek_ref ref = node_new(a, cap);
    ek_list_node *n = node_at(a, ref);
    const ek_list_node *from = node_at(a, old);
    size_t slack = n->cap - used(from);
    n->begin = (uint32_t)(slack_on_both ? slack / 2 : slack_in_front ? slack : 0);
    n->end = n->begin + (uint32_t)used(from);
    n->count = from->count;
    memcpy(n->data + n->begin, from->data + from->begin, used(from));
    put_in_place(a, l, old, ref);
    return ref;
}

/* --- pushing --- */

/* A node that may hold an entry more, but has no room on that side: given another block, or 0. */
static EK_NOINLINE ek_ref make_room(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end at,
                                    ek_ref ref, size_t bytes, size_t wanted) {
    const ek_list_node *n = node_at(a, ref);
    size_t have = used(n), need = have + bytes;
    /* Amortised: the new block's slack is at least half of it, or a quarter on this side. */
    size_t other = gap(n, at == EK_LIST_HEAD ? EK_LIST_TAIL : EK_LIST_HEAD), cap = n->cap;
    if (need > cap / 2) {
        if (cap >= lim.bytes) return 0;
        cap = 2 * (cap + HEADER) - HEADER;
    }
    cap = ek_min(ek_max(cap, have + wanted), lim.bytes);
    bool both = other > 0 && (cap - have) / 2 >= bytes;
    return resize(a, l, ref, cap, at == EK_LIST_HEAD, both);
}

/* The node at `ref`, given another block if need be, with room for an entry on that side. 0: the
 * entry needs a node of its own. `wanted` bytes are going to be pushed in all. */
EK_INLINE ek_ref room_in(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end at, ek_ref ref,
                         size_t bytes, size_t wanted) {
    const ek_list_node *n = node_at(a, ref);
    if (!within(lim, used(n) + bytes, (size_t)n->count + 1)) return 0;
    if (EK_LIKELY(gap(n, at) >= bytes)) return ref;
    return make_room(a, l, lim, at, ref, bytes, wanted);
}

static EK_NOINLINE ek_ref add_node(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end at, size_t bytes,
                       size_t wanted) {
    size_t cap = ek_max(wanted, FIRST_BLOCK - HEADER);
    if (l->nodes && bytes <= lim.bytes / 8) cap = (size_t)lim.count * bytes;
    cap = ek_max(ek_min(cap, lim.bytes), bytes);
    ek_ref ref = node_new(a, cap);
    ek_list_node *n = node_at(a, ref);
    if (at == EK_LIST_HEAD) {
        n->begin = n->end = n->cap;
        link_between(a, l, 0, ref, l->head);
    } else {
        link_between(a, l, l->tail, ref, 0);
    }
    return ref;
}

static void announce(ek_arena *a, const void *p, size_t n, bool is_slack) {
    if (is_slack)
        ek_touch_slack(a, p, n);
    else
        ek_touch(a, p, n);
}

/* Write an entry into the gap of a node, which is large enough; the header has been touched. */
EK_INLINE void write_entry(ek_arena *a, ek_list_node *n, ek_list_end at, const ek_lp_encoded *e,
                        bool is_slack) {
    uint32_t bytes = (uint32_t)e->bytes;
    uint8_t *p = n->data + (at == EK_LIST_HEAD ? n->begin - bytes : n->end);
    announce(a, p, bytes, is_slack);
    ek_lp_write(p, e);
    if (at == EK_LIST_HEAD)
        n->begin -= bytes;
    else
        n->end += bytes;
    n->count++;
    /* Where the next one goes: else letting go of the lock waits until its line has come. */
    __builtin_prefetch(at == EK_LIST_HEAD ? p - bytes : p + 2 * bytes, 1);
}

static void touch_end(ek_arena *a, ek_list_node *n, ek_list_end at) {
    ek_touch(a, at == EK_LIST_HEAD ? &n->begin : &n->count, 2 * sizeof n->count);
}

static size_t entries_bytes_at_most(const ek_str *values, size_t n, size_t enough) {
    size_t sum = 0;
    for (size_t i = 0; i < n && sum < enough; i++) sum += values[i].n + (values[i].n < 64 ? 2 : 9);
    return sum;
}

void ek_list_push(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end at, const ek_str *values,
                  size_t n) {
    bool is_slack = ek_clean(a); /* gaps hold nothing that an undo would want */
    ek_lp_encoded e;
    for (size_t i = 0; i < n;) {
        ek_lp_encode(&e, values[i].p, values[i].n);
        ek_ref end = at == EK_LIST_HEAD ? l->head : l->tail, ref = 0;
        size_t wanted = e.bytes;
        if (n - i > 1) wanted = entries_bytes_at_most(values + i, n - i, lim.bytes);
        if (end) ref = room_in(a, l, lim, at, end, e.bytes, wanted);
        if (!ref) ref = add_node(a, l, lim, at, e.bytes, wanted);
        bool is_new = ref != end;
        ek_list_node *node = node_at(a, ref);
        if (!is_new) touch_end(a, node, at);
        for (;;) {
            write_entry(a, node, at, &e, is_slack || is_new);
            if (++i == n) break;
            ek_lp_encode(&e, values[i].p, values[i].n);
            if (gap(node, at) < e.bytes) break;
            if (!within(lim, used(node) + e.bytes, (size_t)node->count + 1)) break;
        }
    }
    EK_SET(a, l->count, l->count + n);
}

/* --- taking off --- */

const uint8_t *ek_list_peek(const ek_arena *a, const ek_list *l, ek_list_end at) {
    if (l->count == 0) return NULL;
    const ek_list_node *n = node_at(a, at == EK_LIST_HEAD ? l->head : l->tail);
    return at == EK_LIST_HEAD ? n->data + n->begin : ek_lp_prev(n->data + n->end);
}

/* A list that was long gives back what its last node does not need. */
static void shrink(ek_arena *a, ek_list *l) {
    const ek_list_node *n = node_at(a, l->head);
    if (n->cap >= 1024 && used(n) * 8 < n->cap)
        resize(a, l, l->head, 2 * used(n), false, true);
}

void ek_list_drop(ek_arena *a, ek_list *l, ek_list_end at) {
    ek_ref ref = at == EK_LIST_HEAD ? l->head : l->tail;
    ek_list_node *n = node_at(a, ref);
    if (n->count == 1) {
        unlink_node(a, l, ref);
    } else {
        touch_end(a, n, at);
        if (at == EK_LIST_HEAD)
            n->begin += (uint32_t)ek_lp_entry_bytes(n->data + n->begin);
        else
            n->end = (uint32_t)(ek_lp_prev(n->data + n->end) - n->data);
        n->count--;
        if (l->nodes == 1) shrink(a, l);
    }
    EK_SET(a, l->count, l->count - 1);
}

/* --- finding --- */

static void enter_node(const ek_arena *a, ek_list_iter *it, ek_ref ref) {
    const ek_list_node *n = node_at(a, ref);
    it->node = ref;
    it->begin = n->data + n->begin;
    it->end = n->data + n->end;
}

bool ek_list_next_node(const ek_arena *a, ek_list_iter *it) {
    ek_ref ref = node_at(a, it->node)->next;
    if (!ref) return false;
    enter_node(a, it, ref);
    it->p = it->begin;
    return true;
}

bool ek_list_prev_node(const ek_arena *a, ek_list_iter *it) {
    ek_ref ref = node_at(a, it->node)->prev;
    if (!ref) return false;
    enter_node(a, it, ref);
    it->p = ek_lp_prev(it->end);
    return true;
}

bool ek_list_seek(const ek_arena *a, const ek_list *l, uint64_t index, ek_list_iter *it) {
    if (index >= l->count) return false;
    const ek_list_node *n;
    ek_ref ref;
    if (index < l->count / 2) {
        for (ref = l->head; n = node_at(a, ref), index >= n->count; ref = n->next) index -= n->count;
    } else {
        index = l->count - 1 - index;
        for (ref = l->tail; n = node_at(a, ref), index >= n->count; ref = n->prev) index -= n->count;
        index = n->count - 1 - index;
    }
    enter_node(a, it, ref);
    if (index <= n->count / 2) {
        it->p = ek_lp_skip(it->begin, index);
    } else {
        it->p = it->end;
        for (uint64_t back = n->count - index; back > 0; back--) it->p = ek_lp_prev(it->p);
    }
    return true;
}

/* --- changing the middle --- */

/* A run of entries of a node. */
typedef struct run {
    const uint8_t *p;
    size_t bytes, count;
} run;

/* A new node before `right` (0: at the tail): a run, an entry, a run; any of the three may lack. */
static ek_ref build_before(ek_arena *a, ek_list *l, ek_ref right, size_t cap, run first,
                           const ek_lp_encoded *e, run last) {
    size_t bytes = first.bytes + (e ? e->bytes : 0) + last.bytes;
    ek_ref ref = node_new(a, ek_max(cap, bytes));
    ek_list_node *n = node_at(a, ref);
    uint8_t *p = n->data;
    if (first.bytes) memcpy(p, first.p, first.bytes);
    p += first.bytes;
    if (e) p = ek_lp_write(p, e);
    if (last.bytes) memcpy(p, last.p, last.bytes);
    n->end = (uint32_t)bytes;
    n->count = (uint32_t)(first.count + last.count + (e != NULL));
    link_between(a, l, right ? node_at(a, right)->prev : l->tail, ref, right);
    return ref;
}

bool ek_list_push_run(ek_arena *a, ek_list *l, ek_list_limit lim, ek_str bytes, size_t count) {
    static const run none;
    bool little = l->tail && used(node_at(a, l->tail)) + bytes.n <= lim.bytes / 2;
    if (count == 0 || little || !within(lim, bytes.n, count)) return false;
    build_before(a, l, 0, 0, (run){bytes.p, bytes.n, count}, NULL, none);
    EK_SET(a, l->count, l->count + count);
    return true;
}

/* Two neighbours that half a node would hold become one. */
static void merge_with_next(ek_arena *a, ek_list *l, ek_list_limit lim, ek_ref ref) {
    if (!ref) return;
    const ek_list_node *n = node_at(a, ref), *m;
    ek_ref next = n->next;
    if (!next) return;
    m = node_at(a, next);
    size_t bytes = used(n) + used(m), count = (size_t)n->count + m->count;
    if (bytes > lim.bytes / 2 || count > lim.count) return;
    build_before(a, l, ref, bytes, (run){n->data + n->begin, used(n), n->count}, NULL,
                 (run){m->data + m->begin, used(m), m->count});
    unlink_node(a, l, next);
    unlink_node(a, l, ref);
}

/* Put `e` (NULL: nothing) in the place of the entries between `from` and `to`, of which there are
 * `removed`; at least one of the node's entries or `e` remains. */
static void splice(ek_arena *a, ek_list *l, ek_list_limit lim, ek_ref ref, const uint8_t *from,
                   const uint8_t *to, size_t removed, const ek_lp_encoded *e) {
    static const run none;
    ek_list_node *n = node_at(a, ref);
    const uint8_t *begin = n->data + n->begin, *end = n->data + n->end;
    run left = {begin, (size_t)(from - begin), 0}, right = {to, (size_t)(end - to), 0};
    if (!e && left.bytes == 0) {
        touch_end(a, n, EK_LIST_HEAD);
        n->begin = (uint32_t)(to - n->data);
        n->count -= (uint32_t)removed;
        return;
    }
    if (!e && right.bytes == 0) {
        touch_end(a, n, EK_LIST_TAIL);
        n->end = (uint32_t)(from - n->data);
        n->count -= (uint32_t)removed;
        return;
    }
    left.count = ek_lp_count(begin, from);
    right.count = n->count - removed - left.count;
    size_t add = e ? e->bytes : 0, bytes = left.bytes + add + right.bytes;
    if (!e || within(lim, bytes, left.count + right.count + 1)) {
        build_before(a, l, ref, e ? ek_min(n->cap, lim.bytes) : bytes, left, e, right);
    } else if (left.count && (left.bytes <= right.bytes || !right.count) &&
               within(lim, left.bytes + add, left.count + 1)) {
        build_before(a, l, ref, 0, left, e, none);
        if (right.count) build_before(a, l, ref, 0, none, NULL, right);
    } else {
        if (left.count) build_before(a, l, ref, 0, left, NULL, none);
        if (right.count && within(lim, right.bytes + add, right.count + 1)) {
            build_before(a, l, ref, 0, none, e, right);
        } else {
            build_before(a, l, ref, 0, none, e, none);
            if (right.count) build_before(a, l, ref, 0, none, NULL, right);
        }
    }
    unlink_node(a, l, ref);
}

/* Put an entry at the edge of a node if it has room. */
static bool insert_at_edge(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end edge, ek_ref ref,
                           const ek_lp_encoded *e) {
    bool is_slack = ek_clean(a);
    ek_ref with_room = ref ? room_in(a, l, lim, edge, ref, e->bytes, e->bytes) : 0;
    if (!with_room) return false;
    ek_list_node *n = node_at(a, with_room);
    touch_end(a, n, edge);
    write_entry(a, n, edge, e, is_slack || with_room != ref);
    return true;
}

void ek_list_insert(ek_arena *a, ek_list *l, ek_list_limit lim, const ek_list_iter *at, bool after,
                    ek_str value) {
    ek_lp_encoded e;
    ek_lp_encode(&e, value.p, value.n);
    const uint8_t *p = after ? ek_lp_next(at->p) : at->p;
    const ek_list_node *n = node_at(a, at->node);
    ek_ref before = p == at->begin ? n->prev : p == at->end ? at->node : 0;
    ek_ref behind = p == at->begin ? at->node : p == at->end ? n->next : 0;
    if (!insert_at_edge(a, l, lim, EK_LIST_TAIL, before, &e) &&
        !insert_at_edge(a, l, lim, EK_LIST_HEAD, behind, &e))
        splice(a, l, lim, at->node, p, p, 0, &e);
    EK_SET(a, l->count, l->count + 1);
}

void ek_list_replace(ek_arena *a, ek_list *l, ek_list_limit lim, const ek_list_iter *at,
                     ek_str value) {
    ek_lp_encoded e;
    ek_lp_encode(&e, value.p, value.n);
    const uint8_t *next = ek_lp_next(at->p);
    if (e.bytes != (size_t)(next - at->p)) {
        splice(a, l, lim, at->node, at->p, next, 1, &e);
        return;
    }
    if (value.p > at->p && value.p < next) return; /* it is that very element */
    ek_touch(a, at->p, e.bytes);
    ek_lp_write((uint8_t *)at->p, &e);
}

void ek_list_remove(ek_arena *a, ek_list *l, ek_list_limit lim, uint64_t start, uint64_t n) {
    ek_list_iter it;
    if (n == 0 || !ek_list_seek(a, l, start, &it)) return;
    ek_ref ref = it.node, left = node_at(a, ref)->prev;
    uint64_t todo = n;
    if (it.p != it.begin) { /* some entries of the first node stay */
        const ek_list_node *node = node_at(a, ref);
        ek_ref next = node->next;
        size_t rest = ek_lp_count(it.p, it.end), gone = ek_min(rest, todo);
        const uint8_t *to = gone == rest ? it.end : ek_lp_skip(it.p, gone);
        splice(a, l, lim, ref, it.p, to, gone, NULL);
        todo -= gone;
        left = next ? node_at(a, next)->prev : l->tail; /* it may have got a new block */
        ref = next;
    }
    uint32_t whole = 0;
    while (todo > 0 && node_at(a, ref)->count <= todo) {
        ek_ref next = node_at(a, ref)->next;
        todo -= node_at(a, ref)->count;
        ek_free(a, ref);
        whole++;
        ref = next;
    }
    if (whole) {
        join(a, l, left, ref);
        EK_SET(a, l->nodes, l->nodes - whole);
    }
    if (todo > 0) {
        const ek_list_node *node = node_at(a, ref);
        const uint8_t *begin = node->data + node->begin;
        splice(a, l, lim, ref, begin, ek_lp_skip(begin, todo), todo, NULL);
    }
    EK_SET(a, l->count, l->count - n);
    merge_with_next(a, l, lim, left);
    if (l->nodes == 1) shrink(a, l);
}

/* --- removing by value --- */

/* Take the matching entries out of a node, of which those numbered first to last - 1 go. Returns the
 * node that stands there now; 0 if none is left. */
static ek_ref drop_matches(ek_arena *a, ek_list *l, ek_ref ref, const ek_lp_encoded *e,
                           size_t first, size_t last) {
    const ek_list_node *old = node_at(a, ref);
    if (last - first == old->count) {
        unlink_node(a, l, ref);
        return 0;
    }
    ek_ref fresh = node_new(a, used(old) - (last - first) * e->bytes);
    ek_list_node *n = node_at(a, fresh);
    const uint8_t *end = old->data + old->end, *kept = old->data + old->begin;
    uint8_t *out = n->data;
    size_t match = 0;
    for (const uint8_t *p = kept; p < end && match < last;) {
        const uint8_t *next = ek_lp_next(p);
        if (ek_lp_is(p, e) && match++ >= first) {
            memcpy(out, kept, (size_t)(p - kept));
            out += p - kept;
            kept = next;
        }
        p = next;
    }
    memcpy(out, kept, (size_t)(end - kept));
    n->end = (uint32_t)(out + (end - kept) - n->data);
    n->count = old->count - (uint32_t)(last - first);
    put_in_place(a, l, ref, fresh);
    return fresh;
}

uint64_t ek_list_remove_value(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end from,
                              uint64_t max, ek_str value) {
    ek_lp_encoded e;
    ek_lp_encode(&e, value.p, value.n);
    uint64_t removed = 0;
    ek_ref ref = from == EK_LIST_HEAD ? l->head : l->tail, on;
    for (; ref && removed < max; ref = on) {
        const ek_list_node *n = node_at(a, ref);
        on = from == EK_LIST_HEAD ? n->next : n->prev;
        size_t matches = 0;
        for (const uint8_t *p = n->data + n->begin; p < n->data + n->end; p = ek_lp_next(p))
            matches += ek_lp_is(p, &e);
        if (matches == 0) continue;
        size_t gone = (size_t)ek_min(matches, max - removed);
        size_t first = from == EK_LIST_HEAD ? 0 : matches - gone;
        ref = drop_matches(a, l, ref, &e, first, first + gone);
        removed += gone;
        /* Merge only with what has been gone through: `on` must stay. */
        if (ref) merge_with_next(a, l, lim, from == EK_LIST_HEAD ? node_at(a, ref)->prev : ref);
    }
    if (removed) EK_SET(a, l->count, l->count - removed);
    if (removed && l->nodes == 1) shrink(a, l);
    return removed;
}

/* --- the whole --- */

void ek_list_copy(ek_arena *a, ek_list *l, const ek_list *from) {
    static const run none;
    for (ek_ref ref = from->head; ref; ref = node_at(a, ref)->next) {
        const ek_list_node *n = node_at(a, ref);
        build_before(a, l, 0, 0, (run){n->data + n->begin, used(n), n->count}, NULL, none);
    }
    EK_SET(a, l->count, from->count);
}

bool ek_list_drain(ek_arena *a, ek_list *l, size_t budget) {
    ek_ref ref = l->head;
    uint64_t elements = 0;
    uint32_t nodes = 0;
    for (; ref && nodes < budget; nodes++) {
        const ek_list_node *n = node_at(a, ref);
        elements += n->count;
        ek_free(a, ref);
        ref = n->next;
    }
    if (nodes) {
        join(a, l, 0, ref);
        EK_SET(a, l->nodes, l->nodes - nodes);
        EK_SET(a, l->count, l->count - elements);
    }
    return ref == 0;
}

size_t ek_list_bytes(const ek_arena *a, const ek_list *l) {
    size_t bytes = 0;
    for (ek_ref ref = l->head; ref; ref = node_at(a, ref)->next) bytes += ek_usable(a, ref);
    return bytes;
}

bool ek_list_check(const ek_arena *a, const ek_list *l) {
    uint64_t count = 0;
    uint32_t nodes = 0;
    ek_ref prev = 0;
    for (ek_ref ref = l->head; ref; ref = node_at(a, ref)->next) {
        if (!ek_ref_ok(a, ref, HEADER) || nodes++ > l->nodes) return false;
        const ek_list_node *n = node_at(a, ref);
        size_t entries;
        if (n->prev != prev || n->begin >= n->end || n->end > n->cap ||
            HEADER + n->cap > ek_usable(a, ref) ||
            !ek_lp_validate(n->data + n->begin, used(n), &entries) || entries != n->count)
            return false;
        count += n->count;
        prev = ref;
    }
    return l->tail == prev && nodes == l->nodes && count == l->count;
}
