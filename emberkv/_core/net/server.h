/* A server: RESP over TCP and Unix sockets on a store that this process has open.
 *
 *   ek_server_new      listens; clients that come now wait
 *   ek_server_start    a thread of its own serves them, without the interpreter
 *   ek_server_stop     asks it to end, from any thread; SHUTDOWN does the same
 *   ek_server_wait     until it has ended
 *   ek_server_free     after that
 *
 * One thread does everything: it waits for sockets, and for each that has something reads it, runs
 * its commands under the store's lock and writes the replies. The store's handle may be used by other
 * threads meanwhile, under the store's lock; it must outlive the server. */
#ifndef EK_NET_SERVER_H
#define EK_NET_SERVER_H

#include "store/store.h"

typedef struct ek_server ek_server;

/* What it listens on; the rest it reads from the settings of the store's handle, at any time. */
typedef struct ek_server_options {
    const char *bind; /* addresses with spaces between them; a dash before one: if it is there. "*" */
    int port, tls_port; /* 0: any that is free; -1: none */
    const char *unixsocket; /* NULL: none */
    unsigned unixsocketperm; /* 0: as the process's umask has it */
    int backlog;
} ek_server_options;

#define EK_SERVER_ERROR_MAX 512

/* False: errno or, if that is 0, err alone tells; err always has a text. */
bool ek_server_new(ek_store *s, const ek_server_options *o, ek_server **out,
                   char err[EK_SERVER_ERROR_MAX]);
bool ek_server_start(ek_server *server);
void ek_server_stop(ek_server *server);
/* True: it does not run (any more). */
bool ek_server_wait(ek_server *server, int timeout_ms);
/* It must have ended. In a child of a fork: lets go of the sockets, which the parent goes on with. */
void ek_server_free(ek_server *server);

int ek_server_port(const ek_server *server, bool tls); /* -1: none */

#endif
