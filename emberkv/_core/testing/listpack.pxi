cdef extern from "data/listpack.h" nogil:
    ctypedef struct ek_lp_value:
        const uint8_t *s
        size_t n
        int64_t i
    const uint8_t *ek_lp_next(const uint8_t *p)
    const uint8_t *ek_lp_prev(const uint8_t *p)
    void ek_lp_get(const uint8_t *p, ek_lp_value *v)
    bint ek_lp_equal(const uint8_t *p, const uint8_t *s, size_t n)
    const uint8_t *ek_lp_find(const uint8_t *begin, const uint8_t *end, const uint8_t *s, size_t n,
                              unsigned stride)
    size_t ek_lp_count(const uint8_t *begin, const uint8_t *end)
    size_t ek_lp_size_of(const uint8_t *s, size_t n)
    size_t ek_lp_size_of_int(int64_t i)
    uint8_t *ek_lp_put(uint8_t *p, const uint8_t *s, size_t n)
    uint8_t *ek_lp_put_int(uint8_t *p, int64_t i)
    bint ek_lp_validate(const uint8_t *p, size_t n, size_t *count)
    void ek_lp_export_header(uint8_t *out, size_t run_bytes, size_t count)
    void ek_lp_export_end(uint8_t *out)
    bint ek_lp_import(const uint8_t *p, size_t n, const uint8_t **run, size_t *run_bytes,
                      size_t *count)


def lp_pack(list values):
    """The run of entries of bytes and ints."""
    cdef size_t n = 0
    for v in values:
        n += ek_lp_size_of_int(v) if isinstance(v, int) else ek_lp_size_of(v, len(v))
    cdef uint8_t *buf = <uint8_t *> malloc(n + 1)
    cdef uint8_t *p = buf
    try:
        for v in values:
            p = ek_lp_put_int(p, v) if isinstance(v, int) else ek_lp_put(p, v, len(v))
        assert p == buf + n
        return (<char *> buf)[:n]
    finally:
        free(buf)


cdef object lp_object(const uint8_t *p):
    cdef ek_lp_value v
    ek_lp_get(p, &v)
    return v.i if v.s == NULL else (<const char *> v.s)[:v.n]


def lp_unpack(bytes run):
    """The values of a run and where each begins, read forwards; checked by reading backwards."""
    cdef const uint8_t *begin = run
    cdef const uint8_t *end = begin + len(run)
    cdef const uint8_t *p = begin
    values, starts = [], []
    while p < end:
        values.append(lp_object(p))
        starts.append(p - begin)
        p = ek_lp_next(p)
    cdef size_t n = len(values)
    assert p == end and ek_lp_count(begin, end) == n
    for start in reversed(starts):
        p = ek_lp_prev(p)
        assert p - begin == start
    return values, starts


def lp_find(bytes run, size_t start, bytes probe, unsigned stride):
    cdef const uint8_t *begin = run
    cdef const uint8_t *p = ek_lp_find(begin + start, begin + len(run), probe, len(probe), stride)
    return None if p == NULL else p - begin


def lp_equal(bytes run, size_t at, bytes probe):
    return ek_lp_equal(<const uint8_t *> run + at, probe, len(probe))


def lp_validate(bytes run):
    """How many entries, or None. The bytes are copied so that reading beyond them shows."""
    cdef size_t count, n = len(run)
    cdef const uint8_t *b = run
    cdef uint8_t *copy = <uint8_t *> malloc(n)
    cdef size_t i
    for i in range(n):
        copy[i] = b[i]
    ok = ek_lp_validate(copy, n, &count)
    free(copy)
    return count if ok else None


def lp_export(list values):
    run = lp_pack(values)
    cdef uint8_t header[6]
    cdef uint8_t end
    ek_lp_export_header(header, len(run), len(values))
    ek_lp_export_end(&end)
    return (<char *> header)[:6] + run + bytes([end])


def lp_import(bytes listpack):
    cdef const uint8_t *run
    cdef size_t n, count
    if not ek_lp_import(listpack, len(listpack), &run, &n, &count):
        return None
    values, _ = lp_unpack((<const char *> run)[:n])
    assert len(values) == <Py_ssize_t> count
    return values
