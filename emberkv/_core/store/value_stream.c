/* Entries of a stream: see value_stream.h for their layout. */
#include "store/value_stream.h"

#include "store/value_stream_groups.h"
#include "store/value_stream_producers.h"
#include "store/values.h"

enum { DELETED = 1, SAME_FIELDS = 2 }; /* flags of an entry */

#define NODE_BYTES_MAX (1u << 30) /* whatever the settings say */
#define MASTER_EXTRA 12u          /* of the integers of a master entry, when it is made */
#define ENTRY_EXTRA 44u           /* of the integers of an entry, at most */
#define BEGINS_WITH_MAX EK_PAGE   /* bytes of a block whose first entry does not need more */
#define FEW_ENTRIES 4u
#define COUNTS_GROW 8u            /* by which the two counts of a master may grow */

typedef struct stream_node {
    uint32_t bytes;
    uint8_t run[];
} stream_node;

/* A block taken apart. */
typedef struct master {
    int64_t count, deleted;
    uint32_t nnames;
    const uint8_t *names, *entries, *end;
} master;

/* An entry taken apart, up to its first name or value. */
typedef struct entry {
    ek_id id;
    unsigned flags;
    uint32_t nfields;
    const uint8_t *fields;
} entry;

bool ek_id_next(ek_id *id) {
    if (id->seq++ != UINT64_MAX) return true;
    return id->ms++ != UINT64_MAX;
}

bool ek_id_prev(ek_id *id) {
    if (id->seq-- != 0) return true;
    return id->ms-- != 0;
}

/* --- reading a block --- */

EK_INLINE int64_t take_int(const uint8_t **p) {
    if (EK_LIKELY(**p < 0x80)) {
        *p += 2;
        return (*p)[-2];
    }
    ek_lp_value v;
    ek_lp_get(*p, &v);
    *p = ek_lp_next(*p);
    return v.i;
}

/* All of it but where the entries begin, which those who only append need not know. */
EK_INLINE void read_head(const stream_node *node, master *m) {
    const uint8_t *p = node->run;
    m->count = take_int(&p);
    m->deleted = take_int(&p);
    m->nnames = (uint32_t)take_int(&p);
    m->names = p;
    m->end = node->run + node->bytes;
}

static void read_master(const stream_node *node, master *m) {
    read_head(node, m);
    m->entries = ek_lp_next(ek_lp_skip(m->names, m->nnames));
}

EK_INLINE ek_id id_at(const uint8_t **p, ek_id first) {
    uint64_t ms = (uint64_t)take_int(p), seq = (uint64_t)take_int(p);
    return (ek_id){first.ms + ms, first.seq + seq};
}

EK_INLINE void read_entry(const uint8_t *p, ek_id first, uint32_t nnames, entry *e) {
    e->flags = (unsigned)take_int(&p);
    e->id = id_at(&p, first);
    e->nfields = e->flags & SAME_FIELDS ? nnames : (uint32_t)take_int(&p);
    e->fields = p;
}

EK_INLINE const uint8_t *end_of(const entry *e) {
    size_t left = e->flags & SAME_FIELDS ? e->nfields : 2 * (size_t)e->nfields;
    return ek_lp_skip(e->fields, left + 1);
}

EK_INLINE const uint8_t *before(const uint8_t *end) {
    const uint8_t *p = ek_lp_prev(end);
    ek_lp_value pieces;
    ek_lp_get(p, &pieces);
    while (pieces.i-- > 0) p = ek_lp_prev(p);
    return p;
}

/* The first entry of a block that is not below the id, or with `beyond` above it. From both ends, for
 * it is most often near one. */
static const uint8_t *seek(const master *m, ek_id first, ek_id id, bool beyond) {
    const uint8_t *front = m->entries, *back = m->end;
    while (front < back) {
        entry e;
        read_entry(front, first, m->nnames, &e);
        if (beyond ? ek_id_before(id, e.id) : !ek_id_before(e.id, id)) return front;
        front = end_of(&e);
        if (front >= back) break;
        const uint8_t *last = before(back);
        const uint8_t *p = ek_lp_next(last);
        ek_id last_id = id_at(&p, first);
        if (beyond ? !ek_id_before(id, last_id) : ek_id_before(last_id, id)) return back;
        back = last;
    }
    return back;
}

/* --- changing a block --- */

/* Put `insert` bytes, that the caller writes, in the place of `remove` at an offset of the run. The
 * block may be exchanged. */
static uint8_t *splice(ek_arena *a, ek_idtree_place at, size_t offset, size_t remove, size_t insert) {
    ek_ref ref = ek_idtree_ref(a, at);
    stream_node *node = ek_ptr(a, ref);
    size_t old = node->bytes, bytes = old - remove + insert, behind = old - offset - remove;
    if (sizeof *node + bytes <= ek_usable(a, ref)) {
        ek_touch(a, node->run + offset, old - offset);
        if (bytes > old) ek_touch_slack(a, node->run + old, bytes - old);
        memmove(node->run + offset + insert, node->run + offset + remove, behind);
    } else {
        ek_ref fresh_ref = ek_alloc(a, sizeof *node + bytes + COUNTS_GROW);
        stream_node *fresh = ek_ptr(a, fresh_ref);
        memcpy(fresh->run, node->run, offset);
        memcpy(fresh->run + offset + insert, node->run + offset + remove, behind);
        ek_idtree_set(a, at, fresh_ref);
        ek_free(a, ref);
        fresh->bytes = (uint32_t)bytes;
        return fresh->run + offset;
    }
    EK_SET(a, node->bytes, (uint32_t)bytes);
    return node->run + offset;
}

/* Exchange the integer at an offset. */
static void set_int(ek_arena *a, ek_idtree_place at, size_t offset, int64_t i) {
    stream_node *node = ek_ptr(a, ek_idtree_ref(a, at));
    uint8_t *p = node->run + offset;
    ek_lp_encoded e;
    ek_lp_encode_int(&e, i);
    size_t old = ek_lp_entry_bytes(p);
    if (EK_LIKELY(old == e.bytes)) ek_touch(a, p, old);
    else p = splice(a, at, offset, old, e.bytes);
    ek_lp_write(p, &e);
}

static void set_counts(ek_arena *a, ek_idtree_place at, int64_t count, int64_t deleted) {
    const stream_node *node = ek_ptr(a, ek_idtree_ref(a, at));
    size_t second = ek_lp_entry_bytes(node->run);
    set_int(a, at, second, deleted);
    set_int(a, at, 0, count);
}

/* The integer of an entry's flags is one byte, whatever they are. */
static void mark_deleted(ek_arena *a, const uint8_t *flags) {
    uint8_t *p = (uint8_t *)flags;
    ek_touch(a, p, 1);
    *p |= DELETED;
}

static void remove_node(ek_arena *a, ek_stream *st, ek_id first) {
    ek_free(a, ek_idtree_remove(a, &st->nodes, first));
}

/* --- adding --- */

/* What is new: names with values, their bytes, and what they take in a run, at most. */
typedef struct fields {
    const ek_str *pairs;
    size_t n, text, names, values;
} fields;

EK_INLINE size_t room_for(size_t n) {
    return n + (n < 64 ? 2 : n < 4096 ? 4 : EK_LP_STRING_EXTRA_MAX);
}

static fields measured(const ek_str *pairs, size_t n) {
    fields f = {.pairs = pairs, .n = n};
    for (size_t i = 0; i < n; i++) {
        size_t name = pairs[2 * i].n, value = pairs[2 * i + 1].n;
        f.text += name + value;
        f.names += room_for(name);
        f.values += room_for(value);
    }
    return f;
}

/* What a full block is given: with the usual settings a page. The last entry may need a little more. */
static size_t full_bytes(const ek_store *s) {
    int64_t max = s->root->config.stream_node_max_bytes;
    return max == 0 || max > NODE_BYTES_MAX ? NODE_BYTES_MAX : (size_t)max;
}

/* May another entry of so many bytes go into this block? */
static bool has_room(const ek_store *s, const stream_node *node, const master *m, size_t text) {
    int64_t entries_max = s->root->config.stream_node_max_entries;
    size_t listpack = EK_LP_HEADER_BYTES + node->bytes + EK_LP_END_BYTES;
    return listpack + text < full_bytes(s) &&
           (entries_max == 0 || m->count + m->deleted < entries_max);
}

/* A block that gets no more entries gives back what it does not need. Returns what it does. */
static size_t close_node(ek_arena *a, ek_idtree_place at) {
    ek_ref ref = ek_idtree_ref(a, at);
    const stream_node *node = ek_ptr(a, ref);
    size_t need = sizeof *node + node->bytes + COUNTS_GROW;
    if (ek_alloc_rounds_to(a, need) >= ek_usable(a, ref)) return need;
    ek_ref fresh = ek_alloc(a, need);
    memcpy(ek_ptr(a, fresh), node, sizeof *node + node->bytes);
    ek_idtree_set(a, at, fresh);
    ek_free(a, ref);
    return need;
}

static bool same_fields(const master *m, const fields *f) {
    if (m->nnames != f->n) return false;
    const uint8_t *p = m->names;
    for (size_t i = 0; i < f->n; i++, p = ek_lp_next(p))
        if (!ek_lp_equal(p, f->pairs[2 * i].p, f->pairs[2 * i].n)) return false;
    return true;
}

static uint8_t *put_entry(uint8_t *p, ek_id id, ek_id first, const fields *f, bool same) {
    p = ek_lp_put_int(p, same ? SAME_FIELDS : 0);
    p = ek_lp_put_int(p, (int64_t)(id.ms - first.ms));
    p = ek_lp_put_int(p, (int64_t)(id.seq - first.seq));
    if (!same) p = ek_lp_put_int(p, (int64_t)f->n);
    for (const ek_str *s = f->pairs; s < f->pairs + 2 * f->n; s += 2) {
        if (!same) p = ek_lp_put(p, s[0].p, s[0].n);
        p = ek_lp_put(p, s[1].p, s[1].n);
    }
    return ek_lp_put_int(p, (int64_t)(same ? f->n + 3 : 2 * f->n + 4));
}

/* Behind a block that is full another one will be, most likely: it begins as large as that, if that holds
 * more than a few entries like this one. */
static EK_NOINLINE void append_new_node(ek_arena *a, ek_stream *st, ek_id id, const fields *f,
                                        size_t full) {
    size_t need = sizeof(stream_node) + MASTER_EXTRA + EK_LP_INT_BYTES_MAX + ENTRY_EXTRA +
                  f->names + f->values;
    size_t begin = ek_min(full + ENTRY_EXTRA + f->values, BEGINS_WITH_MAX);
    ek_ref ref = ek_alloc(a, need * FEW_ENTRIES <= full ? begin : need);
    stream_node *node = ek_ptr(a, ref);
    uint8_t *p = ek_lp_put_int(node->run, 1);
    p = ek_lp_put_int(p, 0);
    p = ek_lp_put_int(p, (int64_t)f->n);
    for (size_t i = 0; i < f->n; i++) p = ek_lp_put(p, f->pairs[2 * i].p, f->pairs[2 * i].n);
    p = ek_lp_put_int(p, 0);
    p = put_entry(p, id, id, f, true);
    node->bytes = (uint32_t)(p - node->run);
    ek_idtree_add(a, &st->nodes, id, ref);
}

/* The block, in another place of so many bytes at least. */
static EK_NOINLINE stream_node *grow(ek_store *s, ek_idtree_place at, size_t need) {
    ek_arena *a = s->a;
    ek_ref ref = ek_idtree_ref(a, at);
    const stream_node *node = ek_ptr(a, ref);
    ek_ref fresh_ref = ek_alloc(a, ek_max(need, ek_min(2 * need, full_bytes(s))));
    stream_node *fresh = ek_ptr(a, fresh_ref);
    memcpy(fresh, node, sizeof *node + node->bytes);
    ek_idtree_set(a, at, fresh_ref);
    ek_free(a, ref);
    return fresh;
}

/* Announce that the block gets longer, and count one entry more: mostly a byte, beside the length. */
static stream_node *count_one(ek_arena *a, ek_idtree_place at, stream_node *node, int64_t count) {
    _Static_assert(sizeof(stream_node) == 4, "the length and the count are announced as one");
    if (EK_UNLIKELY(count >= 127)) {
        set_int(a, at, 0, count + 1);
        node = ek_ptr(a, ek_idtree_ref(a, at));
    }
    ek_touch(a, node, 8);
    if (EK_LIKELY(count < 127)) node->run[0]++;
    return node;
}

static void append_to_node(ek_store *s, ek_idtree_place at, stream_node *node, const master *m,
                           ek_id id, const fields *f) {
    ek_arena *a = s->a;
    bool same = same_fields(m, f);
    size_t room = ENTRY_EXTRA + f->values + (same ? 0 : f->names);
    size_t need = sizeof *node + node->bytes + room + COUNTS_GROW;
    if (EK_UNLIKELY(need > ek_usable(a, ek_idtree_ref(a, at)))) node = grow(s, at, need);
    node = count_one(a, at, node, m->count);
    uint8_t *end = node->run + node->bytes;
    ek_touch_slack(a, end, room);
    end = put_entry(end, id, ek_idtree_id(a, at), f, same);
    node->bytes = (uint32_t)(end - node->run);
}

void ek_stream_append(ek_store *s, ek_stream *st, ek_id id, const ek_str *pairs, size_t n) {
    ek_arena *a = s->a;
    ek_idtree_place at = ek_idtree_last(a, &st->nodes);
    fields f = measured(pairs, n);
    bool fits = false;
    size_t full = 0;
    if (at.leaf) {
        stream_node *node = ek_ptr(a, ek_idtree_ref(a, at));
        master m;
        read_head(node, &m);
        fits = has_room(s, node, &m, f.text);
        if (EK_LIKELY(fits)) append_to_node(s, at, node, &m, id, &f);
        else full = close_node(a, at);
    }
    if (EK_UNLIKELY(!fits)) append_new_node(a, st, id, &f, full);
    ek_touch(a, &st->last, sizeof st->last + 2 * sizeof st->length);
    st->last = id;
    st->length++;
    st->added++;
    if (st->length == 1) EK_SET(a, st->first, id);
}

_Static_assert(offsetof(ek_stream, added) == offsetof(ek_stream, last) + 24, "announced as one");

/* --- taking away --- */

/* The entry of this id with the block that it is in. False: it is not there. */
static bool find(const ek_arena *a, const ek_stream *st, ek_id id, ek_idtree_place *at, master *m,
                 const uint8_t **flags) {
    *at = ek_idtree_at_most(a, &st->nodes, id);
    if (!at->leaf) return false;
    ek_id first = ek_idtree_id(a, *at);
    read_master(ek_ptr(a, ek_idtree_ref(a, *at)), m);
    const uint8_t *p = seek(m, first, id, false);
    if (p == m->end) return false;
    entry e;
    read_entry(p, first, m->nnames, &e);
    *flags = p;
    return ek_id_eq(e.id, id) && !(e.flags & DELETED);
}

bool ek_stream_has(const ek_arena *a, const ek_stream *st, ek_id id) {
    ek_idtree_place at;
    master m;
    const uint8_t *flags;
    return find(a, st, id, &at, &m, &flags);
}

bool ek_stream_delete(ek_store *s, ek_stream *st, ek_id id) {
    ek_arena *a = s->a;
    ek_idtree_place at;
    master m;
    const uint8_t *flags;
    if (!find(a, st, id, &at, &m, &flags)) return false;
    if (m.count == 1) {
        remove_node(a, st, ek_idtree_id(a, at));
    } else {
        mark_deleted(a, flags);
        set_counts(a, at, m.count - 1, m.deleted + 1);
    }
    EK_SET(a, st->length, st->length - 1);
    return true;
}

void ek_stream_forget_above(ek_store *s, ek_stream *st, ek_id id) {
    ek_arena *a = s->a;
    ek_idtree_place at;
    while ((at = ek_idtree_last(a, &st->nodes)).leaf) {
        const stream_node *node = ek_ptr(a, ek_idtree_ref(a, at));
        ek_id first = ek_idtree_id(a, at);
        master m;
        read_master(node, &m);
        const uint8_t *end = seek(&m, first, id, true);
        if (end == m.end) return;
        if (end == m.entries) {
            remove_node(a, st, first);
            continue;
        }
        int64_t gone = 0;
        for (const uint8_t *p = m.end; p > end; p = before(p)) gone++;
        splice(a, at, (size_t)(end - node->run), (size_t)(m.end - end), 0);
        set_counts(a, at, m.count, m.deleted - gone);
        return;
    }
}

void ek_stream_find_first(ek_store *s, ek_stream *st) {
    ek_stream_iter it;
    ek_stream_iter_begin(&it, s->a, st, EK_ID_MIN, EK_ID_MAX, false);
    ek_id first = ek_stream_iter_next(&it) ? it.id : EK_ID_MIN;
    if (!ek_id_eq(first, st->first)) EK_SET(s->a, st->first, first);
}

ek_id ek_stream_last_there(const ek_arena *a, const ek_stream *st) {
    ek_stream_iter it;
    ek_stream_iter_begin(&it, a, st, EK_ID_MIN, EK_ID_MAX, true);
    return ek_stream_iter_next(&it) ? it.id : EK_ID_MIN;
}

/* The last entry of a block, though it be deleted. */
static ek_id last_of(const master *m, ek_id first) {
    const uint8_t *p = ek_lp_next(before(m->end));
    return id_at(&p, first);
}

/* Is the plan fulfilled when this entry comes next? */
static bool is_enough(const ek_stream_trim_plan *plan, uint64_t length, ek_id id) {
    if (plan->by == EK_TRIM_MAXLEN) return length <= (uint64_t)plan->maxlen;
    return !ek_id_before(id, plan->minid);
}

static bool whole_node_goes(const ek_stream_trim_plan *plan, const ek_stream *st, const master *m,
                            ek_id first) {
    if (plan->by == EK_TRIM_MAXLEN)
        return st->length - (uint64_t)m->count >= (uint64_t)plan->maxlen;
    return ek_id_before(last_of(m, first), plan->minid);
}

/* Entries of one block one by one; how many went. *done: the plan is fulfilled. */
static uint64_t trim_entries(ek_store *s, ek_stream *st, ek_idtree_place at, const master *m,
                             const ek_stream_trim_plan *plan, bool *done) {
    ek_id first = ek_idtree_id(s->a, at);
    int64_t gone = 0;
    for (const uint8_t *p = m->entries; p < m->end;) {
        entry e;
        read_entry(p, first, m->nnames, &e);
        const uint8_t *flags = p;
        p = end_of(&e);
        if (e.flags & DELETED) continue;
        *done = is_enough(plan, st->length - (uint64_t)gone, e.id);
        if (*done) break;
        if (plan->may_go && !plan->may_go(plan->arg, e.id)) continue;
        mark_deleted(s->a, flags);
        gone++;
    }
    if (gone == m->count && plan->may_go) remove_node(s->a, st, first);
    else if (gone) set_counts(s->a, at, m->count - gone, m->deleted + gone);
    return (uint64_t)gone;
}

uint64_t ek_stream_trim(ek_store *s, ek_stream *st, const ek_stream_trim_plan *plan) {
    ek_arena *a = s->a;
    uint64_t gone = 0;
    bool done = false;
    ek_idtree_place at = ek_idtree_first(a, &st->nodes);
    while (at.leaf && !done) {
        ek_id first = ek_idtree_id(a, at);
        master m;
        read_master(ek_ptr(a, ek_idtree_ref(a, at)), &m);
        if (plan->by == EK_TRIM_MAXLEN && st->length <= (uint64_t)plan->maxlen) break;
        if (plan->by == EK_TRIM_MINID && !ek_id_before(first, plan->minid)) break;
        if (plan->limit && gone + (uint64_t)m.count > (uint64_t)plan->limit) break;
        bool whole = whole_node_goes(plan, st, &m, first);
        if (!whole && plan->approximate) break;
        uint64_t n;
        if (whole && !plan->may_go) {
            n = (uint64_t)m.count;
            remove_node(a, st, first);
        } else {
            n = trim_entries(s, st, at, &m, plan, &done);
            if (!whole && !plan->may_go) done = true;
        }
        gone += n;
        EK_SET(a, st->length, st->length - n);
        ek_id next = first;
        if (!ek_id_next(&next)) break;
        at = ek_idtree_at_least(a, &st->nodes, next);
    }
    if (gone) ek_stream_find_first(s, st);
    return gone;
}

/* --- ranges --- */

static void enter_node(ek_stream_iter *it) {
    master m;
    read_master(ek_ptr(it->a, ek_idtree_ref(it->a, it->at)), &m);
    it->master = ek_idtree_id(it->a, it->at);
    it->begin = m.entries;
    it->end = m.end;
    it->names = m.names;
    it->nnames = m.nnames;
    it->p = it->reverse ? m.end : m.entries;
}

void ek_stream_iter_begin(ek_stream_iter *it, const ek_arena *a, const ek_stream *st, ek_id from,
                          ek_id to, bool reverse) {
    *it = (ek_stream_iter){.a = a, .from = from, .to = to, .reverse = reverse};
    if (ek_id_before(to, from)) return;
    it->at = ek_idtree_at_most(a, &st->nodes, reverse ? to : from);
    if (!it->at.leaf && !reverse) it->at = ek_idtree_first(a, &st->nodes);
    if (!it->at.leaf) return;
    enter_node(it);
    ek_id edge = reverse ? to : from;
    if (reverse ? ek_id_eq(to, EK_ID_MAX) : !ek_id_before(it->master, from)) return;
    master m = {.nnames = it->nnames, .entries = it->begin, .end = it->end};
    it->p = seek(&m, it->master, edge, reverse);
}

static bool next_entry(ek_stream_iter *it, entry *e) {
    if (it->left || it->value) { /* behind the entry that was found last */
        it->p = ek_lp_skip(it->value, (it->same ? it->left : 2 * (size_t)it->left) + 1);
        it->value = NULL;
        it->left = 0;
    }
    while (it->p == it->end) {
        it->at = ek_idtree_next(it->a, it->at);
        if (!it->at.leaf) return false;
        enter_node(it);
    }
    read_entry(it->p, it->master, it->nnames, e);
    return true;
}

static bool previous_entry(ek_stream_iter *it, entry *e) {
    while (it->p == it->begin) {
        it->at = ek_idtree_prev(it->a, it->at);
        if (!it->at.leaf) return false;
        enter_node(it);
    }
    it->p = before(it->p);
    read_entry(it->p, it->master, it->nnames, e);
    return true;
}

bool ek_stream_iter_next(ek_stream_iter *it) {
    entry e = {0};
    while (it->at.leaf) {
        if (!(it->reverse ? previous_entry(it, &e) : next_entry(it, &e))) return false;
        if (it->reverse ? ek_id_before(e.id, it->from) : ek_id_before(it->to, e.id)) {
            it->at.leaf = 0;
            return false;
        }
        if (e.flags & DELETED) {
            if (!it->reverse) it->p = end_of(&e);
            continue;
        }
        it->id = e.id;
        it->nfields = it->left = e.nfields;
        it->same = e.flags & SAME_FIELDS;
        it->name = it->same ? it->names : NULL;
        it->value = e.fields;
        return true;
    }
    return false;
}

void ek_stream_iter_pair(ek_stream_iter *it, ek_lp_value *name, ek_lp_value *value) {
    const uint8_t **names = it->same ? &it->name : &it->value;
    ek_lp_get(*names, name);
    *names = ek_lp_next(*names);
    ek_lp_get(it->value, value);
    it->value = ek_lp_next(it->value);
    it->left--;
}

/* --- what users are told of a radix tree --- */

#define ID_BYTES 16u

/* How many bytes two ids have in common, with the highest first. */
static unsigned common(ek_id x, ek_id y) {
    if (x.ms != y.ms) return (unsigned)__builtin_clzll(x.ms ^ y.ms) / 8;
    return 8 + (unsigned)__builtin_clzll(x.seq ^ y.seq) / 8;
}

/* Nodes between one that branches at depth `from` and one at depth `to`. */
static unsigned between(unsigned from, unsigned to) { return to - from > 1; }

uint64_t ek_stream_radix_nodes(const ek_arena *a, const ek_stream *st) {
    unsigned depth[ID_BYTES + 1], n = 0; /* of the branches above the id that was last */
    uint64_t nodes = 0;
    ek_idtree_place p = ek_idtree_first(a, &st->nodes);
    if (!p.leaf) return 1;
    ek_id last = ek_idtree_id(a, p);
    nodes++; /* its leaf; what leads there is counted when its branch is known */
    unsigned below = ID_BYTES;
    for (p = ek_idtree_next(a, p); p.leaf; p = ek_idtree_next(a, p)) {
        ek_id id = ek_idtree_id(a, p);
        unsigned at = common(last, id);
        while (n && depth[n - 1] > at) {
            nodes += between(depth[n - 1], below);
            below = depth[--n];
        }
        if (n == 0 || depth[n - 1] != at) {
            depth[n++] = at;
            nodes++;
        }
        nodes += between(at, below) + 1;
        below = ID_BYTES;
        last = id;
    }
    for (; n; below = depth[--n]) nodes += between(depth[n - 1], below);
    return nodes + (below > 0);
}

/* --- as a value --- */

static ek_ref new_root(ek_arena *a) { return ek_alloc_zeroed(a, sizeof(ek_stream)); }

void ek_stream_create(ek_store *s, ek_db *db, ek_value *v, ek_str key) {
    ek_entry_plan plan = {
        .key = key, .type = EK_STREAM, .enc = EK_ENC_STREAM, .expire_ms = EK_NO_EXPIRE,
        .access = ek_access_begin(s), .outside = new_root(s->a),
    };
    ek_keyspace_add(s, db, &plan, v->hash, v);
}

ek_str ek_stream_run(const ek_arena *a, ek_idtree_place at) {
    const stream_node *node = ek_ptr(a, ek_idtree_ref(a, at));
    return (ek_str){node->run, node->bytes};
}

static size_t value_weight(const ek_arena *a, ek_ref root, ek_encoding enc) {
    (void)enc;
    const ek_stream *st = ek_ptr(a, root);
    const ek_sent *sent = ek_stream_sent(a, st);
    return st->nodes.count + ek_stream_groups_weight(a, st) + (sent ? sent->messages : 0);
}

static void free_node(ek_arena *a, void *arg, ek_ref ref) {
    (void)arg;
    ek_free(a, ref);
}

static bool value_drain(ek_arena *a, ek_ref root, ek_encoding enc, size_t budget) {
    (void)enc;
    ek_stream *st = ek_ptr(a, root);
    if (!ek_stream_groups_drain(a, st, budget) || !ek_sent_drain(a, st, budget)) return false;
    if (!ek_idtree_drain(a, &st->nodes, budget, free_node, NULL)) return false;
    ek_free(a, root);
    return true;
}

static ek_ref value_copy(ek_store *s, ek_ref root, ek_encoding enc) {
    (void)enc;
    ek_arena *a = s->a;
    const ek_stream *from = ek_ptr(a, root);
    ek_ref fresh = new_root(a);
    ek_stream *to = ek_ptr(a, fresh);
    *to = *from;
    to->nodes = (ek_idtree){0};
    to->groups = (ek_btree){0};
    to->sent = 0;
    ek_idtree_place p = ek_idtree_first(a, &from->nodes);
    for (; p.leaf; p = ek_idtree_next(a, p)) {
        const stream_node *node = ek_ptr(a, ek_idtree_ref(a, p));
        ek_ref copy = ek_alloc(a, sizeof *node + node->bytes + COUNTS_GROW);
        memcpy(ek_ptr(a, copy), node, sizeof *node + node->bytes);
        ek_idtree_add(a, &to->nodes, ek_idtree_id(a, p), copy);
    }
    ek_stream_groups_copy(a, from, to);
    ek_sent_copy(s, from, to);
    return fresh;
}

static size_t value_bytes(const ek_arena *a, ek_ref root, ek_encoding enc) {
    (void)enc;
    const ek_stream *st = ek_ptr(a, root);
    size_t n = ek_usable(a, root) + ek_idtree_bytes(a, &st->nodes);
    ek_idtree_place p = ek_idtree_first(a, &st->nodes);
    for (; p.leaf; p = ek_idtree_next(a, p)) n += ek_usable(a, ek_idtree_ref(a, p));
    return n + ek_stream_groups_bytes(a, st) + ek_sent_bytes(a, st);
}

/* One block: as many entries as it says, in order, each as long as it says. */
static bool check_node(const ek_arena *a, ek_idtree_place at, ek_id *last, uint64_t *length) {
    ek_ref ref = ek_idtree_ref(a, at);
    const stream_node *node = ek_ptr(a, ref);
    ek_id first = ek_idtree_id(a, at);
    size_t pieces;
    if (sizeof *node + node->bytes > ek_usable(a, ref) ||
        !ek_lp_validate(node->run, node->bytes, &pieces))
        return false;
    master m;
    read_master(node, &m);
    int64_t count = 0, deleted = 0;
    if (ek_id_before(first, *last)) return false;
    for (const uint8_t *p = m.entries; p < m.end;) {
        entry e;
        read_entry(p, first, m.nnames, &e);
        if (p == m.entries ? !ek_id_eq(e.id, first) : !ek_id_before(*last, e.id)) return false;
        const uint8_t *end = end_of(&e);
        if (before(end) != p) return false;
        *last = e.id;
        if (e.flags & DELETED) deleted++;
        else count++;
        p = end;
    }
    *length += (uint64_t)count;
    return count == m.count && deleted == m.deleted;
}

static bool value_check(const ek_arena *a, ek_ref root, ek_encoding enc) {
    const ek_stream *st = ek_ptr(a, root);
    if (enc != EK_ENC_STREAM || !ek_idtree_check(a, &st->nodes)) return false;
    ek_id last = EK_ID_MIN;
    uint64_t length = 0;
    ek_idtree_place p = ek_idtree_first(a, &st->nodes);
    for (; p.leaf; p = ek_idtree_next(a, p))
        if (!check_node(a, p, &last, &length)) return false;
    return length == st->length && !ek_id_before(st->last, last) && ek_stream_groups_check(a, st) &&
           ek_sent_check(a, st);
}

const ek_value_ops ek_value_stream = {
    .weight = value_weight,
    .drain = value_drain,
    .copy = value_copy,
    .bytes = value_bytes,
    .check = value_check,
};
