/* Loading libraries, and FCALL.
 *
 *   code --run once, with nothing but redis.register_function--> list of {name, description, flags,
 *        callback}, in Lua --> the library in the arena, for all; the list as registry.libraries[id],
 *        for the calls of this process
 *
 * Another process runs the code again when it first calls one of the functions. Nothing is written
 * into the arena while Lua runs, and Lua is not asked for memory while the arena is written. */
#include "scripting/functions.h"

#include <stdlib.h>

#include "base/word.h"
#include "scripting/shebang.h"

enum { ITEM_NAME = 1, ITEM_DESCRIPTION, ITEM_FLAGS, ITEM_CALLBACK }; /* of an element of the list */

#define BAD_NAME                                                                                   \
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least " \
    "one character long"

static bool name_is_good(ek_str name) {
    for (size_t i = 0; i < name.n; i++)
        if (!ek_library_name_char(name.p[i])) return false;
    return name.n > 0;
}

static bool refuse(ek_ctx *c, const char *what, ek_str word) {
    ek_reply_error(c->reply, what, (int)ek_min(word.n, 256), (const char *)word.p);
    return false;
}

bool ek_library_parse(ek_ctx *c, ek_str code, ek_str *name, ek_str *body) {
    static const char given[] = "name=";
    ek_str line, engine = {(const uint8_t *)"", 0}, word;
    name->p = NULL;
    if (!ek_has_shebang(code)) return refuse(c, "ERR Missing library metadata", code);
    if (!ek_shebang_split(code, &line, body))
        return refuse(c, "ERR Invalid library metadata", code);
    bool engine_given = line.n && line.p[0] != ' ';
    if (engine_given && !ek_shebang_word(c, &line, &engine))
        return refuse(c, "ERR Invalid library metadata", line);
    for (;;) {
        if (!ek_shebang_word(c, &line, &word)) return refuse(c, "ERR Invalid library metadata", line);
        if (!word.p) break;
        ek_str key = {word.p, ek_min(word.n, sizeof given - 1)};
        if (!ek_str_is(key, given)) return refuse(c, "ERR Invalid metadata value given: %.*s", word);
        if (name->p)
            return refuse(c, "ERR Invalid metadata value, name argument was given multiple times",
                          word);
        *name = (ek_str){word.p + key.n, word.n - key.n};
    }
    if (!name->p) return refuse(c, "ERR Library name was not given", code);
    if (!name_is_good(*name)) return refuse(c, BAD_NAME, *name);
    if (!ek_str_is(engine, "lua")) return refuse(c, "ERR Engine '%.*s' not found", engine);
    return true;
}

/* --- registering --- */

/* A string, or a number as one, at `at` of the stack, which is left as it is. */
static bool is_text(lua_State *L, int at) {
    return lua.type(L, at) == LUA_TSTRING || lua.type(L, at) == LUA_TNUMBER;
}

/* What redis.register_function is given; the values lie on the stack below. */
typedef struct arguments {
    int name, description, callback; /* places on the stack; 0: not given */
    uint32_t flags;
} arguments;

static uint32_t parse_flags(lua_State *L, int at) {
    uint32_t flags = 0;
    for (int i = 1;; i++) {
        ek_str s = {NULL, 0};
        lua.rawgeti(L, at, i);
        if (lua.type(L, -1) == LUA_TNIL) break;
        if (lua.type(L, -1) == LUA_TSTRING) s.p = (const uint8_t *)lua.tolstring(L, -1, &s.n);
        uint32_t flag = s.p ? ek_script_flag_find(s) : 0;
        if (!flag) ek_lua_raise(L, "ERR unknown flag given");
        flags |= flag;
        ek_lua_pop(L, 1);
    }
    ek_lua_pop(L, 1);
    return flags;
}

/* A value of the table, which lies on top of the stack and stays there. */
static void take_named(lua_State *L, ek_str key, arguments *a) {
    int at = lua.gettop(L);
    if (ek_str_is(key, "function_name")) {
        if (!is_text(L, at))
            ek_lua_raise(L, "ERR function_name argument given to redis.register_function must be a string");
        a->name = at;
    } else if (ek_str_is(key, "description")) {
        if (!is_text(L, at))
            ek_lua_raise(L, "ERR description argument given to redis.register_function must be a string");
        a->description = at;
    } else if (ek_str_is(key, "callback")) {
        if (lua.type(L, at) != LUA_TFUNCTION)
            ek_lua_raise(L, "ERR callback argument given to redis.register_function must be a function");
        a->callback = at;
    } else if (ek_str_is(key, "flags")) {
        if (lua.type(L, at) != LUA_TTABLE)
            ek_lua_raise(L, "ERR flags argument to redis.register_function must be a table "
                            "representing function flags");
        a->flags = parse_flags(L, at);
    } else {
        ek_lua_raise(L, "ERR unknown argument given to redis.register_function");
    }
}

static void named_arguments(lua_State *L, arguments *a) {
    if (lua.type(L, 1) != LUA_TTABLE)
        ek_lua_raise(L, "ERR calling redis.register_function with a single argument is only "
                        "applicable to Lua table (representing named arguments).");
    lua.pushnil(L);
    while (lua.next(L, 1)) { /* key, value */
        ek_str key = {(const uint8_t *)"", 0};
        if (!is_text(L, -2))
            ek_lua_raise(L, "ERR named argument key given to redis.register_function is not a string");
        if (lua.type(L, -2) == LUA_TSTRING) key.p = (const uint8_t *)lua.tolstring(L, -2, &key.n);
        take_named(L, key, a);
        if (!lua.checkstack(L, 8)) lua.L_error(L, "too many arguments"); /* values stay below */
        lua.pushvalue(L, -2);
    }
    if (!a->name) ek_lua_raise(L, "ERR redis.register_function must get a function name argument");
    if (!a->callback) ek_lua_raise(L, "ERR redis.register_function must get a callback argument");
}

static void positional_arguments(lua_State *L, arguments *a) {
    if (!is_text(L, 1))
        ek_lua_raise(L, "ERR first argument to redis.register_function must be a string");
    if (lua.type(L, 2) != LUA_TFUNCTION)
        ek_lua_raise(L, "ERR second argument to redis.register_function must be a function");
    a->name = 1;
    a->callback = 2;
}

/* Whether the list on top has a function of that name. */
static bool is_registered(lua_State *L, ek_str name) {
    bool is = false;
    for (int i = 1; !is; i++) {
        size_t n = 0;
        lua.rawgeti(L, -1, i);
        bool end = lua.type(L, -1) == LUA_TNIL;
        if (!end) {
            lua.rawgeti(L, -1, ITEM_NAME);
            const char *p = lua.tolstring(L, -1, &n);
            is = n == name.n && memcmp(p, name.p, n) == 0;
            ek_lua_pop(L, 1);
        }
        ek_lua_pop(L, 1);
        if (end) break;
    }
    return is;
}

int ek_lua_register_function(lua_State *L) {
    ek_lua *self = ek_lua_self(L);
    arguments a = {0};
    ek_str name;
    int n = lua.gettop(L);
    if (n < 1 || n > 2)
        return ek_lua_raise(L, "ERR wrong number of arguments to redis.register_function");
    if (!self->loading)
        return ek_lua_raise(L, "ERR redis.register_function can only be called on FUNCTION LOAD command");
    if (n == 1) named_arguments(L, &a);
    else positional_arguments(L, &a);
    name.p = (const uint8_t *)lua.tolstring(L, a.name, &name.n);
    if (a.description) lua.tolstring(L, a.description, NULL); /* a number becomes a string in place */
    if (!name_is_good(name)) return ek_lua_raise(L, BAD_NAME);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->registering);
    if (is_registered(L, name)) return ek_lua_raise(L, "ERR Function already exists in the library");
    lua.createtable(L, ITEM_CALLBACK, 0);
    lua.pushvalue(L, a.name);
    lua.rawseti(L, -2, ITEM_NAME);
    if (a.description) lua.pushvalue(L, a.description);
    else lua.pushboolean(L, 0);
    lua.rawseti(L, -2, ITEM_DESCRIPTION);
    lua.pushnumber(L, a.flags);
    lua.rawseti(L, -2, ITEM_FLAGS);
    lua.pushvalue(L, a.callback);
    lua.rawseti(L, -2, ITEM_CALLBACK);
    lua.rawseti(L, -2, (int)lua.objlen(L, -2) + 1);
    return 0;
}

/* --- running the code --- */

typedef struct ek_loading {
    ek_str body;
    bool compiled;
} ek_loading;

static int load_protected(lua_State *L) {
    ek_lua *self = ek_lua_self(L);
    ek_loading *k = self->loading;
    lua.settop(L, 0);
    lua.createtable(L, 0, 0);
    lua.rawseti(L, LUA_REGISTRYINDEX, self->registering);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->handler);
    if (lua.L_loadbuffer(L, (const char *)k->body.p, k->body.n, "@user_function") != 0)
        return lua.error(L);
    k->compiled = true;
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->functions_front);
    lua.setfenv(L, -2);
    if (lua.pcall(L, 0, 0, 1) != 0) return lua.error(L);
    return 0;
}

/* What stands behind the globals of functions: theirs, or those for loading. */
static void show_globals(ek_lua *self, int which) {
    lua_State *L = self->L;
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->functions_front);
    lua.getmetatable(L, -1);
    lua.rawgeti(L, LUA_REGISTRYINDEX, which);
    lua.setfield(L, -2, "__index"); /* is there: takes no memory */
    ek_lua_pop(L, 2);
}

/* Run the code. The list of what it registers is in the registry. False: has replied why not. */
static bool run_code(ek_ctx *c, ek_lua *self, ek_str body) {
    ek_loading k = {.body = body};
    self->c = c;
    self->loading = &k;
    show_globals(self, self->loading_globals);
    ek_lua_watch(self);
    bool ok = lua.cpcall(self->L, load_protected, NULL) == 0;
    ek_lua_unwatch(self);
    show_globals(self, self->functions_globals);
    self->loading = NULL;
    self->c = NULL;
    if (!ok) {
        ek_str text = ek_lua_error_text(self->L);
        ek_reply_error(c->reply, "ERR Error %s: %.*s", k.compiled ? "registering functions"
                                                                  : "compiling function",
                       (int)ek_min(text.n, 400), (const char *)text.p);
    }
    lua.settop(self->L, 0);
    return ok;
}

/* --- into the arena, and into the registry --- */

/* Of the library with this id, what this process calls is what was registered last. */
static int keep_list(lua_State *L) {
    ek_lua *self = ek_lua_self(L);
    const uint64_t *id = lua.touserdata(L, 1);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->libraries);
    lua.pushnumber(L, (double)*id);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->registering);
    lua.rawset(L, -3);
    return 0;
}

static void keep_compiled(ek_lua *self, uint64_t id) {
    if (lua.cpcall(self->L, keep_list, &id) != 0) ek_lua_pop(self->L, 1); /* it is run again, then */
}

static ek_str item_text(lua_State *L, int field) {
    ek_str s = {NULL, 0};
    lua.rawgeti(L, -1, field);
    if (lua.type(L, -1) == LUA_TSTRING) s.p = (const uint8_t *)lua.tolstring(L, -1, &s.n);
    ek_lua_pop(L, 1); /* the item holds it */
    return s;
}

/* Make what was registered known as the library's. False: one of the names is taken; has replied. */
static bool add_functions(ek_ctx *c, ek_lua *self, ek_library *l) {
    lua_State *L = self->L;
    bool ok = true;
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->registering);
    for (int i = 1; ok; i++) {
        lua.rawgeti(L, -1, i);
        if (lua.type(L, -1) == LUA_TNIL) break;
        ek_str name = item_text(L, ITEM_NAME), description = item_text(L, ITEM_DESCRIPTION);
        lua.rawgeti(L, -1, ITEM_FLAGS);
        uint32_t flags = (uint32_t)lua.tonumber(L, -1);
        ek_lua_pop(L, 2);
        ok = !ek_function_find(c->s, name);
        if (ok) ek_function_add(c->s, l, name, description, flags);
        else refuse(c, "ERR Function %.*s already exists", name);
    }
    lua.settop(L, 0);
    if (ok) ek_library_registered(c->s, l);
    return ok;
}

bool ek_library_load_code(ek_ctx *c, ek_lua *self, ek_library_load *load) {
    ek_str body;
    if (!ek_library_parse(c, load->code, &load->name, &body)) return false;
    const ek_library *old = ek_library_find(c->s, load->name);
    if (old && !load->replace) return refuse(c, load->already, load->name);
    if (!run_code(c, self, body)) return false;
    lua.rawgeti(self->L, LUA_REGISTRYINDEX, self->registering);
    bool any = lua.objlen(self->L, -1) > 0;
    lua.settop(self->L, 0);
    if (!any) return refuse(c, "ERR No functions registered", load->name);
    if (old) ek_library_delete(c->s, old);
    ek_library *l = ek_library_add(c->s, load->name, load->code);
    if (!add_functions(c, self, l)) return false;
    keep_compiled(self, l->id);
    return true;
}

/* Libraries that are gone are forgotten here too. */
static bool keep_old(void *arg, ek_library *l) {
    lua_State *L = arg; /* the new list, the old one */
    lua.pushnumber(L, (double)l->id);
    lua.pushvalue(L, -1);
    lua.rawget(L, -3);
    lua.rawset(L, -4);
    return true;
}

static int forget_gone(lua_State *L) {
    ek_lua *self = ek_lua_self(L);
    lua.createtable(L, 0, 0);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->libraries);
    ek_libraries_each(self->s, keep_old, L);
    ek_lua_pop(L, 1);
    lua.rawseti(L, LUA_REGISTRYINDEX, self->libraries);
    return 0;
}

/* Have what this process compiled of libraries agree with what there is. */
static void agree(ek_ctx *c, ek_lua *self) {
    if (EK_LIKELY(self->libraries_seen == c->s->root->libraries_changed)) return;
    if (lua.cpcall(self->L, forget_gone, NULL) != 0) ek_lua_pop(self->L, 1);
    else self->libraries_seen = c->s->root->libraries_changed;
}

static bool is_compiled(ek_lua *self, uint64_t id) {
    lua_State *L = self->L;
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->libraries);
    lua.pushnumber(L, (double)id);
    lua.rawget(L, -2);
    bool is = lua.type(L, -1) == LUA_TTABLE;
    lua.settop(L, 0);
    return is;
}

/* False: has replied why not. */
static bool compile(ek_ctx *c, ek_lua *self, const ek_library *l) {
    ek_str name, body;
    agree(c, self);
    if (EK_LIKELY(is_compiled(self, l->id))) return true;
    uint64_t id = l->id;
    if (!ek_library_parse(c, ek_library_code(l), &name, &body) || !run_code(c, self, body))
        return false;
    keep_compiled(self, id);
    return true;
}

/* --- libraries that came without their functions --- */

static bool find_unregistered(void *arg, ek_library *l) {
    if (!l->registered) *(ek_library **)arg = l;
    return l->registered;
}

bool ek_functions_ready(ek_ctx *c) {
    if (EK_LIKELY(!c->s->root->nunregistered)) return true;
    ek_lua *self = ek_lua_of(c);
    if (!self) return false;
    while (c->s->root->nunregistered) {
        ek_library *l = NULL;
        ek_str name, body;
        size_t mark = c->reply->len;
        ek_libraries_each(c->s, find_unregistered, &l);
        /* What is wrong with one makes it one without functions, that can be listed and deleted. */
        if (ek_library_parse(c, ek_library_code(l), &name, &body) && run_code(c, self, body) &&
            add_functions(c, self, l))
            keep_compiled(self, l->id);
        c->reply->len = mark;
        ek_library_registered(c->s, l);
    }
    return true;
}

/* --- FCALL --- */

static void push_function(lua_State *L, ek_lua *self, const ek_lua_run *run) {
    const ek_function *f = run->what;
    const ek_library *l = ek_ptr(self->a, f->library);
    lua.rawgeti(L, LUA_REGISTRYINDEX, self->libraries);
    lua.pushnumber(L, (double)l->id);
    lua.rawget(L, -2);
    lua.remove(L, -2);
    if (lua.type(L, -1) == LUA_TTABLE) { /* or there was no memory to keep it */
        lua.rawgeti(L, -1, (int)f->index);
        lua.rawgeti(L, -1, ITEM_CALLBACK);
        lua.replace(L, -3);
        ek_lua_pop(L, 1);
    }
}

static void fcall(ek_ctx *c, bool read_only, bool rollback) {
    ek_lua_run run = {.function = true, .declared = true, .push = push_function};
    if (!ek_functions_ready(c)) return;
    const ek_function *f = ek_function_find(c->s, c->argv[1]);
    if (!f) {
        ek_reply_error(c->reply, "ERR Function not found");
        return;
    }
    if (!ek_lua_parse_nkeys(c, &run.nkeys, "Bad number of keys provided")) return;
    if (read_only && !(f->flags & EK_SCRIPT_NO_WRITES)) {
        ek_reply_error(c->reply, "ERR Can not execute a script with write flag using *_ro command.");
        return;
    }
    ek_lua *self = ek_lua_of(c);
    if (!self || !compile(c, self, ek_ptr(c->a, f->library))) return;
    run.what = f; /* a function cannot delete functions */
    run.name = ek_function_name(f);
    run.flags = f->flags | (rollback ? EK_SCRIPT_ROLLBACK : 0);
    ek_lua_run_script(c, self, &run);
}

void ek_cmd_fcall(ek_ctx *c) { fcall(c, false, false); }
void ek_cmd_fcall_ro(ek_ctx *c) { fcall(c, true, false); }
void ek_cmd_fcall_rollback(ek_ctx *c) { fcall(c, false, true); }
