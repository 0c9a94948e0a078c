#include "base/lock.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/futex.h"

bool ek_lock_init(ek_lock *lock, bool shared) {
    lock->shared = shared;
    atomic_store(&lock->word, 0);
    pthread_mutexattr_t attr;
    if (pthread_mutexattr_init(&attr) != 0) return false;
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    if (shared) {
        pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    }
    int rc = pthread_mutex_init(&lock->turn, &attr);
    if (rc == 0 && shared) rc = pthread_mutex_init(&lock->mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    return rc == 0;
}

/* --- between processes --- */

static ek_lock_result result(pthread_mutex_t *mutex, int rc) {
    switch (rc) {
    case 0: return EK_LOCK_TAKEN;
    case EOWNERDEAD:
        /* Consistent at once: if this process dies too, the next one is told again. */
        pthread_mutex_consistent(mutex);
        return EK_LOCK_OWNER_DIED;
    case EBUSY:
    case ETIMEDOUT: return EK_LOCK_BUSY;
    case EDEADLK: return EK_LOCK_DEADLOCK;
    default: return EK_LOCK_FAILED;
    }
}

ek_lock_result ek_lock_try_shared(ek_lock *lock) {
    return result(&lock->mutex, pthread_mutex_trylock(&lock->mutex));
}

void ek_lock_release_shared(ek_lock *lock) { pthread_mutex_unlock(&lock->mutex); }

static ek_lock_result wait_mutex(pthread_mutex_t *mutex, int timeout_ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return result(mutex, pthread_mutex_timedlock(mutex, &until));
}

/* --- between threads --- */

void ek_lock_wake(ek_lock *lock) { ek_futex_wake(&lock->word, 1, false); }

static ek_lock_result wait_private(ek_lock *lock, int timeout_ms) {
    if (ek_lock_try(lock) == EK_LOCK_TAKEN) return EK_LOCK_TAKEN;
    uintptr_t self = (uintptr_t)pthread_self();
    if (atomic_load_explicit(&lock->owner, memory_order_relaxed) == self) return EK_LOCK_DEADLOCK;
    int64_t until = ek_clock_monotonic_ms() + timeout_ms;
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0) {
        int64_t left = until - ek_clock_monotonic_ms();
        if (left <= 0) return EK_LOCK_BUSY;
        ek_futex_wait(&lock->word, 2, left, false);
    }
    atomic_store_explicit(&lock->owner, self, memory_order_relaxed);
    return EK_LOCK_TAKEN;
}

ek_lock_result ek_lock_wait(ek_lock *lock, int timeout_ms) {
    return lock->shared ? wait_mutex(&lock->mutex, timeout_ms) : wait_private(lock, timeout_ms);
}

ek_lock_result ek_lock_wait_in_turn(ek_lock *lock, int timeout_ms) {
    ek_lock_result r = wait_mutex(&lock->turn, timeout_ms);
    if (r == EK_LOCK_BUSY) return ek_lock_wait(lock, 0); /* or it is this thread that has the lock */
    if (r != EK_LOCK_TAKEN && r != EK_LOCK_OWNER_DIED) return r;
    r = ek_lock_wait(lock, timeout_ms);
    pthread_mutex_unlock(&lock->turn);
    return r;
}
