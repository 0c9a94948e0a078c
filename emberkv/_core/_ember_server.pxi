# A server over a store, run by a thread of its own that needs no interpreter. Included by _ember.pyx.

cdef extern from "net/server.h" nogil:
    ctypedef struct ek_server:
        pass
    ctypedef struct ek_server_options:
        const char *bind
        int port
        int tls_port
        const char *unixsocket
        unsigned unixsocketperm
        int backlog
    enum:
        EK_SERVER_ERROR_MAX
    bint ek_server_new(ek_store *s, const ek_server_options *o, ek_server **out, char *err)
    bint ek_server_start(ek_server *server)
    void ek_server_stop(ek_server *server)
    bint ek_server_wait(ek_server *server, int timeout_ms)
    void ek_server_free(ek_server *server)
    int ek_server_port(const ek_server *server, bint tls)


cdef extern from "store/config.h" nogil:
    ctypedef struct ek_setting:
        pass
    ctypedef struct ek_setting_parsed:
        pass
    const ek_setting *ek_setting_find(ek_str name, const char **found)
    bint ek_setting_parse(const ek_store *s, const ek_setting *setting, ek_str text,
                          ek_setting_parsed *out, char *err, size_t errlen)

cdef extern from "engine/settings.h" nogil:
    bint ek_settings_load(ek_store *s, const char *name, ek_str value, char *err, size_t n)
    bint ek_settings_set_file(ek_store *s, const char *path)


def is_setting(name):
    """Whether there is a setting of that name."""
    cdef bytes key = name.encode()
    cdef ek_str v
    v.p = <const uint8_t *> <char *> key
    v.n = len(key)
    return ek_setting_find(v, NULL) != NULL


def why_not(Store store, name, value):
    """What `load_setting` would say against a value, or None."""
    cdef bytes key = name.encode(), text = value.encode("utf-8", "surrogateescape")
    cdef char err[256]
    cdef ek_setting_parsed parsed
    store.use()
    if ek_setting_parse(store.s, ek_setting_find(str_of(key), NULL), str_of(text), &parsed, err,
                        sizeof(err)):
        return None
    return err.decode("utf-8", "replace")


cdef extern from "engine/renames.h" nogil:
    bint ek_rename_command(ek_store *s, ek_str own, ek_str now, const char **why)


cdef ek_str str_of(bytes text):
    cdef ek_str v
    v.p = <const uint8_t *> <char *> text
    v.n = len(text)
    return v


def is_command(name):
    """Whether there is a command of that name."""
    cdef bytes key = name.encode("utf-8", "surrogateescape")
    return ek_command_find_full(<const uint8_t *> <char *> key, len(key)) != NULL


def rename_command(Store store, name, now):
    """Have clients of servers on this handle call a command by another name, or by none."""
    cdef bytes own = name.encode("utf-8", "surrogateescape")
    cdef bytes other = now.encode("utf-8", "surrogateescape")
    cdef const char *why = NULL
    store.enter()
    ok = ek_rename_command(store.s, str_of(own), str_of(other), &why)
    leave(store.s)
    if not ok:
        raise ValueError(f"rename-command {name}: {why.decode()}")


def set_config_file(Store store, path):
    """What CONFIG REWRITE writes to: bytes, absolute."""
    cdef bytes text = path
    store.enter()
    ok = ek_settings_set_file(store.s, <const char *> text)
    leave(store.s)
    if not ok:
        raise MemoryError


def load_setting(Store store, name, value):
    """Set a setting as it is set at the start of a server, immutable ones too."""
    cdef bytes key = name.encode(), text = value.encode("utf-8", "surrogateescape")
    cdef ek_str v
    cdef char err[256]
    cdef bint ok
    v.p = <const uint8_t *> <char *> text
    v.n = len(text)
    store.enter()
    ok = ek_settings_load(store.s, <const char *> key, v, err, sizeof(err))
    leave(store.s)
    if not ok:
        raise ValueError(f"{name}: {err.decode('utf-8', 'replace')}")


cdef extern from "store/log.h" nogil:
    ctypedef enum ek_log_level:
        pass
    void ek_log_to_stdout(ek_store *s)
    void ek_log(const ek_store *s, ek_log_level level, const char *format, ...)


def allow_log(Store store):
    """A private store may be told to keep an append-only file, in its setting `dir`."""
    store.enter()
    st = ek_aof_allow(store.s)
    leave(store.s)
    if st != EK_OK:
        raise MemoryError
    remember_to_flush(store)


def log_to_stdout(Store store):
    """Have the log on stdout while there is no logfile."""
    store.use()
    ek_log_to_stdout(store.s)


def log(Store store, int level, text):
    """A line for the log: level 2 is a notice, 3 a warning."""
    cdef bytes line = text.encode("utf-8", "replace")
    cdef const char *p = line
    store.use()
    with nogil:
        ek_log(store.s, <ek_log_level> level, "%s", p)


cdef class ServerCore:
    """The compiled part of `emberkv.server.Server`: listens from its making, serves from `start`."""
    cdef ek_server *p
    cdef readonly Store store
    cdef object __weakref__

    def __init__(self, Store store, bind, int port, int tls_port, unixsocket,
                 unsigned unixsocketperm, int backlog):
        cdef ek_server_options o
        cdef char err[512]
        cdef bytes address = bind.encode()
        cdef bytes path = None
        cdef bint ok
        store.use()
        memset(&o, 0, sizeof(o))
        o.bind = <const char *> address
        o.port = port
        o.tls_port = tls_port
        if unixsocket is not None:
            from os import fsencode
            path = fsencode(unixsocket)
            o.unixsocket = <const char *> path
        o.unixsocketperm = unixsocketperm
        o.backlog = backlog
        with nogil:
            ok = ek_server_new(store.s, &o, &self.p, err)
        if not ok:
            text = err.decode("utf-8", "replace")
            if errno:
                raise OSError(errno, text)
            raise ValueError(text)
        self.store = store

    def start(self):
        """Serve, in a thread of its own."""
        if not ek_server_start(self.p):
            raise OSError(errno, "cannot start a thread")
        self.store.serve(self)

    def stop(self):
        """Ask it to end; any thread may, and again."""
        if self.p != NULL:
            ek_server_stop(self.p)

    def wait(self, int timeout_ms):
        """Wait until it has ended, at most so long (-1: for ever). True: it has."""
        cdef bint ended = self.p == NULL
        cdef int step
        while not ended:
            step = 100 if timeout_ms < 0 else min(timeout_ms, 100)
            with nogil:
                ended = ek_server_wait(self.p, step)
            PyErr_CheckSignals()
            if timeout_ms >= 0:
                timeout_ms -= step
                if timeout_ms <= 0:
                    break
        return ended

    @property
    def port(self):
        return ek_server_port(self.p, False)

    @property
    def tls_port(self):
        return ek_server_port(self.p, True)

    def __dealloc__(self):
        cdef ek_server *p = self.p
        self.p = NULL
        if p != NULL:
            ek_server_stop(p)
            with nogil:
                ek_server_free(p)
