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


class Unusual:
    """What `Wire.read` gives for anything that is not a plain reply."""

    def __repr__(self):
        return "UNUSUAL"


UNUSUAL = Unusual()

cdef object UNUSUAL_REPLY = UNUSUAL

cdef enum:
    WIRE_KEEPS = 1 << 20  # bytes of tape that an idle wire keeps


cdef class Wire:
    """A session, and the replies of what was sent on it that are not read yet."""
    cdef Session session
    cdef ek_reply tape
    cdef size_t at          # the next reply on the tape
    cdef object error_for   # makes redis-py's exception of an error's text
    cdef object errors      # redis-py's module of exceptions
    cdef int pid
    cdef readonly bint closed
    cdef object odd         # the reply that UNUSUAL stands for: an exception, or a push

    def __init__(self, Store store, error_for, errors, codec=("utf-8", "strict"),
                 bint decode=False):
        self.session = Session(store, 0, codec, decode)
        self.session.p.resp = self.session.p.initial_resp = 2
        self.error_for = error_for
        self.errors = errors
        self.pid = getpid()

    def __del__(self):
        self.close()

    def __dealloc__(self):
        ek_reply_free(&self.tape)

    @property
    def resp(self):
        """The protocol whose shapes replies have: 2, or 3 after HELLO 3."""
        return 2 if self.closed else self.session.p.resp

    cdef object translated(self, object error):
        """redis-py's exception of the same name as one of ours."""
        return getattr(self.errors, type(error).__name__, self.errors.ConnectionError)(*error.args)

    cdef int put(self, Args *a, tuple args) except -1:
        """The arguments of a command; its name may be of several words ("CONFIG GET")."""
        cdef Py_ssize_t i, n = len(args)
        if n == 0:
            raise self.errors.DataError("a command has a name")
        args_reserve(a, n)
        name = args[0]
        if type(name) is str and " " not in <str> name:
            args_put(a, name, self.session)
        else:
            for word in name.split():
                args_put(a, word, self.session)
        for i in range(1, n):
            args_put(a, args[i], self.session)
        return 0

    def send(self, tuple args):
        """Run a command; its reply waits to be read."""
        cdef Args a
        args_init(&a)
        try:
            self.put(&a, args)
            self.run(&a)
        except _exceptions().RedisError as error:
            raise self.translated(error) from None
        finally:
            args_free(&a)

    def try_send(self, tuple args):
        """`send`, but False if it would have to wait for the store's lock."""
        cdef Args a
        args_init(&a)
        try:
            self.put(&a, args)
            self.must_be_open()
            self.session.store.use()
            if ek_arena_try_enter(self.session.store.s.a) != EK_OK:
                return False
            self.execute(&a)
            return True
        except _exceptions().RedisError as error:
            raise self.translated(error) from None
        finally:
            args_free(&a)

    cdef int must_be_open(self) except -1:
        if self.closed:
            raise _exceptions().ConnectionError("the connection is closed")
        return 0

    cdef int run(self, Args *a) except -1:
        self.must_be_open()
        self.session.store.enter()
        if self.closed:  # while this thread waited for the lock
            ek_store_leave(self.session.store.s)
            self.must_be_open()
        return self.execute(a)

    cdef int execute(self, Args *a) except -1:
        """The lock is held; leave it."""
        cdef ek_store *store = self.session.store.s
        ek_execute(self.session.p, a.n, a.v, &self.tape)
        ek_store_leave(store)
        return 0

    def read(self, bint raw=False):
        """The next reply. UNUSUAL: there is none yet, or `take_odd` gives an error or a push.

        With `raw` bytes stay bytes, whatever the codec.
        """
        cdef WireReader r
        cdef uint8_t tag
        if self.at >= self.tape.len:
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
        if tag == c"-" or tag == c">":
            self.odd = reply
            return UNUSUAL_REPLY
        return reply

    def take_odd(self):
        """What `read` had UNUSUAL stand for: an exception, a push (a list), None for nothing."""
        odd, self.odd = self.odd, None
        return odd

    def ready(self):
        """Whether something can be read at once."""
        return self.at < self.tape.len

    def idle(self):
        """Whether it is open, and nothing can be read."""
        return not self.closed and not self.ready()

    def wait(self, timeout):
        """Wait until something can be read, `timeout` seconds or without end; whether it can."""
        return self.ready()

    def close(self):
        """Let go of what the session watches and waits for."""
        if self.closed or self.session is None:
            return
        self.closed = True
        self.at = self.tape.len = 0
        if self.pid != getpid():
            # What the session of the parent watches is not the child's to let go of.
            ek_session_forget_watches(self.session.p)
        self.session.end()

    def shutdown(self, how=0):
        """Nothing: `close` is all there is to do."""

    def settimeout(self, timeout):
        """Nothing: how long to wait is said to `wait`."""


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


cdef object wire_double(WireReader *r, double d, Wire w):
    cdef char text[64]
    cdef size_t n
    if r.resp >= 3:
        return d
    n = ek_format_double(text, d)
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
    if tag == c"d":
        r.p = p + 9
        memcpy(&d, p + 1, 8)
        return wire_double(r, d, w)
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
    r.p = p + 5 + n
    if tag == c"-":
        return w.error_for(PyUnicode_DecodeUTF8(<const char *> p + 5, n, b"replace"))
    if tag == c"=":  # "txt:" and the text
        return text_of(p + 9, n - 4, w.session, r.decode)
    return text_of(p + 5, n, w.session, r.decode)


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
