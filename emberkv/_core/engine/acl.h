/* Who a session is, and what its user may do.
 *
 *   session->user --name--> ek_user, text in the arena --compiled, by version--> ek_acl_user, malloc
 *
 * Asked before each command of a session that is not plain: one that logged in (has_user), or any
 * while the user default may not do everything (root->users.default_limited). Everybody else pays
 * nothing. Reads without the lock are for sessions that are not asked: the others have no `peek`, and
 * limits of default turn such reads off (EK_LOCKED_ACL).
 *
 * A session that has not logged in is default's: one that came by a socket is nobody's before it
 * logs in (needs_auth), if default has a password or is off. When a user is deleted, sessions of its
 * are closed, and what cannot be closed is nobody's.
 *
 * What a process has compiled hangs from its handle. Lock: the store's. */
#ifndef EK_ENGINE_ACL_H
#define EK_ENGINE_ACL_H

#include "engine/acl_rules.h"
#include "engine/context.h"
#include "store/client.h"
#include "store/users.h"

#define EK_DEFAULT_USER ((ek_str){(const uint8_t *)"default", 7})

typedef enum ek_acl_verdict {
    EK_ACL_ALLOWED,
    EK_ACL_NO_COMMAND,
    EK_ACL_NO_KEY,
    EK_ACL_NO_CHANNEL,
} ek_acl_verdict;

/* --- checking --- */

/* Is it asked at all? */
EK_INLINE bool ek_acl_asks(const ek_session *session) {
    return (session->has_user || session->s->root->users.default_limited) && !session->trusted;
}

/* May the session run the command? The arity has been checked. If not: replied, logged. */
bool ek_acl_permits(ek_session *session, const ek_command *cmd, size_t argc, const ek_str *argv,
                    ek_reply *reply);
/* The same question for who only wants to know (redis.acl_check_cmd). May raise. */
bool ek_acl_may_run(ek_session *session, const ek_command *cmd, size_t argc, const ek_str *argv);
/* For commands that find keys by the contents of others (SORT BY and GET). */
bool ek_acl_may_read_all_keys(ek_session *session);
/* What a user may do; *at is the argument that it may not touch. May raise. */
ek_acl_verdict ek_acl_check(ek_session *session, const ek_acl_user *u, const ek_command *cmd,
                            size_t argc, const ek_str *argv, size_t *at);

/* --- users --- */

/* There is always a user default. */
bool ek_acl_knows(const ek_store *s, ek_str name);
/* The rules of a user, which stand until one changes; NULL: there is none. May raise. */
const ek_acl_user *ek_acl_find(ek_store *s, ek_str name);
/* A copy to be changed, of a user that there is or as a new one begins. Its texts are the arena's, or
 * those of the rules that are applied. False: no memory. */
bool ek_acl_load_user(ek_store *s, ek_str name, ek_acl_user *out);
/* In a transaction; self: whose command it is, or NULL. Make it, or replace its rules (`u` is freed,
 * whatever happens): clients that listen to what they may listen to no longer are closed. */
void ek_acl_put(ek_store *s, ek_session *self, ek_str name, ek_acl_user *u);
bool ek_acl_remove(ek_store *s, ek_session *self, ek_str name); /* and close its clients */
void ek_acl_set_password(ek_store *s, ek_session *self, ek_str password); /* requirepass; empty: none */

/* --- sessions --- */

ek_str ek_acl_name(const ek_session *session);
bool ek_acl_is_of(const ek_store *s, const ek_client *client, ek_str name);
/* Log in. False: wrong, and logged; no reply. In a transaction. */
bool ek_acl_login(ek_ctx *c, ek_str name, ek_str password);
void ek_acl_log_out(ek_session *session); /* default again */
/* As the other one: for sessions that one handle makes for itself. False: no memory. */
bool ek_acl_become(ek_session *session, const ek_session *like);

#endif
