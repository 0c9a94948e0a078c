/* EVAL, EVALSHA and SCRIPT: scripts that run as one command.
 *
 *   body --SHA-1--> known to all (store/scripts.h) --> compiled in this process --> run
 *
 * A script runs inside the transaction of its EVAL, each command that it calls with a savepoint of its
 * own, as those of EXEC do: an error in the script leaves what it had changed, as with any server; a
 * process that dies in it leaves nothing. */
#include <stdio.h>

#include "scripting/run.h"
#include "scripting/shebang.h"
#include "scripting/tables.h"
#include "store/scripts.h"

typedef enum how { EVAL, EVAL_RO, EVAL_ROLLBACK } how;

/* What the first line says of a script. */
typedef struct parsed {
    ek_str body;
    uint32_t flags;
    bool shebang; /* there is such a line */
} parsed;

static bool refuse(ek_ctx *c, const char *what, ek_str word) {
    ek_reply_error(c->reply, "ERR %s: %.*s", what, (int)ek_min(word.n, 128), (const char *)word.p);
    return false;
}

static bool parse_flags(ek_ctx *c, ek_str list, uint32_t *flags) {
    while (list.n) {
        const uint8_t *comma = memchr(list.p, ',', list.n);
        ek_str word = {list.p, comma ? (size_t)(comma - list.p) : list.n};
        uint32_t flag = ek_script_flag_find(word);
        if (!flag) return refuse(c, "Unexpected flag in script shebang", word);
        *flags |= flag;
        if (comma && word.n + 1 == list.n) /* a last one that is empty */
            return refuse(c, "Unexpected flag in script shebang", (ek_str){list.p, 0});
        list.p += word.n + (comma != NULL);
        list.n -= word.n + (comma != NULL);
    }
    return true;
}

/* False: has replied that the first line is wrong. */
static bool parse(ek_ctx *c, ek_str script, parsed *out) {
    ek_str line, engine, word, options;
    *out = (parsed){.body = script};
    if (EK_LIKELY(!ek_has_shebang(script))) return true;
    out->shebang = true;
    if (!ek_shebang_split(script, &line, &out->body)) {
        ek_reply_error(c->reply, "ERR Invalid script shebang");
        return false;
    }
    options = line = (ek_str){line.p - 2, line.n + 2};
    do /* a quote that is not closed is told before anything else */
        if (!ek_shebang_word(c, &options, &word)) {
            ek_reply_error(c->reply, "ERR Invalid engine in script shebang");
            return false;
        }
    while (word.p);
    ek_shebang_word(c, &line, &engine);
    if (!ek_str_same(engine, "#!lua")) return refuse(c, "Unexpected engine in script shebang", engine);
    while (ek_shebang_word(c, &line, &word) && word.p) {
        if (word.n < 6 || memcmp(word.p, "flags=", 6) != 0)
            return refuse(c, "Unknown lua shebang option", word);
        if (!parse_flags(c, (ek_str){word.p + 6, word.n - 6}, &out->flags)) return false;
    }
    return true;
}

/* --- compiling --- */

typedef struct compiling {
    const char *sha;
    ek_str body;
} compiling;

/* registry.scripts[sha] = the function; an error's text is left on the stack of the caller. */
static int compile_protected(lua_State *L) {
    compiling *k = lua.touserdata(L, 1);
    if (lua.L_loadbuffer(L, (const char *)k->body.p, k->body.n, "@user_script") != 0)
        return lua.error(L);
    lua.rawgeti(L, LUA_REGISTRYINDEX, ek_lua_self(L)->scripts);
    lua.pushlstring(L, k->sha, EK_SHA1_HEX);
    lua.pushvalue(L, -3);
    lua.rawset(L, -3);
    return 0;
}

/* Where the script is among those called lately: two share a place by chance, and take turns. */
static size_t recent_at(const char *sha) { return ek_load32(sha) * 0x9e3779b1u >> 26; }
_Static_assert(EK_LUA_RECENT == 1 << 6, "recent_at gives six bits");

static bool is_recent(const ek_lua *self, const char *sha) {
    size_t i = recent_at(sha);
    return self->recent[i].at && memcmp(self->recent[i].sha, sha, EK_SHA1_HEX) == 0;
}

/* It is compiled: remember it for the next call. In a protected call. */
static int remember(lua_State *L) {
    ek_lua *self = ek_lua_self(L);
    const char *sha = lua.touserdata(L, 1);
    size_t i = recent_at(sha);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->scripts);
    lua.pushlstring(L, sha, EK_SHA1_HEX);
    lua.rawget(L, -2);
    if (lua.type(L, -1) != LUA_TFUNCTION) return 0;
    if (self->recent[i].at) lua.L_unref(L, LUA_REGISTRYINDEX, self->recent[i].at);
    self->recent[i].at = 0;
    self->recent[i].at = lua.L_ref(L, LUA_REGISTRYINDEX);
    memcpy(self->recent[i].sha, sha, EK_SHA1_HEX);
    return 0;
}

static bool is_compiled(ek_lua *self, const char *sha) {
    if (EK_LIKELY(is_recent(self, sha))) return true;
    if (lua.cpcall(self->L, remember, (void *)sha) != 0) lua.settop(self->L, 0);
    return is_recent(self, sha);
}

static bool compile(ek_ctx *c, ek_lua *self, const char *sha, ek_str body) {
    lua_State *L = self->L;
    compiling k = {.sha = sha, .body = body};
    if (is_compiled(self, sha)) return true;
    if (body.n && body.p[0] == 27) {
        ek_reply_error(c->reply, "ERR Error compiling script (new function): bytecode");
        return false;
    }
    if (lua.cpcall(L, compile_protected, &k) == 0 && is_compiled(self, sha)) return true;
    const char *text = lua.gettop(L) ? lua.tolstring(L, -1, NULL) : "not enough memory";
    ek_reply_error(c->reply, "ERR Error compiling script (new function): %s", text ? text : "");
    lua.settop(L, 0);
    return false;
}

/* --- running --- */

static void push_script(lua_State *L, ek_lua *self, const ek_lua_run *run) {
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->recent[recent_at((const char *)run->name.p)].at);
}

static void evaluate(ek_ctx *c, ek_lua *self, const char *sha, size_t nkeys, const parsed *script,
                     how how) {
    ek_lua_run run = {
        .name = {(const uint8_t *)sha, EK_SHA1_HEX},
        .flags = script->flags,
        .declared = script->shebang,
        .nkeys = nkeys,
        .push = push_script,
    };
    if (how == EVAL_RO) {
        if (script->shebang && !(run.flags & EK_SCRIPT_NO_WRITES)) {
            ek_reply_error(c->reply,
                           "ERR Can not execute a script with write flag using *_ro command.");
            return;
        }
        run.flags |= EK_SCRIPT_NO_WRITES;
    }
    if (how == EVAL_ROLLBACK) run.flags |= EK_SCRIPT_ROLLBACK;
    ek_lua_run_script(c, self, &run);
}

/* Compile the body and make it known. */
static bool load(ek_ctx *c, ek_lua *self, const char *sha, ek_str script, parsed *out) {
    if (!parse(c, script, out) || !compile(c, self, sha, out->body)) return false;
    ek_script_keep(c->s, sha, script);
    return true;
}

static void eval(ek_ctx *c, how how) {
    size_t nkeys;
    parsed script;
    char sha[EK_SHA1_HEX + 1];
    if (!ek_lua_parse_nkeys(c, &nkeys, NULL)) return;
    ek_lua *self = ek_lua_of(c);
    if (!self) return;
    ek_script_name(c->argv[1].p, c->argv[1].n, sha);
    if (load(c, self, sha, c->argv[1], &script)) evaluate(c, self, sha, nkeys, &script, how);
}

static void evalsha(ek_ctx *c, how how) {
    size_t nkeys;
    parsed script;
    char sha[EK_SHA1_HEX + 1];
    if (c->argv[1].n == EK_SHA1_HEX && !ek_lua_parse_nkeys(c, &nkeys, NULL)) return;
    const ek_script_body *known = ek_script_find(c->s, c->argv[1]);
    if (!known) {
        ek_reply_error(c->reply, "NOSCRIPT No matching script. Please use EVAL.");
        return;
    }
    ek_lua *self = ek_lua_of(c);
    if (!self) return;
    memcpy(sha, known->sha, EK_SHA1_HEX);
    if (!parse(c, (ek_str){(const uint8_t *)known->body, known->len}, &script)) return;
    if (compile(c, self, sha, script.body)) evaluate(c, self, sha, nkeys, &script, how);
}

void ek_cmd_eval(ek_ctx *c) { eval(c, EVAL); }
void ek_cmd_eval_ro(ek_ctx *c) { eval(c, EVAL_RO); }
void ek_cmd_eval_rollback(ek_ctx *c) { eval(c, EVAL_ROLLBACK); }
void ek_cmd_evalsha(ek_ctx *c) { evalsha(c, EVAL); }
void ek_cmd_evalsha_ro(ek_ctx *c) { evalsha(c, EVAL_RO); }
void ek_cmd_evalsha_rollback(ek_ctx *c) { evalsha(c, EVAL_ROLLBACK); }

/* --- what a script says of itself, before it runs --- */

/* As `parse` would find it, if the first line is well formed and quotes nothing; else false. */
static bool says_no_writes(ek_str script) {
    static const char flag[] = "no-writes";
    ek_str line, body;
    if (!ek_shebang_split(script, &line, &body)) return false;
    for (size_t at = 0, n; at + sizeof flag - 1 <= line.n; at += n + 1) {
        const uint8_t *word = line.p + at;
        for (n = 0; at + n < line.n && !strchr(" =,\t\r", word[n]);) n++;
        if (n == sizeof flag - 1 && memcmp(word, flag, n) == 0) return true;
    }
    return false;
}

bool ek_eval_only_reads(const ek_store *s, const ek_command *cmd, size_t argc, const ek_str *argv) {
    if (argc < 2) return false;
    if (strncmp(cmd->name, "fcall", 5) == 0) {
        const ek_function *f = ek_function_find(s, argv[1]);
        return f && f->flags & EK_SCRIPT_NO_WRITES;
    }
    if (strncmp(cmd->name, "evalsha", 7) != 0) return says_no_writes(argv[1]);
    const ek_script_body *known = ek_script_find(s, argv[1]);
    return known && says_no_writes((ek_str){(const uint8_t *)known->body, known->len});
}

/* --- SCRIPT --- */

void ek_cmd_script_load(ek_ctx *c) {
    parsed script;
    char sha[EK_SHA1_HEX + 1];
    ek_lua *self = ek_lua_of(c);
    if (!self) return;
    ek_script_name(c->argv[2].p, c->argv[2].n, sha);
    if (load(c, self, sha, c->argv[2], &script)) ek_reply_bulk(c->reply, sha, EK_SHA1_HEX);
}

void ek_cmd_script_exists(ek_ctx *c) {
    ek_reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++)
        ek_reply_int(c->reply, ek_script_find(c->s, c->argv[i]) != NULL);
}

void ek_cmd_script_show(ek_ctx *c) {
    const ek_script_body *known = ek_script_find(c->s, c->argv[2]);
    if (known) ek_reply_bulk(c->reply, known->body, known->len);
    else ek_reply_error(c->reply, "NOSCRIPT No matching script.");
}

void ek_cmd_script_flush(ek_ctx *c) {
    if (c->argc > 3 || (c->argc == 3 && !ek_arg_is(c, 2, "sync") && !ek_arg_is(c, 2, "async"))) {
        ek_reply_error(c->reply, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        return;
    }
    ek_scripts_flush(c->s);
    ek_reply_ok(c->reply);
}

void ek_cmd_script_debug(ek_ctx *c) {
    if (ek_arg_is(c, 2, "no"))
        ek_reply_ok(c->reply);
    else if (ek_arg_is(c, 2, "yes") || ek_arg_is(c, 2, "sync"))
        ek_reply_error(c->reply, "ERR the debugger of scripts is not available");
    else
        ek_reply_error(c->reply, "ERR Use SCRIPT DEBUG YES/SYNC/NO");
}
