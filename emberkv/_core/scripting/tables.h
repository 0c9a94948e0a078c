/* The commands of scripts. */
#ifndef EK_SCRIPTING_TABLES_H
#define EK_SCRIPTING_TABLES_H

#include "engine/command.h"

/* Registers these commands and those of all floors beneath; see ek_persist_init. */
bool ek_scripting_init(void);

#endif
