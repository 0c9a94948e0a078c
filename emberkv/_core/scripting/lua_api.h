/* The C interface of Lua 5.1, taken at run time from the extension module that the lupa package has.
 *
 * It is the interface of Lua's reference manual; functions are called as `lua.pushnil(L)`. Nothing of
 * it may be called before ek_lua_load has succeeded once. What may raise a Lua error jumps to the
 * innermost lua.pcall, so such calls are made inside one only. */
#ifndef EK_SCRIPTING_LUA_API_H
#define EK_SCRIPTING_LUA_API_H

#include "base/base.h"

#include <stddef.h>

typedef struct lua_State lua_State;
typedef int lua_CFunction(lua_State *L);
typedef void *lua_Alloc(void *ud, void *p, size_t old, size_t n);

enum {
    LUA_MULTRET = -1,
    LUA_REGISTRYINDEX = -10000,
    LUA_GLOBALSINDEX = -10002,
    LUA_TNIL = 0,
    LUA_TBOOLEAN = 1,
    LUA_TLIGHTUSERDATA = 2,
    LUA_TNUMBER = 3,
    LUA_TSTRING = 4,
    LUA_TTABLE = 5,
    LUA_TFUNCTION = 6,
    LUA_IDSIZE = 60,
    LUA_MASKCOUNT = 8,
    LUA_ERRMEM = 4,
    LUA_GCCOLLECT = 2,
    LUA_GCSETPAUSE = 6,
};

#define LUA_UPVALUE(i) (LUA_GLOBALSINDEX - (i))

typedef struct lua_Debug {
    int event;
    const char *name, *namewhat, *what, *source;
    int currentline, nups, linedefined, lastlinedefined;
    char short_src[LUA_IDSIZE];
    int i_ci;
} lua_Debug;

typedef void lua_Hook(lua_State *L, lua_Debug *ar);

#define EK_LUA_FUNCTIONS(X)                                                                        \
    X(lua_State *, newstate, (lua_Alloc *, void *))                                                \
    X(void, close, (lua_State *))                                                                  \
    X(int, gettop, (lua_State *))                                                                  \
    X(void, settop, (lua_State *, int))                                                            \
    X(void, pushvalue, (lua_State *, int))                                                         \
    X(void, remove, (lua_State *, int))                                                            \
    X(void, insert, (lua_State *, int))                                                            \
    X(void, replace, (lua_State *, int))                                                           \
    X(int, checkstack, (lua_State *, int))                                                         \
    X(int, type, (lua_State *, int))                                                               \
    X(const char *, typename, (lua_State *, int))                                                  \
    X(int, isnumber, (lua_State *, int))                                                           \
    X(int, rawequal, (lua_State *, int, int))                                                      \
    X(double, tonumber, (lua_State *, int))                                                        \
    X(ptrdiff_t, tointeger, (lua_State *, int))                                                    \
    X(int, toboolean, (lua_State *, int))                                                          \
    X(const char *, tolstring, (lua_State *, int, size_t *))                                       \
    X(size_t, objlen, (lua_State *, int))                                                          \
    X(void *, touserdata, (lua_State *, int))                                                      \
    X(void, pushnil, (lua_State *))                                                                \
    X(void, pushnumber, (lua_State *, double))                                                     \
    X(void, pushlstring, (lua_State *, const char *, size_t))                                      \
    X(void, pushstring, (lua_State *, const char *))                                               \
    X(const char *, pushfstring, (lua_State *, const char *, ...))                                 \
    X(void, pushcclosure, (lua_State *, lua_CFunction *, int))                                     \
    X(void, pushboolean, (lua_State *, int))                                                       \
    X(void, pushlightuserdata, (lua_State *, void *))                                              \
    X(void, gettable, (lua_State *, int))                                                          \
    X(void, getfield, (lua_State *, int, const char *))                                            \
    X(void, rawget, (lua_State *, int))                                                            \
    X(void, rawgeti, (lua_State *, int, int))                                                      \
    X(void, createtable, (lua_State *, int, int))                                                  \
    X(void *, newuserdata, (lua_State *, size_t))                                                  \
    X(int, getmetatable, (lua_State *, int))                                                       \
    X(void, settable, (lua_State *, int))                                                          \
    X(void, setfield, (lua_State *, int, const char *))                                            \
    X(void, rawset, (lua_State *, int))                                                            \
    X(void, rawseti, (lua_State *, int, int))                                                      \
    X(int, setmetatable, (lua_State *, int))                                                       \
    X(void, call, (lua_State *, int, int))                                                         \
    X(int, pcall, (lua_State *, int, int, int))                                                    \
    X(int, cpcall, (lua_State *, lua_CFunction *, void *))                                         \
    X(int, gc, (lua_State *, int, int))                                                            \
    X(int, error, (lua_State *))                                                                   \
    X(int, next, (lua_State *, int))                                                               \
    X(void, concat, (lua_State *, int))                                                            \
    X(int, getstack, (lua_State *, int, lua_Debug *))                                              \
    X(int, getinfo, (lua_State *, const char *, lua_Debug *))                                      \
    X(int, sethook, (lua_State *, lua_Hook *, int, int))                                           \
    X(int, setfenv, (lua_State *, int))                                                            \
    X(lua_CFunction *, atpanic, (lua_State *, lua_CFunction *))                                    \
    X(lua_CFunction *, tocfunction, (lua_State *, int))                                            \
    X(lua_Alloc *, getallocf, (lua_State *, void **))

/* Those of the auxiliary library, and of the standard libraries. */
#define EK_LUA_AUXILIARY(X)                                                                        \
    X(int, L_error, "luaL_error", (lua_State *, const char *, ...))                                \
    X(void, L_checktype, "luaL_checktype", (lua_State *, int, int))                                \
    X(double, L_checknumber, "luaL_checknumber", (lua_State *, int))                               \
    X(const char *, L_checklstring, "luaL_checklstring", (lua_State *, int, size_t *))             \
    X(ptrdiff_t, L_checkinteger, "luaL_checkinteger", (lua_State *, int))                          \
    X(int, L_argerror, "luaL_argerror", (lua_State *, int, const char *))                          \
    X(int, L_loadbuffer, "luaL_loadbuffer", (lua_State *, const char *, size_t, const char *))     \
    X(int, L_ref, "luaL_ref", (lua_State *, int))                                                  \
    X(void, L_unref, "luaL_unref", (lua_State *, int, int))                                        \
    X(int, open_base, "luaopen_base", (lua_State *))                                               \
    X(int, open_table, "luaopen_table", (lua_State *))                                             \
    X(int, open_string, "luaopen_string", (lua_State *))                                           \
    X(int, open_math, "luaopen_math", (lua_State *))

typedef struct ek_lua_api {
#define MEMBER(type, name, args) type(*name) args;
    EK_LUA_FUNCTIONS(MEMBER)
#undef MEMBER
#define MEMBER(type, name, symbol, args) type(*name) args;
    EK_LUA_AUXILIARY(MEMBER)
#undef MEMBER
} ek_lua_api;

extern ek_lua_api lua; /* filled once, constant from then on */

/* Take the functions from the shared object at `path`. Repeating it is cheap, from any thread. False:
 * it is not there or has not all of them; err says what. */
bool ek_lua_load(const char *path, char *err, size_t errlen);

#endif
