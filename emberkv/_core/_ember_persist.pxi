# Whole files: a store to and from RDB. Included by _ember.pyx.

cdef extern from "persist/rdb_save.h" nogil:
    ctypedef struct ek_rdb_save:
        const ek_store *s
        const ek_arena *owner
        bint plain
        bint no_checksum
        void (*leave)(void *arg)
        c_bool (*enter)(void *arg)
        c_bool (*go_on)(void *arg, uint64_t keys)
        void *arg
        uint64_t keys
        uint64_t bytes
        int version
        int error
        char *err
    bint ek_rdb_save_file(ek_rdb_save *save, const char *path)

cdef extern from "persist/rdb_load.h" nogil:
    ctypedef struct ek_rdb_load:
        ek_store *s
        bint keep_expired
        c_bool (*go_on)(void *arg, uint64_t bytes)
        void *arg
        uint64_t keys
        uint64_t expired
        uint64_t bytes
        int version
        bint valkey
        char *err
    bint ek_rdb_load_fd(ek_rdb_load *load, int fd)

cdef extern from "store/view.h" nogil:
    ctypedef struct ek_view:
        ek_store store
        bint locked
        int64_t longest_ns
    ek_status ek_view_begin(ek_store *s, ek_view *v)
    void ek_view_leave(void *v)
    bint ek_view_enter(void *v)
    bint ek_view_end(ek_view *v)
    void ek_view_drop(ek_view *v)


cdef struct Going:  # what a long call is given to see whether it shall go on
    ek_view view
    int64_t looked_ms, every_ms
    uint64_t total  # 0: not known
    void *progress
    void *error


cdef void going_leave(void *arg) noexcept nogil:
    ek_view_leave(&(<Going *> arg).view)


cdef c_bool going_enter(void *arg) noexcept nogil:
    return ek_view_enter(&(<Going *> arg).view)


cdef c_bool going_on(void *arg, uint64_t done) noexcept nogil:
    """Now and then signals are seen to, and who asked for it is told how far it is."""
    cdef Going *g = <Going *> arg
    cdef int64_t now_ms = ek_clock_monotonic_ms()
    if now_ms - g.looked_ms < g.every_ms:
        return True
    g.looked_ms = now_ms
    with gil:
        return tell_progress(g, done)


cdef c_bool opening_goes_on(void *arg, uint64_t done, uint64_t total) noexcept nogil:
    (<Going *> arg).total = total
    return going_on(arg, done)


cdef bint tell_progress(Going *g, uint64_t done) noexcept:
    try:
        PyErr_CheckSignals()
        if g.progress != NULL and g.total:
            (<object> g.progress)(done, g.total)
        elif g.progress != NULL:
            (<object> g.progress)(done)
    except BaseException as error:
        Py_INCREF(error)
        g.error = <void *> error
        return False
    return True


cdef int raise_what_stopped(Going *g) except -1:
    if g.error == NULL:
        return 0
    error = <object> g.error
    Py_XDECREF(<PyObject *> g.error)
    g.error = NULL
    raise error


cdef bytes os_fsencode(path):
    import os
    cdef bytes name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError("embedded null byte")
    return name


cdef extern from "engine/acl.h" nogil:
    bint ek_acl_permits(ek_session *session, const ek_command *cmd, size_t argc, const ek_str *argv,
                        ek_reply *reply)


def ask_rules(Session session, name):
    """NoPermissionError if the session's user may not run the command `name`, of which no argument
    matters: for what does the same in another way."""
    cdef Tape tape = Tape.__new__(Tape)
    cdef const ek_command *cmd = command(name)
    cdef ek_str word
    cdef bint permitted
    tape.session = session
    word.p = <const uint8_t *> <const char *> name
    word.n = len(name)
    session.store.enter_unless_busy()
    permitted = ek_acl_permits(session.p, cmd, 1, &word, &tape.r)
    leave(session.store.s)
    if not permitted:
        tape.value()


def save_rdb(Store store, path, *, bint compress=True, bint checksum=True, progress=None,
             int64_t every_ms=100):
    """Write the store as it is at this moment to an RDB file, while others go on writing.

    The file appears under its name when all of it is on disk. `progress` is called every so many
    milliseconds, at a write, with the number of keys written. Gives a dict: keys, bytes, version,
    and held_ns, the longest that it held the store at a time, in processor time.
    """
    cdef ek_rdb_save save
    cdef Going g
    cdef bytes name = os_fsencode(path)
    cdef const char *where = <const char *> name
    cdef ek_status st = EK_EBUSY
    cdef bint ok
    memset(&save, 0, sizeof(save))
    memset(&g, 0, sizeof(g))
    g.progress = NULL if progress is None else <void *> progress
    g.every_ms = every_ms
    while True:  # another snapshot is waited for
        store.enter_unless_busy()
        if store.s.a.level:
            raise _exceptions().DataError("a transaction is open: what it changed may be undone")
        st = ek_view_begin(store.s, &g.view)
        if st != EK_EBUSY:
            break
        leave(store.s)
        with nogil:
            usleep(10000)
        PyErr_CheckSignals()
    if st != EK_OK:
        leave(store.s)
        raise _exceptions().OutOfMemoryError("no memory for a snapshot")
    save.s = &g.view.store
    save.owner = store.s.a
    save.plain = not compress
    save.no_checksum = not checksum
    save.leave = going_leave
    save.enter = going_enter
    save.go_on = going_on
    save.arg = &g
    store.begin_waiting()
    with nogil:
        ok = ek_rdb_save_file(&save, where)
        ek_view_end(&g.view)
        if g.view.locked:
            ek_store_leave(store.s)
        ek_view_drop(&g.view)
    store.end_waiting()
    raise_what_stopped(&g)
    if not ok:
        text = f"{path}: {save.err.decode('utf-8', 'replace')}"
        if save.error:
            raise OSError(save.error, text)
        raise _exceptions().ConnectionError(text)
    return {"keys": save.keys, "bytes": save.bytes, "version": save.version,
            "held_ns": g.view.longest_ns}


def load_rdb(Store store, int fd, name, *, progress=None, int64_t every_ms=100):
    """Read an RDB file from a descriptor into a store that nobody else has met yet.

    `name` is what errors call it. `progress` is called every so many milliseconds with the
    number of bytes read. Gives a dict: keys, expired (and left out), bytes, version, valkey.
    """
    cdef ek_rdb_load load
    cdef Going g
    cdef bint ok
    memset(&load, 0, sizeof(load))
    memset(&g, 0, sizeof(g))
    g.progress = NULL if progress is None else <void *> progress
    g.every_ms = every_ms
    store.enter()
    load.s = store.s
    load.go_on = going_on
    load.arg = &g
    with nogil:
        ok = ek_rdb_load_fd(&load, fd)
    leave(store.s)
    raise_what_stopped(&g)
    if not ok:
        raise _exceptions().DataError(f"{name}: {load.err.decode('utf-8', 'replace')}")
    return {"keys": load.keys, "expired": load.expired, "bytes": load.bytes,
            "version": load.version, "valkey": load.valkey}
