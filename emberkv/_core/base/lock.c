#include "base/lock.h"

#include <errno.h>
#include <time.h>

bool ek_lock_init(ek_lock *lock, bool shared) {
    pthread_mutexattr_t attr;
    if (pthread_mutexattr_init(&attr) != 0) return false;
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    if (shared) {
        pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    }
    int rc = pthread_mutex_init(&lock->mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    return rc == 0;
}

static ek_lock_result result(ek_lock *lock, int rc) {
    switch (rc) {
    case 0: return EK_LOCK_TAKEN;
    case EOWNERDEAD:
        /* Consistent at once: if this process dies too, the next one is told again. */
        pthread_mutex_consistent(&lock->mutex);
        return EK_LOCK_OWNER_DIED;
    case EBUSY:
    case ETIMEDOUT: return EK_LOCK_BUSY;
    case EDEADLK: return EK_LOCK_DEADLOCK;
    default: return EK_LOCK_FAILED;
    }
}

ek_lock_result ek_lock_try(ek_lock *lock) {
    return result(lock, pthread_mutex_trylock(&lock->mutex));
}

ek_lock_result ek_lock_wait(ek_lock *lock, int timeout_ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return result(lock, pthread_mutex_timedlock(&lock->mutex, &until));
}

void ek_lock_release(ek_lock *lock) { pthread_mutex_unlock(&lock->mutex); }
