#include "scripting/state.h"

#include <stdio.h>
#include <stdlib.h>

#define RANDOM_BEGIN 0x330e /* drand48's, for the seed 0 */

ek_lua_locate_fn *ek_lua_locate;

static void *allocate(void *ud, void *p, size_t old, size_t n) {
    (void)ud, (void)old;
    if (n == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, n);
}

ek_lua *ek_lua_self(lua_State *L) {
    lua.getfield(L, LUA_REGISTRYINDEX, "emberkv");
    ek_lua *self = lua.touserdata(L, -1);
    ek_lua_pop(L, 1);
    return self;
}

void ek_lua_push_function(lua_State *L, const char *name, lua_CFunction *f) {
    lua.pushcclosure(L, f, 0);
    lua.setfield(L, -2, name);
}

uint8_t *ek_lua_text_room(lua_State *L, ek_lua_text *t, size_t n) {
    if (t->cap - t->n < n) {
        size_t cap = t->cap ? t->cap * 2 : 256;
        while (cap < t->n + n) cap *= 2;
        uint8_t *p = realloc(t->p, cap);
        if (!p) {
            lua.L_error(L, "not enough memory");
            return NULL;
        }
        t->p = p;
        t->cap = cap;
    }
    t->n += n;
    return t->p + t->n - n;
}

int ek_lua_array_length(lua_State *L, int at, double *highest) {
    int n = 0;
    bool whole = true;
    *highest = 0;
    if (at < 0) at = lua.gettop(L) + at + 1;
    lua.pushnil(L);
    while (lua.next(L, at)) {
        double key = lua.type(L, -2) == LUA_TNUMBER ? lua.tonumber(L, -2) : 0;
        whole &= key >= 1 && key <= INT32_MAX && key == (double)(int32_t)key;
        if (key > *highest) *highest = key;
        n++;
        ek_lua_pop(L, 1);
    }
    if (!whole) *highest = 0;
    return whole && *highest == n ? n : -1;
}

static int refuse_change(lua_State *L) { return lua.L_error(L, "Attempt to modify a readonly table"); }

static int missing_global(lua_State *L) {
    const char *name = lua.tolstring(L, 2, NULL);
    return lua.L_error(L, "Script attempted to access nonexistent global variable '%s'",
                       name ? name : "");
}

/* Replace the table on top by a metatable through which it can be read, and nothing more. */
static void make_front(lua_State *L) {
    lua.createtable(L, 0, 4);
    lua.insert(L, -2);
    lua.setfield(L, -2, "__index");
    ek_lua_push_function(L, "__newindex", refuse_change);
    lua.createtable(L, 0, 0);
    lua.setfield(L, -2, "__metatable"); /* what scripts see of it */
    lua.pushboolean(L, 1);
    lua.setfield(L, -2, "__front");
}

/* Put an empty table in front of the one on top, through which it can be read alone. */
static void protect(lua_State *L) {
    make_front(L);
    lua.createtable(L, 0, 0);
    lua.insert(L, -2);
    lua.setmetatable(L, -2);
}

static bool is_front(lua_State *L, int at) {
    if (lua.type(L, at) != LUA_TTABLE || !lua.getmetatable(L, at)) return false;
    lua.getfield(L, -1, "__front");
    bool is = lua.toboolean(L, -1);
    ek_lua_pop(L, 2);
    return is;
}

/* rawset goes by every protection but this one. */
static int safe_rawset(lua_State *L) {
    lua.L_checktype(L, 1, LUA_TTABLE);
    if (is_front(L, 1)) {
        lua.pushstring(L, "Attempt to modify a readonly table");
        return lua.error(L);
    }
    lua.settop(L, 3);
    lua.rawset(L, 1);
    return 1;
}

/* A precompiled chunk could do anything. Upvalue 1: the original. */
static int safe_load(lua_State *L) {
    size_t n;
    const char *text = lua.type(L, 1) == LUA_TSTRING ? lua.tolstring(L, 1, &n) : NULL;
    if (!text || (n > 0 && text[0] == 27)) {
        lua.pushnil(L);
        lua.pushstring(L, text ? "attempt to load bytecode" : "a string is wanted");
        return 2;
    }
    lua.pushvalue(L, LUA_UPVALUE(1));
    lua.insert(L, 1);
    lua.call(L, lua.gettop(L) - 1, LUA_MULTRET);
    return lua.gettop(L);
}

/* An error of redis.call is a table; who catches it is given its text. Upvalue 1: pcall. */
static int text_pcall(lua_State *L) {
    lua.pushvalue(L, LUA_UPVALUE(1));
    lua.insert(L, 1);
    lua.call(L, lua.gettop(L) - 1, LUA_MULTRET);
    if (!lua.toboolean(L, 1) && lua.type(L, 2) == LUA_TTABLE) {
        lua.getfield(L, 2, "err");
        if (lua.type(L, -1) == LUA_TSTRING) lua.replace(L, 2);
        else ek_lua_pop(L, 1);
    }
    return lua.gettop(L);
}

/* drand48's generator: the numbers that scripts have always been given. */
static int32_t next_random(ek_lua *self) {
    self->random = (self->random * 0x5deece66du + 0xb) & 0xffffffffffffu;
    return (int32_t)(self->random >> 17);
}

static int math_random(lua_State *L) {
    double r = (double)(next_random(ek_lua_self(L)) % INT32_MAX) / INT32_MAX;
    double low = 1, high;
    switch (lua.gettop(L)) {
    case 0: lua.pushnumber(L, r); return 1;
    case 1: high = lua.L_checknumber(L, 1); break;
    case 2:
        low = lua.L_checknumber(L, 1);
        high = lua.L_checknumber(L, 2);
        break;
    default: return lua.L_error(L, "wrong number of arguments");
    }
    if (!(low <= high))
        return lua.L_error(L, "bad argument #%d to 'random' (interval is empty)", lua.gettop(L));
    double span = high - low + 1, v = r * span;
    lua.pushnumber(L, (double)(int64_t)v + low);
    return 1;
}

static int math_randomseed(lua_State *L) {
    ek_lua_self(L)->random = (uint64_t)(uint32_t)(int64_t)lua.L_checknumber(L, 1) << 16 | RANDOM_BEGIN;
    return 0;
}

static void copy(lua_State *L, int from, const char *name) {
    lua.getfield(L, from, name);
    lua.setfield(L, -2, name);
}

static void wrap(lua_State *L, const char *name, lua_CFunction *f) {
    lua.getfield(L, -1, name);
    lua.pushcclosure(L, f, 1);
    lua.setfield(L, -2, name);
}

static void add_library(lua_State *L, const char *name) {
    protect(L);
    lua.setfield(L, -2, name);
}

/* The globals that scripts may use, on top of the stack. */
static void make_globals(lua_State *L) {
    static const char *const kept[] = {
        "assert", "collectgarbage", "error",    "getmetatable", "ipairs",   "load",
        "loadstring", "next",       "pairs",    "pcall",        "rawequal", "rawget",
        "rawset", "select",         "setmetatable", "tonumber", "tostring", "type",
        "unpack", "xpcall",         "_VERSION",
    };
    lua.createtable(L, 0, 32);
    for (size_t i = 0; i < EK_COUNTOF(kept); i++) copy(L, LUA_GLOBALSINDEX, kept[i]);
    wrap(L, "load", safe_load);
    wrap(L, "loadstring", safe_load);
    wrap(L, "pcall", text_pcall);
    wrap(L, "rawset", safe_rawset);
    lua.getfield(L, LUA_GLOBALSINDEX, "coroutine");
    add_library(L, "coroutine");
    lua.getfield(L, LUA_GLOBALSINDEX, "string");
    add_library(L, "string");
    lua.getfield(L, LUA_GLOBALSINDEX, "table");
    add_library(L, "table");
    lua.getfield(L, LUA_GLOBALSINDEX, "math");
    ek_lua_push_function(L, "random", math_random);
    ek_lua_push_function(L, "randomseed", math_randomseed);
    add_library(L, "math");
    ek_lua_open_redis(L);
    add_library(L, "redis");
    ek_lua_open_bit(L);
    add_library(L, "bit");
    ek_lua_open_cjson(L);
    add_library(L, "cjson");
    ek_lua_open_cmsgpack(L);
    add_library(L, "cmsgpack");
    lua.createtable(L, 0, 1);
    ek_lua_push_function(L, "__index", missing_global);
    lua.setmetatable(L, -2);
}

/* What strings do, ("x"):upper(), is found through a metatable that scripts shall not reach. */
static void protect_strings(lua_State *L) {
    lua.pushstring(L, "");
    lua.getmetatable(L, -1);
    lua.createtable(L, 0, 0);
    lua.setfield(L, -2, "__metatable");
    ek_lua_pop(L, 2);
}

static int set_up(lua_State *L) {
    ek_lua *self = lua.touserdata(L, 1);
    lua.pushlightuserdata(L, self);
    lua.setfield(L, LUA_REGISTRYINDEX, "emberkv");
    lua.createtable(L, 0, 0);
    lua.setfield(L, LUA_REGISTRYINDEX, "scripts");
    lua_CFunction *const open[] = {lua.open_base, lua.open_table, lua.open_string, lua.open_math};
    static const char *const names[] = {"", "table", "string", "math"};
    for (size_t i = 0; i < EK_COUNTOF(open); i++) {
        lua.pushcclosure(L, open[i], 0);
        lua.pushstring(L, names[i]);
        lua.call(L, 1, 0);
    }
    protect_strings(L);
    make_globals(L);
    lua.pushvalue(L, -1);
    lua.setfield(L, LUA_REGISTRYINDEX, "globals");
    protect(L);
    lua.getfield(L, LUA_REGISTRYINDEX, "globals");
    lua.pushvalue(L, -2);
    lua.setfield(L, -2, "_G");
    ek_lua_pop(L, 1);
    lua.replace(L, LUA_GLOBALSINDEX);
    return 0;
}

static void close_state(void *p) {
    ek_lua *self = p;
    if (self->L) lua.close(self->L);
    ek_scratch_free(&self->scratch);
    ek_reply_free(&self->reply);
    free(self->text.p);
    free(self);
}

static ek_lua *make(ek_store *s) {
    ek_lua *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    self->random = RANDOM_BEGIN;
    self->L = lua.newstate(allocate, NULL);
    if (!self->L || lua.cpcall(self->L, set_up, self) != 0) {
        close_state(self);
        return NULL;
    }
    s->scripting = self;
    s->scripting_free = close_state;
    return self;
}

ek_lua *ek_lua_of(ek_ctx *c) {
    char path[4096], err[256] = "";
    if (c->s->scripting) return c->s->scripting;
    if (!ek_lua_locate || !ek_lua_locate(path, sizeof path, err, sizeof err) ||
        !ek_lua_load(path, err, sizeof err)) {
        ek_reply_error(c->reply, "ERR scripts need the package lupa: %s", err);
        return NULL;
    }
    ek_lua *self = make(c->s);
    if (!self) ek_raise(c->a, EK_ENOMEM);
    return self;
}
