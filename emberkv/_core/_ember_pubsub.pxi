# Sessions that listen: messages from the inbox (engine/mail.h) to Python objects, and waiting for them.

cdef extern from *:
    """
    #include "base/clock.h"
    #if defined(__x86_64__)
    #define ek_relax() __builtin_ia32_pause()
    #else
    #define ek_relax() ((void)0)
    #endif
    /* To wake a sleeper takes the system some ten microseconds and more. */
    static inline bool ek_listener_spin(const ek_waker *w, int64_t us) {
        int64_t until = ek_clock_monotonic_us() + us;
        do {
            for (int i = 0; i < 32; i++) {
                if (ek_waker_due(w)) return true;
                ek_relax();
            }
        } while (ek_clock_monotonic_us() < until);
        return false;
    }
    """
    bint ek_listener_spin(const ek_waker *w, int64_t us) nogil


cdef enum:
    LISTENER_TICK_MS = 100  # a publisher may die before it signals
    LISTENER_SPIN_US = 50   # before it sleeps, while messages come one after another
    LISTENER_TAKES = 1 << 20


@cython.no_gc_clear
cdef class Listener(Session):
    """A session whose messages are taken out one batch after another: what a PubSub listens with.

    One thread at a time may `wait`, while others run commands and `wake` it.
    """
    cdef int pid
    cdef int sleepers
    cdef bint poked
    cdef bint hot               # the last wait was ended by a message

    def __init__(self, Store store, db=0, codec=("utf-8", "strict"), bint decode=False):
        Session.__init__(self, store, db, codec, decode)
        self.pid = getpid()

    cdef int read_all(self, ek_reply *r, list out) except -1:
        """All values of a tape, one behind another; what cannot be decoded is an exception."""
        cdef Reader reader
        cdef const uint8_t *start
        reader.p = r.buf
        reader.end = r.buf + r.len
        while reader.p < reader.end:
            start = reader.p
            try:
                value = read_reply(&reader, self)
            except UnicodeDecodeError as error:
                value = error
                reader.p = start
                self.decode = False
                try:
                    read_reply(&reader, self)
                finally:
                    self.decode = True
            out.append(value)
        return 0

    def execute_all(self, args):
        """Run one command. Gives all values of its reply, behind the messages that came before.

        An error is raised, as by `execute`, if it is the only one.
        """
        cdef Args a
        cdef ek_reply r
        cdef list out = []
        args_init(&a)
        try:
            args_reserve(&a, len(args))
            for value in args:
                args_put(&a, value, self)
            self.run_onto(&r, NULL, a.n, a.v)
            try:
                self.read_all(&r, out)
            finally:
                self.give_tape(&r)
        finally:
            args_free(&a)
        if len(out) == 1 and isinstance(out[0], _exceptions().RedisError):
            raise out[0]
        return out

    cdef int take_onto(self, ek_reply *r) except -1:
        self.store.enter()
        self.take_tape(r)
        ek_inbox_take(self.p, r, LISTENER_TAKES)
        leave(self.store.s)
        return 0

    def take(self):
        """The messages that have come, about a mebibyte of them at most; each is a list."""
        cdef ek_reply r
        cdef list out = []
        self.store.use()
        if not ek_inbox_waiting(self.p):
            return out
        self.take_onto(&r)
        try:
            self.read_all(&r, out)
        finally:
            self.give_tape(&r)
        return out

    def take_resp(self, int protocol):
        """The same as the bytes that a server would send by RESP 2 or 3."""
        cdef ek_reply r, out
        memset(&out, 0, sizeof(out))
        self.take_onto(&r)
        try:
            ek_resp_render(&r, 0, protocol, &out)
            return PyBytes_FromStringAndSize(<const char *> out.buf, out.len)
        finally:
            self.give_tape(&r)
            ek_reply_free(&out)

    def waiting(self):
        """Whether there is something to take."""
        self.store.use()
        return ek_inbox_waiting(self.p)

    def cut_off(self):
        """1 if this is not the process that subscribed, 2 if the store has cut it off, else 0."""
        self.store.use()
        if self.pid != getpid():
            return 1
        return 2 if ek_session_killed(self.p) else 0

    def wait(self, timeout=None):
        """Sleep until there may be something to take, at most `timeout` seconds."""
        cdef Store store = self.store
        cdef int ms = LISTENER_TICK_MS
        cdef bint due = False
        store.use()
        if timeout is not None and timeout * 1000 < LISTENER_TICK_MS:
            ms = max(0, <int> (timeout * 1000 + 0.999))
        if self.poked or self.p.waker == NULL or ek_inbox_waiting(self.p):
            self.poked = False
            return
        if store.waiting_pid != getpid():
            store.waiting_pid = getpid()
            store.waiting = 0
        store.waiting += 1
        self.sleepers += 1
        try:
            ek_waker_clear(self.p.waker)
            if not ek_inbox_waiting(self.p) and not ek_session_killed(self.p):
                with nogil:
                    due = (self.hot and ek_listener_spin(self.p.waker, LISTENER_SPIN_US)
                           or ek_waker_wait(self.p.waker, ms))
                self.hot = due
                self.poked = False
        finally:
            self.sleepers -= 1
            store.waiting -= 1
            if store.closing:
                store._close()
        PyErr_CheckSignals()
        if not due and ms == LISTENER_TICK_MS:
            self.let_keys_expire()

    cdef int let_keys_expire(self) except -1:
        """Nobody may be running commands that would find keys whose time has come."""
        cdef Store store = self.store
        if store.s == NULL or not ek_notifies_expiry(store.s):
            return 0
        if ek_arena_try_enter(store.s.a) != EK_OK:  # who has it runs commands
            return 0
        ek_expiry_for_listeners(store.s)
        leave(store.s)
        return 0

    def wake(self):
        """Have a thread that waits, or is about to, look again."""
        self.poked = True
        if self.sleepers and not self.store.closed and self.p.waker != NULL:
            self.store.enter_unless_busy()
            ek_waker_note(self.store.s, ek_waker_name(self.p.waker))
            leave(self.store.s)
