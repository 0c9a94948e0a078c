/* Declarations of the HyperLogLog commands. */
#include "commands/tables.h"

ek_handler ek_cmd_pfadd, ek_cmd_pfcount, ek_cmd_pfdebug, ek_cmd_pfmerge, ek_cmd_pfselftest;

const ek_command_decl ek_hyperloglog_table[] = {
    {
        .name = "pfadd",
        .handler = ek_cmd_pfadd,
        .arity = -2,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM | EK_CMD_FAST,
        .categories = EK_ACL_HYPERLOGLOG,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Adds elements to a HyperLogLog, which is created if missing.",
        .complexity = "O(1) for each element",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_INSERT)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "element", .type = EK_ARG_STRING,
             .flags = EK_ARG_OPTIONAL | EK_ARG_MULTIPLE}),
    },
    {
        .name = "pfcount",
        .handler = ek_cmd_pfcount,
        .arity = -2,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_HYPERLOGLOG,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Estimates how many distinct elements one or more HyperLogLogs have seen.",
        .complexity = "O(1) for one key whose count is cached; O(N) for N keys",
        .keys = EK_KEYS(
            {.flags = EK_KEY_RW | EK_KEY_ACCESS,
             .notes = "Writes the cached count back", .begin = EK_BEGIN_INDEX, .index = 1,
             .find = EK_FIND_RANGE, .last = -1, .step = 1}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE}),
    },
    {
        .name = "pfdebug",
        .handler = ek_cmd_pfdebug,
        .arity = 3,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM | EK_CMD_ADMIN,
        .categories = EK_ACL_HYPERLOGLOG,
        .doc_flags = EK_DOC_SYSCMD,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Shows how a HyperLogLog is stored.",
        .complexity = "O(N) for N registers shown",
        .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RW | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "subcommand", .type = EK_ARG_STRING},
            {.name = "key", .type = EK_ARG_KEY}),
    },
    {
        .name = "pfmerge",
        .handler = ek_cmd_pfmerge,
        .arity = -2,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_HYPERLOGLOG,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Stores the union of HyperLogLogs.",
        .complexity = "O(N) for N keys",
        .keys = EK_KEYS(
            EK_KEY_AT(1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_INSERT),
            EK_KEY_RANGE(2, -1, 1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "destkey", .type = EK_ARG_KEY},
            {.name = "sourcekey", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE, .key_spec = 1}),
    },
    {
        .name = "pfselftest",
        .handler = ek_cmd_pfselftest,
        .arity = 1,
        .flags = EK_CMD_ADMIN,
        .categories = EK_ACL_HYPERLOGLOG,
        .doc_flags = EK_DOC_SYSCMD,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Tests registers and error of the HyperLogLog implementation.",
        .complexity = "O(1), but slow",
    },
    {0},
};
