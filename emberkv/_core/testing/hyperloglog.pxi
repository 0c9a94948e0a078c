cdef extern from "data/hyperloglog.h" nogil:
    enum: EK_HLL_EMPTY_BYTES
    enum: EK_HLL_DENSE_BYTES
    enum: EK_HLL_REGISTERS
    enum: EK_HLL_PLAN_BYTES
    ctypedef enum ek_hll_outcome:
        EK_HLL_SAME
        EK_HLL_CHANGED
        EK_HLL_DENSE
        EK_HLL_CORRUPT
    ctypedef struct ek_hll_plan:
        size_t at
        uint8_t remove
        uint8_t insert
        uint8_t *bytes
    bint ek_hll_is(const uint8_t *p, size_t n)
    bint ek_hll_is_dense(const uint8_t *p)
    void ek_hll_init(uint8_t *out)
    unsigned ek_hll_rank(const uint8_t *element, size_t n, uint32_t *index)
    bint ek_hll_count(const uint8_t *p, size_t n, uint64_t *count)
    uint64_t ek_hll_count_registers(const uint8_t *registers)
    bint ek_hll_merge(uint8_t *registers, const uint8_t *p, size_t n)
    unsigned ek_hll_get(const uint8_t *p, uint32_t index)
    void ek_hll_set(uint8_t *p, uint32_t index, unsigned rank)
    bint ek_hll_densify(uint8_t *dense, const uint8_t *p, size_t n)
    ek_hll_outcome ek_hll_plan_raise(const uint8_t *p, size_t n, size_t max_bytes, uint32_t index,
                                     unsigned rank, ek_hll_plan *plan)


def hll_is(bytes b):
    return bool(ek_hll_is(<const uint8_t *> (<const char *> b), len(b)))


def hll_empty():
    cdef bytearray out = bytearray(EK_HLL_EMPTY_BYTES)
    ek_hll_init(out)
    return bytes(out)


def hll_rank(bytes element):
    """(register, rank)."""
    cdef uint32_t index
    cdef unsigned rank = ek_hll_rank(element, len(element), &index)
    return index, rank


def hll_raise(bytes b, uint32_t index, unsigned rank, size_t max_bytes=3000):
    """The bytes afterwards; None when it has to become dense; ValueError when it is corrupt."""
    cdef const uint8_t *p = <const uint8_t *> (<const char *> b)
    cdef ek_hll_plan plan
    cdef bytearray room
    if ek_hll_is_dense(p):
        room = bytearray(b)
        if ek_hll_get(p, index) < rank:
            ek_hll_set(room, index, rank)
        return bytes(room)
    cdef ek_hll_outcome o = ek_hll_plan_raise(p, len(b), max_bytes, index, rank, &plan)
    if o == EK_HLL_SAME:
        return b
    if o == EK_HLL_DENSE:
        return None
    if o == EK_HLL_CORRUPT:
        raise ValueError("corrupt")
    assert plan.insert <= EK_HLL_PLAN_BYTES and plan.at + plan.remove <= <size_t> len(b)
    return b[: plan.at] + (<char *> plan.bytes)[: plan.insert] + b[plan.at + plan.remove :]


def hll_densify(bytes b):
    cdef bytearray out = bytearray(EK_HLL_DENSE_BYTES)
    if not ek_hll_densify(out, <const uint8_t *> (<const char *> b), len(b)):
        raise ValueError("corrupt")
    return bytes(out)


def hll_registers(bytes b, others=()):
    """The highest of each register in b and the others."""
    cdef bytearray out = bytearray(EK_HLL_REGISTERS)
    for one in (b, *others):
        if not ek_hll_merge(out, <const uint8_t *> (<const char *> one), len(one)):
            raise ValueError("corrupt")
    return bytes(out)


def hll_count(bytes b):
    cdef uint64_t count
    if not ek_hll_count(<const uint8_t *> (<const char *> b), len(b), &count):
        raise ValueError("corrupt")
    return count


def hll_count_registers(bytes registers):
    assert len(registers) == EK_HLL_REGISTERS
    return ek_hll_count_registers(registers)
