# Counts of how often, behind one object. Included by _containers.pyx.

cdef extern from "data/frequency.h" nogil:
    ctypedef struct ek_frequency:
        uint32_t log2
    void ek_frequency_grow(ek_arena *a, ek_frequency *f, uint64_t keys)
    bint ek_frequency_fits(const ek_frequency *f, uint64_t keys)
    void ek_frequency_free(ek_arena *a, ek_frequency *f)
    void ek_frequency_add(ek_arena *a, ek_frequency *f, uint64_t hash)
    unsigned ek_frequency_of(const ek_arena *a, const ek_frequency *f, uint64_t hash)


cdef struct frequency_op:
    ek_arena *a
    ek_ref root
    uint64_t n


cdef inline ek_frequency *frequency_of(const frequency_op *op) noexcept nogil:
    return <ek_frequency *> ek_ptr(op.a, op.root)


cdef void frequency_make(void *arg) noexcept nogil:
    cdef frequency_op *op = <frequency_op *> arg
    op.root = ek_alloc_zeroed(op.a, sizeof(ek_frequency))


cdef void frequency_grow(void *arg) noexcept nogil:
    cdef frequency_op *op = <frequency_op *> arg
    ek_frequency_grow(op.a, frequency_of(op), op.n)


cdef void frequency_add(void *arg) noexcept nogil:
    cdef frequency_op *op = <frequency_op *> arg
    ek_frequency_add(op.a, frequency_of(op), op.n)


cdef void frequency_free(void *arg) noexcept nogil:
    cdef frequency_op *op = <frequency_op *> arg
    ek_frequency_free(op.a, frequency_of(op))


cdef class Frequency:
    cdef Arena arena
    cdef frequency_op op

    def __cinit__(self, Arena arena):
        self.arena = arena
        self.op.a = arena.a
        arena.run(frequency_make, &self.op)

    def grow(self, keys):
        self.op.n = keys
        self.arena.run(frequency_grow, &self.op)

    def free(self):
        self.arena.run(frequency_free, &self.op)

    def add(self, uint64_t hash):
        self.op.n = hash
        self.arena.run(frequency_add, &self.op)

    def of(self, uint64_t hash):
        return ek_frequency_of(self.op.a, frequency_of(&self.op), hash)

    def fits(self, keys):
        return ek_frequency_fits(frequency_of(&self.op), keys)

    @property
    def bytes(self):
        cdef ek_frequency *f = frequency_of(&self.op)
        return 1 << f.log2 if f.log2 else 0
