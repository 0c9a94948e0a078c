/* Declarations of the bitmap commands. */
#include "commands/tables.h"

#include "base/word.h"

ek_handler ek_cmd_bitcount, ek_cmd_bitfield, ek_cmd_bitfield_ro, ek_cmd_bitop, ek_cmd_bitpos,
    ek_cmd_getbit, ek_cmd_setbit;

/* Operations that only read leave the key unchanged. */
static int bitfield_keys(size_t argc, const ek_str *argv, ek_key_pos *out, int cap) {
    uint32_t flags = EK_KEY_RO | EK_KEY_ACCESS;
    for (size_t i = 2; i < argc; i++) {
        if (ek_str_is(argv[i], "get") && argc - i > 2) i += 2;
        else if (ek_str_is(argv[i], "overflow") && argc - i > 1) i++;
        else flags = EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_UPDATE;
    }
    if (cap > 0) out[0] = (ek_key_pos){.index = 1, .flags = flags};
    return 1;
}

const ek_command_decl ek_bitmaps_table[] = {
    {
        .name = "bitcount",
        .handler = ek_cmd_bitcount,
        .arity = -2,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_BITMAP,
        .group = "bitmap",
        .since = "2.6.0",
        .summary = "Number of bits set in a string, or in a range of its bytes or bits.",
        .complexity = "O(N) for N bytes of the range",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .history = EK_HISTORY({"7.0.0", "The BYTE|BIT option"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "index", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "start", .type = EK_ARG_INTEGER},
                 {.name = "end", .type = EK_ARG_INTEGER},
                 {.name = "index_unit", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
                  .since = "7.0.0",
                  .args = EK_ARGS(
                      {.name = "byte", .type = EK_ARG_PURE_TOKEN, .token = "BYTE"},
                      {.name = "bit", .type = EK_ARG_PURE_TOKEN, .token = "BIT"})})}),
    },
    {
        .name = "bitfield",
        .handler = ek_cmd_bitfield,
        .arity = -2,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_BITMAP,
        .group = "bitmap",
        .since = "3.2.0",
        .summary = "Reads, writes and increments integers of any width within a string.",
        .complexity = "O(1) for each operation",
        .keys = EK_KEYS(
            {.flags = EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_UPDATE | EK_KEY_VARIABLE_FLAGS,
             .notes = "Reads, and with SET or INCRBY writes", .begin = EK_BEGIN_INDEX, .index = 1,
             .find = EK_FIND_RANGE, .step = 1}),
        .find_keys = bitfield_keys,
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "operation", .type = EK_ARG_ONEOF,
             .flags = EK_ARG_OPTIONAL | EK_ARG_MULTIPLE,
             .args = EK_ARGS(
                 {.name = "encoding_offset", .type = EK_ARG_BLOCK, .token = "GET",
                  .args = EK_ARGS(
                      {.name = "encoding", .type = EK_ARG_STRING},
                      {.name = "offset", .type = EK_ARG_INTEGER})},
                 {.name = "write", .type = EK_ARG_BLOCK,
                  .args = EK_ARGS(
                      {.name = "wrap_sat_fail", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
                       .token = "OVERFLOW",
                       .args = EK_ARGS(
                           {.name = "wrap", .type = EK_ARG_PURE_TOKEN, .token = "WRAP"},
                           {.name = "sat", .type = EK_ARG_PURE_TOKEN, .token = "SAT"},
                           {.name = "fail", .type = EK_ARG_PURE_TOKEN, .token = "FAIL"})},
                      {.name = "write_operation", .type = EK_ARG_ONEOF,
                       .args = EK_ARGS(
                           {.name = "encoding_offset_value", .type = EK_ARG_BLOCK,
                            .token = "SET",
                            .args = EK_ARGS(
                                {.name = "encoding", .type = EK_ARG_STRING},
                                {.name = "offset", .type = EK_ARG_INTEGER},
                                {.name = "value", .type = EK_ARG_INTEGER})},
                           {.name = "encoding_offset_increment", .type = EK_ARG_BLOCK,
                            .token = "INCRBY",
                            .args = EK_ARGS(
                                {.name = "encoding", .type = EK_ARG_STRING},
                                {.name = "offset", .type = EK_ARG_INTEGER},
                                {.name = "increment", .type = EK_ARG_INTEGER})})})})}),
    },
    {
        .name = "bitfield_ro",
        .handler = ek_cmd_bitfield_ro,
        .arity = -2,
        .flags = EK_CMD_READONLY | EK_CMD_FAST,
        .categories = EK_ACL_BITMAP,
        .group = "bitmap",
        .since = "6.0.0",
        .summary = "Reads integers of any width within a string.",
        .complexity = "O(1) for each operation",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "encoding_offset", .type = EK_ARG_BLOCK,
             .flags = EK_ARG_OPTIONAL | EK_ARG_MULTIPLE | EK_ARG_MULTIPLE_TOKEN, .token = "GET",
             .args = EK_ARGS(
                 {.name = "encoding", .type = EK_ARG_STRING},
                 {.name = "offset", .type = EK_ARG_INTEGER})}),
    },
    {
        .name = "bitop",
        .handler = ek_cmd_bitop,
        .arity = -4,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_BITMAP,
        .group = "bitmap",
        .since = "2.6.0",
        .summary = "Stores the result of a bitwise operation on strings.",
        .complexity = "O(N) for N bytes of the longest string",
        .keys = EK_KEYS(
            EK_KEY_AT(2, EK_KEY_OW | EK_KEY_UPDATE),
            EK_KEY_RANGE(3, -1, 1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "operation", .type = EK_ARG_STRING},
            {.name = "destkey", .type = EK_ARG_KEY},
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_MULTIPLE, .key_spec = 1}),
    },
    {
        .name = "bitpos",
        .handler = ek_cmd_bitpos,
        .arity = -3,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_BITMAP,
        .group = "bitmap",
        .since = "2.8.7",
        .summary = "Place of the first bit that is set, or clear.",
        .complexity = "O(N) for N bytes of the range",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .history = EK_HISTORY({"7.0.0", "The BYTE|BIT option"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "bit", .type = EK_ARG_INTEGER},
            {.name = "index", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "start", .type = EK_ARG_INTEGER},
                 {.name = "end_index", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
                  .args = EK_ARGS(
                      {.name = "end", .type = EK_ARG_INTEGER},
                      {.name = "index_unit", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
                       .since = "7.0.0",
                       .args = EK_ARGS(
                           {.name = "byte", .type = EK_ARG_PURE_TOKEN, .token = "BYTE"},
                           {.name = "bit", .type = EK_ARG_PURE_TOKEN, .token = "BIT"})})})}),
    },
    {
        .name = "getbit",
        .handler = ek_cmd_getbit,
        .arity = 3,
        .flags = EK_CMD_READONLY | EK_CMD_FAST,
        .categories = EK_ACL_BITMAP,
        .group = "bitmap",
        .since = "2.2.0",
        .summary = "The bit at an offset of a string; 0 beyond its end.",
        .complexity = "O(1)",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "offset", .type = EK_ARG_INTEGER}),
    },
    {
        .name = "setbit",
        .handler = ek_cmd_setbit,
        .arity = 4,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_BITMAP,
        .group = "bitmap",
        .since = "2.2.0",
        .summary = "Sets or clears the bit at an offset of a string; gives the bit that was there.",
        .complexity = "O(1)",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_ACCESS | EK_KEY_UPDATE)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "offset", .type = EK_ARG_INTEGER},
            {.name = "value", .type = EK_ARG_INTEGER}),
    },
    {0},
};
