# Append-only files looked at, without a store that uses them.

cdef extern from "persist/aof_load.h" nogil:
    ctypedef enum ek_aof_end_kind:
        EK_AOF_WHOLE
        EK_AOF_CUT
        EK_AOF_DAMAGED
        EK_AOF_FAILED
    ctypedef struct ek_aof_load:
        ek_store *s
        uint64_t commands
        uint64_t bytes
        uint64_t whole
        bint rdb
        const char *latest
        const char *since
        char *err
    ek_aof_end_kind ek_aof_load_fd(ek_aof_load *load, int fd)


def check_log(int fd, Store into=None):
    """Read an append-only file and say how far it is whole, as a dict.

    `end`: "whole", "cut" (within a command or transaction), "damaged" or "failed", and `error` says
    where and why; `whole`: up to which byte it is whole units; `bytes`: how long it is; `commands`: how
    many; `needs`: (command, version) when a server before that version, later than 7.0, does not know
    one of them. `into`: a private store in which all of it runs; without one its commands are only parsed, and
    a file that begins with an RDB needs one.
    """
    cdef ek_aof_load load
    cdef ek_aof_end_kind end
    memset(&load, 0, sizeof(load))
    if into is not None:
        into.enter()
        into.s.loading = True
        load.s = into.s
    with nogil:
        end = ek_aof_load_fd(&load, fd)
    if into is not None:
        into.s.loading = False
        leave(into.s)
    names = {EK_AOF_WHOLE: "whole", EK_AOF_CUT: "cut", EK_AOF_DAMAGED: "damaged",
             EK_AOF_FAILED: "failed"}
    return {
        "end": names[end],
        "error": (<bytes> load.err).decode("utf-8", "replace") if end != EK_AOF_WHOLE else None,
        "whole": load.whole,
        "bytes": load.bytes,
        "commands": load.commands,
        "rdb": load.rdb,
        "needs": None if load.latest == NULL else
                 ((<bytes> load.latest).decode().replace("|", " ").upper(),
                  (<bytes> load.since).decode()),
    }


cdef extern from "persist/manifest.h" nogil:
    ctypedef struct ek_aof_file:
        char *name
        uint64_t seq
        char type
    ctypedef struct ek_manifest:
        ek_aof_file *files
        size_t n
    ctypedef struct ek_manifest_error:
        unsigned line
        const char *what
    bint ek_manifest_parse(ek_manifest *m, const char *text, size_t n, ek_manifest_error *error)
    void ek_manifest_free(ek_manifest *m)


def parse_manifest(bytes text):
    """The files that a manifest lists: (name, number, "b", "i" or "h"). ValueError tells the line."""
    cdef ek_manifest m
    cdef ek_manifest_error error
    cdef size_t i
    cdef list out = []
    try:
        if not ek_manifest_parse(&m, text, len(text), &error):
            where = f"line {error.line} " if error.line else ""
            raise ValueError(where + (<bytes> error.what).decode())
        for i in range(m.n):
            out.append(((<bytes> m.files[i].name).decode("utf-8", "surrogateescape"),
                        m.files[i].seq, chr(m.files[i].type)))
    finally:
        ek_manifest_free(&m)
    return out


cdef extern from "arena/link.h" nogil:
    ctypedef enum ek_memory_use:
        EK_MEMORY_NONE
        EK_MEMORY_LEFT
        EK_MEMORY_OPEN
    ek_memory_use ek_link_use(int dir)


def memory_of(int dir_fd):
    """The memory of the store in a directory, of which a lock is held: None if there is none, "left" by
    processes that have gone, or "open"."""
    return {EK_MEMORY_NONE: None, EK_MEMORY_LEFT: "left", EK_MEMORY_OPEN: "open"}[ek_link_use(dir_fd)]
