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
    PyObject *Py_None_ "Py_None"
    PyObject *Py_True_ "Py_True"
    PyObject *Py_False_ "Py_False"
    PyObject *Py_NewRef(PyObject *o)
    PyObject *PyLong_FromLong_ "PyLong_FromLong"(long v) except NULL
    PyObject *PyLong_FromUnsignedLongLong_ "PyLong_FromUnsignedLongLong"(uint64_t v) except NULL
    PyObject *PyFloat_FromDouble_ "PyFloat_FromDouble"(double v) except NULL
    bint PyDict_CheckExact_ "PyDict_CheckExact"(PyObject *o)
    Py_ssize_t PyDict_Size_ "PyDict_Size"(PyObject *o)
    void Py_INCREF_ "Py_INCREF"(PyObject *o)
    void Py_DECREF_ "Py_DECREF"(PyObject *o)
    bint PyDict_Next_ "PyDict_Next"(PyObject *o, Py_ssize_t *at, PyObject **key, PyObject **value)
    bint PyLong_CheckExact_ "PyLong_CheckExact"(PyObject *o)
    long long PyLong_AsLongLongAndOverflow_ "PyLong_AsLongLongAndOverflow"(PyObject *o,
                                                                           int *overflow)
    int PyObject_IsTrue_ "PyObject_IsTrue"(PyObject *o)
    bint PyFloat_CheckExact_ "PyFloat_CheckExact"(PyObject *o)
    double PyFloat_AS_DOUBLE_ "PyFloat_AS_DOUBLE"(PyObject *o)

cdef enum:
    FAST_ARGS = 6
    FAST_METHODS = 32
    XADD_FIELDS = 6  # so that all of it is less than INLINE_ARGS

ctypedef PyObject *(*fast_method)(PyObject *, PyObject **, Py_ssize_t, PyObject *) except NULL

cdef PyMethodDef fast_defs[FAST_METHODS]
cdef PyObject *slow_methods[FAST_METHODS]
cdef int installed = 0


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


cdef PyObject *fast_zadd(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    """One member with a float."""
    cdef Session s = (<Client> self)._session
    cdef ek_str argv[4]
    cdef ek_reply r
    cdef double number
    cdef PyObject *member
    cdef PyObject *score
    cdef Py_ssize_t pos = 0
    if (kwnames != NULL or n != 2 or (<Client> self).p.a == NULL
            or not fast_arg(s, args[0], &argv[1])
            or not PyDict_CheckExact_(args[1]) or PyDict_Size_(args[1]) != 1
            or not PyDict_Next_(args[1], &pos, &member, &score)
            or not fast_arg(s, member, &argv[3]) or not PyFloat_CheckExact_(score)):
        return go_slow(23, self, args, n, kwnames)
    number = PyFloat_AS_DOUBLE_(score)
    argv[0].p = <const uint8_t *> ZADD.name
    argv[0].n = ZADD.own_len
    argv[2].p = <const uint8_t *> &number
    argv[2].n = EK_NUMBER
    if not s.run_numbers(&r, ZADD, 4, argv):
        return go_slow(23, self, args, n, kwnames)
    result = s.result(&r)
    return Py_NewRef(<PyObject *> result)


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


cdef PyObject *fast_incr(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    return fast_run(11, INCR, self, args, n, 1, 1, kwnames)


cdef PyObject *fast_publish(PyObject *self, PyObject **args, Py_ssize_t n,
                            PyObject *kwnames) except NULL:
    return fast_run(19, PUBLISH, self, args, n, 2, 2, kwnames)


cdef PyObject *fast_pfadd(PyObject *self, PyObject **args, Py_ssize_t n,
                          PyObject *kwnames) except NULL:
    return fast_run(20, PFADD, self, args, n, 1, FAST_ARGS, kwnames)


cdef PyObject *fast_setbit(PyObject *self, PyObject **args, Py_ssize_t n,
                           PyObject *kwnames) except NULL:
    cdef Session s = (<Client> self)._session
    cdef ek_str argv[4]
    cdef char digits[24]
    cdef int overflow = 0
    if (kwnames != NULL or n != 3 or (<Client> self).p.a == NULL
            or not fast_arg(s, args[0], &argv[1]) or not PyLong_CheckExact_(args[1])
            or not PyLong_CheckExact_(args[2])):
        return go_slow(21, self, args, n, kwnames)
    argv[2].p = <const uint8_t *> digits
    argv[2].n = ek_format_i64(digits, PyLong_AsLongLongAndOverflow_(args[1], &overflow))
    argv[3].p = <const uint8_t *> <const char *> b"1"
    if not PyObject_IsTrue_(args[2]):
        argv[3].p = <const uint8_t *> <const char *> b"0"
    argv[3].n = 1
    if overflow:
        return go_slow(21, self, args, n, kwnames)
    argv[0].p = <const uint8_t *> SETBIT.name
    argv[0].n = SETBIT.own_len
    result = s.run(SETBIT, 4, argv)
    return Py_NewRef(<PyObject *> result)


cdef object xadd_slowly(Session s, size_t argc, const ek_str *argv, PyObject **held):
    """Another thread may empty the dict while this one waits for the lock."""
    cdef size_t i
    for i in range(3, argc):
        Py_INCREF_(held[i])
    try:
        return s.run_slowly(XADD, argc, argv)
    finally:
        for i in range(3, argc):
            Py_DECREF_(held[i])


cdef PyObject *fast_xadd(PyObject *self, PyObject **args, Py_ssize_t n,
                         PyObject *kwnames) except NULL:
    cdef Session s = (<Client> self)._session
    cdef ek_str argv[INLINE_ARGS]
    cdef PyObject *held[INLINE_ARGS]
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t fields = 0
    cdef size_t argc = 3
    if kwnames == NULL and n == 2 and PyDict_CheckExact_(args[1]):
        fields = PyDict_Size_(args[1])
    if (not 0 < fields <= XADD_FIELDS or (<Client> self).p.a == NULL
            or not fast_arg(s, args[0], &argv[1])):
        return go_slow(22, self, args, n, kwnames)
    argv[2].p = <const uint8_t *> <const char *> b"*"
    argv[2].n = 1
    for _ in range(fields):
        PyDict_Next_(args[1], &at, &held[argc], &held[argc + 1])
        if (not fast_arg(s, held[argc], &argv[argc])
                or not fast_arg(s, held[argc + 1], &argv[argc + 1])):
            return go_slow(22, self, args, n, kwnames)
        argc += 2
    argv[0].p = <const uint8_t *> XADD.name
    argv[0].n = XADD.own_len
    if s.run_straight(XADD, argc, argv):
        result = s.result(&s.tape)
    else:
        result = xadd_slowly(s, argc, argv, held)
    return Py_NewRef(<PyObject *> result)


include "_ember_peek.pxi"
include "_ember_many.pxi"


cdef int install(str name, fast_method method) except -1:
    """Put the method in front of the one of that name; it keeps the signature and the text."""
    global installed
    cdef PyTypeObject *cls = <PyTypeObject *> Client
    cdef dict members = <dict> cls.tp_dict
    slow = members[name]
    cdef PyMethodDef *was = (<PyMethodDescrObject *> slow).d_method
    cdef PyMethodDef *d = &fast_defs[installed]
    d.ml_name = was.ml_name
    d.ml_meth = <void *> method
    d.ml_flags = METH_FASTCALL | METH_KEYWORDS
    d.ml_doc = was.ml_doc
    slow_methods[installed] = <PyObject *> slow
    Py_INCREF(slow)  # for as long as the module
    members[name] = PyDescr_NewMethod(cls, d)
    installed += 1
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
install("hexists", fast_hexists)
install("exists", fast_exists)
install("llen", fast_llen)
install("hlen", fast_hlen)
install("scard", fast_scard)
install("zcard", fast_zcard)
install("publish", fast_publish)
install("pfadd", fast_pfadd)
install("setbit", fast_setbit)
install("xadd", fast_xadd)
install("zadd", fast_zadd)
install("lrange", fast_lrange)
PyType_Modified(<PyTypeObject *> Client)
