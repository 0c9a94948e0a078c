# The compiled methods: redis-py's, for the calls that are made most. Each is the same as its
# namesake in emberkv/_commands, which serves pipelines and whoever replaces a response callback.

cdef const ek_command *command(name) except NULL:
    cdef bytes full = name
    cdef const ek_command *cmd = ek_command_find_full(<const uint8_t *> <const char *> full,
                                                      len(full))
    if cmd == NULL:
        raise ImportError(f"no such command: {full.decode()}")
    return cmd


cdef const ek_command *GET = command(b"get")
cdef const ek_command *SET = command(b"set")
cdef const ek_command *MGET = command(b"mget")
cdef const ek_command *INCRBY = command(b"incrby")
cdef const ek_command *DECRBY = command(b"decrby")


cdef class Client:
    """The base of `Ember`: one session, and the compiled methods on it."""
    cdef readonly Session _session

    def __init__(self, Session session):
        self._session = session

    def get(self, name):
        """The string at `name`, None if missing. O(1). GET."""
        cdef Session s = self._session
        cdef ek_store *store = s.store.s
        cdef ek_str key, value
        cdef uint64_t seq
        cdef char digits[24]
        cdef ek_peek_result found
        cdef Py_ssize_t n
        if store == NULL:
            s.store.use()
        if PyBytes_CheckExact(name):
            key.p = <const uint8_t *> PyBytes_AS_STRING(name)
            key.n = PyBytes_GET_SIZE(name)
        elif type(name) is str and s.utf8:
            key.p = <const uint8_t *> PyUnicode_AsUTF8AndSize(name, &n)
            key.n = n
        else:
            return s.call1(GET, name)
        if (key.n <= EK_PEEK_KEY_MAX and not s.p.in_multi and not store.root.track_access
                and ek_read_begin(store.a, &seq)):
            found = ek_peek_string(store, s.p.db, key, ek_table_hash(store.a, key), digits, &value)
            if found == EK_PEEK_FOUND:
                result = text_of(value.p, value.n, s, False)
                if ek_read_ok(store.a, seq):
                    if s.decode:
                        return text_of(<const uint8_t *> PyBytes_AS_STRING(result),
                                       PyBytes_GET_SIZE(result), s, True)
                    return result
            elif found == EK_PEEK_ABSENT and ek_read_ok(store.a, seq):
                return None
        return s.call1(GET, name)
