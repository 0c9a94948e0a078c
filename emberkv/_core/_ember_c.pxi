# What the binding uses of the floors below.

from libc.stddef cimport size_t
from libc.stdint cimport UINT32_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "stdbool.h" nogil:
    ctypedef bint c_bool "bool"

cdef extern from "base/base.h" nogil:
    ctypedef int ek_status
    enum:
        EK_OK
        EK_ENOMEM
        EK_ECORRUPT
        EK_EBUSY
        EK_EDEADLK
        EK_ESYS
        EK_ESTAMP
        EK_ENOTSTORE
        EK_EOWNER
        EK_EDAMAGED
    ctypedef struct ek_str:
        const uint8_t *p
        size_t n
    size_t EK_NUMBER
    uint32_t ek_load32(const void *p)
    uint64_t ek_load64(const void *p)
    bint ek_bytes_eq(const uint8_t *p, const uint8_t *q, size_t n)

cdef extern from "base/number.h" nogil:
    size_t ek_format_i64(char *out, int64_t v)
    size_t ek_format_shortest(char *out, double v)
    double ek_as_printed(double v)

cdef extern from "arena/arena.h" nogil:
    ctypedef struct ek_savepoint:
        uint64_t journal_used
        size_t nfrees
        int64_t used_bytes
        int64_t nblocks
    ctypedef struct ek_header:
        uint64_t used_bytes
        uint64_t nblocks
        uint64_t journal_cap
        uint64_t heap_max
        uint32_t heap_pages
        uint32_t nprocesses
    ctypedef struct ek_arena:
        ek_header *hdr
        unsigned recovered
        bint shared
        unsigned forks
        int level
    ek_status ek_run(ek_arena *a, void (*fn)(void *) noexcept, void *arg)
    void ek_touch(ek_arena *a, const void *p, size_t n)
    ek_status ek_arena_try_enter(ek_arena *a)
    ek_status ek_arena_enter(ek_arena *a, int timeout_ms)
    bint ek_read_begin(const ek_arena *a, uint64_t *seq)
    bint ek_read_ok(const ek_arena *a, uint64_t seq)
    bint ek_alloc_check(const ek_arena *a)
    bint ek_clean(const ek_arena *a)

cdef extern from "arena/check.h" nogil:
    bint ek_check_faults(ek_arena *a, uint64_t fail_alloc_in, uint64_t die_at_touch_in,
                         uint64_t forget_touch_in)

cdef extern from "data/table.h" nogil:
    ctypedef struct ek_table:
        uint64_t count
    uint64_t ek_table_hash(const ek_arena *a, ek_str key)
    void ek_table_fetch(const ek_arena *a, const ek_table *t, const ek_str *keys, size_t stride,
                        size_t n, uint64_t *hashes, uint32_t *items)
    enum:
        EK_TABLE_FETCHED

cdef extern from "store/entry.h" nogil:
    ctypedef enum ek_type:
        EK_LIST
        EK_SET_TYPE
        EK_ZSET
        EK_HASH

cdef extern from "store/store.h" nogil:
    ctypedef struct ek_clock:
        int64_t now_us
    ctypedef struct ek_db:
        ek_table keys
    ctypedef struct ek_store_root:
        uint32_t ndbs
        uint32_t nwaiting
        int64_t pause_until_ms
    ctypedef struct ek_store:
        ek_arena *a
        ek_store_root *root
        ek_db *dbs
        bint loading
    ctypedef struct ek_store_options:
        const char *path
        uint64_t max_bytes
        uint32_t databases
        bint keep
        const ek_clock *clock
        void *begin
        const void *begin_arg
    ek_status ek_store_open(const ek_store_options *o, ek_store **out, char *err, size_t n)
    ek_status ek_store_fork(ek_store *s, ek_store **out, char *err, size_t n)
    void ek_store_close(ek_store *s)

cdef extern from "store/keyspace.h" nogil:
    bint ek_keyspace_check(const ek_store *s, const ek_db *db)

cdef extern from "store/process.h" nogil:
    enum:
        EK_PROCESSES
    ctypedef struct ek_process:
        uint32_t token
        uint32_t pid
        int64_t since_ms
    bint ek_process_lives(const ek_store *s, uint32_t slot, uint32_t token)
    const ek_process *ek_process_at(const ek_store *s, uint32_t slot)

cdef extern from "store/waker.h" nogil:
    ctypedef struct ek_waker:
        pass
    int ek_store_leave(ek_store *s)  # where the interpreter is let go of; else see leave
    uint64_t ek_store_leave_for(ek_store *s)
    int ek_store_settle(ek_store *s, uint64_t upto)
    ek_waker *ek_waker_new(ek_store *s, bint with_descriptor)
    void ek_waker_free(ek_waker *w)
    int ek_waker_fd(const ek_waker *w)
    void ek_waker_clear(ek_waker *w)
    bint ek_waker_wait(ek_waker *w, int timeout_ms)
    uint32_t ek_waker_name(const ek_waker *w)
    void ek_waker_note(ek_store *s, uint32_t name)

cdef extern from "store/feed.h" nogil:
    ctypedef struct ek_feed_state:
        uint64_t told
        uint64_t written
        uint64_t synced
    ek_feed_state *ek_feed_state_of(const ek_arena *a)

cdef extern from "engine/house.h" nogil:
    void ek_house_end(ek_store *s)

cdef extern from "persist/aof.h" nogil:
    ctypedef struct ek_durability:
        bint durable
        bint appendonly
        int64_t appendfsync
        c_bool (*go_on)(void *arg, uint64_t done, uint64_t total) noexcept nogil
        void *arg
    ek_status ek_aof_begin(ek_store *s, const void *how, bint created, char *err, size_t n)
    int ek_aof_flush(ek_store *s, bint sync)
    ek_status ek_aof_allow(ek_store *s)

cdef extern from "persist/save.h" nogil:
    void ek_save_at_end(ek_store *s)

cdef extern from "base/disk.h" nogil:
    ctypedef enum ek_disk_fault_kind:
        EK_DISK_FAILS
        EK_DISK_TORN
        EK_DISK_KILLED
    bint ek_disk_fault(uint64_t n, ek_disk_fault_kind kind, int error, bint on)
    uint64_t ek_disk_steps()

cdef extern from "store/client.h" nogil:
    ctypedef struct ek_client:
        uint32_t waker
    bint ek_clients_check(const ek_store *s)

cdef extern from "store/figures.h" nogil:
    void ek_count_read(ek_store *s, uint32_t db, ek_str key, bint hit)

cdef extern from "store/peek.h" nogil:
    ctypedef enum ek_peek_result:
        EK_PEEK_ABSENT
        EK_PEEK_FOUND
        EK_PEEK_UNSURE
    enum:
        EK_PEEK_KEY_MAX
    ek_peek_result ek_peek_string(const ek_arena *a, const ek_table *keys, const ek_store *s,
                                  ek_str key, uint64_t hash, uint64_t seq, char *digits,
                                  ek_str *out)
    ek_peek_result ek_peek_exists(const ek_store *s, const ek_table *keys, ek_str key)
    ek_peek_result ek_peek_count(const ek_store *s, const ek_table *keys, ek_str key, ek_type type,
                                 uint64_t *count)
    ek_peek_result ek_peek_field(const ek_store *s, const ek_table *keys, ek_str key, ek_str field,
                                 uint64_t seq, char *room, ek_str *out)
    ek_peek_result ek_peek_member(const ek_store *s, const ek_table *keys, ek_str key,
                                  ek_str member)
    ek_peek_result ek_peek_score(const ek_store *s, const ek_table *keys, ek_str key,
                                 ek_str member, double *score)
    ek_peek_result ek_peek_rank(const ek_store *s, const ek_table *keys, ek_str key,
                                ek_str member, bint from_end, uint32_t *rank)

cdef extern from "store/peek_many.h" nogil:
    enum:
        EK_PEEK_MANY
    ctypedef struct ek_peek_walk:
        const ek_arena *a
        uint64_t seq
        uint32_t left
    ek_peek_result ek_peek_list(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                                int64_t start, int64_t stop, uint32_t most, ek_peek_walk *w)
    ek_peek_result ek_peek_ranks(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                                 int64_t start, int64_t stop, uint32_t most, ek_peek_walk *w)
    ek_peek_result ek_peek_pairs(const ek_store *s, const ek_table *keys, ek_str key, uint64_t seq,
                                 ek_peek_walk *w)
    ek_peek_result ek_peek_next(ek_peek_walk *w, ek_str *out)

cdef extern from "engine/command.h" nogil:
    ctypedef struct ek_command:
        const char *name
        uint32_t flags
        uint8_t own_len
        void *handler
    enum:
        EK_CMD_PUBSUB
        EK_CMD_BLOCKING
        EK_CMD_MAY_WAIT
        EK_CMD_SKIP_MONITOR
    const ek_command *ek_command_find_full(const uint8_t *name, size_t n)
    const ek_command *ek_command_resolve(size_t argc, const ek_str *argv,
                                         const ek_command **container)
    size_t ek_command_syntax(const ek_command *cmd, bint full, char *out, size_t cap)

cdef extern from "engine/reply.h" nogil:
    ctypedef struct ek_reply:
        uint8_t *buf
        size_t len
        size_t cap
        ek_arena *a
        int resp
    void ek_reply_free(ek_reply *r)
    void ek_resp_render(const ek_reply *tape, size_t at, int resp, ek_reply *out)

cdef extern from "engine/session.h" nogil:
    ctypedef struct ek_session:
        ek_store *s
        ek_arena *a
        const ek_table *peek
        uint32_t db
        int resp
        int initial_resp
        uint64_t id
        bint in_multi
        bint has_user
        bint trusted
        bint numbers
        bint blocked
        int64_t blocked_until_ms
        ek_waker *waker
    ek_session *ek_session_new(ek_store *s, uint32_t db)
    void ek_session_return(ek_session *session, uint32_t db)
    void ek_session_close(ek_session *session)
    void ek_session_free(ek_session *session)
    void ek_session_forget_watches(ek_session *session)
    void ek_execute(ek_session *session, size_t argc, const ek_str *argv, ek_reply *reply)
    void ek_execute_command(ek_session *session, const ek_command *cmd, size_t argc,
                            const ek_str *argv, ek_reply *reply)
    bint ek_execute_straight(ek_session *session, const ek_command *cmd, size_t argc,
                             const ek_str *argv, ek_reply *reply, uint64_t *upto)
    ek_status ek_transaction_begin(ek_store *s, ek_savepoint *sp)
    ek_status ek_transaction_commit(ek_store *s)
    void ek_transaction_rollback(ek_store *s, const ek_savepoint *sp)
    bint ek_transaction_is_mine(const ek_store *s)
    bint ek_transaction_abandon(ek_store *s)

cdef extern from "store/notify.h" nogil:
    bint ek_notifies_expiry(const ek_store *s)

cdef extern from "store/expiry.h" nogil:
    void ek_expiry_for_listeners(ek_store *s)

cdef extern from "engine/mail.h" nogil:
    ctypedef enum ek_unblock_how:
        EK_UNBLOCK_TIMEOUT
        EK_UNBLOCK_ERROR
        EK_UNBLOCK_CANCEL
    ek_client *ek_session_client_if_any(ek_session *session)
    void ek_session_use_waker(ek_session *session, ek_waker *waker)
    bint ek_inbox_waiting(const ek_session *session)
    size_t ek_inbox_take(ek_session *session, ek_reply *out, size_t max_bytes)
    bint ek_session_killed(const ek_session *session)
    void ek_session_begin_anew(ek_session *session)
    void ek_unblock(ek_session *session, ek_unblock_how how, ek_reply *reply)
    void ek_bury(ek_store *s)

cdef extern from "base/clock.h" nogil:
    int64_t ek_clock_monotonic_ms()

cdef extern from "store/functions.h" nogil:
    bint ek_libraries_check(const ek_store *s)

cdef extern from "store/users.h" nogil:
    bint ek_users_check(const ek_store *s)

cdef extern from "engine/acl.h" nogil:
    bint ek_acl_become(ek_session *session, const ek_session *like)
    bint ek_acl_asks(const ek_session *session)

cdef extern from "store/slowlog.h" nogil:
    bint ek_slowlog_check(const ek_store *s)

cdef extern from "engine/pause.h" nogil:
    int64_t ek_pause_left_ms(const ek_session *session, const ek_command *cmd, size_t argc,
                             const ek_str *argv)

cdef extern from "engine/running.h" nogil:
    uint64_t ek_run_word(const ek_store *s)
    bint ek_busy(const ek_store *s)
    const char *ek_busy_text(uint64_t word)

cdef extern from "scripting/busy.h" nogil:
    bint ek_busy_execute(ek_session *session, const ek_command *cmd, ek_reply *reply)

cdef extern from "scripting/state.h" nogil:
    bint ek_lua_runs(const ek_store *s)

# The interpreter's state of a thread that let go of it in the middle of a script.
cdef extern from *:
    """
    static _Thread_local PyThreadState *ek_interpreter_left;

    static bool ek_interpreter_leave(void) {
        if (!PyGILState_Check()) return false;
        ek_interpreter_left = PyEval_SaveThread();
        return true;
    }

    static inline bool ek_interpreter_is_left(void) { return ek_interpreter_left != NULL; }

    /* False: it was never let go of. */
    static inline bool ek_interpreter_retake(void) {
        PyThreadState *left = ek_interpreter_left;
        if (EK_LIKELY(left == NULL)) return false;
        ek_interpreter_left = NULL;
        PyEval_RestoreThread(left);
        return true;
    }
    """
    bint ek_interpreter_is_left() nogil
    bint ek_interpreter_leave() nogil
    bint ek_interpreter_retake() nogil

cdef extern from "scripting/tables.h" nogil:
    bint ek_scripting_init()
