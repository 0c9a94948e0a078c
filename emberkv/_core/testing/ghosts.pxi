# Counts of keys that went, behind one object. Included by _containers.pyx.

cdef extern from "data/ghosts.h" nogil:
    ctypedef struct ek_ghosts:
        uint32_t log2
    void ek_ghosts_grow(ek_arena *a, ek_ghosts *g, uint64_t keys)
    bint ek_ghosts_fits(const ek_ghosts *g, uint64_t keys)
    void ek_ghosts_free(ek_arena *a, ek_ghosts *g)
    void ek_ghosts_put(ek_arena *a, ek_ghosts *g, uint64_t hash, unsigned count)
    unsigned ek_ghosts_of(const ek_arena *a, const ek_ghosts *g, uint64_t hash)
    void ek_ghosts_used(ek_arena *a, ek_ghosts *g)
    uint32_t ek_ghosts_clock(const ek_ghosts *g)
    unsigned ek_ghosts_faded(const ek_ghosts *g, unsigned count, uint32_t clock_then)


cdef struct ghosts_op:
    ek_arena *a
    ek_ref root
    uint64_t n
    unsigned count


cdef inline ek_ghosts *ghosts_of(const ghosts_op *op) noexcept nogil:
    return <ek_ghosts *> ek_ptr(op.a, op.root)


cdef void ghosts_make(void *arg) noexcept nogil:
    cdef ghosts_op *op = <ghosts_op *> arg
    op.root = ek_alloc_zeroed(op.a, sizeof(ek_ghosts))


cdef void ghosts_grow(void *arg) noexcept nogil:
    cdef ghosts_op *op = <ghosts_op *> arg
    ek_ghosts_grow(op.a, ghosts_of(op), op.n)


cdef void ghosts_put(void *arg) noexcept nogil:
    cdef ghosts_op *op = <ghosts_op *> arg
    ek_ghosts_put(op.a, ghosts_of(op), op.n, op.count)


cdef void ghosts_used(void *arg) noexcept nogil:
    cdef ghosts_op *op = <ghosts_op *> arg
    cdef uint64_t i
    for i in range(op.n):
        ek_ghosts_used(op.a, ghosts_of(op))


cdef void ghosts_free(void *arg) noexcept nogil:
    cdef ghosts_op *op = <ghosts_op *> arg
    ek_ghosts_free(op.a, ghosts_of(op))


cdef class Ghosts:
    cdef Arena arena
    cdef ghosts_op op

    def __cinit__(self, Arena arena):
        self.arena = arena
        self.op.a = arena.a
        arena.run(ghosts_make, &self.op)

    def grow(self, keys):
        self.op.n = keys
        self.arena.run(ghosts_grow, &self.op)

    def free(self):
        self.arena.run(ghosts_free, &self.op)

    def put(self, uint64_t hash, unsigned count):
        self.op.n = hash
        self.op.count = count
        self.arena.run(ghosts_put, &self.op)

    def used(self, uint64_t times=1):
        self.op.n = times
        self.arena.run(ghosts_used, &self.op)

    def of(self, uint64_t hash):
        return ek_ghosts_of(self.op.a, ghosts_of(&self.op), hash)

    def clock(self):
        return ek_ghosts_clock(ghosts_of(&self.op))

    def faded(self, unsigned count, uint32_t clock_then):
        return ek_ghosts_faded(ghosts_of(&self.op), count, clock_then)

    def fits(self, keys):
        return ek_ghosts_fits(ghosts_of(&self.op), keys)

    @property
    def bytes(self):
        cdef ek_ghosts *g = ghosts_of(&self.op)
        return 1 << g.log2 if g.log2 else 0
