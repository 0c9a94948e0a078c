/* Registers the declarations of every group. */
#include "commands/tables.h"

#include <pthread.h>

static const ek_command_decl *const tables[] = {
    ek_strings_table,      ek_keys_table,       ek_hashes_table,
    ek_lists_table,        ek_sets_table,       ek_zsets_table,
    ek_bitmaps_table,      ek_pubsub_table,     ek_blocking_table,
    ek_hyperloglog_table,  ek_geo_table,
    ek_streams_table,      ek_transactions_table, ek_connection_table,
    ek_server_table,       ek_operate_table,    ek_alone_table,
    ek_acl_table,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool registered;

static void register_all(void) {
    registered = true;
    for (size_t i = 0; i < EK_COUNTOF(tables); i++)
        registered &= ek_command_register(tables[i]);
}

bool ek_commands_init(void) {
    pthread_once(&once, register_all);
    return registered;
}
