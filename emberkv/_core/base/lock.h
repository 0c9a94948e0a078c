/* The lock of a store: a mutex that lies in the arena.
 *
 * Shared stores use a robust, process-shared mutex: when its holder dies, the next to take it is
 * told so (EK_LOCK_OWNER_DIED) and must bring the arena back to order before it goes on. A private
 * store's is an ordinary mutex at a third of the cost. Uncontended: no system call. */
#ifndef EK_BASE_LOCK_H
#define EK_BASE_LOCK_H

#include <pthread.h>

#include "base/base.h"

typedef struct ek_lock {
    pthread_mutex_t mutex;
} ek_lock;

typedef enum ek_lock_result {
    EK_LOCK_TAKEN,
    EK_LOCK_OWNER_DIED, /* taken, and the former holder died with it */
    EK_LOCK_BUSY,
    EK_LOCK_DEADLOCK, /* this thread has it already */
    EK_LOCK_FAILED,
} ek_lock_result;

bool ek_lock_init(ek_lock *lock, bool shared);
ek_lock_result ek_lock_try(ek_lock *lock);
ek_lock_result ek_lock_wait(ek_lock *lock, int timeout_ms); /* EK_LOCK_BUSY when time is up */
void ek_lock_release(ek_lock *lock);

#endif
