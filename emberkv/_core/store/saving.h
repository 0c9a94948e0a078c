/* What is known of the store's files, and of who is at work on them.
 *
 * At most one handle, in whatever process, writes the store to a file in the background at a time
 * (persist/background.h). What it is doing, and how the last one ended, lies in the root, so that
 * INFO tells it everywhere. Of a process that died while it saved, the save has failed. Lock: the
 * store's; journalled. */
#ifndef EK_STORE_SAVING_H
#define EK_STORE_SAVING_H

#include "store/store.h"

/* Is one at work, and does it live? */
ek_saving_kind ek_saving_runs(const ek_store *s);
/* This handle begins to. What runs, or died, has been asked for before. */
void ek_saving_begin(ek_store *s, ek_saving_kind kind);
/* Has it begun, and was that not undone? */
bool ek_saving_is_own(const ek_store *s);
/* How far it is: of the keys that there were. */
void ek_saving_progress(ek_store *s, uint64_t keys);
/* It came to its end. */
typedef enum ek_saving_outcome {
    EK_SAVING_DONE,
    EK_SAVING_FAILED,
    EK_SAVING_CALLED_OFF, /* its handle was closed: nobody is to be alarmed */
} ek_saving_outcome;
void ek_saving_end(ek_store *s, ek_saving_outcome outcome);
/* All that is in the store at this moment has come to its file, or from it. `dirty`: ek_store_root.dirty
 * at that moment. */
void ek_saving_saved(ek_store *s, uint64_t dirty);
/* All that is in the store has come from its files. */
void ek_saving_loaded(ek_store *s, uint64_t keys, uint64_t expired);
/* Did the last save in the background fail? */
bool ek_saving_failed(const ek_store *s);
/* Who was at work died: it has failed. */
void ek_saving_note_death(ek_store *s);

/* Commands that write are refused (EK_FEED_REFUSES) from a save that failed to one that succeeds, as
 * long as there are rules and stop-writes-on-bgsave-error wants it, and (EK_FEED_ALONE) while replicas
 * are asked for, of which there are none. Settings have changed. */
void ek_saving_follow_settings(ek_store *s);
/* Is a save due by the rules of the setting `save`? One that failed is not tried again at once. */
bool ek_saving_is_due(const ek_store *s);

/* The directory of the store's files: its path, or the setting `dir`, or where the process is. */
const char *ek_store_directory(const ek_store *s);
/* The name of its RDB file there, ended by a zero. False: it is too long. */
bool ek_store_rdb_path(const ek_store *s, char *out, size_t cap);

#endif
