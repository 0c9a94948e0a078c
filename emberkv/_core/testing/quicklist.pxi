cdef extern from "arena/arena.h" nogil:
    void ek_raise(ek_arena *a, ek_status status)
    size_t ek_usable(ek_arena *a, ek_ref ref)

cdef extern from "data/quicklist.h" nogil:
    ctypedef struct ek_list:
        uint64_t count
        uint32_t nodes
    ctypedef struct ek_list_limit:
        uint32_t bytes
        uint32_t count
    ctypedef enum ek_list_end:
        EK_LIST_HEAD
        EK_LIST_TAIL
    ctypedef struct ek_list_iter:
        const uint8_t *p
    ek_list_limit ek_list_limit_of(int64_t fill)
    void ek_list_init(ek_list *l)
    const uint8_t *ek_list_peek(ek_arena *a, ek_list *l, ek_list_end at)
    bint ek_list_seek(ek_arena *a, ek_list *l, uint64_t index, ek_list_iter *it)
    bint ek_list_next(ek_arena *a, ek_list_iter *it)
    bint ek_list_prev(ek_arena *a, ek_list_iter *it)
    size_t ek_list_bytes(ek_arena *a, ek_list *l)
    bint ek_list_check(ek_arena *a, ek_list *l)
    void ek_list_push(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end at,
                      const ek_str *values, size_t n)
    void ek_list_drop(ek_arena *a, ek_list *l, ek_list_end at)
    void ek_list_insert(ek_arena *a, ek_list *l, ek_list_limit lim, const ek_list_iter *at,
                        bint after, ek_str value)
    void ek_list_replace(ek_arena *a, ek_list *l, ek_list_limit lim, const ek_list_iter *at,
                         ek_str value)
    void ek_list_remove(ek_arena *a, ek_list *l, ek_list_limit lim, uint64_t start, uint64_t n)
    uint64_t ek_list_remove_value(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end end,
                                  uint64_t max, ek_str value)
    void ek_list_copy(ek_arena *a, ek_list *l, const ek_list *src)
    bint ek_list_drain(ek_arena *a, ek_list *l, size_t budget)

cdef enum list_op_kind:
    LIST_NEW, LIST_PUSH, LIST_DROP, LIST_INSERT, LIST_REPLACE, LIST_REMOVE, LIST_REMOVE_VALUE
    LIST_DRAIN, LIST_COPY, LIST_RELEASE

cdef struct list_op:
    list_op_kind kind
    ek_list_end end
    bint after
    uint64_t index
    uint64_t n
    ek_str *values
    uint64_t result

cdef struct list_ops:
    ek_arena *a
    ek_ref root
    ek_ref other
    ek_list_limit lim
    list_op *op
    size_t n
    bint fail


cdef void run_list_ops(void *arg) noexcept nogil:
    cdef list_ops *c = <list_ops *> arg
    cdef list_op *op
    cdef ek_list *l
    cdef ek_list_iter it
    cdef size_t i
    for i in range(c.n):
        op = &c.op[i]
        l = <ek_list *> ek_ptr(c.a, c.root)
        if op.kind == LIST_NEW:
            c.root = ek_alloc(c.a, sizeof(ek_list))
            ek_list_init(<ek_list *> ek_ptr(c.a, c.root))
        elif op.kind == LIST_PUSH:
            ek_list_push(c.a, l, c.lim, op.end, op.values, op.n)
        elif op.kind == LIST_DROP:
            ek_list_drop(c.a, l, op.end)
        elif op.kind == LIST_INSERT:
            ek_list_seek(c.a, l, op.index, &it)
            ek_list_insert(c.a, l, c.lim, &it, op.after, op.values[0])
        elif op.kind == LIST_REPLACE:
            ek_list_seek(c.a, l, op.index, &it)
            ek_list_replace(c.a, l, c.lim, &it, op.values[0])
        elif op.kind == LIST_REMOVE:
            ek_list_remove(c.a, l, c.lim, op.index, op.n)
        elif op.kind == LIST_REMOVE_VALUE:
            op.result = ek_list_remove_value(c.a, l, c.lim, op.end, op.n, op.values[0])
        elif op.kind == LIST_DRAIN:
            op.result = ek_list_drain(c.a, l, op.n)
        elif op.kind == LIST_COPY:
            c.other = ek_alloc(c.a, sizeof(ek_list))
            ek_list_init(<ek_list *> ek_ptr(c.a, c.other))
            ek_list_copy(c.a, <ek_list *> ek_ptr(c.a, c.other), l)
        elif op.kind == LIST_RELEASE:
            ek_list_drain(c.a, l, <size_t> -1)
            ek_free(c.a, c.root)
    if c.fail:
        ek_raise(c.a, 1)


cdef class List:
    """A list of listpacks. `run` takes ops as tuples and does them in one transaction."""
    cdef readonly Arena arena
    cdef ek_ref root
    cdef ek_list_limit lim

    def __init__(self, Arena arena, int64_t fill=-2):
        self.arena = arena
        self.lim = ek_list_limit_of(fill)
        self.run([("new",)])

    def run(self, list todo, bint fail=False):
        cdef list_ops c
        cdef list_op *op
        cdef Py_ssize_t i, j
        c.a, c.root, c.other, c.lim = self.arena.a, self.root, 0, self.lim
        c.n, c.fail = len(todo), fail
        c.op = <list_op *> calloc(len(todo) + 1, sizeof(list_op))
        kinds = {"new": LIST_NEW, "push": LIST_PUSH, "drop": LIST_DROP, "insert": LIST_INSERT,
                 "replace": LIST_REPLACE, "remove": LIST_REMOVE,
                 "remove_value": LIST_REMOVE_VALUE, "drain": LIST_DRAIN, "copy": LIST_COPY,
                 "release": LIST_RELEASE}
        try:
            for i, (name, *args) in enumerate(todo):
                op = &c.op[i]
                op.kind = kinds[name]
                values = []
                if name == "push":
                    at, values = args
                    op.end, op.n = (EK_LIST_TAIL if at else EK_LIST_HEAD), len(values)
                elif name == "drop":
                    op.end = EK_LIST_TAIL if args[0] else EK_LIST_HEAD
                elif name == "insert":
                    op.index, op.after, values = args[0], args[1], [args[2]]
                elif name == "replace":
                    op.index, values = args[0], [args[1]]
                elif name == "remove":
                    op.index, op.n = args
                elif name == "remove_value":
                    op.end, op.n = (EK_LIST_TAIL if args[0] else EK_LIST_HEAD), args[1]
                    values = [args[2]]
                elif name == "drain":
                    op.n = args[0]
                op.values = <ek_str *> malloc((len(values) + 1) * sizeof(ek_str))
                for j in range(len(values)):
                    op.values[j] = as_str(values[j])
            self.arena.run(run_list_ops, &c)
            self.root = c.root
            if c.other:
                return self.view(c.other)
            return [c.op[i].result for i in range(<Py_ssize_t> c.n)]
        finally:
            for i in range(<Py_ssize_t> c.n):
                free(c.op[i].values)
            free(c.op)

    cdef List view(self, ek_ref root):
        cdef List other = List.__new__(List)
        other.arena, other.lim, other.root = self.arena, self.lim, root
        return other

    cdef ek_list *l(self):
        return <ek_list *> ek_ptr(self.arena.a, self.root)

    def __len__(self):
        return self.l().count

    @property
    def nodes(self):
        return self.l().nodes

    @property
    def bytes(self):
        return ek_list_bytes(self.arena.a, self.l())

    def set_fill(self, int64_t fill):
        self.lim = ek_list_limit_of(fill)

    def peek(self, bint tail):
        cdef const uint8_t *p = ek_list_peek(
            self.arena.a, self.l(), EK_LIST_TAIL if tail else EK_LIST_HEAD)
        return None if p == NULL else lp_object(p)

    def values(self, uint64_t index=0, bint backwards=False):
        cdef ek_list_iter it
        out = []
        more = ek_list_seek(self.arena.a, self.l(), index, &it)
        while more:
            out.append(lp_object(it.p))
            if backwards:
                more = ek_list_prev(self.arena.a, &it)
            else:
                more = ek_list_next(self.arena.a, &it)
        return out

    def check(self):
        return ek_list_check(self.arena.a, self.l()) and self.arena.check()
