# Replies: from the tape (engine/reply.h) to Python objects, with the store's lock released.

cdef extern from *:
    """
    /* A dict with room: one that grows as it fills is built anew five times on its way to 100. */
    #if PY_VERSION_HEX < 0x030D0000
    #define ek_dict_for(n) _PyDict_NewPresized(n)
    #else
    #define ek_dict_for(n) PyDict_New()
    #endif
    """
    dict ek_dict_for(Py_ssize_t n)


cdef struct Reader:
    const uint8_t *p
    const uint8_t *end


cdef inline uint32_t read_u32(const uint8_t *p) noexcept:
    cdef uint32_t n
    memcpy(&n, p, 4)
    return n


cdef inline int64_t read_i64(const uint8_t *p) noexcept:
    cdef int64_t v
    memcpy(&v, p, 8)
    return v


cdef inline object text_of(const uint8_t *p, Py_ssize_t n, Session s, bint decode):
    if not decode:
        return PyBytes_FromStringAndSize(<const char *> p, n)
    if s.utf8:
        return PyUnicode_DecodeUTF8(<const char *> p, n, NULL)
    return PyBytes_FromStringAndSize(<const char *> p, n).decode(s.encoding, s.errors)


cdef inline object read_item(Reader *r, Session s):
    """An element: mostly bytes, which need no more than this."""
    cdef const uint8_t *p = r.p
    cdef uint32_t size
    if p[0] == c"$" and not s.decode:
        size = read_u32(p + 1)
        r.p = p + 5 + size
        return PyBytes_FromStringAndSize(<const char *> p + 5, size)
    return read_reply(r, s)


cdef object read_list(Reader *r, Py_ssize_t n, Session s):
    cdef list out = PyList_New(n)
    cdef Py_ssize_t i
    for i in range(n):
        item = read_item(r, s)
        Py_INCREF(item)
        PyList_SET_ITEM(out, i, item)
    return out


cdef dict read_map(Reader *r, Py_ssize_t n, Session s):
    cdef dict out = ek_dict_for(n)
    cdef Py_ssize_t i
    for i in range(n):
        key = read_item(r, s)
        out[tuple(key) if type(key) is list else key] = read_item(r, s)
    return out


cdef object read_reply(Reader *r, Session s):
    """The next element. An error is an exception that is not raised."""
    cdef uint8_t tag = r.p[0]
    cdef const uint8_t *p = r.p
    cdef uint32_t n
    cdef double d
    if tag == c"$" or tag == c"+":
        n = read_u32(p + 1)
        r.p = p + 5 + n
        return text_of(p + 5, n, s, s.decode)
    if tag == c"i":
        r.p = p + 9
        return read_i64(p + 1)
    if tag == c"n" or tag == c"N":
        r.p = p + 1
        return None
    if tag == c"*" or tag == c"~" or tag == c">":
        r.p = p + 5
        return read_list(r, read_u32(p + 1), s)
    if tag == c"%":
        r.p = p + 5
        return read_map(r, read_u32(p + 1), s)
    if tag == c"d":
        r.p = p + 9
        memcpy(&d, p + 1, 8)
        return d
    if tag == c"h":
        r.p = p + 9
        memcpy(&d, p + 1, 8)
        return ek_as_printed(d)
    if tag == c"t" or tag == c"f":
        r.p = p + 1
        return tag == c"t"
    n = read_u32(p + 1)
    if tag == c"|":  # said about the reply behind it, which has no place for it here
        r.p = p + 5
        read_map(r, n, s)
        return read_reply(r, s)
    r.p = p + 5 + n
    if tag == c"(":
        return int(PyBytes_FromStringAndSize(<const char *> p + 5, n))
    if tag == c"-":
        return _exceptions().exception_for(
            PyUnicode_DecodeUTF8(<const char *> p + 5, n, b"replace"))
    return text_of(p + 9, n - 4, s, s.decode)  # verbatim: "txt:" and the text
