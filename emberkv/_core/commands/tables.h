/* The declarations of all commands, one array a group, each in the file of its group. */
#ifndef EK_COMMANDS_TABLES_H
#define EK_COMMANDS_TABLES_H

#include "engine/command.h"

extern const ek_command_decl ek_strings_table[];
extern const ek_command_decl ek_keys_table[];
extern const ek_command_decl ek_hashes_table[];
extern const ek_command_decl ek_lists_table[];
extern const ek_command_decl ek_sets_table[];
extern const ek_command_decl ek_zsets_table[];
extern const ek_command_decl ek_bitmaps_table[];
extern const ek_command_decl ek_pubsub_table[];
extern const ek_command_decl ek_blocking_table[];
extern const ek_command_decl ek_streams_table[];
extern const ek_command_decl ek_hyperloglog_table[];
extern const ek_command_decl ek_geo_table[];
extern const ek_command_decl ek_transactions_table[];
extern const ek_command_decl ek_connection_table[];
extern const ek_command_decl ek_server_table[];
extern const ek_command_decl ek_operate_table[];
extern const ek_command_decl ek_alone_table[];
extern const ek_command_decl ek_acl_table[];

/* Registers them all, once however often and from however many threads it is called. To be called
 * before the first lookup. Returns false when the tables contradict each other. */
bool ek_commands_init(void);

#endif
