/* The Lua state of one process's handle on a store, in which all its scripts run.
 *
 *   registry   scripts    compiled scripts by SHA-1
 *              libraries  by id the functions of each library, by their index
 *              globals    of scripts (KEYS and ARGV of the one that runs among them) and of functions
 *
 * What scripts see as their globals is an empty table in front of those, which nobody can write to;
 * so is every library (globals.c). Nothing that a script does is met by another, but for the settings of
 * cjson and what math.random has come to, as with any server. Made on first use;
 * belongs to the handle. Used under the store's lock, so by one thread at a time.
 *
 * What it allocates is counted, and refused beyond lua-memory-limit: a Lua error as any other. */
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

enum {
    EK_LUA_CLASS_BYTES = 16,
    EK_LUA_SMALL_BYTES = 256,
    EK_LUA_RECENT = 64,
};

typedef struct ek_lua_block {
    struct ek_lua_block *next;
} ek_lua_block;

typedef struct ek_lua {
    lua_State *L;
    ek_store *s;
    ek_arena *a;
    size_t used, limit;     /* bytes of the state; what it may have */
    size_t collected;       /* bytes that the last collection of all garbage within a script left */
    size_t rests;           /* those that the last one between scripts left */
    ek_lua_block *kept[EK_LUA_SMALL_BYTES / EK_LUA_CLASS_BYTES]; /* free blocks, by size */
    size_t kept_bytes;
    /* Places in the registry. */
    int scripts, libraries, globals, handler, runner, registering;
    int keys_name, argv_name; /* of the texts "KEYS" and "ARGV" */
    int functions_front, functions_globals, loading_globals;
    struct {
        char sha[40];
        int at; /* place in the registry; 0: free */
    } recent[EK_LUA_RECENT]; /* scripts that were called lately, by the beginning of their SHA-1 */
    uint64_t libraries_seen; /* root->libraries_changed when libraries was last tidied */
    ek_scratch scratch; /* of the commands that scripts call */
    ek_reply reply;     /* of the command that was called last */
    /* Of the script that runs. */
    ek_ctx *c;
    struct ek_lua_run *run; /* NULL: the code of a library is loaded, or nothing runs */
    int resp;       /* what redis.setresp said: the shapes that redis.call gives */
    bool read_only;
    bool ended;     /* somebody, or a limit, has ended it: it gets no further, whatever it catches */
    bool interrupted; /* ... and whoever runs the program did: nothing of it stays */
    bool told;      /* FUNCTION STATS knows of it */
    bool away;      /* the interpreter was let go of */
    unsigned calls; /* of redis.call */
    int pause;      /* of Lua's collector, in percent */
    int64_t ask_at_ms; /* of its time: whether it is interrupted */
    struct ek_loading *loading; /* the library whose functions are being registered */
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

/* Said once by the floor above, which knows Python. */
typedef struct ek_lua_hooks {
    /* Gives the path of lupa's module, or what is wrong in err and false. */
    bool (*locate)(char *path, size_t n, char *err, size_t errlen);
    /* The interface is not to be had from there: fill `lua` otherwise, or what is wrong in err and false. */
    bool (*replace)(char *err, size_t errlen);
    /* A script takes long: let go of the interpreter. False: this thread has it not. Whoever entered the
     * store takes it again after having left that. */
    bool (*leave)(void);
    /* Does somebody interrupt the program? Asked now and then, after `leave` was true. */
    bool (*interrupted)(void);
} ek_lua_hooks;
extern ek_lua_hooks ek_lua_above;

/* Whether a script of this handle runs. For who has the interpreter and not the lock. */
bool ek_lua_runs(const ek_store *s);

/* How many elements the table at `at` has if its keys are 1 to n; -1: it has others. *highest: the
 * highest key, if all are whole numbers above 0; else 0. */
int ek_lua_array_length(lua_State *L, int at, double *highest);

EK_INLINE void ek_lua_pop(lua_State *L, int n) { lua.settop(L, -n - 1); }
ek_lua *ek_lua_self(lua_State *L);
/* Free what nobody refers to any more, where much is used. Outside of scripts. */
void ek_lua_tidy(ek_lua *self);

/* The globals of scripts and of functions, into the registry. Protected call. */
void ek_lua_make_globals(lua_State *L, ek_lua *self);

/* For who fills the globals: libraries by name (redis_library.c, json_library.c, ...). Protected
 * call; each leaves a table of functions on the stack. */
void ek_lua_push_function(lua_State *L, const char *name, lua_CFunction *f); /* into that table */
typedef enum ek_redis_kind {
    EK_REDIS_SCRIPTS,
    EK_REDIS_FUNCTIONS, /* without what only EVAL has */
    EK_REDIS_LOADING,   /* while a library is loaded: what registers functions, and log */
} ek_redis_kind;
void ek_lua_open_redis(lua_State *L, ek_redis_kind kind);
void ek_lua_open_bit(lua_State *L);
void ek_lua_open_cjson(lua_State *L);
void ek_lua_open_cmsgpack(lua_State *L);
void ek_lua_open_struct(lua_State *L);
void ek_lua_open_patterns(lua_State *L); /* into the table on top, the library `string` */

int ek_lua_raise(lua_State *L, const char *text); /* {err=text} */

/* The values of Lua and of replies (convert.c). */
/* Push what the tape holds, as scripts see replies. In a protected call. */
void ek_lua_push_reply(lua_State *L, const uint8_t *tape, size_t n, int resp);
/* Write the value on top of the stack as a reply, and pop it. Calls nothing of Lua that may fail. */
void ek_lua_write_reply(lua_State *L, ek_reply *r, int script_resp, int depth);

#endif
