from libc.string cimport memcpy

cdef extern from "data/btree.h" nogil:
    ctypedef struct ek_btree:
        ek_ref top
        uint32_t count
        uint32_t height
    ctypedef struct ek_btree_place:
        ek_ref leaf
        uint32_t at
    ctypedef ek_str ek_btree_member_fn(const ek_arena *a, ek_ref item) noexcept nogil
    ctypedef void ek_btree_release_fn(ek_arena *a, void *arg, ek_ref item) noexcept nogil
    ek_ref ek_btree_item(ek_arena *a, ek_btree_place p)
    double ek_btree_score(ek_arena *a, ek_btree_place p)
    ek_btree_place ek_btree_next(ek_arena *a, ek_btree_place p)
    ek_btree_place ek_btree_prev(ek_arena *a, ek_btree_place p)
    ek_btree_place ek_btree_at(ek_arena *a, ek_btree *t, uint32_t rank)
    uint32_t ek_btree_rank(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of, double score,
                           ek_str member)
    uint32_t ek_btree_before_score(ek_arena *a, ek_btree *t, double score, bint beyond)
    uint32_t ek_btree_before_member(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of,
                                    ek_str member, bint beyond)
    void ek_btree_insert(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of, double score,
                         ek_ref item)
    void ek_btree_remove(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of, double score,
                         ek_ref item)
    void ek_btree_move(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of, ek_ref item,
                       double score, double new_score)
    void ek_btree_remove_ranks(ek_arena *a, ek_btree *t, uint32_t rank, uint32_t n,
                               ek_btree_release_fn *release, void *arg)
    size_t ek_btree_bytes(ek_arena *a, ek_btree *t)
    bint ek_btree_check(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of)


cdef struct btree_op:
    ek_arena *a
    ek_ref root
    ek_ref item
    double score, old_score
    ek_str member
    uint32_t rank, n
    uint32_t released


# An item of these tests: its length in 4 bytes, then its bytes.
cdef ek_str btree_member(const ek_arena *a, ek_ref item) noexcept nogil:
    cdef uint8_t *p = <uint8_t *> ek_ptr(<ek_arena *> a, item)
    cdef ek_str s
    s.n = (<uint32_t *> p)[0]
    s.p = p + 4
    return s

cdef inline ek_btree *btree_at(btree_op *o) noexcept nogil:
    return <ek_btree *> ek_ptr(o.a, o.root)

cdef void btree_make(void *arg) noexcept nogil:
    cdef btree_op *o = <btree_op *> arg
    o.root = ek_alloc_zeroed(o.a, sizeof(ek_btree))

cdef void btree_insert(void *arg) noexcept nogil:
    cdef btree_op *o = <btree_op *> arg
    cdef uint8_t *p
    o.item = ek_alloc(o.a, 4 + o.member.n)
    p = <uint8_t *> ek_ptr(o.a, o.item)
    (<uint32_t *> p)[0] = <uint32_t> o.member.n
    memcpy(p + 4, o.member.p, o.member.n)
    ek_btree_insert(o.a, btree_at(o), btree_member, o.score, o.item)

cdef void btree_remove(void *arg) noexcept nogil:
    cdef btree_op *o = <btree_op *> arg
    ek_btree_remove(o.a, btree_at(o), btree_member, o.score, o.item)
    ek_free(o.a, o.item)

cdef void btree_move(void *arg) noexcept nogil:
    cdef btree_op *o = <btree_op *> arg
    ek_btree_move(o.a, btree_at(o), btree_member, o.item, o.old_score, o.score)

cdef void btree_release(ek_arena *a, void *arg, ek_ref item) noexcept nogil:
    (<btree_op *> arg).released += 1
    ek_free(a, item)

cdef void btree_remove_ranks(void *arg) noexcept nogil:
    cdef btree_op *o = <btree_op *> arg
    ek_btree_remove_ranks(o.a, btree_at(o), o.rank, o.n, btree_release, o)


cdef class Btree:
    """A counted B+ tree in an arena. Items are told by their references."""
    cdef Arena arena
    cdef btree_op op

    def __cinit__(self, Arena arena):
        self.arena = arena
        self.op.a = arena.a
        arena.run(btree_make, &self.op)

    cdef ek_btree *tree(self):
        return btree_at(&self.op)

    def __len__(self):
        return self.tree().count

    @property
    def height(self):
        return self.tree().height

    @property
    def bytes(self):
        return ek_btree_bytes(self.arena.a, self.tree())

    def insert(self, double score, bytes member):
        self.op.score, self.op.member = score, as_str(member)
        self.arena.run(btree_insert, &self.op)
        return self.op.item

    def remove(self, ek_ref item, double score):
        self.op.item, self.op.score = item, score
        self.arena.run(btree_remove, &self.op)

    def move(self, ek_ref item, double old_score, double score):
        self.op.item, self.op.old_score, self.op.score = item, old_score, score
        self.arena.run(btree_move, &self.op)

    def remove_ranks(self, uint32_t rank, uint32_t n):
        self.op.rank, self.op.n, self.op.released = rank, n, 0
        self.arena.run(btree_remove_ranks, &self.op)
        return self.op.released

    cdef entry(self, ek_btree_place p):
        cdef ek_str m = btree_member(self.arena.a, ek_btree_item(self.arena.a, p))
        return ek_btree_score(self.arena.a, p), (<const char *> m.p)[:m.n]

    def items(self):
        cdef ek_btree_place p = ek_btree_at(self.arena.a, self.tree(), 0)
        out = []
        while p.leaf:
            out.append(self.entry(p))
            p = ek_btree_next(self.arena.a, p)
        return out

    def reversed_items(self):
        cdef ek_btree_place p
        out = []
        if self.tree().count:
            p = ek_btree_at(self.arena.a, self.tree(), self.tree().count - 1)
            while p.leaf:
                out.append(self.entry(p))
                p = ek_btree_prev(self.arena.a, p)
        return out

    def at(self, uint32_t rank):
        cdef ek_btree_place p = ek_btree_at(self.arena.a, self.tree(), rank)
        return ek_btree_item(self.arena.a, p) if p.leaf else 0

    def rank(self, double score, bytes member):
        return ek_btree_rank(self.arena.a, self.tree(), btree_member, score, as_str(member))

    def before_score(self, double score, bint beyond):
        return ek_btree_before_score(self.arena.a, self.tree(), score, beyond)

    def before_member(self, bytes member, bint beyond):
        return ek_btree_before_member(
            self.arena.a, self.tree(), btree_member, as_str(member), beyond)

    def check(self):
        return bool(ek_btree_check(self.arena.a, self.tree(), btree_member))
