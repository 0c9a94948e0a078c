/* The value of a stream: entries in order of their ids, and the groups that consume them.
 *
 *   root      | nodes | groups | last | length | added | first | max deleted | sent |   104 bytes
 *   nodes     ids to blocks (data/idtree.h): the first id of each block, called its master
 *   block     | bytes u32 | run of listpack entries (data/listpack.h) | slack |
 *
 *   run       count | deleted | fields n | name x n | 0 |         the master entry
 *             flags | ms | seq | value x n | pieces |             an entry with the master's names
 *             flags | ms | seq | n | (name, value) x n | pieces | any other
 *
 * `count` is of the entries that are there, `deleted` of those that only bear the flag; ms and seq
 * are counted from the master's; `pieces` says how many listpack entries there were, to go back by.
 * A run is what Redis keeps and dumps, to the byte, without the listpack's header and end.
 *
 * A block grows by doubling until it is full, which settings say; then it is cut to its size and
 * another one is begun, as large as that if it is to hold as many. Deleting only sets a flag, until XDEL has left nothing else in a block, or
 * trimming comes to its last entry.
 *
 * Groups are in value_stream_groups.h, producers in value_stream_producers.h. Owner: the keyspace's entry. Lock: the store's.
 * Costs: adding O(1) beside the tree; a range O(log n) and at most half a block to its beginning.
 */
#ifndef EK_STORE_VALUE_STREAM_H
#define EK_STORE_VALUE_STREAM_H

#include "data/btree.h"
#include "data/idtree.h"
#include "data/listpack.h"
#include "store/keyspace.h"

typedef struct ek_stream {
    ek_idtree nodes;
    ek_btree groups; /* by name */
    ek_id last;      /* the highest id ever given */
    uint64_t length, added;
    ek_id first;       /* of the entries that are there; 0-0: none is */
    ek_id max_deleted; /* by XDEL and its like */
    ek_ref sent;       /* what producers sent lately, value_stream_producers.h; 0: not asked for */
    uint32_t spare;
} ek_stream;

_Static_assert(sizeof(ek_stream) == 104, "the root of a stream");

#define EK_ID_MIN ((ek_id){0, 0})
#define EK_ID_MAX ((ek_id){UINT64_MAX, UINT64_MAX})
#define EK_STREAM_ENTRY_MAX (1u << 30) /* bytes of all names and values of one entry */

EK_INLINE ek_stream *ek_stream_of(const ek_value *v) { return (ek_stream *)v->data; }

/* The id behind or before this one. False: there is none. */
bool ek_id_next(ek_id *id);
bool ek_id_prev(ek_id *id);

/* Make an empty stream of a key that is not there. */
void ek_stream_create(ek_store *s, ek_db *db, ek_value *v, ek_str key);

/* Add an entry of n names with values (name, value, name, ...), behind all others; the id is above
 * the last. */
void ek_stream_append(ek_store *s, ek_stream *st, ek_id id, const ek_str *pairs, size_t n);
/* Delete one entry. False: it is not there. Does not note max_deleted, nor find the new first. */
bool ek_stream_delete(ek_store *s, ek_stream *st, ek_id id);
/* Forget deleted entries above the id, which is not below any that is there: for what comes next would
 * not be in order. */
void ek_stream_forget_above(ek_store *s, ek_stream *st, ek_id id);
/* Look for the first entry anew, after deletions. */
void ek_stream_find_first(ek_store *s, ek_stream *st);
bool ek_stream_has(const ek_arena *a, const ek_stream *st, ek_id id);
/* The highest id of an entry that is there; 0-0: none is. */
ek_id ek_stream_last_there(const ek_arena *a, const ek_stream *st);

/* Which of the first entries are to go, and how. */
typedef struct ek_stream_trim_plan {
    enum { EK_TRIM_NONE, EK_TRIM_MAXLEN, EK_TRIM_MINID } by;
    bool approximate; /* whole blocks only */
    int64_t maxlen;
    ek_id minid;
    int64_t limit;    /* of entries that go; 0: none */
    /* Asked of each entry that is to go; false keeps it. NULL: whatever may go, goes. */
    bool (*may_go)(void *arg, ek_id id);
    void *arg;
} ek_stream_trim_plan;
uint64_t ek_stream_trim(ek_store *s, ek_stream *st, const ek_stream_trim_plan *plan);

/* Entries of [from, to] in order, or in reverse. Good until the stream changes. */
typedef struct ek_stream_iter {
    const ek_arena *a;
    ek_id from, to;
    bool reverse;
    ek_idtree_place at;
    const uint8_t *begin, *end; /* of the entries of a block */
    const uint8_t *p;           /* forwards: the next entry; in reverse: the end of the next one */
    const uint8_t *names;       /* of the block's master */
    uint32_t nnames;
    ek_id master;
    /* The entry that was found. */
    ek_id id;
    uint32_t nfields;
    bool same;
    const uint8_t *name, *value; /* what ek_stream_iter_pair gives next */
    uint32_t left;               /* pairs that it has not given yet */
} ek_stream_iter;

void ek_stream_iter_begin(ek_stream_iter *it, const ek_arena *a, const ek_stream *st, ek_id from,
                          ek_id to, bool reverse);
bool ek_stream_iter_next(ek_stream_iter *it);
void ek_stream_iter_pair(ek_stream_iter *it, ek_lp_value *name, ek_lp_value *value);

/* How many nodes a radix tree of the ids of the blocks would have, which users are told. */
uint64_t ek_stream_radix_nodes(const ek_arena *a, const ek_stream *st);

/* The run of a block, as it is dumped. */
ek_str ek_stream_run(const ek_arena *a, ek_idtree_place node);

#endif
