/* MIGRATE: keys go to another server, and from here when it has them.
 *
 * AUTH, SELECT and a RESTORE for each key go out as one request. A key is deleted when its RESTORE was
 * answered, so what fails in the middle leaves each key at least in one place. The lock is held all
 * the while, as a server does nothing else: nobody sees a key here that is there already. So no more
 * time passes than the caller allows, and a store cannot send keys to a server of itself. */
#include <stdio.h>

#include "base/dial.h"
#include "base/number.h"
#include "persist/dump.h"
#include "persist/rdb.h"

#define USUAL_TIMEOUT_MS 1000
#define LINE_BYTES 1024
#define NAME_BYTES 256

typedef struct migration {
    ek_ctx *c;
    bool copy, replace;
    const ek_str *user, *password; /* NULL: none */
    int64_t db, timeout_ms;
    size_t first_key, nkeys;
    ek_value *values; /* of those keys that are there */
    size_t nvalues;
    ek_rdb_out request; /* no RDB, but the same kind of growing buffer */
} migration;

/* --- arguments --- */

static bool parse_options(migration *m) {
    ek_ctx *c = m->c;
    m->first_key = 3;
    m->nkeys = 1;
    for (size_t i = 6; i < c->argc; i++) {
        size_t left = c->argc - i - 1;
        if (ek_arg_is(c, i, "copy")) {
            m->copy = true;
        } else if (ek_arg_is(c, i, "replace")) {
            m->replace = true;
        } else if (ek_arg_is(c, i, "auth") && left >= 1) {
            m->password = &c->argv[++i];
        } else if (ek_arg_is(c, i, "auth2") && left >= 2) {
            m->user = &c->argv[++i];
            m->password = &c->argv[++i];
        } else if (ek_arg_is(c, i, "keys")) {
            if (c->argv[3].n) {
                ek_reply_error(c->reply, "ERR When using MIGRATE KEYS option, the key argument must "
                                         "be set to the empty string");
                return false;
            }
            m->first_key = i + 1;
            m->nkeys = left;
            break;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    return true;
}

static bool parse(migration *m) {
    ek_ctx *c = m->c;
    if (!parse_options(m) || !ek_arg_i64(c, 5, &m->timeout_ms) || !ek_arg_i64(c, 4, &m->db))
        return false;
    if (m->timeout_ms <= 0) m->timeout_ms = USUAL_TIMEOUT_MS;
    if (m->timeout_ms > INT32_MAX) m->timeout_ms = INT32_MAX;
    return true;
}

static void find_keys(migration *m) {
    ek_ctx *c = m->c;
    m->values = ek_scratch_alloc(c, (m->nkeys + 1) * sizeof *m->values);
    for (size_t i = 0; i < m->nkeys; i++) {
        ek_value *v = &m->values[m->nvalues];
        if (!ek_lookup(c, c->argv[m->first_key + i], v)) continue;
        v->key = c->argv[m->first_key + i];
        m->nvalues++;
    }
}

/* --- the request --- */

static void put_head(migration *m, size_t arguments) {
    char text[32];
    int n = snprintf(text, sizeof text, "*%zu\r\n", arguments);
    ek_rdb_put_raw(&m->request, text, (size_t)n);
}

static void put(migration *m, ek_str s) {
    char text[32];
    int n = snprintf(text, sizeof text, "$%zu\r\n", s.n);
    ek_rdb_put_raw(&m->request, text, (size_t)n);
    ek_rdb_put_raw(&m->request, s.p, s.n);
    ek_rdb_put_raw(&m->request, "\r\n", 2);
}

static void put_word(migration *m, const char *word) {
    put(m, (ek_str){(const uint8_t *)word, strlen(word)});
}

static void put_i64(migration *m, int64_t v) {
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)v);
    put_word(m, digits);
}

static void put_request(migration *m) {
    ek_ctx *c = m->c;
    m->request = (ek_rdb_out){.s = c->s, .scratch = &c->session->scratch};
    if (m->password) {
        put_head(m, m->user ? 3 : 2);
        put_word(m, "AUTH");
        if (m->user) put(m, *m->user);
        put(m, *m->password);
    }
    put_head(m, 2);
    put_word(m, "SELECT");
    put_i64(m, m->db);
    for (size_t i = 0; i < m->nvalues; i++) {
        const ek_value *v = &m->values[i];
        int64_t left_ms = v->expire_ms == EK_NO_EXPIRE ? 0 : v->expire_ms - ek_now_ms(c);
        put_head(m, m->replace ? 5 : 4);
        put_word(m, "RESTORE");
        put(m, v->key);
        put_i64(m, left_ms);
        put(m, ek_dump_value(c, v));
        if (m->replace) put_word(m, "REPLACE");
    }
}

/* --- the conversation --- */

static void reply_io_error(migration *m, const char *what) {
    ek_reply_error(m->c->reply, "IOERR error or timeout %s", what);
}

static bool dial(migration *m, ek_dial *d) {
    ek_str host = m->c->argv[1], port = m->c->argv[2];
    char name[NAME_BYTES], number[NAME_BYTES];
    snprintf(name, sizeof name, "%.*s", (int)ek_min(host.n, NAME_BYTES), (const char *)host.p);
    snprintf(number, sizeof number, "%.*s", (int)ek_min(port.n, NAME_BYTES), (const char *)port.p);
    ek_dialled how = ek_dial_open(d, name, number, (int)m->timeout_ms);
    if (how == EK_DIAL_NO_SUCH_HOST) reply_io_error(m, "connecting to the client");
    else if (how == EK_DIAL_REFUSED) reply_io_error(m, "writing to target instance");
    return how == EK_DIALLED;
}

static void take_away(migration *m, ek_value *v) {
    ek_value now;
    if (ek_keyspace_find_hashed(m->c->s, m->c->db, v->key, v->hash, &now)) ek_delete_key(m->c, &now);
}

/* Read all that is answered: which keys have arrived, and the first error. False: the connection
 * failed, after what has arrived so far. */
static bool take_answers(migration *m, ek_dial *d, bool *arrived, char *error) {
    char line[LINE_BYTES];
    size_t before = m->password ? 2 : 1; /* answers in front of the first RESTORE's */
    bool welcome = true;                 /* AUTH and SELECT went well */
    error[0] = 0;
    for (size_t i = 0; i < before + m->nvalues; i++) {
        if (!ek_dial_read_line(d, line, sizeof line)) return false;
        bool ok = line[0] != '-';
        if (!ok && !error[0]) snprintf(error, LINE_BYTES, "%s", line + 1);
        if (i < before) welcome = welcome && ok;
        else arrived[i - before] = ok && welcome;
    }
    return true;
}

static void send_keys(migration *m) {
    ek_ctx *c = m->c;
    ek_dial d;
    char error[LINE_BYTES];
    bool *arrived = ek_scratch_alloc(c, m->nvalues * sizeof *arrived);
    memset(arrived, 0, m->nvalues * sizeof *arrived);
    if (!dial(m, &d)) return;
    /* Nothing here may jump over the connection's end. */
    bool sent = ek_dial_send(&d, m->request.buf, m->request.len);
    bool answered = sent && take_answers(m, &d, arrived, error);
    ek_dial_close(&d);
    if (!sent) reply_io_error(m, "writing to target instance");
    else if (!answered) reply_io_error(m, "reading to target instance");
    else if (error[0]) ek_reply_error(c->reply, "ERR Target instance replied with error: %s", error);
    else ek_reply_ok(c->reply);
    for (size_t i = 0; i < m->nvalues && !m->copy; i++)
        if (arrived[i]) take_away(m, &m->values[i]);
}

void ek_cmd_migrate(ek_ctx *c) {
    migration m = {.c = c};
    if (!parse(&m)) return;
    find_keys(&m);
    if (!m.nvalues) {
        ek_reply_status(c->reply, "NOKEY");
        return;
    }
    put_request(&m);
    send_keys(&m);
}
