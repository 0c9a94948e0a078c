/* The commands of scripts. */
#ifndef EK_SCRIPTING_TABLES_H
#define EK_SCRIPTING_TABLES_H

#include "engine/command.h"
#include "store/store.h"

/* Registers these commands and those of all floors beneath; see ek_persist_init. */
bool ek_scripting_init(void);

/* See ek_script_only_reads in engine/pause.h. */
bool ek_eval_only_reads(const ek_store *s, const ek_command *cmd, size_t argc, const ek_str *argv);

#endif
