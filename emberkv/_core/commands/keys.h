/* What other groups need of keys in general. */
#ifndef EK_COMMANDS_KEYS_H
#define EK_COMMANDS_KEYS_H

#include "store/entry.h"

const char *ek_type_name(ek_type type); /* as TYPE tells it: "string", "zset", ... */

#endif
