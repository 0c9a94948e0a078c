cdef extern from "base/number.h" nogil:
    bint ek_parse_i64(const uint8_t *p, size_t n, int64_t *out)
    bint ek_parse_u64(const uint8_t *p, size_t n, uint64_t *out)
    bint ek_parse_double(const uint8_t *p, size_t n, double *out)
    bint ek_parse_long_double(const uint8_t *p, size_t n, long double *out)
    size_t ek_format_i64(char *out, int64_t v)
    size_t ek_format_u64(char *out, uint64_t v)
    bint ek_is_printed_fraction(const uint8_t *p, size_t n, double *v)
    size_t ek_format_double(char *out, double v)
    size_t ek_format_long_double(char *out, long double v)
    size_t ek_format_shortest(char *out, double v)
    size_t ek_format_fixed(char *out, double v)
    size_t ek_i64_chars(int64_t v)


def parse_i64(bytes text):
    cdef int64_t v
    return v if ek_parse_i64(text, len(text), &v) else None


def parse_u64(bytes text):
    cdef uint64_t v
    return v if ek_parse_u64(text, len(text), &v) else None


def parse_double(bytes text):
    cdef double v
    return v if ek_parse_double(text, len(text), &v) else None


def format_i64(int64_t v):
    cdef char out[32]
    cdef size_t n = ek_format_i64(out, v)
    assert n == ek_i64_chars(v)
    return out[:n]


def format_u64(uint64_t v):
    cdef char out[32]
    return out[:ek_format_u64(out, v)]


def printed_fraction(bytes text):
    cdef double v
    return v if ek_is_printed_fraction(text, len(text), &v) else None


def format_double(double v):
    cdef char out[32]
    return out[:ek_format_double(out, v)]


def format_shortest(double v):
    cdef char out[32]
    return out[:ek_format_shortest(out, v)]


def format_fixed(double v):
    cdef char out[5120]
    return out[:ek_format_fixed(out, v)]


def long_double_text(bytes text):
    """What a long double read from text prints as."""
    cdef long double v
    cdef char out[5120]
    if not ek_parse_long_double(text, len(text), &v):
        return None
    return out[:ek_format_long_double(out, v)]
