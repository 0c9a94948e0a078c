/* Running a script: one that was compiled, with its keys and arguments, to its reply. EVAL and FCALL
 * are this, and differ in what they push.
 *
 * Now and then, by Lua's count of instructions and by the number of commands that were called, a script
 * that runs looks around (ek_lua_look_around): whether it was ended, whether the interpreter should
 * be let go of, whether garbage is to be collected. What ends it is an error that it meets again at
 * its next instruction, however often it catches it. */
#ifndef EK_SCRIPTING_RUN_H
#define EK_SCRIPTING_RUN_H

#include "scripting/state.h"
#include "store/functions.h"

/* A field of the errors of commands, which scripts can see. */
#define EK_LUA_COUNTED "ignore_error_stats_update"

typedef struct ek_lua_run {
    ek_str name;     /* in errors: SHA-1 of a script, name of a function */
    bool function;   /* FCALL: it is given its keys and arguments, which are globals else */
    uint32_t flags;  /* EK_SCRIPT_* */
    bool declared;   /* ... which somebody wrote down: a function, or a script with a first line */
    size_t nkeys;    /* from argv[3] on; what comes behind them are arguments */
    /* Push the function that is to be called. In a protected call. */
    void (*push)(lua_State *L, ek_lua *self, const struct ek_lua_run *run);
    const void *what; /* of `push` */
} ek_lua_run;

/* Replies. With EK_SCRIPT_ROLLBACK an error, raised or returned, leaves nothing that it changed. */
void ek_lua_run_script(ek_ctx *c, ek_lua *self, ek_lua_run *run);

/* The number of keys of EVAL and FCALL, argv[2]. False: has replied that it is wrong. */
bool ek_lua_parse_nkeys(ek_ctx *c, size_t *nkeys, const char *not_a_number);

int ek_lua_run_protected(lua_State *L); /* the script of ek_lua.run; returns its result */
/* Raises the error that ends the script, if it is to end. In a protected call. */
void ek_lua_look_around(lua_State *L, ek_lua *self);
/* Begin and end what runs Lua code of users: the hook that looks around is set. */
void ek_lua_watch(ek_lua *self);
void ek_lua_unwatch(ek_lua *self);

/* The error handler: of what was raised makes {err=text, at=place}. */
int ek_lua_note_place(lua_State *L);
/* The text of what is on top of the stack, as the handler made it or Lua itself; "" when it has none. */
ek_str ek_lua_error_text(lua_State *L);

#endif
