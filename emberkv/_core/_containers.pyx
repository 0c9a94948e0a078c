# distutils: language = c
"""The containers of the data floor for tests only: each op is one guarded transaction."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stddef cimport size_t
from libc.stdlib cimport calloc, free, malloc

cdef extern from "arena/arena.h" nogil:
    ctypedef uint32_t ek_ref
    ctypedef int ek_status
    ctypedef struct ek_header:
        uint64_t used_bytes
        uint64_t nblocks
    ctypedef struct ek_arena:
        ek_header *hdr
    ek_status ek_run(ek_arena *a, void (*fn)(void *) noexcept nogil, void *arg)
    ek_status ek_arena_enter(ek_arena *a, int timeout_ms)
    void ek_arena_leave(ek_arena *a)
    ek_ref ek_alloc(ek_arena *a, size_t n)
    ek_ref ek_alloc_zeroed(ek_arena *a, size_t n)
    void ek_free(ek_arena *a, ek_ref ref)
    void *ek_ptr(ek_arena *a, ek_ref ref)
    bint ek_alloc_check(ek_arena *a)

cdef extern from "base/base.h" nogil:
    ctypedef struct ek_str:
        const uint8_t *p
        size_t n

cdef extern from "base/random.h" nogil:
    ctypedef struct ek_random:
        uint64_t s[4]
    void ek_random_init(ek_random *r)

cdef extern from "arena/map.h" nogil:
    ctypedef struct ek_arena_options:
        uint64_t max_bytes
        bint keep
    ek_status ek_arena_open_private(const ek_arena_options *o, ek_arena **out, char *err, size_t n)
    void ek_arena_close(ek_arena *a)


cdef class Arena:
    """A private arena of its own."""
    cdef ek_arena *a

    def __cinit__(self, uint64_t max_bytes=0):
        cdef char err[256]
        cdef ek_arena_options o
        o.max_bytes = max_bytes
        o.keep = False
        if ek_arena_open_private(&o, &self.a, err, sizeof(err)) != 0:
            raise MemoryError((<bytes> err).decode())

    def __dealloc__(self):
        if self.a != NULL:
            ek_arena_close(self.a)

    cdef int run(self, void (*fn)(void *) noexcept nogil, void *arg) except -1:
        if ek_arena_enter(self.a, 1000) != 0:
            raise RuntimeError("cannot enter the arena")
        cdef ek_status st = ek_run(self.a, fn, arg)
        ek_arena_leave(self.a)
        if st != 0:
            raise MemoryError(f"status {st}")
        return 0

    @property
    def used_bytes(self):
        return self.a.hdr.used_bytes

    def check(self):
        return bool(ek_alloc_check(self.a))


cdef inline ek_str as_str(bytes b):
    cdef ek_str s
    s.p = <const uint8_t *> (<const char *> b)
    s.n = len(b)
    return s


include "testing/number.pxi"
include "testing/xxh3.pxi"
include "testing/bitmap.pxi"
include "testing/geohash.pxi"
include "testing/hyperloglog.pxi"
include "testing/listpack.pxi"
include "testing/intset.pxi"
include "testing/skiplist.pxi"
include "testing/btree.pxi"
include "testing/idtree.pxi"
include "testing/table.pxi"
include "testing/ghosts.pxi"
include "testing/quicklist.pxi"
