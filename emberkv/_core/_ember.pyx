# cython: nonecheck=True
"""The binding: stores, sessions and the compiled methods over the engine.

A command is run in three steps: arguments are taken from their objects, the engine runs under the
store's lock and leaves its reply on a tape, and the tape becomes objects when the lock is free again
(making objects can run the collector, and so anything). Nobody waits for the lock with the
interpreter's: try, release that, then wait.
"""

cimport cython
cimport cython
from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE)
from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_GET_ITEM, PyList_New, PyList_SET_ITEM
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.buffer cimport PyObject_CheckBuffer
from cpython.ref cimport Py_INCREF, Py_XDECREF, Py_XINCREF, PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.errno cimport errno
from posix.unistd cimport getpid, usleep
from libc.string cimport memcpy, memset, strlen

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object s, Py_ssize_t *n) except NULL
    PyObject *PyBytes_FromStringAndSize_ "PyBytes_FromStringAndSize"(const char *p, Py_ssize_t n) \
        except NULL

include "_ember_c.pxi"

cdef object _exceptions_module = None


cdef object _exceptions():
    global _exceptions_module
    if _exceptions_module is None:
        from emberkv import exceptions
        _exceptions_module = exceptions
    return _exceptions_module


if not ek_scripting_init():
    raise ImportError("the command tables contradict each other")


def command_syntax(name):
    """How a command is called, such as "SET key value [NX | XX] ..."; subcommands as "object|freq"."""
    cdef bytes key = name.encode()
    cdef const ek_command *cmd = ek_command_find_full(<const uint8_t *><char *>key, len(key))
    if cmd is NULL:
        raise KeyError(name)
    cdef char text[2048]
    cdef size_t n = ek_command_syntax(cmd, True, text, sizeof(text))
    return text[:min(n, sizeof(text) - 1)].decode()


cdef class Clock:
    """A clock that stands still until it is set: `open(clock=...)` makes a store live by it.

    It begins at `now_ms`, milliseconds of Unix time, or at the present.
    """
    cdef ek_clock c
    cdef object __weakref__

    def __init__(self, now_ms=None):
        if now_ms is None:
            from time import time_ns
            self.c.now_us = time_ns() // 1000
        else:
            self.now_ms = now_ms

    @property
    def now_ms(self):
        """The time in milliseconds since 1970, UTC."""
        return self.c.now_us // 1000

    @now_ms.setter
    def now_ms(self, value):
        self.c.now_us = <int64_t> (int(value) * 1000)

    def advance(self, seconds):
        """Let `seconds` (int or float) pass."""
        self.c.now_us += <int64_t> (seconds * 1_000_000)

    def __repr__(self):
        return f"Clock(now_ms={self.now_ms})"


cdef int settle(ek_store *s, uint64_t upto) noexcept:
    cdef int failed
    if ek_interpreter_is_left():
        return ek_store_settle(s, upto)
    with nogil:
        failed = ek_store_settle(s, upto)
    return failed


cdef inline int leave(ek_store *s) noexcept:
    """Let go of the lock; an errno: what was committed could not be made safe."""
    cdef uint64_t upto = ek_store_leave_for(s)
    return settle(s, upto) if upto else 0


cdef int must_be_safe(int failed) except -1:
    if failed:
        from os import strerror
        raise _exceptions().ResponseError(
            f"MISCONF Errors writing to the AOF file: {strerror(failed)}")
    return 0


cdef object _on_disk = None  # a WeakSet of the stores that have a path


cdef int remember_to_flush(Store store) except -1:
    """Should nobody close it, then what was committed is written when the interpreter ends."""
    global _on_disk
    if _on_disk is None:
        import atexit
        import weakref
        _on_disk = weakref.WeakSet()
        atexit.register(_flush_all)
    _on_disk.add(store)
    return 0


def _flush_all():
    for store in list(_on_disk):
        if not store.closed:
            try:
                store.flush_log()
            except Exception:  # the disk takes nothing: nobody is left to be told
                pass


@cython.no_gc_clear  # closing needs what it holds, in a cycle of garbage too
cdef class Store:
    """One process's handle on a store: private in memory (path None), or that of a path."""
    cdef ek_store *s            # NULL: closed
    cdef Clock clock
    cdef list sessions          # addresses of live ek_sessions, freed with the store
    cdef list wakers            # and of ek_wakers
    cdef list idle              # those that blocking commands run on, when none does
    cdef int waiting            # threads that wait, for the lock or a reply, without the interpreter's
    cdef int waiting_pid        # ... in this process, not in one that it was forked from
    cdef list servers           # those that serve it; they hold it open, and end before it closes
    cdef int views              # of values in the arena, see _ember_arrays.pxi
    cdef list unpinned          # pins to be taken out when the store is next entered for that
    cdef object innermost       # the Mark of the last block that was begun, see _ember_block.pxi
    cdef bint closing           # as soon as nobody waits or looks, and no transaction is open
    cdef readonly object path
    cdef readonly object absolute  # the path, whatever directory is the current one later
    cdef object __weakref__

    def __cinit__(self, path=None, *, databases=16, max_bytes=None, Clock clock=None,
                  bint keep=False, bint durable=True, appendonly=True, appendfsync="everysec",
                  progress=None):
        self.sessions = []
        self.idle = []
        self.servers = []
        self.wakers = []
        self.unpinned = []
        self.clock = clock

    def __init__(self, path=None, *, databases=16, max_bytes=None, Clock clock=None,
                 bint keep=False, bint durable=True, bint appendonly=True, appendfsync="everysec",
                 progress=None):
        cdef ek_store_options o
        cdef Going g
        cdef ek_durability how
        cdef char err[512]
        cdef bytes where = None
        cdef ek_status st
        if path is not None:
            import os
            self.path = os.fspath(path)
            self.absolute = os.path.abspath(path)
            where = os.fsencode(path)
            if b"\0" in where:
                raise ValueError("embedded null byte")
            if not where:
                raise ValueError("the path is empty: without one the store is private, in memory")
            if where.lower().startswith((b"redis://", b"rediss://", b"unix://")):
                raise ValueError(f"{path!r} is the URL of a server, for redis-py's from_url; that of "
                                 "a store begins with ember:")
        if not isinstance(databases, int):
            raise TypeError(f"databases is a number of them, not {databases!r}")
        if not 1 <= databases <= 2147483647:
            raise ValueError(f"a store has at least one database, and at most 2147483647: {databases}")
        memset(&o, 0, sizeof(o))
        err[0] = 0
        if where is not None:
            o.path = <const char *> where
        if max_bytes is not None:
            from ..settings import size_of
            o.max_bytes = size_of("max_bytes", max_bytes)
        o.databases = databases
        o.keep = keep
        o.clock = NULL if clock is None else &clock.c
        memset(&how, 0, sizeof(how))
        memset(&g, 0, sizeof(g))
        g.progress = NULL if progress is None else <void *> progress
        g.every_ms = 100
        g.looked_ms = ek_clock_monotonic_ms()
        how.go_on = opening_goes_on
        how.arg = &g
        how.durable = durable
        how.appendonly = appendonly
        how.appendfsync = _policy(appendfsync)
        o.begin = <void *> ek_aof_begin
        o.begin_arg = &how
        with nogil:
            st = ek_store_open(&o, &self.s, err, sizeof(err))
        raise_what_stopped(&g)
        if st != EK_OK:
            _raise_open(st, err, path)
        if path is not None:
            ek_bury(self.s)
            remember_to_flush(self)

    def __dealloc__(self):
        self._close()

    cdef void _close(self):
        cdef ek_store *s = self.s
        if s == NULL:
            return
        ended = ek_transaction_abandon(s)
        if (not ended or self.views or ek_lua_runs(s)
                or (self.waiting and self.waiting_pid == getpid())):
            self.closing = True
            for address in self.sessions:  # no more reads without the lock
                (<ek_session *> <size_t> address).peek = NULL
            return
        self.closing = False
        self.s = NULL
        for address in self.sessions:
            ek_session_close(<ek_session *> <size_t> address)
        self.sessions.clear()
        for address in self.wakers:
            ek_waker_free(<ek_waker *> <size_t> address)
        self.wakers.clear()
        for address in self.idle:
            ek_session_free(<ek_session *> <size_t> address)
        self.idle.clear()
        with nogil:  # the disk may take its time
            ek_house_end(s)
            ek_save_at_end(s)
            ek_store_close(s)

    def close(self):
        """Let go of the store; what is private is gone. Closing again does nothing.

        A transaction that this thread has open is undone. Threads that wait for the store are
        told; another thread's open transaction is undone when it comes to its end, and the store
        is let go of then. Servers on it are stopped first.
        """
        for server in list(self.servers):
            server.stop()
            server.wait(-1)
        self.servers.clear()
        self._close()

    cdef int serve(self, server) except -1:
        self.servers = [s for s in self.servers if not s.wait(0)]
        self.servers.append(server)
        return 0

    @property
    def closed(self):
        return self.s == NULL or self.closing

    cdef int use(self) except -1:
        if self.s == NULL or self.closing:
            raise _exceptions().ConnectionError("the store is closed")
        return 0

    cdef int enter(self) except -1:
        if self.s == NULL or self.closing:
            self.use()
        if ek_arena_try_enter(self.s.a) == EK_OK:
            return 0
        return self.enter_slow()

    # A store that is closed while threads wait is let go of by the last of them.

    cdef void begin_waiting(self):
        if self.waiting_pid != getpid():
            self.waiting_pid = getpid()
            self.waiting = 0
        self.waiting += 1

    cdef void end_waiting(self):
        self.waiting -= 1
        if self.closing:
            self._close()

    cdef int wait_out_pause(self, ek_session *p, const ek_command *cmd, size_t argc,
                            const ek_str *argv) except -1:
        """The lock is held, and is again afterwards; in between CLIENT PAUSE may hold us back."""
        cdef const ek_command *container
        cdef int64_t left
        if cmd == NULL:
            cmd = ek_command_resolve(argc, argv, &container)
        while True:
            left = ek_pause_left_ms(p, cmd, argc, argv)
            if left == 0:
                return 0
            leave(self.s)
            with nogil:
                usleep(1000 * <unsigned> min(left, 20))
            PyErr_CheckSignals()
            self.enter()

    cdef int enter_slow(self) except -1:
        while not self.enter_within(100):
            pass
        return 0

    cdef int enter_unless_busy(self) except -1:
        """The same for what is done for a caller, who is told when a script has the lock for long."""
        self.use()
        if ek_arena_try_enter(self.s.a) != EK_OK:
            while not self.enter_within(100):
                if ek_busy(self.s):
                    raise _exceptions().exception_for(ek_busy_text(ek_run_word(self.s)).decode())
        return 0

    cdef bint enter_within(self, int timeout_ms) except -1:
        """Wait for the lock; False: not yet."""
        cdef ek_status st = EK_EBUSY
        cdef ek_arena *a
        self.use()
        a = self.s.a
        if self.waiting_pid != getpid():
            self.waiting_pid = getpid()
            self.waiting = 0
        self.waiting += 1
        try:
            with nogil:
                st = ek_arena_enter(a, timeout_ms)
            if st == EK_EBUSY:
                PyErr_CheckSignals()
        finally:
            self.waiting -= 1
            if self.closing:
                if st == EK_OK:
                    leave(self.s)
                self._close()
        self.use()
        if st == EK_EBUSY:
            return False
        if st == EK_EDEADLK:
            raise _exceptions().LockError(
                "this thread has a transaction open on the store through another handle")
        if st != EK_OK:
            raise _exceptions().ConnectionError("the store is damaged: a structure in it "
                                                "contradicts itself")
        return True

    # Waiting for a reply

    cdef ek_session *borrow(self, const ek_session *like) except NULL:
        """A session for one command that may wait, so that others may use `like` meanwhile."""
        cdef ek_session *p
        self.use()
        if self.idle:
            p = <ek_session *> <size_t> self.idle.pop()
        else:
            p = ek_session_new(self.s, like.db)
            if p == NULL:
                raise MemoryError()
            self.sessions.append(<size_t> p)
        p.db = like.db
        p.resp = p.initial_resp = like.resp
        return p

    cdef void give_back(self, ek_session *p) noexcept:
        if self.s == NULL:  # closed meanwhile
            ek_session_free(p)
        else:
            self.idle.append(<size_t> p)

    cdef int await_reply(self, ek_session *p, ek_reply *r) except -1:
        """Sleep until the command that waits on p has its reply on the tape.

        Whatever interrupts it, Ctrl-C or a close, ends the wait; what had come already goes back.
        """
        cdef ek_waker *waker = p.waker
        cdef int64_t left
        cdef int nap
        if self.waiting_pid != getpid():
            self.waiting_pid = getpid()
            self.waiting = 0
        self.waiting += 1
        try:
            while p.blocked:
                ek_waker_clear(waker)
                if ek_session_killed(p):
                    raise _exceptions().ConnectionError("Connection closed by server.")
                left = p.blocked_until_ms - ek_clock_monotonic_ms()
                if left <= 0 or ek_inbox_waiting(p):
                    self.enter()
                    ek_inbox_take(p, r, 1 << 30)
                    if p.blocked and left <= 0:
                        ek_unblock(p, EK_UNBLOCK_TIMEOUT, r)
                    leave(self.s)
                    continue
                nap = <int> min(left, 100)
                with nogil:
                    ek_waker_wait(waker, nap)
                PyErr_CheckSignals()
                self.use()
        finally:
            if p.blocked:
                self.cancel(p)
            self.waiting -= 1
            if self.closing:
                self._close()
        return 0

    cdef void cancel(self, ek_session *p) noexcept:
        cdef ek_status st = EK_EBUSY
        with nogil:
            while st == EK_EBUSY:
                st = ek_arena_enter(self.s.a, 100)
        if st == EK_OK:
            ek_unblock(p, EK_UNBLOCK_CANCEL, NULL)
            if ek_session_killed(p):
                ek_session_begin_anew(p)
            leave(self.s)
        p.blocked = False

    cdef void unpin(self, uint32_t pin, bint mine) noexcept:
        """A view has gone. When the lock is not free the pin waits for the next one that goes."""
        cdef Pinning p
        self.views -= 1
        if mine:
            self.unpinned.append(pin)
        p.s = self.s
        if ek_arena_try_enter(self.s.a) == EK_OK:
            if self.s.a.level == 0:
                for pin in self.unpinned:
                    p.pin = pin
                    ek_run(self.s.a, unpin_block, &p)
                self.unpinned.clear()
            leave(self.s)
        if self.closing and self.views == 0:
            self._close()

    def fork(self):
        """An independent copy of a private store, at once."""
        cdef Store copy = Store.__new__(Store, clock=self.clock)
        cdef char err[512]
        cdef ek_status st
        if self.path is not None:
            raise _exceptions().DataError("only a private store can be forked")
        self.enter()
        try:
            st = ek_store_fork(self.s, &copy.s, err, sizeof(err))
        finally:
            leave(self.s)
        if st != EK_OK:
            _raise_open(st, err, None)
        ek_bury(copy.s)
        return copy

    def stats(self):
        """Figures of the arena: a dict of ints, in bytes unless said otherwise.

        `used_bytes`: what blocks occupy. `heap_bytes`: the heap with real memory behind it.
        `arena_bytes`: all real memory, journal, descriptors and header included.
        `blocks`: how many. `max_bytes`: the heap's limit.
        """
        self.use()
        cdef ek_header *h = self.s.a.hdr
        heap = h.heap_pages * 4096
        return {
            "used_bytes": h.used_bytes,
            "heap_bytes": heap,
            "arena_bytes": heap + h.heap_pages * 64 + h.journal_cap + 4096,
            "blocks": h.nblocks,
            "max_bytes": h.heap_max,
        }

    def check(self):
        """Walk every structure; True when all is sound. For tests: O(everything)."""
        cdef bint ok
        cdef uint32_t i
        self.enter()
        try:
            ok = ek_alloc_check(self.s.a)
            for i in range(self.s.root.ndbs):
                ok = ok and ek_keyspace_check(self.s, &self.s.dbs[i])
            ok = ok and ek_clients_check(self.s) and ek_slowlog_check(self.s)
            ok = ok and ek_libraries_check(self.s)
            ok = ok and ek_users_check(self.s)
        finally:
            leave(self.s)
        return ok

    def processes(self):
        """Who has the store open: (process id, since when in milliseconds of Unix time) a handle."""
        cdef uint32_t slot, token
        cdef const ek_process *p
        cdef list out = []
        self.use()
        if not self.s.a.shared:
            return out
        for slot in range(min(<uint32_t> self.s.a.hdr.nprocesses, <uint32_t> EK_PROCESSES)):
            p = ek_process_at(self.s, slot)
            token = p.token
            if token != 0 and ek_process_lives(self.s, slot, token):
                out.append((p.pid, p.since_ms))
        return out

    def faults(self, uint64_t fail_alloc_in=0, uint64_t die_at_touch_in=0,
               uint64_t forget_touch_in=0):
        """Have the n-th allocation from now fail, the n-th journal write kill the process, or the
        n-th change go on without having been announced to the journal.

        0 calls it off. False: this build cannot; only the check build can.
        """
        self.use()
        return ek_check_faults(self.s.a, fail_alloc_in, die_at_touch_in, forget_touch_in)

    def disk_faults(self, uint64_t n=0, kind="fails", int error=5, bint on=False):
        """Have the n-th step on disk from now, and with `on` all after it, go wrong in this process.

        `kind`: it "fails" with an errno, is "torn" (half done, and fails), or "killed" there. 0
        calls it off. False: this build cannot; only the check build can.
        """
        kinds = {"fails": EK_DISK_FAILS, "torn": EK_DISK_TORN, "killed": EK_DISK_KILLED}
        return ek_disk_fault(n, kinds[kind], error, on)

    @property
    def disk_steps(self):
        """How many steps on disk this process has taken; counted in the check build only."""
        return ek_disk_steps()

    def flush_log(self, bint sync=True):
        """Write what was committed to the append-only file, and sync it."""
        cdef int failed
        self.use()
        with nogil:
            failed = ek_aof_flush(self.s, sync)
        must_be_safe(failed)

    @property
    def log_positions(self):
        """How far the store is committed, written and synced, in bytes since it was made."""
        cdef ek_feed_state *state
        self.use()
        if not self.s.a.shared:
            return (0, 0, 0)
        state = ek_feed_state_of(self.s.a)
        return (state.told, state.written, state.synced)

    @property
    def blocked_clients(self):
        """How many sessions, in whatever process, wait in a blocking command."""
        self.use()
        return self.s.root.nwaiting

    @property
    def recovered(self):
        """How often this handle undid what a dead process had left half done."""
        self.use()
        return self.s.a.recovered

    @property
    def writing(self):
        """Whether somebody, in whatever process, is in the middle of a change at this moment."""
        self.use()
        return not ek_clean(self.s.a)


cdef int64_t _policy(appendfsync) except -1:
    policies = ("everysec", "always", "no")
    if appendfsync not in policies:
        raise ValueError(f"appendfsync is one of {', '.join(policies)}, not {appendfsync!r}")
    return policies.index(appendfsync)


cdef _raise_open(ek_status st, const char *err, path):
    text = err.decode("utf-8", "replace")
    if st == EK_ENOMEM:
        raise _exceptions().OutOfMemoryError(text or "no memory for a store")
    if st == EK_ESYS:
        raise OSError(errno, text)
    if st == EK_EOWNER:
        raise PermissionError(13, text)
    raise _exceptions().ConnectionError(text)


include "_ember_args.pxi"


@cython.no_gc_clear
cdef class Session:
    """What one connection to a server would be: a database, a protocol, a MULTI, watches."""
    cdef ek_session *p
    cdef readonly Store store
    cdef ek_reply tape          # kept between calls; whoever uses it takes it away meanwhile
    cdef bint decode
    cdef bint utf8              # encoding is UTF-8, errors strict: no codec machinery
    cdef str encoding
    cdef str errors
    cdef object __weakref__

    def __init__(self, Store store, db=0, codec=("utf-8", "strict"), bint decode=False):
        store.use()
        self.encoding, self.errors = codec
        self.utf8 = (self.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
                     and self.errors == "strict")
        if not self.utf8:
            import codecs
            codecs.lookup(self.encoding)
            codecs.lookup_error(self.errors)
        if 0 <= db < store.s.root.ndbs:
            self.p = ek_session_new(store.s, db)  # without the lock: opening waits for nobody
        if self.p == NULL:
            raise _exceptions().ResponseError("DB index is out of range")
        store.sessions.append(<size_t> self.p)
        self.store = store
        self.decode = decode

    def __dealloc__(self):
        ek_reply_free(&self.tape)
        if self.p != NULL:
            if self.p.a != NULL:
                self.store.sessions.remove(<size_t> self.p)
            ek_session_free(self.p)

    def close(self):
        """Let go of watches and of a transaction that was begun; the session stays usable."""
        if not self.store.closed:
            self.execute(("RESET",))

    def end(self):
        """Let go of the store, which may go on for others: every use raises from now on."""
        if self.p.a != NULL:
            self.store.sessions.remove(<size_t> self.p)
            ek_session_close(self.p)
        self.store = Store.__new__(Store)

    @property
    def db(self):
        """The number of the database it works in."""
        self.store.use()
        return self.p.db

    def trust(self):
        """Ask it for no rules from now on: what it does, the store's owner does."""
        self.p.trusted = True

    def become(self, Session like):
        """Be the user that `like`, of the same store, is logged in as."""
        cdef bint ok
        if not (self.p.has_user or like.p.has_user):
            return
        self.store.enter_unless_busy()
        ok = ek_acl_become(self.p, like.p)
        ek_store_leave(self.store.s)
        if not ok:
            raise MemoryError()

    # Running commands

    cdef inline void take_reply(self, ek_reply *r) noexcept:
        """The tape with what is on it."""
        # Field by field, here and in give_tape: a copy in wider pieces than what was stored last
        # waits until all that was stored before is in the cache, which is the command's own work.
        r.buf = self.tape.buf
        r.len = self.tape.len
        r.cap = self.tape.cap
        r.a = self.p.a
        r.resp = 0
        self.tape.buf = NULL
        self.tape.len = 0
        self.tape.cap = 0

    cdef inline void take_tape(self, ek_reply *r) noexcept:
        self.take_reply(r)
        r.len = 0

    cdef inline void give_tape(self, ek_reply *r) noexcept:
        if r.cap > 1 << 20 or (r != &self.tape and self.tape.buf != NULL):
            ek_reply_free(r)
        elif r != &self.tape:
            self.tape.buf = r.buf
            self.tape.cap = r.cap

    cdef void give_reply(self, ek_reply *r) noexcept:
        """As take_reply, the other way round; what others left there is no reply that is waited for."""
        ek_reply_free(&self.tape)
        self.tape.buf = r.buf
        self.tape.len = r.len
        self.tape.cap = r.cap

    cdef inline int run_onto(self, ek_reply *r, const ek_command *cmd, size_t argc,
                             const ek_str *argv) except -1:
        """Run a command (NULL: the one that argv names) onto the tape, which r takes."""
        if cmd != NULL and self.run_straight(cmd, argc, argv):
            self.take_reply(r)
        else:
            self.run_the_long_way(r, cmd, argc, argv)
        return 0

    cdef inline bint run_straight(self, const ek_command *cmd, size_t argc,
                                  const ek_str *argv) except -1:
        """The same where nothing is out of the ordinary, without anybody taking the tape: it bears the
        reply until the interpreter is let go of. False: something is, and nothing was done."""
        cdef ek_store *s = self.p.s
        cdef uint64_t upto
        if cmd.flags & EK_CMD_SKIP_MONITOR:
            return self.run_others(cmd, argc, argv)
        if not ek_execute_straight(self.p, cmd, argc, argv, &self.tape, &upto):
            return False
        if upto:
            self.settle_reply(s, upto)
        return True

    cdef int settle_reply(self, ek_store *s, uint64_t upto) except -1:
        cdef ek_reply r
        self.take_reply(&r)
        self.have_run(&r, settle(s, upto))
        self.give_reply(&r)
        return 0

    cdef bint run_others(self, const ek_command *cmd, size_t argc, const ek_str *argv) except -1:
        """The same of a command that runs others: a script, maybe, which may do without the interpreter."""
        cdef ek_store *s = self.p.s
        cdef ek_reply r
        cdef uint64_t upto
        self.take_tape(&r)
        if not ek_execute_straight(self.p, cmd, argc, argv, &r, &upto):
            self.give_tape(&r)
            return False
        self.have_run(&r, settle(s, upto) if upto else 0)
        self.give_reply(&r)
        return True

    cdef bint run_numbers(self, ek_reply *r, const ek_command *cmd, size_t argc,
                          const ek_str *argv) except -1:
        """As run_onto, with arguments that are EK_NUMBER; False: they have to be spelled."""
        self.p.numbers = True
        try:
            if not self.run_straight(cmd, argc, argv):
                return False
        finally:
            self.p.numbers = False
        self.take_reply(r)
        return True

    cdef int run_the_long_way(self, ek_reply *r, const ek_command *cmd, size_t argc,
                              const ek_str *argv) except -1:
        cdef ek_store *store
        if self.store.s == NULL or self.store.closing:
            self.store.use()
        if ek_arena_try_enter(self.store.s.a) != EK_OK and self.answered_busy(r, cmd, argc, argv):
            return 0
        store = self.store.s
        if store.root.pause_until_ms:
            self.store.wait_out_pause(self.p, cmd, argc, argv)
            store = self.store.s
        self.take_tape(r)
        if cmd != NULL:
            ek_execute_command(self.p, cmd, argc, argv, r)
        else:
            ek_execute(self.p, argc, argv, r)
        return self.have_run(r, leave(store))

    cdef int have_run(self, ek_reply *r, int failed) except -1:
        """The lock was let go of; failed: an errno, see leave()."""
        # First of all: until then this thread may be without the interpreter, which `try` needs.
        cdef bint away = ek_interpreter_retake()
        try:
            if away or by_objects:
                retaken(self.store)
            must_be_safe(failed)
        except BaseException:
            self.give_tape(r)
            raise
        return 0

    cdef bint answered_busy(self, ek_reply *r, const ek_command *cmd, size_t argc,
                            const ek_str *argv) except -1:
        """Somebody has the lock. True: it is a script, and r has the reply; False: it is ours now."""
        cdef const ek_command *container
        if cmd == NULL:
            cmd = ek_command_resolve(argc, argv, &container)
        while True:
            self.take_tape(r)
            if ek_busy_execute(self.p, cmd, r):
                return True
            self.give_tape(r)
            if self.store.enter_within(100):
                return False

    cdef object finish(self, ek_reply *r):
        """The reply on a tape, raised if it is an error; the tape is given back."""
        cdef Reader reader
        try:
            if r.len == 0 and self.p.blocked:
                self.store.await_reply(self.p, r)
            if r.len == 0:
                raise MemoryError()
            reader.p = r.buf
            reader.end = r.buf + r.len
            reply = read_reply(&reader, self)
        finally:
            self.give_tape(r)
        if isinstance(reply, Exception):
            raise reply
        return reply

    cdef object run(self, const ek_command *cmd, size_t argc, const ek_str *argv):
        """Run a command (NULL: the one that argv names) and give its reply, raised if an error."""
        if cmd != NULL and self.run_straight(cmd, argc, argv):
            return self.result(&self.tape)
        return self.run_slowly(cmd, argc, argv)

    cdef object run_slowly(self, const ek_command *cmd, size_t argc, const ek_str *argv):
        cdef ek_reply r
        self.run_the_long_way(&r, cmd, argc, argv)
        return self.result(&r)

    cdef inline object result(self, ek_reply *r):
        """As `finish`; the commonest need no walk, nor that the session's own tape is taken."""
        cdef ek_reply taken
        cdef uint8_t tag = r.buf[0] if r.len else 0
        if tag == c"i":
            reply = read_i64(r.buf + 1)
        elif tag == c"n":
            reply = None
        elif tag == c"$" and not self.decode:
            reply = PyBytes_FromStringAndSize(<const char *> r.buf + 5, read_u32(r.buf + 1))
        elif r == &self.tape:
            self.take_reply(&taken)
            return self.finish(&taken)
        else:
            return self.finish(r)
        self.give_tape(r)
        return reply

    cdef object run_args(self, const ek_command *cmd, Args *a):
        """The same with numbers among the arguments."""
        cdef ek_reply r
        if a.numbers and self.run_numbers(&r, cmd, a.n, a.v):
            return self.result(&r)
        args_spell(a)
        return self.run(cmd, a.n, a.v)

    cdef int run_status(self, const ek_command *cmd, size_t argc, const ek_str *argv) except -1:
        """The same for a command whose reply is OK or an error."""
        cdef ek_reply r
        if self.run_straight(cmd, argc, argv):
            if self.tape.len and self.tape.buf[0] == c"+":
                return 0
            self.take_reply(&r)
        else:
            self.run_the_long_way(&r, cmd, argc, argv)
        self.finish(&r)
        return 0

    cdef object call1(self, const ek_command *cmd, object x):
        cdef Args a
        args_begin(&a, cmd)
        try:
            args_put(&a, x, self)
            return self.run(cmd, a.n, a.v)
        finally:
            args_free(&a)

    cdef object get_bytes(self, object key):
        """GET, whatever the session decodes."""
        cdef Args a
        cdef ek_reply r
        args_begin(&a, GET)
        try:
            args_put(&a, key, self)
            self.run_onto(&r, GET, a.n, a.v)
        finally:
            args_free(&a)
        if r.len == 0 or r.buf[0] != c"$":
            return self.finish(&r)
        value = PyBytes_FromStringAndSize(<const char *> r.buf + 5, read_u32(r.buf + 1))
        self.give_tape(&r)
        return value

    cdef object call2(self, const ek_command *cmd, object x, object y):
        cdef Args a
        args_begin(&a, cmd)
        try:
            args_put(&a, x, self)
            args_put(&a, y, self)
            return self.run(cmd, a.n, a.v)
        finally:
            args_free(&a)

    cdef object call3(self, const ek_command *cmd, object x, object y, object z):
        cdef Args a
        args_begin(&a, cmd)
        try:
            args_put(&a, x, self)
            args_put(&a, y, self)
            args_put(&a, z, self)
            return self.run(cmd, a.n, a.v)
        finally:
            args_free(&a)

    cdef object call_many(self, const ek_command *cmd, tuple values):
        cdef Args a
        args_begin(&a, cmd)
        try:
            for value in values:
                args_put(&a, value, self)
            return self.run(cmd, a.n, a.v)
        finally:
            args_free(&a)

    cdef object call1_many(self, const ek_command *cmd, object x, tuple values):
        cdef Args a
        args_begin(&a, cmd)
        try:
            args_put(&a, x, self)
            for value in values:
                args_put(&a, value, self)
            return self.run(cmd, a.n, a.v)
        finally:
            args_free(&a)

    cdef object call2_many(self, const ek_command *cmd, object x, object y, tuple values):
        cdef Args a
        args_begin(&a, cmd)
        try:
            args_put(&a, x, self)
            args_put(&a, y, self)
            for value in values:
                args_put(&a, value, self)
            return self.run(cmd, a.n, a.v)
        finally:
            args_free(&a)

    def execute(self, args):
        """Run one command: a tuple or list of its name and arguments. Gives its reply.

        Replies have the shapes of RESP3: None, int, float, bool, bytes (str when decoding), list,
        dict; errors are raised, and inside a list they are exception instances.
        """
        return self.run_python(args)

    cdef object run_python(self, args):
        cdef Args a
        if not args:
            raise _exceptions().DataError("a command has a name")
        args_init(&a)
        try:
            args_reserve(&a, len(args))
            for value in args:
                args_put(&a, value, self)
            if self.may_wait(&a):
                return self.run_apart(&a)
            return self.run(NULL, a.n, a.v)
        finally:
            args_free(&a)

    cdef inline bint may_wait(self, Args *a) noexcept:
        """A command that may wait, by a glance at its first letter and then by its declaration."""
        cdef uint8_t first = a.v[0].p[0] | 32 if a.v[0].n else 0
        cdef const ek_command *container
        cdef const ek_command *cmd
        if first != c"b" and first != c"x" and first != c"w" or self.p.in_multi:
            return False
        cmd = ek_command_resolve(a.n, a.v, &container)
        return cmd != NULL and cmd.flags & EK_CMD_MAY_WAIT != 0

    cdef object run_apart(self, Args *a):
        """Run it on a session that nobody else uses while it waits."""
        cdef Store store = self.store
        cdef ek_session *p = store.borrow(self.p)
        cdef ek_reply r
        try:
            store.enter_unless_busy()
            store.wait_out_pause(p, NULL, a.n, a.v)
            if not ek_acl_become(p, self.p):
                ek_store_leave(store.s)
                raise MemoryError()
            self.take_tape(&r)
            ek_execute(p, a.n, a.v, &r)
            must_be_safe(leave(store.s))
            try:
                if p.blocked:
                    store.await_reply(p, &r)
            except BaseException:
                self.give_tape(&r)
                raise
        finally:
            store.give_back(p)
        return self.finish(&r)

    def execute_many(self, commands):
        """Run commands one after another; an error reply is an exception in the list.

        Bad arguments are raised before anything runs, and a closed store at once.
        """
        cdef list out = []
        cdef object redis_error = _exceptions().RedisError
        cdef object connection_error = _exceptions().ConnectionError
        cdef object no_replies = (_exceptions().DataError, _exceptions().LockError)
        for args in commands:  # bad arguments are found before anything runs
            for value in args:
                if not (PyBytes_CheckExact(value) or type(value) is int or type(value) is float
                        or is_ascii(value)):
                    self.try_argument(value)
        for args in commands:
            try:
                out.append(self.run_python(args))
            except no_replies:
                raise
            except redis_error as error:
                if type(error) is connection_error:  # the handle's, not a reply
                    raise
                out.append(error)
        return out

    cdef int try_argument(self, object value) except -1:
        cdef Args a
        args_init(&a)
        try:
            args_put(&a, value, self)
        finally:
            args_free(&a)
        return 0

    def resp(self, args, int protocol):
        """Run one command and give the bytes that a server would send by RESP 2 or 3."""
        cdef Args a
        cdef ek_reply r, out
        memset(&out, 0, sizeof(out))
        args_init(&a)
        try:
            for value in args:
                args_put(&a, value, self)
            self.p.resp = protocol
            self.run_the_long_way(&r, NULL, a.n, a.v)
            try:
                if self.p.blocked:
                    self.store.await_reply(self.p, &r)
                ek_resp_render(&r, 0, self.p.resp, &out)
                return PyBytes_FromStringAndSize(<const char *> out.buf, out.len)
            finally:
                self.give_tape(&r)
                ek_reply_free(&out)
        finally:
            self.p.resp = 3
            args_free(&a)

    # Blocks, for whom `with` does not suit

    def begin(self):
        """Begin a block. Gives what ends it."""
        block = Block(None, self)
        block.__enter__()
        return block

    def commit(self, block):
        """End it and keep its changes."""
        block.__exit__(None, None, None)

    def rollback(self, block):
        """End it and undo its changes."""
        block.__exit__(Exception, None, None)


include "_ember_reply.pxi"
include "_ember_block.pxi"
include "_ember_pubsub.pxi"
include "_ember_client.pxi"
include "_ember_fast.pxi"
include "_ember_pipeline.pxi"
include "_ember_bridge.pxi"
include "_ember_server.pxi"
include "_ember_arrays.pxi"
include "_ember_scripting.pxi"
include "_ember_aof.pxi"
include "_ember_persist.pxi"
