/* Saving by the settings: to the RDB file of the store's directory. */
#ifndef EK_PERSIST_SAVE_H
#define EK_PERSIST_SAVE_H

#include "store/store.h"

/* The rules of the setting `save`, and BGSAVE SCHEDULE, are kept by who keeps house. */

/* In a transaction, while nothing is at work in the background: what BGSAVE does. Raises. */
void ek_save_in_background(ek_store *s);
/* A handle is about to close: if it is the last, and there are rules but no append-only file, what was
 * changed since the last save is saved, as a server does when it ends. No lock. */
void ek_save_at_end(ek_store *s);
void ek_save_init(void); /* once, at the beginning of the process */

#endif
