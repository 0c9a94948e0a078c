# Whole files: a store to and from RDB. Included by _ember.pyx.

cdef extern from "persist/rdb_save.h" nogil:
    ctypedef struct ek_rdb_save:
        const ek_store *s
        bint plain
        uint64_t keys
        uint64_t bytes
        int version
        int error
        char *err
    bint ek_rdb_save_fd(ek_rdb_save *save, int fd)
    bint ek_rdb_save_file(ek_rdb_save *save, const char *path)

cdef extern from "persist/rdb_load.h" nogil:
    ctypedef struct ek_rdb_load:
        ek_store *s
        bint keep_expired
        uint64_t keys
        uint64_t expired
        uint64_t bytes
        int version
        bint valkey
        bint aof_base
        char *err
    bint ek_rdb_load_fd(ek_rdb_load *load, int fd)
    bint ek_rdb_load_file(ek_rdb_load *load, const char *path)


def save_rdb(Store store, path):
    """Write the store to an RDB file, which appears when all of it is on disk. Holds the lock."""
    cdef ek_rdb_save save
    cdef bytes name = os_fsencode(path)
    cdef const char *where = <const char *> name
    cdef bint ok
    memset(&save, 0, sizeof(save))
    store.enter()
    save.s = store.s
    with nogil:
        ok = ek_rdb_save_file(&save, where)
    ek_store_leave(store.s)
    if not ok:
        raise OSError(save.error, f"{path}: {save.err.decode('utf-8', 'replace')}")
    return {"keys": save.keys, "bytes": save.bytes, "version": save.version}


def load_rdb(Store store, path):
    """Read an RDB file into the store, in which none of its keys is. Holds the lock."""
    cdef ek_rdb_load load
    cdef bytes name = os_fsencode(path)
    cdef const char *where = <const char *> name
    cdef bint ok
    memset(&load, 0, sizeof(load))
    store.enter()
    load.s = store.s
    with nogil:
        ok = ek_rdb_load_file(&load, where)
    ek_store_leave(store.s)
    if not ok:
        raise _exceptions().DataError(f"{path}: {load.err.decode('utf-8', 'replace')}")
    return {"keys": load.keys, "expired": load.expired, "bytes": load.bytes,
            "version": load.version, "valkey": load.valkey}


cdef bytes os_fsencode(path):
    import os
    cdef bytes name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError("embedded null byte")
    return name
