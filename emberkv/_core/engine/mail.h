/* Waiting commands and messages, as sessions see them.
 *
 *   handler finds nothing -> ek_block -> session->blocked, no reply on the tape
 *   another's command changes the key -> before its commit: ek_serve runs the waiter's command in
 *   its name -> reply into its inbox, waker noted -> it wakes -> ek_inbox_take
 *
 * For who runs a session (a loop or a thread), lock held for all but ek_inbox_waiting:
 *   ek_execute(session, ...); if (session->blocked) {
 *       ek_store_leave; wait on the session's waker until session->blocked_until_ms
 *       (ek_clock_monotonic_ms, INT64_MAX: for ever); ek_waker_clear; enter;
 *       ek_inbox_take -> session->blocked is false when the reply was among it;
 *       else, when time is up, ek_unblock(session, EK_UNBLOCK_TIMEOUT, reply), after which it may
 *       wait on, until another time }
 * Until then the session runs no other command. */
#ifndef EK_ENGINE_MAIL_H
#define EK_ENGINE_MAIL_H

#include "engine/context.h"
#include "store/client.h"
#include "store/waiting.h"
#include "store/waker.h"

/* --- for handlers --- */

/* Found nothing: wait for one of the keys. First write the reply that a time-out gives; it stands as
 * the reply where waiting is impossible (MULTI, a script, a transaction block), else it is taken off
 * the tape and kept. Return at once afterwards. timeout_ms 0: for ever. flags: EK_WAIT_*; nkeys may
 * be 0. argv, if not NULL, is what is run again in place of the command's own (XREAD with the ids
 * that $ stood for). When run again c->serving is true, and a key has changed. */
void ek_block(ek_ctx *c, size_t nkeys, const ek_str *keys, int64_t timeout_ms, uint32_t flags);
void ek_block_as(ek_ctx *c, size_t argc, const ek_str *argv, size_t nkeys, const ek_str *keys,
                 int64_t timeout_ms, uint32_t flags);
/* Behind ek_block: what is waited for may be there after so long, though no key changes. The command is
 * run again then, as for a key that has changed, and may say it anew. */
void ek_block_look(ek_ctx *c, int64_t after_ms);
/* Would ek_block wait? For a time-out whose reply differs from that where waiting is impossible. */
bool ek_may_block(const ek_ctx *c);
/* While c->serving: the command that puts back what was just popped, run if the reply is not taken by
 * its receiver. Given more than once, they run last first. Nothing when the command runs itself. */
void ek_unless_delivered(ek_ctx *c, size_t argc, const ek_str *argv);
/* The argument as a time-out in seconds, an error already replied when false. */
bool ek_arg_timeout(ek_ctx *c, size_t i, int64_t *timeout_ms);

/* --- for who runs sessions --- */

/* The session's record, made if need be. In a transaction (a handler's, or ek_session_register). */
ek_client *ek_session_client(ek_session *session);
ek_client *ek_session_client_if_any(ek_session *session);
/* Let its record say what it runs, or ran last, and since when, for CLIENT LIST in other processes. In a
 * transaction. Not done by each command: one that waits is told at once, others a server's now and then. */
void ek_session_tell(ek_session *session, const ek_command *cmd, int64_t now_ms);
/* Make the record now, in a transaction of its own: a server at accept. False: no room. */
bool ek_session_register(ek_session *session);
/* Whom to wake, before the record is made; the session does not own it. */
void ek_session_use_waker(ek_session *session, ek_waker *waker);

/* Is there something? Needs no lock, and may say so once too often. */
bool ek_inbox_waiting(const ek_session *session);
/* Take messages out, tape behind tape, up to about max_bytes and no further than the reply of the
 * command that waited. How many. In a transaction of its own; a message taken is delivered. */
size_t ek_inbox_take(ek_session *session, ek_reply *out, size_t max_bytes);
bool ek_session_killed(const ek_session *session); /* by CLIENT KILL, or over its limit; no lock */

/* A session that was killed and is to be used on: as another one, with an id of its own. */
void ek_session_begin_anew(ek_session *session);

typedef enum ek_unblock_how { EK_UNBLOCK_TIMEOUT, EK_UNBLOCK_ERROR, EK_UNBLOCK_CANCEL } ek_unblock_how;
/* End the wait: reply what a time-out gives or the error; a reply that came meanwhile is taken instead.
 * TIMEOUT ahead of the time-out is a look (ek_block_look): nothing may come of it, and it waits on.
 * CANCEL: nobody wants a reply (it may be NULL), and one that came meanwhile is put back. */
void ek_unblock(ek_session *session, ek_unblock_how how, ek_reply *reply);
/* The same for any waiting client (CLIENT UNBLOCK), which is woken. False: it does not wait. */
bool ek_client_unblock(ek_store *s, ek_client *c, ek_unblock_how how);

/* --- for dispatch --- */

void ek_serve(ek_store *s); /* in the transaction, before its commit */
/* Replies lie unclaimed: put back those of the dead, wake again who was not woken. Not in one. */
void ek_settle(ek_store *s);
/* Drop the clients of the dead, what was popped for them put back. Not in one: at attach, takes and
 * leaves the lock if that is free. */
void ek_bury(ek_store *s);
void ek_session_drop_client(ek_session *session); /* in one */
/* Out of the process's list of sessions with a record (ek_store.sessions); needs no transaction. */
void ek_session_forget(ek_session *session);

#endif
