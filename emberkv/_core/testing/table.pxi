# The hash table over items | key bytes u32 | value u32 | key |, for tests.

cdef extern from "data/table.h" nogil:
    ctypedef struct ek_table:
        uint32_t count
        ek_ref dir
        uint8_t depth
        uint8_t segment_log2
    ctypedef ek_str ek_table_key_fn(const ek_arena *a, ek_ref item) noexcept nogil
    ctypedef void ek_table_visit_fn(void *arg, ek_ref item) noexcept nogil
    ctypedef bint ek_table_each_fn(void *arg, ek_ref item) noexcept nogil
    ctypedef void ek_table_release_fn(ek_arena *a, void *arg, ek_ref item) noexcept nogil
    uint64_t ek_table_hash(const ek_arena *a, ek_str key)
    ek_ref ek_table_find(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t h, ek_str key)
    void ek_table_fetch(const ek_arena *a, const ek_table *t, const ek_str *keys, size_t stride,
                        size_t n, uint64_t *hashes, ek_ref *items)
    ek_ref ek_table_find_ahead(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of,
                               uint64_t h, ek_str key, ek_ref item)
    enum:
        EK_TABLE_FETCHED
    void ek_table_add(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t h, ek_ref item)
    bint ek_table_swap(ek_arena *a, ek_table *t, uint64_t h, ek_ref old_item, ek_ref new_item)
    bint ek_table_remove(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t h, ek_ref item)
    uint64_t ek_table_scan(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of,
                           uint64_t cursor, size_t count, ek_table_visit_fn *visit, void *arg)
    void ek_table_each(const ek_arena *a, const ek_table *t, ek_table_each_fn *visit, void *arg)
    ek_ref ek_table_random(const ek_arena *a, const ek_table *t, ek_random *r)
    bint ek_table_drain(ek_arena *a, ek_table *t, size_t budget, ek_table_release_fn *release,
                        void *arg)
    size_t ek_table_bytes(const ek_arena *a, const ek_table *t)
    bint ek_table_check(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of)

cdef extern from *:
    """
    #include <string.h>
    typedef struct table_item { uint32_t n, value; uint8_t key[]; } table_item;
    typedef struct table_op {
        ek_arena *a; ek_table *t; ek_ref root; ek_str key; uint64_t n; uint32_t value; int result;
    } table_op;
    typedef struct table_seen { PyObject *out; ek_arena *a; } table_seen;

    static ek_str table_key(const ek_arena *a, ek_ref item) {
        const table_item *it = (const table_item *)ek_ptr(a, item);
        return (ek_str){it->key, it->n};
    }
    static ek_ref table_item_new(ek_arena *a, ek_str key, uint32_t value) {
        ek_ref ref = ek_alloc(a, sizeof(table_item) + key.n);
        table_item *it = (table_item *)ek_ptr(a, ref);
        it->n = (uint32_t)key.n;
        it->value = value;
        memcpy(it->key, key.p, key.n);
        return ref;
    }
    static void table_op_root(void *arg) {
        table_op *o = (table_op *)arg;
        o->root = ek_alloc_zeroed(o->a, sizeof(ek_table));
    }
    static void table_put(table_op *o) {
        uint64_t h = ek_table_hash(o->a, o->key);
        ek_ref old = ek_table_find(o->a, o->t, table_key, h, o->key);
        ek_ref item = table_item_new(o->a, o->key, o->value);
        o->result = old == 0;
        if (!old) { ek_table_add(o->a, o->t, table_key, h, item); return; }
        o->result = ek_table_swap(o->a, o->t, h, old, item) ? 0 : -1;
        ek_free(o->a, old);
    }
    static void table_op_put(void *arg) { table_put((table_op *)arg); }
    /* n items at once whose keys are the numbers from value on. */
    static void table_op_fill(void *arg) {
        table_op *o = (table_op *)arg;
        for (uint32_t i = 0; i < o->n; i++) {
            char buf[16];
            int n = snprintf(buf, sizeof buf, "%u", o->value + i);
            table_op one = {o->a, o->t, 0, {(uint8_t *)buf, (size_t)n}, 0, i, 0};
            table_put(&one);
        }
    }
    static void table_op_remove(void *arg) {
        table_op *o = (table_op *)arg;
        uint64_t h = ek_table_hash(o->a, o->key);
        ek_ref old = ek_table_find(o->a, o->t, table_key, h, o->key);
        o->result = old != 0 && ek_table_remove(o->a, o->t, table_key, h, old);
        ek_free(o->a, old);
    }
    static void table_release(ek_arena *a, void *arg, ek_ref item) {
        ek_free(a, item);
        ((table_op *)arg)->value++;
    }
    static void table_op_drain(void *arg) {
        table_op *o = (table_op *)arg;
        o->result = ek_table_drain(o->a, o->t, o->n, table_release, o);
    }
    static void table_op_put_and_fail(void *arg) {
        table_op_fill(arg);
        ek_raise(((table_op *)arg)->a, EK_ENOMEM);
    }
    static void table_visit(void *arg, ek_ref item) {
        table_seen *s = (table_seen *)arg;
        ek_str k = table_key(s->a, item);
        PyObject *b = PyBytes_FromStringAndSize((const char *)k.p, (Py_ssize_t)k.n);
        if (b) PyList_Append(s->out, b);
        Py_XDECREF(b);
    }
    static bool table_each_one(void *arg, ek_ref item) {
        table_visit(arg, item);
        return true;
    }
    """
    ctypedef struct table_item:
        uint32_t n
        uint32_t value
    ctypedef struct table_op:
        ek_arena *a
        ek_table *t
        ek_ref root
        ek_str key
        uint64_t n
        uint32_t value
        int result
    ctypedef struct table_seen:
        void *out
        ek_arena *a
    ek_str table_key(const ek_arena *a, ek_ref item) noexcept nogil
    void table_op_root(void *arg) noexcept nogil
    void table_op_put(void *arg) noexcept nogil
    void table_op_fill(void *arg) noexcept nogil
    void table_op_put_and_fail(void *arg) noexcept nogil
    void table_op_remove(void *arg) noexcept nogil
    void table_op_drain(void *arg) noexcept nogil
    void table_visit(void *arg, ek_ref item) noexcept nogil
    bint table_each_one(void *arg, ek_ref item) noexcept nogil


cdef class Table:
    """A table whose items are a key and a number."""
    cdef readonly Arena arena
    cdef ek_table *t
    cdef ek_random random_state

    def __cinit__(self, Arena arena):
        cdef table_op o
        o.a = arena.a
        arena.run(table_op_root, &o)
        self.arena = arena
        self.t = <ek_table *> ek_ptr(arena.a, o.root)
        ek_random_init(&self.random_state)

    cdef int op(self, void (*fn)(void *) noexcept nogil, bytes key, uint64_t n, uint32_t value,
                table_op *o) except -1:
        o.a = self.arena.a
        o.t = self.t
        o.key = as_str(key)
        o.n = n
        o.value = value
        return self.arena.run(fn, o)

    def put(self, bytes key, value):
        """Add an item or swap one; True when it is new."""
        cdef table_op o
        self.op(table_op_put, key, 0, value, &o)
        assert o.result >= 0
        return bool(o.result)

    def fill(self, first, n):
        """Items with the decimal numbers from first on as keys, in one transaction."""
        cdef table_op o
        self.op(table_op_fill, b"", n, first, &o)

    def fill_and_fail(self, first, n):
        cdef table_op o
        self.op(table_op_put_and_fail, b"", n, first, &o)

    def find(self, bytes key):
        cdef ek_str k = as_str(key)
        cdef uint64_t hashes[EK_TABLE_FETCHED]
        cdef ek_ref items[EK_TABLE_FETCHED]
        cdef uint64_t h
        cdef ek_ref item, ahead
        ek_table_fetch(self.arena.a, self.t, &k, 1, 1, hashes, items)
        h = hashes[0]
        ahead = ek_table_find_ahead(self.arena.a, self.t, table_key, h, k, items[0])
        item = ek_table_find(self.arena.a, self.t, table_key, h, k)
        assert ahead == item and h == ek_table_hash(self.arena.a, k)
        return (<table_item *> ek_ptr(self.arena.a, item)).value if item else None

    def fetch_by_root(self, bytes key, depth):
        """What a reader sees whom a writer gave another depth of the directory."""
        cdef ek_table t = self.t[0]
        cdef uint64_t hashes[EK_TABLE_FETCHED]
        cdef ek_ref items[EK_TABLE_FETCHED]
        cdef ek_str k = as_str(key)
        t.depth = depth
        ek_table_fetch(self.arena.a, &t, &k, 1, 1, hashes, items)
        return items[0]

    def remove(self, bytes key):
        cdef table_op o
        self.op(table_op_remove, key, 0, 0, &o)
        return bool(o.result)

    def drain(self, budget):
        """(done, how many items were released)"""
        cdef table_op o
        self.op(table_op_drain, b"", budget, 0, &o)
        return bool(o.result), o.value

    def scan(self, cursor, count):
        out = []
        cdef table_seen s
        s.out = <void *> out
        s.a = self.arena.a
        next_cursor = ek_table_scan(s.a, self.t, table_key, cursor, count, table_visit, &s)
        return next_cursor, out

    def keys(self):
        out = []
        cdef table_seen s
        s.out = <void *> out
        s.a = self.arena.a
        ek_table_each(s.a, self.t, table_each_one, &s)
        return out

    def random(self):
        out = []
        cdef table_seen s
        s.out = <void *> out
        s.a = self.arena.a
        cdef ek_ref item = ek_table_random(s.a, self.t, &self.random_state)
        if item:
            table_visit(&s, item)
        return out[0] if out else None

    def __len__(self):
        return self.t.count

    @property
    def depth(self):
        return self.t.depth

    @property
    def nbytes(self):
        return ek_table_bytes(self.arena.a, self.t)

    def check(self):
        return bool(ek_table_check(self.arena.a, self.t, table_key))
