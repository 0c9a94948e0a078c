/* What CONFIG and DEBUG share. */
#ifndef EK_COMMANDS_CONFIG_H
#define EK_COMMANDS_CONFIG_H

#include "engine/context.h"

/* The settings as they are into the file that the server was started with; all: also those that are
 * what they begin as. False: see errno; EFAULT without such a file. */
bool ek_config_rewrite(ek_ctx *c, bool all);

#endif
