/* What scripts and functions see: globals and libraries that they cannot change, without what reaches
 * outside, and with guards around what could crash.
 *
 *   front (empty)  --metatable.__index--> the table itself
 *                  --metatable.__newindex--> an error
 *
 * A front is known by a key of its metatable that no script can make. Walking over one (pairs, next)
 * walks over what stands behind it, as on a server, where there are no fronts. */
#include "scripting/run.h"

#include <math.h>

static const char front_key; /* its address */

static int refuse_change(lua_State *L) { return lua.L_error(L, "Attempt to modify a readonly table"); }

static int missing_global(lua_State *L) {
    const char *name = lua.tolstring(L, 2, NULL);
    return lua.L_error(L, "Script attempted to access nonexistent global variable '%s'",
                       name ? name : "");
}

/* Put an empty table in front of the one on top, through which it can be read alone. */
static void protect(lua_State *L) {
    lua.createtable(L, 0, 0);
    lua.createtable(L, 0, 4); /* its metatable */
    lua.pushvalue(L, -3);
    lua.setfield(L, -2, "__index");
    ek_lua_push_function(L, "__newindex", refuse_change);
    lua.createtable(L, 0, 0);
    lua.setfield(L, -2, "__metatable"); /* what scripts see of it */
    lua.pushlightuserdata(L, (void *)&front_key);
    lua.pushboolean(L, 1);
    lua.rawset(L, -3);
    lua.setmetatable(L, -2);
    lua.remove(L, -2);
}

/* Push the table behind the front at `at`. False: it is none, nothing is pushed. */
static bool push_behind(lua_State *L, int at) {
    if (lua.type(L, at) != LUA_TTABLE || !lua.getmetatable(L, at)) return false;
    lua.pushlightuserdata(L, (void *)&front_key);
    lua.rawget(L, -2);
    bool is = lua.type(L, -1) != LUA_TNIL;
    ek_lua_pop(L, 1);
    if (is) {
        lua.pushstring(L, "__index");
        lua.rawget(L, -2);
        lua.remove(L, -2);
    } else {
        ek_lua_pop(L, 1);
    }
    return is;
}

/* --- functions that know of fronts --- */

static int safe_rawset(lua_State *L) {
    lua.L_checktype(L, 1, LUA_TTABLE);
    if (push_behind(L, 1)) {
        lua.pushstring(L, "Attempt to modify a readonly table");
        return lua.error(L);
    }
    lua.settop(L, 3);
    lua.rawset(L, 1);
    return 1;
}

/* Upvalue 1 of these: the original. */
static int original(lua_State *L) { return lua.tocfunction(L, LUA_UPVALUE(1))(L); }

static int refuse_front(lua_State *L) {
    if (!push_behind(L, 1)) return original(L);
    lua.pushstring(L, "Attempt to modify a readonly table");
    return lua.error(L);
}

static int safe_setmetatable(lua_State *L) {
    int type = lua.type(L, 2);
    return lua.gettop(L) > 1 && (type == LUA_TNIL || type == LUA_TTABLE) ? refuse_front(L)
                                                                        : original(L);
}

static int safe_foreach(lua_State *L) {
    if (push_behind(L, 1)) lua.replace(L, 1);
    return original(L);
}

/* A front has none to speak of; that of what stands behind cannot be had. */
static int safe_getmetatable(lua_State *L) {
    if (!push_behind(L, 1)) return original(L);
    if (lua.getmetatable(L, -1)) lua.createtable(L, 0, 0);
    else lua.pushnil(L);
    return 1;
}

static int safe_rawget(lua_State *L) {
    lua.L_checktype(L, 1, LUA_TTABLE);
    lua.settop(L, 2);
    if (push_behind(L, 1)) lua.replace(L, 1);
    lua.rawget(L, 1);
    return 1;
}

static int safe_next(lua_State *L) {
    lua.L_checktype(L, 1, LUA_TTABLE);
    lua.settop(L, 2);
    if (push_behind(L, 1)) lua.replace(L, 1);
    if (lua.next(L, 1)) return 2;
    lua.pushnil(L);
    return 1;
}

/* Upvalue 1: next. */
static int safe_pairs(lua_State *L) {
    lua.L_checktype(L, 1, LUA_TTABLE);
    lua.settop(L, 1);
    lua.pushvalue(L, LUA_UPVALUE(1));
    lua.insert(L, 1);
    lua.pushnil(L);
    return 3;
}

/* --- guards --- */

/* Compile the text at `at`. A precompiled chunk could do anything. */
static int load_text(lua_State *L, int at, const char *name) {
    size_t n;
    const char *text = lua.tolstring(L, at, &n);
    bool bytecode = n > 0 && text[0] == 27;
    if (!bytecode && lua.L_loadbuffer(L, text, n, name) == 0) return 1;
    if (bytecode) lua.pushstring(L, "attempt to load bytecode");
    lua.pushnil(L);
    lua.insert(L, -2);
    return 2;
}

/* The name of the chunk, argument 2. */
static const char *chunk_name(lua_State *L, const char *usual) {
    return lua.type(L, 2) == LUA_TNIL ? usual : lua.L_checklstring(L, 2, NULL);
}

static int safe_loadstring(lua_State *L) {
    const char *text = lua.L_checklstring(L, 1, NULL);
    lua.settop(L, 2);
    return load_text(L, 1, chunk_name(L, text));
}

/* Argument 1 gives a piece each time it is called, and nothing at the end. */
static int safe_load(lua_State *L) {
    enum { READER = 1, TEXT = 3 };
    size_t n;
    lua.L_checktype(L, READER, LUA_TFUNCTION);
    lua.settop(L, 2);
    const char *name = chunk_name(L, "=(load)");
    lua.pushlstring(L, "", 0);
    for (;;) {
        lua.pushvalue(L, READER);
        bool failed = lua.pcall(L, 0, 1, 0) != 0;
        if (!failed && lua.type(L, -1) == LUA_TNIL) break;
        const char *piece = lua.tolstring(L, -1, &n);
        if (failed || !piece) {
            lua.pushnil(L);
            if (failed) lua.insert(L, -2);
            else lua.pushstring(L, "reader function must return a string");
            return 2;
        }
        if (n == 0) break;
        lua.concat(L, 2);
    }
    lua.settop(L, TEXT);
    return load_text(L, TEXT, name);
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

/* The number of values overflows where it is counted. Upvalue 1: the original. */
static int safe_unpack(lua_State *L) {
    double from = lua.type(L, 2) == LUA_TNIL || lua.gettop(L) < 2 ? 1 : lua.tonumber(L, 2);
    double to = lua.gettop(L) < 3 || lua.type(L, 3) == LUA_TNIL ? from : lua.tonumber(L, 3);
    if (!(to - from < INT32_MAX / 2)) return lua.L_error(L, "too many results to unpack");
    return original(L);
}

/* --- math.random --- */

/* drand48's generator: the numbers that scripts have always been given. */
static int32_t next_random(ek_lua *self) {
    self->random = (self->random * 0x5deece66du + 0xb) & 0xffffffffffffu;
    return (int32_t)(self->random >> 17);
}

static int math_random(lua_State *L) {
    double r = (double)(next_random(ek_lua_self(L)) % INT32_MAX) / INT32_MAX;
    int n = lua.gettop(L), low = 1, high;
    if (n == 0) {
        lua.pushnumber(L, r);
        return 1;
    }
    if (n > 2) return lua.L_error(L, "wrong number of arguments");
    if (n == 2) low = (int)lua.L_checkinteger(L, 1);
    high = (int)lua.L_checkinteger(L, n);
    if (low > high) return lua.L_argerror(L, n, "interval is empty");
    int span = (int)((unsigned)high - (unsigned)low + 1); /* as a server's: too many are none */
    lua.pushnumber(L, floor(r * span) + low);
    return 1;
}

static int math_randomseed(lua_State *L) {
    uint32_t seed = (uint32_t)lua.L_checkinteger(L, 1);
    ek_lua_self(L)->random = (uint64_t)seed << 16 | 0x330e;
    return 0;
}

/* --- putting them together --- */

static void copy(lua_State *L, const char *name) {
    lua.getfield(L, LUA_GLOBALSINDEX, name);
    lua.setfield(L, -2, name);
}

/* In the table on top, f in the place of the function of that name, which becomes its upvalue. */
static void wrap(lua_State *L, const char *name, lua_CFunction *f) {
    lua.getfield(L, -1, name);
    lua.pushcclosure(L, f, 1);
    lua.setfield(L, -2, name);
}

static void add_library(lua_State *L, const char *name) {
    protect(L);
    lua.setfield(L, -2, name);
}

static void add_standard(lua_State *L, const char *name) {
    lua.getfield(L, LUA_GLOBALSINDEX, name);
    add_library(L, name);
}

static void guard_standard(lua_State *L) {
    lua.getfield(L, LUA_GLOBALSINDEX, "string");
    ek_lua_open_patterns(L);
    ek_lua_pop(L, 1);
    lua.getfield(L, LUA_GLOBALSINDEX, "math");
    ek_lua_push_function(L, "random", math_random);
    ek_lua_push_function(L, "randomseed", math_randomseed);
    ek_lua_pop(L, 1);
    lua.getfield(L, LUA_GLOBALSINDEX, "table");
    wrap(L, "insert", refuse_front);
    wrap(L, "foreach", safe_foreach);
    ek_lua_pop(L, 1);
}

static void make_missing_an_error(lua_State *L) {
    lua.createtable(L, 0, 1);
    ek_lua_push_function(L, "__index", missing_global);
    lua.setmetatable(L, -2);
}

/* The globals that scripts may use, on top of the stack. */
static void push_globals(lua_State *L, ek_redis_kind kind) {
    static const char *const kept[] = {
        "assert",       "collectgarbage", "error",    "gcinfo", "getmetatable", "ipairs", "load",
        "loadstring",   "next",           "pairs",    "pcall",  "rawequal",     "rawget", "rawset",
        "select",       "setmetatable",   "tonumber", "tostring", "type",       "unpack", "xpcall",
        "_VERSION",
    };
    lua.createtable(L, 0, 40);
    for (size_t i = 0; i < EK_COUNTOF(kept); i++) copy(L, kept[i]);
    ek_lua_push_function(L, "load", safe_load);
    ek_lua_push_function(L, "loadstring", safe_loadstring);
    wrap(L, "getmetatable", safe_getmetatable);
    wrap(L, "setmetatable", safe_setmetatable);
    wrap(L, "pcall", text_pcall);
    wrap(L, "unpack", safe_unpack);
    ek_lua_push_function(L, "rawset", safe_rawset);
    ek_lua_push_function(L, "rawget", safe_rawget);
    ek_lua_push_function(L, "next", safe_next);
    lua.getfield(L, -1, "next");
    lua.pushcclosure(L, safe_pairs, 1);
    lua.setfield(L, -2, "pairs");
    add_standard(L, "coroutine");
    add_standard(L, "string");
    add_standard(L, "table");
    add_standard(L, "math");
    ek_lua_open_redis(L, kind);
    add_library(L, "redis");
    ek_lua_open_bit(L);
    add_library(L, "bit");
    ek_lua_open_cjson(L);
    add_library(L, "cjson");
    ek_lua_open_cmsgpack(L);
    add_library(L, "cmsgpack");
    ek_lua_open_struct(L);
    add_library(L, "struct");
    make_missing_an_error(L);
}

/* Put the front of the globals on top in their place: it is _G. */
static void push_front(lua_State *L) {
    lua.pushvalue(L, -1);
    protect(L);
    lua.pushvalue(L, -1);
    lua.setfield(L, -3, "_G");
    lua.remove(L, -2);
}

static int keep(lua_State *L) {
    lua.pushvalue(L, -1);
    return lua.L_ref(L, LUA_REGISTRYINDEX);
}

/* What strings do, ("x"):upper(), is found through a metatable that scripts shall not reach. */
static void protect_strings(lua_State *L) {
    lua.pushstring(L, "");
    lua.getmetatable(L, -1);
    lua.createtable(L, 0, 1); /* what they are shown in its place */
    lua.getfield(L, LUA_GLOBALSINDEX, "string");
    protect(L);
    lua.setfield(L, -2, "__index");
    protect(L);
    lua.setfield(L, -2, "__metatable");
    ek_lua_pop(L, 2);
}

/* While a library is loaded there is nothing but what registers its functions. */
static void push_loading_globals(lua_State *L) {
    lua.createtable(L, 0, 1);
    ek_lua_open_redis(L, EK_REDIS_LOADING);
    make_missing_an_error(L);
    add_library(L, "redis");
    make_missing_an_error(L);
}

void ek_lua_make_globals(lua_State *L, ek_lua *self) {
    guard_standard(L);
    protect_strings(L);
    push_loading_globals(L);
    self->loading_globals = lua.L_ref(L, LUA_REGISTRYINDEX);
    push_globals(L, EK_REDIS_FUNCTIONS);
    self->functions_globals = keep(L);
    push_front(L);
    self->functions_front = lua.L_ref(L, LUA_REGISTRYINDEX);
    push_globals(L, EK_REDIS_SCRIPTS);
    ek_lua_push_function(L, "__redis__err__handler", ek_lua_note_place);
    self->globals = keep(L);
    push_front(L);
    lua.replace(L, LUA_GLOBALSINDEX); /* of all code that is loaded from here on */
}
