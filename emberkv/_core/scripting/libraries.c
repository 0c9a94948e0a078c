/* FUNCTION: the libraries as a whole. */
#include "base/glob.h"
#include "engine/running.h"
#include "persist/crc64.h"
#include "persist/rdb.h"
#include "persist/rdb_opcodes.h"
#include "scripting/functions.h"
#include "scripting/shebang.h"

#define ALREADY_IN_IT "ERR Library '%.*s' already exists"
#define SYNC_OR_ASYNC "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"

void ek_cmd_function_load(ek_ctx *c) {
    ek_library_load load = {
        .code = c->argv[c->argc - 1],
        .already = ALREADY_IN_IT,
    };
    for (size_t i = 2; i + 1 < c->argc; i++) {
        if (!ek_arg_is(c, i, "replace")) {
            ek_reply_error(c->reply, "ERR Unknown option given: %.*s",
                           (int)ek_min(c->argv[i].n, 128), (const char *)c->argv[i].p);
            return;
        }
        load.replace = true;
    }
    if (!ek_functions_ready(c)) return;
    ek_lua *self = ek_lua_of(c);
    if (!self) return;
    ek_savepoint before = ek_save(c->a);
    if (!ek_library_load_code(c, self, &load)) {
        ek_undo(c->a, &before);
        return;
    }
    ek_reply_str(c->reply, load.name);
}

void ek_cmd_function_delete(ek_ctx *c) {
    const ek_library *l = ek_library_find(c->s, c->argv[2]);
    if (!l) {
        ek_reply_error(c->reply, "ERR Library not found");
        return;
    }
    ek_library_delete(c->s, l);
    ek_reply_ok(c->reply);
}

void ek_cmd_function_flush(ek_ctx *c) {
    if (c->argc > 3) {
        ek_reply_error(c->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                                 "Try FUNCTION HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    if (c->argc == 3 && !ek_arg_is(c, 2, "sync") && !ek_arg_is(c, 2, "async")) {
        ek_reply_error(c->reply, SYNC_OR_ASYNC);
        return;
    }
    ek_libraries_flush(c->s);
    EK_SET(c->a, c->s->root->dirty, c->s->root->dirty + 1); /* of no libraries too, as the servers have it */
    ek_reply_ok(c->reply);
}

/* --- LIST --- */

typedef struct listing {
    ek_ctx *c;
    ek_str pattern; /* p NULL: all */
    bool with_code;
    size_t n;
} listing;

static void list_function(ek_reply *r, const ek_function *f) {
    size_t nflags = (size_t)__builtin_popcount(f->flags);
    ek_reply_map(r, 3);
    ek_reply_cstr(r, "name");
    ek_reply_str(r, ek_function_name(f));
    ek_reply_cstr(r, "description");
    if (f->described) ek_reply_str(r, ek_function_description(f));
    else ek_reply_null(r);
    ek_reply_cstr(r, "flags");
    ek_reply_set(r, nflags);
    for (unsigned bit = 0; bit < EK_SCRIPT_FLAG_COUNT; bit++)
        if (f->flags >> bit & 1) ek_reply_status(r, ek_script_flag_name(bit));
}

static bool list_library(void *arg, ek_library *l) {
    listing *k = arg;
    ek_reply *r = k->c->reply;
    ek_str name = ek_library_name(l);
    if (k->pattern.p && !ek_glob_match(k->pattern, name, true)) return true;
    k->n++;
    ek_reply_map(r, k->with_code ? 4 : 3);
    ek_reply_cstr(r, "library_name");
    ek_reply_str(r, name);
    ek_reply_cstr(r, "engine");
    ek_reply_cstr(r, "LUA");
    ek_reply_cstr(r, "functions");
    ek_reply_array(r, l->nfunctions);
    for (ek_ref ref = l->first; ref;) {
        const ek_function *f = ek_ptr(k->c->a, ref);
        list_function(r, f);
        ref = f->next;
    }
    if (k->with_code) {
        ek_reply_cstr(r, "library_code");
        ek_reply_str(r, ek_library_code(l));
    }
    return true;
}

void ek_cmd_function_list(ek_ctx *c) {
    listing k = {.c = c};
    for (size_t i = 2; i < c->argc; i++) {
        if (!k.with_code && ek_arg_is(c, i, "withcode")) {
            k.with_code = true;
        } else if (!k.pattern.p && ek_arg_is(c, i, "libraryname")) {
            if (i + 1 == c->argc) {
                ek_reply_error(c->reply, "ERR library name argument was not given");
                return;
            }
            k.pattern = c->argv[++i];
        } else {
            ek_reply_error(c->reply, "ERR Unknown argument %.*s", (int)ek_min(c->argv[i].n, 128),
                           (const char *)c->argv[i].p);
            return;
        }
    }
    if (!ek_functions_ready(c)) return;
    size_t at = ek_reply_open(c->reply, '*');
    ek_libraries_each(c->s, list_library, &k);
    ek_reply_close(c->reply, at, k.n);
}

/* --- DUMP and RESTORE --- */

enum { FOOTER_BYTES = 2 + 8 };

void ek_cmd_function_dump(ek_ctx *c) {
    ek_rdb_out o = {.s = c->s, .scratch = &c->session->scratch, .version = EK_RDB_VERSION};
    ek_rdb_put_libraries(&o);
    uint16_t version = (uint16_t)o.version;
    ek_rdb_put_raw(&o, &version, sizeof version);
    ek_rdb_put_u64(&o, ek_crc64(0, o.buf, o.len));
    ek_reply_bulk(c->reply, o.buf, o.len);
}

typedef enum policy { APPEND, REPLACE, FLUSH } policy;

/* The next library of the payload. False: it has replied that something else is there. */
static bool next_library(ek_ctx *c, ek_rdb_in *in, ek_str *code) {
    uint8_t opcode;
    if (!ek_rdb_get_byte(in, &opcode) || opcode != EK_RDB_OP_FUNCTION) {
        ek_reply_error(c->reply, "ERR given type is not a function");
        return false;
    }
    if (ek_rdb_get_string(in, code)) return true;
    ek_reply_error(c->reply, "ERR Failed loading library data");
    return false;
}

/* First the names, for those that are to be replaced make room for all functions; then the code. */
static bool restore(ek_ctx *c, ek_lua *self, ek_str payload, policy how) {
    for (int pass = 0; pass < 2; pass++) {
        ek_rdb_in in = {.s = c->s, .scratch = &c->session->scratch};
        in.p = payload.p;
        in.end = payload.p + payload.n;
        while (in.p < in.end) {
            ek_library_load load = {.already = ALREADY_IN_IT};
            ek_str body;
            if (!next_library(c, &in, &load.code)) return false;
            if (pass == 0) {
                if (!ek_library_parse(c, load.code, &load.name, &body)) return false;
                const ek_library *old = ek_library_find(c->s, load.name);
                if (old && how != REPLACE) {
                    ek_reply_error(c->reply, "ERR Library %.*s already exists", (int)load.name.n,
                                   (const char *)load.name.p);
                    return false;
                }
                if (old) ek_library_delete(c->s, old);
            } else if (!ek_library_load_code(c, self, &load)) {
                return false;
            }
        }
    }
    return true;
}

void ek_cmd_function_restore(ek_ctx *c) {
    policy how = APPEND;
    ek_str payload = c->argv[2];
    if (c->argc > 4) {
        ek_reply_error(c->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                                 "Try FUNCTION HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    if (c->argc == 4) {
        how = ek_arg_is(c, 3, "replace") ? REPLACE : ek_arg_is(c, 3, "flush") ? FLUSH : APPEND;
        if (how == APPEND && !ek_arg_is(c, 3, "append")) {
            ek_reply_error(c->reply, "ERR Wrong restore policy given, value should be either FLUSH, "
                                     "APPEND or REPLACE.");
            return;
        }
    }
    const uint8_t *footer = payload.p + payload.n - FOOTER_BYTES;
    if (payload.n < FOOTER_BYTES || ek_load16(footer) > EK_RDB_VERSION_MAX ||
        ek_crc64(0, payload.p, payload.n - 8) != ek_load64(footer + 2)) {
        ek_reply_error(c->reply, "ERR DUMP payload version or checksum are wrong");
        return;
    }
    payload.n -= FOOTER_BYTES;
    if (!ek_functions_ready(c)) return;
    ek_lua *self = ek_lua_of(c);
    if (!self) return;
    ek_savepoint before = ek_save(c->a);
    if (how == FLUSH) ek_libraries_flush(c->s);
    if (!restore(c, self, payload, how)) {
        ek_undo(c->a, &before);
        return;
    }
    ek_reply_ok(c->reply);
}

/* --- STATS and KILL --- */

/* Also while a script has the lock, and whoever asks has it not: then only counts are read. */
void ek_reply_function_stats(ek_reply *r, const ek_store *s, uint64_t running) {
    enum { ARGS = 256 };
    uint8_t text[EK_RUNNING_TEXT];
    ek_str argv[ARGS];
    size_t n = running ? ek_run_told(s, running, text, argv, ARGS) : 0;
    ek_reply_map(r, 2);
    ek_reply_cstr(r, "running_script");
    if (n) {
        ek_reply_map(r, 3);
        ek_reply_cstr(r, "name");
        ek_reply_str(r, argv[0]);
        ek_reply_cstr(r, "command");
        ek_reply_array(r, n - 1);
        for (size_t i = 1; i < n; i++) ek_reply_str(r, argv[i]);
        ek_reply_cstr(r, "duration_ms");
        ek_reply_int(r, ek_run_ms(s->a));
    } else {
        ek_reply_null(r);
    }
    ek_reply_cstr(r, "engines");
    ek_reply_map(r, 1);
    ek_reply_cstr(r, "LUA");
    ek_reply_map(r, 2);
    ek_reply_cstr(r, "libraries_count");
    ek_reply_int(r, (int64_t)s->root->libraries.count);
    ek_reply_cstr(r, "functions_count");
    ek_reply_int(r, (int64_t)s->root->functions.count);
}

void ek_cmd_function_stats(ek_ctx *c) {
    if (ek_functions_ready(c)) ek_reply_function_stats(c->reply, c->s, 0);
}

/* Whoever runs this has the lock, so no script has it; see busy.c. */
void ek_cmd_script_kill(ek_ctx *c) {
    ek_reply_error(c->reply, "NOTBUSY No scripts in execution right now.");
}
