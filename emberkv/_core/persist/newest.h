/* Which of two holds more: the append-only directory, or the snapshot beside it?
 *
 * While the log is kept it is the log, whenever the snapshot was made. When it was switched off, what
 * was done since is in the snapshot alone: that says in a field of its own, which servers pass over,
 * where the log had come to by then.
 *
 *   aux "emberkv-after-log": base, increment, bytes of that     the last ones that the manifest names
 *
 * As long as they are the last, and the increment has not grown, the snapshot is the newer. */
#ifndef EK_PERSIST_NEWEST_H
#define EK_PERSIST_NEWEST_H

#include "persist/manifest.h"
#include "store/store.h"

#define EK_AFTER_LOG "emberkv-after-log"
#define EK_AFTER_LOG_CHARS 64

/* What a snapshot of `s`, the store or a view of it, has to say of the log; empty: nothing. */
void ek_newest_mark(const ek_store *store, const ek_store *s, char out[EK_AFTER_LOG_CHARS]);
/* Is it the snapshot, of which this is the file, and not the log of this manifest, which lies in `dir`? */
bool ek_newest_is_snapshot(int fd, const ek_manifest *m, int dir);

#endif
