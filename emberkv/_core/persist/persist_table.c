/* Declarations of the commands of this floor. */
#include "persist/aof.h"
#include "persist/aof_rewrite.h"
#include "persist/save.h"
#include "persist/tables.h"

#include <pthread.h>

#include "base/word.h"
#include "commands/tables.h"
#include "engine/chores.h"

ek_handler ek_cmd_bgrewriteaof, ek_cmd_bgsave, ek_cmd_dump, ek_cmd_lastsave, ek_cmd_migrate,
    ek_cmd_restore, ek_cmd_save;

static const ek_history restore_history[] = {
    {"3.0.0", "Option REPLACE"}, {"5.0.0", "Option ABSTTL"}, {"5.0.0", "Options IDLETIME and FREQ"},
    {0},
};

static const ek_arg restore_args[] = {
    {.name = "key", .type = EK_ARG_KEY},
    {.name = "ttl", .type = EK_ARG_INTEGER},
    {.name = "serialized-value", .type = EK_ARG_STRING},
    {.name = "replace", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
     .token = "REPLACE", .since = "3.0.0"},
    {.name = "absttl", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
     .token = "ABSTTL", .since = "5.0.0"},
    {.name = "seconds", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
     .token = "IDLETIME", .since = "5.0.0"},
    {.name = "frequency", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
     .token = "FREQ", .since = "5.0.0"},
    {0},
};

/* Those behind KEYS, which a user name or a password is not; without KEYS the third argument. */
static int migrate_keys(size_t argc, const ek_str *argv, ek_key_pos *out, int cap) {
    size_t first = 3, n = 1;
    for (size_t i = 6; i < argc; i++) {
        if (ek_str_is(argv[i], "auth")) {
            i++;
        } else if (ek_str_is(argv[i], "auth2")) {
            i += 2;
        } else if (ek_str_is(argv[i], "keys")) {
            if (i + 1 == argc) break;
            if (argv[3].n) return -1;
            first = i + 1;
            n = argc - first;
            break;
        }
    }
    for (size_t i = 0; i < n && (int)i < cap; i++)
        out[i] = (ek_key_pos){.index = (uint32_t)(first + i),
                              .flags = EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE};
    return (int)n;
}

static const ek_command_decl table[] = {
    {
        .name = "bgrewriteaof",
        .handler = ek_cmd_bgrewriteaof,
        .arity = 1,
        .flags = EK_CMD_ADMIN | EK_CMD_NOSCRIPT | EK_CMD_NO_ASYNC_LOADING,
        .group = "server",
        .since = "1.0.0",
        .summary = "Makes the append-only file anew in the background.",
        .complexity = "O(1)",
    },
    {
        .name = "bgsave",
        .handler = ek_cmd_bgsave,
        .arity = -1,
        .flags = EK_CMD_ADMIN | EK_CMD_NOSCRIPT | EK_CMD_NO_ASYNC_LOADING,
        .group = "server",
        .since = "1.0.0",
        .summary = "Saves the store to its RDB file in the background.",
        .complexity = "O(1)",
        .history = EK_HISTORY({"3.2.2", "Option SCHEDULE"}),
        .args = EK_ARGS({.name = "schedule", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
                         .token = "SCHEDULE", .since = "3.2.2"}),
    },
    {
        .name = "dump",
        .handler = ek_cmd_dump,
        .arity = 2,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_KEYSPACE,
        .group = "generic",
        .since = "2.6.0",
        .summary = "Gives a value in the encoding of RDB files, with version and checksum.",
        .complexity = "O(N) for N bytes of the value",
        .tips = EK_TIPS("nondeterministic_output"),
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS({.name = "key", .type = EK_ARG_KEY}),
    },
    {
        .name = "lastsave",
        .handler = ek_cmd_lastsave,
        .arity = 1,
        .flags = EK_CMD_LOADING | EK_CMD_STALE | EK_CMD_FAST,
        .categories = EK_ACL_ADMIN | EK_ACL_DANGEROUS,
        .group = "server",
        .since = "1.0.0",
        .summary = "When the store was saved last, in seconds of Unix time.",
        .complexity = "O(1)",
        .tips = EK_TIPS("nondeterministic_output"),
    },
    {
        .name = "migrate",
        .handler = ek_cmd_migrate,
        .arity = -6,
        .flags = EK_CMD_WRITE,
        .categories = EK_ACL_KEYSPACE | EK_ACL_DANGEROUS,
        .group = "generic",
        .since = "2.6.0",
        .summary = "Sends keys to another server, and deletes those that arrived.",
        .complexity = "O(N) for N bytes of the values, and as much at the other side",
        .tips = EK_TIPS("nondeterministic_output"),
        .keys = EK_KEYS(
            EK_KEY_AT(3, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE),
            {.flags = EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE | EK_KEY_INCOMPLETE,
             .begin = EK_BEGIN_KEYWORD, .keyword = "keys", .index = -2, .find = EK_FIND_RANGE,
             .last = -1, .step = 1}),
        .find_keys = migrate_keys,
        .history = EK_HISTORY({"3.0.0", "Options COPY and REPLACE"}, {"3.0.6", "Option KEYS"},
                              {"4.0.7", "Option AUTH"}, {"6.0.0", "Option AUTH2"}),
        .args = EK_ARGS(
            {.name = "host", .type = EK_ARG_STRING},
            {.name = "port", .type = EK_ARG_INTEGER},
            {.name = "key_or_empty_string", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "key", .type = EK_ARG_KEY},
                 {.name = "empty_string", .type = EK_ARG_PURE_TOKEN, .token = ""})},
            {.name = "destination-db", .type = EK_ARG_INTEGER},
            {.name = "timeout", .type = EK_ARG_INTEGER},
            {.name = "copy", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "COPY", .since = "3.0.0"},
            {.name = "replace", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "REPLACE", .since = "3.0.0"},
            {.name = "authentication", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "password", .type = EK_ARG_STRING, .flags = EK_ARG_OPTIONAL,
                  .token = "AUTH", .since = "4.0.7"},
                 {.name = "username_password", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
                  .token = "AUTH2", .since = "6.0.0",
                  .args = EK_ARGS({.name = "username", .type = EK_ARG_STRING},
                                  {.name = "password", .type = EK_ARG_STRING})})},
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_OPTIONAL | EK_ARG_MULTIPLE,
             .token = "KEYS", .since = "3.0.6", .key_spec = 1}),
    },
    {
        .name = "restore",
        .handler = ek_cmd_restore,
        .arity = -4,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_KEYSPACE | EK_ACL_DANGEROUS,
        .group = "generic",
        .since = "2.6.0",
        .summary = "Makes a key of what DUMP gave.",
        .complexity = "O(N) for N bytes of the value; O(N*log(N)) for a sorted set of N members",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_OW | EK_KEY_UPDATE)),
        .history = restore_history,
        .args = restore_args,
    },
    {
        .name = "restore-asking",
        .handler = ek_cmd_restore,
        .arity = -4,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM | EK_CMD_ASKING,
        .categories = EK_ACL_KEYSPACE | EK_ACL_DANGEROUS,
        .group = "server",
        .doc_flags = EK_DOC_SYSCMD,
        .since = "3.0.0",
        .summary = "RESTORE, as the nodes of a cluster send it.",
        .complexity = "O(N) for N bytes of the value; O(N*log(N)) for a sorted set of N members",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_OW | EK_KEY_UPDATE)),
        .history = restore_history,
        .args = restore_args,
    },
    {
        .name = "save",
        .handler = ek_cmd_save,
        .arity = 1,
        .flags = EK_CMD_ADMIN | EK_CMD_NOSCRIPT | EK_CMD_NO_ASYNC_LOADING | EK_CMD_NO_MULTI,
        .group = "server",
        .since = "1.0.0",
        .summary = "Saves the store to its RDB file, and holds it meanwhile.",
        .complexity = "O(N) for N keys of all databases",
    },
    {0},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool registered;

static void register_all(void) {
    ek_save_init();
    ek_aof_init();
    ek_chores_init();
    ek_aof_again_init();
    ek_aof_rewrite_init();
    registered = ek_commands_init() && ek_command_register(table);
}

bool ek_persist_init(void) {
    pthread_once(&once, register_all);
    return registered;
}
