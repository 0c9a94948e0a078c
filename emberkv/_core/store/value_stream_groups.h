/* Consumer groups of a stream: who has been given which entries, and has not acknowledged them yet.
 *
 *   stream.groups --> | pending | consumers | last | read | n | name |                 a group
 *                          |          \--> | pending | seen | active | n | name |     a consumer
 *                          |                     |
 *                          \--> id: | delivered | deliveries | consumer | <--/         24 bytes
 *
 * What is pending is one record in two orders: of all in the group and of those of its consumer. With
 * its places in both it takes some 66 bytes. An entry that was given back to nobody (XNACK) is in the
 * group's order alone. Groups and consumers are in the order of their names.
 *
 * Owner: the stream. Lock: the store's. Costs: O(log n) of what is pending, each.
 */
#ifndef EK_STORE_VALUE_STREAM_GROUPS_H
#define EK_STORE_VALUE_STREAM_GROUPS_H

#include "store/value_stream.h"

#define EK_STREAM_UNKNOWN (-1) /* how many entries a group has read; when a consumer was active */

typedef struct ek_group {
    ek_idtree pending;
    ek_btree consumers;
    ek_id last;   /* given to a consumer, the highest */
    int64_t read; /* how many entries of all that were ever added come up to `last` */
    uint32_t name_len;
    uint8_t name[];
} ek_group;

typedef struct ek_consumer {
    ek_idtree pending;
    int64_t seen_ms, active_ms; /* when it last asked, and when it last was given something */
    uint32_t name_len;
    uint8_t name[];
} ek_consumer;

typedef struct ek_pending {
    int64_t delivered_ms;
    uint64_t deliveries;
    ek_ref consumer; /* 0: nobody's */
} ek_pending;

_Static_assert(sizeof(ek_pending) == 24, "of a pending entry");

EK_INLINE ek_str ek_group_name(const ek_group *g) { return (ek_str){g->name, g->name_len}; }
EK_INLINE ek_str ek_consumer_name(const ek_consumer *c) { return (ek_str){c->name, c->name_len}; }

/* --- groups: NULL if there is none. What is returned stays in its place until it is removed. --- */

ek_group *ek_stream_group(const ek_arena *a, const ek_stream *st, ek_str name);
ek_group *ek_stream_group_at(const ek_arena *a, const ek_stream *st, uint32_t rank);
/* The name is not taken. */
ek_group *ek_stream_add_group(ek_arena *a, ek_stream *st, ek_str name, ek_id last, int64_t read);
/* With all that is pending in it, which is freed in slices when it is much. */
void ek_stream_remove_group(ek_store *s, ek_stream *st, ek_group *g);

/* How many of all entries ever added come up to this id; EK_STREAM_UNKNOWN if that cannot be told. */
int64_t ek_stream_entries_up_to(const ek_stream *st, ek_id id);
/* Has an entry from this id on been deleted, so that counting by ids would be wrong? */
bool ek_stream_has_gaps_from(const ek_stream *st, ek_id id);
/* How many entries the group has still to be given. False: that cannot be told. It is below zero when
 * somebody set `read` too high. */
bool ek_stream_lag(const ek_stream *st, const ek_group *g, int64_t *lag);

/* --- consumers --- */

ek_consumer *ek_group_consumer(const ek_arena *a, const ek_group *g, ek_str name);
ek_consumer *ek_group_consumer_at(const ek_arena *a, const ek_group *g, uint32_t rank);
ek_consumer *ek_group_add_consumer(ek_arena *a, ek_group *g, ek_str name, int64_t now_ms);
void ek_group_remove_consumer(ek_arena *a, ek_group *g, ek_consumer *c); /* what it had goes too */

/* --- what is pending --- */

ek_pending *ek_group_pending(const ek_arena *a, const ek_group *g, ek_id id);
EK_INLINE ek_pending *ek_pending_at(const ek_arena *a, ek_idtree_place p) {
    return ek_ptr(a, ek_idtree_ref(a, p));
}
EK_INLINE ek_consumer *ek_pending_consumer(const ek_arena *a, const ek_pending *p) {
    return p->consumer ? ek_ptr(a, p->consumer) : NULL;
}
/* The id is not pending. c may be NULL. */
ek_pending *ek_group_add_pending(ek_arena *a, ek_group *g, ek_consumer *c, ek_id id,
                                 int64_t delivered_ms, uint64_t deliveries);
/* Give it to another consumer, or to none (NULL). */
void ek_pending_give(ek_arena *a, ek_pending *p, ek_id id, ek_consumer *c);
void ek_pending_set(ek_arena *a, ek_pending *p, int64_t delivered_ms, uint64_t deliveries);
bool ek_group_acknowledge(ek_arena *a, ek_group *g, ek_id id); /* false: it is not pending */

/* --- for the value --- */

size_t ek_stream_groups_weight(const ek_arena *a, const ek_stream *st);
bool ek_stream_groups_drain(ek_arena *a, ek_stream *st, size_t budget);
void ek_stream_groups_copy(ek_arena *a, const ek_stream *from, ek_stream *to);
size_t ek_stream_groups_bytes(const ek_arena *a, const ek_stream *st);
bool ek_stream_groups_check(const ek_arena *a, const ek_stream *st);

#endif
