/* Declarations of the geo commands. */
#include "commands/tables.h"

#include "base/word.h"

ek_handler ek_cmd_geoadd, ek_cmd_geodist, ek_cmd_geohash, ek_cmd_geopos, ek_cmd_georadius,
    ek_cmd_georadius_ro, ek_cmd_georadiusbymember, ek_cmd_georadiusbymember_ro, ek_cmd_geosearch,
    ek_cmd_geosearchstore;

/* The source, and what comes behind STORE and STOREDIST, each where it first stands. */
static int keys_from(size_t from, size_t argc, const ek_str *argv, ek_key_pos *out, int cap) {
    static const char *const words[] = {"store", "storedist"};
    int n = 0;
    if (n++ < cap) out[0] = (ek_key_pos){.index = 1, .flags = EK_KEY_RO | EK_KEY_ACCESS};
    for (size_t w = 0; w < EK_COUNTOF(words); w++) {
        size_t at = from;
        while (at + 1 < argc && !ek_str_is(argv[at], words[w])) at++;
        if (at + 1 >= argc) continue;
        if (n++ < cap)
            out[n - 1] = (ek_key_pos){.index = (uint32_t)at + 1,
                                      .flags = EK_KEY_OW | EK_KEY_UPDATE};
    }
    return n;
}

static int radius_keys(size_t argc, const ek_str *argv, ek_key_pos *out, int cap) {
    return keys_from(6, argc, argv, out, cap);
}

static int radius_by_member_keys(size_t argc, const ek_str *argv, ek_key_pos *out, int cap) {
    return keys_from(5, argc, argv, out, cap);
}

const ek_command_decl ek_geo_table[] = {
    {
        .name = "geoadd",
        .handler = ek_cmd_geoadd,
        .arity = -5,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_GEO,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Adds members with their longitude and latitude to a sorted set.",
        .complexity = "O(log(N)) for each member, in a set of N",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RW | EK_KEY_UPDATE)),
        .history = EK_HISTORY({"6.2.0", "CH, NX and XX"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "condition", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .since = "6.2.0",
             .args = EK_ARGS(
                 {.name = "nx", .type = EK_ARG_PURE_TOKEN, .token = "NX"},
                 {.name = "xx", .type = EK_ARG_PURE_TOKEN, .token = "XX"})},
            {.name = "change", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "CH", .since = "6.2.0"},
            {.name = "longitude_latitude_member", .type = EK_ARG_BLOCK,
             .flags = EK_ARG_MULTIPLE,
             .args = EK_ARGS(
                 {.name = "longitude", .type = EK_ARG_DOUBLE},
                 {.name = "latitude", .type = EK_ARG_DOUBLE},
                 {.name = "member", .type = EK_ARG_STRING})}),
    },
    {
        .name = "geodist",
        .handler = ek_cmd_geodist,
        .arity = -4,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_GEO,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Distance between two members.",
        .complexity = "O(1)",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "member1", .type = EK_ARG_STRING},
            {.name = "member2", .type = EK_ARG_STRING},
            {.name = "unit", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                 {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                 {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                 {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})}),
    },
    {
        .name = "geohash",
        .handler = ek_cmd_geohash,
        .arity = -2,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_GEO,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Geohash strings of members.",
        .complexity = "O(1) for each member",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "member", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE}),
    },
    {
        .name = "geopos",
        .handler = ek_cmd_geopos,
        .arity = -2,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_GEO,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Longitude and latitude of members.",
        .complexity = "O(1) for each member",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "member", .type = EK_ARG_STRING, .flags = EK_ARG_MULTIPLE}),
    },
    {
        .name = "georadius",
        .handler = ek_cmd_georadius,
        .arity = -6,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_GEO,
        .doc_flags = EK_DOC_DEPRECATED,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Members within a radius of a point, returned or stored.",
        .complexity = "O(N+log(M)) for N members near the circle, M of them in it",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS`",
        .keys = EK_KEYS(
            EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS),
            {.flags = EK_KEY_OW | EK_KEY_UPDATE, .begin = EK_BEGIN_KEYWORD, .keyword = "store",
             .index = 6, .find = EK_FIND_RANGE, .step = 1},
            {.flags = EK_KEY_OW | EK_KEY_UPDATE, .begin = EK_BEGIN_KEYWORD, .keyword = "storedist",
             .index = 6, .find = EK_FIND_RANGE, .step = 1}),
        .find_keys = radius_keys,
        .history = EK_HISTORY(
            {"6.2.0", "ANY with COUNT"}, {"7.0.0", "Capitals do not matter for the unit"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "longitude", .type = EK_ARG_DOUBLE},
            {.name = "latitude", .type = EK_ARG_DOUBLE},
            {.name = "radius", .type = EK_ARG_DOUBLE},
            {.name = "unit", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                 {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                 {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                 {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})},
            {.name = "withcoord", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHCOORD"},
            {.name = "withdist", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHDIST"},
            {.name = "withhash", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHHASH"},
            {.name = "count", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "count", .type = EK_ARG_INTEGER, .token = "COUNT"},
                 {.name = "any", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
                  .token = "ANY", .since = "6.2.0"})},
            {.name = "order", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "asc", .type = EK_ARG_PURE_TOKEN, .token = "ASC"},
                 {.name = "desc", .type = EK_ARG_PURE_TOKEN, .token = "DESC"})},
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_OPTIONAL, .key_spec = 1,
             .token = "STORE"},
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_OPTIONAL, .key_spec = 2,
             .token = "STOREDIST"}),
    },
    {
        .name = "georadius_ro",
        .handler = ek_cmd_georadius_ro,
        .arity = -6,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_GEO,
        .doc_flags = EK_DOC_DEPRECATED,
        .group = "geo",
        .since = "3.2.10",
        .summary = "Members within a radius of a point.",
        .complexity = "O(N+log(M)) for N members near the circle, M of them in it",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with `BYRADIUS`",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .history = EK_HISTORY({"6.2.0", "ANY with COUNT"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "longitude", .type = EK_ARG_DOUBLE},
            {.name = "latitude", .type = EK_ARG_DOUBLE},
            {.name = "radius", .type = EK_ARG_DOUBLE},
            {.name = "unit", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                 {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                 {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                 {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})},
            {.name = "withcoord", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHCOORD"},
            {.name = "withdist", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHDIST"},
            {.name = "withhash", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHHASH"},
            {.name = "count", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "count", .type = EK_ARG_INTEGER, .token = "COUNT"},
                 {.name = "any", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
                  .token = "ANY", .since = "6.2.0"})},
            {.name = "order", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "asc", .type = EK_ARG_PURE_TOKEN, .token = "ASC"},
                 {.name = "desc", .type = EK_ARG_PURE_TOKEN, .token = "DESC"})}),
    },
    {
        .name = "georadiusbymember",
        .handler = ek_cmd_georadiusbymember,
        .arity = -5,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_GEO,
        .doc_flags = EK_DOC_DEPRECATED,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Members within a radius of a member, returned or stored.",
        .complexity = "O(N+log(M)) for N members near the circle, M of them in it",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS` and `FROMMEMBER`",
        .keys = EK_KEYS(
            EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS),
            {.flags = EK_KEY_OW | EK_KEY_UPDATE, .begin = EK_BEGIN_KEYWORD, .keyword = "store",
             .index = 5, .find = EK_FIND_RANGE, .step = 1},
            {.flags = EK_KEY_OW | EK_KEY_UPDATE, .begin = EK_BEGIN_KEYWORD, .keyword = "storedist",
             .index = 5, .find = EK_FIND_RANGE, .step = 1}),
        .find_keys = radius_by_member_keys,
        .history = EK_HISTORY({"7.0.0", "Capitals do not matter for the unit"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "member", .type = EK_ARG_STRING},
            {.name = "radius", .type = EK_ARG_DOUBLE},
            {.name = "unit", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                 {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                 {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                 {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})},
            {.name = "withcoord", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHCOORD"},
            {.name = "withdist", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHDIST"},
            {.name = "withhash", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHHASH"},
            {.name = "count", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "count", .type = EK_ARG_INTEGER, .token = "COUNT"},
                 {.name = "any", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
                  .token = "ANY"})},
            {.name = "order", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "asc", .type = EK_ARG_PURE_TOKEN, .token = "ASC"},
                 {.name = "desc", .type = EK_ARG_PURE_TOKEN, .token = "DESC"})},
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_OPTIONAL, .key_spec = 1,
             .token = "STORE"},
            {.name = "key", .type = EK_ARG_KEY, .flags = EK_ARG_OPTIONAL, .key_spec = 2,
             .token = "STOREDIST"}),
    },
    {
        .name = "georadiusbymember_ro",
        .handler = ek_cmd_georadiusbymember_ro,
        .arity = -5,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_GEO,
        .doc_flags = EK_DOC_DEPRECATED,
        .group = "geo",
        .since = "3.2.10",
        .summary = "Members within a radius of a member.",
        .complexity = "O(N+log(M)) for N members near the circle, M of them in it",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with `BYRADIUS` and `FROMMEMBER`",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "member", .type = EK_ARG_STRING},
            {.name = "radius", .type = EK_ARG_DOUBLE},
            {.name = "unit", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                 {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                 {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                 {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})},
            {.name = "withcoord", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHCOORD"},
            {.name = "withdist", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHDIST"},
            {.name = "withhash", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHHASH"},
            {.name = "count", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "count", .type = EK_ARG_INTEGER, .token = "COUNT"},
                 {.name = "any", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
                  .token = "ANY"})},
            {.name = "order", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "asc", .type = EK_ARG_PURE_TOKEN, .token = "ASC"},
                 {.name = "desc", .type = EK_ARG_PURE_TOKEN, .token = "DESC"})}),
    },
    {
        .name = "geosearch",
        .handler = ek_cmd_geosearch,
        .arity = -7,
        .flags = EK_CMD_READONLY,
        .categories = EK_ACL_GEO,
        .group = "geo",
        .since = "6.2.0",
        .summary = "Members within a circle or a box, around a point or a member.",
        .complexity = "O(N+log(M)) for N members near the area, M of them in it",
        .keys = EK_KEYS(EK_KEY_AT(1, EK_KEY_RO | EK_KEY_ACCESS)),
        .history = EK_HISTORY({"7.0.0", "Capitals do not matter for the unit"}),
        .args = EK_ARGS(
            {.name = "key", .type = EK_ARG_KEY},
            {.name = "from", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "member", .type = EK_ARG_STRING, .token = "FROMMEMBER"},
                 {.name = "longitude_latitude", .type = EK_ARG_BLOCK, .token = "FROMLONLAT",
                  .args = EK_ARGS(
                      {.name = "longitude", .type = EK_ARG_DOUBLE},
                      {.name = "latitude", .type = EK_ARG_DOUBLE})})},
            {.name = "by", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "circle", .type = EK_ARG_BLOCK,
                  .args = EK_ARGS(
                      {.name = "radius", .type = EK_ARG_DOUBLE, .token = "BYRADIUS"},
                      {.name = "unit", .type = EK_ARG_ONEOF,
                       .args = EK_ARGS(
                           {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                           {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                           {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                           {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})})},
                 {.name = "box", .type = EK_ARG_BLOCK,
                  .args = EK_ARGS(
                      {.name = "width", .type = EK_ARG_DOUBLE, .token = "BYBOX"},
                      {.name = "height", .type = EK_ARG_DOUBLE},
                      {.name = "unit", .type = EK_ARG_ONEOF,
                       .args = EK_ARGS(
                           {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                           {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                           {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                           {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})})})},
            {.name = "order", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "asc", .type = EK_ARG_PURE_TOKEN, .token = "ASC"},
                 {.name = "desc", .type = EK_ARG_PURE_TOKEN, .token = "DESC"})},
            {.name = "count", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "count", .type = EK_ARG_INTEGER, .token = "COUNT"},
                 {.name = "any", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
                  .token = "ANY"})},
            {.name = "withcoord", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHCOORD"},
            {.name = "withdist", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHDIST"},
            {.name = "withhash", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "WITHHASH"}),
    },
    {
        .name = "geosearchstore",
        .handler = ek_cmd_geosearchstore,
        .arity = -8,
        .flags = EK_CMD_WRITE | EK_CMD_DENYOOM,
        .categories = EK_ACL_GEO,
        .group = "geo",
        .since = "6.2.0",
        .summary = "Stores the members within a circle or a box, with positions or distances.",
        .complexity = "O(N+log(M)) for N members near the area, M of them in it",
        .keys = EK_KEYS(
            EK_KEY_AT(1, EK_KEY_OW | EK_KEY_UPDATE),
            EK_KEY_AT(2, EK_KEY_RO | EK_KEY_ACCESS)),
        .history = EK_HISTORY({"7.0.0", "Capitals do not matter for the unit"}),
        .args = EK_ARGS(
            {.name = "destination", .type = EK_ARG_KEY},
            {.name = "source", .type = EK_ARG_KEY, .key_spec = 1},
            {.name = "from", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "member", .type = EK_ARG_STRING, .token = "FROMMEMBER"},
                 {.name = "longitude_latitude", .type = EK_ARG_BLOCK, .token = "FROMLONLAT",
                  .args = EK_ARGS(
                      {.name = "longitude", .type = EK_ARG_DOUBLE},
                      {.name = "latitude", .type = EK_ARG_DOUBLE})})},
            {.name = "by", .type = EK_ARG_ONEOF,
             .args = EK_ARGS(
                 {.name = "circle", .type = EK_ARG_BLOCK,
                  .args = EK_ARGS(
                      {.name = "radius", .type = EK_ARG_DOUBLE, .token = "BYRADIUS"},
                      {.name = "unit", .type = EK_ARG_ONEOF,
                       .args = EK_ARGS(
                           {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                           {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                           {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                           {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})})},
                 {.name = "box", .type = EK_ARG_BLOCK,
                  .args = EK_ARGS(
                      {.name = "width", .type = EK_ARG_DOUBLE, .token = "BYBOX"},
                      {.name = "height", .type = EK_ARG_DOUBLE},
                      {.name = "unit", .type = EK_ARG_ONEOF,
                       .args = EK_ARGS(
                           {.name = "m", .type = EK_ARG_PURE_TOKEN, .token = "M"},
                           {.name = "km", .type = EK_ARG_PURE_TOKEN, .token = "KM"},
                           {.name = "ft", .type = EK_ARG_PURE_TOKEN, .token = "FT"},
                           {.name = "mi", .type = EK_ARG_PURE_TOKEN, .token = "MI"})})})},
            {.name = "order", .type = EK_ARG_ONEOF, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "asc", .type = EK_ARG_PURE_TOKEN, .token = "ASC"},
                 {.name = "desc", .type = EK_ARG_PURE_TOKEN, .token = "DESC"})},
            {.name = "count", .type = EK_ARG_BLOCK, .flags = EK_ARG_OPTIONAL,
             .args = EK_ARGS(
                 {.name = "count", .type = EK_ARG_INTEGER, .token = "COUNT"},
                 {.name = "any", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
                  .token = "ANY"})},
            {.name = "storedist", .type = EK_ARG_PURE_TOKEN, .flags = EK_ARG_OPTIONAL,
             .token = "STOREDIST"}),
    },
    {0},
};
