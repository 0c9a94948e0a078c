/* The commands whose work is done on this floor. */
#ifndef EK_PERSIST_TABLES_H
#define EK_PERSIST_TABLES_H

#include "engine/command.h"

/* Registers these commands and those of all floors beneath; see ek_commands_init. */
bool ek_persist_init(void);

#endif
