/* A session: what one connection to a server would be. Its own: database, protocol, queued
 * transaction, watched keys, name. Used by one thread at a time, under the store's lock. */
#ifndef EK_ENGINE_SESSION_H
#define EK_ENGINE_SESSION_H

#include "engine/command.h"
#include "engine/frontend.h"
#include "engine/reply.h"
#include "store/store.h"

typedef struct ek_watch {
    uint32_t db;
    uint64_t version;
    bool was_there; /* when the watch began */
    ek_str key; /* malloc */
} ek_watch;

/* A command that waits for EXEC: one malloc block with argv and the bytes behind it. */
typedef struct ek_queued {
    const ek_command *cmd;
    size_t argc;
    ek_str *argv;
} ek_queued;

/* Memory that lives until the end of a command: a chain of blocks, reset afterwards. */
typedef struct ek_scratch {
    struct ek_scratch_block *blocks;
} ek_scratch;

typedef struct ek_session {
    ek_store *s;
    ek_arena *a;          /* NULL: closed */
    const ek_table *peek; /* the keys, when they may be read without the lock; else NULL */
    uint32_t db;
    int resp; /* 2 or 3: what commands shape their replies for */
    int initial_resp; /* what RESET goes back to */
    uint64_t id;          /* of all sessions of the store, in whatever process */
    ek_str name, lib_name, lib_ver; /* malloc; CLIENT SETNAME, SETINFO */
    /* Looked at as one word before each command: see ek_session_is_plain. */
    bool in_multi;
    bool needs_auth;    /* until AUTH only few commands are allowed */
    bool monitoring;    /* it is told of every command, and may touch no keys */
    bool has_user;      /* it logged in as another than default, whose rules are asked */
    bool multi_dirty, in_exec;
    bool remote, local; /* it came by a socket; one that cannot leave this machine */
    bool trusted;       /* the store's own: no rules are asked */
    bool tracking;      /* what it reads is noted: it reads under the lock */
    bool caching;       /* CLIENT CACHING was said: for the next command, or transaction */
    bool no_touch;      /* its reads leave the times of access alone */
    bool in_script;     /* a script calls the commands */
    bool numbers;       /* some arguments of this command are EK_NUMBER */
    bool no_room;       /* above maxmemory, and nothing may be evicted: as of the last look */
    const ek_command *last; /* the command that ran last */
    ek_str user;            /* malloc; p NULL: default. Of this and the next see engine/acl.h */
    uint64_t user_id, acl_version;
    const struct ek_acl_user *acl; /* the user's rules, if acl_version is the store's */
    struct ek_session *next, *prev; /* those of the process that have a record, see mail.h */
    bool known;             /* it is among them */
    ek_queued *queue;
    size_t nqueue, queue_cap;
    size_t queue_bytes; /* of the commands in it */
    ek_watch *watches;
    size_t nwatches, watches_cap;
    size_t watch_bytes; /* of these and their keys */
    ek_scratch scratch;
    /* See engine/mail.h. */
    bool blocked;             /* the last command waits: no reply yet, and no other command */
    int64_t blocked_until_ms; /* by ek_clock_monotonic_ms; INT64_MAX: for ever */
    int64_t blocked_end_ms;   /* the time-out; until then it may be due earlier, to look again */
    ek_ref client;            /* its record, if it has one: ask ek_session_client_if_any */
    uint32_t client_flags;    /* EK_CLIENT_*: what the record begins with */
    unsigned forks;           /* ek_arena.forks when its id was given */
    struct ek_waker *waker;   /* NULL: made with the record */
    bool owns_waker;
    void *owner; /* of the floor above */
    ek_frontend *frontend;     /* of a connection to a server; else NULL */
    ek_connection *connection; /* likewise */
} ek_session;

_Static_assert(offsetof(ek_session, has_user) == offsetof(ek_session, in_multi) + 3, "one word");

/* Nothing about it is out of the ordinary that a command must be asked about. */
EK_INLINE bool ek_session_is_plain(const ek_session *session) {
    return ek_load32(&session->in_multi) == 0;
}

/* What enable-debug-command, or a setting like it, says of the session. */
EK_INLINE bool ek_session_is_enabled(const ek_session *session, int64_t setting) {
    return setting == EK_ENABLE_YES ||
           (setting == EK_ENABLE_LOCAL && (session->local || !session->remote));
}

ek_session *ek_session_new(ek_store *s, uint32_t db); /* NULL: no memory, or no such database */
/* Back in the database that it was in when what is undone began. Lock held. */
void ek_session_return(ek_session *session, uint32_t db);
/* Whether a remote session has to log in first; at accept, and when it is reset. Lock held. */
void ek_session_begin_auth(ek_session *session);
/* Let go of everything (takes the lock itself when it watches); what is left may only be freed. */
void ek_session_close(ek_session *session);
void ek_session_free(ek_session *session); /* closes it first */

/* Run one command and write its reply onto the tape. The lock is held by the caller (who entered).
 * Commits, or adds to the transaction that is open. Never raises. */
void ek_execute(ek_session *session, size_t argc, const ek_str *argv, ek_reply *reply);
/* The same for a command that was looked up before; its arity is checked here. */
void ek_execute_command(ek_session *session, const ek_command *cmd, size_t argc,
                        const ek_str *argv, ek_reply *reply);

/* From taking the lock to letting go of it, where nothing about the session and the store is out of the
 * ordinary: a third less than the calls it stands for. The reply is all that is on the tape afterwards.
 * False: something is, or the lock is not free; nothing was done. *upto: see ek_store_leave_for.
 * With session->numbers, arguments that the handler takes by ek_arg_double may be EK_NUMBER; it is then
 * false also if the arguments will be shown to anybody, or kept. */
bool ek_execute_straight(ek_session *session, const ek_command *cmd, size_t argc,
                         const ek_str *argv, ek_reply *reply, uint64_t *upto);

/* Transactions that span calls (db.transaction()): the first entered the lock and leaves it when the
 * last ends. They nest as savepoints. */
ek_status ek_transaction_begin(ek_store *s, ek_savepoint *sp); /* lock held, stays held */
ek_status ek_transaction_commit(ek_store *s);
void ek_transaction_rollback(ek_store *s, const ek_savepoint *sp);
bool ek_transaction_is_mine(const ek_store *s); /* is one open, begun by this thread (and process)? */
/* Undo this thread's, if one is open, and leave the lock. False: it is another thread's. */
bool ek_transaction_abandon(ek_store *s);

/* For EXEC and its like (commands/transactions.c). */
void ek_session_discard(ek_session *session); /* drop queue and MULTI state */
void ek_session_unwatch(ek_session *session); /* lock held */
void ek_session_forget_watches(ek_session *session); /* of the session alone */
bool ek_session_queue(ek_session *session, const ek_command *cmd, size_t argc, const ek_str *argv);

/* What a connection takes, as maxmemory-clients counts it. */
EK_INLINE size_t ek_session_bytes(const ek_session *session) {
    const ek_connection *conn = session->connection;
    size_t own = conn ? conn->own_mem + conn->qbuf + conn->qbuf_free + conn->omem + conn->held_mem : 0;
    return own + session->queue_bytes + session->watch_bytes;
}

#endif
