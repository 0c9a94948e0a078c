/* The loop, its thread, and what happens ten times a second. The contract stands in server.h. */
#define _GNU_SOURCE /* pipe2 */
#include "net/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/chores.h"
#include "engine/scratch.h"
#include "net/internal.h"

#define TICK_MS 100
#define SWEEP_IN_TICKS 10 /* every connection is looked at once in so many ticks */
#define EVENTS 256
#define REST_US 40
#define REST_CLIENTS 16 /* heard in a millisecond, from which on rests pay */
#define REST_HEARD 8    /* a turn that hears more has found enough */

static void read_clocks(ek_server *server) {
    int64_t now_ms = ek_clock_monotonic_ms();
    if (now_ms == server->now_ms) return;
    server->many_ask = server->heard >= REST_CLIENTS;
    server->heard = 0;
    server->now_ms = now_ms;
    server->unix_ms = ek_clock_ms();
}

/* --- ten times a second --- */

static void sweep(ek_server *server) {
    size_t n = server->nconns / SWEEP_IN_TICKS + 1;
    while (n-- && server->nconns) {
        if (server->swept >= server->nconns) server->swept = 0;
        ek_conn_sweep(server, server->conns[server->swept++]);
    }
}

/* What its clients did last, for CLIENT LIST in other processes. */
static void tell(void *arg) {
    ek_server *server = arg;
    size_t n = server->nconns / SWEEP_IN_TICKS + 1;
    while (n-- && server->nconns) {
        if (server->told >= server->nconns) server->told = 0;
        ek_conn_tell(server->conns[server->told++]);
    }
}

static void tick(ek_server *server) {
    server->next_tick_ms = server->now_ms + TICK_MS;
    sweep(server);
    ek_server_evict_clients(server);
    ek_listeners_wake(server);
    if (server->woken) ek_server_close_killed(server);
    server->woken = false;
    ek_server_deliver(server); /* a poster may have died before its signal */
    ek_server_report_store(server);
    ek_arena *a = server->s->a;
    if (ek_arena_try_enter(a) == EK_OK) { /* who has the lock looks after things, too */
        ek_chores_step(server->s);
        if (a->shared && !a->level) (void)ek_run(a, tell, server);
        ek_store_leave(server->s);
    }
}

/* --- the loop ---
 *
 * When many clients ask, their requests (or pipelines of them) come one by one: every one would be a
 * turn, with a wait that its sender has to end, which costs either side more than a command does. So
 * after a turn that heard few the server rests, while many ask, and requests gather meanwhile, as
 * interrupts do in a network card. A few clients, and a server that has enough to do, are never made
 * to wait. */

static void go_on(ek_server *server) {
    ek_conn *conn = server->again;
    server->again = NULL;
    while (conn) {
        ek_conn *next = conn->next;
        conn->again = false;
        if (conn->gone) {
            conn->next = server->graveyard;
            server->graveyard = conn;
        } else {
            ek_conn_ready(server, conn, EK_POLL_READ);
        }
        conn = next;
    }
}

static bool turn(ek_server *server) {
    ek_poll_event events[EVENTS];
    int64_t due_ms = ek_min((size_t)server->next_tick_ms, (size_t)server->next_deadline_ms);
    int64_t wait_ms = server->again ? 0 : due_ms - server->now_ms;
    if (server->rests) ek_clock_rest_us(REST_US);
    int n = ek_poll_wait(server->poll, events, EVENTS, wait_ms > 0 ? (int)wait_ms : 0);
    bool stop = false;
    read_clocks(server);
    for (int i = 0; i < n; i++) {
        ek_source_kind *source = events[i].data;
        switch (*source) {
        case EK_SOURCE_CONN: ek_conn_ready(server, (ek_conn *)source, events[i].ready); break;
        case EK_SOURCE_LISTENER:
            ek_server_settle(server); /* it may have to wait for the lock */
            ek_listener_accept(server, (ek_listener *)source);
            break;
        case EK_SOURCE_STOP: stop = true; break;
        case EK_SOURCE_WAKER:
            ek_server_settle(server);
            ek_server_deliver(server);
            break;
        }
    }
    server->rests = server->many_ask && n <= REST_HEARD && !server->again;
    if (server->again) go_on(server);
    ek_server_settle(server);
    if (EK_UNLIKELY(server->ndoomed)) ek_server_close_doomed(server);
    ek_server_time_out(server);
    if (server->now_ms >= server->next_tick_ms) tick(server);
    if (server->graveyard) ek_conns_bury(server);
    return !stop;
}

static void *serve(void *arg) {
    ek_server *server = arg;
    ek_clock_rest_exactly();
    read_clocks(server);
    server->next_tick_ms = server->now_ms + TICK_MS;
    server->next_deadline_ms = INT64_MAX;
    while (turn(server)) {}
    ek_server_detach(server);
    ek_log(server->s, EK_LOG_WARNING, "User requested shutdown...");
    ek_listeners_close(server);
    while (server->nconns) ek_conn_close(server, server->conns[server->nconns - 1]);
    go_on(server);
    ek_conns_bury(server);
    ek_log(server->s, EK_LOG_WARNING, "emberkv is now ready to exit, bye bye...");
    ek_waker_free(server->waker); /* the store may be closed from now on */
    server->waker = NULL;
    pthread_mutex_lock(&server->mutex);
    server->running = false;
    pthread_cond_broadcast(&server->ended);
    pthread_mutex_unlock(&server->mutex);
    return NULL;
}

/* --- from outside --- */

static void request_stop(ek_frontend *f) { ek_server_stop((ek_server *)f); }

static void free_all(ek_server *server) {
    ek_listeners_close(server);
    ek_waker_free(server->waker);
    ek_tls_free(server->tls);
    if (server->poll >= 0) close(server->poll);
    for (int i = 0; i < 2; i++)
        if (server->stop_pipe[i] >= 0) close(server->stop_pipe[i]);
    if (server->spare_fd >= 0) close(server->spare_fd);
    pthread_mutex_destroy(&server->mutex);
    pthread_cond_destroy(&server->ended);
    ek_reply_free(&server->out);
    ek_reply_free(&server->tape);
    free(server->listening);
    ek_scratch_free(&server->scratch);
    free(server->conns);
    free(server->in);
    free(server->argv);
    free((void *)server->o.bind);
    free((void *)server->o.unixsocket);
    free(server);
}

static char *copy_text(const char *text) { return text ? strdup(text) : NULL; }

bool ek_server_new(ek_store *s, const ek_server_options *o, ek_server **out,
                   char err[EK_SERVER_ERROR_MAX]) {
    ek_server *server = calloc(1, sizeof *server);
    snprintf(err, EK_SERVER_ERROR_MAX, "no memory for a server");
    errno = ENOMEM;
    if (!server) return false;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    server->s = s;
    server->o = *o;
    server->o.bind = copy_text(o->bind);
    server->o.unixsocket = copy_text(o->unixsocket);
    server->pid = getpid();
    server->stop_kind = EK_SOURCE_STOP;
    server->waker_kind = EK_SOURCE_WAKER;
    server->poll = server->stop_pipe[0] = server->stop_pipe[1] = server->spare_fd = -1;
    server->frontend.request_stop = request_stop;
    server->frontend.meanwhile = ek_server_meanwhile;
    server->frontend.started_ms = ek_clock_ms();
    server->frontend.unixsocket = server->o.unixsocket ? server->o.unixsocket : "";
    server->in = malloc(EK_IN_BYTES);
    if (!server->in || (o->bind && !server->o.bind) || (o->unixsocket && !server->o.unixsocket))
        goto fail;
    server->poll = ek_poll_new();
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (server->poll < 0 || server->spare_fd < 0 ||
        pipe2(server->stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0 ||
        !ek_poll_set(server->poll, server->stop_pipe[0], 0, EK_POLL_READ, &server->stop_kind)) {
        snprintf(err, EK_SERVER_ERROR_MAX, "cannot make a server: %s", strerror(errno));
        goto fail;
    }
    server->waker = ek_waker_new(s, true);
    if (!server->waker || !ek_poll_set(server->poll, ek_waker_fd(server->waker), 0, EK_POLL_READ,
                                       &server->waker_kind)) {
        snprintf(err, EK_SERVER_ERROR_MAX, "no room for another server on the store");
        goto fail;
    }
    if (o->tls_port >= 0 && !(server->tls = ek_tls_new(s->settings, err, EK_SERVER_ERROR_MAX))) {
        errno = 0;
        goto fail;
    }
    if (!ek_listen(server, err)) goto fail;
    *out = server;
    return true;
fail: {
    int error = errno;
    free_all(server);
    errno = error;
    return false;
}
}

bool ek_server_start(ek_server *server) {
    sigset_t all, was; /* signals are the application's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    server->running = true;
    ek_server_report_start(server);
    ek_server_attach(server);
    int failed = pthread_create(&server->thread, NULL, serve, server);
    if (failed) ek_server_detach(server);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    server->running = server->started = !failed;
    errno = failed;
    return !failed;
}

void ek_server_stop(ek_server *server) {
    if (server->pid != getpid()) return;
    atomic_store(&server->stop_asked, true);
    if (write(server->stop_pipe[1], "", 1) < 0) {} /* a full pipe has been heard, too */
}

bool ek_server_wait(ek_server *server, int timeout_ms) {
    if (server->pid != getpid()) return true;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&server->mutex);
    while (server->running &&
           pthread_cond_timedwait(&server->ended, &server->mutex, &until) == 0) {}
    bool ended = !server->running;
    pthread_mutex_unlock(&server->mutex);
    return ended;
}

void ek_server_free(ek_server *server) {
    if (!server) return;
    if (server->pid != getpid()) {
        /* The thread is the parent's, and so is all that it was in the middle of. */
        ek_listeners_close(server);
        for (size_t i = 0; i < server->nconns; i++) close(server->conns[i]->fd);
        close(server->poll);
        return;
    }
    if (server->started) pthread_join(server->thread, NULL);
    free_all(server);
}

int ek_server_port(const ek_server *server, bool tls) {
    int port = tls ? server->frontend.tls_port : server->frontend.port;
    return port ? port : -1;
}
