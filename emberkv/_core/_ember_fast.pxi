# The shortest way in: for the most frequent calls of the compiled methods (no keywords, at most a few
# arguments that are bytes or str) the arguments go straight from the interpreter's array to the
# engine's, without a tuple, a defaults table or a reference count. Everything else goes to the method
# of the same name in _ember_client.pxi, whose signature and documentation these carry.

cdef extern from "Python.h":
    ctypedef struct PyMethodDef:
        const char *ml_name
        void *ml_meth
        int ml_flags
        const char *ml_doc
    ctypedef struct PyMethodDescrObject:
        PyMethodDef *d_method
    ctypedef struct PyTypeObject:
        PyObject *tp_dict
    int METH_FASTCALL
    int METH_KEYWORDS
    PyObject *PyLong_FromLong_ "PyLong_FromLong"(long v)
    object PyDescr_NewMethod(PyTypeObject *type, PyMethodDef *method)
    void PyType_Modified(PyTypeObject *type)
    bint PyBytes_CheckExact_ "PyBytes_CheckExact"(PyObject *o)
    char *PyBytes_AS_STRING_ "PyBytes_AS_STRING"(PyObject *o)
    Py_ssize_t PyBytes_GET_SIZE_ "PyBytes_GET_SIZE"(PyObject *o)
    bint PyUnicode_CheckExact_ "PyUnicode_CheckExact"(PyObject *o)
    bint PyUnicode_IS_COMPACT_ASCII_ "PyUnicode_IS_COMPACT_ASCII"(PyObject *o)
    void *PyUnicode_DATA_ "PyUnicode_DATA"(PyObject *o)
    Py_ssize_t PyUnicode_GET_LENGTH_ "PyUnicode_GET_LENGTH"(PyObject *o)
    PyObject *PyObject_Vectorcall_ "PyObject_Vectorcall"(PyObject *f, PyObject **args, size_t n,
                                                         PyObject *kwnames)
    Py_ssize_t PyTuple_GET_SIZE_ "PyTuple_GET_SIZE"(PyObject *o)
    PyObject *PyFloat_FromDouble_ "PyFloat_FromDouble"(double v) except NULL
    PyObject *Py_None_ "Py_None"
    PyObject *Py_True_ "Py_True"
    PyObject *Py_False_ "Py_False"
    PyObject *Py_NewRef(PyObject *o)

cdef enum:
    FAST_ARGS = 6
    FAST_METHODS = 24

ctypedef PyObject *(*fast_method)(PyObject *, PyObject **, Py_ssize_t, PyObject *) except NULL

cdef PyMethodDef fast_defs[FAST_METHODS]
cdef PyObject *slow_methods[FAST_METHODS]
cdef int fast_count = 0


cdef PyObject *go_slow(int which, PyObject *self, PyObject **args, Py_ssize_t n,
                       PyObject *kwnames) except NULL:
    cdef size_t total = n + (PyTuple_GET_SIZE_(kwnames) if kwnames != NULL else 0)
    cdef PyObject *few[12]
    cdef PyObject **all = few
    cdef PyObject *result
    if total + 1 > 12:
        all = <PyObject **> PyMem_Malloc((total + 1) * sizeof(PyObject *))
        if all == NULL:
            raise MemoryError()
    all[0] = self
    memcpy(all + 1, args, total * sizeof(PyObject *))
    result = PyObject_Vectorcall_(slow_methods[which], all, n + 1, kwnames)
    if all != few:
        PyMem_Free(all)
    return result


cdef inline bint fast_arg(Session s, PyObject *o, ek_str *out) noexcept:
    if PyBytes_CheckExact_(o):
        out.p = <const uint8_t *> PyBytes_AS_STRING_(o)
        out.n = PyBytes_GET_SIZE_(o)
        return True
    if PyUnicode_CheckExact_(o) and s.utf8 and PyUnicode_IS_COMPACT_ASCII_(o):
        out.p = <const uint8_t *> PyUnicode_DATA_(o)
        out.n = PyUnicode_GET_LENGTH_(o)
        return True
    return False


cdef inline PyObject *fast_run(int which, const ek_command *cmd, PyObject *self, PyObject **args,
                               Py_ssize_t n, Py_ssize_t least, Py_ssize_t most,
                               PyObject *kwnames) except NULL:
    cdef Session s = (<Client> self)._session
    cdef ek_str argv[FAST_ARGS + 1]
    cdef Py_ssize_t i
    if kwnames != NULL or n < least or n > most or n > FAST_ARGS or (<Client> self).p.a == NULL:
        return go_slow(which, self, args, n, kwnames)
    for i in range(n):
        if not fast_arg(s, args[i], &argv[i + 1]):
            return go_slow(which, self, args, n, kwnames)
    argv[0].p = <const uint8_t *> cmd.name
    argv[0].n = cmd.own_len
    result = s.run(cmd, n + 1, argv)
    return Py_NewRef(<PyObject *> result)


cdef PyObject *fast_get(PyObject *self, PyObject **args, Py_ssize_t n,
                        PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef const ek_table *keys = p.peek
    cdef ek_str key, value
    cdef uint64_t seq
    cdef char digits[24]
    cdef ek_peek_result found
    cdef PyObject *result
    if (kwnames == NULL and n == 1 and keys != NULL and fast_arg((<Client> self)._session, args[0], &key)
            and key.n <= EK_PEEK_KEY_MAX and ek_read_begin(p.a, &seq)):
        found = ek_peek_string(p.a, keys, p.s, key, ek_table_hash(p.a, key), digits, &value)
        if found == EK_PEEK_FOUND:
            result = PyBytes_FromStringAndSize_(<const char *> value.p, value.n)
            if ek_read_ok(p.a, seq):
                if (<Client> self)._session.decode:
                    return decoded((<Client> self)._session, result)
                return result
            Py_XDECREF(result)
        elif found == EK_PEEK_ABSENT and ek_read_ok(p.a, seq):
            return Py_NewRef(Py_None_)
    return go_slow(0, self, args, n, kwnames)


cdef PyObject *decoded(Session s, PyObject *raw) except NULL:
    text = text_of(<const uint8_t *> PyBytes_AS_STRING_(raw), PyBytes_GET_SIZE_(raw), s, True)
    Py_XDECREF(raw)
    return Py_NewRef(<PyObject *> text)


cdef PyObject *fast_set(PyObject *self, PyObject **args, Py_ssize_t n,
                        PyObject *kwnames) except NULL:
    cdef Session s = (<Client> self)._session
    cdef ek_str argv[3]
    if (kwnames != NULL or n != 2 or (<Client> self).p.a == NULL
            or not fast_arg(s, args[0], &argv[1]) or not fast_arg(s, args[1], &argv[2])):
        return go_slow(1, self, args, n, kwnames)
    argv[0].p = <const uint8_t *> SET.name
    argv[0].n = SET.own_len
    s.run_status(SET, 3, argv)
    # Queued in a MULTI it is not set yet.
    return Py_NewRef(Py_False_ if (<Client> self)._session.p.in_multi else Py_True_)


cdef PyObject *fast_hget(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef const ek_table *keys = p.peek
    cdef ek_str key, field, value
    cdef uint64_t seq
    cdef char digits[24]
    cdef ek_peek_result found
    cdef PyObject *result
    if (kwnames == NULL and n == 2 and keys != NULL
            and fast_arg((<Client> self)._session, args[0], &key)
            and fast_arg((<Client> self)._session, args[1], &field)
            and key.n <= EK_PEEK_KEY_MAX and field.n <= EK_PEEK_KEY_MAX
            and ek_read_begin(p.a, &seq)):
        found = ek_hash_peek(p.a, keys, p.s, key, field, digits, &value)
        if found == EK_PEEK_FOUND:
            result = PyBytes_FromStringAndSize_(<const char *> value.p, value.n)
            if ek_read_ok(p.a, seq):
                if (<Client> self)._session.decode:
                    return decoded((<Client> self)._session, result)
                return result
            Py_XDECREF(result)
        elif found == EK_PEEK_ABSENT and ek_read_ok(p.a, seq):
            return Py_NewRef(Py_None_)
    return fast_run(2, HGET, self, args, n, 2, 2, kwnames)


cdef PyObject *fast_hset(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    return fast_run(3, HSET, self, args, n, 3, 3, kwnames)


cdef PyObject *fast_lpush(PyObject *self, PyObject **args, Py_ssize_t n,
                          PyObject *kwnames) except NULL:
    return fast_run(4, LPUSH, self, args, n, 2, FAST_ARGS, kwnames)


cdef PyObject *fast_rpush(PyObject *self, PyObject **args, Py_ssize_t n,
                          PyObject *kwnames) except NULL:
    return fast_run(5, RPUSH, self, args, n, 2, FAST_ARGS, kwnames)


cdef PyObject *fast_lpop(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    return fast_run(6, LPOP, self, args, n, 1, 1, kwnames)


cdef PyObject *fast_rpop(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    return fast_run(7, RPOP, self, args, n, 1, 1, kwnames)


cdef PyObject *fast_sadd(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    return fast_run(8, SADD, self, args, n, 2, FAST_ARGS, kwnames)


cdef PyObject *fast_sismember(PyObject *self, PyObject **args, Py_ssize_t n,
                              PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef const ek_table *keys = p.peek
    cdef ek_str key, member
    cdef uint64_t seq
    cdef ek_peek_result found
    if (kwnames == NULL and n == 2 and keys != NULL
            and fast_arg((<Client> self)._session, args[0], &key)
            and fast_arg((<Client> self)._session, args[1], &member)
            and key.n <= EK_PEEK_KEY_MAX and member.n <= EK_PEEK_KEY_MAX
            and ek_read_begin(p.a, &seq)):
        found = ek_set_peek(p.a, keys, p.s, key, member)
        if found != EK_PEEK_UNSURE and ek_read_ok(p.a, seq):
            return PyLong_FromLong_(found == EK_PEEK_FOUND)
    return fast_run(9, SISMEMBER, self, args, n, 2, 2, kwnames)


cdef PyObject *fast_zscore(PyObject *self, PyObject **args, Py_ssize_t n,
                           PyObject *kwnames) except NULL:
    cdef ek_session *p = (<Client> self).p
    cdef const ek_table *keys = p.peek
    cdef ek_str key, member
    cdef uint64_t seq
    cdef double score
    cdef ek_peek_result found
    if (kwnames == NULL and n == 2 and keys != NULL
            and fast_arg((<Client> self)._session, args[0], &key)
            and fast_arg((<Client> self)._session, args[1], &member)
            and key.n <= EK_PEEK_KEY_MAX and ek_read_begin(p.a, &seq)):
        found = ek_zset_peek_score(p.a, keys, key, ek_table_hash(p.a, key), member, &score)
        if found != EK_PEEK_UNSURE and ek_read_ok(p.a, seq):
            return PyFloat_FromDouble_(score) if found == EK_PEEK_FOUND else Py_NewRef(Py_None_)
    return fast_run(10, ZSCORE, self, args, n, 2, 2, kwnames)


cdef PyObject *fast_incr(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    return fast_run(11, INCR, self, args, n, 1, 1, kwnames)


cdef PyObject *fast_hgetall(PyObject *self, PyObject **args, Py_ssize_t n,
                            PyObject *kwnames) except NULL:
    return fast_run(12, HGETALL, self, args, n, 1, 1, kwnames)


cdef int install(str name, fast_method method) except -1:
    """Put the method in front of the one of that name; it keeps the signature and the text."""
    global fast_count
    cdef PyTypeObject *cls = <PyTypeObject *> Client
    cdef dict members = <dict> cls.tp_dict
    slow = members[name]
    cdef PyMethodDef *was = (<PyMethodDescrObject *> slow).d_method
    cdef PyMethodDef *d = &fast_defs[fast_count]
    d.ml_name = was.ml_name
    d.ml_meth = <void *> method
    d.ml_flags = METH_FASTCALL | METH_KEYWORDS
    d.ml_doc = was.ml_doc
    slow_methods[fast_count] = <PyObject *> slow
    Py_INCREF(slow)  # for as long as the module
    members[name] = PyDescr_NewMethod(cls, d)
    fast_count += 1
    return 0


install("get", fast_get)
install("set", fast_set)
install("hget", fast_hget)
install("hset", fast_hset)
install("lpush", fast_lpush)
install("rpush", fast_rpush)
install("lpop", fast_lpop)
install("rpop", fast_rpop)
install("sadd", fast_sadd)
install("sismember", fast_sismember)
install("zscore", fast_zscore)
install("incr", fast_incr)
install("hgetall", fast_hgetall)
PyType_Modified(<PyTypeObject *> Client)
