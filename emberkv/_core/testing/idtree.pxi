cdef extern from "data/idtree.h" nogil:
    ctypedef struct ek_id:
        uint64_t ms
        uint64_t seq
    ctypedef struct ek_idtree:
        ek_ref top
        uint32_t count
        uint32_t height
    ctypedef struct ek_idtree_place:
        ek_ref leaf
        uint32_t at
    ctypedef void ek_idtree_release_fn(ek_arena *a, void *arg, ek_ref ref) noexcept nogil
    ek_id ek_idtree_id(ek_arena *a, ek_idtree_place p)
    ek_ref ek_idtree_ref(ek_arena *a, ek_idtree_place p)
    ek_idtree_place ek_idtree_next(ek_arena *a, ek_idtree_place p)
    ek_idtree_place ek_idtree_prev(ek_arena *a, ek_idtree_place p)
    ek_idtree_place ek_idtree_first(ek_arena *a, ek_idtree *t)
    ek_idtree_place ek_idtree_last(ek_arena *a, ek_idtree *t)
    ek_idtree_place ek_idtree_at_least(ek_arena *a, ek_idtree *t, ek_id id)
    ek_idtree_place ek_idtree_at_most(ek_arena *a, ek_idtree *t, ek_id id)
    ek_ref ek_idtree_find(ek_arena *a, ek_idtree *t, ek_id id)
    void ek_idtree_add(ek_arena *a, ek_idtree *t, ek_id id, ek_ref ref)
    void ek_idtree_set(ek_arena *a, ek_idtree_place p, ek_ref ref)
    ek_ref ek_idtree_remove(ek_arena *a, ek_idtree *t, ek_id id)
    bint ek_idtree_drain(ek_arena *a, ek_idtree *t, size_t budget, ek_idtree_release_fn *release,
                         void *arg)
    size_t ek_idtree_bytes(ek_arena *a, ek_idtree *t)
    bint ek_idtree_check(ek_arena *a, ek_idtree *t)


cdef struct idtree_op:
    ek_arena *a
    ek_ref root
    ek_id id
    ek_ref ref
    size_t budget
    bint done
    uint32_t released
    uint64_t sum

cdef inline ek_idtree *idtree_at(idtree_op *o) noexcept nogil:
    return <ek_idtree *> ek_ptr(o.a, o.root)

cdef void idtree_make(void *arg) noexcept nogil:
    cdef idtree_op *o = <idtree_op *> arg
    o.root = ek_alloc_zeroed(o.a, sizeof(ek_idtree))

cdef void idtree_add(void *arg) noexcept nogil:
    cdef idtree_op *o = <idtree_op *> arg
    ek_idtree_add(o.a, idtree_at(o), o.id, o.ref)

cdef void idtree_set(void *arg) noexcept nogil:
    cdef idtree_op *o = <idtree_op *> arg
    ek_idtree_set(o.a, ek_idtree_at_least(o.a, idtree_at(o), o.id), o.ref)

cdef void idtree_remove(void *arg) noexcept nogil:
    cdef idtree_op *o = <idtree_op *> arg
    o.ref = ek_idtree_remove(o.a, idtree_at(o), o.id)

cdef void idtree_release(ek_arena *a, void *arg, ek_ref ref) noexcept nogil:
    (<idtree_op *> arg).released += 1
    (<idtree_op *> arg).sum += ref

cdef void idtree_drain(void *arg) noexcept nogil:
    cdef idtree_op *o = <idtree_op *> arg
    o.done = ek_idtree_drain(o.a, idtree_at(o), o.budget, idtree_release, o)


cdef class Idtree:
    """An ordered map from pairs of numbers to numbers, in an arena."""
    cdef Arena arena
    cdef idtree_op op

    def __cinit__(self, Arena arena):
        self.arena = arena
        self.op.a = arena.a
        arena.run(idtree_make, &self.op)

    cdef ek_idtree *tree(self):
        return idtree_at(&self.op)

    cdef ek_id key(self, pair):
        cdef ek_id k
        k.ms, k.seq = pair
        return k

    cdef item(self, ek_idtree_place p):
        if not p.leaf:
            return None
        cdef ek_id k = ek_idtree_id(self.arena.a, p)
        return (k.ms, k.seq), ek_idtree_ref(self.arena.a, p)

    def __len__(self):
        return self.tree().count

    @property
    def height(self):
        return self.tree().height

    @property
    def bytes(self):
        return ek_idtree_bytes(self.arena.a, self.tree())

    def add(self, pair, ek_ref ref):
        self.op.id, self.op.ref = self.key(pair), ref
        self.arena.run(idtree_add, &self.op)

    def set(self, pair, ek_ref ref):
        self.op.id, self.op.ref = self.key(pair), ref
        self.arena.run(idtree_set, &self.op)

    def remove(self, pair):
        self.op.id = self.key(pair)
        self.arena.run(idtree_remove, &self.op)
        return self.op.ref

    def drain(self, size_t budget):
        """How many items went, the sum of what they stood for, and whether it is empty."""
        self.op.budget, self.op.released, self.op.sum = budget, 0, 0
        self.arena.run(idtree_drain, &self.op)
        return self.op.released, self.op.sum, bool(self.op.done)

    def find(self, pair):
        return ek_idtree_find(self.arena.a, self.tree(), self.key(pair))

    def first(self):
        return self.item(ek_idtree_first(self.arena.a, self.tree()))

    def last(self):
        return self.item(ek_idtree_last(self.arena.a, self.tree()))

    def at_least(self, pair):
        return self.item(ek_idtree_at_least(self.arena.a, self.tree(), self.key(pair)))

    def at_most(self, pair):
        return self.item(ek_idtree_at_most(self.arena.a, self.tree(), self.key(pair)))

    def items(self):
        cdef ek_idtree_place p = ek_idtree_first(self.arena.a, self.tree())
        out = []
        while p.leaf:
            out.append(self.item(p))
            p = ek_idtree_next(self.arena.a, p)
        return out

    def reversed_items(self):
        cdef ek_idtree_place p = ek_idtree_last(self.arena.a, self.tree())
        out = []
        while p.leaf:
            out.append(self.item(p))
            p = ek_idtree_prev(self.arena.a, p)
        return out

    def check(self):
        return bool(ek_idtree_check(self.arena.a, self.tree()))
