/* Kill a process at a given instruction: a library that tests load by ctypes (see stepping.py).
 *
 * The child calls stop_and_call: it stops itself, is stepped by its parent, and would stop again
 * behind the call. The parent steps it one instruction at a time, looking at the journal of the
 * store that both map: instructions are counted from the first at which the journal is in use. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena/arena.h"

void *PyObject_CallObject(void *callable, void *args);

const volatile uint64_t *journal_of(const char *arena_path) {
    int fd = open(arena_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    uint8_t *page = mmap(NULL, EK_PAGE, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : (void *)(page + offsetof(ek_header, journal_used));
}

void stop_and_call(void *callable, void *args) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(2);
    raise(SIGSTOP);
    PyObject_CallObject(callable, args);
    raise(SIGSTOP);
    _exit(0);
}

typedef struct steps {
    long before; /* until the journal was in use */
    long within; /* from there to where it was killed or came to its end */
    long commit; /* the last of these at which the journal was in use */
} steps;

static int finish(pid_t pid, int result) {
    int status;
    kill(pid, SIGKILL);
    waitpid(pid, &status, __WALL);
    return result;
}

/* Step a child that is about to stop itself; kill it when `within` instructions have been executed
 * since the journal came into use, or `limit` in all. 1: it was killed in the call; 0: the call had
 * ended; -1: it cannot be traced; -2: it ended in another way. */
int step_and_kill(pid_t pid, const volatile uint64_t *journal, long within, long limit, steps *out) {
    int status;
    *out = (steps){0};
    if (waitpid(pid, &status, __WALL) != pid) return -1;
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP) return -1;
    for (long n = 0; n < limit; n++) {
        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0) return finish(pid, -1);
        if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) return -2;
        if (WSTOPSIG(status) == SIGSTOP) return finish(pid, 0);
        if (WSTOPSIG(status) != SIGTRAP) return finish(pid, -2);
        bool in_use = *journal != 0;
        if (out->within || in_use) {
            out->within++;
            if (in_use) out->commit = out->within;
            if (out->within >= within) break;
        } else {
            out->before++;
        }
    }
    return finish(pid, 1);
}
