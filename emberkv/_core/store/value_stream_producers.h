/* What producers of a stream have sent lately, so that what they send again is not added again.
 *
 *   stream.sent --> | producers | oldest | newest | counts, limits |
 *                        \--> | messages | oldest | newest | name |                a producer
 *                                  \--> | id | when | producer | order | name |    a message
 *
 * A message is known by the name that its producer gave it. All are in the order in which they came,
 * which is also that of their ends; those of one producer too, for no more than `most` of each are
 * kept. So what goes is always at an end of a list.
 *
 * Owner: the stream. Lock: the store's. Costs: O(log n) of the producers and of the messages of one. */
#ifndef EK_STORE_VALUE_STREAM_PRODUCERS_H
#define EK_STORE_VALUE_STREAM_PRODUCERS_H

#include "store/value_stream.h"

#define EK_SENT_SECONDS_MAX 86400
#define EK_SENT_MOST_MAX 10000

typedef struct ek_sent {
    ek_btree producers; /* by name */
    ek_ref oldest, newest;
    uint32_t seconds, most; /* how long a message is known, and how many of a producer */
    uint64_t messages;      /* that are known */
    uint64_t added, duplicates; /* ever */
} ek_sent;

/* What the stream knows; NULL: nothing, and nobody has asked it to. */
EK_INLINE ek_sent *ek_stream_sent(const ek_arena *a, const ek_stream *st) {
    return st->sent ? ek_ptr(a, st->sent) : NULL;
}
/* The same, made with the limits of the settings if need be. */
ek_sent *ek_stream_needs_sent(ek_store *s, ek_stream *st);

/* Has the producer sent this? Then *id is what it became. */
bool ek_sent_find(const ek_arena *a, const ek_sent *sent, ek_str producer, ek_str name,
                  int64_t now_ms, ek_id *id);
/* Keep in mind that it has, which ek_sent_find denied; what is too old or too much goes. */
void ek_sent_add(ek_arena *a, ek_sent *sent, ek_str producer, ek_str name, int64_t now_ms, ek_id id);
/* Other limits, and if they are others indeed, nothing is known any more. */
void ek_sent_limit(ek_store *s, ek_stream *st, uint32_t seconds, uint32_t most);

/* --- for files --- */

typedef struct ek_sent_message {
    ek_str producer, name;
    int64_t when_ms;
    ek_id id;
} ek_sent_message;

/* The next message in the order in which they came; *at begins as 0. False: there is none. */
bool ek_sent_next(const ek_arena *a, const ek_sent *sent, ek_ref *at, ek_sent_message *m);
/* What was written of a stream comes again: its messages behind those that are known, and its counts. */
void ek_sent_read(ek_arena *a, ek_sent *sent, const ek_sent *counts, const ek_sent_message *m, size_t n);

/* --- for the value --- */

bool ek_sent_drain(ek_arena *a, ek_stream *st, size_t budget);
void ek_sent_copy(ek_store *s, const ek_stream *from, ek_stream *to);
size_t ek_sent_bytes(const ek_arena *a, const ek_stream *st);
bool ek_sent_check(const ek_arena *a, const ek_stream *st);

#endif
