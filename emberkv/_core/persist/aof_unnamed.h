/* Files of an append-only directory that has no manifest.
 *
 * They are there when the manifest was lost: then they are all that is left of a store, and nothing
 * may be written over them. Or something was begun and never finished, and then they are of no use:
 *   - a first base is being made, for the file was turned on while the store was used: until the manifest
 *     names it, EK_AOF_BEGUN lies beside it
 *   - dump.rdb was going to be the first base: it has two names */
#ifndef EK_PERSIST_AOF_UNNAMED_H
#define EK_PERSIST_AOF_UNNAMED_H

#include "base/base.h"

#define EK_AOF_BEGUN "temp-rewrite" /* the base, while it is written */
#define EK_AOF_SNAPSHOT "dump.rdb"  /* in the store's directory */

/* True: it was lost. `what` then says what is there without it. */
bool ek_aof_misses_manifest(int dir, int store_dir, char *what, size_t n);

#endif
