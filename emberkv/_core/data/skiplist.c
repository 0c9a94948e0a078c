/* See skiplist.h for the layout. Positions count from 1 here, so that the head stands at 0. */
#include "data/skiplist.h"

#define BACK_AT 8u
#define WORD_AT 12u
#define NEXT_AT 14u
#define LINKS_AT 18u
#define LINK_BYTES 8u
#define LEVEL_BITS 5
#define LONG_MEMBER 2047u /* from here on the length stands before the member */

/* --- a node's bytes --- */

static unsigned levels_of(const uint8_t *node) {
    return (ek_load16(node + WORD_AT) & (EK_SKIPLIST_LEVELS - 1)) + 1u;
}

/* The link of a level above 0. */
static uint8_t *link_of(const uint8_t *node, unsigned level) {
    return (uint8_t *)node + LINKS_AT + LINK_BYTES * (level - 1);
}

static ek_ref next_of(const uint8_t *node, unsigned level) {
    return ek_load32(level ? link_of(node, level) : node + NEXT_AT);
}

static uint32_t span_of(const uint8_t *node, unsigned level) {
    return ek_load32(link_of(node, level) + 4);
}

static double score_of(const uint8_t *node) {
    double score;
    memcpy(&score, node, sizeof score);
    return score;
}

static ek_str member_of(const uint8_t *node) {
    unsigned word = ek_load16(node + WORD_AT);
    const uint8_t *p = node + LINKS_AT + LINK_BYTES * (word & (EK_SKIPLIST_LEVELS - 1));
    size_t n = word >> LEVEL_BITS;
    if (EK_LIKELY(n < LONG_MEMBER)) return (ek_str){p, n};
    return (ek_str){p + 8, ek_load64(p)};
}

static size_t node_size(unsigned levels, size_t n) {
    return LINKS_AT + LINK_BYTES * (size_t)(levels - 1) + n + (n >= LONG_MEMBER ? 8 : 0);
}

ek_str ek_skiplist_member(const ek_arena *a, ek_ref node) {
    const uint8_t *p = ek_ptr(a, node);
    unsigned word = ek_load16(p + WORD_AT);
    if (EK_UNLIKELY(word >> LEVEL_BITS == LONG_MEMBER) &&
        !ek_ref_ok(a, node, node_size(levels_of(p), LONG_MEMBER)))
        return (ek_str){p, 0};
    return member_of(p);
}

size_t ek_skiplist_node_bytes(const ek_arena *a, ek_ref node) { return ek_usable(a, node); }

static void set32(ek_arena *a, uint8_t *p, uint32_t v) {
    ek_touch(a, p, 4);
    ek_store32(p, v);
}

static void set_link(ek_arena *a, uint8_t *link, ek_ref next, uint32_t span) {
    ek_touch(a, link, LINK_BYTES);
    ek_store32(link, next);
    ek_store32(link + 4, span);
}

static void add_to_span(ek_arena *a, const uint8_t *node, unsigned level, uint32_t change) {
    uint8_t *p = link_of(node, level) + 4;
    set32(a, p, ek_load32(p) + change);
}

static int compare_members(ek_str a, ek_str b) {
    int c = memcmp(a.p, b.p, ek_min(a.n, b.n));
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* --- walking down --- */

/* On each level the last node before the place sought, and its position. */
typedef struct path {
    uint8_t *node[EK_SKIPLIST_LEVELS];
    uint32_t pos[EK_SKIPLIST_LEVELS];
} path;

typedef struct target {
    double score;
    ek_str member;
    ek_ref self; /* known to be the place itself; 0: none */
    bool beyond; /* what equals the target comes before it */
} target;

typedef bool before_fn(const uint8_t *node, const target *t);

static bool before_entry(const uint8_t *node, const target *t) {
    double score = score_of(node);
    if (score != t->score) return score < t->score;
    return compare_members(member_of(node), t->member) < 0;
}

static bool before_score(const uint8_t *node, const target *t) {
    double score = score_of(node);
    return score < t->score || (t->beyond && score == t->score);
}

static bool before_member(const uint8_t *node, const target *t) {
    int c = compare_members(member_of(node), t->member);
    return c < 0 || (t->beyond && c == 0);
}

/* Walks to the last node before the target. While a node's score is on its way from memory, the
 * next lower level's candidate is sent for as well: it is the next to be asked if this one is not
 * before the target. A node found not to be before it on one level is not asked again below. */
EK_INLINE void descend(const ek_arena *a, const ek_skiplist *l, const target *t, before_fn *before,
                       path *out) {
    const uint8_t *node = ek_ptr(a, l->head);
    uint32_t pos = 0;
    ek_ref not_before = t->self;
    for (unsigned level = l->level; level-- > 1;) {
        for (;;) {
            const uint8_t *link = link_of(node, level);
            ek_ref next = ek_load32(link);
            if (next == 0 || next == not_before) break;
            const uint8_t *p = ek_ptr(a, next);
            __builtin_prefetch(ek_ptr(a, next_of(node, level - 1)));
            if (!before(p, t)) {
                not_before = next;
                break;
            }
            pos += ek_load32(link + 4);
            node = p;
        }
        out->node[level] = (uint8_t *)node;
        out->pos[level] = pos;
    }
    for (;;) {
        ek_ref next = ek_load32(node + NEXT_AT);
        if (next == 0 || next == not_before || !before(ek_ptr(a, next), t)) break;
        pos++;
        node = ek_ptr(a, next);
    }
    out->node[0] = (uint8_t *)node;
    out->pos[0] = pos;
}

/* Walks to the node at a position, 0 for the head. */
static void descend_to(const ek_arena *a, const ek_skiplist *l, uint32_t to, path *out) {
    const uint8_t *node = ek_ptr(a, l->head);
    uint32_t pos = 0;
    for (unsigned level = l->level; level-- > 1;) {
        for (;;) {
            const uint8_t *link = link_of(node, level);
            if (ek_load32(link) == 0 || ek_load32(link + 4) > to - pos) break;
            pos += ek_load32(link + 4);
            node = ek_ptr(a, ek_load32(link));
        }
        out->node[level] = (uint8_t *)node;
        out->pos[level] = pos;
    }
    for (; pos < to; pos++) node = ek_ptr(a, ek_load32(node + NEXT_AT));
    out->node[0] = (uint8_t *)node;
    out->pos[0] = pos;
}

/* --- finding --- */

uint32_t ek_skiplist_rank(const ek_arena *a, const ek_skiplist *l, ek_ref node) {
    uint32_t after = 0;
    while (node) {
        const uint8_t *p = ek_ptr(a, node);
        unsigned top = levels_of(p) - 1;
        node = next_of(p, top);
        after += top ? span_of(p, top) : node != 0;
    }
    return l->count - after - 1;
}

ek_ref ek_skiplist_at(const ek_arena *a, const ek_skiplist *l, uint32_t rank) {
    if (rank >= l->count) return 0;
    if (rank == 0) return ek_skiplist_first(a, l);
    if (rank == l->count - 1) return l->tail;
    path way;
    descend_to(a, l, rank + 1, &way);
    return ek_ref_of(a, way.node[0]);
}

EK_INLINE ek_skiplist_place seek(const ek_arena *a, const ek_skiplist *l, const target *t,
                                 before_fn *before) {
    if (l->count == 0) return (ek_skiplist_place){0, 0};
    path way;
    descend(a, l, t, before, &way);
    return (ek_skiplist_place){next_of(way.node[0], 0), way.pos[0]};
}

ek_skiplist_place ek_skiplist_seek(const ek_arena *a, const ek_skiplist *l, double score,
                                   ek_str member) {
    return seek(a, l, &(target){.score = score, .member = member}, before_entry);
}

ek_skiplist_place ek_skiplist_seek_score(const ek_arena *a, const ek_skiplist *l, double score,
                                         bool beyond) {
    return seek(a, l, &(target){.score = score, .beyond = beyond}, before_score);
}

ek_skiplist_place ek_skiplist_seek_lex(const ek_arena *a, const ek_skiplist *l, ek_str member,
                                       bool beyond) {
    return seek(a, l, &(target){.member = member, .beyond = beyond}, before_member);
}

/* --- changing --- */

static unsigned random_levels(ek_random *r) {
    uint64_t bits = ek_random_next(r) | (uint64_t)1 << 62;
    return 1u + (unsigned)__builtin_ctzll(bits) / 2; /* one more with a probability of 1/4 */
}

/* Make the list `levels` high: the head has links on all of them. */
static void raise_level(ek_arena *a, ek_skiplist *l, unsigned levels) {
    if (levels > l->head_level) {
        unsigned room = levels <= 4 ? 4 : levels <= 8 ? 8 : levels <= 16 ? 16 : 32;
        ek_ref head = ek_alloc_zeroed(a, node_size(room, 0));
        uint8_t *p = ek_ptr(a, head);
        if (l->head) {
            memcpy(p, ek_ptr(a, l->head), node_size(l->head_level, 0));
            ek_free(a, l->head);
        }
        ek_store16(p + WORD_AT, (uint16_t)(room - 1));
        EK_SET(a, l->head, head);
        EK_SET(a, l->head_level, (uint8_t)room);
    }
    for (unsigned i = ek_max(l->level, 1); i < levels; i++)
        set_link(a, link_of(ek_ptr(a, l->head), i), 0, l->count);
    EK_SET(a, l->level, (uint8_t)levels);
}

static void lower_level(ek_arena *a, ek_skiplist *l) {
    const uint8_t *head = ek_ptr(a, l->head);
    unsigned level = l->level;
    while (level > 1 && next_of(head, level - 1) == 0) level--;
    if (level != l->level) EK_SET(a, l->level, (uint8_t)level);
}

/* Set the back link of the node at `next`, or the tail when there is none. */
static void set_back(ek_arena *a, ek_skiplist *l, ek_ref next, const uint8_t *node) {
    ek_ref back = node == ek_ptr(a, l->head) ? 0 : ek_ref_of(a, node);
    if (next) set32(a, (uint8_t *)ek_ptr(a, next) + BACK_AT, back);
    else EK_SET(a, l->tail, back);
}

ek_ref ek_skiplist_insert(ek_arena *a, ek_skiplist *l, ek_random *r, double score, ek_str member) {
    unsigned levels = random_levels(r);
    ek_ref ref = ek_alloc(a, node_size(levels, member.n));
    if (levels > l->level) raise_level(a, l, levels);
    path way;
    descend(a, l, &(target){.score = score, .member = member}, before_entry, &way);

    uint8_t *node = ek_ptr(a, ref), *before = way.node[0];
    ek_ref next = next_of(before, 0);
    memcpy(node, &score, sizeof score);
    ek_store32(node + BACK_AT, before == ek_ptr(a, l->head) ? 0 : ek_ref_of(a, before));
    ek_store32(node + NEXT_AT, next);
    size_t n = ek_min(member.n, LONG_MEMBER);
    ek_store16(node + WORD_AT, (uint16_t)(n << LEVEL_BITS | (levels - 1)));
    uint8_t *p = node + LINKS_AT + LINK_BYTES * (levels - 1);
    if (n == LONG_MEMBER) {
        ek_store64(p, member.n);
        p += 8;
    }
    if (member.n) memcpy(p, member.p, member.n);

    set32(a, before + NEXT_AT, ref);
    set_back(a, l, next, node);
    for (unsigned i = 1; i < levels; i++) {
        uint8_t *link = link_of(way.node[i], i), *own = link_of(node, i);
        uint32_t behind = way.pos[0] - way.pos[i];
        ek_store32(own, ek_load32(link));
        ek_store32(own + 4, ek_load32(link + 4) - behind);
        set_link(a, link, ref, behind + 1);
    }
    for (unsigned i = levels; i < l->level; i++) add_to_span(a, way.node[i], i, 1);
    EK_SET(a, l->count, l->count + 1);
    return ref;
}

static void path_to(const ek_arena *a, const ek_skiplist *l, ek_ref ref, path *out) {
    const uint8_t *node = ek_ptr(a, ref);
    target t = {.score = score_of(node), .member = member_of(node), .self = ref};
    descend(a, l, &t, before_entry, out);
}

void ek_skiplist_remove(ek_arena *a, ek_skiplist *l, ek_ref ref) {
    path way;
    path_to(a, l, ref, &way);
    const uint8_t *node = ek_ptr(a, ref);
    unsigned levels = levels_of(node);
    ek_ref next = next_of(node, 0);
    set32(a, way.node[0] + NEXT_AT, next);
    set_back(a, l, next, way.node[0]);
    for (unsigned i = 1; i < levels; i++)
        set_link(a, link_of(way.node[i], i), next_of(node, i),
                 span_of(way.node[i], i) + span_of(node, i) - 1);
    for (unsigned i = levels; i < l->level; i++) add_to_span(a, way.node[i], i, (uint32_t)-1);
    EK_SET(a, l->count, l->count - 1);
    if (levels == l->level) lower_level(a, l);
}

/* Would the node, with this score, stand where it stands? */
static bool stays(const ek_arena *a, const uint8_t *node, double score) {
    target t = {.score = score, .member = member_of(node)};
    ek_ref back = ek_load32(node + BACK_AT), next = next_of(node, 0);
    if (back && !before_entry(ek_ptr(a, back), &t)) return false;
    return !next || !before_entry(ek_ptr(a, next), &t);
}

void ek_skiplist_set_score(ek_arena *a, ek_skiplist *l, ek_ref ref, double score) {
    uint8_t *node = ek_ptr(a, ref);
    if (!stays(a, node, score)) {
        path from, to;
        target t = {.score = score, .member = member_of(node)};
        path_to(a, l, ref, &from);
        descend(a, l, &t, before_entry, &to);
        /* `to` was found with the node in the list: positions behind it are one too high, and the
         * node itself, where it is the last before its new place, stands for the one before it. */
        uint32_t old_pos = from.pos[0] + 1;
        uint32_t pos = to.pos[0] > old_pos ? to.pos[0] : to.pos[0] + 1;
        unsigned levels = levels_of(node);
        for (unsigned i = 1; i < levels; i++) {
            uint8_t *after = to.node[i] == node ? from.node[i] : to.node[i];
            uint32_t after_pos = to.node[i] == node ? from.pos[i] : to.pos[i];
            if (after_pos > old_pos) after_pos--;
            uint8_t *old = link_of(from.node[i], i), *own = link_of(node, i);
            set_link(a, old, ek_load32(own), ek_load32(old + 4) + ek_load32(own + 4) - 1);
            uint8_t *link = link_of(after, i);
            uint32_t behind = pos - after_pos;
            set_link(a, own, ek_load32(link), ek_load32(link + 4) + 1 - behind);
            set_link(a, link, ref, behind);
        }
        for (unsigned i = levels; i < l->level; i++) {
            if (from.node[i] == to.node[i]) continue;
            add_to_span(a, from.node[i], i, (uint32_t)-1);
            add_to_span(a, to.node[i], i, 1);
        }
        ek_ref next = next_of(node, 0);
        set32(a, from.node[0] + NEXT_AT, next);
        set_back(a, l, next, from.node[0]);
        next = next_of(to.node[0], 0);
        set32(a, node + NEXT_AT, next);
        set32(a, node + BACK_AT,
              to.node[0] == ek_ptr(a, l->head) ? 0 : ek_ref_of(a, to.node[0]));
        set32(a, to.node[0] + NEXT_AT, ref);
        set_back(a, l, next, node);
    }
    ek_touch(a, node, sizeof score);
    memcpy(node, &score, sizeof score);
}

static void free_node(ek_arena *a, void *arg, ek_ref node) { ek_free(a, node); }

void ek_skiplist_remove_ranks(ek_arena *a, ek_skiplist *l, uint32_t rank, uint32_t n,
                              ek_skiplist_release_fn *release, void *arg) {
    if (rank >= l->count || n == 0) return;
    n = (uint32_t)ek_min(n, l->count - rank);
    if (!release) release = free_node;
    path from, to;
    descend_to(a, l, rank, &from);
    descend_to(a, l, rank + n, &to);
    ek_ref gone = next_of(from.node[0], 0), next = next_of(to.node[0], 0);
    set32(a, from.node[0] + NEXT_AT, next);
    set_back(a, l, next, from.node[0]);
    for (unsigned i = 1; i < l->level; i++) {
        if (from.node[i] == to.node[i])
            add_to_span(a, from.node[i], i, 0 - n);
        else
            set_link(a, link_of(from.node[i], i), next_of(to.node[i], i),
                     to.pos[i] + span_of(to.node[i], i) - from.pos[i] - n);
    }
    EK_SET(a, l->count, l->count - n);
    lower_level(a, l);
    while (n-- > 0) {
        ek_ref node = gone;
        gone = ek_skiplist_next(a, node);
        release(a, arg, node);
    }
}

bool ek_skiplist_drain(ek_arena *a, ek_skiplist *l, size_t budget, ek_skiplist_release_fn *release,
                       void *arg) {
    ek_skiplist_remove_ranks(a, l, 0, (uint32_t)ek_min(budget, UINT32_MAX), release, arg);
    if (l->count) return false;
    if (l->head) {
        ek_free(a, l->head);
        ek_touch(a, l, sizeof *l);
        *l = (ek_skiplist){0};
    }
    return true;
}

/* --- checking --- */

size_t ek_skiplist_bytes(const ek_arena *a, const ek_skiplist *l) {
    return l->head ? ek_usable(a, l->head) : 0;
}

bool ek_skiplist_check(const ek_arena *a, const ek_skiplist *l) {
    if (!l->head) return !l->tail && !l->count && !l->level && !l->head_level;
    if (l->level == 0 || l->level > l->head_level || l->head_level > EK_SKIPLIST_LEVELS) return false;
    if (!ek_ref_ok(a, l->head, node_size(l->head_level, 0))) return false;
    ek_ref expected[EK_SKIPLIST_LEVELS]; /* where the last link of each level leads: node, position */
    uint32_t at[EK_SKIPLIST_LEVELS];
    const uint8_t *node = ek_ptr(a, l->head), *last = NULL;
    ek_ref ref = 0;
    unsigned levels = l->level, tallest = 1;
    for (uint32_t pos = 0;; pos++) {
        for (unsigned i = 0; i < levels; i++) {
            expected[i] = next_of(node, i);
            at[i] = i ? pos + span_of(node, i) : expected[i] ? pos + 1 : pos;
        }
        if (expected[0] == 0) {
            for (unsigned i = 0; i < l->level; i++)
                if (expected[i] != 0 || at[i] != l->count) return false;
            return pos == l->count && l->tail == ref && tallest == l->level;
        }
        ek_ref back = ref;
        ref = expected[0];
        if (pos == l->count || !ek_ref_ok(a, ref, LINKS_AT)) return false;
        node = ek_ptr(a, ref);
        levels = levels_of(node);
        tallest = (unsigned)ek_max(tallest, levels);
        ek_str member = member_of(node);
        if (levels > l->level || ek_load32(node + BACK_AT) != back) return false;
        if (!ek_ref_ok(a, ref, node_size(levels, member.n))) return false;
        for (unsigned i = 1; i < l->level; i++)
            if ((expected[i] == ref && at[i] == pos + 1) != (i < levels)) return false;
        if (score_of(node) != score_of(node)) return false;
        if (last && !before_entry(last, &(target){.score = score_of(node), .member = member}))
            return false;
        last = node;
    }
}
