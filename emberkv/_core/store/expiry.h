/* Keys whose time has come, found without being asked for. */
#ifndef EK_STORE_EXPIRY_H
#define EK_STORE_EXPIRY_H

#include "store/store.h"

/* Look at up to `samples` random keys that have a time to live, in each database, and delete those
 * that have expired; again while a quarter of them had, but at most a few rounds. */
void ek_expiry_step(ek_store *s, unsigned samples);
/* The same in a transaction of its own, if anybody is told of keys that expire: for who waits for that
 * while nobody runs commands. Lock held. */
void ek_expiry_for_listeners(ek_store *s);

#endif
