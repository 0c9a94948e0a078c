/* Declarations of EVAL, EVALSHA and SCRIPT. */
#include "scripting/tables.h"

#include <pthread.h>

#include "persist/tables.h"

ek_handler ek_cmd_eval, ek_cmd_eval_ro, ek_cmd_evalsha, ek_cmd_evalsha_ro, ek_cmd_help,
    ek_cmd_script_debug, ek_cmd_script_exists, ek_cmd_script_flush, ek_cmd_script_kill,
    ek_cmd_script_load;

#define SCRIPT_KEYS(what, notes_)                                                                  \
    EK_KEYS({.flags = (what), .notes = notes_, .begin = EK_BEGIN_INDEX, .index = 2,                \
             .find = EK_FIND_KEYNUM, .first = 1, .step = 1})
#define SCRIPT_ARGS(first_)                                                                        \
    EK_ARGS({.name = first_, .type = EK_ARG_STRING},                                               \
            {.name = "numkeys", .type = EK_ARG_INTEGER},                                           \
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_OPTIONAL | EK_ARG_MULTIPLE},       \
            {.name = "arg", .type = EK_ARG_STRING, .flags = EK_ARG_OPTIONAL | EK_ARG_MULTIPLE})

enum {
    READ_WRITE = EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_UPDATE,
    READ = EK_KEY_RO | EK_KEY_ACCESS,
    OF_SCRIPTS = EK_CMD_NOSCRIPT | EK_CMD_STALE | EK_CMD_SKIP_MONITOR | EK_CMD_NO_MANDATORY_KEYS,
};

static const ek_command_decl table[] = {
    {
        .name = "eval",
        .handler = ek_cmd_eval,
        .arity = -3,
        .flags = OF_SCRIPTS,
        .categories = EK_ACL_SCRIPTING,
        .group = "scripting",
        .since = "2.6.0",
        .summary = "Runs a Lua script as one command.",
        .complexity = "That of the script",
        .keys = SCRIPT_KEYS(READ_WRITE, "What a script does with its keys is not known"),
        .args = SCRIPT_ARGS("script"),
    },
    {
        .name = "eval_ro",
        .handler = ek_cmd_eval_ro,
        .arity = -3,
        .flags = OF_SCRIPTS | EK_CMD_READONLY,
        .categories = EK_ACL_SCRIPTING,
        .group = "scripting",
        .since = "7.0.0",
        .summary = "Runs a Lua script that may not change anything.",
        .complexity = "That of the script",
        .keys = SCRIPT_KEYS(READ, "What a script does with its keys is not known"),
        .args = SCRIPT_ARGS("script"),
    },
    {
        .name = "evalsha",
        .handler = ek_cmd_evalsha,
        .arity = -3,
        .flags = OF_SCRIPTS,
        .categories = EK_ACL_SCRIPTING,
        .group = "scripting",
        .since = "2.6.0",
        .summary = "Runs a Lua script that is known, by its SHA-1.",
        .complexity = "That of the script",
        .keys = SCRIPT_KEYS(READ_WRITE, NULL),
        .args = SCRIPT_ARGS("sha1"),
    },
    {
        .name = "evalsha_ro",
        .handler = ek_cmd_evalsha_ro,
        .arity = -3,
        .flags = OF_SCRIPTS | EK_CMD_READONLY,
        .categories = EK_ACL_SCRIPTING,
        .group = "scripting",
        .since = "7.0.0",
        .summary = "Runs a Lua script that is known, by its SHA-1, and may not change anything.",
        .complexity = "That of the script",
        .keys = SCRIPT_KEYS(READ, NULL),
        .args = SCRIPT_ARGS("sha1"),
    },
    {
        .name = "script",
        .arity = -2,
        .group = "scripting",
        .since = "2.6.0",
        .summary = "Commands about scripts.",
        .complexity = "That of the subcommand",
        .subcommands = EK_SUBCOMMANDS(
            {
                .name = "debug",
                .handler = ek_cmd_script_debug,
                .arity = 3,
                .flags = EK_CMD_NOSCRIPT,
                .categories = EK_ACL_SCRIPTING,
                .group = "scripting",
                .since = "3.2.0",
                .summary = "Switches the debugger of scripts for this connection.",
                .complexity = "O(1)",
                .args = EK_ARGS({.name = "mode", .type = EK_ARG_ONEOF,
                                 .args = EK_ARGS({.name = "yes", .type = EK_ARG_PURE_TOKEN,
                                                  .token = "YES"},
                                                 {.name = "sync", .type = EK_ARG_PURE_TOKEN,
                                                  .token = "SYNC"},
                                                 {.name = "no", .type = EK_ARG_PURE_TOKEN,
                                                  .token = "NO"})}),
            },
            {
                .name = "exists",
                .handler = ek_cmd_script_exists,
                .arity = -3,
                .flags = EK_CMD_NOSCRIPT,
                .categories = EK_ACL_SCRIPTING,
                .group = "scripting",
                .since = "2.6.0",
                .summary = "Says of each SHA-1 whether its script is known.",
                .complexity = "O(N) for N scripts",
                .tips = EK_TIPS("request_policy:all_shards", "response_policy:agg_logical_and"),
                .args = EK_ARGS({.name = "sha1", .type = EK_ARG_STRING,
                                 .flags = EK_ARG_MULTIPLE}),
            },
            {
                .name = "flush",
                .handler = ek_cmd_script_flush,
                .arity = -2,
                .flags = EK_CMD_NOSCRIPT,
                .categories = EK_ACL_SCRIPTING,
                .group = "scripting",
                .since = "2.6.0",
                .summary = "Forgets all scripts.",
                .complexity = "O(N) for N scripts",
                .tips = EK_TIPS("request_policy:all_nodes", "response_policy:all_succeeded"),
                .history = EK_HISTORY({"6.2.0", "Options ASYNC and SYNC"}),
                .args = EK_ARGS({.name = "async", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
                                 .since = "6.2.0",
                                 .args = EK_ARGS({.name = "async", .type = EK_ARG_PURE_TOKEN,
                                                  .token = "ASYNC"},
                                                 {.name = "sync", .type = EK_ARG_PURE_TOKEN,
                                                  .token = "SYNC"})}),
            },
            {
                .name = "help",
                .handler = ek_cmd_help,
                .arity = 2,
                .flags = EK_CMD_LOADING | EK_CMD_STALE,
                .categories = EK_ACL_SCRIPTING,
                .group = "scripting",
                .since = "5.0.0",
                .summary = "Lists the subcommands.",
                .complexity = "O(1)",
            },
            {
                .name = "kill",
                .handler = ek_cmd_script_kill,
                .arity = 2,
                .flags = EK_CMD_NOSCRIPT | EK_CMD_ALLOW_BUSY,
                .categories = EK_ACL_SCRIPTING,
                .group = "scripting",
                .since = "2.6.0",
                .summary = "Ends the script that runs, if it has not changed anything.",
                .complexity = "O(1)",
                .tips = EK_TIPS("request_policy:all_shards", "response_policy:one_succeeded"),
            },
            {
                .name = "load",
                .handler = ek_cmd_script_load,
                .arity = 3,
                .flags = EK_CMD_NOSCRIPT | EK_CMD_STALE,
                .categories = EK_ACL_SCRIPTING,
                .group = "scripting",
                .since = "2.6.0",
                .summary = "Makes a script known, and gives its SHA-1.",
                .complexity = "O(N) for N bytes of the script",
                .tips = EK_TIPS("request_policy:all_nodes", "response_policy:all_succeeded"),
                .args = EK_ARGS({.name = "script", .type = EK_ARG_STRING}),
            }),
    },
    {0},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool registered;

static void register_all(void) { registered = ek_persist_init() && ek_command_register(table); }

bool ek_scripting_init(void) {
    pthread_once(&once, register_all);
    return registered;
}
