/* Figures of each process that has the store open: how often commands ran, keyspace hits and misses.
 *
 *   arena header | page 0 | processes | wakers | ... | figures: EK_PROCESSES x 44 KiB |  (not journalled)
 *
 * A process adds to those of its slot (process.h), without any lock or announcement, and everybody may
 * read all of them: a figure of the store is the sum. Those of a process that left stay, for the next
 * that gets its slot to go on with. Only what was ever used is backed. A private store, and a process that
 * found no slot, has its own in malloc's memory. Hits and misses of reads without the lock are apart from
 * the others: they are counted by another thread, under Python's lock. */
#ifndef EK_STORE_FIGURES_H
#define EK_STORE_FIGURES_H

#include "store/access.h"
#include "store/process.h"
#include "store/store.h"

#define EK_FIGURES_COMMANDS 1024u /* as many as engine/command_table.c can know, by their number */

typedef struct ek_command_figures {
    uint64_t calls, us, rejected, failed, timed;
} ek_command_figures;

typedef struct ek_figures {
    uint64_t hits, misses, peek_hits, peek_misses;
    uint64_t spare[4];
    ek_command_figures commands[EK_FIGURES_COMMANDS];
} ek_figures;

#define EK_FIGURES_BYTES (11u * EK_PAGE)
#define EK_FIGURES_OFF EK_BOARDS_BYTES

_Static_assert(sizeof(ek_figures) <= EK_FIGURES_BYTES, "a slot's figures have their pages");
_Static_assert(EK_FIGURES_OFF + EK_PROCESSES * EK_FIGURES_BYTES <= EK_HEADER_BYTES, "all have room");

bool ek_figures_begin(ek_store *s);  /* of a new handle. False: no memory */
void ek_figures_join(ek_store *s);   /* it has a slot */
void ek_figures_leave(ek_store *s);  /* it gives its slot back: from now on its own again */
void ek_figures_end(ek_store *s);

/* The sums over all processes. O(processes). */
ek_command_figures ek_figures_of_command(const ek_store *s, unsigned id);
void ek_figures_keyspace(const ek_store *s, uint64_t *hits, uint64_t *misses);
void ek_figures_reset(ek_store *s);
uint64_t ek_figures_resident(const ek_store *s);

/* A read without the lock looked for a key. */
EK_INLINE void ek_count_read(ek_store *s, uint32_t db, ek_str key, bool hit) {
    if (hit) {
        s->figures->peek_hits++;
        ek_access_noted(s, db, key);
    } else {
        s->figures->peek_misses++;
    }
}

#endif
