/* Consumer groups: see value_stream_groups.h for the layout. */
#include "store/value_stream_groups.h"

#include "store/garbage.h"

/* --- by name --- */

static ek_str group_name(const ek_arena *a, ek_ref ref) { return ek_group_name(ek_ptr(a, ref)); }
static ek_str consumer_name(const ek_arena *a, ek_ref ref) {
    return ek_consumer_name(ek_ptr(a, ref));
}

/* The item of a tree of names, or NULL. */
static void *item_at(const ek_arena *a, const ek_btree *t, uint32_t rank) {
    ek_btree_place p = ek_btree_at(a, t, rank);
    return p.leaf ? ek_ptr(a, ek_btree_item(a, p)) : NULL;
}

static void *find(const ek_arena *a, const ek_btree *t, ek_btree_member_fn *name_of, ek_str name) {
    ek_ref item = ek_btree_find_member(a, t, name_of, name);
    return item ? ek_ptr(a, item) : NULL;
}

static void put_name(uint8_t *to, ek_str name) {
    if (name.n) memcpy(to, name.p, name.n);
}

ek_group *ek_stream_group(const ek_arena *a, const ek_stream *st, ek_str name) {
    return find(a, &st->groups, group_name, name);
}

ek_group *ek_stream_group_at(const ek_arena *a, const ek_stream *st, uint32_t rank) {
    return item_at(a, &st->groups, rank);
}

ek_group *ek_stream_add_group(ek_arena *a, ek_stream *st, ek_str name, ek_id last, int64_t read) {
    ek_ref ref = ek_alloc(a, sizeof(ek_group) + name.n);
    ek_group *g = ek_ptr(a, ref);
    *g = (ek_group){.last = last, .read = read, .name_len = (uint32_t)name.n};
    put_name(g->name, name);
    ek_btree_insert(a, &st->groups, group_name, 0, ref);
    return g;
}

/* The group becomes the only one of a stream of its own, which is garbage. */
void ek_stream_remove_group(ek_store *s, ek_stream *st, ek_group *g) {
    ek_ref ref = ek_ref_of(s->a, g);
    ek_btree_remove(s->a, &st->groups, group_name, 0, ref);
    ek_ref root = ek_alloc_zeroed(s->a, sizeof(ek_stream));
    ek_stream *grave = ek_ptr(s->a, root);
    ek_btree_insert(s->a, &grave->groups, group_name, 0, ref);
    ek_garbage_value(s, EK_STREAM, EK_ENC_STREAM, root);
}

ek_consumer *ek_group_consumer(const ek_arena *a, const ek_group *g, ek_str name) {
    return find(a, &g->consumers, consumer_name, name);
}

ek_consumer *ek_group_consumer_at(const ek_arena *a, const ek_group *g, uint32_t rank) {
    return item_at(a, &g->consumers, rank);
}

ek_consumer *ek_group_add_consumer(ek_arena *a, ek_group *g, ek_str name, int64_t now_ms) {
    ek_ref ref = ek_alloc(a, sizeof(ek_consumer) + name.n);
    ek_consumer *c = ek_ptr(a, ref);
    *c = (ek_consumer){
        .seen_ms = now_ms, .active_ms = EK_STREAM_UNKNOWN, .name_len = (uint32_t)name.n};
    put_name(c->name, name);
    ek_btree_insert(a, &g->consumers, consumer_name, 0, ref);
    return c;
}

void ek_group_remove_consumer(ek_arena *a, ek_group *g, ek_consumer *c) {
    for (ek_idtree_place p = ek_idtree_first(a, &c->pending); p.leaf; p = ek_idtree_next(a, p)) {
        ek_idtree_remove(a, &g->pending, ek_idtree_id(a, p));
        ek_free(a, ek_idtree_ref(a, p));
    }
    ek_idtree_drain(a, &c->pending, SIZE_MAX, NULL, NULL);
    ek_ref ref = ek_ref_of(a, c);
    ek_btree_remove(a, &g->consumers, consumer_name, 0, ref);
    ek_free(a, ref);
}

/* --- what is pending --- */

ek_pending *ek_group_pending(const ek_arena *a, const ek_group *g, ek_id id) {
    ek_ref ref = ek_idtree_find(a, &g->pending, id);
    return ref ? ek_ptr(a, ref) : NULL;
}

ek_pending *ek_group_add_pending(ek_arena *a, ek_group *g, ek_consumer *c, ek_id id,
                                 int64_t delivered_ms, uint64_t deliveries) {
    ek_ref ref = ek_alloc(a, sizeof(ek_pending));
    ek_pending *p = ek_ptr(a, ref);
    *p = (ek_pending){delivered_ms, deliveries, c ? ek_ref_of(a, c) : 0};
    ek_idtree_add(a, &g->pending, id, ref);
    if (c) ek_idtree_add(a, &c->pending, id, ref);
    return p;
}

void ek_pending_give(ek_arena *a, ek_pending *p, ek_id id, ek_consumer *c) {
    ek_ref to = c ? ek_ref_of(a, c) : 0;
    if (p->consumer == to) return;
    if (p->consumer) ek_idtree_remove(a, &ek_pending_consumer(a, p)->pending, id);
    if (c) ek_idtree_add(a, &c->pending, id, ek_ref_of(a, p));
    EK_SET(a, p->consumer, to);
}

void ek_pending_set(ek_arena *a, ek_pending *p, int64_t delivered_ms, uint64_t deliveries) {
    ek_touch(a, p, sizeof p->delivered_ms + sizeof p->deliveries);
    p->delivered_ms = delivered_ms;
    p->deliveries = deliveries;
}

bool ek_group_acknowledge(ek_arena *a, ek_group *g, ek_id id) {
    ek_ref ref = ek_idtree_remove(a, &g->pending, id);
    if (!ref) return false;
    ek_consumer *c = ek_pending_consumer(a, ek_ptr(a, ref));
    if (c) ek_idtree_remove(a, &c->pending, id);
    ek_free(a, ref);
    return true;
}

/* --- counting --- */

bool ek_stream_has_gaps_from(const ek_stream *st, ek_id id) {
    if (st->length == 0 || ek_id_eq(st->max_deleted, EK_ID_MIN)) return false;
    return !ek_id_before(st->max_deleted, id) && !ek_id_before(st->max_deleted, st->first);
}

int64_t ek_stream_entries_up_to(const ek_stream *st, ek_id id) {
    if (st->added == 0) return 0;
    if (st->length == 0 && !ek_id_before(st->last, id)) return (int64_t)st->added;
    if (ek_id_before(st->last, id)) return EK_STREAM_UNKNOWN;
    if (ek_id_eq(id, st->last)) return (int64_t)st->added;
    bool gaps = !ek_id_eq(st->max_deleted, EK_ID_MIN) && !ek_id_before(st->max_deleted, st->first);
    if (gaps) return EK_STREAM_UNKNOWN;
    if (ek_id_before(id, st->first)) return (int64_t)(st->added - st->length);
    if (ek_id_eq(id, st->first)) return (int64_t)(st->added - st->length + 1);
    return EK_STREAM_UNKNOWN;
}

bool ek_stream_lag(const ek_stream *st, const ek_group *g, int64_t *lag) {
    int64_t read = g->read;
    if (st->added == 0) read = 0;
    else if (read == EK_STREAM_UNKNOWN || ek_stream_has_gaps_from(st, g->last))
        read = ek_stream_entries_up_to(st, g->last);
    *lag = (int64_t)st->added - read;
    return read != EK_STREAM_UNKNOWN;
}

/* --- for the value --- */

#define GROUPS_WEIGHED 64

size_t ek_stream_groups_weight(const ek_arena *a, const ek_stream *st) {
    size_t n = 0;
    ek_btree_place p = ek_btree_at(a, &st->groups, 0);
    for (unsigned i = 0; p.leaf && i < GROUPS_WEIGHED; i++, p = ek_btree_next(a, p)) {
        const ek_group *g = ek_ptr(a, ek_btree_item(a, p));
        n += 1 + g->pending.count + g->consumers.count;
    }
    return n + st->groups.count;
}

static void free_pending(ek_arena *a, void *arg, ek_ref ref) {
    (void)arg;
    ek_free(a, ref);
}

/* The consumers first, for their records are the group's. */
static bool drain_group(ek_arena *a, ek_group *g, size_t budget) {
    while (g->consumers.count) {
        ek_consumer *c = ek_group_consumer_at(a, g, 0);
        if (!ek_idtree_drain(a, &c->pending, budget, NULL, NULL)) return false;
        ek_ref ref = ek_ref_of(a, c);
        ek_btree_remove(a, &g->consumers, consumer_name, 0, ref);
        ek_free(a, ref);
        if (budget-- == 1) return false;
    }
    return ek_idtree_drain(a, &g->pending, budget, free_pending, NULL);
}

bool ek_stream_groups_drain(ek_arena *a, ek_stream *st, size_t budget) {
    while (st->groups.count) {
        ek_group *g = ek_stream_group_at(a, st, 0);
        if (!drain_group(a, g, budget)) return false;
        ek_ref ref = ek_ref_of(a, g);
        ek_btree_remove(a, &st->groups, group_name, 0, ref);
        ek_free(a, ref);
        if (budget != SIZE_MAX) return false;
    }
    return true;
}

static void copy_group(ek_arena *a, const ek_group *from, ek_group *to) {
    ek_btree_place at = ek_btree_at(a, &from->consumers, 0);
    for (; at.leaf; at = ek_btree_next(a, at)) {
        const ek_consumer *c = ek_ptr(a, ek_btree_item(a, at));
        ek_consumer *copy = ek_group_add_consumer(a, to, ek_consumer_name(c), c->seen_ms);
        copy->active_ms = c->active_ms;
    }
    ek_idtree_place p = ek_idtree_first(a, &from->pending);
    const ek_consumer *last = NULL;
    ek_consumer *copy = NULL;
    for (; p.leaf; p = ek_idtree_next(a, p)) {
        const ek_pending *one = ek_pending_at(a, p);
        const ek_consumer *c = ek_pending_consumer(a, one);
        if (c != last) copy = c ? ek_group_consumer(a, to, ek_consumer_name(c)) : NULL;
        last = c;
        ek_group_add_pending(a, to, copy, ek_idtree_id(a, p), one->delivered_ms, one->deliveries);
    }
}

void ek_stream_groups_copy(ek_arena *a, const ek_stream *from, ek_stream *to) {
    ek_btree_place at = ek_btree_at(a, &from->groups, 0);
    for (; at.leaf; at = ek_btree_next(a, at)) {
        const ek_group *g = ek_ptr(a, ek_btree_item(a, at));
        copy_group(a, g, ek_stream_add_group(a, to, ek_group_name(g), g->last, g->read));
    }
}

static size_t group_bytes(const ek_arena *a, const ek_group *g) {
    size_t n = ek_usable(a, ek_ref_of(a, g)) + ek_idtree_bytes(a, &g->pending) +
               ek_btree_bytes(a, &g->consumers) + g->pending.count * sizeof(ek_pending);
    ek_btree_place at = ek_btree_at(a, &g->consumers, 0);
    for (; at.leaf; at = ek_btree_next(a, at)) {
        ek_ref ref = ek_btree_item(a, at);
        n += ek_usable(a, ref) + ek_idtree_bytes(a, &((const ek_consumer *)ek_ptr(a, ref))->pending);
    }
    return n;
}

size_t ek_stream_groups_bytes(const ek_arena *a, const ek_stream *st) {
    size_t n = ek_btree_bytes(a, &st->groups);
    ek_btree_place at = ek_btree_at(a, &st->groups, 0);
    for (; at.leaf; at = ek_btree_next(a, at)) n += group_bytes(a, ek_ptr(a, ek_btree_item(a, at)));
    return n;
}

/* Is each record of the group's with its consumer, and are there no others? */
static bool check_group(const ek_arena *a, const ek_group *g) {
    if (!ek_idtree_check(a, &g->pending) || !ek_btree_check(a, &g->consumers, consumer_name))
        return false;
    size_t owned = 0, theirs = 0;
    for (ek_idtree_place p = ek_idtree_first(a, &g->pending); p.leaf; p = ek_idtree_next(a, p)) {
        const ek_consumer *c = ek_pending_consumer(a, ek_pending_at(a, p));
        if (!c) continue;
        owned++;
        if (ek_idtree_find(a, &c->pending, ek_idtree_id(a, p)) != ek_idtree_ref(a, p)) return false;
    }
    ek_btree_place at = ek_btree_at(a, &g->consumers, 0);
    for (; at.leaf; at = ek_btree_next(a, at)) {
        const ek_consumer *c = ek_ptr(a, ek_btree_item(a, at));
        if (!ek_idtree_check(a, &c->pending)) return false;
        theirs += c->pending.count;
    }
    return owned == theirs;
}

bool ek_stream_groups_check(const ek_arena *a, const ek_stream *st) {
    if (!ek_btree_check(a, &st->groups, group_name)) return false;
    ek_btree_place at = ek_btree_at(a, &st->groups, 0);
    for (; at.leaf; at = ek_btree_next(a, at))
        if (!check_group(a, ek_ptr(a, ek_btree_item(a, at)))) return false;
    return true;
}
