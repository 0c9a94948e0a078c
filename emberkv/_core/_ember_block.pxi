# Transactions that span calls: `with db.transaction():`.
#
# They are begun and ended by compiled code, without a moment between the lock and what will give it
# back at which Python runs a handler of a signal: Ctrl-C there would leave the store held for ever.

@cython.final
cdef class Mark:
    """Where a block began. Only who has the store's lock looks at those of a store."""
    cdef void *block
    cdef ek_savepoint sp
    cdef int level              # of the store's transactions, with this block
    cdef uint32_t db            # that the handle was in
    cdef Mark outer


cdef class Block:
    """What the ``with`` statement enters and leaves. The same one may be entered within itself."""
    cdef Session session
    cdef object db

    def __init__(self, db, Session session not None):
        self.db = db
        self.session = session

    def __enter__(self):
        cdef Store store = self.session.store
        cdef Mark mark = Mark.__new__(Mark)
        store.enter_unless_busy()
        mark.outer = None if store.s.a.level == 0 else store.innermost
        mark.block = <void *> self
        store.innermost = mark
        ek_transaction_begin(store.s, &mark.sp)
        mark.level = store.s.a.level
        mark.db = self.session.p.db
        return self.db

    def __exit__(self, kind, value, traceback):
        cdef Store store = self.session.store
        cdef Mark mark
        cdef bint is_last
        if store.closing and ek_transaction_is_mine(store.s):
            store._close()
        store.use()
        mark = store.innermost
        while mark is not None and mark.block != <void *> self:
            mark = mark.outer
        if mark is not None and not ek_transaction_is_mine(store.s):
            raise RuntimeError("a transaction is ended by the thread and process that began it")
        if mark is None:  # a block around it ended before, and undid it
            if kind is None:
                raise RuntimeError("a transaction must end before the one that it is within")
            return
        is_last = mark is store.innermost
        store.innermost = mark.outer
        if kind is None and is_last:
            commit(store)
            return
        store.s.a.level = mark.level
        ek_transaction_rollback(store.s, &mark.sp)
        ek_session_return(self.session.p, mark.db)
        if store.s.a.level == 0:
            leave(store.s)
        if kind is None:
            raise RuntimeError("a transaction has ended before one within it, and both are undone")


cdef int commit(Store store) except -1:
    """End the innermost block and keep its changes. O(what it freed)."""
    cdef int failed = 0
    cdef ek_status st = ek_transaction_commit(store.s)
    if store.s.a.level == 0:
        failed = leave(store.s)
    must_be_safe(failed)
    if st != EK_OK:
        raise _exceptions().OutOfMemoryError("the transaction did not fit and was undone")
    return 0
