/* Figures of each process that has the store open: how often commands ran and how their times are
 * spread, errors by their codes, keyspace hits and misses.
 *
 *   arena header | page 0 | processes | wakers | ... | figures: EK_PROCESSES x 44 KiB |  (not journalled)
 *
 * A process adds to those of its slot (process.h), without any lock or announcement, and everybody may
 * read all of them: a figure of the store is the sum. Those of a process that left stay, for the next
 * that gets its slot to go on with. Only what was ever used is backed. A private store, and a process that
 * found no slot, has its own in malloc's memory. Commands and errors are counted under the store's lock.
 * A command gets a histogram when its time is first taken, the first 125 of a process do. Hits and misses of reads without the lock are apart from
 * the others: they are counted by another thread, under Python's lock. */
#ifndef EK_STORE_FIGURES_H
#define EK_STORE_FIGURES_H

#include "store/access.h"
#include "store/process.h"
#include "store/store.h"

#define EK_FIGURES_COMMANDS 640u /* as many as engine/command_table.c can know, by their number */

typedef struct ek_command_figures {
    uint64_t calls, us, rejected, failed, timed;
} ek_command_figures;

#define EK_HISTOGRAM_STEPS 32u /* the i-th counts what took less than 2^i microseconds */
#define EK_HISTOGRAMS 125u
#define EK_ERROR_CODES 64u
#define EK_ERROR_CODE_BYTES 24u

typedef struct ek_error_figure {
    char code[EK_ERROR_CODE_BYTES]; /* "": none */
    uint64_t count;
} ek_error_figure;

typedef struct ek_figures {
    uint64_t hits, misses, peek_hits, peek_misses;
    uint64_t errors; /* of all codes, also those that found no room */
    uint64_t nhistograms;
    uint64_t spare[2];
    ek_command_figures commands[EK_FIGURES_COMMANDS];
    ek_error_figure by_code[EK_ERROR_CODES];
    uint16_t histogram_of[EK_FIGURES_COMMANDS]; /* its number, from 1 on */
    uint32_t histograms[EK_HISTOGRAMS][EK_HISTOGRAM_STEPS];
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
/* False: none of its calls was timed. */
bool ek_figures_histogram(const ek_store *s, unsigned id, uint64_t out[EK_HISTOGRAM_STEPS]);
/* In the order of the codes; how many there are, at most EK_ERROR_CODES. */
unsigned ek_figures_errors(const ek_store *s, ek_error_figure out[EK_ERROR_CODES], uint64_t *all);
void ek_figures_reset(ek_store *s);

/* Lock held. */
void ek_figures_add_error(ek_store *s, ek_str code);
void ek_figures_add_time(ek_store *s, unsigned id, int64_t us);
uint64_t ek_figures_resident(const ek_store *s);

/* Reads without the lock looked for keys, or one did. */
EK_INLINE void ek_count_reads(ek_store *s, uint64_t hits, uint64_t misses) {
#ifndef EK_NO_FIGURES /* bench/statistics.py compares with a build that counts nothing */
    s->figures->peek_hits += hits;
    s->figures->peek_misses += misses;
#endif
}
EK_INLINE void ek_count_read(ek_store *s, uint32_t db, ek_str key, bool hit) {
#ifndef EK_NO_FIGURES
    if (hit)
        s->figures->peek_hits++;
    else
        s->figures->peek_misses++;
#endif
    if (hit) ek_access_noted(s, db, key);
}

#endif
