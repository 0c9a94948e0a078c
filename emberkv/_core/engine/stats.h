/* What is counted: for INFO, LATENCY and the slow log. How often commands ran, failed and how long they
 * took, and errors, are known of all processes (store/figures.h); spikes of one.
 *
 * Counting costs a command one addition. Its time is taken when it came by a socket, or when a
 * threshold is set below the usual one; reads without the lock are not seen at all. malloc, hanging
 * from the process's handle, made by the first command. Lock: the store's. */
#ifndef EK_ENGINE_STATS_H
#define EK_ENGINE_STATS_H

#include "engine/context.h"
#include "store/client.h"
#include "store/figures.h"

#define EK_LATENCY_SAMPLES 160u

typedef struct ek_latency_sample {
    int64_t unix_s, ms;
} ek_latency_sample;

typedef enum ek_latency_event {
    EK_LATENCY_COMMAND,
    EK_LATENCY_FAST,
    EK_LATENCY_EVICTION,
    EK_LATENCY_EXPIRY,
    EK_LATENCY_EVENTS,
} ek_latency_event;

typedef struct ek_latency {
    uint32_t n, next; /* samples there are; where the next one goes */
    int64_t max_ms;
    ek_latency_sample samples[EK_LATENCY_SAMPLES];
} ek_latency;

typedef struct ek_stats {
    int64_t started_us; /* Unix time */
    uint32_t run_id[5]; /* random */
    uint64_t exceeded_us;       /* above maxmemory, although keys could be evicted, in all */
    int64_t exceeded_since_us; /* monotonic; 0: now it is not */
    ek_latency latency[EK_LATENCY_EVENTS];
    int64_t looked_us; /* monotonic: when the number of commands was last looked at, and what it was */
    uint64_t looked_commands, rate;
} ek_stats;

ek_stats *ek_stats_of(ek_store *s); /* NULL: no memory */
void ek_stats_reset(ek_store *s);

/* A command ran: its reply begins at c->mark; us: how long it took, -1: not known. */
void ek_stats_command_slow(ek_ctx *c, int64_t us);
EK_INLINE void ek_stats_command(ek_ctx *c, int64_t us) {
#ifdef EK_NO_FIGURES
    return;
#endif
    if (EK_LIKELY(us < 0 && !ek_reply_is_error(c->reply, c->mark)))
        c->s->figures->commands[c->cmd->id].calls++;
    else
        ek_stats_command_slow(c, us);
}
/* A command that waited has been served, which took so long: only now it is known how long it takes. In the
 * transaction that served it. */
void ek_stats_served(ek_ctx *c, const ek_client *client, int64_t us);
/* A command was not run (arity, authentication, ...); cmd NULL: there is none. The error is there. */
void ek_stats_rejected(ek_session *session, const ek_command *cmd, const ek_reply *reply, size_t mark);

/* The same for what a script called (cmd NULL: there is no such command), with an error of code ERR. */
void ek_stats_refused_script(ek_store *s, const ek_command *cmd);

/* Keys were evicted for so long; exceeded: and the store is still above its limit. */
void ek_stats_evicted(ek_store *s, int64_t us, bool exceeded);
/* Keys were looked for whose time has come, for so long. */
void ek_stats_expired(ek_store *s, int64_t us);

const char *ek_latency_name(ek_latency_event event);

/* Is the argument a secret, not to be shown by logs? */
bool ek_is_secret(const ek_command *cmd, size_t argc, const ek_str *argv, size_t i);

/* Should the command's time be taken? */
EK_INLINE bool ek_stats_timed(const ek_session *session) {
    const ek_config *config = &session->s->root->config;
    return session->remote || (uint64_t)config->slowlog_log_slower_than < 10000 ||
           config->latency_monitor_threshold;
}

#endif
