/* Functions: the code of a library, compiled and run once for what it registers. */
#ifndef EK_SCRIPTING_FUNCTIONS_H
#define EK_SCRIPTING_FUNCTIONS_H

#include "scripting/run.h"

/* Make the library with this code. False: has replied why not, with `already` for a name that is taken,
 * and may have left half of it: the caller undoes that. */
typedef struct ek_library_load {
    ek_str code;
    bool replace;
    const char *already; /* a format of the error for a name that is taken */
    ek_str name;         /* out */
} ek_library_load;

bool ek_library_load_code(ek_ctx *c, ek_lua *self, ek_library_load *load);

/* The name that the first line says. False: has replied what is wrong with it. */
bool ek_library_parse(ek_ctx *c, ek_str code, ek_str *name, ek_str *body);

/* Have all functions registered. False: that takes Lua, and it is not there; has replied. */
bool ek_functions_ready(ek_ctx *c);

int ek_lua_register_function(lua_State *L); /* redis.register_function */

#endif
