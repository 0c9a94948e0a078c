cdef extern from "base/xxh3.h" nogil:
    uint64_t ek_xxh3(const uint8_t *p, size_t n)


def xxh3(bytes b):
    return ek_xxh3(<const uint8_t *> (<const char *> b), len(b))
