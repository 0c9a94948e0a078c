cdef extern from "data/intset.h" nogil:
    ctypedef struct ek_intset_plan:
        bint found
        uint32_t at
        uint32_t width
        size_t size
        size_t old_size
        size_t from_ "from"
    void ek_intset_init(uint8_t *s)
    uint32_t ek_intset_width(const uint8_t *s)
    uint32_t ek_intset_count(const uint8_t *s)
    size_t ek_intset_size(const uint8_t *s)
    int64_t ek_intset_get(const uint8_t *s, uint32_t i)
    bint ek_intset_find(const uint8_t *s, int64_t v, uint32_t *at)
    ek_intset_plan ek_intset_plan_add(const uint8_t *s, int64_t v)
    ek_intset_plan ek_intset_plan_remove(const uint8_t *s, int64_t v)
    void ek_intset_add(uint8_t *to, const uint8_t *s, const ek_intset_plan *plan, int64_t v)
    void ek_intset_remove(uint8_t *to, const uint8_t *s, const ek_intset_plan *plan)
    int64_t ek_intset_random(const uint8_t *s, ek_random *r)
    bint ek_intset_check(const uint8_t *s, size_t n)


cdef bytes intset_changed(bytes old, bytes new, size_t start):
    """The new bytes, after asserting that only what a plan announces differs."""
    if start:
        assert new[:4] == old[:4] and new[8:start] == old[8:start]
    return new


def intset_empty():
    cdef uint8_t s[8]
    ek_intset_init(s)
    return (<char *> s)[:8]


def intset_add(bytes old, int64_t v, bint in_place):
    """(added, bytes of the set afterwards)."""
    cdef const uint8_t *s = <const uint8_t *> (<const char *> old)
    cdef ek_intset_plan plan = ek_intset_plan_add(s, v)
    if plan.found:
        return False, old
    cdef bytearray room = bytearray(plan.size)
    if in_place:
        room[: len(old)] = old
        ek_intset_add(room, <uint8_t *> <char *> room, &plan, v)
    else:
        ek_intset_add(room, s, &plan, v)
    return True, intset_changed(old, bytes(room), plan.from_)


def intset_remove(bytes old, int64_t v, bint in_place):
    cdef const uint8_t *s = <const uint8_t *> (<const char *> old)
    cdef ek_intset_plan plan = ek_intset_plan_remove(s, v)
    if not plan.found:
        return False, old
    cdef bytearray room = bytearray(old if in_place else plan.size)
    if in_place:
        s = <const uint8_t *> <char *> room
    ek_intset_remove(room, s, &plan)
    return True, intset_changed(old, bytes(room[: plan.size]), plan.from_)


def intset_find(bytes old, int64_t v):
    """(found, index)."""
    cdef uint32_t at = 0
    found = ek_intset_find(<const uint8_t *> (<const char *> old), v, &at)
    return bool(found), at


def intset_values(bytes old):
    cdef const uint8_t *s = <const uint8_t *> (<const char *> old)
    return [ek_intset_get(s, i) for i in range(ek_intset_count(s))]


def intset_random(bytes old):
    cdef ek_random r
    ek_random_init(&r)
    return ek_intset_random(<const uint8_t *> (<const char *> old), &r)


def intset_check(bytes s):
    return bool(ek_intset_check(<const uint8_t *> (<const char *> s), len(s)))
