/* Who waits for which key, in order of arrival.
 *
 *   db->waiting: table by key -> ek_wait_queue --> ek_wait_node <-> ek_wait_node ...   by arrival
 *   ek_client.wait -> ek_wait (the command, its reply at time-out) --> its nodes, one for each key
 *   root->ready --> queues whose key has changed in this transaction, in order of change (or, where
 *   there was no memory to serve them, before it)
 *
 * Changing a key costs one test while nobody waits. The engine serves what is ready before it
 * commits (engine/mail.h). Lock: the store's, and a transaction. */
#ifndef EK_STORE_WAITING_H
#define EK_STORE_WAITING_H

#include "store/client.h"
#include "store/store.h"

enum { /* flags of a wait */
    EK_WAIT_LIST = 1u << 0,   /* run again only when the key is a list ... */
    EK_WAIT_ZSET = 1u << 1,
    EK_WAIT_STREAM = 1u << 2,
    EK_WAIT_GONE = 1u << 3,   /* run again as well when the key is gone, or of another type */
};

typedef struct ek_wait {
    ek_ref argv;       /* see ek_argv_new */
    ek_ref nodes;      /* first of its ek_wait_node, by next_of_client */
    ek_ref time_out;   /* message: the reply when it is not served */
    uint32_t db, resp, flags;
} ek_wait;

typedef struct ek_wait_queue {
    ek_ref first, last;
    ek_ref ready_next;
    uint32_t ready;  /* is in root->ready */
    uint32_t pinned; /* is being served: not to be freed */
    uint32_t db;
    uint32_t ngone; /* waits with EK_WAIT_GONE */
    uint32_t klen;
    uint8_t key[];
} ek_wait_queue;

typedef struct ek_wait_node {
    ek_ref queue, next, prev;
    ek_ref client, next_of_client;
} ek_wait_node;

/* Commands kept in the arena: | next | argc | lengths | bytes |, maybe one behind another. */
ek_ref ek_argv_new(ek_store *s, size_t argc, const ek_str *argv);
size_t ek_argv_count(const ek_store *s, ek_ref block);
void ek_argv_read(const ek_store *s, ek_ref block, ek_str *out); /* into the block */
ek_ref ek_argv_next(const ek_store *s, ek_ref block);
void ek_argv_chain(ek_store *s, ek_ref block, ek_ref next);
void ek_argv_free(ek_store *s, ek_ref first); /* with all behind it */

/* The client begins to wait; a key given twice counts once. tape: the reply at time-out. */
void ek_wait_begin(ek_store *s, ek_client *c, uint32_t db, size_t nkeys, const ek_str *keys,
                   ek_ref argv, const void *tape, size_t n, uint32_t flags);
void ek_wait_end(ek_store *s, ek_client *c); /* no more; idempotent */

/* The key has changed, or all of a database (SWAPDB, FLUSHDB: afterwards). */
void ek_wait_ready_slow(ek_store *s, uint32_t db, ek_str key);
EK_INLINE void ek_wait_ready(ek_store *s, uint32_t db, ek_str key) {
    if (EK_UNLIKELY(s->root->nwaiting)) ek_wait_ready_slow(s, db, key);
}
void ek_wait_ready_all(ek_store *s, uint32_t db);
void ek_wait_make_ready(ek_store *s, ek_wait_queue *q);
ek_wait_queue *ek_wait_take_ready(ek_store *s); /* NULL: none is ready */
void ek_wait_queue_tidy(ek_store *s, ek_wait_queue *q); /* free it when nobody is in it */

bool ek_waiting_check(const ek_store *s);

#endif
