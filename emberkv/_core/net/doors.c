/* CONFIG SET of port, bind and tls-*: what listens moves, as a redis-server's does.
 *
 * The process's settings name the server that listens for them, the one that was started last. A
 * command may come by any thread of the process, with the store's lock; the server's thread accepts
 * without it. So both hold ek_doors when they touch what listens. Connections stay as they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/internal.h"

#define OTHER_FILES 32 /* descriptors that are no clients */

static const char PORT[] = "Unable to listen on this port. Check server logs.";
static const char BIND[] = "Failed to bind to specified addresses.";
static const char TLS[] = "Unable to update TLS configuration. Check server logs.";

static bool refuse(ek_server *server, const char *why, const char *text, char *err, size_t errlen) {
    if (text[0]) ek_log(server->s, EK_LOG_WARNING, "%s", text);
    snprintf(err, errlen, "%s", why);
    return false;
}

static void close_some(ek_server *server, bool is_tls, bool old) {
    for (unsigned i = 0; i < EK_MAX_LISTENERS; i++) {
        ek_listener *l = &server->listeners[i];
        if (!l->is_unix && l->is_tls == is_tls && l->old == old) ek_listener_close(server, l);
    }
}

static bool listens_already(const ek_server *server, int port, int now, const char *addresses) {
    return port == now && (!port || strcmp(addresses, server->o.bind) == 0);
}

/* As it was before a move that did not succeed. */
static void open_again(ek_server *server, bool is_tls) {
    char ignored[EK_SERVER_ERROR_MAX];
    int port = is_tls ? server->frontend.tls_port : server->frontend.port;
    close_some(server, is_tls, false);
    if (port) ek_listen_tcp(server, server->o.bind, &port, is_tls, ignored);
}

/* To another port the new doors are opened before the old ones are closed; on the same, the old ones
 * would be in the way, and are opened again if the new ones fail. */
static bool move(ek_server *server, bool is_tls, char *text) {
    const ek_settings *settings = server->s->settings;
    const char *addresses = settings->bind ? settings->bind : "";
    int *now = is_tls ? &server->frontend.tls_port : &server->frontend.port;
    int port = (int)(is_tls ? settings->tls_port : settings->port), before = *now;
    if (listens_already(server, port, before, addresses)) return true;
    for (unsigned i = 0; i < EK_MAX_LISTENERS; i++) server->listeners[i].old = true;
    if (port == before) close_some(server, is_tls, true);
    if (!port || ek_listen_tcp(server, addresses, &port, is_tls, text)) {
        close_some(server, is_tls, true);
        *now = port;
        for (unsigned i = 0; i < EK_MAX_LISTENERS; i++) server->listeners[i].old = false;
        return true;
    }
    close_some(server, is_tls, false);
    for (unsigned i = 0; i < EK_MAX_LISTENERS; i++) server->listeners[i].old = false;
    if (port == before) open_again(server, is_tls);
    return false;
}

static bool move_all(ek_server *server, char *text) {
    const char *addresses = server->s->settings->bind;
    char *copy = strdup(addresses ? addresses : "");
    if (!copy || !move(server, false, text)) {
        free(copy);
        return false;
    }
    if (!move(server, true, text)) {
        open_again(server, false);
        free(copy);
        return false;
    }
    free((char *)server->o.bind);
    server->o.bind = copy;
    return true;
}

static bool renew_tls(ek_server *server, char *text) {
    const ek_settings *settings = server->s->settings;
    if (!settings->tls_port) return true;
    ek_tls *tls = ek_tls_new(settings, text, EK_SERVER_ERROR_MAX);
    if (!tls) return false;
    ek_tls_free(server->tls); /* its streams hold it */
    server->tls = tls;
    return true;
}

static size_t count_words(const char *text) {
    size_t n = 0;
    for (; text && *text; text++) n += *text != ' ' && (text[1] == ' ' || !text[1]);
    return n;
}

/* May the process have so many descriptors? It asks the system for them. */
static bool can_hold(int64_t clients, char *err, size_t errlen) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
    rlim_t wanted = (rlim_t)clients + OTHER_FILES;
    if (limit.rlim_cur >= wanted) return true;
    rlim_t most = limit.rlim_max;
    limit.rlim_cur = wanted;
    if (most >= wanted && setrlimit(RLIMIT_NOFILE, &limit) == 0) return true;
    snprintf(err, errlen,
             "The operating system is not able to handle the specified number of clients, try with %lld",
             most > OTHER_FILES ? (long long)(most - OTHER_FILES) : 0);
    return false;
}

static bool apply(ek_server *server, const char *name, char *err, size_t errlen) {
    char text[EK_SERVER_ERROR_MAX] = "";
    if (strcmp(name, "port") == 0)
        return move(server, false, text) || refuse(server, PORT, text, err, errlen);
    if (strcmp(name, "bind") == 0 && count_words(server->s->settings->bind) > EK_MAX_ADDRESSES)
        return refuse(server, "Too many bind addresses specified.", "", err, errlen);
    if (strcmp(name, "bind") == 0)
        return move_all(server, text) || refuse(server, BIND, text, err, errlen);
    if (strcmp(name, "maxclients") == 0) return can_hold(server->s->settings->maxclients, err, errlen);
    if (strncmp(name, "tls-", 4) != 0) return true;
    if (!renew_tls(server, text)) return refuse(server, TLS, text, err, errlen);
    if (strcmp(name, "tls-port") != 0) return true;
    return move(server, true, text) || refuse(server, PORT, text, err, errlen);
}

static bool changed(ek_settings *settings, const char *name, char *err, size_t errlen) {
    if (settings->server_pid != getpid()) return true; /* in the child of a fork nothing listens */
    pthread_mutex_lock(&ek_doors);
    bool ok = !settings->server || apply(settings->server, name, err, errlen);
    pthread_mutex_unlock(&ek_doors);
    return ok;
}

void ek_server_attach(ek_server *server) {
    static pid_t process;
    ek_settings *settings = server->s->settings;
    if (process != getpid()) pthread_mutex_init(&ek_doors, NULL); /* a fork may have found it locked */
    process = getpid();
    pthread_mutex_lock(&ek_doors);
    settings->server = server;
    settings->server_pid = server->pid;
    settings->changed = changed;
    pthread_mutex_unlock(&ek_doors);
}

void ek_server_detach(ek_server *server) {
    ek_settings *settings = server->s->settings;
    pthread_mutex_lock(&ek_doors);
    if (settings->server == server) settings->server = NULL;
    pthread_mutex_unlock(&ek_doors);
}
