/* What a server tells the commands about itself and about the connection that sends them: for
 * CLIENT, INFO, CONFIG GET and SHUTDOWN. A session within the process has neither (NULL).
 *
 * Both are memory of the server's process. The frontend's counters are written by the server's
 * thread and read under the lock of the store or without; a connection's facts are its session's:
 * they are written by the server's thread, before each run of commands. */
#ifndef EK_ENGINE_FRONTEND_H
#define EK_ENGINE_FRONTEND_H

#include "base/base.h"

typedef struct ek_frontend {
    /* Constant while the server runs. What it listens on, after port 0 has become a number. */
    int port, tls_port;     /* 0: none */
    const char *unixsocket; /* "" : none */
    int64_t started_ms;

    /* Since the start. */
    uint64_t connections, rejected, commands;
    uint64_t input_bytes, output_bytes;
    uint64_t reads, writes; /* of sockets */
    uint64_t killed_by_query_buffer, killed_by_output_buffer;
    uint64_t evicted; /* by maxmemory-clients */
    uint64_t commands_per_second, input_per_second, output_per_second; /* of the last second or two */
    /* Now. */
    uint32_t connected, blocked;

    /* When the command before ended, if the next begins at once; 0: look. By the monotonic clock. */
    int64_t clock_us;

    /* Ends the server once the present commands are done and their replies written. Any thread. */
    void (*request_stop)(struct ek_frontend *f);
    /* A script that came by one of its connections runs for long, in the server's thread and under the
     * lock: look after the others. False: the server is to stop, and so is the script. */
    bool (*meanwhile)(struct ek_frontend *f);
} ek_frontend;

/* Which replies the client wants (CLIENT REPLY). */
typedef enum ek_reply_mode {
    EK_REPLY_ON,
    EK_REPLY_OFF,
    EK_REPLY_SKIP_NEXT, /* set by CLIENT REPLY SKIP: the next command's */
    EK_REPLY_SKIP,      /* the present command is the one */
} ek_reply_mode;

/* The classes whose output is limited; see client-output-buffer-limit. */
typedef enum ek_client_class {
    EK_CLASS_NORMAL,
    EK_CLASS_REPLICA,
    EK_CLASS_PUBSUB,
    EK_CLASS_COUNT,
} ek_client_class;

typedef struct ek_connection {
    /* Constant. */
    char addr[48], laddr[48]; /* "127.0.0.1:50312"; of a Unix socket "" and see is_unix */
    int fd;
    bool is_unix, is_local, is_tls;
    int64_t created_ms;
    size_t own_mem; /* what the connection occupies without its buffers */

    /* Written by the server. */
    int64_t last_ms;             /* when it last sent something */
    size_t qbuf, qbuf_free;      /* bytes that are not run yet; room behind them */
    size_t argv_mem;             /* of arguments of an incomplete request */
    size_t obl, oll, omem;       /* output: in the fixed buffer (none here), list elements, bytes */
    size_t held_mem;             /* of its subscriptions and the prefixes that it tracks */
    ek_client_class class;
    bool postponed;              /* CLIENT PAUSE: its command waits to be run */

    /* Written by commands, obeyed by the server. */
    ek_reply_mode reply_mode;
    bool close_after_reply; /* when what is due to it is written (QUIT, CLIENT KILL of itself) */
    bool close_at_once;
    bool no_evict, no_touch;
} ek_connection;

#endif
