# Reads of many elements without the lock (store/peek_many.h): each is copied once, from the arena
# into its object. Objects that the collector knows are made when all has been read: making them can
# run any code.

cdef extern from "Python.h":
    # NULL and an exception: no memory
    PyObject *bytes_of "PyBytes_FromStringAndSize"(const char *p, Py_ssize_t n) noexcept
    void PyList_SET_ITEM_ "PyList_SET_ITEM"(object list, Py_ssize_t i, PyObject *item)
    int PyDict_SetItem_ "PyDict_SetItem"(object d, PyObject *key, PyObject *value) except -1
    void PyErr_Clear() noexcept

cdef enum:
    NAMES_LOG2 = 9
    NAME_MAX = 32

# Fields come again and again, in every hash of a kind: the last ones seen are kept, and with them
# what Python's dict wants to know of them.
cdef PyObject *names[1 << NAMES_LOG2]


cdef PyObject *name_of(const uint8_t *p, size_t n) noexcept:
    cdef uint64_t mixed
    cdef PyObject **place
    cdef PyObject *name
    if n > NAME_MAX or n == 0:
        return bytes_of(<const char *> p, n)
    if n >= 8:
        mixed = ek_load64(p) ^ (ek_load64(p + n - 8) << 7) ^ n
    elif n >= 4:
        mixed = ek_load32(p) ^ (<uint64_t> ek_load32(p + n - 4) << 23) ^ n
    else:
        mixed = p[0] ^ (<uint64_t> p[n - 1] << 8) ^ (<uint64_t> p[n // 2] << 16) ^ n
    place = &names[(mixed * <uint64_t> 0x9e3779b97f4a7c15) >> (64 - NAMES_LOG2)]
    name = place[0]
    if (name != NULL and <size_t> PyBytes_GET_SIZE_(name) == n
            and ek_bytes_eq(<const uint8_t *> PyBytes_AS_STRING_(name), p, n)):
        return Py_NewRef(name)
    name = bytes_of(<const char *> p, n)
    if name != NULL:
        Py_XDECREF(place[0])
        place[0] = Py_NewRef(name)
    return name


cdef void release(PyObject **items, Py_ssize_t n) noexcept:
    for i in range(n):
        Py_XDECREF(items[i])


cdef Py_ssize_t gather(ek_peek_walk *w, PyObject **items, bint named) noexcept:
    """What the walk gives, with `named` as fields and values in turn; -1: ask under the lock."""
    cdef Py_ssize_t n = 0
    cdef ek_str element
    cdef ek_peek_result found
    while True:
        found = ek_peek_next(w, &element)
        if found != EK_PEEK_FOUND:
            break
        if named and n & 1 == 0:
            items[n] = name_of(element.p, element.n)
        else:
            items[n] = bytes_of(<const char *> element.p, element.n)
        if items[n] == NULL:
            PyErr_Clear()
            found = EK_PEEK_UNSURE
            break
        n += 1
    if found == EK_PEEK_ABSENT and ek_read_ok(w.a, w.seq) and not (named and n & 1):
        return n
    release(items, n)
    return -1


cdef object list_of(PyObject **items, Py_ssize_t n):
    cdef Py_ssize_t i
    try:
        out = PyList_New(n)
    except:
        release(items, n)
        raise
    for i in range(n):
        PyList_SET_ITEM_(out, i, items[i])
    return out


cdef object dict_of(PyObject **items, Py_ssize_t n):
    cdef Py_ssize_t i
    try:
        out = ek_dict_for(n // 2)
        for i in range(0, n, 2):
            PyDict_SetItem_(out, items[i], items[i + 1])
    finally:
        release(items, n)
    return out


cdef inline bint index_arg(PyObject *o, int64_t *out) noexcept:
    cdef int overflow = 0
    if not PyLong_CheckExact_(o):
        return False
    out[0] = PyLong_AsLongLongAndOverflow_(o, &overflow)
    return overflow == 0


ctypedef ek_peek_result (*range_peek)(const ek_store *s, const ek_table *keys, ek_str key,
                                      uint64_t seq, int64_t start, int64_t stop, uint32_t most,
                                      ek_peek_walk *w) noexcept nogil


cdef inline object range_unlocked(Client c, range_peek peek, PyObject **args):
    """The elements of a range, or None: ask under the lock."""
    cdef ek_session *p = c.p
    cdef ek_str key
    cdef uint64_t seq
    cdef int64_t start, stop
    cdef ek_peek_walk walk
    cdef ek_peek_result found
    cdef PyObject *items[EK_PEEK_MANY]
    cdef Py_ssize_t n
    if (c._session.decode or not index_arg(args[1], &start) or not index_arg(args[2], &stop)
            or not peek_key(c, args, 1, NULL, &key, &seq)):
        return None
    found = peek(p.s, p.peek, key, seq, start, stop, EK_PEEK_MANY, &walk)
    if found == EK_PEEK_ABSENT and ek_read_ok(p.a, seq):
        ek_count_read(p.s, p.db, key, False)
        return []
    n = gather(&walk, items, False) if found == EK_PEEK_FOUND else -1
    if n < 0:
        return None
    ek_count_read(p.s, p.db, key, True)
    return list_of(items, n)


cdef PyObject *fast_lrange(PyObject *self, PyObject **args, Py_ssize_t n,
                           PyObject *kwnames) except NULL:
    if kwnames == NULL and n == 3:
        out = range_unlocked(<Client> self, ek_peek_list, args)
        if out is not None:
            return Py_NewRef(<PyObject *> out)
    return go_slow(24, self, args, n, kwnames)


cdef object ranks_of(Client c, object name, object start, object end):
    cdef PyObject *args[3]
    args[0] = <PyObject *> name
    args[1] = <PyObject *> start
    args[2] = <PyObject *> end
    out = range_unlocked(c, ek_peek_ranks, args)
    return c._session.call3(ZRANGE, name, start, end) if out is None else out


cdef PyObject *fast_hgetall(PyObject *self, PyObject **args, Py_ssize_t n,
                            PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef ek_str key
    cdef uint64_t seq
    cdef ek_peek_walk walk
    cdef ek_peek_result found
    cdef PyObject *items[EK_PEEK_MANY]
    cdef Py_ssize_t count = -1
    if not (<Client> self)._session.decode and peek_key(<Client> self, args, n, kwnames, &key, &seq):
        found = ek_peek_pairs(p.s, p.peek, key, seq, &walk)
        if found == EK_PEEK_FOUND:
            count = gather(&walk, items, True)
        elif found == EK_PEEK_ABSENT and ek_read_ok(p.a, seq):
            count = 0
        if count >= 0:
            ek_count_read(p.s, p.db, key, found == EK_PEEK_FOUND)
            out = dict_of(items, count)
            return Py_NewRef(<PyObject *> out)
    return fast_run(12, HGETALL, self, args, n, 1, 1, kwnames)
