/* The lock of a store, which lies in the arena.
 *
 * Shared stores use a robust, process-shared mutex: when its holder dies, the next to take it is
 * told so (EK_LOCK_OWNER_DIED) and must bring the arena back to order before it goes on. A private
 * store's is a word (0 free, 1 held, 2 held and waited for) that threads sleep on only when it is
 * contended: a third of the cost. Uncontended: no system call.
 *
 * Whoever lets go of a lock and takes it again at once is faster than those whom that has woken, who
 * then wait for as long again. Where they all wait in turn, he has to queue behind the first of them:
 * who waits holds a second mutex until he has the lock, and is robust in that as well. */
#ifndef EK_BASE_LOCK_H
#define EK_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

typedef struct ek_lock {
    bool shared;
    _Atomic uint32_t word; /* of a private lock */
    _Atomic uintptr_t owner; /* of a private lock: the thread that has it, or 0 */
    pthread_mutex_t mutex; /* of a shared lock */
    pthread_mutex_t turn;  /* held by the first of those who wait in turn */
} ek_lock;

typedef enum ek_lock_result {
    EK_LOCK_TAKEN,
    EK_LOCK_OWNER_DIED, /* taken, and the former holder died with it */
    EK_LOCK_BUSY,
    EK_LOCK_DEADLOCK, /* this thread has it already */
    EK_LOCK_FAILED,
} ek_lock_result;

bool ek_lock_init(ek_lock *lock, bool shared);
ek_lock_result ek_lock_try_shared(ek_lock *lock);
void ek_lock_release_shared(ek_lock *lock);
void ek_lock_wake(ek_lock *lock);

EK_INLINE ek_lock_result ek_lock_try(ek_lock *lock) {
    if (EK_UNLIKELY(lock->shared)) return ek_lock_try_shared(lock);
    uint32_t free = 0;
    if (!atomic_compare_exchange_strong_explicit(&lock->word, &free, 1, memory_order_acquire,
                                                 memory_order_relaxed))
        return EK_LOCK_BUSY;
    atomic_store_explicit(&lock->owner, (uintptr_t)pthread_self(), memory_order_relaxed);
    return EK_LOCK_TAKEN;
}

EK_INLINE void ek_lock_release(ek_lock *lock) {
    if (EK_UNLIKELY(lock->shared)) {
        ek_lock_release_shared(lock);
        return;
    }
    atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    if (EK_UNLIKELY(atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2))
        ek_lock_wake(lock);
}

ek_lock_result ek_lock_wait(ek_lock *lock, int timeout_ms); /* EK_LOCK_BUSY when time is up */
ek_lock_result ek_lock_wait_in_turn(ek_lock *lock, int timeout_ms); /* of each of the two */
#endif
