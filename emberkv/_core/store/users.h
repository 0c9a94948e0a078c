/* Users: who may do what, as text, and the log of what was refused.
 *
 *   root->users.by_name: table -> ek_user | id | version | lengths | name | rules |
 *
 *   rules  "on\0#5e88...\0~cached:*\0resetchannels\0-@all\0+get\0(\0~a\0...\0)\0"
 *
 * A user is one block that a change replaces. What the rules mean, and what each process makes of
 * them to check fast, is engine/acl.h's. There is always a user "default": as long as it has no
 * block it may do everything, without a password.
 *
 *   root->users.newest -> ek_acl_entry <-> ek_acl_entry ... oldest
 *
 * Lock: the store's, and a transaction for what changes anything. */
#ifndef EK_STORE_USERS_H
#define EK_STORE_USERS_H

#include "store/store.h"

typedef struct ek_user {
    uint64_t id;      /* another one when a user is deleted and made anew */
    uint64_t version; /* random, with each change: what was made of an undone one is never met again */
    uint32_t name_bytes, rules_bytes;
    uint8_t bytes[];
} ek_user;

EK_INLINE ek_str ek_user_name(const ek_user *u) { return (ek_str){u->bytes, u->name_bytes}; }
EK_INLINE ek_str ek_user_rules(const ek_user *u) {
    return (ek_str){u->bytes + u->name_bytes, u->rules_bytes};
}

const ek_user *ek_user_find(const ek_store *s, ek_str name); /* NULL: no block. O(1) */
void ek_user_put(ek_store *s, ek_str name, ek_str rules);    /* made, or its rules replaced */
bool ek_user_remove(ek_store *s, ek_str name);
typedef bool ek_user_visit_fn(void *arg, const ek_user *u); /* false: enough */
void ek_users_each(const ek_store *s, ek_user_visit_fn *visit, void *arg); /* in no order */

typedef enum ek_acl_reason { EK_ACL_COMMAND, EK_ACL_KEY, EK_ACL_CHANNEL, EK_ACL_AUTH } ek_acl_reason;
typedef enum ek_acl_context { EK_ACL_TOPLEVEL, EK_ACL_MULTI, EK_ACL_LUA } ek_acl_context;

enum { EK_ACL_OBJECT, EK_ACL_USER, EK_ACL_CLIENT, EK_ACL_TEXTS };

typedef struct ek_acl_entry {
    ek_ref older, newer;
    uint64_t id, count;
    int64_t created_ms, updated_ms;
    uint32_t reason, context;
    ek_ref texts[EK_ACL_TEXTS]; /* blocks of a length and bytes, see ek_client_fact */
} ek_acl_entry;

/* The same thing again within a minute is counted, and comes to the front. */
void ek_acl_log_add(ek_store *s, ek_acl_reason reason, ek_acl_context context,
                    const ek_str texts[EK_ACL_TEXTS]);
void ek_acl_log_trim(ek_store *s, uint64_t to); /* the oldest go */
const ek_acl_entry *ek_acl_log_newest(const ek_store *s);
const ek_acl_entry *ek_acl_log_older(const ek_store *s, const ek_acl_entry *e);

bool ek_users_check(const ek_store *s);

#endif
