#include "engine/stats.h"

#include <stdlib.h>

#include "base/clock.h"
#include "engine/monitor.h"
#include "store/slowlog.h"

#define CODE_MAX 32

static const char *const EVENTS[EK_LATENCY_EVENTS] = {"command", "fast-command", "eviction-cycle",
                                                    "expire-cycle"};
static const ek_str REDACTED = {(const uint8_t *)"(redacted)", 10};
static const ek_str ERR = {(const uint8_t *)"ERR", 3};

const char *ek_latency_name(ek_latency_event event) { return EVENTS[event]; }

static void free_stats(ek_stats *stats) { free(stats); }

ek_stats *ek_stats_of(ek_store *s) {
    if (EK_LIKELY(s->stats != NULL)) return s->stats;
    s->stats = calloc(1, sizeof *s->stats);
    if (s->stats) {
        s->free_stats = free_stats;
        s->stats->started_us = ek_store_now_us(s);
        ek_random_seed_bytes(s->stats->run_id, sizeof s->stats->run_id);
    }
    return s->stats;
}

void ek_stats_reset(ek_store *s) { ek_figures_reset(s); }

/* --- errors --- */

/* The code of an error, on a tape or as bytes of the protocol: its first word, if it has two. */
static ek_str code_of(const ek_reply *reply, size_t mark) {
    const uint8_t *p = reply->buf + mark + (reply->resp ? 1 : 5), *end = reply->buf + reply->len;
    size_t n = 0;
    while (p + n < end && p[n] > ' ') n++;
    return p + n < end && p[n] == ' ' && n < CODE_MAX ? (ek_str){p, n} : ERR;
}

/* --- secrets --- */

static bool is_secret_setting(ek_str name) {
    const ek_setting *setting = ek_setting_find(name, NULL);
    return setting && setting->flags & EK_SETTING_SECRET;
}

/* MIGRATE host port key db timeout [COPY | REPLACE | AUTH password | AUTH2 user password] ... [KEYS ...] */
static bool is_secret_of_migrate(size_t argc, const ek_str *argv, size_t i) {
    for (size_t k = 6; k < i && !ek_str_is(argv[k], "keys"); k++) {
        size_t secrets = ek_str_is(argv[k], "auth") ? 1 : ek_str_is(argv[k], "auth2") ? 2 : 0;
        if (secrets && i - k <= secrets && k + secrets < argc) return true;
        k += secrets;
    }
    return false;
}

bool ek_is_secret(const ek_command *cmd, size_t argc, const ek_str *argv, size_t i) {
    if (strcmp(cmd->name, "auth") == 0) return i > 0;
    if (strcmp(cmd->name, "config|set") == 0) return i > 2 && i % 2 && is_secret_setting(argv[i - 1]);
    if (strcmp(cmd->name, "acl|setuser") == 0) return i > 1;
    if (strcmp(cmd->name, "migrate") == 0) return is_secret_of_migrate(argc, argv, i);
    if (strcmp(cmd->name, "hello") != 0) return false;
    for (size_t k = 2; k < i; k++)
        if (ek_str_is(argv[k], "auth")) return i - k <= 2;
    return false;
}

/* --- times --- */

static void add_sample(ek_stats *stats, ek_latency_event event, int64_t unix_s, int64_t ms) {
    ek_latency *l = &stats->latency[event];
    if (ms > l->max_ms) l->max_ms = ms;
    if (l->n) { /* one a second */
        ek_latency_sample *last = &l->samples[(l->next + EK_LATENCY_SAMPLES - 1) % EK_LATENCY_SAMPLES];
        if (last->unix_s == unix_s) {
            if (ms > last->ms) last->ms = ms;
            return;
        }
    }
    l->samples[l->next] = (ek_latency_sample){unix_s, ms};
    l->next = (l->next + 1) % EK_LATENCY_SAMPLES;
    if (l->n < EK_LATENCY_SAMPLES) l->n++;
}

static void note_spike(ek_store *s, ek_latency_event event, int64_t us) {
    ek_stats *stats = ek_stats_of(s);
    int64_t threshold = s->root->config.latency_monitor_threshold;
    if (stats && threshold && us >= threshold * 1000)
        add_sample(stats, event, ek_store_now_us(s) / 1000000, us / 1000);
}

void ek_stats_expired(ek_store *s, int64_t us) { note_spike(s, EK_LATENCY_EXPIRY, us); }

void ek_stats_evicted(ek_store *s, int64_t us, bool exceeded) {
    ek_stats *stats = ek_stats_of(s);
    if (!stats) return;
    int64_t now = ek_clock_monotonic_us();
    note_spike(s, EK_LATENCY_EVICTION, us);
    if (exceeded && !stats->exceeded_since_us) stats->exceeded_since_us = now;
    if (exceeded || !stats->exceeded_since_us) return;
    stats->exceeded_us += (uint64_t)(now - stats->exceeded_since_us);
    stats->exceeded_since_us = 0;
}

typedef struct logging {
    ek_ctx *c;
    const ek_client *served; /* whose command waited; NULL: it is the session's own */
    int64_t us;
} logging;

/* AUTH and its like are logged without what nobody may read. */
static void log_slow(void *arg) {
    const logging *l = arg;
    ek_ctx *c = l->c;
    ek_str words[EK_SLOWLOG_WORDS];
    const ek_str *argv = c->argv;
    if (c->argc <= EK_SLOWLOG_WORDS) {
        for (size_t i = 0; i < c->argc; i++)
            words[i] = ek_is_secret(c->cmd, c->argc, c->argv, i) ? REDACTED : c->argv[i];
        argv = words;
    }
    char address[EK_ADDRESS_BYTES] = "?:0";
    ek_str from = {(const uint8_t *)address, strlen(address)}, name = {0};
    if (l->served) {
        from = ek_client_fact(c->s, l->served->addr);
        name = ek_client_fact(c->s, l->served->name);
    } else if (!c->session->in_script) {
        from.n = ek_session_address(c->session, false, false, address);
        name = c->session->name;
    }
    ek_slowlog_add(c->s, from, name, l->us, c->argc, argv);
    ek_slowlog_trim(c->s, (uint64_t)c->s->root->config.slowlog_max_len);
}

/* In a transaction of its own, or as a part of the one that is open; without memory, not at all. */
static void log_if_slow(ek_ctx *c, const ek_client *served, int64_t us) {
    int64_t threshold = c->s->root->config.slowlog_log_slower_than;
    if (threshold < 0 || us < threshold || c->cmd->flags & EK_CMD_SKIP_SLOWLOG) return;
    logging l = {.c = c, .served = served, .us = us};
    if (c->a->level == 0 && !served) {
        ek_run(c->a, log_slow, &l);
        return;
    }
    ek_guard g;
    ek_savepoint sp = ek_save(c->a);
    if (EK_GUARD(c->a, &g) != EK_OK) {
        ek_undo(c->a, &sp);
        return;
    }
    log_slow(&l);
    ek_unguard(c->a, &g);
}

static void take_time(ek_ctx *c, ek_stats *stats, ek_command_figures *of, const ek_client *served,
                      int64_t us) {
    const ek_config *config = &c->s->root->config;
    of->us += (uint64_t)us;
    of->timed += !served;
    if (c->session->blocked) return; /* it is told when it is served */
    if (config->latency_tracking) ek_figures_add_time(c->s, c->cmd->id, us);
    if (config->latency_monitor_threshold && us >= config->latency_monitor_threshold * 1000)
        add_sample(stats, c->cmd->flags & EK_CMD_FAST ? EK_LATENCY_FAST : EK_LATENCY_COMMAND,
                   ek_store_now_us(c->s) / 1000000, us / 1000);
    log_if_slow(c, served, us);
}

void ek_stats_command_slow(ek_ctx *c, int64_t us) {
    ek_stats *stats = ek_stats_of(c->s);
    if (!stats) return;
    ek_command_figures *of = &c->s->figures->commands[c->cmd->id];
    bool failed = ek_reply_is_error(c->reply, c->mark);
    if (EK_UNLIKELY(failed) && !c->error_told) ek_figures_add_error(c->s, code_of(c->reply, c->mark));
    if (EK_UNLIKELY(c->refused)) {
        of->rejected++;
        return;
    }
    of->calls++;
    of->failed += failed;
    if (us >= 0) take_time(c, stats, of, NULL, us);
}

void ek_stats_rejected(ek_session *session, const ek_command *cmd, const ek_reply *reply,
                       size_t mark) {
    if (!ek_reply_is_error(reply, mark)) return;
    if (cmd) session->s->figures->commands[cmd->id].rejected++;
    ek_figures_add_error(session->s, code_of(reply, mark));
}

void ek_stats_refused_script(ek_store *s, const ek_command *cmd) {
    if (cmd) s->figures->commands[cmd->id].rejected++;
    ek_figures_add_error(s, ERR);
}

void ek_stats_served(ek_ctx *c, const ek_client *client, int64_t us) {
    ek_stats *stats = ek_stats_of(c->s);
    if (stats) take_time(c, stats, &c->s->figures->commands[c->cmd->id], client, us);
}
