/* The link by which a store's directory points to its memory:
 *
 *     arena -> PLACE/emberkv-<random>.<inode>.<birth>    16 digits; of the directory; all hexadecimal
 *
 * Its name says whose it is. A directory that was moved is the same one, a copy of it is another,
 * though it holds the same link: `cp -r` of a store that is open, or whose processes were killed, is
 * not to lead to the memory of the original. Birth: in ns since 1970, 0 where the file system does not
 * tell. Where it does that alone counts: a union file system may number a directory anew. Devices do
 * not count, for one directory has several when it is mounted in several places.
 *
 * The directory's lock is held, for ek_link_use at least a shared one.
 */
#ifndef EK_ARENA_LINK_H
#define EK_ARENA_LINK_H

#include <limits.h>

#include "base/base.h"

typedef enum ek_link_kind {
    EK_LINK_NONE,
    EK_LINK_OWN,
    EK_LINK_COPIED,  /* another directory's, or its memory itself, copied here: of no use */
    EK_LINK_STRANGE, /* not made by this library */
    EK_LINK_FAILED,  /* errno tells */
} ek_link_kind;

/* What it points to goes into `target`, if it is a link. */
ek_link_kind ek_link_read(int dir, char target[PATH_MAX]);
/* One to a new name in `place`, instead of one that is there. False: errno tells. */
bool ek_link_make(int dir, const char *place, char target[PATH_MAX]);
void ek_link_remove(int dir);

typedef enum ek_memory_use {
    EK_MEMORY_NONE,
    EK_MEMORY_LEFT, /* by processes that were killed, or by `keep` */
    EK_MEMORY_OPEN, /* somebody has the store open */
} ek_memory_use;

/* How the store in a directory is being used. Changes nothing. */
ek_memory_use ek_link_use(int dir);

#endif
