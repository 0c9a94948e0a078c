cdef extern from "data/bitmap.h" nogil:
    ctypedef enum ek_bitmap_op:
        pass
    ctypedef enum ek_bitmap_overflow:
        pass
    uint64_t ek_bitmap_count(const uint8_t *p, size_t n)
    uint64_t ek_bitmap_count_plain(const uint8_t *p, size_t n)
    uint64_t ek_bitmap_count_range(const uint8_t *p, uint64_t first, uint64_t last)
    int64_t ek_bitmap_find(const uint8_t *p, uint64_t first, uint64_t last, bint bit)
    void ek_bitmap_combine(ek_bitmap_op op, uint8_t *to, size_t n, const ek_str *sources,
                           size_t nsources)
    void ek_bitmap_combine_plain(ek_bitmap_op op, uint8_t *to, size_t n, const ek_str *sources,
                                 size_t nsources)
    uint64_t ek_bitmap_field(const uint8_t *p, size_t n, uint64_t offset, unsigned bits)
    void ek_bitmap_set_field(uint8_t *p, uint64_t offset, unsigned bits, uint64_t value)
    bint ek_bitmap_add(bint is_signed, unsigned bits, uint64_t value, int64_t amount,
                       ek_bitmap_overflow how, uint64_t *out)
    int64_t ek_bitmap_signed(uint64_t value, unsigned bits)

BITMAP_OPS = ("AND", "OR", "XOR", "NOT", "DIFF", "DIFF1", "ANDOR", "ONE")


def bitmap_count(bytes b, size_t at=0):
    """(by the form for this processor, by the plain one) of the bytes from `at` on."""
    cdef const uint8_t *p = <const uint8_t *> (<const char *> b) + at
    return ek_bitmap_count(p, len(b) - at), ek_bitmap_count_plain(p, len(b) - at)


def bitmap_count_range(bytes b, uint64_t first, uint64_t last):
    return ek_bitmap_count_range(<const uint8_t *> (<const char *> b), first, last)


def bitmap_find(bytes b, uint64_t first, uint64_t last, bint bit):
    return ek_bitmap_find(<const uint8_t *> (<const char *> b), first, last, bit)


def bitmap_combine(str op, list sources, int into=-1, bint plain=False):
    """The result, written to memory of its own or over source `into`, which is the longest."""
    cdef size_t n = max(map(len, sources))
    cdef bytearray room = bytearray(n)
    cdef ek_str *s = <ek_str *> malloc(len(sources) * sizeof(ek_str))
    for i, source in enumerate(sources):
        s[i] = as_str(source)
    if into >= 0:
        room[:] = sources[into]
        s[into].p = <const uint8_t *> <char *> room
    cdef ek_bitmap_op how = <ek_bitmap_op> (<int> BITMAP_OPS.index(op))
    if plain:
        ek_bitmap_combine_plain(how, room, n, s, len(sources))
    else:
        ek_bitmap_combine(how, room, n, s, len(sources))
    free(s)
    return bytes(room)


def bitmap_field(bytes b, uint64_t offset, unsigned bits):
    return ek_bitmap_field(<const uint8_t *> (<const char *> b), len(b), offset, bits)


def bitmap_set_field(bytes b, uint64_t offset, unsigned bits, uint64_t value):
    cdef bytearray room = bytearray(b)
    ek_bitmap_set_field(room, offset, bits, value)
    return bytes(room)


def bitmap_add(bint is_signed, unsigned bits, value, int64_t amount, int how):
    """The value after the increment, or None."""
    cdef uint64_t out
    cdef uint64_t word = value & 0xFFFFFFFFFFFFFFFF
    if not ek_bitmap_add(is_signed, bits, word, amount, <ek_bitmap_overflow> how, &out):
        return None
    return ek_bitmap_signed(out, bits) if is_signed else out
