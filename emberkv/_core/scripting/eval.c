/* EVAL, EVALSHA and SCRIPT: scripts that run as one command.
 *
 *   body --SHA-1--> known to all (store/scripts.h) --> compiled in this process --> run
 *
 * A script runs inside the transaction of its EVAL, each command that it calls with a savepoint of its
 * own, as those of EXEC do: an error in the script leaves what it had changed, as with any server; a
 * process that dies in it leaves nothing. */
#include <stdio.h>

#include "scripting/state.h"
#include "store/scripts.h"

enum { NO_WRITES = 1 };

/* What the line behind "#!" says. */
typedef struct shebang {
    ek_str body;
    unsigned flags;
} shebang;

static bool word_is(ek_str w, const char *text) {
    return w.n == strlen(text) && memcmp(w.p, text, w.n) == 0;
}

/* The next word of the text, up to one of these characters. */
static ek_str take_word(ek_str *text, const char *ends) {
    ek_str w = {text->p, 0};
    while (w.n < text->n && !strchr(ends, text->p[w.n])) w.n++;
    size_t used = w.n < text->n ? w.n + 1 : w.n;
    text->p += used;
    text->n -= used;
    return w;
}

static bool refuse(ek_ctx *c, const char *what, ek_str word) {
    ek_reply_error(c->reply, "ERR %s: %.*s", what, (int)ek_min(word.n, 128), (const char *)word.p);
    return false;
}

static bool parse_flags(ek_ctx *c, ek_str list, shebang *out) {
    static const char *const ignored[] = {"allow-oom", "allow-stale", "no-cluster",
                                          "allow-cross-slot-keys"};
    while (list.n) {
        ek_str flag = take_word(&list, ",");
        bool known = word_is(flag, "no-writes");
        if (known) out->flags |= NO_WRITES;
        for (size_t i = 0; i < EK_COUNTOF(ignored); i++) known |= word_is(flag, ignored[i]);
        if (!known) return refuse(c, "Unexpected flag in script shebang", flag);
    }
    return true;
}

/* False: has replied that the first line is wrong. */
static bool parse_shebang(ek_ctx *c, ek_str script, shebang *out) {
    *out = (shebang){.body = script};
    if (script.n < 2 || memcmp(script.p, "#!", 2) != 0) return true;
    const uint8_t *end = memchr(script.p, '\n', script.n);
    if (!end) {
        ek_reply_error(c->reply, "ERR Invalid script shebang");
        return false;
    }
    /* The line stays, empty, so that others keep their numbers. */
    out->body = (ek_str){end, script.n - (size_t)(end - script.p)};
    ek_str line = {script.p, (size_t)(end - script.p)};
    ek_str engine = take_word(&line, " ");
    if (!word_is(engine, "#!lua"))
        return refuse(c, "Unexpected engine in script shebang", engine);
    while (line.n) {
        ek_str part = take_word(&line, " ");
        if (part.n >= 6 && memcmp(part.p, "flags=", 6) == 0) {
            if (!parse_flags(c, (ek_str){part.p + 6, part.n - 6}, out)) return false;
        } else if (part.n) {
            return refuse(c, "Unknown lua shebang option", part);
        }
    }
    return true;
}

/* --- compiling --- */

typedef struct compiling {
    const char *sha;
    ek_str body;
    int rc;
} compiling;

/* registry.scripts[sha] = the function; an error's text is left on the stack of the caller. */
static int compile_protected(lua_State *L) {
    compiling *k = lua.touserdata(L, 1);
    k->rc = lua.L_loadbuffer(L, (const char *)k->body.p, k->body.n, "@user_script");
    if (k->rc != 0) return lua.error(L);
    lua.getfield(L, LUA_REGISTRYINDEX, "scripts");
    lua.pushlstring(L, k->sha, EK_SHA1_HEX);
    lua.pushvalue(L, -3);
    lua.rawset(L, -3);
    return 0;
}

static bool is_compiled(lua_State *L, const char *sha) {
    lua.getfield(L, LUA_REGISTRYINDEX, "scripts");
    lua.pushlstring(L, sha, EK_SHA1_HEX);
    lua.rawget(L, -2);
    bool is = lua.type(L, -1) == LUA_TFUNCTION;
    ek_lua_pop(L, 2);
    return is;
}

static bool compile(ek_ctx *c, ek_lua *self, const char *sha, ek_str body) {
    lua_State *L = self->L;
    compiling k = {.sha = sha, .body = body};
    if (is_compiled(L, sha)) return true;
    if (body.n && body.p[0] == 27) {
        ek_reply_error(c->reply, "ERR Error compiling script (new function): bytecode");
        return false;
    }
    if (lua.cpcall(L, compile_protected, &k) == 0) return true;
    const char *text = lua.tolstring(L, -1, NULL);
    ek_reply_error(c->reply, "ERR Error compiling script (new function): %s", text ? text : "");
    ek_lua_pop(L, 1);
    return false;
}

/* --- running --- */

typedef struct running {
    ek_lua *self;
    const char *sha;
    size_t nkeys, first; /* of argv */
} running;

/* The error handler: {err=text, at=place}. */
static int note_place(lua_State *L) {
    lua_Debug d;
    if (lua.type(L, 1) == LUA_TTABLE) {
        lua.getfield(L, 1, "err");
    } else {
        const char *text = lua.tolstring(L, 1, NULL);
        lua.pushfstring(L, "ERR %s", text ? text : "unknown error");
    }
    if (lua.type(L, -1) != LUA_TSTRING) {
        ek_lua_pop(L, 1);
        lua.pushstring(L, "ERR unknown error");
    }
    lua.createtable(L, 0, 2);
    lua.insert(L, -2);
    lua.setfield(L, -2, "err");
    for (int level = 1; lua.getstack(L, level, &d); level++) {
        if (!lua.getinfo(L, "nSl", &d) || d.currentline <= 0) continue;
        lua.pushfstring(L, ", on %s:%d.", d.source, d.currentline);
        lua.setfield(L, -2, "at");
        break;
    }
    return 1;
}

static void push_strings(lua_State *L, const ek_str *v, size_t n) {
    lua.createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua.pushlstring(L, (const char *)v[i].p, v[i].n);
        lua.rawseti(L, -2, (int)i + 1);
    }
}

static int run_protected(lua_State *L) {
    running *k = lua.touserdata(L, 1);
    ek_ctx *c = k->self->c;
    lua.getfield(L, LUA_REGISTRYINDEX, "globals");
    push_strings(L, c->argv + k->first, k->nkeys);
    lua.setfield(L, -2, "KEYS");
    push_strings(L, c->argv + k->first + k->nkeys, c->argc - k->first - k->nkeys);
    lua.setfield(L, -2, "ARGV");
    lua.pushcclosure(L, note_place, 0);
    lua.getfield(L, LUA_REGISTRYINDEX, "scripts");
    lua.pushlstring(L, k->sha, EK_SHA1_HEX);
    lua.rawget(L, -2);
    if (lua.pcall(L, 0, 1, 3) != 0) return lua.error(L);
    lua.setfield(L, LUA_REGISTRYINDEX, "result");
    return 0;
}

/* Push the result or, false, the error. */
static bool run(ek_lua *self, running *k) {
    lua_State *L = self->L;
    if (lua.cpcall(L, run_protected, k) != 0) return false;
    lua.getfield(L, LUA_REGISTRYINDEX, "result");
    return true;
}

static void reply_script_error(ek_ctx *c, lua_State *L, const char *sha) {
    const char *err = NULL, *at = NULL;
    if (lua.type(L, -1) == LUA_TTABLE) {
        lua.getfield(L, -1, "err");
        lua.getfield(L, -2, "at");
        err = lua.tolstring(L, -2, NULL);
        at = lua.tolstring(L, -1, NULL);
        ek_lua_pop(L, 2); /* the table holds them */
    } else {
        err = lua.tolstring(L, -1, NULL);
    }
    if (at)
        ek_reply_error(c->reply, "%s script: %.40s%s", err ? err : "ERR", sha, at);
    else
        ek_reply_error(c->reply, "ERR %s script: %.40s", err ? err : "out of memory", sha);
}

static void evaluate(ek_ctx *c, ek_lua *self, const char *sha, size_t nkeys, bool read_only) {
    running k = {.self = self, .sha = sha, .nkeys = nkeys, .first = 3};
    ek_session *session = c->session;
    bool in_exec = session->in_exec;
    uint32_t db = session->db; /* what the script selects is for the script */
    self->c = c;
    self->resp = 2;
    self->read_only = read_only;
    session->in_exec = true;
    c->a->level++;
    bool ok = run(self, &k);
    c->a->level--;
    session->in_exec = in_exec;
    session->db = db;
    self->c = NULL;
    if (ok) ek_lua_write_reply(self->L, c->reply, self->resp, 0);
    else reply_script_error(c, self->L, sha);
    lua.settop(self->L, 0);
}

/* --- the commands --- */

static bool parse_nkeys(ek_ctx *c, size_t *nkeys) {
    int64_t n;
    if (!ek_arg_i64(c, 2, &n)) return false;
    if (n > (int64_t)c->argc - 3)
        ek_reply_error(c->reply, "ERR Number of keys can't be greater than number of args");
    else if (n < 0)
        ek_reply_error(c->reply, "ERR Number of keys can't be negative");
    else {
        *nkeys = (size_t)n;
        return true;
    }
    return false;
}

/* Compile the body and make it known. */
static bool load(ek_ctx *c, ek_lua *self, const char *sha, ek_str script, unsigned *flags) {
    shebang parsed;
    if (!parse_shebang(c, script, &parsed) || !compile(c, self, sha, parsed.body)) return false;
    ek_script_keep(c->s, sha, script);
    *flags = parsed.flags;
    return true;
}

static void eval(ek_ctx *c, bool read_only) {
    size_t nkeys;
    unsigned flags;
    char sha[EK_SHA1_HEX + 1];
    if (!parse_nkeys(c, &nkeys)) return;
    ek_lua *self = ek_lua_of(c);
    if (!self) return;
    ek_script_name(c->argv[1].p, c->argv[1].n, sha);
    if (load(c, self, sha, c->argv[1], &flags))
        evaluate(c, self, sha, nkeys, read_only || flags & NO_WRITES);
}

static void evalsha(ek_ctx *c, bool read_only) {
    size_t nkeys;
    shebang parsed;
    char sha[EK_SHA1_HEX + 1];
    if (c->argv[1].n == EK_SHA1_HEX && !parse_nkeys(c, &nkeys)) return;
    const ek_script_body *script = ek_script_find(c->s, c->argv[1]);
    if (!script) {
        ek_reply_error(c->reply, "NOSCRIPT No matching script. Please use EVAL.");
        return;
    }
    ek_lua *self = ek_lua_of(c);
    if (!self) return;
    memcpy(sha, script->sha, EK_SHA1_HEX); /* the script may flush what holds it */
    ek_str body = {(const uint8_t *)script->body, script->len};
    if (!parse_shebang(c, body, &parsed) || !compile(c, self, sha, parsed.body)) return;
    evaluate(c, self, sha, nkeys, read_only || parsed.flags & NO_WRITES);
}

void ek_cmd_eval(ek_ctx *c) { eval(c, false); }
void ek_cmd_eval_ro(ek_ctx *c) { eval(c, true); }
void ek_cmd_evalsha(ek_ctx *c) { evalsha(c, false); }
void ek_cmd_evalsha_ro(ek_ctx *c) { evalsha(c, true); }

void ek_cmd_script_load(ek_ctx *c) {
    unsigned flags;
    char sha[EK_SHA1_HEX + 1];
    ek_lua *self = ek_lua_of(c);
    if (!self) return;
    ek_script_name(c->argv[2].p, c->argv[2].n, sha);
    if (load(c, self, sha, c->argv[2], &flags)) ek_reply_bulk(c->reply, sha, EK_SHA1_HEX);
}

void ek_cmd_script_exists(ek_ctx *c) {
    ek_reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++)
        ek_reply_int(c->reply, ek_script_find(c->s, c->argv[i]) != NULL);
}

void ek_cmd_script_flush(ek_ctx *c) {
    if (c->argc > 3 || (c->argc == 3 && !ek_arg_is(c, 2, "sync") && !ek_arg_is(c, 2, "async"))) {
        ek_reply_error(c->reply, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        return;
    }
    ek_scripts_flush(c->s);
    ek_reply_ok(c->reply);
}

/* Whoever could ask for it waits for the lock while a script runs. */
void ek_cmd_script_kill(ek_ctx *c) {
    ek_reply_error(c->reply, "NOTBUSY No scripts in execution right now.");
}

void ek_cmd_script_debug(ek_ctx *c) {
    if (ek_arg_is(c, 2, "no")) ek_reply_ok(c->reply);
    else ek_reply_error(c->reply, "ERR the debugger of scripts is not available");
}
