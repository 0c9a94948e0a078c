/* The Lua state of one process's handle on a store, in which all its scripts run.
 *
 *   registry.emberkv   ek_lua, for functions that Lua calls
 *   registry.scripts   compiled scripts by SHA-1
 *   registry.globals   what scripts may use, KEYS and ARGV of the one that runs among it
 *   the globals        an empty table in front of that, which nobody can write to; so is every library
 *
 * Nothing that a script does is met by another. Made on first use; belongs to the handle. Used under
 * the store's lock, so by one thread at a time. */
#ifndef EK_SCRIPTING_STATE_H
#define EK_SCRIPTING_STATE_H

#include "engine/context.h"
#include "engine/scratch.h"
#include "scripting/lua_api.h"

/* Bytes that grow, and belong to the handle, so that an error leaks nothing. */
typedef struct ek_lua_text {
    uint8_t *p;
    size_t n, cap;
} ek_lua_text;

typedef struct ek_lua {
    lua_State *L;
    ek_scratch scratch; /* of the commands that scripts call */
    ek_reply reply;     /* of the command that was called last */
    /* Of the script that runs. */
    ek_ctx *c;
    int resp;       /* what redis.setresp said: the shapes that redis.call gives */
    bool read_only;
    uint64_t random; /* math.random's */
    ek_lua_text text; /* what a library is making */
} ek_lua;

/* Append to the handle's text; raises a Lua error when there is no memory. */
uint8_t *ek_lua_text_room(lua_State *L, ek_lua_text *t, size_t n); /* counted in */
EK_INLINE void ek_lua_text_put(lua_State *L, ek_lua_text *t, const void *p, size_t n) {
    if (n) memcpy(ek_lua_text_room(L, t, n), p, n);
}
EK_INLINE void ek_lua_text_byte(lua_State *L, ek_lua_text *t, uint8_t b) {
    *ek_lua_text_room(L, t, 1) = b;
}

/* The state of the handle. NULL: there is no Lua, and the client was told. */
ek_lua *ek_lua_of(ek_ctx *c);
/* Said by the floor above: gives the path of lupa's module, or what is wrong in err and false. */
typedef bool ek_lua_locate_fn(char *path, size_t n, char *err, size_t errlen);
extern ek_lua_locate_fn *ek_lua_locate;

/* How many elements the table at `at` has if its keys are 1 to n; -1: it has others. *highest: the
 * highest key, if all are whole numbers above 0; else 0. */
int ek_lua_array_length(lua_State *L, int at, double *highest);

EK_INLINE void ek_lua_pop(lua_State *L, int n) { lua.settop(L, -n - 1); }

/* For who fills the globals: libraries by name (library.c, redis_library.c, json.c, ...). Protected
 * call; each leaves a table of functions on the stack. */
void ek_lua_push_function(lua_State *L, const char *name, lua_CFunction *f); /* into that table */
void ek_lua_open_redis(lua_State *L);
void ek_lua_open_bit(lua_State *L);
void ek_lua_open_cjson(lua_State *L);
void ek_lua_open_cmsgpack(lua_State *L);
ek_lua *ek_lua_self(lua_State *L);

/* The values of Lua and of replies (convert.c). */
/* Push what the tape holds, as scripts see replies. In a protected call. */
void ek_lua_push_reply(lua_State *L, const uint8_t *tape, size_t n, int resp);
/* Write the value on top of the stack as a reply, and pop it. Calls nothing of Lua that may fail. */
void ek_lua_write_reply(lua_State *L, ek_reply *r, int script_resp, int depth);

#endif
