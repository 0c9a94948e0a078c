cdef extern from "data/skiplist.h" nogil:
    ctypedef struct ek_skiplist:
        ek_ref head
        uint32_t count
        uint8_t level
    ctypedef struct ek_skiplist_place:
        ek_ref node
        uint32_t rank
    ctypedef void ek_skiplist_release_fn(ek_arena *a, void *arg, ek_ref node) noexcept nogil
    ek_str ek_skiplist_member(ek_arena *a, ek_ref node)
    double ek_skiplist_score(ek_arena *a, ek_ref node)
    ek_ref ek_skiplist_first(ek_arena *a, ek_skiplist *l)
    ek_ref ek_skiplist_last(ek_arena *a, ek_skiplist *l)
    ek_ref ek_skiplist_next(ek_arena *a, ek_ref node)
    ek_ref ek_skiplist_prev(ek_arena *a, ek_ref node)
    uint32_t ek_skiplist_rank(ek_arena *a, ek_skiplist *l, ek_ref node)
    ek_ref ek_skiplist_at(ek_arena *a, ek_skiplist *l, uint32_t rank)
    ek_skiplist_place ek_skiplist_seek(ek_arena *a, ek_skiplist *l, double score, ek_str member)
    ek_skiplist_place ek_skiplist_seek_score(ek_arena *a, ek_skiplist *l, double score, bint beyond)
    ek_skiplist_place ek_skiplist_seek_lex(ek_arena *a, ek_skiplist *l, ek_str member, bint beyond)
    ek_ref ek_skiplist_insert(ek_arena *a, ek_skiplist *l, ek_random *r, double score, ek_str member)
    void ek_skiplist_remove(ek_arena *a, ek_skiplist *l, ek_ref node)
    void ek_skiplist_set_score(ek_arena *a, ek_skiplist *l, ek_ref node, double score)
    void ek_skiplist_remove_ranks(ek_arena *a, ek_skiplist *l, uint32_t rank, uint32_t n,
                                  ek_skiplist_release_fn *release, void *arg)
    bint ek_skiplist_drain(ek_arena *a, ek_skiplist *l, size_t budget,
                           ek_skiplist_release_fn *release, void *arg)
    size_t ek_skiplist_bytes(ek_arena *a, ek_skiplist *l)
    bint ek_skiplist_check(ek_arena *a, ek_skiplist *l)


cdef struct skiplist_op:
    ek_arena *a
    ek_ref root
    ek_random *random
    ek_ref node
    double score
    ek_str member
    uint32_t rank, n
    bint done
    uint32_t released


cdef inline ek_skiplist *skiplist_at(skiplist_op *o) noexcept nogil:
    return <ek_skiplist *> ek_ptr(o.a, o.root)

cdef void skiplist_make(void *arg) noexcept nogil:
    cdef skiplist_op *o = <skiplist_op *> arg
    o.root = ek_alloc_zeroed(o.a, sizeof(ek_skiplist))

cdef void skiplist_insert(void *arg) noexcept nogil:
    cdef skiplist_op *o = <skiplist_op *> arg
    o.node = ek_skiplist_insert(o.a, skiplist_at(o), o.random, o.score, o.member)

cdef void skiplist_remove(void *arg) noexcept nogil:
    cdef skiplist_op *o = <skiplist_op *> arg
    ek_skiplist_remove(o.a, skiplist_at(o), o.node)
    ek_free(o.a, o.node)

cdef void skiplist_set_score(void *arg) noexcept nogil:
    cdef skiplist_op *o = <skiplist_op *> arg
    ek_skiplist_set_score(o.a, skiplist_at(o), o.node, o.score)

cdef void skiplist_release(ek_arena *a, void *arg, ek_ref node) noexcept nogil:
    (<skiplist_op *> arg).released += 1
    ek_free(a, node)

cdef void skiplist_remove_ranks(void *arg) noexcept nogil:
    cdef skiplist_op *o = <skiplist_op *> arg
    ek_skiplist_remove_ranks(o.a, skiplist_at(o), o.rank, o.n, skiplist_release, o)

cdef void skiplist_drain(void *arg) noexcept nogil:
    cdef skiplist_op *o = <skiplist_op *> arg
    o.done = ek_skiplist_drain(o.a, skiplist_at(o), o.n, NULL, NULL)


cdef class Skiplist:
    """A skiplist in an arena. Nodes are told by their references."""
    cdef Arena arena
    cdef skiplist_op op
    cdef ek_random random

    def __cinit__(self, Arena arena):
        self.arena = arena
        ek_random_init(&self.random)
        self.op.a = arena.a
        self.op.random = &self.random
        arena.run(skiplist_make, &self.op)

    def seed(self, a, b, c, d):
        self.random.s[:] = [a, b, c, d]

    cdef ek_skiplist *list(self):
        return skiplist_at(&self.op)

    def __len__(self):
        return self.list().count

    @property
    def level(self):
        return self.list().level

    @property
    def bytes(self):
        return ek_skiplist_bytes(self.arena.a, self.list())

    def insert(self, double score, bytes member):
        self.op.score, self.op.member = score, as_str(member)
        self.arena.run(skiplist_insert, &self.op)
        return self.op.node

    def remove(self, ek_ref node):
        self.op.node = node
        self.arena.run(skiplist_remove, &self.op)

    def set_score(self, ek_ref node, double score):
        self.op.node, self.op.score = node, score
        self.arena.run(skiplist_set_score, &self.op)

    def remove_ranks(self, uint32_t rank, uint32_t n):
        self.op.rank, self.op.n, self.op.released = rank, n, 0
        self.arena.run(skiplist_remove_ranks, &self.op)
        return self.op.released

    def drain(self, uint32_t budget):
        self.op.n = budget
        self.arena.run(skiplist_drain, &self.op)
        return bool(self.op.done)

    cdef entry(self, ek_ref node):
        cdef ek_str m = ek_skiplist_member(self.arena.a, node)
        return ek_skiplist_score(self.arena.a, node), (<const char *> m.p)[:m.n]

    def items(self):
        cdef ek_ref node = ek_skiplist_first(self.arena.a, self.list())
        out = []
        while node:
            out.append(self.entry(node))
            node = ek_skiplist_next(self.arena.a, node)
        return out

    def reversed_items(self):
        cdef ek_ref node = ek_skiplist_last(self.arena.a, self.list())
        out = []
        while node:
            out.append(self.entry(node))
            node = ek_skiplist_prev(self.arena.a, node)
        return out

    def rank(self, ek_ref node):
        return ek_skiplist_rank(self.arena.a, self.list(), node)

    def at(self, uint32_t rank):
        return ek_skiplist_at(self.arena.a, self.list(), rank)

    def seek(self, double score, bytes member):
        cdef ek_skiplist_place p = ek_skiplist_seek(
            self.arena.a, self.list(), score, as_str(member))
        return p.node, p.rank

    def seek_score(self, double score, bint beyond):
        cdef ek_skiplist_place p = ek_skiplist_seek_score(
            self.arena.a, self.list(), score, beyond)
        return p.node, p.rank

    def seek_lex(self, bytes member, bint beyond):
        cdef ek_skiplist_place p = ek_skiplist_seek_lex(
            self.arena.a, self.list(), as_str(member), beyond)
        return p.node, p.rank

    def check(self):
        return bool(ek_skiplist_check(self.arena.a, self.list()))
