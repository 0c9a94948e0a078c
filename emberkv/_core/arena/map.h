/* Where an arena's memory comes from and how it grows.
 *
 * Private: an anonymous memory file (memfd), so that a fork can share its pages until one side writes.
 * Shared: a file in /dev/shm that the directory of the store's path points to:
 *
 *     app.ember/            the path, a directory (mode 0700); the durable files will lie here too
 *     app.ember/arena       symbolic link to the memory, a file of mode 0600 in /dev/shm; see arena/link.h
 *
 * A process that has the store open holds a shared flock on the arena's file; the last to close
 * finds that it can have it alone, and removes both. The directory's flock orders open and close.
 */
#ifndef EK_ARENA_MAP_H
#define EK_ARENA_MAP_H

#include "arena/arena.h"

typedef struct ek_arena_options {
    uint64_t max_bytes; /* of the heap; 0: the default */
    bool keep;          /* shared: leave the file in place if this handle is the last to close */
} ek_arena_options;

/* err, of errlen bytes, gets a sentence for people when the result is not EK_OK. */
ek_status ek_arena_open_private(const ek_arena_options *o, ek_arena **out, char *err, size_t errlen);
ek_status ek_arena_open_shared(const char *path, const ek_arena_options *o, ek_arena **out,
                               bool *created, char *err, size_t errlen);
/* A shared store's opener holds the directory's lock until it calls this: a maker after the floor
 * above has put its root in. Until then nobody else can open. */
void ek_arena_opened(ek_arena *a);
void ek_arena_close(ek_arena *a);

/* A private arena's independent copy, at once: both share pages until one writes them. Costs a
 * mapping, and a copy of the pages that were written since the last fork. Lock held. */
ek_status ek_arena_fork(ek_arena *a, ek_arena **out, char *err, size_t errlen);

/* A mapping of the arena's file of its own, for a snapshot: it shows what the file holds, but for the
 * header and the pages that are written into it, which are its own. Not for a frozen arena. */
ek_status ek_arena_view(ek_arena *a, ek_arena **out);
void ek_arena_drop_view(ek_arena *view);

/* Put real blocks behind bytes [off, off + n) of the arena. False: there is no room. */
bool ek_map_back(ek_arena *a, uint64_t off, uint64_t n);
/* Give the blocks back. Of the heap: after ek_snapshot_keep, should one run. */
void ek_map_unback(ek_arena *a, uint64_t off, uint64_t n);

#endif
