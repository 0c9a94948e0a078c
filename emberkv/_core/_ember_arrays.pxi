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

cdef extern from "engine/columns.h" nogil:
    ctypedef struct ek_column:
        uint8_t *p
        size_t width
        char kind
    bint ek_column_is_text(const ek_column *c)
    void ek_column_strings(const ek_column *c, size_t start, size_t n, ek_str *out, size_t step)
    size_t ek_column_texts(const ek_column *c, size_t start, size_t n, ek_str *out, size_t step,
                           char **text)
    size_t ek_column_text_chars(const ek_column *c)
    double ek_column_real(const ek_column *c, size_t i)
    bint ek_column_take(const ek_column *c, size_t i, const uint8_t *s, size_t n)
    bint ek_columns_read(const ek_reply *tape, const ek_column *columns, size_t n, uint8_t *present,
                         bint whole_rows, size_t *row)

cdef extern from "engine/column_reads.h":
    ctypedef enum ek_column_result:
        EK_COLUMN_READ
        EK_COLUMN_UNSURE
        EK_COLUMN_MISFIT
    ek_column_result ek_column_strings_at(ek_session *session, const ek_column *keys, size_t n,
                                          const ek_column *out, uint8_t *present, size_t *row)
    ek_column_result ek_column_members(ek_session *session, ek_str name, const ek_column *members,
                                       size_t n, uint8_t *out)
    ek_column_result ek_column_scores(ek_session *session, ek_str name, const ek_column *members,
                                      size_t n, double *out)

cdef enum:
    COLUMNS_MAX = 8


cdef class Column:
    """Elements of one width in contiguous memory. `kind`: numpy's letter, one of S V i u f b."""
    cdef Py_buffer buffer
    cdef ek_column c
    cdef readonly Py_ssize_t count
    cdef char *text             # the numbers as text
    cdef object __weakref__

    def __init__(self, data, str kind, Py_ssize_t width, bint writable=False):
        if self.buffer.buf != NULL:
            raise TypeError("a column is made once")
        PyObject_GetBuffer(data, &self.buffer, PyBUF_WRITABLE if writable else PyBUF_SIMPLE)
        self.c.p = <uint8_t *> self.buffer.buf
        self.c.kind = ord(kind)
        self.c.width = width
        self.count = self.buffer.len // width if width else 0

    def __dealloc__(self):
        ek_large_free(self.text)
        PyBuffer_Release(&self.buffer)

    cdef int put_all(self, ek_str *out, Py_ssize_t step) except -1:
        """The elements as arguments, `step` apart."""
        cdef char *text
        cdef char *shortest
        cdef Py_ssize_t i
        if ek_column_is_text(&self.c):
            ek_column_strings(&self.c, 0, self.count, out, step)
            return 0
        if self.text == NULL:
            self.text = <char *> ek_large_alloc(max(self.count, 1) * ek_column_text_chars(&self.c))
            if self.text == NULL:
                raise MemoryError()
        text = self.text
        i = ek_column_texts(&self.c, 0, self.count, out, step, &text)
        while i < self.count:
            shortest = PyOS_double_to_string(ek_column_real(&self.c, i), c"r", 0, 0, NULL)
            if shortest == NULL:
                raise MemoryError()
            out[i * step].p = <const uint8_t *> text
            out[i * step].n = strlen(shortest)
            memcpy(text, shortest, out[i * step].n)
            text += out[i * step].n
            PyMem_Free(shortest)
            i += 1
            i += ek_column_texts(&self.c, i, self.count - i, out + i * step, step, &text)
        return 0


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
        cdef ek_column into[COLUMNS_MAX]
        cdef size_t i, n = len(columns), row
        if not 0 < n <= COLUMNS_MAX:
            raise ValueError(f"from one to {COLUMNS_MAX} columns are wanted")
        for i in range(n):
            into[i] = (<Column> columns[i]).c
        if not ek_columns_read(&self.r, into, n,
                               NULL if present is None else <uint8_t *> <char *> present,
                               whole_rows, &row):
            raise ValueError(f"element {row} of the reply does not fit the array's type")


cdef int put_columns(Args *a, list columns, bint numbers) except -1:
    """The elements, row by row; with `numbers`, doubles as they are, but for the members, which end a row."""
    cdef Py_ssize_t rows = (<Column> columns[0]).count if columns else 0
    cdef Py_ssize_t i, k, n = len(columns)
    cdef Column c
    args_reserve(a, rows * n)
    for k in range(n):
        c = columns[k]
        if numbers and k < n - 1 and c.c.kind == c"f" and c.c.width == 8:
            a.numbers = True
            for i in range(rows):
                a.v[a.n + i * n + k].p = c.c.p + 8 * i
                a.v[a.n + i * n + k].n = EK_NUMBER
            continue
        c.put_all(&a.v[a.n + k], n)
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
    cdef size_t row
    cdef ek_column_result result
    session.store.use()
    result = ek_column_strings_at(session.p, &keys.c, keys.count, &out.c, <uint8_t *> <char *> present,
                                  &row)
    if result == EK_COLUMN_MISFIT:
        raise ValueError(f"element {row} of the reply does not fit the array's type")
    return result == EK_COLUMN_READ


def read_members(Session session, name, Column members, Column out):
    """SMISMEMBER into a column of bools, or ZMSCORE into one of doubles, without the lock.

    False: not so, or not all of one moment.
    """
    cdef Args a
    session.store.use()
    args_init(&a)
    try:
        args_put(&a, name, session)
        if out.c.kind == c"b":
            return ek_column_members(session.p, a.v[0], &members.c, members.count,
                                     out.c.p) == EK_COLUMN_READ
        return ek_column_scores(session.p, a.v[0], &members.c, members.count,
                                <double *> out.c.p) == EK_COLUMN_READ
    finally:
        args_free(&a)


cdef Py_ssize_t begin_list(Session session, ek_str key, int64_t start, int64_t end,
                           ek_peek_walk *walk) except -1:
    """How many elements there are to read without the lock; 0: none, or they cannot be read so."""
    cdef const ek_table *table
    cdef uint64_t seq
    session.store.use()
    table = session.p.peek
    if (table == NULL or session.p.in_multi or not ek_read_begin(session.p.a, &seq)
            or ek_peek_list(session.p.s, table, key, seq, start, end, UINT32_MAX,
                            walk) != EK_PEEK_FOUND or not ek_read_ok(session.p.a, seq)):
        return 0
    return walk.left


def read_range(Session session, name, start, end, make):
    """LRANGE straight into the column that make(their number) gives, without the lock.

    False: not so, or not all of one moment, or they do not fit its type.
    """
    cdef Args a
    cdef ek_peek_walk walk
    cdef ek_str element
    cdef Column out
    cdef int64_t first, last
    cdef Py_ssize_t n, i
    if not (index_arg(<PyObject *> start, &first) and index_arg(<PyObject *> end, &last)):
        return False
    args_init(&a)
    try:
        args_put(&a, name, session)
        n = begin_list(session, a.v[0], first, last, &walk)
        if n == 0:
            return False
        out = make(n)  # which can run any code: the walk begins anew
        if out.count != n or begin_list(session, a.v[0], first, last, &walk) != n:
            return False
        for i in range(n):
            if (ek_peek_next(&walk, &element) != EK_PEEK_FOUND
                    or not ek_column_take(&out.c, i, element.p, element.n)):
                return False
        if not ek_read_ok(walk.a, walk.seq):
            return False
        ek_count_read(session.p.s, session.p.db, a.v[0], True)
        return True
    finally:
        args_free(&a)


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
        store.enter_unless_busy()
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
    value = session.get_bytes(key)
    return None if value is None else memoryview(value)
