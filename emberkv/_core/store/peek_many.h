/* Reading many elements without the lock: ranges of lists and sorted sets, small hashes. The rules
 * are those of peek.h: what the walk gives is true if ek_read_ok says so at its end. It holds no
 * more than one element at a time, and ends whatever it meets. */
#ifndef EK_STORE_PEEK_MANY_H
#define EK_STORE_PEEK_MANY_H

#include "data/listpack.h"
#include "store/peek.h"

#define EK_PEEK_MANY 512u /* of a walk into memory of one's own: longer ones are left to the command */

typedef struct ek_peek_walk {
    const ek_arena *a;
    uint64_t seq;
    uint32_t left;               /* elements to come; of a hash at most */
    const uint8_t *p, *end;      /* where in a run of entries it is; of a sorted set: NULL */
    ek_ref node;                 /* of a list: the node of that run; of a sorted set: the leaf */
    uint32_t at;                 /* of a sorted set: the place in the leaf */
    char room[EK_I64_CHARS];     /* the text of an integer */
} ek_peek_walk;

/* Begin; EK_PEEK_ABSENT: there is no such key. Ends count as in LRANGE and ZRANGE. More than `most`
 * elements are not walked over. */
ek_peek_result ek_peek_list(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                            int64_t start, int64_t stop, uint32_t most, ek_peek_walk *w);
ek_peek_result ek_peek_ranks(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                             int64_t start, int64_t stop, uint32_t most, ek_peek_walk *w);
/* Fields and values in turn. */
ek_peek_result ek_peek_pairs(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                             ek_peek_walk *w);

/* The next element; EK_PEEK_ABSENT: that was all. */
ek_peek_result ek_peek_next_slow(ek_peek_walk *w, ek_str *out);
EK_INLINE ek_peek_result ek_peek_next(ek_peek_walk *w, ek_str *out) {
    /* Where a run ends, a short string that begins in it can be read; see peek.h. */
    if (w->p >= w->end || w->left == 0 || !ek_lp_get_short(w->p, out))
        return ek_peek_next_slow(w, out);
    w->left--;
    w->p = out->p + out->n + 1;
    return EK_PEEK_FOUND;
}

#endif
