/* The script that has the store's lock, and those whom it keeps waiting.
 *
 * Whoever runs a script writes into the arena's header that it runs, and since when; it looks there
 * from time to time whether somebody wants it to end. Whoever cannot get the lock reads there that it
 * is a script that has it, and what for; beyond busy-reply-threshold he is told BUSY. All of it is
 * atomic words, so it works between threads and processes alike; when the process of a script dies,
 * the next to take the lock clears them. */
#ifndef EK_ENGINE_RUNNING_H
#define EK_ENGINE_RUNNING_H

#include "engine/session.h"

enum {
    EK_RUN_ON = 1u << 0,
    EK_RUN_FUNCTION = 1u << 1, /* FCALL, not EVAL */
    EK_RUN_WROTE = 1u << 2,    /* it has begun to change things, and is not to be ended any more */
    EK_RUN_KILLED = 1u << 3,   /* somebody wants it to end */
    EK_RUN_TOLD = 1u << 4,     /* its text is there */
    EK_RUN_BITS = 8,           /* above them a number of the run */
};

/* --- for who runs a script, with the lock --- */

void ek_run_begin(ek_arena *a, bool function);
EK_INLINE void ek_run_end(ek_arena *a) {
    atomic_store_explicit(&a->hdr->running.word, 0, memory_order_release);
}
EK_INLINE bool ek_run_killed(const ek_arena *a) {
    return atomic_load_explicit(&a->hdr->running.word, memory_order_relaxed) & EK_RUN_KILLED;
}
/* It is about to change something. False: it was ended before that. */
bool ek_run_wrote_slow(ek_arena *a);
EK_INLINE bool ek_run_wrote(ek_arena *a) {
    if (atomic_load_explicit(&a->hdr->running.word, memory_order_relaxed) & EK_RUN_WROTE)
        return true;
    return ek_run_wrote_slow(a);
}
int64_t ek_run_ms(const ek_arena *a); /* how long it has run, to a few milliseconds */
/* Say what runs, once, for FUNCTION STATS: cut short if it is long. */
void ek_run_tell(ek_arena *a, ek_str name, size_t argc, const ek_str *argv);

/* --- for everybody, without the lock --- */

EK_INLINE uint64_t ek_run_word(const ek_store *s) { /* its word; 0: none runs */
    return atomic_load_explicit(&s->a->hdr->running.word, memory_order_acquire);
}
/* Whether it has run for longer than busy-reply-threshold. */
bool ek_busy(const ek_store *s);
/* The error that others are given then. */
const char *ek_busy_text(uint64_t word);

typedef enum ek_kill {
    EK_KILL_OK,
    EK_KILL_NONE,      /* none runs, or another one by now */
    EK_KILL_TOO_LATE,  /* it has changed something */
} ek_kill;

/* Have the run with this word end. */
ek_kill ek_run_kill(ek_store *s, uint64_t word);
/* Its name and command. The copy goes into `text`; argv[0] is the name. Returns how many there are; 0:
 * it has not said, or is over. */
size_t ek_run_told(const ek_store *s, uint64_t word, uint8_t text[EK_RUNNING_TEXT], ek_str *argv,
                   size_t cap);

#endif
