/* Sockets that clients come to, and who is let in. */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/internal.h"

#define ACCEPTS_AT_ONCE 1000

pthread_mutex_t ek_doors = PTHREAD_MUTEX_INITIALIZER;

/* Takes the descriptor over. */
static bool add_listener(ek_server *server, int fd, bool is_unix, bool is_tls) {
    ek_listener *l = server->listeners;
    while (l->open) l++; /* there is one more than addresses are allowed */
    if (!ek_poll_set(server->poll, fd, 0, EK_POLL_READ, l)) {
        close(fd);
        return false;
    }
    *l = (ek_listener){
        .kind = EK_SOURCE_LISTENER, .fd = fd, .open = true, .is_unix = is_unix, .is_tls = is_tls,
    };
    return true;
}

static bool fail(char *err, const char *what, const char *where) {
    int error = errno;
    snprintf(err, EK_SERVER_ERROR_MAX, "%s %s: %s", what, where, strerror(error));
    errno = error;
    return false;
}

static int listen_on(const struct addrinfo *a, int backlog) {
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    int on = 1;
    if (a->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, backlog) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int port_of(int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a;
    socklen_t n = sizeof a;
    if (getsockname(fd, &a.any, &n) != 0) return 0;
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

/* One address; "*" is all of IPv4, "::*" all of IPv6. *port 0 becomes the port that was given. */
static bool listen_address(ek_server *server, char *address, int *port, bool is_tls, char *err) {
    bool optional = address[0] == '-';
    char where[300], number[16];
    address += optional;
    snprintf(where, sizeof where, "%s:%d", address, *port);
    snprintf(number, sizeof number, "%d", *port);
    const char *host = strcmp(address, "*") == 0 ? "0.0.0.0"
                       : strcmp(address, "::*") == 0 ? "::" : address;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int unknown = getaddrinfo(host, number, &hints, &found);
    if (unknown != 0) {
        errno = 0;
        snprintf(err, EK_SERVER_ERROR_MAX, "cannot listen on %s: %s", where,
                 gai_strerror(unknown));
        return optional;
    }
    int fd = listen_on(found, server->o.backlog);
    int error = errno;
    freeaddrinfo(found);
    errno = error;
    if (fd < 0) {
        bool absent = errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT;
        return (optional && absent) || fail(err, "cannot listen on", where);
    }
    *port = port_of(fd);
    return add_listener(server, fd, false, is_tls) || fail(err, "cannot listen on", where);
}

bool ek_listen_tcp(ek_server *server, const char *addresses, int *port, bool is_tls, char *err) {
    char text[1024], *rest = text, *address;
    snprintf(text, sizeof text, "%s", addresses);
    for (int n = 0; (address = strtok_r(rest, " ", &rest)); n++) {
        if (n == EK_MAX_ADDRESSES) {
            errno = 0;
            snprintf(err, EK_SERVER_ERROR_MAX, "too many addresses to listen on");
            return false;
        }
        if (!listen_address(server, address, port, is_tls, err)) return false;
    }
    return true;
}

/* At the start, addresses that are all absent are a mistake. */
static bool listen_tcp(ek_server *server, int *port, bool is_tls, char *err) {
    if (!ek_listen_tcp(server, server->o.bind, port, is_tls, err)) return false;
    for (unsigned i = 0; i < EK_MAX_LISTENERS; i++)
        if (server->listeners[i].open && server->listeners[i].is_tls == is_tls) return true;
    errno = EADDRNOTAVAIL;
    return fail(err, "cannot listen on", server->o.bind);
}

/* A socket's file that nobody listens on is left from one who died. */
static bool is_served(const struct sockaddr_un *a) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool served = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) == 0;
    if (fd >= 0) close(fd);
    return served;
}

static bool listen_unix(ek_server *server, char *err) {
    const char *path = server->o.unixsocket;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(path) >= sizeof a.sun_path) {
        errno = ENAMETOOLONG;
        return fail(err, "cannot listen on", path);
    }
    strcpy(a.sun_path, path);
    if (lstat(path, &st) == 0) {
        /* An empty file keeps a name free, as tempfile makes it; whatever else is there is somebody's. */
        bool empty = S_ISREG(st.st_mode) && st.st_size == 0;
        if (!empty && (!S_ISSOCK(st.st_mode) || is_served(&a))) {
            errno = S_ISSOCK(st.st_mode) ? EADDRINUSE : EEXIST;
            return fail(err, "cannot listen on", path);
        }
        unlink(path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return fail(err, "cannot listen on", path);
    if (bind(fd, (const struct sockaddr *)&a, sizeof a) != 0 ||
        (server->o.unixsocketperm && chmod(path, server->o.unixsocketperm) != 0) ||
        listen(fd, server->o.backlog) != 0) {
        fail(err, "cannot listen on", path);
        int error = errno;
        close(fd);
        errno = error;
        return false;
    }
    return add_listener(server, fd, true, false) || fail(err, "cannot listen on", path);
}

bool ek_listen(ek_server *server, char *err) {
    int port = server->o.port, tls_port = server->o.tls_port;
    if (port >= 0 && !listen_tcp(server, &port, false, err)) return false;
    if (tls_port >= 0 && !listen_tcp(server, &tls_port, true, err)) return false;
    server->frontend.port = port > 0 ? port : 0;
    server->frontend.tls_port = tls_port > 0 ? tls_port : 0;
    return !server->o.unixsocket || listen_unix(server, err);
}

void ek_listener_close(ek_server *server, ek_listener *l) {
    bool ours = server->pid == getpid();
    if (!l->open) return;
    if (ours) {
        ek_poll_set(server->poll, l->fd, l->rests ? 0 : EK_POLL_READ, 0, l);
        shutdown(l->fd, SHUT_RDWR); /* copies in the children of forks end, too */
    }
    close(l->fd);
    if (l->is_unix && ours) unlink(server->o.unixsocket);
    l->open = false;
}

void ek_listeners_close(ek_server *server) {
    for (unsigned i = 0; i < EK_MAX_LISTENERS; i++) ek_listener_close(server, &server->listeners[i]);
}

static void keep_alive(int fd, int64_t seconds) {
    if (seconds <= 0) return;
    int on = 1, idle = (int)ek_min((size_t)seconds, 32767), every = (int)ek_max((size_t)idle / 3, 1);
    int tries = 3;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
}

static void address_text(const struct sockaddr_storage *a, char *out, size_t cap) {
    char host[INET6_ADDRSTRLEN + 16], port[8];
    socklen_t n = a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (getnameinfo((const struct sockaddr *)a, n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(out, cap, "?:0");
    else
        snprintf(out, cap, a->ss_family == AF_INET6 ? "[%.*s]:%s" : "%.*s:%s", 39, host, port);
}

static bool is_loopback(const struct sockaddr_storage *a) {
    if (a->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)a)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

/* Told as far as the socket's buffer takes it. */
static void refuse(ek_server *server, int fd, const struct sockaddr_storage *from, const char *why,
                   const char *reason) {
    char address[48] = "a Unix socket";
    if (from && from->ss_family != AF_UNIX) address_text(from, address, sizeof address);
    ek_server_report_refused(server, address, reason);
    if (send(fd, why, strlen(why), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {}
    server->frontend.rejected++;
    shutdown(fd, SHUT_WR);
    close(fd);
}

static const char TOO_MANY[] = "-ERR max number of clients reached\r\n";

static const char DENIED[] =
    "-DENIED This server is in protected mode: it has no password, so it answers only to this "
    "machine. To let others in, set one (requirepass), or turn the mode off (protected-mode no) "
    "when starting the server or by CONFIG SET from this machine.\r\n";

/* Whoever has given default a password has thought about strangers. */
static bool needs_protection(const ek_server *server) {
    return server->s->settings->protected_mode && !server->s->root->users.default_locked;
}

static void let_in(ek_server *server, const ek_listener *l, int fd, const struct sockaddr_storage *from) {
    struct sockaddr_storage here;
    socklen_t n = sizeof here;
    bool is_local = l->is_unix || is_loopback(from);
    if ((int64_t)server->nconns >= server->s->settings->maxclients) {
        refuse(server, fd, from, TOO_MANY, "max number of clients reached");
        return;
    }
    if (needs_protection(server) && !is_local) {
        refuse(server, fd, from, DENIED, "protected mode, and no password is set");
        return;
    }
    if (!l->is_unix) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        keep_alive(fd, server->s->settings->tcp_keepalive);
    }
    ek_connection facts = {.is_unix = l->is_unix, .is_tls = l->is_tls, .is_local = is_local};
    if (!l->is_unix) {
        address_text(from, facts.addr, sizeof facts.addr);
        if (getsockname(fd, (struct sockaddr *)&here, &n) == 0)
            address_text(&here, facts.laddr, sizeof facts.laddr);
    }
    if (!ek_conn_new(server, fd, &facts)) {
        ek_log(server->s, EK_LOG_WARNING, "Error registering a client connection: %s", strerror(errno));
        return;
    }
    server->frontend.connections++;
    ek_log(server->s, EK_LOG_VERBOSE, "Accepted %s",
           l->is_unix ? server->o.unixsocket : facts.addr);
}

/* Another thread may move the doors meanwhile: *seen is the listener as it was. */
static int accept_one(ek_listener *l, ek_listener *seen, struct sockaddr_storage *from) {
    socklen_t n = sizeof *from;
    int fd = -1, error = EAGAIN;
    pthread_mutex_lock(&ek_doors);
    *seen = *l;
    if (l->open) {
        fd = accept4(l->fd, (struct sockaddr *)from, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
        error = errno;
    }
    pthread_mutex_unlock(&ek_doors);
    errno = error;
    return fd;
}

/* With no descriptor left the client would stay in the queue, and the poll would report it for ever:
 * the one in reserve is given up to take it and turn it away. If somebody else in the process was
 * quicker to take that, the listener rests until the next tick. */
static bool turn_away(ek_server *server, ek_listener *l) {
    ek_listener seen;
    if (server->spare_fd >= 0) close(server->spare_fd);
    struct sockaddr_storage from = {.ss_family = AF_UNIX};
    int fd = accept_one(l, &seen, &from);
    bool none_left = fd < 0 && (errno == EMFILE || errno == ENFILE);
    if (fd >= 0) refuse(server, fd, &from, TOO_MANY, "no file descriptors are left");
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pthread_mutex_lock(&ek_doors);
    if (none_left && l->open && ek_poll_set(server->poll, l->fd, EK_POLL_READ, 0, l)) l->rests = true;
    pthread_mutex_unlock(&ek_doors);
    return fd >= 0;
}

void ek_listeners_wake(ek_server *server) {
    if (server->spare_fd < 0) server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pthread_mutex_lock(&ek_doors);
    for (unsigned i = 0; i < EK_MAX_LISTENERS; i++) {
        ek_listener *l = &server->listeners[i];
        if (l->open && l->rests && ek_poll_set(server->poll, l->fd, 0, EK_POLL_READ, l))
            l->rests = false;
    }
    pthread_mutex_unlock(&ek_doors);
}

void ek_listener_accept(ek_server *server, ek_listener *l) {
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage from;
        ek_listener seen;
        int fd = accept_one(l, &seen, &from);
        if (fd >= 0) let_in(server, &seen, fd, &from);
        else if ((errno == EMFILE || errno == ENFILE) && turn_away(server, l)) continue;
        else if (errno != EINTR && errno != ECONNABORTED) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                ek_log(server->s, EK_LOG_WARNING, "Accepting client connection: %s", strerror(errno));
            return;
        }
    }
}
