#include "scripting/run.h"

#include "engine/effect.h"
#include "engine/frontend.h"
#include "engine/running.h"

#define LOOK_AFTER 20000     /* instructions of Lua */
#define PATIENCE_MS 10       /* before the interpreter is let go of, and others are looked after */
#define SMALL_BYTES ((size_t)1 << 20)
#define PAUSE 150
#define PAUSE_SMALL 1000
#define ASK_EVERY_MS 50      /* whether somebody interrupts: takes the interpreter for a moment */
#define LOAD_LIMIT_MS 500    /* for the code of a library, which only registers functions */
#define KILLED "ERR Script killed by user with SCRIPT KILL..."

/* --- looking around --- */

/* How much more than what was alive may there be before garbage is looked for. While little is used,
 * as with most scripts, that is much: a look at all globals costs more than a small script. */
static void set_pause(ek_lua *self, int percent) {
    if (EK_LIKELY(self->pause == percent)) return;
    self->pause = percent;
    lua.gc(self->L, LUA_GCSETPAUSE, percent);
}

static void collect(ek_lua *self) {
    if (self->used > SMALL_BYTES) set_pause(self, PAUSE);
    if (self->used < self->limit / 2 || self->used < self->collected + self->limit / 8) return;
    lua.gc(self->L, LUA_GCCOLLECT, 0);
    self->collected = self->used;
}

/* Whether the script is to end. */
static bool look(ek_lua *self) {
    ek_ctx *c = self->c;
    if (ek_run_killed(self->a)) return true;
    collect(self);
    int64_t ms = ek_run_ms(self->a);
    if (ms < PATIENCE_MS) return false;
    if (!self->run) return ms > LOAD_LIMIT_MS;
    if (self->run->function && !self->told) {
        ek_run_tell(self->a, self->run->name, c->argc, c->argv);
        self->told = true;
    }
    /* In a transaction that spans calls the lock is not let go of in the end, and whoever has the
     * interpreter might wait for it. */
    if (!self->away && !self->a->txn_depth && ek_lua_above.leave) self->away = ek_lua_above.leave();
    if (self->away && ms >= self->ask_at_ms) {
        self->ask_at_ms = ms + ASK_EVERY_MS;
        if (ek_lua_above.interrupted()) return self->interrupted = true;
    }
    ek_frontend *f = c->session->frontend;
    if (f && f->meanwhile && ek_busy(c->s) && !f->meanwhile(f)) return self->interrupted = true;
    return ek_run_killed(self->a);
}

static void hook(lua_State *L, lua_Debug *d) {
    (void)d;
    ek_lua_look_around(L, ek_lua_self(L));
}

void ek_lua_look_around(lua_State *L, ek_lua *self) {
    if (!self->ended) self->ended = look(self);
    if (!self->ended) return;
    lua.sethook(L, hook, LUA_MASKCOUNT, 1);
    ek_lua_raise(L, self->run ? KILLED : "ERR FUNCTION LOAD timeout");
}

void ek_lua_watch(ek_lua *self) {
    self->ended = self->told = self->away = self->interrupted = false;
    self->calls = 0;
    set_pause(self, self->used > SMALL_BYTES ? PAUSE : PAUSE_SMALL);
    self->ask_at_ms = 0;
    lua.sethook(self->L, hook, LUA_MASKCOUNT, LOOK_AFTER);
    ek_run_begin(self->a, !self->run || self->run->function);
}

void ek_lua_unwatch(ek_lua *self) {
    lua.sethook(self->L, NULL, 0, 0);
    ek_run_end(self->a);
}

/* --- errors --- */

int ek_lua_note_place(lua_State *L) {
    lua_Debug d;
    if (lua.type(L, 1) == LUA_TTABLE) {
        lua.getfield(L, 1, "err");
    } else {
        const char *text = lua.tolstring(L, 1, NULL);
        if (!text && lua.type(L, 1) == LUA_TBOOLEAN) text = lua.toboolean(L, 1) ? "true" : "false";
        lua.pushfstring(L, "ERR %s", text ? text : lua.typename(L, lua.type(L, 1)));
    }
    if (lua.type(L, -1) != LUA_TSTRING) {
        ek_lua_pop(L, 1);
        lua.pushstring(L, "ERR unknown error");
    }
    lua.createtable(L, 0, 2);
    lua.insert(L, -2);
    lua.setfield(L, -2, "err");
    if (lua.type(L, 1) == LUA_TTABLE) {
        lua.getfield(L, 1, EK_LUA_COUNTED);
        lua.setfield(L, -2, EK_LUA_COUNTED);
    }
    for (int level = 1; lua.getstack(L, level, &d); level++) {
        if (!lua.getinfo(L, "nSl", &d) || d.currentline <= 0) continue;
        lua.pushfstring(L, ", on %s:%d.", d.source, d.currentline);
        lua.setfield(L, -2, "at");
        break;
    }
    return 1;
}

static ek_str text_at(lua_State *L, int at) {
    size_t n = 0;
    const char *p = lua.type(L, at) == LUA_TSTRING ? lua.tolstring(L, at, &n) : "";
    return (ek_str){(const uint8_t *)p, n};
}

/* A field of the table on top, which holds what is returned; "" when there is none. */
static ek_str field_text(lua_State *L, const char *name) {
    lua.pushstring(L, name);
    lua.rawget(L, -2);
    ek_str s = text_at(L, -1);
    ek_lua_pop(L, 1);
    return s;
}

/* Is what is on top the error of a command, which was counted when that failed? */
static bool is_counted(lua_State *L) {
    if (lua.type(L, -1) != LUA_TTABLE) return false;
    lua.pushstring(L, EK_LUA_COUNTED);
    lua.rawget(L, -2);
    bool is = lua.type(L, -1) == LUA_TBOOLEAN && lua.toboolean(L, -1);
    ek_lua_pop(L, 1);
    return is;
}

ek_str ek_lua_error_text(lua_State *L) {
    return lua.type(L, -1) == LUA_TTABLE ? field_text(L, "err") : text_at(L, -1);
}

static char *append(char *to, const char *p, size_t n) {
    if (n) memcpy(to, p, n);
    return to + n;
}

/* "ERR what script: name, on @user_script:1." */
static void reply_error(ek_ctx *c, ek_lua *self, const ek_lua_run *run) {
    static const char script[] = " script: ", code[] = "ERR ";
    lua_State *L = self->L;
    bool raw = lua.type(L, -1) != LUA_TTABLE; /* no memory even for the handler */
    ek_str text = ek_lua_error_text(L);
    if (self->ended) text = (ek_str){(const uint8_t *)KILLED, sizeof KILLED - 1};
    ek_str at = raw ? (ek_str){NULL, 0} : field_text(L, "at");
    char *line = ek_scratch_alloc(c, sizeof code + text.n + sizeof script + run->name.n + at.n);
    char *end = raw && !self->ended ? append(line, code, sizeof code - 1) : line;
    end = append(end, (const char *)text.p, text.n);
    end = append(end, script, sizeof script - 1);
    end = append(end, (const char *)run->name.p, run->name.n);
    end = append(end, (const char *)at.p, at.n);
    ek_reply_error_bytes(c->reply, line, (size_t)(end - line));
}

/* --- running --- */

static void push_strings(lua_State *L, const ek_str *v, size_t n) {
    lua.createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua.pushlstring(L, (const char *)v[i].p, v[i].n);
        lua.rawseti(L, -2, (int)i + 1);
    }
}

/* In the table on top; `name` is the place of its field's name. */
static void set_strings(lua_State *L, int name, const ek_str *v, size_t n) {
    lua.rawgeti(L, LUA_REGISTRYINDEX, name);
    push_strings(L, v, n);
    lua.rawset(L, -3);
}

int ek_lua_run_protected(lua_State *L) {
    ek_lua *self = ek_lua_self(L);
    const ek_lua_run *run = self->run;
    const ek_str *keys = self->c->argv + 3;
    size_t nargs = self->c->argc - 3 - run->nkeys;
    run->push(L, self, run);
    if (run->function) {
        push_strings(L, keys, run->nkeys);
        push_strings(L, keys + run->nkeys, nargs);
    } else {
        lua.rawgeti(L, LUA_REGISTRYINDEX, self->globals);
        set_strings(L, self->keys_name, keys, run->nkeys);
        set_strings(L, self->argv_name, keys + run->nkeys, nargs);
        ek_lua_pop(L, 1);
    }
    lua.call(L, run->function ? 2 : 0, 1);
    return 1;
}

/* Push the result or, false, the error. */
static bool call(ek_lua *self) {
    lua_State *L = self->L;
    lua.settop(L, 0);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->handler);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->runner);
    return lua.pcall(L, 0, 1, 1) == 0;
}

/* The commands that it calls are run as those of EXEC are, each with a savepoint. */
static bool call_in_session(ek_ctx *c, ek_lua *self) {
    ek_session *session = c->session;
    bool in_exec = session->in_exec;
    uint32_t db = session->db; /* what the script selects is for the script */
    bool no_room = session->no_room;
    if (self->run->flags & EK_SCRIPT_ALLOW_OOM) session->no_room = false;
    session->in_exec = true;
    c->a->level++;
    bool ok = call(self);
    c->a->level--;
    session->in_exec = in_exec;
    session->no_room = no_room;
    session->db = db;
    return ok;
}

/* A full store: who declared its flags says by them whether it goes on; of others the commands that
 * need memory are refused one by one. */
static bool refused_for_memory(ek_ctx *c, const ek_lua_run *run) {
    bool full = c->s->root->config.maxmemory && c->session->no_room;
    if (EK_LIKELY(!full) || !run->declared) return false;
    if (run->flags & (EK_SCRIPT_ALLOW_OOM | EK_SCRIPT_NO_WRITES)) return false;
    ek_reply_error(c->reply, "OOM command not allowed when used memory > 'maxmemory'.");
    return true;
}

/* Likewise when nothing may be written. */
static bool refused_to_write(ek_ctx *c, const ek_lua_run *run) {
    if (EK_LIKELY(!c->s->root->feed.on) || !run->declared || run->flags & EK_SCRIPT_NO_WRITES) return false;
    return ek_effects_refuse_writes(c->s, c->reply);
}

void ek_lua_run_script(ek_ctx *c, ek_lua *self, ek_lua_run *run) {
    c->refused = refused_to_write(c, run) || refused_for_memory(c, run);
    if (EK_UNLIKELY(c->refused)) return;
    ek_savepoint before = ek_save(c->a);
    size_t mark = c->reply->len;
    self->c = c;
    self->run = run;
    self->resp = 2;
    self->read_only = run->flags & EK_SCRIPT_NO_WRITES;
    ek_lua_watch(self);
    bool ok = call_in_session(c, self);
    ek_lua_unwatch(self);
    self->c = NULL;
    self->run = NULL;
    self->limit = SIZE_MAX; /* what is needed to read the result is little */
    c->error_told = is_counted(self->L);
    if (ok) ek_lua_write_reply(self->L, c->reply, self->resp, 0);
    else reply_error(c, self, run);
    lua.settop(self->L, 0);
    bool undo = run->flags & EK_SCRIPT_ROLLBACK && ek_reply_is_error(c->reply, mark);
    if (undo || self->interrupted) ek_undo(c->a, &before);
    ek_lua_tidy(self);
}

bool ek_lua_parse_nkeys(ek_ctx *c, size_t *nkeys, const char *not_a_number) {
    int64_t n;
    if (!ek_arg_range(c, 2, INT64_MIN, INT64_MAX, &n, not_a_number)) return false;
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
