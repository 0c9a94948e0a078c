/* Dispatch: from arguments to a reply, as one transaction.
 *
 *   find the command -> arity -> inside MULTI? queue it
 *   -> guard set, savepoint taken -> handler -> commit
 *                                 \-> out of memory: undo to the savepoint, reply OOM
 *
 * Values that were deleted are freed here too, a slice after each command that changed something;
 * and now and then a few keys whose time has come are looked for. */
#include <stdio.h>

#include "base/clock.h"
#include "base/large.h"
#include "engine/acl.h"
#include "engine/context.h"
#include "engine/effect.h"
#include "engine/mail.h"
#include "engine/monitor.h"
#include "engine/pause.h"
#include "engine/reads.h"
#include "engine/renames.h"
#include "engine/room.h"
#include "engine/scratch.h"
#include "engine/stats.h"
#include "engine/walk.h"
#include "store/expiry.h"
#include "store/garbage.h"
#include "store/tracking.h"
#include "store/upkeep.h"
#include "store/waker.h"

#define GARBAGE_SLICE 128 /* items, at least */
#define EXPIRY_EVERY 64 /* commands */
#define EXPIRY_SAMPLES 16
#define RECLAIM_SLICE 4096
#define RECLAIM_TRIES 64

static const char OOM[] = "OOM command not allowed when used memory > 'maxmemory'.";

static void reply_failure(ek_reply *reply, ek_status st) {
    if (st == EK_ENOMEM) ek_reply_error(reply, "%s", OOM);
    else ek_reply_error(reply, "ERR the store is damaged and was closed");
}

/* At least as many blocks as the command made, or garbage could grow for ever. */
static void free_garbage(ek_store *s) {
    size_t made = (size_t)ek_max(s->a->nblocks, GARBAGE_SLICE), before = s->a->nfrees;
    do ek_garbage_step(s, made);
    while (made > GARBAGE_SLICE && s->a->nfrees - before < made && ek_garbage_waits(s));
}

static void look_after(ek_ctx *c) {
    ek_store *s = c->s;
    ek_pause_tidy(s);
    if (EK_UNLIKELY(ek_garbage_waits(s)) && !(s->root->debug & EK_STORE_PAUSED))
        free_garbage(s);
    if (EK_UNLIKELY(++s->since_cycle >= EXPIRY_EVERY)) {
        s->since_cycle = 0;
        ek_large_tidy();
        s->upkeep_due = ek_upkeep_due(s);
        if (ek_expiry_looks(s)) ek_expiry_step(s, EXPIRY_SAMPLES);
    }
}

/* The handler, and those who are told of what it does. */
EK_INLINE void handle_unfed(ek_ctx *c) {
    ek_monitor_tell(c, true);
    c->cmd->handler(c);
    ek_note_reads(c);
    ek_monitor_tell(c, false);
}

static EK_NOINLINE void handle_fed(ek_ctx *c) {
    c->refused = !ek_effects_begin(c);
    if (EK_UNLIKELY(c->refused)) return;
    handle_unfed(c);
    ek_effects_end(c);
}

EK_INLINE void handle(ek_ctx *c) {
    if (EK_UNLIKELY(c->s->root->feed.on != 0)) handle_fed(c);
    else handle_unfed(c);
}

/* Run the handler inside the transaction that is open. Returns what made it fail. */
static ek_status run(ek_ctx *c) {
    ek_guard g;
    size_t mark = c->reply->len;
    ek_savepoint sp = ek_save(c->a);
    ek_status st = EK_GUARD(c->a, &g);
    if (EK_UNLIKELY(st != EK_OK)) {
        ek_undo(c->a, &sp);
        c->reply->len = mark;
        return st;
    }
    handle(c);
    ek_unguard(c->a, &g);
    return EK_OK;
}

/* Run it as a transaction of its own. */
static ek_status run_alone(ek_ctx *c) {
    ek_guard g;
    size_t mark = c->reply->len;
    ek_begin(c->a);
    ek_status st = EK_GUARD(c->a, &g);
    if (EK_UNLIKELY(st != EK_OK)) {
        ek_undo(c->a, NULL);
        c->reply->len = mark;
        return st;
    }
    handle(c);
    look_after(c);
    if (EK_UNLIKELY(c->s->root->ready != 0)) ek_serve(c->s);
    ek_tracking_broadcast(c->s);
    ek_commit(c->a);
    ek_unguard(c->a, &g);
    return EK_OK;
}

static EK_NOINLINE void look_after_memory(ek_store *s) {
    if (s->upkeep_all) ek_upkeep_all(s);
    s->upkeep_all = false;
    s->upkeep_due = ek_upkeep_step(s);
}

/* Out of memory while deleted values still hold some, or what has yet to be written: free them all. Or
 * else evict a few keys; and if even that, or deleting, has no room to be told to the file, make some. */
static bool reclaim(ek_store *s) {
    if (ek_feed_relieve(s)) return true;
    if (!ek_garbage_waits(s)) return ek_evict_for_space(s) || ek_feed_reuse(s);
    while (ek_garbage_waits(s))
        if (!ek_garbage_free(s, RECLAIM_SLICE)) return false;
    return true;
}

/* Of commands that come in one go, one's end is the next one's beginning: a look at the clock costs as
 * much as a third of a command. */
static int64_t clock_before(const ek_session *session) {
    ek_frontend *f = session->frontend;
    int64_t known_us = f ? f->clock_us : 0;
    if (f) f->clock_us = 0; /* what runs within the command has times of its own */
    return known_us ? known_us : ek_clock_monotonic_us();
}

static int64_t clock_after(const ek_session *session) {
    int64_t now_us = ek_clock_monotonic_us();
    if (session->frontend && !session->in_exec && !session->in_script)
        session->frontend->clock_us = now_us;
    return now_us;
}

static EK_NOINLINE void reply_no_room(ek_session *session, const ek_command *cmd, ek_reply *reply) {
    bool exec = strcmp(cmd->name, "exec") == 0;
    size_t mark = reply->len;
    ek_guard g;
    if (EK_GUARD(session->s->a, &g) != EK_OK) return;
    ek_reply_error(reply, "%s%s", exec ? "EXECABORT Transaction discarded because of: " : "", OOM);
    ek_stats_rejected(session, cmd, reply, mark);
    session->multi_dirty |= session->in_multi && !session->in_exec;
    if (exec) ek_session_discard(session);
    ek_unguard(session->s->a, &g);
}

EK_INLINE ek_ctx context(ek_session *session, const ek_command *cmd, size_t argc,
                         const ek_str *argv, ek_reply *reply) {
    ek_store *s = session->s;
    reply->a = s->a;
    return (ek_ctx){
        .s = s, .a = s->a, .session = session, .cmd = cmd, .db = &s->dbs[session->db],
        .dbi = session->db, .resp = session->resp, .argc = argc, .argv = argv, .reply = reply,
        .mark = reply->len,
    };
}

/* It failed, alone: again, for as long as memory can be got, or what it failed of is the reply. */
static EK_NOINLINE void fail(ek_ctx *c, ek_status st, bool alone, bool repeatable) {
    for (int i = 0; alone && st == EK_ENOMEM && repeatable && i < RECLAIM_TRIES; i++) {
        if (!reclaim(c->s)) break;
        ek_scratch_reset(&c->session->scratch);
        st = run_alone(c);
    }
    if (st == EK_OK) return;
    /* The tape has room left from before, or the error is lost with everything else. */
    ek_guard g;
    c->session->blocked = false;
    if (EK_GUARD(c->a, &g) == EK_OK) {
        reply_failure(c->reply, st);
        ek_unguard(c->a, &g);
    }
}

/* The command is over; us: how long it took, -1: not known. */
EK_INLINE void finish(ek_ctx *c, int64_t us) {
    ek_session *session = c->session;
    ek_stats_command(c, us);
    ek_walk_after(c);
    if (!session->in_exec) ek_scratch_reset(&session->scratch);
    session->peek = !ek_session_is_plain(session) || session->tracking ? NULL
                                                                       : &c->s->dbs[session->db].keys;
    session->last = c->cmd;
}

static void dispatch(ek_session *session, const ek_command *cmd, size_t argc, const ek_str *argv,
                     ek_reply *reply) {
    ek_store *s = session->s;
    reply->a = s->a;
    if (EK_UNLIKELY(!ek_has_room(session, cmd))) {
        reply_no_room(session, cmd, reply);
        return;
    }
    ek_ctx c = context(session, cmd, argc, argv, reply);
    /* EXEC has let go of its queue when its commit fails: it cannot be run again. */
    bool repeatable = !session->in_multi, alone = s->a->level == 0, timed = ek_stats_timed(session);
    int64_t began_us = EK_UNLIKELY(timed) ? clock_before(session) : 0;
    if (EK_UNLIKELY(alone && s->root->nunclaimed != 0)) ek_settle(s);
    ek_status st = EK_LIKELY(alone) ? run_alone(&c) : run(&c);
    if (EK_UNLIKELY(st != EK_OK)) fail(&c, st, alone, repeatable);
    if (EK_UNLIKELY(s->upkeep_due | s->upkeep_all) && s->a->level == 0) look_after_memory(s);
    finish(&c, EK_UNLIKELY(timed) ? clock_after(session) - began_us : -1);
    if (EK_UNLIKELY(session->caching) && !session->in_multi && !session->in_exec)
        session->caching = strcmp(cmd->name, "client|caching") == 0;
}

/* Whatever a command has to be asked about before it may run: nothing of it is switched on. */
EK_INLINE bool nothing_is_asked(const ek_session *session) {
    const ek_store_root *r = session->s->root;
    const ek_config *config = &r->config;
    if (EK_UNLIKELY(session->numbers) && r->feed.on | r->nmonitors) return false;
    return ((uint64_t)config->maxmemory | (uint64_t)config->latency_monitor_threshold |
            (uint64_t)r->pause_until_ms | r->nunclaimed | r->users.default_limited) == 0 &&
           (uint64_t)config->slowlog_log_slower_than >= 10000 && session->resp > 2;
}

bool ek_execute_straight(ek_session *session, const ek_command *cmd, size_t argc,
                         const ek_str *argv, ek_reply *reply, uint64_t *upto) {
    if (EK_UNLIKELY(!session->peek)) return false; /* the session is out of the ordinary, or closed */
    ek_store *s = session->s;
    if (EK_UNLIKELY(s->a->txn_depth != 0) || ek_arena_try_enter(s->a) != EK_OK) return false;
    if (EK_UNLIKELY(!nothing_is_asked(session) || !ek_command_arity_ok(cmd, argc))) {
        ek_arena_leave(s->a);
        return false;
    }
    reply->len = 0;
    ek_ctx c = context(session, cmd, argc, argv, reply);
    ek_status st = run_alone(&c);
    if (EK_UNLIKELY(st != EK_OK)) fail(&c, st, true, true);
    if (EK_UNLIKELY(s->upkeep_due | s->upkeep_all)) look_after_memory(s);
    finish(&c, -1);
    *upto = ek_store_leave_for(s);
    return true;
}

/* The error for what no command answers to. */
static void reply_unknown(ek_reply *r, const ek_command *container, size_t argc,
                          const ek_str *argv) {
    if (container) {
        char upper[64];
        size_t n = ek_min(argv[0].n, sizeof upper - 1);
        for (size_t i = 0; i < n; i++) {
            char ch = (char)argv[0].p[i];
            upper[i] = ch >= 'a' && ch <= 'z' ? (char)(ch - 32) : ch;
        }
        upper[n] = 0;
        ek_reply_error(r, "ERR unknown subcommand '%.*s'. Try %s HELP.",
                       (int)ek_min(argv[1].n, 128), (const char *)argv[1].p, upper);
        return;
    }
    char args[160];
    size_t used = 0;
    args[0] = 0;
    for (size_t i = 1; i < argc && used < 128; i++) {
        int room = (int)(128 - used);
        int n = snprintf(args + used, sizeof args - used, "'%.*s' ",
                         (int)ek_min(argv[i].n, (size_t)room), (const char *)argv[i].p);
        used += (size_t)n;
    }
    ek_reply_error(r, "ERR unknown command '%.*s', with args beginning with: %s",
                   (int)ek_min(argv[0].n, 128), (const char *)argv[0].p, args);
}

/* These act at once inside MULTI instead of being queued. */
static bool acts_at_once(const ek_command *cmd) {
    static const char *const names[] = {"exec", "discard", "multi", "watch", "quit", "reset"};
    for (size_t i = 0; i < EK_COUNTOF(names); i++)
        if (strcmp(cmd->name, names[i]) == 0) return true;
    return false;
}

static bool queues(const ek_session *session, const ek_command *cmd) {
    return session->in_multi && !session->in_exec && !(cmd->flags & EK_CMD_NO_MULTI) &&
           !acts_at_once(cmd);
}

static void reply_wrong_arity(ek_session *session, const ek_command *cmd, ek_reply *reply) {
    bool exec = strcmp(cmd->name, "exec") == 0;
    size_t mark = reply->len;
    ek_reply_error(reply, "%s wrong number of arguments for '%s' command",
                   exec ? "EXECABORT Transaction discarded because of:" : "ERR", cmd->name);
    ek_stats_rejected(session, cmd, reply, mark);
    session->multi_dirty |= session->in_multi;
    if (exec) ek_session_discard(session);
}

/* What an error that refuses a command means for a transaction. */
static void refused(ek_session *session, const ek_command *cmd, const ek_reply *reply, size_t mark) {
    ek_stats_rejected(session, cmd, reply, mark);
    session->multi_dirty |= session->in_multi;
    if (strcmp(cmd->name, "exec") == 0) ek_session_discard(session);
}

/* Until it logs in; what default needed when it came, it may not need any more. */
static bool is_nobody(ek_session *session) {
    if (EK_LIKELY(!session->needs_auth)) return false;
    return session->has_user || session->s->root->users.default_locked;
}

static void reply_no_auth(ek_session *session, const ek_command *cmd, ek_reply *reply) {
    size_t mark = reply->len;
    ek_reply_error(reply, "%sNOAUTH Authentication required.",
                   strcmp(cmd->name, "exec") == 0 ? "EXECABORT Transaction discarded because of: " : "");
    refused(session, cmd, reply, mark);
}

/* Does it listen to channels, by a protocol in which messages and replies look alike? What the session
 * knows of its record may be undone and out of date, which makes for a second look. */
EK_INLINE bool may_listen(const ek_session *session) {
    if (session->resp > 2 || !session->client) return false;
    return ((const ek_client *)ek_ptr(session->a, session->client))->subscriptions != 0;
}

static bool only_listens(ek_session *session, const ek_command *cmd) {
    static const char *const allowed[] = {"subscribe",  "unsubscribe",  "psubscribe",
                                          "punsubscribe", "ssubscribe", "sunsubscribe",
                                          "ping",       "quit",         "reset"};
    if (session->in_exec || !may_listen(session)) return false;
    for (size_t i = 0; i < EK_COUNTOF(allowed); i++)
        if (strcmp(cmd->name, allowed[i]) == 0) return false;
    const ek_client *client = ek_session_client_if_any(session);
    return client && client->subscriptions;
}

/* Likewise: what made it a monitor may have been undone. */
static bool monitors(ek_session *session) {
    if (EK_LIKELY(!session->monitoring)) return false;
    const ek_client *client = ek_session_client_if_any(session);
    session->monitoring = client && client->flags & EK_CLIENT_IS_MONITOR;
    return session->monitoring;
}

static void reply_only_listens(ek_session *session, const ek_command *cmd, ek_reply *reply) {
    bool exec = strcmp(cmd->name, "exec") == 0;
    ek_reply_error(reply, "%s Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                          "QUIT / RESET are allowed in this context",
                   exec ? "EXECABORT Transaction discarded because of:" : "ERR", cmd->name);
    session->multi_dirty |= session->in_multi;
    if (exec) ek_session_discard(session);
}

static void execute(ek_session *session, const ek_command *cmd, size_t argc, const ek_str *argv,
                    ek_reply *reply) {
    if (EK_UNLIKELY(!ek_command_arity_ok(cmd, argc))) {
        reply_wrong_arity(session, cmd, reply);
        return;
    }
    if (is_nobody(session) && !(cmd->flags & EK_CMD_NO_AUTH)) {
        reply_no_auth(session, cmd, reply);
        return;
    }
    size_t mark = reply->len;
    if (EK_UNLIKELY(!ek_acl_permits(session, cmd, argc, argv, reply))) {
        refused(session, cmd, reply, mark);
        return;
    }
    if (monitors(session) && cmd->flags & (EK_CMD_READONLY | EK_CMD_WRITE)) {
        ek_reply_error(reply, "ERR Replica can't interact with the keyspace");
        return;
    }
    if (EK_UNLIKELY(only_listens(session, cmd))) {
        reply_only_listens(session, cmd, reply);
        return;
    }
    if (EK_UNLIKELY(session->in_multi) && !session->in_exec) {
        if (cmd->flags & EK_CMD_NO_MULTI) {
            session->multi_dirty = true;
            ek_reply_error(reply, "ERR Command not allowed inside a transaction");
            return;
        }
        if (queues(session, cmd)) {
            if (EK_UNLIKELY(!ek_may_queue(session))) {
                reply_no_room(session, cmd, reply);
                return;
            }
            if (EK_UNLIKELY(ek_effects_refuse(session->s, cmd, reply))) {
                refused(session, cmd, reply, mark);
                return;
            }
            session->last = cmd;
            if (ek_session_queue(session, cmd, argc, argv)) {
                ek_reply_status(reply, "QUEUED");
            } else {
                session->multi_dirty = true;
                reply_failure(reply, EK_ENOMEM);
            }
            return;
        }
    }
    dispatch(session, cmd, argc, argv, reply);
}

void ek_execute_command(ek_session *session, const ek_command *cmd, size_t argc,
                        const ek_str *argv, ek_reply *reply) {
    if (EK_LIKELY(ek_session_is_plain(session) && !session->s->root->users.default_limited &&
                  !may_listen(session) && ek_command_arity_ok(cmd, argc))) {
        dispatch(session, cmd, argc, argv, reply);
        return;
    }
    ek_guard g;
    reply->a = session->s->a;
    if (EK_GUARD(session->s->a, &g) == EK_OK) {
        execute(session, cmd, argc, argv, reply);
        ek_unguard(session->s->a, &g);
    }
}

void ek_execute(ek_session *session, size_t argc, const ek_str *argv, ek_reply *reply) {
    const ek_command *container = NULL;
    const ek_command *cmd = ek_resolve(session, argc, argv, &container);
    if (EK_LIKELY(cmd && cmd->handler)) {
        ek_execute_command(session, cmd, argc, argv, reply);
        return;
    }
    ek_guard g;
    reply->a = session->s->a;
    session->multi_dirty |= session->in_multi;
    if (EK_GUARD(session->s->a, &g) != EK_OK) return;
    size_t mark = reply->len;
    if (cmd) ek_reply_error(reply, "ERR wrong number of arguments for '%s' command", cmd->name);
    else reply_unknown(reply, container, argc, argv);
    ek_stats_rejected(session, cmd, reply, mark);
    ek_unguard(session->s->a, &g);
}

/* --- transactions that span calls --- */

ek_status ek_transaction_begin(ek_store *s, ek_savepoint *sp) {
    if (s->a->level == 0) {
        if (s->root->nunclaimed) ek_settle(s);
        if (s->root->config.maxmemory) ek_make_room(s);
        ek_begin(s->a);
        ek_arena_own(s->a);
    }
    s->a->level++;
    *sp = ek_save(s->a);
    return EK_OK;
}

ek_status ek_transaction_commit(ek_store *s) {
    if (s->a->level > 1) {
        s->a->level--;
        return EK_OK;
    }
    ek_guard g;
    ek_status st = EK_GUARD(s->a, &g);
    if (st == EK_OK) {
        if (s->root->ready) ek_serve(s);
        ek_tracking_broadcast(s);
        ek_commit(s->a);
        ek_unguard(s->a, &g);
    } else {
        ek_undo(s->a, NULL);
    }
    ek_arena_disown(s->a);
    return st;
}

void ek_transaction_rollback(ek_store *s, const ek_savepoint *sp) {
    ek_undo(s->a, s->a->level > 1 ? sp : NULL);
    if (--s->a->level == 0) ek_arena_disown(s->a);
}

bool ek_transaction_is_mine(const ek_store *s) {
    return ek_arena_is_own(s->a);
}

bool ek_transaction_abandon(ek_store *s) {
    if (!__atomic_load_n(&s->a->txn_depth, __ATOMIC_RELAXED)) return true;
    if (!ek_transaction_is_mine(s)) return false;
    ek_undo(s->a, NULL);
    ek_arena_disown(s->a);
    ek_store_leave(s);
    return true;
}
