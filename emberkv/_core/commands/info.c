/* INFO: what there is to say about the store, by section, under the names that clients know.
 *
 * The fields are redis-server's, in its order. What there is nothing of here (a fork that saves, a
 * replica, a module) is told as a server tells it that does none of that. */
#include "base/clock.h"
#include "base/number.h"
#include "commands/tables.h"
#include "engine/context.h"
#include "engine/stats.h"
#include "engine/version.h"
#include "store/client.h"
#include "store/feed.h"
#include "store/garbage.h"
#include "store/keyspace.h"
#include "store/saving.h"
#include "store/string.h"
#include "store/value_hash.h"
#include "store/value_list.h"
#include "store/value_set.h"
#include "store/value_zset.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    TEXT_BYTES = 192 << 10, /* more than all sections together, but for the keyspace */
    DATABASE_BYTES = 4096, /* with the sizes of its keys */
    HUMAN_BYTES = 32,
    TTL_SAMPLES = 32,
    SIZE_SAMPLES = 4096,
    SIZE_STEPS = 65,
    RATE_MIN_US = 100000,
    RATE_MAX_US = 60000000,
};

/* Text that grows to its cap and no further; every section together stays below it. */
typedef struct text {
    char *p;
    size_t n, cap;
} text;

static void EK_PRINTF(2, 3) put(text *t, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(t->p + t->n, t->cap - t->n, fmt, args);
    va_end(args);
    if (n > 0) t->n = ek_min(t->n + (size_t)n, t->cap - 1);
}

static void put_number(text *t, const char *name, uint64_t v) {
    put(t, "%s:%llu\r\n", name, (unsigned long long)v);
}

/* Fields whose value is 0 here. */
static void put_zeros(text *t, const char *const *names) {
    for (; *names; names++) put(t, "%s:0\r\n", *names);
}
#define PUT_ZEROS(t, ...) put_zeros((t), (const char *const[]){__VA_ARGS__, NULL})

/* Bytes as people read them: 1.50K. */
static void put_human(text *t, const char *name, uint64_t v) {
    static const char units[] = "BKMGTP";
    double shown = (double)v;
    unsigned unit = 0;
    while (shown >= 1024 && units[unit + 1]) {
        shown /= 1024;
        unit++;
    }
    if (unit) put(t, "%s_human:%.2f%c\r\n", name, shown, units[unit]);
    else put(t, "%s_human:%lluB\r\n", name, (unsigned long long)v);
}

static void put_both(text *t, const char *name, uint64_t v) {
    put_number(t, name, v);
    put_human(t, name, v);
}

/* --- sections --- */

static void put_server(ek_ctx *c, text *t) {
    struct utsname os;
    bool known = uname(&os) == 0;
    const ek_frontend *f = c->session->frontend;
    const ek_stats *stats = ek_stats_of(c->s);
    int64_t now_us = ek_store_now_us(c->s);
    int64_t began_us = f ? f->started_ms * 1000 : stats ? stats->started_us : now_us;
    int64_t up_s = now_us > began_us ? (now_us - began_us) / 1000000 : 0;
    char path[512];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    put(t, "redis_version:%s\r\n", EK_REDIS_VERSION);
    put(t, "redis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:0\r\n");
    put(t, "redis_mode:standalone\r\n");
    put(t, "os:%s %s %s\r\n", known ? os.sysname : "", known ? os.release : "",
        known ? os.machine : "");
    put(t, "arch_bits:64\r\n");
    put(t, "monotonic_clock:POSIX clock_gettime\r\n");
    put(t, "multiplexing_api:epoll\r\n");
    put(t, "atomicvar_api:c11-builtin\r\n");
    put(t, "gcc_version:%d.%d.%d\r\n", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
    put(t, "process_id:%d\r\n", (int)getpid());
    put(t, "process_supervised:no\r\n");
    put(t, "run_id:");
    for (unsigned i = 0; i < 5; i++) put(t, "%08x", stats ? stats->run_id[i] : 0);
    put(t, "\r\ntcp_port:%d\r\n", f ? f->port : 0);
    put(t, "server_time_usec:%lld\r\n", (long long)now_us);
    put_number(t, "uptime_in_seconds", (uint64_t)up_s);
    put_number(t, "uptime_in_days", (uint64_t)up_s / 86400);
    put_number(t, "hz", (uint64_t)c->s->settings->hz);
    put_number(t, "configured_hz", (uint64_t)c->s->settings->hz);
    put_number(t, "lru_clock", ek_access_now(c->s) / EK_ACCESS_SECOND);
    put(t, "executable:%s\r\nconfig_file:%s\r\nio_threads_active:0\r\n", path,
        c->s->settings->config_file ? c->s->settings->config_file : "");
}

typedef struct counting {
    uint64_t connected, blocked, tracking;
} counting;

static void count_client(void *arg, ek_client *client) {
    counting *n = arg;
    if (client->flags & EK_CLIENT_OF_SERVER) n->connected++;
    if (client->wait) n->blocked++;
    if (client->tracking) n->tracking++;
}

static void put_clients(ek_ctx *c, text *t) {
    counting n = {0};
    size_t most_in = 0, most_out = 0;
    ek_client_each(c->s, count_client, &n);
    for (const ek_session *s = c->s->sessions; s; s = s->next) {
        if (!s->connection) continue;
        n.blocked += s->connection->postponed;
        most_in = ek_max(most_in, s->connection->qbuf + s->connection->qbuf_free);
        most_out = ek_max(most_out, s->connection->omem);
    }
    put_number(t, "connected_clients", n.connected);
    PUT_ZEROS(t, "cluster_connections");
    put_number(t, "maxclients", (uint64_t)c->s->settings->maxclients);
    put_number(t, "client_recent_max_input_buffer", most_in);
    put_number(t, "client_recent_max_output_buffer", most_out);
    put_number(t, "blocked_clients", n.blocked);
    put_number(t, "tracking_clients", n.tracking);
    PUT_ZEROS(t, "clients_in_timeout_table");
}

static uint64_t system_bytes(void) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

static double ratio(uint64_t a, uint64_t b) { return b ? (double)a / (double)b : 0; }

static void put_memory(ek_ctx *c, text *t) {
    uint64_t used = c->a->hdr->used_bytes, resident = ek_arena_resident(c->a) + ek_figures_resident(c->s);
    uint64_t peak = ek_max(c->a->hdr->peak_bytes, used);
    uint64_t heap = (uint64_t)(c->a->hdr->heap_pages - c->a->hdr->away_pages) * EK_PAGE, tables = 0;
    const ek_config *config = &c->s->root->config;
    for (uint32_t i = 0; i < c->s->root->ndbs; i++)
        tables += ek_table_bytes(c->a, &c->s->dbs[i].keys) +
                  ek_table_bytes(c->a, &c->s->dbs[i].expires);
    uint64_t data = used > tables ? used - tables : 0;
    put_both(t, "used_memory", used);
    put_both(t, "used_memory_rss", resident);
    put_both(t, "used_memory_peak", peak);
    put(t, "used_memory_peak_perc:%.2f%%\r\n", 100 * ratio(used, peak));
    put_number(t, "used_memory_overhead", tables);
    PUT_ZEROS(t, "used_memory_startup");
    put_number(t, "used_memory_dataset", data);
    put(t, "used_memory_dataset_perc:%.2f%%\r\n", 100 * ratio(data, used));
    put_number(t, "allocator_allocated", used);
    put_number(t, "allocator_active", heap);
    put_number(t, "allocator_resident", resident);
    put_both(t, "total_system_memory", system_bytes());
    PUT_ZEROS(t, "used_memory_lua", "used_memory_vm_eval");
    put(t, "used_memory_lua_human:0B\r\n");
    PUT_ZEROS(t, "used_memory_scripts_eval", "number_of_cached_scripts", "number_of_functions",
              "number_of_libraries", "used_memory_vm_functions", "used_memory_vm_total");
    put(t, "used_memory_vm_total_human:0B\r\n");
    PUT_ZEROS(t, "used_memory_functions", "used_memory_scripts");
    put(t, "used_memory_scripts_human:0B\r\n");
    put_both(t, "maxmemory", (uint64_t)config->maxmemory);
    char policy[32];
    ek_setting_print(c->s, ek_setting_find((ek_str){(const uint8_t *)"maxmemory-policy", 16}, NULL),
                     policy, sizeof policy);
    put(t, "maxmemory_policy:%s\r\n", policy);
    put(t, "allocator_frag_ratio:%.2f\r\n", ratio(heap, used));
    put_number(t, "allocator_frag_bytes", heap > used ? heap - used : 0);
    put(t, "allocator_rss_ratio:%.2f\r\n", ratio(resident, heap));
    put_number(t, "allocator_rss_bytes", resident - heap);
    put(t, "rss_overhead_ratio:1.00\r\nrss_overhead_bytes:0\r\n");
    put(t, "mem_fragmentation_ratio:%.2f\r\n", ratio(resident, used));
    put_number(t, "mem_fragmentation_bytes", resident > used ? resident - used : 0);
    put_number(t, "mem_not_counted_for_evict", c->s->root->feed.bytes);
    PUT_ZEROS(t, "mem_replication_backlog", "mem_total_replication_buffers", "mem_clients_slaves");
    uint64_t clients = 0;
    for (const ek_session *s = c->s->sessions; s; s = s->next)
        if (s->connection) clients += ek_session_bytes(s);
    put_number(t, "mem_clients_normal", clients);
    PUT_ZEROS(t, "mem_cluster_links");
    put_number(t, "mem_aof_buffer", c->s->root->feed.bytes);
    put(t, "mem_allocator:emberkv\r\nactive_defrag_running:0\r\n");
    put_number(t, "lazyfree_pending_objects", ek_garbage_waits(c->s));
    put_number(t, "lazyfreed_objects", c->s->root->stat_lazyfreed);
}

static void put_saving(ek_ctx *c, text *t) {
    const ek_saving *sv = &c->s->root->saving;
    ek_saving_kind runs = ek_saving_runs(c->s);
    put_number(t, "current_save_keys_processed", runs ? sv->keys_done : 0);
    put_number(t, "current_save_keys_total", runs ? sv->keys_total : 0);
    put_number(t, "rdb_changes_since_last_save", c->s->root->dirty - sv->last_dirty);
    put_number(t, "rdb_bgsave_in_progress", runs == EK_SAVING_RDB);
    put_number(t, "rdb_last_save_time", (uint64_t)sv->last_s);
    put(t, "rdb_last_bgsave_status:%s\r\n", ek_saving_failed(c->s) ? "err" : "ok");
    put(t, "rdb_last_bgsave_time_sec:%lld\r\n", (long long)sv->took_s);
    put(t, "rdb_current_bgsave_time_sec:%lld\r\n",
        runs == EK_SAVING_RDB ? (long long)(ek_clock_ms() - sv->began_ms) / 1000 : -1);
    put_number(t, "rdb_saves", sv->nsaves);
    PUT_ZEROS(t, "rdb_last_cow_size");
    put_number(t, "rdb_last_load_keys_expired", sv->loaded_expired);
    put_number(t, "rdb_last_load_keys_loaded", sv->loaded_keys);
}

static void put_log(ek_ctx *c, text *t) {
    static const ek_feed_state none;
    const ek_saving *sv = &c->s->root->saving;
    const ek_feed_state *state = c->s->aof ? ek_feed_state_of(c->a) : &none;
    bool rewrites = ek_saving_runs(c->s) == EK_SAVING_AOF, on = c->s->root->config.appendonly;
    put_number(t, "aof_enabled", on);
    put_number(t, "aof_rewrite_in_progress", rewrites);
    put_number(t, "aof_rewrite_scheduled", sv->scheduled == EK_SAVING_AOF);
    put(t, "aof_last_rewrite_time_sec:%lld\r\n",
        state->rewrite_us ? (long long)(state->rewrite_us / 1000000) : -1);
    put(t, "aof_current_rewrite_time_sec:%lld\r\n",
        rewrites ? (long long)(ek_clock_ms() - sv->began_ms) / 1000 : -1);
    put(t, "aof_last_bgrewrite_status:%s\r\n", state->rewrite_failed ? "err" : "ok");
    put_number(t, "aof_rewrites", sv->nrewrites);
    put_number(t, "aof_rewrites_consecutive_failures", state->failures_in_a_row);
    put(t, "aof_last_write_status:%s\r\n", state->error ? "err" : "ok");
    PUT_ZEROS(t, "aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size");
    if (!on) return;
    put_number(t, "aof_current_size", state->past_bytes + ek_feed_file_bytes(c->s));
    put_number(t, "aof_base_size", state->base_bytes);
    PUT_ZEROS(t, "aof_pending_rewrite");
    put_number(t, "aof_buffer_length", c->s->root->feed.tail - state->written);
    PUT_ZEROS(t, "aof_pending_bio_fsync", "aof_delayed_fsync");
}

static void put_persistence(ek_ctx *c, text *t) {
    PUT_ZEROS(t, "loading", "async_loading", "current_cow_peak", "current_cow_size",
              "current_cow_size_age");
    put(t, "current_fork_perc:0.00\r\n");
    put_saving(c, t);
    put_log(c, t);
}

static uint64_t commands_run(const ek_store *s) {
    uint64_t n = 0;
    for (unsigned i = 0; i < ek_command_count(); i++) n += ek_figures_of_command(s, i).calls;
    return n;
}

/* A server knows its own rate. Otherwise it is the mean since INFO last asked, if that was not long ago. */
static uint64_t commands_per_second(ek_ctx *c, const ek_frontend *f, uint64_t commands) {
    ek_stats *stats = ek_stats_of(c->s);
    if (f || !stats) return f ? f->commands_per_second : 0;
    int64_t now_us = ek_clock_monotonic_us(), past_us = now_us - stats->looked_us;
    if (past_us < RATE_MIN_US) return stats->rate;
    bool recent = stats->looked_us && past_us < RATE_MAX_US && commands > stats->looked_commands;
    stats->rate = recent ? (commands - stats->looked_commands) * 1000000 / (uint64_t)past_us : 0;
    stats->looked_us = now_us;
    stats->looked_commands = commands;
    return stats->rate;
}

static void put_stats(ek_ctx *c, text *t) {
    static const ek_frontend none;
    const ek_frontend *f = c->session->frontend ? c->session->frontend : &none;
    const ek_store_root *r = c->s->root;
    const ek_stats *stats = ek_stats_of(c->s);
    put_number(t, "total_connections_received", f->connections);
    uint64_t commands = commands_run(c->s), hits, misses;
    put_number(t, "total_commands_processed", commands);
    put_number(t, "instantaneous_ops_per_sec", commands_per_second(c, c->session->frontend, commands));
    put_number(t, "total_net_input_bytes", f->input_bytes);
    put_number(t, "total_net_output_bytes", f->output_bytes);
    PUT_ZEROS(t, "total_net_repl_input_bytes", "total_net_repl_output_bytes");
    put(t, "instantaneous_input_kbps:%.2f\r\n", (double)f->input_per_second / 1024);
    put(t, "instantaneous_output_kbps:%.2f\r\n", (double)f->output_per_second / 1024);
    put(t, "instantaneous_input_repl_kbps:0.00\r\ninstantaneous_output_repl_kbps:0.00\r\n");
    put_number(t, "rejected_connections", f->rejected);
    PUT_ZEROS(t, "sync_full", "sync_partial_ok", "sync_partial_err");
    put_number(t, "expired_keys", r->stat_expired);
    put(t, "expired_stale_perc:0.00\r\n");
    PUT_ZEROS(t, "expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds");
    put_number(t, "evicted_keys", r->stat_evicted);
    put_number(t, "evicted_clients", f->evicted);
    uint64_t now_ms = stats && stats->exceeded_since_us
                          ? (uint64_t)(ek_clock_monotonic_us() - stats->exceeded_since_us) / 1000
                          : 0;
    put_number(t, "total_eviction_exceeded_time", (stats ? stats->exceeded_us / 1000 : 0) + now_ms);
    put_number(t, "current_eviction_exceeded_time", now_ms);
    ek_figures_keyspace(c->s, &hits, &misses);
    put_number(t, "keyspace_hits", hits);
    put_number(t, "keyspace_misses", misses);
    put_number(t, "pubsub_channels", r->channels.by_name[EK_CHANNEL].count);
    put_number(t, "pubsub_patterns", r->channels.by_name[EK_PATTERN].count);
    put_number(t, "pubsubshard_channels", r->channels.by_name[EK_SHARD_CHANNEL].count);
    PUT_ZEROS(t, "latest_fork_usec", "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys",
              "active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits",
              "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time");
    put_number(t, "tracking_total_keys", r->tracking.keys.count);
    put_number(t, "tracking_total_items", r->tracking.nitems);
    put_number(t, "tracking_total_prefixes", r->tracking.nprefixes);
    PUT_ZEROS(t, "unexpected_error_replies");
    ek_error_figure errors[EK_ERROR_CODES];
    uint64_t all;
    ek_figures_errors(c->s, errors, &all);
    put_number(t, "total_error_replies", all);
    PUT_ZEROS(t, "dump_payload_sanitizations");
    put_number(t, "total_reads_processed", f->reads);
    put_number(t, "total_writes_processed", f->writes);
    PUT_ZEROS(t, "io_threaded_reads_processed", "io_threaded_writes_processed", "reply_buffer_shrinks",
              "reply_buffer_expands");
}

static void put_replication(ek_ctx *c, text *t) {
    put(t, "role:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\n");
    put(t, "master_replid:");
    for (unsigned i = 0; i < 5; i++) put(t, "%08x", c->s->root->replication_id[i]);
    put(t, "\r\nmaster_replid2:%040d\r\n", 0);
    put(t, "master_repl_offset:0\r\nsecond_repl_offset:-1\r\nrepl_backlog_active:0\r\n");
    put(t, "repl_backlog_size:1048576\r\nrepl_backlog_first_byte_offset:0\r\n");
    put(t, "repl_backlog_histlen:0\r\n");
}

static void put_time(text *t, const char *name, const struct timeval *v) {
    put(t, "%s:%ld.%06ld\r\n", name, (long)v->tv_sec, (long)v->tv_usec);
}

static void put_cpu(ek_ctx *c, text *t) {
    struct rusage self = {0}, children = {0}, thread = {0};
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
#ifdef RUSAGE_THREAD
    getrusage(RUSAGE_THREAD, &thread);
#endif
    put_time(t, "used_cpu_sys", &self.ru_stime);
    put_time(t, "used_cpu_user", &self.ru_utime);
    put_time(t, "used_cpu_sys_children", &children.ru_stime);
    put_time(t, "used_cpu_user_children", &children.ru_utime);
    put_time(t, "used_cpu_sys_main_thread", &thread.ru_stime);
    put_time(t, "used_cpu_user_main_thread", &thread.ru_utime);
}

static void put_modules(ek_ctx *c, text *t) { (void)c, (void)t; }

/* Calls of all processes; the times of those that were timed. */
static void put_commandstats(ek_ctx *c, text *t) {
    for (unsigned i = 0; i < ek_command_count(); i++) {
        ek_command_figures figures = ek_figures_of_command(c->s, i), *of = &figures;
        if (!of->calls && !of->rejected) continue;
        put(t,
            "cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,"
            "failed_calls=%llu\r\n",
            ek_command_at(i)->name, (unsigned long long)of->calls, (unsigned long long)of->us,
            ratio(of->us, of->timed), (unsigned long long)of->rejected,
            (unsigned long long)of->failed);
    }
}

static void put_errorstats(ek_ctx *c, text *t) {
    ek_error_figure errors[EK_ERROR_CODES];
    uint64_t all;
    unsigned n = ek_figures_errors(c->s, errors, &all);
    for (unsigned i = 0; i < n; i++)
        put(t, "errorstat_%s:count=%llu\r\n", errors[i].code, (unsigned long long)errors[i].count);
}

/* The time that so many percent of the calls stayed below, as fine as the histogram is. */
static double percentile(const uint64_t *histogram, double percent) {
    double all = 0, sum = 0;
    for (unsigned i = 0; i < EK_HISTOGRAM_STEPS; i++) all += histogram[i];
    double wanted = all * percent / 100;
    for (unsigned i = 0; i < EK_HISTOGRAM_STEPS; i++) {
        sum += histogram[i];
        if (histogram[i] && sum >= wanted) return (double)((uint64_t)1 << i);
    }
    return 0;
}

static void put_latencystats(ek_ctx *c, text *t) {
    static const ek_str name = {(const uint8_t *)"latency-tracking-info-percentiles", 33};
    char asked[256];
    size_t n = ek_setting_print(c->s, ek_setting_find(name, NULL), asked, sizeof asked);
    if (!c->s->root->config.latency_tracking || n == 0 || n >= sizeof asked) return;
    for (unsigned i = 0; i < ek_command_count(); i++) {
        uint64_t of[EK_HISTOGRAM_STEPS];
        if (!ek_figures_histogram(c->s, i, of)) continue;
        put(t, "latency_percentiles_usec_%s:", ek_command_at(i)->name);
        for (const char *p = asked; *p; p += *p == ' ') {
            size_t len = strcspn(p, " ");
            double percent = 0;
            ek_parse_double((const uint8_t *)p, len, &percent);
            put(t, "%sp%.*s=%.3f", p == asked ? "" : ",", (int)len, p, percentile(of, percent));
            p += len;
        }
        put(t, "\r\n");
    }
}

static void put_cluster(ek_ctx *c, text *t) { put(t, "cluster_enabled:0\r\n"); }

/* The mean time to live that is left to some keys. */
static uint64_t average_ttl(ek_ctx *c, const ek_db *db) {
    int64_t sum = 0, n = 0, now = ek_now_ms(c);
    for (int i = 0; db->expires.count && i < TTL_SAMPLES; i++) {
        ek_ref item = ek_table_random(c->a, &db->expires, &c->s->random);
        int64_t left = item ? ek_entry_expire(c->a, item) - now : 0;
        if (left <= 0) continue;
        sum += left / TTL_SAMPLES; /* it may be centuries */
        n++;
    }
    return n ? (uint64_t)(sum / n * TTL_SAMPLES) : 0;
}

static void put_keyspace(ek_ctx *c, text *t) {
    for (uint32_t i = 0; i < c->s->root->ndbs; i++) {
        const ek_db *db = &c->s->dbs[i];
        if (db->keys.count)
            put(t, "db%u:keys=%u,expires=%u,avg_ttl=%llu\r\n", i, db->keys.count,
                db->expires.count, (unsigned long long)average_ttl(c, db));
    }
}

/* --- sizes of keys --- */

typedef struct sizing {
    ek_ctx *c;
    int64_t now_ms;
    uint64_t seen[EK_STREAM][SIZE_STEPS]; /* by the powers of two */
} sizing;

static uint64_t size_of(const sizing *z, const ek_value *v) {
    const ek_arena *a = z->c->a;
    switch (v->type) {
    case EK_STRING: return ek_string_len(v);
    case EK_LIST: return ek_value_list_of(v)->count;
    case EK_SET_TYPE: return ek_set_len(a, v);
    case EK_ZSET: return ek_zset_count(a, v);
    default: return ek_hash_len(z->c->s, v, z->now_ms);
    }
}

static bool add_size(void *arg, ek_ref entry) {
    sizing *z = arg;
    ek_value v;
    ek_entry_read(z->c->a, entry, &v);
    if (v.type >= EK_STREAM) return true;
    uint64_t n = size_of(z, &v);
    z->seen[v.type][n ? 64 - (unsigned)__builtin_clzll(n) : 0]++;
    return true;
}

static void put_size(text *t, unsigned step) {
    static const char units[] = " KMGT";
    unsigned power = step ? step - 1 : 0;
    if (!step) put(t, "0");
    else put(t, "%u%.*s", 1u << power % 10, power >= 10, &units[power / 10]);
}

static void put_sizes_of(ek_ctx *c, text *t, uint32_t dbi) {
    static const char *const names[EK_STREAM] = {
        "strings_sizes", "lists_items", "sets_items", "zsets_items", "hashes_items",
    };
    const ek_table *keys = &c->s->dbs[dbi].keys;
    sizing z = {.c = c, .now_ms = ek_now_ms(c)};
    bool few = keys->count <= SIZE_SAMPLES;
    for (unsigned i = 0; !few && i < SIZE_SAMPLES; i++)
        add_size(&z, ek_table_random(c->a, keys, &c->s->random));
    if (few) ek_table_each(c->a, keys, add_size, &z);
    for (unsigned type = 0; type < EK_STREAM; type++) {
        bool any = false;
        for (unsigned i = 0; i < SIZE_STEPS; i++) {
            uint64_t n = z.seen[type][i];
            if (!n) continue;
            if (any) put(t, ",");
            else put(t, "db%u_distrib_%s:", dbi, names[type]);
            put_size(t, i);
            put(t, "=%llu", (unsigned long long)(few ? n : n * keys->count / SIZE_SAMPLES));
            any = true;
        }
        if (any) put(t, "\r\n");
    }
}

/* As Redis 8 tells it. All keys of a database are looked at where they are few; of many a sample is, and
 * what it shows is multiplied. Only who asks for it by name gets it: 7.0 has no such section. */
static void put_keysizes(ek_ctx *c, text *t) {
    for (uint32_t i = 0; i < c->s->root->ndbs; i++)
        if (c->s->dbs[i].keys.count) put_sizes_of(c, t, i);
}

static const struct section {
    const char *word, *title;
    void (*put)(ek_ctx *c, text *t);
    enum { FOR_ALL, BY_DEFAULT, BY_NAME } when;
} sections[] = {
    {"server", "Server", put_server, BY_DEFAULT},
    {"clients", "Clients", put_clients, BY_DEFAULT},
    {"memory", "Memory", put_memory, BY_DEFAULT},
    {"persistence", "Persistence", put_persistence, BY_DEFAULT},
    {"stats", "Stats", put_stats, BY_DEFAULT},
    {"replication", "Replication", put_replication, BY_DEFAULT},
    {"cpu", "CPU", put_cpu, BY_DEFAULT},
    {"modules", "Modules", put_modules, BY_DEFAULT},
    {"commandstats", "Commandstats", put_commandstats, FOR_ALL},
    {"errorstats", "Errorstats", put_errorstats, BY_DEFAULT},
    {"latencystats", "Latencystats", put_latencystats, FOR_ALL},
    {"cluster", "Cluster", put_cluster, BY_DEFAULT},
    {"keyspace", "Keyspace", put_keyspace, BY_DEFAULT},
    {"keysizes", "Keysizes", put_keysizes, BY_NAME},
};

static bool asked(ek_ctx *c, const struct section *section) {
    if (c->argc == 1) return section->when == BY_DEFAULT;
    for (size_t i = 1; i < c->argc; i++)
        if (ek_arg_is(c, i, section->word) ||
            (section->when != BY_NAME && (ek_arg_is(c, i, "all") || ek_arg_is(c, i, "everything"))) ||
            (ek_arg_is(c, i, "default") && section->when == BY_DEFAULT))
            return true;
    return false;
}

void ek_cmd_info(ek_ctx *c) {
    text t = {.cap = TEXT_BYTES + DATABASE_BYTES * (size_t)c->s->root->ndbs};
    t.p = ek_scratch_alloc(c, t.cap);
    for (size_t i = 0; i < EK_COUNTOF(sections); i++) {
        if (!asked(c, &sections[i])) continue;
        put(&t, "%s# %s\r\n", t.n ? "\r\n" : "", sections[i].title);
        sections[i].put(c, &t);
    }
    ek_reply_verbatim(c->reply, "txt", t.p, t.n);
}

void ek_cmd_config_resetstat(ek_ctx *c) {
    ek_store_root *root = c->s->root;
    EK_SET(c->a, root->stat_expired, 0);
    EK_SET(c->a, root->stat_evicted, 0);
    EK_SET(c->a, root->stat_lazyfreed, 0);
    ek_stats_reset(c->s);
    ek_reply_ok(c->reply);
}
