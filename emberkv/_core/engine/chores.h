/* What a store does for itself while nobody runs commands: keys whose time has come are deleted, deleted
 * values freed, entries moved together, free memory given back, and room made below maxmemory.
 *
 * Commands do it too, a little with each (engine/execute.c). A server does it ten times a second, and a
 * housekeeper (engine/house.h) as often as there is something to do. */
#ifndef EK_ENGINE_CHORES_H
#define EK_ENGINE_CHORES_H

#include "store/store.h"

/* A millisecond of it (times active-expire-effort for what expires), in transactions of its own. True:
 * there is more to do at once. Lock held, and no transaction open: else nothing is done. */
bool ek_chores_step(ek_store *s);

void ek_chores_init(void); /* the housekeeper's hook; once a process */

#endif
