#define _GNU_SOURCE
#include "persist/aof_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "engine/session.h"
#include "persist/rdb_load.h"

#define WINDOW ((size_t)1 << 20)
#define ARGS_MAX (1 << 20)
#define BULK_MAX ((int64_t)4 << 30)
#define OLDEST 7000 /* Redis 7.0, which knows all that is older */
#define LINE_MAX_BYTES 64 /* of a number with its mark; annotations are passed over piecewise */

/* The file through a window that begins with the command that is read. */
typedef struct reader {
    ek_aof_load *load;
    int fd;
    uint8_t *buf;
    size_t len, cap;
    size_t start;      /* of the command, in buf */
    uint64_t buf_at;   /* of buf, in the file */
    bool ended;
    ek_aof_end_kind end;
    struct {
        size_t at, n; /* from the command's beginning */
    } *args;
    ek_str *argv;
    size_t nargs, cap_args;
} reader;

static uint64_t place(const reader *r) { return r->buf_at + r->start; }

static EK_PRINTF(3, 4) bool stop(reader *r, ek_aof_end_kind end, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->load->err, sizeof r->load->err, fmt, ap);
    va_end(ap);
    r->end = end;
    return false;
}

static bool no_memory(reader *r) { return stop(r, EK_AOF_FAILED, "no memory is left to read it"); }

/* Have n bytes from the command's beginning on in the window. */
static bool need(reader *r, size_t n) {
    if (EK_LIKELY(r->len - r->start >= n)) return true;
    if (r->start && r->cap - r->start < ek_max(n, WINDOW / 2)) {
        memmove(r->buf, r->buf + r->start, r->len - r->start);
        r->buf_at += r->start;
        r->len -= r->start;
        r->start = 0;
    }
    while (r->len - r->start < n) {
        if (r->cap == r->len) {
            size_t cap = ek_max(ek_min(r->cap * 2, r->cap + (64u << 20)), WINDOW);
            uint8_t *more = realloc(r->buf, cap);
            if (!more) return no_memory(r);
            r->buf = more;
            r->cap = cap;
        }
        ssize_t got = read(r->fd, r->buf + r->len, ek_min(r->cap - r->len, WINDOW));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return stop(r, EK_AOF_FAILED, "it cannot be read: %s", strerror(errno));
        if (got == 0) {
            r->ended = true;
            return stop(r, EK_AOF_CUT, "it ends within the command that begins at byte %llu",
                        (unsigned long long)place(r));
        }
        r->len += (size_t)got;
        if (r->load->go_on && !r->load->go_on(r->load->arg, r->buf_at + r->len))
            return stop(r, EK_AOF_FAILED, "was called off");
    }
    return true;
}

static bool damaged(reader *r, size_t at, const char *what) {
    return stop(r, EK_AOF_DAMAGED, "damaged at byte %llu: %s",
                (unsigned long long)(place(r) + at), what);
}

/* "*3\r\n" at *at, which is moved behind it. */
static bool number(reader *r, size_t *at, char mark, int64_t max, int64_t *out) {
    if (!need(r, *at + 1)) return false;
    if (r->buf[r->start + *at] != mark)
        return damaged(r, *at, mark == '*' ? "no command begins here" : "no argument begins here");
    size_t n = 1;
    for (;; n++) {
        if (n == LINE_MAX_BYTES) return damaged(r, *at, "a length has no end");
        if (!need(r, *at + n + 1)) return false;
        if (r->buf[r->start + *at + n] == '\r') break;
    }
    if (!need(r, *at + n + 2)) return false;
    const uint8_t *p = r->buf + r->start + *at;
    if (p[n + 1] != '\n' || !ek_parse_i64(p + 1, n - 1, out) || *out < (mark == '*') || *out > max)
        return damaged(r, *at, "a length is impossible");
    *at += n + 2;
    return true;
}

static bool room_for_args(reader *r, size_t n) {
    if (n <= r->cap_args) return true;
    void *args = realloc(r->args, n * sizeof *r->args);
    if (args) r->args = args;
    ek_str *argv = realloc(r->argv, n * sizeof *argv);
    if (argv) r->argv = argv;
    if (!args || !argv) return no_memory(r);
    r->cap_args = n;
    return true;
}

/* The command at r->start; *n: its bytes. */
static bool parse(reader *r, size_t *n) {
    int64_t count, len;
    size_t at = 0;
    if (!number(r, &at, '*', ARGS_MAX, &count) || !room_for_args(r, (size_t)count)) return false;
    r->nargs = (size_t)count;
    for (size_t i = 0; i < r->nargs; i++) {
        if (!number(r, &at, '$', BULK_MAX, &len) || !need(r, at + (size_t)len + 2)) return false;
        const uint8_t *end = r->buf + r->start + at + len;
        if (end[0] != '\r' || end[1] != '\n')
            return damaged(r, at + (size_t)len, "an argument is longer or shorter than it says");
        r->args[i].at = at;
        r->args[i].n = (size_t)len;
        at += (size_t)len + 2;
    }
    for (size_t i = 0; i < r->nargs; i++)
        r->argv[i] = (ek_str){r->buf + r->start + r->args[i].at, r->args[i].n};
    *n = at;
    return true;
}

/* A line of remarks, however long. */
static bool pass_remark(reader *r) {
    for (;;) {
        if (!need(r, 1)) return false;
        const uint8_t *p = r->buf + r->start;
        const uint8_t *end = memchr(p, '\n', r->len - r->start);
        r->start += end ? (size_t)(end - p) + 1 : r->len - r->start;
        if (end) return true;
    }
}

typedef struct running {
    ek_session *session;
    ek_reply tape;
    bool in_multi;
} running;

static bool is_named(const ek_command *cmd, const char *name) { return strcmp(cmd->name, name) == 0; }

/* What scripts may not call, and changes no data, would change this process instead, or wait. DEBUG
 * may change data: POPULATE is written as it stands. */
static bool has_no_place(const ek_command *cmd) {
    if (!(cmd->flags & EK_CMD_NOSCRIPT) || cmd->flags & EK_CMD_WRITE) return false;
    return !is_named(cmd, "multi") && !is_named(cmd, "exec") && !is_named(cmd, "debug") &&
           !(cmd->categories & EK_ACL_SCRIPTING);
}

static int version_number(const char *since) {
    int major = 0, minor = 0;
    if (since) sscanf(since, "%d.%d", &major, &minor);
    return major * 1000 + minor;
}

static void note_version(ek_aof_load *load, const ek_command *cmd) {
    const char *since = cmd->decl->since;
    if (EK_LIKELY(!since || since[0] < '7')) return;
    int version = version_number(since), before = version_number(load->since);
    if (version <= before || version <= OLDEST) return;
    load->latest = cmd->name;
    load->since = since;
}

static bool run(reader *r, running *u) {
    const ek_command *container, *cmd = ek_command_resolve(r->nargs, r->argv, &container);
    if (!cmd || !cmd->handler || has_no_place(cmd)) {
        char what[128];
        snprintf(what, sizeof what, "the command '%.*s' %s", (int)ek_min(r->argv[0].n, 64),
                 (const char *)r->argv[0].p,
                 cmd && cmd->handler ? "has no place in it" : "is not known here");
        return damaged(r, 0, what);
    }
    if (!ek_command_arity_ok(cmd, r->nargs))
        return damaged(r, 0, "a command has the wrong number of arguments");
    bool multi = is_named(cmd, "multi"), exec = is_named(cmd, "exec");
    if (multi == u->in_multi && (multi || exec))
        return damaged(r, 0, multi ? "MULTI within MULTI" : "EXEC without MULTI");
    if (multi || exec) u->in_multi = multi;
    else if (!is_named(cmd, "select")) r->load->commands++;
    note_version(r->load, cmd);
    if (!r->load->s) return true;
    u->tape.len = 0;
    ek_execute_command(u->session, cmd, r->nargs, r->argv, &u->tape);
    if (u->tape.len == 0) return no_memory(r);
    const char oom[] = "OOM ";
    if (u->tape.buf[0] == '-' && u->tape.len > 9 && memcmp(u->tape.buf + 5, oom, 4) == 0)
        return stop(r, EK_AOF_FAILED, "it does not fit into the memory that the store may take");
    return true;
}

/* The commands of the file from r->start on. */
static void read_commands(reader *r, running *u) {
    for (;;) {
        size_t n = 0;
        bool more = need(r, 1);
        if (!more) {
            if (r->end == EK_AOF_CUT && !u->in_multi) r->end = EK_AOF_WHOLE;
            else if (r->end == EK_AOF_CUT)
                stop(r, EK_AOF_CUT, "it ends within the transaction that begins at byte %llu",
                     (unsigned long long)r->load->whole);
            return;
        }
        bool remark = r->buf[r->start] == '#';
        if (remark) {
            if (!pass_remark(r)) return;
        } else {
            if (!parse(r, &n) || !run(r, u)) return;
            r->start += n;
        }
        if (!u->in_multi) r->load->whole = place(r);
    }
}

/* The RDB that it begins with. */
static bool load_rdb(reader *r) {
    ek_aof_load *load = r->load;
    load->rdb = true;
    ek_rdb_load rdb = {.s = load->s, .within = load->within, .keep_expired = true,
                       .go_on = load->go_on, .arg = load->arg};
    if (lseek(r->fd, 0, SEEK_SET) < 0) return stop(r, EK_AOF_FAILED, "%s", strerror(errno));
    if (!ek_rdb_load_fd(&rdb, r->fd)) return stop(r, EK_AOF_DAMAGED, "%s", rdb.err);
    load->whole = r->buf_at = rdb.bytes;
    load->keys = rdb.keys;
    r->start = r->len = 0;
    return lseek(r->fd, (off_t)rdb.bytes, SEEK_SET) >= 0 ||
           stop(r, EK_AOF_FAILED, "%s", strerror(errno));
}

ek_aof_end_kind ek_aof_load_fd(ek_aof_load *load, int fd) {
    reader r = {.load = load, .fd = fd};
    running u = {0};
    struct stat st;
    load->err[0] = 0;
    load->commands = load->whole = load->keys = 0;
    load->rdb = false;
    load->latest = load->since = NULL;
    load->bytes = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (load->s && !(u.session = ek_session_new(load->s, 0))) no_memory(&r);
    uint8_t head[16];
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (r.end == EK_AOF_WHOLE && n < 0) stop(&r, EK_AOF_FAILED, "it cannot be read: %s", strerror(errno));
    if (r.end == EK_AOF_WHOLE && (!ek_rdb_is_magic(head, (size_t)n) || load_rdb(&r)))
        read_commands(&r, &u);
    ek_session_free(u.session);
    ek_reply_free(&u.tape);
    free(r.buf);
    free(r.args);
    free(r.argv);
    return r.end;
}
