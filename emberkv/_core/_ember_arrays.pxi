# Columns: arrays as arguments and replies into arrays, without an object for each element; and views
# of values where they lie. What an element is as a string is said in emberkv/arrays.py.

cdef extern from "Python.h":
    int PyBuffer_FillInfo(Py_buffer *view, object exporter, void *buf, Py_ssize_t n, int readonly,
                          int flags) except -1
    char *PyOS_double_to_string(double v, char format_code, int precision, int flags, int *type)
    int PyBUF_SIMPLE
    int PyBUF_WRITABLE
    int PyObject_GetBuffer(object o, Py_buffer *view, int flags) except -1
    void PyBuffer_Release(Py_buffer *view)

cdef extern from "base/number.h" nogil:
    size_t ek_format_u64(char *out, uint64_t v)
    bint ek_parse_i64(const uint8_t *p, size_t n, int64_t *out)
    bint ek_parse_u64(const uint8_t *p, size_t n, uint64_t *out)
    bint ek_parse_double(const uint8_t *p, size_t n, double *out)

cdef enum:
    NUMBER_CHARS = 32


cdef class Column:
    """Elements of one width in contiguous memory. `kind`: numpy's letter, one of S V i u f b."""
    cdef Py_buffer buffer
    cdef uint8_t kind
    cdef Py_ssize_t width
    cdef readonly Py_ssize_t count
    cdef char *text             # the numbers as text
    cdef object __weakref__

    def __init__(self, data, str kind, Py_ssize_t width, bint writable=False):
        if self.buffer.buf != NULL:
            raise TypeError("a column is made once")
        PyObject_GetBuffer(data, &self.buffer, PyBUF_WRITABLE if writable else PyBUF_SIMPLE)
        self.kind = ord(kind)
        self.width = width
        self.count = self.buffer.len // width if width else 0

    def __dealloc__(self):
        PyMem_Free(self.text)
        PyBuffer_Release(&self.buffer)

    cdef inline const uint8_t *at(self, Py_ssize_t i) noexcept:
        return <const uint8_t *> self.buffer.buf + i * self.width

    cdef int prepare(self) except -1:
        """Memory for the numbers' text."""
        if self.kind in b"iufb" and self.text == NULL:
            self.text = <char *> PyMem_Malloc(max(self.count, 1) * NUMBER_CHARS)
            if self.text == NULL:
                raise MemoryError()
        return 0

    cdef int put(self, Py_ssize_t i, ek_str *out) except -1:
        """Element i as an argument."""
        cdef const uint8_t *p = self.at(i)
        cdef Py_ssize_t n = self.width
        if self.kind == c"S":
            while n > 0 and p[n - 1] == 0:
                n -= 1
        elif self.kind != c"V":
            out.p = <const uint8_t *> self.text + i * NUMBER_CHARS
            out.n = self.number(p, self.text + i * NUMBER_CHARS)
            return 0
        out.p = p
        out.n = n
        return 0

    cdef size_t number(self, const uint8_t *p, char *out) except 0:
        cdef int64_t i = 0
        cdef uint64_t u = 0
        if self.kind == c"f":
            return self.real(p, out)
        if self.kind == c"i":
            if self.width == 1:
                i = (<const signed char *> p)[0]
            elif self.width == 2:
                i = (<const short *> p)[0]
            elif self.width == 4:
                i = (<const int *> p)[0]
            else:
                i = (<const int64_t *> p)[0]
            return ek_format_i64(out, i)
        memcpy(&u, p, self.width)
        return ek_format_u64(out, u)

    cdef size_t real(self, const uint8_t *p, char *out) except 0:
        cdef double d
        cdef size_t n
        cdef char *shortest
        if self.width == 4:
            d = (<const float *> p)[0]
        else:
            d = (<const double *> p)[0]
        if -1e15 < d < 1e15 and d == <double> <int64_t> d and d != 0:
            return ek_format_i64(out, <int64_t> d)
        n = ek_format_shortest(out, d)
        if n:
            return n
        shortest = PyOS_double_to_string(d, c"r", 0, 0, NULL)
        if shortest == NULL:
            raise MemoryError()
        n = strlen(shortest)
        memcpy(out, shortest, n)
        PyMem_Free(shortest)
        return n

    cdef bint take(self, Py_ssize_t i, const uint8_t *s, Py_ssize_t n) noexcept:
        """Make element i of a string; False: it does not fit."""
        cdef uint8_t *p = <uint8_t *> self.at(i)
        cdef int64_t v
        cdef uint64_t u
        cdef double d
        if self.kind == c"S" or self.kind == c"V":
            if n > self.width or (self.kind == c"V" and n != self.width):
                return False
            memcpy(p, s, n)
            memset(p + n, 0, self.width - n)
            return True
        if self.kind == c"f":
            return ek_parse_double(s, n, &d) and self.take_double(i, d)
        if self.kind == c"u":
            return ek_parse_u64(s, n, &u) and self.take_unsigned(i, u)
        return ek_parse_i64(s, n, &v) and self.take_int(i, v)

    cdef bint take_unsigned(self, Py_ssize_t i, uint64_t u) noexcept:
        if self.width < 8 and u >> (8 * self.width):
            return False
        memcpy(<void *> self.at(i), &u, self.width)
        return True

    cdef bint take_int(self, Py_ssize_t i, int64_t v) noexcept:
        cdef int64_t limit
        if self.kind == c"f":
            return self.take_double(i, <double> v)
        if self.kind == c"u" or self.kind == c"b":
            return v >= 0 and (self.kind == c"u" or v <= 1) and self.take_unsigned(i, v)
        if self.width < 8:
            limit = <int64_t> 1 << (8 * self.width - 1)
            if not -limit <= v < limit:
                return False
        memcpy(<void *> self.at(i), &v, self.width)
        return True

    cdef bint take_double(self, Py_ssize_t i, double d) noexcept:
        if self.kind != c"f":
            return d == <double> <int64_t> d and self.take_int(i, <int64_t> d)
        if self.width == 4:
            (<float *> self.at(i))[0] = <float> d
        else:
            (<double *> self.at(i))[0] = d
        return True

    cdef void take_nothing(self, Py_ssize_t i) noexcept:
        memset(<void *> self.at(i), 0, self.width)
        if self.kind == c"f":
            self.take_double(i, float("nan"))


@cython.final
cdef class Tape:
    """A reply that has not become objects yet: rows of an array, of pairs, or of a map."""
    cdef ek_reply r
    cdef Session session

    def __dealloc__(self):
        ek_reply_free(&self.r)

    def value(self):
        """The reply as objects; an error is raised."""
        cdef Reader reader
        if self.r.len == 0:
            raise MemoryError()
        reader.p = self.r.buf
        reader.end = self.r.buf + self.r.len
        reply = read_reply(&reader, self.session)
        if isinstance(reply, Exception):
            raise reply
        return reply

    cdef bint is_rows(self) noexcept:
        return self.r.len > 0 and self.r.buf[0] in b"*~%"

    def rows(self, Py_ssize_t columns):
        """How many rows there are; what is no array is raised, or TypeError."""
        if not self.is_rows():
            self.value()
            raise TypeError("the reply is not an array")
        n = read_u32(self.r.buf + 1)
        if self.r.buf[0] == c"%" or columns == 1 or n == 0:
            return n
        return n if self.r.buf[5] in b"*nN" else n // columns

    def width(self, Py_ssize_t columns, Py_ssize_t column):
        """The length of the longest string in a column."""
        cdef const uint8_t *p = self.r.buf + 5
        cdef const uint8_t *end = self.r.buf + self.r.len
        cdef Py_ssize_t at = 0
        cdef uint32_t longest = 0
        while p < end:
            if p[0] in b"*~%":
                p += 5
                continue
            if p[0] in b"$+" and at == column:
                longest = max(longest, read_u32(p + 1))
            p += scalar_bytes(p)
            at = (at + 1) % columns
        return longest

    def read(self, list columns, bytearray present=None, bint whole_rows=False):
        """Fill the columns. A null clears its element, or with `whole_rows` its row, and the byte in
        `present`. ValueError for an element that is not of its column's type."""
        cdef const uint8_t *p = self.r.buf + 5
        cdef const uint8_t *end = self.r.buf + self.r.len
        cdef Py_ssize_t at = 0, row = 0, n = len(columns), i
        cdef Column c
        cdef double d
        cdef bint ok
        while p < end:
            if p[0] in b"*~%":
                p += 5
                continue
            c = columns[at]
            if p[0] in b"$+":
                ok = c.take(row, p + 5, read_u32(p + 1))
            elif p[0] == c"i":
                ok = c.take_int(row, read_i64(p + 1))
            elif p[0] == c"d" or p[0] == c"h":
                memcpy(&d, p + 1, 8)
                ok = c.take_double(row, d if p[0] == c"d" else ek_as_printed(d))
            elif p[0] == c"n" or p[0] == c"N":
                ok = True
                if present is not None:
                    present[row] = 0
                for i in range(n if whole_rows else 1):
                    (<Column> columns[at + i]).take_nothing(row)
                if whole_rows:
                    at = n - 1
            else:
                ok = False
            if not ok:
                raise ValueError(f"element {row} of the reply does not fit the array's type")
            p += scalar_bytes(p)
            at += 1
            if at == n:
                at = 0
                row += 1


cdef int put_columns(Args *a, list columns, bint numbers) except -1:
    """The elements, row by row; with `numbers`, doubles as they are."""
    cdef Py_ssize_t rows = (<Column> columns[0]).count if columns else 0
    cdef Py_ssize_t i, k, n = len(columns)
    cdef Column c
    args_reserve(a, rows * n)
    for k in range(n):
        c = columns[k]
        if numbers and c.kind == c"f" and c.width == 8:
            a.numbers = True
            for i in range(rows):
                a.v[a.n + i * n + k].p = c.at(i)
                a.v[a.n + i * n + k].n = EK_NUMBER
            continue
        c.prepare()
        for i in range(rows):
            c.put(i, &a.v[a.n + i * n + k])
    a.n += rows * n
    return 0


cdef inline Py_ssize_t scalar_bytes(const uint8_t *p) noexcept:
    if p[0] in b"$+-=":
        return 5 + read_u32(p + 1)
    return 9 if p[0] in b"idh" else 1


def run_columns(Session session, tuple head, list columns):
    """Run one command: `head`, then the columns row by row. Gives a Tape."""
    cdef Args a
    cdef Tape tape = Tape.__new__(Tape)
    cdef const ek_command *cmd
    cdef const ek_command *container
    cdef size_t before
    tape.session = session
    args_init(&a)
    try:
        for value in head:
            args_put(&a, value, session)
        cmd = ek_command_resolve(a.n, a.v, &container)
        before = a.n
        if cmd == ZADD or cmd == GEOADD:
            put_columns(&a, columns, True)
            if a.numbers and session.run_numbers(&tape.r, cmd, a.n, a.v):
                return tape
            a.n = before
        put_columns(&a, columns, False)
        session.run_onto(&tape.r, cmd, a.n, a.v)
    finally:
        args_free(&a)
    return tape


def read_strings(Session session, Column keys, Column out, bytearray present):
    """MGET straight into a column, without the lock; False: not so, or not all of one moment.

    ValueError for a string that does not fit its type. A missing one clears its byte in `present`.
    """
    cdef ek_arena *arena
    cdef const ek_table *table = session.p.peek
    cdef ek_str key[32]
    cdef uint64_t hashes[32]
    cdef char digits[24]
    cdef ek_str value
    cdef uint64_t seq
    cdef ek_peek_result found
    cdef Py_ssize_t start, i, m
    session.store.use()
    arena = session.p.a
    if table == NULL or session.p.in_multi or not ek_read_begin(arena, &seq):
        return False
    keys.prepare()
    for start in range(0, keys.count, 32):
        m = min(32, keys.count - start)
        for i in range(m):
            keys.put(start + i, &key[i])
            if key[i].n > EK_PEEK_KEY_MAX:
                return False
            hashes[i] = ek_table_hash(arena, key[i])
            ek_table_prefetch_bucket(arena, table, hashes[i])
        for i in range(m):
            ek_table_prefetch_item(arena, table, hashes[i])
        for i in range(m):
            found = ek_peek_string(arena, table, session.p.s, key[i], hashes[i], seq, digits,
                                   &value)
            if found == EK_PEEK_UNSURE:
                return False
            if found != EK_PEEK_FOUND:
                present[start + i] = 0
                out.take_nothing(start + i)
            elif not out.take(start + i, value.p, value.n):
                if not ek_read_ok(arena, seq):
                    return False
                raise ValueError(f"element {start + i} of the reply does not fit the array's type")
    return ek_read_ok(arena, seq)


# Views

ctypedef uint32_t ek_ref

cdef extern from "store/pins.h" nogil:
    ek_ref ek_pin(ek_store *s, ek_ref block)
    void ek_unpin(ek_store *s, ek_ref pin)

cdef extern from "store/keyspace.h" nogil:
    ctypedef struct ek_value:
        ek_ref outside
        uint8_t *data
        size_t len
        ek_type type
        int enc
    bint ek_keyspace_find(const ek_store *s, const ek_db *db, ek_str key, ek_value *v)
    bint ek_value_expired(const ek_store *s, const ek_value *v)
    enum:
        EK_STRING
        EK_ENC_INT

cdef extern from "arena/arena.h" nogil:
    ek_status ek_run(ek_arena *a, void (*fn)(void *) noexcept nogil, void *arg)

cdef struct Pinning:
    ek_store *s
    ek_ref block
    ek_ref pin


cdef void pin_block(void *arg) noexcept nogil:
    cdef Pinning *p = <Pinning *> arg
    p.pin = ek_pin(p.s, p.block)


cdef void unpin_block(void *arg) noexcept nogil:
    cdef Pinning *p = <Pinning *> arg
    ek_unpin(p.s, p.pin)


@cython.final
@cython.no_gc
cdef class View:
    """The bytes of a value in the arena, which stay as they are while this lives."""
    cdef Store store
    cdef const uint8_t *p
    cdef Py_ssize_t n
    cdef ek_ref pin
    cdef int pid                # who pinned it: a fork's child of a shared store did not

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, <void *> self.p, self.n, 1, flags)

    def __dealloc__(self):
        if self.pin:
            self.store.unpin(self.pin, self.store.path is None or self.pid == getpid())


def view_of(Session session, key):
    """A memoryview of the string at `key`, None if missing: of its bytes in the arena when it is long
    and nobody can undo it, else of a copy."""
    cdef Args a
    cdef ek_value v
    cdef Store store = session.store
    cdef View view = View.__new__(View)
    cdef Pinning p
    cdef ek_str name
    cdef ek_status st = EK_OK
    args_init(&a)
    try:
        args_put(&a, key, session)
        name = a.v[0]
        store.enter()
        p.s = store.s
        p.pin = 0
        # Whose rules are asked, its reads are a command's.
        if (store.s.a.level == 0 and not session.p.in_multi and not ek_acl_asks(session.p)
                and ek_keyspace_find(store.s, &store.s.dbs[session.p.db], name, &v)
                and not ek_value_expired(store.s, &v) and v.type == EK_STRING and v.outside):
            p.block = v.outside
            st = ek_run(store.s.a, pin_block, &p)
            view.p = v.data
            view.n = v.len
        leave(store.s)
    finally:
        args_free(&a)
    if st == EK_OK and p.pin:
        view.pid = getpid()
        view.store = store
        view.pin = p.pin
        store.views += 1
        return memoryview(view)
    value = session.execute(("GET", key))
    return None if value is None else memoryview(value.encode() if type(value) is str else value)
