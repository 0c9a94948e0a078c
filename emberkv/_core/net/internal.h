/* What the files of the server share.
 *
 *   ek_server --sources--> listeners, the stop pipe, the waker     each begins with its kind, and
 *             --conns----> ek_conn, ek_conn, ...                   is what the poll gives back
 *             in[], out  : where requests are read and replies are written, for whoever's turn it is
 *
 *   ek_conn   kept input : the rest of what was read, when a request is not whole
 *             chunks     : output that the socket did not take yet
 *
 * So an idle connection has no buffer at all. Everything here is the server thread's own, but for
 * what server.c guards by its mutex. */
#ifndef EK_NET_INTERNAL_H
#define EK_NET_INTERNAL_H

#include <pthread.h>
#include <sys/types.h>

#include "base/poll.h"
#include "engine/frontend.h"
#include "engine/session.h"
#include "engine/mail.h"
#include "net/parser.h"
#include "net/server.h"
#include "net/tls.h"
#include "store/log.h"

#define EK_IN_BYTES (128u << 10)  /* what is read at once */
#define EK_MAX_ADDRESSES 16
#define EK_MAX_LISTENERS (4 * EK_MAX_ADDRESSES + 1) /* TCP and TLS, old and new, and a Unix socket */
#define EK_LOCK_PATIENCE_MS 100

typedef enum ek_source_kind {
    EK_SOURCE_LISTENER,
    EK_SOURCE_STOP,
    EK_SOURCE_WAKER,
    EK_SOURCE_CONN,
} ek_source_kind;

typedef struct ek_listener {
    ek_source_kind kind;
    int fd;
    bool open; /* false: its place is free */
    bool is_unix, is_tls;
    bool rests; /* not watched until the next tick */
    bool old;   /* others are to take its place */
} ek_listener;

/* Output that waits for its socket. */
typedef struct ek_chunk {
    struct ek_chunk *next;
    uint8_t *bytes; /* malloc */
    size_t at, len, cap;
} ek_chunk;

typedef struct ek_conn {
    ek_source_kind kind;
    int fd;
    unsigned watched;       /* what the poll watches it for */
    uint32_t index;         /* in the server's list */
    bool gone;              /* closed; freed at the end of the turn */
    bool again;             /* has input that the poll does not know of */
    bool half_closed;       /* it sends nothing more, and output waits */
    bool listens;           /* is in the server's list of those who may get mail */
    bool blocked;           /* its command waits, and no other is run */
    bool enrolled;          /* its session has its record */
    int64_t told_ms;        /* facts.last_ms when its record was told of it */
    bool doomed;            /* to be closed when the script that runs has ended, see busy.c */
    bool held;              /* its output waits until what it did is on disk */
    uint32_t listening_index;
    struct ek_conn *next;   /* among those that are gone, or again */
    struct ek_conn *next_held;
    ek_tls_stream *tls;     /* NULL: without */
    ek_session *session;
    ek_parser parser;
    uint8_t *in;            /* kept input, whose first byte begins a request */
    size_t in_len, in_cap;
    ek_chunk *first, *last;
    size_t out_bytes;       /* in the chunks */
    int64_t heard_ms;       /* when it last sent something, monotonic */
    int64_t over_soft_ms;   /* since when the output is over its soft limit; 0: it is not */
    ek_connection facts;
} ek_conn;

struct ek_server {
    ek_frontend frontend; /* first: request_stop gets it back */
    ek_store *s;
    ek_server_options o;
    pid_t pid; /* of the process that it serves in */
    int poll;
    ek_listener listeners[EK_MAX_LISTENERS]; /* these, and tls, are guarded by ek_doors */
    ek_source_kind stop_kind;
    int stop_pipe[2];
    ek_tls *tls;   /* NULL: without */
    int64_t refusal_logged_ms; /* and how many others there were since */
    uint64_t refused_quietly;
    int64_t next_report_ms; /* of what is in the store, to the log */
    int spare_fd; /* given up to tell a client that there are no descriptors left */
    ek_conn **conns;
    size_t nconns, conns_cap;
    size_t swept, told; /* how far the look for idle ones has got, and the one for what to tell */
    ek_conn *graveyard, *again, *held;
    uint64_t unsafe; /* position of the feed up to which the turn's work is to be synced; 0: none */
    ek_conn **listening; /* see mail.c */
    size_t npostponed; /* connections whose command waits for the end of a pause */
    size_t nlistening, listening_cap;
    ek_source_kind waker_kind;
    ek_waker *waker;          /* of all connections */
    bool woken;               /* since the last tick */
    int64_t next_deadline_ms; /* no command that waits is due before */
    uint8_t *in;
    ek_reply out;  /* bytes of the protocol */
    ek_reply tape; /* of the commands that need one */
    ek_scratch scratch;
    ek_str *argv; /* lent to whoever's request is parsed */
    size_t argv_cap;
    int64_t now_ms, next_tick_ms; /* monotonic */
    int64_t unix_ms;
    unsigned heard;    /* connections that sent something in the present millisecond */
    bool many_ask;     /* that many did in the one before */
    bool rests;        /* before the next turn */
    _Atomic bool stop_asked; /* by any thread */
    ek_conn *at_work;  /* whose command runs; NULL: none, or one that is soon done */
    bool meanwhile;    /* a script of that connection has the lock and the thread, see busy.c */
    int64_t meanwhile_ms; /* when others were last looked after then */
    size_t ndoomed;
    bool asks_auth;    /* whether the last that was enrolled had to log in */

    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool started, running; /* mutex */
};

/* Take the store's lock. False: the store is damaged, the server stops, or a script keeps it busy. */
bool ek_server_enter(ek_server *server); /* conn.c */

/* busy.c */
/* Take the lock for the request that conn has parsed. False: it was answered or put off without;
 * *ok false: the connection is of no use any more. */
bool ek_server_enter_for(ek_server *server, ek_conn *conn, bool *ok);
/* Let go of the lock, as ek_store_leave. What is to be synced before it is told is noted: the replies
 * of the whole turn wait for one sync. */
int ek_server_leave(ek_server *server);
/* Sync what the turn has done so far, and write the replies that were held back for that. 0, or an
 * errno: then those who waited are closed, and what is in server->out is not to be told either. */
int ek_server_settle(ek_server *server);
bool ek_conn_hold(ek_server *server, ek_conn *conn); /* keep what is in server->out for then */
bool ek_server_meanwhile(ek_frontend *f); /* see ek_frontend.meanwhile */
void ek_conn_doom(ek_server *server, ek_conn *conn);
void ek_server_close_doomed(ek_server *server);

/* listen.c. The lock is the process's, and held for moments; whoever waits for it may hold the
 * store's, and who holds it takes no other. */
extern pthread_mutex_t ek_doors;
bool ek_listen(ek_server *server, char *err);
/* Listen on each of the addresses; *port 0 becomes the port that was given. ek_doors held, or nobody
 * else knows the server yet. False: errno or, if that is 0, err tells; some may be open. */
bool ek_listen_tcp(ek_server *server, const char *addresses, int *port, bool is_tls, char *err);
void ek_listener_close(ek_server *server, ek_listener *l);
void ek_listeners_close(ek_server *server);
void ek_listener_accept(ek_server *server, ek_listener *l);
void ek_listeners_wake(ek_server *server);

/* doors.c */
void ek_server_attach(ek_server *server); /* CONFIG SET moves what it listens on */
void ek_server_detach(ek_server *server);

/* conn.c */
/* Takes the descriptor over; NULL: no memory, and it is closed. */
ek_conn *ek_conn_new(ek_server *server, int fd, const ek_connection *facts);
void ek_conn_ready(ek_server *server, ek_conn *conn, unsigned ready);
bool ek_conn_enroll(ek_server *server, ek_conn *conn); /* lock held. False: no memory */
void ek_conn_go_on(ek_server *server, ek_conn *conn); /* with input that it has */
void ek_conn_close(ek_server *server, ek_conn *conn);
void ek_conn_sweep(ek_server *server, ek_conn *conn); /* idle for too long? over a limit? */
void ek_conn_tell(ek_conn *conn); /* its record, what it did since it was told last: in a transaction */
void ek_conns_bury(ek_server *server);

/* mail.c */
bool ek_conn_listen(ek_server *server, ek_conn *conn); /* may get mail; again: no matter. False: no memory */
void ek_conn_unlisten(ek_server *server, ek_conn *conn);
bool ek_conn_may_get_mail(ek_conn *conn);                  /* lock held */
void ek_conn_block(ek_server *server, ek_conn *conn);      /* its session waits; listens already */
void ek_conn_take_mail(ek_server *server, ek_conn *conn);  /* into server->out; lock held */
void ek_server_deliver(ek_server *server);                 /* the waker is due */
void ek_server_close_killed(ek_server *server);
bool ek_conn_postpone(ek_server *server, ek_conn *conn, int64_t ms); /* CLIENT PAUSE */
void ek_server_time_out(ek_server *server); /* the commands that have waited for long enough */

/* evict.c */
size_t ek_conn_bytes(const ek_conn *conn); /* all that it occupies */
void ek_server_evict_clients(ek_server *server);

/* report.c: what the log is told */
void ek_server_report_start(ek_server *server);
void ek_server_report_refused(ek_server *server, const char *from, const char *why);
void ek_server_report_store(ek_server *server); /* now and then */
/* "<before> id=3 addr=... <after>" */
void ek_conn_report(ek_server *server, const ek_conn *conn, ek_log_level level, const char *before,
                    const char *after);
/* Likewise, and the first of the n bytes that it sent. */
void ek_conn_report_input(ek_server *server, const ek_conn *conn, ek_log_level level, const char *before,
                          const uint8_t *input, size_t n);

/* output.c */
ssize_t ek_conn_receive(ek_server *server, ek_conn *conn, void *p, size_t n); /* as recv */
/* Write what is in server->out to the connection, or keep it. False: the connection is of no use. */
bool ek_conn_flush(ek_server *server, ek_conn *conn);
bool ek_conn_write(ek_server *server, ek_conn *conn); /* what was kept */
void ek_conn_drop_output(ek_conn *conn);
bool ek_conn_over_limit(ek_server *server, ek_conn *conn); /* client-output-buffer-limit */
bool ek_conn_watch(ek_server *server, ek_conn *conn, unsigned what); /* EK_POLL_* */

#endif
