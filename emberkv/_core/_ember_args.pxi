# Arguments: Python objects to runs of bytes, without a copy where the object has them.

cdef extern from "base/large.h" nogil:
    void *ek_large_alloc(size_t n)
    void ek_large_free(void *p)

cdef enum:
    INLINE_ARGS = 16
    TEXT_BYTES = 352  # digits of that many integers and floats lie beside the arguments

cdef struct Args:
    ek_str *v
    size_t n
    size_t cap
    PyObject *keep       # a list of what must live as long; NULL: nothing
    size_t text_used
    bint numbers         # some are EK_NUMBER, of floats that live as long
    ek_str few[INLINE_ARGS]
    char text[TEXT_BYTES]


cdef inline void args_init(Args *a) noexcept:
    a.v = a.few
    a.n = 0
    a.cap = INLINE_ARGS
    a.keep = NULL
    a.text_used = 0
    a.numbers = False


cdef inline void args_begin(Args *a, const ek_command *cmd) noexcept:
    """The arguments of a command that was looked up before."""
    args_init(a)
    a.few[0].p = <const uint8_t *> cmd.name
    a.few[0].n = cmd.own_len
    a.n = 1


cdef inline void args_free(Args *a) noexcept:
    if a.v != a.few:
        ek_large_free(a.v)
    Py_XDECREF(a.keep)


cdef int args_reserve(Args *a, size_t n) except -1:
    """Room for n more."""
    cdef size_t cap
    cdef ek_str *grown
    if a.n + n <= a.cap:
        return 0
    cap = max(a.cap * 2, a.n + n)
    grown = <ek_str *> ek_large_alloc(cap * sizeof(ek_str))
    if grown == NULL:
        raise MemoryError()
    memcpy(grown, a.v, a.n * sizeof(ek_str))
    if a.v != a.few:
        ek_large_free(a.v)
    a.v = grown
    a.cap = cap
    return 0


cdef int args_keep(Args *a, object value) except -1:
    if a.keep == NULL:
        kept = []
        Py_INCREF(kept)
        a.keep = <PyObject *> kept
    (<list> a.keep).append(value)
    return 0


cdef inline void args_raw(Args *a, const void *p, size_t n) noexcept:
    """Room must have been reserved."""
    a.v[a.n].p = <const uint8_t *> p
    a.v[a.n].n = n
    a.n += 1


cdef inline int args_word(Args *a, const char *word) except -1:
    """A word that lives for ever."""
    args_reserve(a, 1)
    args_raw(a, word, strlen(word))
    return 0


cdef int args_int(Args *a, int64_t value) except -1:
    cdef char *at
    args_reserve(a, 1)
    if a.text_used + 24 <= TEXT_BYTES:
        at = a.text + a.text_used
        n = ek_format_i64(at, value)
        a.text_used += n
        args_raw(a, at, n)
        return 0
    digits = b"%d" % value
    args_keep(a, digits)
    args_raw(a, PyBytes_AS_STRING(digits), PyBytes_GET_SIZE(digits))
    return 0


cdef enum:
    REAL_CHARS = 26


cdef inline size_t real_text(char *at, double d, bint point) noexcept:
    """The shortest digits of a float, where that is quick; a whole one with a point, if wanted; else 0."""
    cdef size_t n
    if not (-1e15 < d < 1e15 and d == <double> <int64_t> d and d != 0):
        return ek_format_shortest(at, d)
    n = ek_format_i64(at, <int64_t> d)
    if point:
        memcpy(at + n, b".0", 2)
        n += 2
    return n


cdef int args_real(Args *a, double d, bint point) except -1:
    """A float by its shortest digits; a whole one with a point behind it, if wanted."""
    cdef char *at = a.text + a.text_used
    cdef char few[32]
    cdef size_t n = 0
    args_reserve(a, 1)
    if a.text_used + REAL_CHARS <= TEXT_BYTES:
        n = real_text(at, d, point)
    if n:
        a.text_used += n
        args_raw(a, at, n)
        return 0
    n = ek_format_shortest(few, d)
    digits = PyBytes_FromStringAndSize(few, n) if n and not point else repr(d).encode()
    args_keep(a, digits)
    args_raw(a, PyBytes_AS_STRING(digits), PyBytes_GET_SIZE(digits))
    return 0


cdef extern from *:
    """
    #define EK_FLOAT_AT(o) (&((PyFloatObject *)(o))->ob_fval)
    """
    const double *EK_FLOAT_AT(object value)


cdef inline int args_score(Args *a, object value, Session s) except -1:
    """A float as it is, for Session.run_args; its object must live until then."""
    if type(value) is not float:
        return args_put(a, value, s)
    args_reserve(a, 1)
    args_raw(a, EK_FLOAT_AT(value), EK_NUMBER)
    a.numbers = True
    return 0


cdef int args_spell(Args *a) except -1:
    """Make texts of the numbers."""
    cdef size_t i, n = a.n
    cdef double d
    for i in range(n):
        if a.v[i].n == EK_NUMBER:
            memcpy(&d, a.v[i].p, sizeof(d))
            args_real(a, d, False)  # behind the others, and then in its place
            a.n = n
            a.v[i] = a.v[n]
    a.numbers = False
    return 0


cdef int args_put_slow(Args *a, object value, Session s) except -1:
    cdef Py_ssize_t n
    cdef const char *p
    cdef int overflow = 0
    cdef int64_t number
    if isinstance(value, str):
        if s.utf8:
            p = PyUnicode_AsUTF8AndSize(value, &n)
            args_raw(a, p, n)
            return 0
        value = value.encode(s.encoding, s.errors)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if not overflow:
            return args_int(a, number)
        value = str(int(value)).encode()
    elif isinstance(value, float):
        return args_real(a, value, True)
    elif isinstance(value, bytes):
        pass
    elif not isinstance(value, bool) and PyObject_CheckBuffer(value) and memoryview(value).ndim:
        # A buffer without dimensions is a number, such as numpy's, and its bytes are not its digits.
        value = bytes(value)
    else:
        raise _exceptions().DataError(
            f"Invalid input of type: '{type(value).__name__}'. "
            "Convert to a bytes, string, int or float first."
        )
    args_keep(a, value)
    args_raw(a, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
    return 0


cdef inline int args_put(Args *a, object value, Session s) except -1:
    args_reserve(a, 1)
    if PyBytes_CheckExact(value):
        args_raw(a, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
        return 0
    return args_put_slow(a, value, s)


cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object s)


cdef inline bint is_ascii(object value):
    return type(value) is str and PyUnicode_IS_COMPACT_ASCII(value)
