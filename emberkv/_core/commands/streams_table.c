/* Declarations of the stream commands. */
#include "base/word.h"
#include "commands/tables.h"

ek_handler ek_cmd_help, ek_cmd_xack, ek_cmd_xackdel, ek_cmd_xadd, ek_cmd_xautoclaim, ek_cmd_xclaim,
    ek_cmd_xdel, ek_cmd_xdelex, ek_cmd_xgroup_create, ek_cmd_xgroup_createconsumer,
    ek_cmd_xgroup_delconsumer, ek_cmd_xgroup_destroy, ek_cmd_xgroup_setid, ek_cmd_xinfo_consumers,
    ek_cmd_xinfo_groups, ek_cmd_xinfo_stream, ek_cmd_xlen, ek_cmd_xnack, ek_cmd_xpending,
    ek_cmd_xrange, ek_cmd_xread, ek_cmd_xreadgroup, ek_cmd_xrevrange, ek_cmd_xsetid, ek_cmd_xtrim;

/* Where STREAMS stands among the options. 0: nowhere. */
static size_t find_streams(size_t argc, const ek_str *argv) {
    for (size_t i = 1; i < argc; i++) {
        if (ek_str_is(argv[i], "streams")) return (argc - i) % 2 ? i : 0;
        if (ek_str_is(argv[i], "block") || ek_str_is(argv[i], "count")) i++;
        else if (ek_str_is(argv[i], "group")) i += 2;
        else if (!ek_str_is(argv[i], "noack")) return 0;
    }
    return 0;
}

/* The keys of XREAD and XREADGROUP: the first half of what follows STREAMS, which is sought from an
 * argument on, whatever comes before it; with but one argument behind it, among the options. */
static int stream_keys(size_t from, size_t argc, const ek_str *argv, ek_key_pos *out, int cap) {
    size_t at = from;
    while (at < argc && !ek_str_is(argv[at], "streams")) at++;
    if (at + 2 == argc) at = find_streams(argc, argv);
    if (at == 0 || at + 2 >= argc) return -1;
    size_t n = (argc - at - 1) / 2;
    for (size_t i = 0; i < n && (int)i < cap; i++)
        out[i] = (ek_key_pos){.index = (uint32_t)(at + 1 + i),
                              .flags = EK_KEY_RO | EK_KEY_ACCESS};
    return (int)n;
}

static int xread_keys(size_t argc, const ek_str *argv, ek_key_pos *out, int cap) {
    return stream_keys(1, argc, argv, out, cap);
}

static int xreadgroup_keys(size_t argc, const ek_str *argv, ek_key_pos *out, int cap) {
    return stream_keys(4, argc, argv, out, cap);
}

const ek_command_decl ek_streams_table[] = {
    {
        .name = "xack",
        .handler = ek_cmd_xack,
        .arity = -4,
        .flags = EK_CMD_WRITE | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Acknowledges entries: they are pending in the group no longer. How many were.",
        .complexity = "O(log(N)) for each id, N pending in the group",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_UPDATE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "group", .type = EK_ARG_STRING},
            {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE}),
    },
    {
        .name = "xackdel",
        .handler = ek_cmd_xackdel,
        .arity = -6,
        .flags = EK_CMD_WRITE | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "8.2.0",
        .summary = "Acknowledges entries and deletes them, minding other groups. What became of "
                   "each.",
        .complexity = "O(log(N)) for each id, N blocks in the stream, and O(M) for M groups",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_UPDATE | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "group", .type = EK_ARG_STRING},
            {.name = "condition", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "keepref", .type = EK_ARG_PURE_TOKEN, .token = "KEEPREF"},
                 {.name = "delref", .type = EK_ARG_PURE_TOKEN, .token = "DELREF"},
                 {.name = "acked", .type = EK_ARG_PURE_TOKEN, .token = "ACKED"})},
            {.name = "ids", .type = EK_ARG_BLOCK, .token = "IDS",
             .args = EK_ARGS(
                 {.name = "numids", .type = EK_ARG_INTEGER},
                 {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE})}),
    },
    {
        .name = "xadd",
        .handler = ek_cmd_xadd,
        .arity = -5,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Adds an entry behind the others, and trims the stream if asked to. Replies its "
                   "id.",
        .complexity = "O(1), and O(M) for M entries that are trimmed away",
        .tips = EK_TIPS("nondeterministic_output"),
        .keys = EK_KEYS(
            {.flags = EK_KEY_RW | EK_KEY_UPDATE, .begin = EK_BEGIN_INDEX, .index = 1,
             .find = EK_FIND_RANGE, .step = 1, .notes = "An update, for it may trim"}),
        .history = EK_HISTORY(
            {"6.2.0", "Options NOMKSTREAM, MINID, LIMIT"},
            {"7.0.0", "Ids of the form ms-*"},
            {"8.2.0", "Options KEEPREF, DELREF, ACKED"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "nomkstream", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "NOMKSTREAM", .since = "6.2.0"},
            {.name = "condition", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .since = "8.2.0",
             .args = EK_ARGS(
                 {.name = "keepref", .type = EK_ARG_PURE_TOKEN, .token = "KEEPREF"},
                 {.name = "delref", .type = EK_ARG_PURE_TOKEN, .token = "DELREF"},
                 {.name = "acked", .type = EK_ARG_PURE_TOKEN, .token = "ACKED"})},
            {.name = "trim", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "strategy", .type = EK_ARG_ONEOF,
                  .args = EK_ARGS(
                      {.name = "maxlen", .type = EK_ARG_PURE_TOKEN, .token = "MAXLEN"},
                      {.name = "minid", .type = EK_ARG_PURE_TOKEN, .token = "MINID",
                       .since = "6.2.0"})},
                 {.name = "operator", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
                  .args = EK_ARGS(
                      {.name = "equal", .type = EK_ARG_PURE_TOKEN, .token = "="},
                      {.name = "approximately", .type = EK_ARG_PURE_TOKEN, .token = "~"})},
                 {.name = "threshold", .type = EK_ARG_STRING},
                 {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
                  .token = "LIMIT", .since = "6.2.0"})},
            {.name = "id_or_auto", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "auto_id", .type = EK_ARG_PURE_TOKEN, .token = "*"},
                 {.name = "id", .type = EK_ARG_STRING})},
            {.name = "field_value", .type = EK_ARG_BLOCK, .flags = EK_ARG_MULTIPLE,
             .args = EK_ARGS(
                 {.name = "field", .type = EK_ARG_STRING},
                 {.name = "value", .type = EK_ARG_STRING})}),
    },
    {
        .name = "xautoclaim",
        .handler = ek_cmd_xautoclaim,
        .arity = -6,
        .flags = EK_CMD_WRITE | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "6.2.0",
        .summary = "Gives a consumer the entries that have been pending with others for too long, "
                   "a page at a time.",
        .complexity = "O(N) for N entries looked at, which COUNT limits",
        .tips = EK_TIPS("nondeterministic_output"),
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_DELETE)),
        .history = EK_HISTORY({"7.0.0", "Replies the ids of entries that were deleted meanwhile"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "group", .type = EK_ARG_STRING},
            {.name = "consumer", .type = EK_ARG_STRING},
            {.name = "min-idle-time", .type = EK_ARG_STRING},
            {.name = "start", .type = EK_ARG_STRING},
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL, .token = "COUNT"},
            {.name = "justid", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "JUSTID"}),
    },
    {
        .name = "xclaim",
        .handler = ek_cmd_xclaim,
        .arity = -6,
        .flags = EK_CMD_WRITE | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Gives a consumer entries that are pending with others.",
        .complexity = "O(log(N)) for each id, N pending in the group",
        .tips = EK_TIPS("nondeterministic_output"),
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_UPDATE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "group", .type = EK_ARG_STRING},
            {.name = "consumer", .type = EK_ARG_STRING},
            {.name = "min-idle-time", .type = EK_ARG_STRING},
            {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE},
            {.name = "ms", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL, .token = "IDLE"},
            {.name = "unix-time-milliseconds", .type = EK_ARG_UNIX_TIME,
             .flags = EK_ARG_OPTIONAL, .token = "TIME"},
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "RETRYCOUNT"},
            {.name = "force", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "FORCE"},
            {.name = "justid", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "JUSTID"},
            {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_OPTIONAL, .token = "LASTID"}),
    },
    {
        .name = "xdel",
        .handler = ek_cmd_xdel,
        .arity = -3,
        .flags = EK_CMD_WRITE | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Deletes entries by their ids. How many were there.",
        .complexity = "O(log(N)) for each id, N blocks in the stream",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE}),
    },
    {
        .name = "xdelex",
        .handler = ek_cmd_xdelex,
        .arity = -5,
        .flags = EK_CMD_WRITE | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "8.2.0",
        .summary = "Deletes entries, minding what groups have pending. What became of each.",
        .complexity = "O(log(N)) for each id, N blocks in the stream, and O(M) for M groups",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_DELETE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "condition", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "keepref", .type = EK_ARG_PURE_TOKEN, .token = "KEEPREF"},
                 {.name = "delref", .type = EK_ARG_PURE_TOKEN, .token = "DELREF"},
                 {.name = "acked", .type = EK_ARG_PURE_TOKEN, .token = "ACKED"})},
            {.name = "ids", .type = EK_ARG_BLOCK, .token = "IDS",
             .args = EK_ARGS(
                 {.name = "numids", .type = EK_ARG_INTEGER},
                 {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE})}),
    },
    {
        .name = "xgroup",
        .arity = -2,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Commands about consumer groups.",
        .complexity = "Depends on the subcommand",
        .subcommands = EK_SUBCOMMANDS(
            {
                .name = "create",
                .handler = ek_cmd_xgroup_create,
                .arity = -5,
                .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "Makes a consumer group that begins behind an id.",
                .complexity = "O(log(N)) for N groups",
                .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RW | EK_KEY_INSERT)),
                .history = EK_HISTORY({"7.0.0", "Option ENTRIESREAD"}),
                .args = EK_ARGS(
                    {.name = "key", .type = EK_ARG_KEY},
                    {.name = "groupname", .type = EK_ARG_STRING},
                    {.name = "id", .type = EK_ARG_ONEOF,
                     .args = EK_ARGS(
                         {.name = "id", .type = EK_ARG_STRING},
                         {.name = "new_id", .type = EK_ARG_PURE_TOKEN, .token = "$"})},
                    {.name = "mkstream", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
                     .token = "MKSTREAM"},
                    {.name = "entries_read", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
                     .token = "ENTRIESREAD"}),
            },
            {
                .name = "createconsumer",
                .handler = ek_cmd_xgroup_createconsumer,
                .arity = 5,
                .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "6.2.0",
                .summary = "Makes a consumer in a group.",
                .complexity = "O(log(N)) for N consumers",
                .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RW | EK_KEY_INSERT)),
                .args = EK_ARGS(
                    {.name = "key", .type = EK_ARG_KEY},
                    {.name = "groupname", .type = EK_ARG_STRING},
                    {.name = "consumername", .type = EK_ARG_STRING}),
            },
            {
                .name = "delconsumer",
                .handler = ek_cmd_xgroup_delconsumer,
                .arity = 5,
                .flags = EK_CMD_WRITE,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "Removes a consumer with all that is pending for it. How much that was.",
                .complexity = "O(N*log(M)) for its N pending entries, M in the group",
                .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RW | EK_KEY_DELETE)),
                .args = EK_ARGS(
                    {.name = "key", .type = EK_ARG_KEY},
                    {.name = "groupname", .type = EK_ARG_STRING},
                    {.name = "consumername", .type = EK_ARG_STRING}),
            },
            {
                .name = "destroy",
                .handler = ek_cmd_xgroup_destroy,
                .arity = 4,
                .flags = EK_CMD_WRITE,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "Removes a group with all that is pending in it.",
                .complexity = "O(1), and O(N) later to free its N pending entries",
                .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RW | EK_KEY_DELETE)),
                .args = EK_ARGS(
                    {.name = "key", .type = EK_ARG_KEY},
                    {.name = "groupname", .type = EK_ARG_STRING}),
            },
            {
                .name = "help",
                .handler = ek_cmd_help,
                .arity = 2,
                .flags = EK_CMD_LOADING | EK_CMD_STALE,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "Lists the subcommands.",
                .complexity = "O(1)",
            },
            {
                .name = "setid",
                .handler = ek_cmd_xgroup_setid,
                .arity = -5,
                .flags = EK_CMD_WRITE,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "Has a group go on behind another id.",
                .complexity = "O(1)",
                .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RW | EK_KEY_UPDATE)),
                .history = EK_HISTORY({"7.0.0", "Option ENTRIESREAD"}),
                .args = EK_ARGS(
                    {.name = "key", .type = EK_ARG_KEY},
                    {.name = "groupname", .type = EK_ARG_STRING},
                    {.name = "id", .type = EK_ARG_ONEOF,
                     .args = EK_ARGS(
                         {.name = "id", .type = EK_ARG_STRING},
                         {.name = "new_id", .type = EK_ARG_PURE_TOKEN, .token = "$"})},
                    {.name = "entries_read", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
                     .token = "ENTRIESREAD"}),
            }),
    },
    {
        .name = "xinfo",
        .arity = -2,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Commands that tell about streams.",
        .complexity = "Depends on the subcommand",
        .subcommands = EK_SUBCOMMANDS(
            {
                .name = "consumers",
                .handler = ek_cmd_xinfo_consumers,
                .arity = 4,
                .flags = EK_CMD_READONLY,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "The consumers of a group: what is pending with each and how long it "
                           "has been idle.",
                .complexity = "O(N) for N consumers",
                .tips = EK_TIPS("nondeterministic_output"),
                .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RO | EK_KEY_ACCESS)),
                .history = EK_HISTORY({"7.2.0", "Tells inactive"}),
                .args = EK_ARGS(
                    {.name = "key", .type = EK_ARG_KEY},
                    {.name = "groupname", .type = EK_ARG_STRING}),
            },
            {
                .name = "groups",
                .handler = ek_cmd_xinfo_groups,
                .arity = 3,
                .flags = EK_CMD_READONLY,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "The groups of a stream: what is pending in each and how far it has "
                           "read.",
                .complexity = "O(N) for N groups",
                .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RO | EK_KEY_ACCESS)),
                .history = EK_HISTORY({"7.0.0", "Tells entries-read and lag"}),
                .args = EK_ARGS({.name = "key", .type = EK_ARG_KEY}),
            },
            {
                .name = "help",
                .handler = ek_cmd_help,
                .arity = 2,
                .flags = EK_CMD_LOADING | EK_CMD_STALE,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "Lists the subcommands.",
                .complexity = "O(1)",
            },
            {
                .name = "stream",
                .handler = ek_cmd_xinfo_stream,
                .arity = -3,
                .flags = EK_CMD_READONLY,
                .categories = EK_ACL_STREAM,
                .group = "stream",
                .since = "5.0.0",
                .summary = "Facts about a stream; with FULL also its entries, groups and "
                           "consumers.",
                .complexity = "O(N) for N blocks, and what FULL replies",
                .keys = EK_KEYS(EK_KEY_AT(2, EK_KEY_RO | EK_KEY_ACCESS)),
                .history = EK_HISTORY(
                    {"6.0.0", "Option FULL"},
                    {"7.0.0", "Tells max-deleted-entry-id, entries-added, recorded-first-entry-id, "
                              "entries-read and lag"},
                    {"7.2.0", "Tells active-time, with FULL"}),
                .args = EK_ARGS(
                    {.name = "key", .type = EK_ARG_KEY},
                    {.name = "full", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
                     .token = "FULL",
                     .args = EK_ARGS(
                         {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
                          .token = "COUNT"})}),
            }),
    },
    {
        .name = "xlen",
        .handler = ek_cmd_xlen,
        .arity = 2,
        .flags = EK_CMD_READONLY | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Number of entries in a stream.",
        .complexity = "O(1)",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO)),
        .args = EK_ARGS({.name = "key", .type = EK_ARG_KEY}),
    },
    {
        .name = "xnack",
        .handler = ek_cmd_xnack,
        .arity = -7,
        .flags = EK_CMD_WRITE | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "8.8.0",
        .summary = "Gives pending entries back to their group, for others to claim. How many.",
        .complexity = "O(log(N)) for each id, N pending in the group",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_UPDATE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "group", .type = EK_ARG_STRING},
            {.name = "mode", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "silent", .type = EK_ARG_PURE_TOKEN, .token = "SILENT"},
                 {.name = "fail", .type = EK_ARG_PURE_TOKEN, .token = "FAIL"},
                 {.name = "fatal", .type = EK_ARG_PURE_TOKEN, .token = "FATAL"})},
            {.name = "ids", .type = EK_ARG_BLOCK, .token = "IDS",
             .args = EK_ARGS(
                 {.name = "numids", .type = EK_ARG_INTEGER},
                 {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE})},
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "RETRYCOUNT"},
            {.name = "force", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "FORCE"}),
    },
    {
        .name = "xpending",
        .handler = ek_cmd_xpending,
        .arity = -3,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "What is pending in a group: all in all, or entry by entry.",
        .complexity = "O(log(N)+M) for N pending, M replied; O(N) with a filter",
        .tips = EK_TIPS("nondeterministic_output"),
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .history = EK_HISTORY({"6.2.0", "Option IDLE, exclusive ranges"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "group", .type = EK_ARG_STRING},
            {.name = "filters", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "min-idle-time", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
                  .token = "IDLE", .since = "6.2.0"},
                 {.name = "start", .type = EK_ARG_STRING},
                 {.name = "end", .type = EK_ARG_STRING},
                 {.name = "count", .type = EK_ARG_INTEGER},
                 {.name = "consumer", .type = EK_ARG_STRING, .flags = EK_ARG_OPTIONAL})}),
    },
    {
        .name = "xrange",
        .handler = ek_cmd_xrange,
        .arity = -4,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Entries with ids in a range.",
        .complexity = "O(log(N)+M) for N blocks, M entries replied",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .history = EK_HISTORY({"6.2.0", "Exclusive ranges"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "start", .type = EK_ARG_STRING},
            {.name = "end", .type = EK_ARG_STRING},
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL, .token = "COUNT"}),
    },
    {
        .name = "xread",
        .handler = ek_cmd_xread,
        .arity = -4,
        .flags = EK_CMD_READONLY | EK_CMD_BLOCKING,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Entries of one or several streams behind given ids, waiting for them if asked "
                   "to.",
        .complexity = "O(log(N)+M) for each stream, N blocks, M entries replied",
        .keys = EK_KEYS(
            {.flags = EK_KEY_RO | EK_KEY_ACCESS, .begin = EK_BEGIN_KEYWORD, .keyword = "streams",
             .index = 1, .find = EK_FIND_RANGE, .last = -1, .step = 1, .limit = 2}),
        .find_keys = xread_keys,
        .history = EK_HISTORY({"7.4.0", "The id +"}, {"8.10.0", "Options MAXCOUNT, MAXSIZE"}),
        .args = EK_ARGS(
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL, .token = "COUNT"},
            {.name = "maxcount", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "MAXCOUNT", .since = "8.10.0"},
            {.name = "maxsize", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "MAXSIZE", .since = "8.10.0"},
            {.name = "milliseconds", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "BLOCK"},
            {.name = "streams", .type = EK_ARG_BLOCK, .token = "STREAMS",
             .args = EK_ARGS(
                 {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE},
                 {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE})}),
    },
    {
        .name = "xreadgroup",
        .handler = ek_cmd_xreadgroup,
        .arity = -7,
        .flags = EK_CMD_WRITE | EK_CMD_BLOCKING,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Entries that nobody in the group has been given yet, or those pending with the "
                   "consumer.",
        .complexity = "O(log(N)+M) for each stream, N pending, M entries replied",
        .keys = EK_KEYS(
            {.flags = EK_KEY_RO | EK_KEY_ACCESS, .begin = EK_BEGIN_KEYWORD, .keyword = "streams",
             .index = 4, .find = EK_FIND_RANGE, .last = -1, .step = 1, .limit = 2}),
        .find_keys = xreadgroup_keys,
        .history = EK_HISTORY(
            {"8.4.0", "Option CLAIM"},
            {"8.10.0", "Options MAXCOUNT and MAXSIZE"}),
        .args = EK_ARGS(
            {.name = "group_consumer", .type = EK_ARG_BLOCK, .token = "GROUP",
             .args = EK_ARGS(
                 {.name = "group", .type = EK_ARG_STRING},
                 {.name = "consumer", .type = EK_ARG_STRING})},
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL, .token = "COUNT"},
            {.name = "maxcount", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "MAXCOUNT", .since = "8.10.0"},
            {.name = "maxsize", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "MAXSIZE", .since = "8.10.0"},
            {.name = "milliseconds", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "BLOCK"},
            {.name = "min-idle-time", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "CLAIM", .since = "8.4.0"},
            {.name = "noack", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "NOACK"},
            {.name = "streams", .type = EK_ARG_BLOCK, .token = "STREAMS",
             .args = EK_ARGS(
                 {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE},
                 {.name = "id", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE})}),
    },
    {
        .name = "xrevrange",
        .handler = ek_cmd_xrevrange,
        .arity = -4,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Entries with ids in a range, the last first.",
        .complexity = "O(log(N)+M) for N blocks, M entries replied",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .history = EK_HISTORY({"6.2.0", "Exclusive ranges"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "end", .type = EK_ARG_STRING},
            {.name = "start", .type = EK_ARG_STRING},
            {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL, .token = "COUNT"}),
    },
    {
        .name = "xsetid",
        .handler = ek_cmd_xsetid,
        .arity = -3,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM | EK_CMD_FAST,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Sets the highest id that a stream has given.",
        .complexity = "O(1)",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_UPDATE)),
        .history = EK_HISTORY({"7.0.0", "Options ENTRIESADDED and MAXDELETEDID"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "last-id", .type = EK_ARG_STRING},
            {.name = "entries_added", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
             .token = "ENTRIESADDED", .since = "7.0.0"},
            {.name = "max_deleted_entry_id", .type = EK_ARG_STRING, .flags = EK_ARG_OPTIONAL,
             .token = "MAXDELETEDID", .since = "7.0.0"}),
    },
    {
        .name = "xtrim",
        .handler = ek_cmd_xtrim,
        .arity = -4,
        .flags = EK_CMD_WRITE,
        .categories = EK_ACL_STREAM,
        .group = "stream",
        .since = "5.0.0",
        .summary = "Deletes the oldest entries beyond a length, or below an id.",
        .complexity = "O(N) for N entries that go",
        .tips = EK_TIPS("nondeterministic_output"),
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_DELETE)),
        .history = EK_HISTORY(
            {"6.2.0", "Options MINID and LIMIT"},
            {"8.2.0", "Options KEEPREF, DELREF, ACKED"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "trim", .type = EK_ARG_BLOCK,
             .args = EK_ARGS(
                 {.name = "strategy", .type = EK_ARG_ONEOF,
                  .args = EK_ARGS(
                      {.name = "maxlen", .type = EK_ARG_PURE_TOKEN, .token = "MAXLEN"},
                      {.name = "minid", .type = EK_ARG_PURE_TOKEN, .token = "MINID",
                       .since = "6.2.0"})},
                 {.name = "operator", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
                  .args = EK_ARGS(
                      {.name = "equal", .type = EK_ARG_PURE_TOKEN, .token = "="},
                      {.name = "approximately", .type = EK_ARG_PURE_TOKEN, .token = "~"})},
                 {.name = "threshold", .type = EK_ARG_STRING},
                 {.name = "count", .type = EK_ARG_INTEGER, .flags = EK_ARG_OPTIONAL,
                  .token = "LIMIT", .since = "6.2.0"})},
            {.name = "condition", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .since = "8.2.0",
             .args = EK_ARGS(
                 {.name = "keepref", .type = EK_ARG_PURE_TOKEN, .token = "KEEPREF"},
                 {.name = "delref", .type = EK_ARG_PURE_TOKEN, .token = "DELREF"},
                 {.name = "acked", .type = EK_ARG_PURE_TOKEN, .token = "ACKED"})}),
    },
    {0},
};
