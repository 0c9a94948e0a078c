/* Declarations of the commands that wait. */
#include "commands/tables.h"

ek_handler ek_cmd_blmove, ek_cmd_blmovem, ek_cmd_blmpop, ek_cmd_blpop, ek_cmd_brpop,
    ek_cmd_brpoplpush, ek_cmd_bzmpop, ek_cmd_bzpopmax, ek_cmd_bzpopmin, ek_cmd_wait, ek_cmd_waitaof;

static const ek_history double_timeout[] = {{"6.0.0", "A time-out with a fraction"}, {0}};

const ek_command_decl ek_blocking_table[] = {
    {
        .name = "blmove",
        .handler = ek_cmd_blmove,
        .arity = 6,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM | EK_CMD_NOSCRIPT | EK_CMD_BLOCKING,
        .categories = EK_ACL_LIST,
        .group = "list",
        .since = "6.2.0",
        .summary = "Moves an element between ends of lists, as LMOVE; waits for one if there "
                   "is none.",
        .complexity = "O(1)",
        .keys = EK_KEYS(
            EK_KEY_AT(1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE),
            EK_KEY_AT(2, EK_KEY_RW | EK_KEY_INSERT)),
        .args = EK_ARGS(
            {.name = "source", .type = EK_ARG_KEY},
            {.name = "destination", .type = EK_ARG_KEY, .key_spec = 1},
            {.name = "wherefrom", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "left", .type = EK_ARG_PURE_TOKEN, .token = "LEFT"},
                 {.name = "right", .type = EK_ARG_PURE_TOKEN, .token = "RIGHT"})},
            {.name = "whereto", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "left", .type = EK_ARG_PURE_TOKEN, .token = "LEFT"},
                 {.name = "right", .type = EK_ARG_PURE_TOKEN, .token = "RIGHT"})},
            {.name = "timeout", .type = EK_ARG_DOUBLE}),
    },
    {
        .name = "blmovem",
        .handler = ek_cmd_blmovem,
        .arity = -6,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM | EK_CMD_BLOCKING,
        .categories = EK_ACL_LIST,
        .group = "list",
        .since = "8.10.0",
        .summary = "Moves elements between ends of lists, as LMOVEM; waits until there are enough.",
        .complexity = "O(N) for N elements moved",
        .keys = EK_KEYS(
            EK_KEY_AT(1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE),
            EK_KEY_AT(2, EK_KEY_RW | EK_KEY_INSERT)),
        .args = EK_ARGS(
            {.name = "source", .type = EK_ARG_KEY},
            {.name = "destination", .type = EK_ARG_KEY, .key_spec = 1},
            {.name = "wherefrom", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "left", .type = EK_ARG_PURE_TOKEN, .token = "LEFT"},
                 {.name = "right", .type = EK_ARG_PURE_TOKEN, .token = "RIGHT"})},
            {.name = "whereto", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "left", .type = EK_ARG_PURE_TOKEN, .token = "LEFT"},
                 {.name = "right", .type = EK_ARG_PURE_TOKEN, .token = "RIGHT"})},
            {.name = "timeout", .type = EK_ARG_DOUBLE},
            {.name = "how-many", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "selector", .type = EK_ARG_ONEOF,
                  .args = EK_ARGS(
                      {.name = "count", .type = EK_ARG_INTEGER, .token = "COUNT"},
                      {.name = "exactly", .type = EK_ARG_INTEGER, .token = "EXACTLY"})},
                 {.name = "ordering", .type = EK_ARG_ONEOF,
                  .args = EK_ARGS(
                      {.name = "obo", .type = EK_ARG_PURE_TOKEN, .token = "OBO"},
                      {.name = "bulk", .type = EK_ARG_PURE_TOKEN, .token = "BULK"})})}),
    },
    {
        .name = "blmpop",
        .handler = ek_cmd_blmpop,
        .arity = -5,
        .flags = EK_CMD_WRITE | EK_CMD_BLOCKING,
        .categories = EK_ACL_LIST,
        .group = "list",
        .since = "7.0.0",
        .summary = "Takes elements off the first of several lists that has any, or waits for some.",
        .complexity = "O(N+M) for N keys, M elements taken",
        .keys = EK_KEYS(EK_KEY_COUNTED(2, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "timeout", .type = EK_ARG_DOUBLE},
            {.name = "numkeys", .type = EK_ARG_INTEGER},
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE},
            {.name = "where", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "left", .type = EK_ARG_PURE_TOKEN, .token = "LEFT"},
                 {.name = "right", .type = EK_ARG_PURE_TOKEN, .token = "RIGHT"})},
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL, .token = "COUNT"}),
    },
    {
        .name = "blpop",
        .handler = ek_cmd_blpop,
        .arity = -3,
        .flags = EK_CMD_WRITE | EK_CMD_NOSCRIPT | EK_CMD_BLOCKING,
        .categories = EK_ACL_LIST,
        .group = "list",
        .since = "2.0.0",
        .summary = "Takes the head of the first of several lists that has any; waits for one "
                   "if none has.",
        .complexity = "O(N) for N keys",
        .history = double_timeout,
        .keys = EK_KEYS(EK_KEY_RANGE(1, -2, 1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE},
            {.name = "timeout", .type = EK_ARG_DOUBLE}),
    },
    {
        .name = "brpop",
        .handler = ek_cmd_brpop,
        .arity = -3,
        .flags = EK_CMD_WRITE | EK_CMD_NOSCRIPT | EK_CMD_BLOCKING,
        .categories = EK_ACL_LIST,
        .group = "list",
        .since = "2.0.0",
        .summary = "Takes the tail of the first of several lists that has any; waits for one "
                   "if none has.",
        .complexity = "O(N) for N keys",
        .history = double_timeout,
        .keys = EK_KEYS(EK_KEY_RANGE(1, -2, 1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE},
            {.name = "timeout", .type = EK_ARG_DOUBLE}),
    },
    {
        .name = "brpoplpush",
        .handler = ek_cmd_brpoplpush,
        .arity = 4,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM | EK_CMD_NOSCRIPT | EK_CMD_BLOCKING,
        .categories = EK_ACL_LIST,
        .group = "list",
        .since = "2.2.0",
        .summary = "Puts the tail of a list at the head of another; waits for one if there is "
                   "none.",
        .complexity = "O(1)",
        .doc_flags = EK_DOC_DEPRECATED,
        .deprecated_since = "6.2.0",
        .replaced_by = "`BLMOVE` with `RIGHT` and `LEFT`",
        .history = double_timeout,
        .keys = EK_KEYS(
            EK_KEY_AT(1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE),
            EK_KEY_AT(2, EK_KEY_RW | EK_KEY_INSERT)),
        .args = EK_ARGS(
            {.name = "source", .type = EK_ARG_KEY},
            {.name = "destination", .type = EK_ARG_KEY, .key_spec = 1},
            {.name = "timeout", .type = EK_ARG_DOUBLE}),
    },
    {
        .name = "bzmpop",
        .handler = ek_cmd_bzmpop,
        .arity = -5,
        .flags = EK_CMD_WRITE | EK_CMD_BLOCKING,
        .categories = EK_ACL_SORTEDSET,
        .group = "sorted-set",
        .since = "7.0.0",
        .summary = "Takes members from an end of the first of several sorted sets that has any, or "
                   "waits.",
        .complexity = "O(K+M*log(N)) for K keys, M members taken of N",
        .keys = EK_KEYS(EK_KEY_COUNTED(2, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "timeout", .type = EK_ARG_DOUBLE},
            {.name = "numkeys", .type = EK_ARG_INTEGER},
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE},
            {.name = "where", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "min", .type = EK_ARG_PURE_TOKEN, .token = "MIN"},
                 {.name = "max", .type = EK_ARG_PURE_TOKEN, .token = "MAX"})},
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL, .token = "COUNT"}),
    },
    {
        .name = "bzpopmax",
        .handler = ek_cmd_bzpopmax,
        .arity = -3,
        .flags = EK_CMD_WRITE | EK_CMD_NOSCRIPT | EK_CMD_BLOCKING | EK_CMD_FAST,
        .categories = EK_ACL_SORTEDSET,
        .group = "sorted-set",
        .since = "5.0.0",
        .summary = "Takes the highest member of the first of several sorted sets, or waits for one.",
        .complexity = "O(log(N)) for N members",
        .history = double_timeout,
        .keys = EK_KEYS(EK_KEY_RANGE(1, -2, 1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE},
            {.name = "timeout", .type = EK_ARG_DOUBLE}),
    },
    {
        .name = "bzpopmin",
        .handler = ek_cmd_bzpopmin,
        .arity = -3,
        .flags = EK_CMD_WRITE | EK_CMD_NOSCRIPT | EK_CMD_BLOCKING | EK_CMD_FAST,
        .categories = EK_ACL_SORTEDSET,
        .group = "sorted-set",
        .since = "5.0.0",
        .summary = "Takes the lowest member of the first of several sorted sets, or waits for one.",
        .complexity = "O(log(N)) for N members",
        .history = double_timeout,
        .keys = EK_KEYS(EK_KEY_RANGE(1, -2, 1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE},
            {.name = "timeout", .type = EK_ARG_DOUBLE}),
    },
    {
        .name = "wait",
        .handler = ek_cmd_wait,
        .arity = 3,
        .flags = EK_CMD_NOSCRIPT | EK_CMD_WAITS,
        .categories = EK_ACL_CONNECTION,
        .group = "generic",
        .since = "3.0.0",
        .summary = "Waits until replicas have this connection's writes; how many do.",
        .complexity = "O(1)",
        .tips = EK_TIPS("request_policy:all_shards", "response_policy:agg_min"),
        .args = EK_ARGS(
            {.name = "numreplicas", .type = EK_ARG_INTEGER},
            {.name = "timeout", .type = EK_ARG_INTEGER}),
    },
    {
        .name = "waitaof",
        .handler = ek_cmd_waitaof,
        .arity = 4,
        .flags = EK_CMD_NOSCRIPT | EK_CMD_WAITS,
        .categories = EK_ACL_CONNECTION,
        .group = "generic",
        .since = "7.2.0",
        .summary = "Waits until append-only files have this connection's writes; how many have them.",
        .complexity = "O(1)",
        .tips = EK_TIPS("request_policy:all_shards", "response_policy:agg_min"),
        .args = EK_ARGS(
            {.name = "numlocal", .type = EK_ARG_INTEGER},
            {.name = "numreplicas", .type = EK_ARG_INTEGER},
            {.name = "timeout", .type = EK_ARG_INTEGER}),
    },
    {0},
};
