/* The rules of a user, understood.
 *
 *   "+@read ~cached:* (+set ~tmp:*)"  -> ek_acl_user | flags | passwords | selectors[0], [1] ... |
 *                                        ek_acl_selector | bit for each command | keys | channels |
 *
 * Selector 0 is what stands outside parentheses. What a user may do is what any selector allows as a
 * whole. Rules about commands are kept as they were given, without those that a later one makes void,
 * and are worked into the bits in that order: a category is never spelled out as its commands.
 *
 * Owner: whoever made it; malloc. Texts are not copied: they point into the rules, which must live as
 * long. Nothing here touches a store, and nothing raises: false means no memory, or `why` tells. */
#ifndef EK_ENGINE_ACL_RULES_H
#define EK_ENGINE_ACL_RULES_H

#include "base/sha256.h"
#include "engine/command.h"

enum { /* ek_acl_user.flags */
    EK_USER_ON = 1u << 0,
    EK_USER_NO_PASSWORD = 1u << 1, /* any will do */
    EK_USER_SANITIZE = 1u << 2,
    EK_USER_NO_SANITIZE = 1u << 3,
};

enum { EK_ACL_MAY_READ = 1u << 0, EK_ACL_MAY_WRITE = 1u << 1 };
#define EK_ACL_COMMAND_WORDS 16u

typedef struct ek_acl_pattern {
    ek_str glob;
    uint32_t may; /* of keys: EK_ACL_MAY_* */
} ek_acl_pattern;

/* One rule about commands: a category, a command, or a command with its first argument. */
typedef struct ek_acl_rule {
    bool allow;
    uint32_t category;
    const ek_command *cmd;
    ek_str first; /* p NULL: whatever it is */
} ek_acl_rule;

typedef struct ek_acl_selector {
    bool all_commands; /* the rules begin with +@all */
    bool all_keys, all_channels;
    uint64_t allowed[EK_ACL_COMMAND_WORDS]; /* by ek_command.id */
    ek_acl_rule *rules;
    ek_acl_pattern *keys, *channels;
    size_t nrules, nkeys, nchannels, rules_cap, keys_cap, channels_cap;
} ek_acl_selector;

typedef uint8_t ek_password[EK_SHA256_BYTES];

typedef struct ek_acl_user {
    uint32_t flags;
    ek_password *passwords;
    size_t npasswords, passwords_cap;
    ek_acl_selector *selectors;
    size_t nselectors, selectors_cap;
} ek_acl_user;

/* One that may do nothing, but for all channels if these are the default. False: no memory. */
bool ek_acl_user_init(ek_acl_user *u, bool all_channels);
void ek_acl_user_free(ek_acl_user *u);

/* Apply a rule as ACL SETUSER is given it; a selector with its parentheses is one. */
bool ek_acl_apply(ek_acl_user *u, ek_str rule, bool all_channels, const char **why);
bool ek_acl_add_password(ek_acl_user *u, ek_str password);
/* Rules as ek_user has them: each ended by a zero, those of a selector between "(" and ")". */
bool ek_acl_apply_stored(ek_acl_user *u, ek_str rules);

/* The rules that make such a user, in ACL LIST's order. Returns the length, also when that is more
 * than fits. between: a space as in ACL LIST, or a zero as ek_user has them. */
size_t ek_acl_print(const ek_acl_user *u, char between, char *out, size_t cap);
/* Parts of it, for ACL GETUSER. */
size_t ek_acl_print_commands(const ek_acl_selector *sel, char *out, size_t cap);
size_t ek_acl_print_keys(const ek_acl_selector *sel, char *out, size_t cap);
size_t ek_acl_print_channels(const ek_acl_selector *sel, char *out, size_t cap);

bool ek_acl_same_word(ek_str a, ek_str b); /* in any case */

/* Does it allow every command on every key and channel? */
bool ek_acl_is_unlimited(const ek_acl_user *u);

EK_INLINE bool ek_acl_allows_command(const ek_acl_selector *sel, const ek_command *cmd) {
    return sel->allowed[cmd->id / 64] >> (cmd->id % 64) & 1;
}

#endif
