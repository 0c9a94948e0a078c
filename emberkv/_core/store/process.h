/* Which processes have a store open, and whether they live.
 *
 *   arena header, page 0 | processes: EK_PROCESSES x 16 B | wakers: see waker.h |   (not journalled)
 *
 * Each handle on a shared store holds an OFD byte-range lock on the arena's file, at the byte of its
 * slot. The kernel lets go of the locks of the dead, so anybody learns by one system call whether
 * the handle of a slot lives. Who holds a slot's lock writes it; nobody takes the store's lock here.
 * Each attachment has a token that no other one of the store ever had: what a process leaves in the
 * arena carries it. A child of a fork, and a copy of a private store, has a token of its own, and so
 * nothing of what the parent's clients wait for. A private store has no slots: whoever is not this
 * handle is dead. Slots from ek_header.nprocesses on have no memory behind them yet: not even a read
 * is safe there, where the place is full. */
#ifndef EK_STORE_PROCESS_H
#define EK_STORE_PROCESS_H

#include "store/store.h"

#define EK_PROCESSES 1024u

typedef struct ek_process {
    _Atomic uint32_t token; /* 0: the slot is free */
    uint32_t pid;
    int64_t since_ms; /* Unix time */
} ek_process;

_Static_assert(sizeof(ek_process) == 16, "four to a cache line");

/* Attach, once for each handle and fork; cheap when that is done. False: too many are attached. */
bool ek_process_join(ek_store *s);
void ek_process_leave(ek_store *s); /* the handle is about to close */
/* Does the handle with this token live? No call for one's own, one system call for another's. */
bool ek_process_lives(const ek_store *s, uint32_t slot, uint32_t token);
bool ek_process_is_self(const ek_store *s, uint32_t token);
/* Free the slots and wakers of the dead. One system call for each that is attached. */
void ek_process_bury_dead(ek_store *s);
/* Is this the only handle on the store? */
bool ek_process_is_alone(const ek_store *s);
const ek_process *ek_process_at(const ek_store *s, uint32_t slot);

#endif
