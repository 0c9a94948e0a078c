# The end of a redis-py connection in this process (emberkv/bridge*.py): commands in as redis-py gives
# them, replies out in the shapes that its parsers give for the protocol in use, without the bytes of
# the protocol between them.
#
#   send -> arguments -> engine -> tape, replies one after another -> read -> objects
#                                      ^ at
#
# A wire is one session. Any thread may send while another waits in read, as redis-py's pubsub does:
# everything here runs with the interpreter's lock but for the waiting.

cdef extern from "base/number.h" nogil:
    size_t ek_format_double(char *out, double v)
    size_t ek_format_long_double(char *out, long double v)


cdef extern from *:
    """
    /* One descriptor of the two things that a wire waits for: a waker, and a moment in time. */
    #if defined(__linux__)
    #include <sys/epoll.h>
    #include <sys/timerfd.h>
    #include <unistd.h>
    static int ek_alarm_new(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }
    static void ek_alarm_set(int fd, int64_t at_ms) { /* 0: at once, INT64_MAX: never */
        struct itimerspec when = {{0, 0}, {at_ms / 1000, at_ms % 1000 * 1000000}};
        if (at_ms == 0) when.it_value.tv_nsec = 1;
        if (at_ms == INT64_MAX) when = (struct itimerspec){{0, 0}, {0, 0}};
        timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
    }
    static int ek_either(int a, int b) {
        int fd = epoll_create1(EPOLL_CLOEXEC);
        struct epoll_event e = {.events = EPOLLIN};
        if (fd >= 0 && (epoll_ctl(fd, EPOLL_CTL_ADD, a, &e) || epoll_ctl(fd, EPOLL_CTL_ADD, b, &e))) {
            close(fd);
            fd = -1;
        }
        return fd;
    }
    #else
    #include <unistd.h>
    static int ek_alarm_new(void) { return -1; }
    static void ek_alarm_set(int fd, int64_t at_ms) { (void)fd; (void)at_ms; }
    static int ek_either(int a, int b) { (void)b; return dup(a); }
    #endif
    """
    int ek_alarm_new() nogil
    void ek_alarm_set(int fd, int64_t at_ms) nogil
    int ek_either(int a, int b) nogil
    int close_fd "close" (int fd) nogil

cdef const ek_command *MONITOR = ek_command_find_full(b"monitor", 7)
cdef const ek_command *TRACKING = ek_command_find_full(b"client|tracking", 15)

cdef enum:
    WIRE_KEEPS = 1 << 20  # bytes of tape that an idle wire keeps
    WIRE_LOOKS_MS = 100
    FOR_EVER = 0x7fffffffffffffff


cdef inline bint wants_mail(const ek_command *cmd) noexcept:
    """May others send something because of it?"""
    return cmd != NULL and (cmd.flags & (EK_CMD_MAY_WAIT | EK_CMD_PUBSUB) or cmd == MONITOR
                            or cmd == TRACKING)


class Unusual:
    """What `Wire.read` gives for anything that is not a plain reply."""

    def __repr__(self):
        return "UNUSUAL"


UNUSUAL = Unusual()

cdef object UNUSUAL_REPLY = UNUSUAL


@cython.no_gc_clear
cdef class Waker:
    """What wires sleep on, with a descriptor that is readable when something is due.

    Several wires of a store may share one, if whoever it wakes looks at all of them.
    """
    cdef ek_waker *w
    cdef Store store
    cdef int pid

    def __init__(self, Store store):
        store.use()
        self.w = ek_waker_new(store.s, True)
        if self.w == NULL:
            raise _exceptions().ConnectionError("no place left for another that waits")
        store.wakers.append(<size_t> self.w)
        self.store = store
        self.pid = getpid()

    def __dealloc__(self):
        if self.w != NULL and <size_t> self.w in self.store.wakers:
            self.store.wakers.remove(<size_t> self.w)
            ek_waker_free(self.w)

    cdef bint usable(self):
        return self.w != NULL and <size_t> self.w in self.store.wakers

    def fileno(self):
        """The descriptor."""
        self.store.use()
        return ek_waker_fd(self.w)

    def clear(self):
        """Sleep again; look at what is due after this."""
        if self.usable():
            ek_waker_clear(self.w)


cdef struct NewWaker:
    ek_session *session
    ek_waker *waker


cdef void change_waker(void *arg) noexcept nogil:
    cdef NewWaker *change = <NewWaker *> arg
    cdef ek_client *client = ek_session_client_if_any(change.session)
    ek_session_use_waker(change.session, change.waker)
    if client != NULL:
        ek_touch(change.session.a, &client.waker, sizeof(uint32_t))
        client.waker = ek_waker_name(change.waker)


cdef class Wire:
    """A session, and the replies of what was sent on it that are not read yet.

    `waker_of`, called with the store, gives the Waker to use when one is needed first; without
    it the wire makes one of its own.
    """
    cdef Session session
    cdef readonly Store store
    cdef ek_reply tape
    cdef size_t at          # the next reply on the tape
    cdef object error_for   # makes an exception of an error's text
    cdef object errors      # the module of exceptions
    cdef object waker_of
    cdef Waker waker
    cdef list later         # commands that came while one was waiting
    cdef int sleepers       # threads in `wait`
    cdef int alarm, either  # descriptors, -1: not asked for
    cdef int pid
    cdef unsigned forks
    cdef readonly bint closed
    cdef object odd         # the reply that UNUSUAL stands for: an exception, or a push

    def __cinit__(self):
        self.alarm = self.either = -1

    def __init__(self, Store store, error_for, errors, codec=("utf-8", "strict"),
                 bint decode=False, db=0, int resp=2, waker_of=None):
        self.session = Session(store, db, codec, decode)
        self.session.p.resp = self.session.p.initial_resp = resp
        self.store = store
        self.error_for = error_for
        self.errors = errors
        self.waker_of = waker_of
        self.later = []
        self.pid = getpid()
        self.forks = store.s.a.forks

    def __del__(self):
        self.close()

    def __dealloc__(self):
        ek_reply_free(&self.tape)
        self.close_descriptors()

    @property
    def resp(self):
        """The protocol whose shapes replies have: 2, or 3 after HELLO 3."""
        return 2 if self.closed else self.session.p.resp

    @property
    def db(self):
        """The number of the database it works in."""
        return self.session.db

    @property
    def client_id(self):
        """What CLIENT ID says."""
        self.must_be_open()
        return self.session.p.id

    @property
    def killed(self):
        """Whether the store has cut it off: CLIENT KILL, or more waited for it than may."""
        self.store.use()
        return not self.closed and ek_session_killed(self.session.p)

    def become(self, like):
        """Be the user that `like`, a Wire or a Session of the same store, is logged in as."""
        self.session.become((<Wire> like).session if isinstance(like, Wire) else like)

    cdef object translated(self, object error):
        """The exception, of the module of exceptions, of the same name as one of ours."""
        return getattr(self.errors, type(error).__name__, self.errors.ConnectionError)(*error.args)

    # Sending

    cdef int put(self, Args *a, tuple args) except -1:
        """The arguments of a command; its name may be of several words ("CONFIG GET")."""
        cdef Py_ssize_t i, n = len(args)
        if n == 0:
            raise _exceptions().DataError("a command has a name")
        args_reserve(a, n)
        name = args[0]
        if type(name) is str and " " not in <str> name:
            args_put(a, name, self.session)
        else:
            words = name.split()
            args_keep(a, words)  # or only what points into them would be left
            for word in words:
                args_put(a, word, self.session)
        for i in range(1, n):
            args_put(a, args[i], self.session)
        return 0

    cdef int must_be_open(self) except -1:
        if self.closed:
            raise _exceptions().ConnectionError("the connection is closed")
        self.store.use()
        if self.forks != self.store.s.a.forks:
            self.after_fork()
        if ek_session_killed(self.session.p):
            raise _exceptions().ConnectionError("Connection closed by server.")
        return 0

    cdef int after_fork(self) except -1:
        """In a child the session has an identity of its own; what wakes the parent is not its."""
        self.forks = self.store.s.a.forks
        ek_session_client_if_any(self.session.p)  # becomes the child's own
        self.waker = None
        self.at = self.tape.len = 0
        self.close_descriptors()
        return 0

    cdef void close_descriptors(self) noexcept:
        if self.alarm >= 0:
            close_fd(self.alarm)
        if self.either >= 0:
            close_fd(self.either)
        self.alarm = self.either = -1

    cdef bint take_lock(self, bint wait) except -1:
        """Take the lock; False: it is busy, and this is not to wait."""
        if not wait:
            return ek_arena_try_enter(self.store.s.a) == EK_OK
        self.store.enter()
        if self.closed:  # while this thread waited for the lock
            leave(self.store.s)
            self.must_be_open()
        return True

    cdef bint take_lock_or_reply(self, const ek_command *cmd, bint wait) except -1:
        """Take the lock. False: it is not ours, for this is not to wait, or there is a reply already."""
        while ek_arena_try_enter(self.store.s.a) != EK_OK:
            if ek_busy_execute(self.session.p, cmd, &self.tape) or not wait:
                return False
            if self.store.enter_within(100):
                break
            self.must_be_open()
        if self.closed:  # while this thread waited for the lock
            leave(self.store.s)
            self.must_be_open()
        return True

    cdef bint run(self, tuple args, bint wait) except -1:
        cdef Args a
        cdef const ek_command *cmd
        cdef const ek_command *container = NULL
        cdef bint took
        cdef size_t had
        self.must_be_open()
        args_init(&a)
        try:
            self.put(&a, args)
            if self.session.p.blocked or self.later:
                self.later.append(args)
                return True
            cmd = ek_command_resolve(a.n, a.v, &container)
            if self.waker is None and wants_mail(cmd):
                self.need_waker()
            had = self.tape.len
            took = self.take_lock_or_reply(cmd, wait)
            if took:
                self.execute(cmd, &a)
            elif self.tape.len > had:  # a script has the lock, and that is the reply
                took = True
                if self.alarm >= 0:
                    self.set_alarm()
        finally:
            args_free(&a)
        if took and self.later and not self.session.p.blocked:
            self.run_later(wait)
        return took

    cdef int execute(self, const ek_command *cmd, Args *a) except -1:
        """The lock is held; leave it. What has come before goes before the reply."""
        cdef ek_store *s = self.store.s
        cdef ek_session *p = self.session.p
        cdef int failed
        if self.waker is not None and ek_inbox_waiting(p):
            ek_inbox_take(p, &self.tape, WIRE_KEEPS)
        if cmd != NULL and cmd.handler != NULL:
            ek_execute_command(p, cmd, a.n, a.v, &self.tape)
        else:
            ek_execute(p, a.n, a.v, &self.tape)
        if self.sleepers:
            ek_waker_note(s, ek_waker_name(self.waker.w))
        failed = leave(s)
        if ek_interpreter_retake():
            retaken(self.store)
        must_be_safe(failed)
        if self.alarm >= 0:
            self.set_alarm()
        return 0

    cdef int run_later(self, bint wait) except -1:
        """Send what was sent while a command waited, until one waits again."""
        cdef list later = self.later
        self.later = []
        while later and not self.session.p.blocked and self.run(later[0], wait):
            later.pop(0)
        self.later = later + self.later
        return 0

    def send(self, tuple args):
        """Run a command; its reply waits to be read."""
        try:
            self.run(args, True)
        except _exceptions().RedisError as error:
            raise self.translated(error) from None

    def try_send(self, tuple args):
        """`send`, but False if it would have to wait for the store's lock."""
        try:
            return self.run(args, False)
        except _exceptions().RedisError as error:
            raise self.translated(error) from None

    def may_wait(self, tuple args):
        """Whether it is a command that may wait for others."""
        cdef Args a
        cdef const ek_command *cmd
        cdef const ek_command *container = NULL
        args_init(&a)
        try:
            self.put(&a, args[:1])
            cmd = ek_command_resolve(a.n, a.v, &container)
            return cmd != NULL and (cmd.flags & EK_CMD_MAY_WAIT) != 0
        finally:
            args_free(&a)

    # Reading

    def read(self, bint raw=False):
        """The next reply. UNUSUAL: there is none yet, or `take_odd` gives an error or a push.

        With `raw` bytes stay bytes, whatever the codec.
        """
        cdef WireReader r
        cdef uint8_t tag
        if self.at >= self.tape.len and not self.pump():
            return UNUSUAL_REPLY
        r.p = self.tape.buf + self.at
        r.resp = self.session.p.resp
        r.decode = self.session.decode and not raw
        tag = r.p[0]
        reply = wire_reply(&r, self)
        self.at = r.p - self.tape.buf
        if self.at >= self.tape.len:
            self.at = self.tape.len = 0
            if self.tape.cap > WIRE_KEEPS:
                ek_reply_free(&self.tape)
                memset(&self.tape, 0, sizeof(ek_reply))
            if self.alarm >= 0:
                self.pump()
        if self.alarm >= 0:
            self.set_alarm()
        if tag == c"-" or tag == c">" and r.resp >= 3:
            self.odd = reply
            return UNUSUAL_REPLY
        return reply

    def take_odd(self):
        """What `read` had UNUSUAL stand for: an exception, a push (a list), None for nothing."""
        odd, self.odd = self.odd, None
        return odd

    cdef bint pump(self) except -1:
        """Fetch what others have sent, and end a wait whose time is up; is there something?"""
        cdef ek_session *p
        if self.at < self.tape.len:
            return True
        if self.waker is None or self.closed:
            return False
        self.must_be_open()
        p = self.session.p
        # A loop clears the waker that it shares, and never waits for the lock.
        wait = self.waker_of is None
        if wait:
            self.waker.clear()
        if ek_inbox_waiting(p) and self.take_lock(wait):
            ek_inbox_take(p, &self.tape, WIRE_KEEPS)
            leave(self.store.s)
        if (p.blocked and ek_clock_monotonic_ms() >= p.blocked_until_ms
                and self.take_lock(wait)):
            if p.blocked:
                ek_unblock(p, EK_UNBLOCK_TIMEOUT, &self.tape)
                if p.blocked and self.either >= 0:
                    self.set_alarm()
            leave(self.store.s)
        if self.later and not p.blocked:
            self.run_later(wait)
        return self.at < self.tape.len

    def ready(self):
        """Whether something can be read at once."""
        if self.at < self.tape.len:
            return True
        try:
            self.must_be_open()
            return self.pump()
        except _exceptions().RedisError as error:
            raise self.translated(error) from None

    def idle(self):
        """Whether it is open, and nothing can be read."""
        if (self.closed or self.at < self.tape.len or self.store.s == NULL
                or self.store.closing or ek_session_killed(self.session.p)):
            return False
        return self.waker is None or not (
            self.session.p.blocked or ek_inbox_waiting(self.session.p))

    def due(self):
        """Whether to look, by `ready` or `read`, is worth while. Takes no lock."""
        return (self.closed or self.at < self.tape.len or self.store.s == NULL
                or self.store.closing or ek_inbox_waiting(self.session.p)
                or ek_session_killed(self.session.p)
                or ek_clock_monotonic_ms() >= self.session.p.blocked_until_ms
                and self.session.p.blocked)

    # Waiting

    def lock_held(self):
        """Whether somebody else has the store's lock."""
        self.store.use()
        if ek_arena_try_enter(self.store.s.a) != EK_OK:
            return True
        leave(self.store.s)
        return False

    def lock_free(self):
        """Wait until nobody else has the store's lock."""
        try:
            self.store.enter_unless_busy()
            leave(self.store.s)
        except _exceptions().RedisError:
            # Whoever takes it next is told.
            pass

    @property
    def is_shared(self):
        """Whether other processes may have the store."""
        return self.store.path is not None

    def use_waker(self, Waker waker not None):
        """Sleep on this one from now on."""
        cdef NewWaker change
        if waker is self.waker:
            return
        self.must_be_open()
        if ek_session_client_if_any(self.session.p) == NULL:
            ek_session_use_waker(self.session.p, waker.w)
            self.waker = waker
            return
        change.session = self.session.p
        change.waker = waker.w
        self.store.enter()
        ek_run(self.store.s.a, change_waker, &change)
        leave(self.store.s)
        self.waker = waker

    cdef int need_waker(self) except -1:
        self.use_waker(Waker(self.store) if self.waker_of is None else self.waker_of(self.store))
        return 0

    @property
    def until(self):
        """Seconds until the command that waits gives up; None: none waits, or it never does."""
        if self.closed or not self.session.p.blocked:
            return None
        if self.session.p.blocked_until_ms == FOR_EVER:
            return None
        return max(0, self.session.p.blocked_until_ms - ek_clock_monotonic_ms()) / 1000

    def wait(self, timeout):
        """Wait until something can be read, `timeout` seconds or without end; whether it can."""
        cdef int64_t now = ek_clock_monotonic_ms()
        cdef int64_t end = FOR_EVER
        try:
            if timeout is not None:
                end = now + <int64_t> (timeout * 1000 + 0.999)
            while True:
                if self.pump():
                    return True
                self.must_be_open()
                now = ek_clock_monotonic_ms()
                if now >= end:
                    return False
                self.sleep(min(WIRE_LOOKS_MS, end - now))
        except _exceptions().RedisError as error:
            raise self.translated(error) from None

    cdef int sleep(self, int64_t ms) except -1:
        cdef ek_waker *w
        cdef Store store = self.store
        if self.waker is None:
            self.need_waker()
        if self.session.p.blocked:
            ms = max(0, min(ms, self.session.p.blocked_until_ms - ek_clock_monotonic_ms()))
        w = self.waker.w
        # The store is not closed as long as somebody sleeps.
        store.begin_waiting()
        self.sleepers += 1
        with nogil:
            ek_waker_wait(w, <int> ms)
        self.sleepers -= 1
        store.end_waiting()
        PyErr_CheckSignals()
        return 0

    def fileno(self):
        """A descriptor that can be read while a reply or a message is due, and at time-outs."""
        if self.closed:
            return -1
        if self.either < 0:
            self.must_be_open()
            if self.waker is None:
                self.need_waker()
            self.alarm = ek_alarm_new()
            self.either = ek_either(ek_waker_fd(self.waker.w), self.alarm)
            if self.either < 0:
                raise OSError(errno, "no descriptor for a connection")
            self.set_alarm()
        return self.either

    cdef int set_alarm(self) except -1:
        cdef ek_session *p = self.session.p
        if self.at < self.tape.len:
            ek_alarm_set(self.alarm, 0)
        else:
            ek_alarm_set(self.alarm, p.blocked_until_ms if p.blocked else FOR_EVER)
        return 0

    def close(self):
        """Let go of what the session watches, waits for and is subscribed to.

        An element that was popped for it and that nobody has read is put back.
        """
        cdef ek_session *p
        if self.closed or self.session is None:
            return
        self.closed = True
        self.at = self.tape.len = 0
        self.later = []
        self.close_descriptors()
        p = self.session.p
        if p.a != NULL and self.pid != getpid():
            # What the session of the parent watches is not the child's to let go of.
            ek_session_forget_watches(p)
        elif p.blocked and not self.store.closed:
            self.store.enter()
            ek_unblock(p, EK_UNBLOCK_CANCEL, NULL)
            leave(self.store.s)
        self.session.end()

    def shutdown(self, how=0):
        """Nothing: `close` is all there is to do."""

    def settimeout(self, timeout):
        """Nothing: how long to wait is said to `wait`."""

    def gettimeout(self):
        """None: see `settimeout`."""
        return None


cdef struct WireReader:
    const uint8_t *p
    int resp
    bint decode


cdef object wire_list(WireReader *r, Py_ssize_t n, Wire w):
    cdef list out = PyList_New(n)
    cdef Py_ssize_t i
    for i in range(n):
        item = wire_reply(r, w)
        Py_INCREF(item)
        PyList_SET_ITEM(out, i, item)
    return out


cdef dict wire_map(WireReader *r, Py_ssize_t n, Wire w):
    cdef dict out = ek_dict_for(n)
    cdef Py_ssize_t i
    for i in range(n):
        key = wire_reply(r, w)
        out[tuple(key) if type(key) is list else key] = wire_reply(r, w)
    return out


cdef object wire_double(WireReader *r, double d, bint fixed, Wire w):
    """A double; `fixed`: one that is printed without an exponent."""
    cdef char text[5120]
    cdef size_t n
    if r.resp >= 3:
        return ek_as_printed(d) if fixed else d
    n = ek_format_long_double(text, d) if fixed else ek_format_double(text, d)
    return text_of(<const uint8_t *> text, n, w.session, r.decode)


cdef object wire_reply(WireReader *r, Wire w):
    """The next element of a tape. An error is an exception that is not raised."""
    cdef const uint8_t *p = r.p
    cdef uint8_t tag = p[0]
    cdef uint32_t n
    cdef double d
    if tag == c"i":
        r.p = p + 9
        return read_i64(p + 1)
    if tag == c"n" or tag == c"N":
        r.p = p + 1
        return None
    if tag == c"d" or tag == c"h":
        r.p = p + 9
        memcpy(&d, p + 1, 8)
        return wire_double(r, d, tag == c"h", w)
    if tag == c"t" or tag == c"f":
        r.p = p + 1
        if r.resp >= 3:
            return True if tag == c"t" else False
        return 1 if tag == c"t" else 0
    n = read_u32(p + 1)
    if tag == c"*" or tag == c"~" or tag == c">":
        r.p = p + 5
        return wire_list(r, n, w)
    if tag == c"%":
        r.p = p + 5
        return wire_map(r, n, w) if r.resp >= 3 else wire_list(r, 2 * <Py_ssize_t> n, w)
    if tag == c"|":  # said about the reply behind it, which has no place for it here
        r.p = p + 5
        wire_list(r, 2 * <Py_ssize_t> n, w)
        return wire_reply(r, w)
    r.p = p + 5 + n
    if tag == c"$" or tag == c"+":
        return text_of(p + 5, n, w.session, r.decode)
    if tag == c"-":
        return w.error_for(PyUnicode_DecodeUTF8(<const char *> p + 5, n, b"replace"))
    if tag == c"=":  # "txt:" and the text
        return text_of(p + 9, n - 4, w.session, r.decode)
    if tag == c"(":
        if r.resp >= 3:
            return int(PyBytes_FromStringAndSize(<const char *> p + 5, n))
        return text_of(p + 5, n, w.session, r.decode)
    raise SystemError(f"no such tag on a tape: {chr(tag)!r}")


def check_commands(commands, str encoding, error_class):
    """Raise `error_class` if an argument of the commands, tuples, cannot be sent."""
    for args in commands:
        for value in args:
            if PyBytes_CheckExact(value) or type(value) is int or is_ascii(value):
                continue
            if isinstance(value, str):
                (<str> value).encode(encoding)
            elif isinstance(value, bool) or not (isinstance(value, (int, float, bytes))
                                                 or PyObject_CheckBuffer(value)):
                raise error_class(
                    f"Invalid input of type: '{type(value).__name__}'. "
                    "Convert to a bytes, string, int or float first.")
