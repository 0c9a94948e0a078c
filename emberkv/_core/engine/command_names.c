/* What the bits and types of a declaration are called in COMMAND, COMMAND DOCS and ACL. */
#include "engine/command.h"

static const char *const command_flags[] = {
    "write",    "readonly",     "denyoom",      "admin",  "pubsub", "noscript", "blocking",
    "loading",  "stale",        "skip_monitor", "skip_slowlog", "asking", "fast", "no_auth",
    "no_mandatory_keys", "allow_busy", "no_async_loading", "no_multi", "movablekeys",
};

static const char *const acl_categories[] = {
    "keyspace", "read",  "write",    "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",   "stream",     "pubsub",      "admin",
    "fast",     "slow",  "blocking", "dangerous", "connection", "transaction", "scripting",
};

static const char *const key_flags[] = {
    "RO",     "RW",     "OW",      "RM",         "access",         "update",
    "insert", "delete", "not_key", "incomplete", "variable_flags",
};

static const char *const arg_types[] = {
    "string",    "integer",    "double", "key",   "pattern",
    "unix-time", "pure-token", "oneof",  "block",
};

static const char *const arg_flags[] = {"optional", "multiple", "multiple_token"};

_Static_assert(EK_COUNTOF(command_flags) == EK_CMD_FLAG_COUNT, "a name for each");
_Static_assert(EK_COUNTOF(acl_categories) == EK_ACL_CATEGORY_COUNT, "a name for each");
_Static_assert(EK_COUNTOF(key_flags) == EK_KEY_FLAG_COUNT, "a name for each");
_Static_assert(EK_COUNTOF(arg_types) == EK_ARG_TYPE_COUNT, "a name for each");
_Static_assert(EK_COUNTOF(arg_flags) == EK_ARG_FLAG_COUNT, "a name for each");

const char *ek_command_flag_name(unsigned bit) {
    return bit < EK_COUNTOF(command_flags) ? command_flags[bit] : NULL;
}

const char *ek_acl_category_name(unsigned bit) {
    return bit < EK_COUNTOF(acl_categories) ? acl_categories[bit] : NULL;
}

const char *ek_key_flag_name(unsigned bit) {
    return bit < EK_COUNTOF(key_flags) ? key_flags[bit] : NULL;
}

const char *ek_arg_type_name(ek_arg_type type) {
    return (unsigned)type < EK_COUNTOF(arg_types) ? arg_types[type] : NULL;
}

const char *ek_arg_flag_name(unsigned bit) {
    return bit < EK_COUNTOF(arg_flags) ? arg_flags[bit] : NULL;
}

uint32_t ek_acl_category_find(const uint8_t *name, size_t n) {
    for (unsigned i = 0; i < EK_COUNTOF(acl_categories); i++) {
        const char *have = acl_categories[i];
        size_t at = 0;
        while (at < n && have[at] && (name[at] | 0x20) == have[at])
            at++;
        if (at == n && !have[at])
            return 1u << i;
    }
    return 0;
}
