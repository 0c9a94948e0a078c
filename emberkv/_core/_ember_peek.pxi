# The shortest way in for reads of one element: without the lock (store/peek.h). What cannot be told
# that way, or has been changed meanwhile, is asked again under it.

cdef inline bint peek_key(Client c, PyObject **args, Py_ssize_t n, PyObject *kwnames, ek_str *key,
                          uint64_t *seq) noexcept:
    """Take the one argument; False: not so."""
    cdef ek_session *p = c.p
    return (kwnames == NULL and n == 1 and p.peek != NULL and fast_arg(c._session, args[0], key)
            and ek_read_begin(p.a, seq))


cdef inline bint peek_pair(Client c, PyObject **args, Py_ssize_t n, PyObject *kwnames, ek_str *key,
                           ek_str *element, uint64_t *seq) noexcept:
    """Take the two arguments; False: not so."""
    cdef ek_session *p = c.p
    return (kwnames == NULL and n == 2 and p.peek != NULL and fast_arg(c._session, args[0], key)
            and fast_arg(c._session, args[1], element) and ek_read_begin(p.a, seq))


cdef inline void peeked_element(ek_session *p, ek_str key, ek_peek_result found) noexcept:
    """Count it: an element that is not there is a hit all the same, if its key is."""
    ek_count_read(p.s, p.db, key, found == EK_PEEK_FOUND
              or ek_peek_exists(p.s, p.peek, key) == EK_PEEK_FOUND)


cdef PyObject *decoded(Session s, PyObject *raw) except NULL:
    try:
        text = text_of(<const uint8_t *> PyBytes_AS_STRING_(raw), PyBytes_GET_SIZE_(raw), s, True)
    finally:
        Py_XDECREF(raw)
    return Py_NewRef(<PyObject *> text)


cdef PyObject *fast_get(PyObject *self, PyObject **args, Py_ssize_t n,
                        PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef const ek_table *keys = p.peek
    cdef ek_str key, value
    cdef uint64_t seq
    cdef char digits[24]
    cdef ek_peek_result found
    cdef PyObject *result
    if (kwnames == NULL and n == 1 and keys != NULL
            and fast_arg((<Client> self)._session, args[0], &key)
            and key.n <= EK_PEEK_KEY_MAX and ek_read_begin(p.a, &seq)):
        found = ek_peek_string(p.a, keys, p.s, key, ek_table_hash(p.a, key), seq, digits, &value)
        if found == EK_PEEK_FOUND:
            result = PyBytes_FromStringAndSize_(<const char *> value.p, value.n)
            if ek_read_ok(p.a, seq):
                ek_count_read(p.s, p.db, key, found == EK_PEEK_FOUND)
                if (<Client> self)._session.decode:
                    return decoded((<Client> self)._session, result)
                return result
            Py_XDECREF(result)
        elif found == EK_PEEK_ABSENT and ek_read_ok(p.a, seq):
            ek_count_read(p.s, p.db, key, False)
            return Py_NewRef(Py_None_)
    return go_slow(0, self, args, n, kwnames)


cdef PyObject *fast_hget(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef ek_str key, field, value
    cdef uint64_t seq
    cdef char digits[24]
    cdef ek_peek_result found
    cdef PyObject *result
    if peek_pair(<Client> self, args, n, kwnames, &key, &field, &seq):
        found = ek_peek_field(p.s, p.peek, key, field, seq, digits, &value)
        if found == EK_PEEK_FOUND:
            result = PyBytes_FromStringAndSize_(<const char *> value.p, value.n)
            if ek_read_ok(p.a, seq):
                peeked_element(p, key, found)
                if (<Client> self)._session.decode:
                    return decoded((<Client> self)._session, result)
                return result
            Py_XDECREF(result)
        elif found == EK_PEEK_ABSENT and ek_read_ok(p.a, seq):
            peeked_element(p, key, found)
            return Py_NewRef(Py_None_)
    return fast_run(2, HGET, self, args, n, 2, 2, kwnames)


cdef PyObject *fast_hexists(PyObject *self, PyObject **args, Py_ssize_t n,
                            PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef ek_str key, field, value
    cdef uint64_t seq
    cdef char digits[24]
    cdef ek_peek_result found
    if peek_pair(<Client> self, args, n, kwnames, &key, &field, &seq):
        found = ek_peek_field(p.s, p.peek, key, field, seq, digits, &value)
        if found != EK_PEEK_UNSURE and ek_read_ok(p.a, seq):
            peeked_element(p, key, found)
            return Py_NewRef(Py_True_ if found == EK_PEEK_FOUND else Py_False_)
    return go_slow(13, self, args, n, kwnames)


cdef PyObject *fast_sismember(PyObject *self, PyObject **args, Py_ssize_t n,
                              PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef ek_str key, member
    cdef uint64_t seq
    cdef ek_peek_result found
    if peek_pair(<Client> self, args, n, kwnames, &key, &member, &seq):
        found = ek_peek_member(p.s, p.peek, key, member)
        if found != EK_PEEK_UNSURE and ek_read_ok(p.a, seq):
            peeked_element(p, key, found)
            return PyLong_FromLong_(found == EK_PEEK_FOUND)
    return fast_run(9, SISMEMBER, self, args, n, 2, 2, kwnames)


cdef PyObject *fast_zscore(PyObject *self, PyObject **args, Py_ssize_t n,
                           PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef ek_str key, member
    cdef uint64_t seq
    cdef double score
    cdef ek_peek_result found
    if peek_pair(<Client> self, args, n, kwnames, &key, &member, &seq):
        found = ek_peek_score(p.s, p.peek, key, member, &score)
        if found != EK_PEEK_UNSURE and ek_read_ok(p.a, seq):
            peeked_element(p, key, found)
            if found == EK_PEEK_FOUND:
                return PyFloat_FromDouble_(score)
            return Py_NewRef(Py_None_)
    return fast_run(10, ZSCORE, self, args, n, 2, 2, kwnames)


cdef object rank_of(Client c, const ek_command *cmd, object name, object value, bint from_end):
    cdef PyObject *args[2]
    cdef ek_str key, member
    cdef uint64_t seq
    cdef uint32_t rank = 0
    cdef ek_peek_result found
    args[0] = <PyObject *> name
    args[1] = <PyObject *> value
    if peek_pair(c, args, 2, NULL, &key, &member, &seq):
        found = ek_peek_rank(c.p.s, c.p.peek, key, member, from_end, &rank)
        if found != EK_PEEK_UNSURE and ek_read_ok(c.p.a, seq):
            peeked_element(c.p, key, found)
            return rank if found == EK_PEEK_FOUND else None
    return c._session.call2(cmd, name, value)


cdef PyObject *fast_exists(PyObject *self, PyObject **args, Py_ssize_t n,
                           PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef ek_str key
    cdef uint64_t seq
    cdef ek_peek_result found
    if peek_key(<Client> self, args, n, kwnames, &key, &seq):
        found = ek_peek_exists(p.s, p.peek, key)
        if found != EK_PEEK_UNSURE and ek_read_ok(p.a, seq):
            ek_count_read(p.s, p.db, key, found == EK_PEEK_FOUND)
            return PyLong_FromLong_(found == EK_PEEK_FOUND)
    return go_slow(14, self, args, n, kwnames)


cdef inline PyObject *fast_count(int which, ek_type type, PyObject *self, PyObject **args,
                                 Py_ssize_t n, PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef ek_str key
    cdef uint64_t seq
    cdef uint64_t count = 0
    cdef ek_peek_result found
    if peek_key(<Client> self, args, n, kwnames, &key, &seq):
        found = ek_peek_count(p.s, p.peek, key, type, &count)
        if found != EK_PEEK_UNSURE and ek_read_ok(p.a, seq):
            ek_count_read(p.s, p.db, key, found == EK_PEEK_FOUND)
            return PyLong_FromUnsignedLongLong_(count)
    return go_slow(which, self, args, n, kwnames)


cdef PyObject *fast_llen(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    return fast_count(15, EK_LIST, self, args, n, kwnames)


cdef PyObject *fast_hlen(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    return fast_count(16, EK_HASH, self, args, n, kwnames)


cdef PyObject *fast_scard(PyObject *self, PyObject **args, Py_ssize_t n,
                          PyObject *kwnames) except NULL:
    return fast_count(17, EK_SET_TYPE, self, args, n, kwnames)


cdef PyObject *fast_zcard(PyObject *self, PyObject **args, Py_ssize_t n,
                          PyObject *kwnames) except NULL:
    return fast_count(18, EK_ZSET, self, args, n, kwnames)
