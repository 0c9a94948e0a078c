/* Settings: what CONFIG GET and SET name.
 *
 *   ek_setting (a constant row)   name, kind, bounds, what it begins as, and where its value lies:
 *     EK_IN_STORE     a field of ek_config, in the arena: what values depend on, or several
 *                     processes must agree on. Lock: the store's; announced as everything else.
 *     EK_IN_PROCESS   a field of ek_settings, malloc, hanging from the process's handle: what one
 *                     server listens on, logs to, allows.
 *     EK_KEPT         nowhere yet: means nothing here. It is kept for the process and told back.
 *
 * A setting that begins to mean something becomes a field and changes its row; nothing else. */
#ifndef EK_STORE_CONFIG_H
#define EK_STORE_CONFIG_H

#include <sys/types.h>

#include "arena/arena.h"
#include "base/base.h"

struct ek_store;

/* Bytes that wait for a client before it is closed: at once, or when `soft` is exceeded for as long. */
typedef struct ek_output_limit {
    int64_t hard, soft, soft_seconds;
} ek_output_limit;

enum { EK_CLIENT_NORMAL, EK_CLIENT_REPLICA, EK_CLIENT_PUBSUB, EK_CLIENT_CLASSES };

/* In the arena. Numbers that have unsigned values hold their bits. */
typedef struct ek_config {
    int64_t hash_max_listpack_entries, hash_max_listpack_value;
    int64_t set_max_intset_entries;
    int64_t zset_max_listpack_entries, zset_max_listpack_value;
    int64_t list_max_listpack_size; /* > 0: entries a node; -1..-5: 4, 8, 16, 32, 64 KiB */
    int64_t list_compress_depth;    /* kept for CONFIG GET; nodes are never compressed */
    int64_t stream_node_max_bytes, stream_node_max_entries;
    int64_t stream_idmp_duration, stream_idmp_maxsize;
    int64_t hll_sparse_max_bytes;
    int64_t proto_max_bulk_len;
    int64_t notify_keyspace_events; /* see notify.h; 0: nobody is told anything */
    int64_t slowlog_log_slower_than, slowlog_max_len; /* microseconds (-1: never), entries */
    int64_t latency_monitor_threshold, latency_tracking;
    int64_t tracking_table_max_keys;
    int64_t active_expire_effort;
    int64_t maxmemory, maxmemory_policy, maxmemory_samples, maxmemory_clients;
    int64_t maxmemory_eviction_tenacity;
    int64_t lfu_log_factor, lfu_decay_time;
    int64_t lua_time_limit;
    int64_t lua_memory_limit; /* bytes of each Lua state; not a server's setting */
    int64_t acl_pubsub_default, acllog_max_len; /* EK_PUBSUB_* */
    int64_t appendonly, appendfsync, aof_timestamp_enabled, no_appendfsync_on_rewrite;
    int64_t rdbcompression, rdbchecksum, stop_writes_on_bgsave_error;
    int64_t aof_load_truncated, aof_use_rdb_preamble;
    int64_t auto_aof_rewrite_percentage, auto_aof_rewrite_min_size;
    int64_t rdb_key_save_delay; /* of tests: microseconds for each key; < 0: one for so many keys */
    int64_t min_replicas_to_write, min_replicas_max_lag;
    ek_output_limit client_output_limits[EK_CLIENT_CLASSES];
    ek_ref requirepass, save; /* texts, see ek_config_text */
} ek_config;

/* The order of maxmemory-policy's words. */
enum {
    EK_EVICT_VOLATILE_LRU,
    EK_EVICT_VOLATILE_LFU,
    EK_EVICT_VOLATILE_RANDOM,
    EK_EVICT_VOLATILE_TTL,
    EK_EVICT_ALLKEYS_LRU,
    EK_EVICT_ALLKEYS_LFU,
    EK_EVICT_ALLKEYS_RANDOM,
    EK_EVICT_NONE,
    EK_EVICT_ALLKEYS_TINYLFU,
};

enum { EK_PUBSUB_ALL_CHANNELS, EK_PUBSUB_NO_CHANNELS }; /* acl-pubsub-default */
enum { EK_APPENDFSYNC_EVERYSEC, EK_APPENDFSYNC_ALWAYS, EK_APPENDFSYNC_NO }; /* the order of appendfsync */

enum { EK_ENABLE_NO, EK_ENABLE_YES, EK_ENABLE_LOCAL }; /* enable-debug-command, and the like */

typedef union ek_setting_value {
    int64_t n;
    char *text; /* malloc, ended by a zero; NULL: empty */
} ek_setting_value;

/* A command that clients of a server know by another name, or by none: see engine/renames.h. */
typedef struct ek_rename {
    const char *own; /* the command's, constant */
    char *now;       /* malloc; "": none */
} ek_rename;

/* Of one process. Lock: the store's. */
typedef struct ek_settings {
    int64_t port, tls_port, tcp_backlog, tcp_keepalive, timeout, maxclients, protected_mode;
    int64_t unixsocketperm, client_query_buffer_limit, hz, io_threads, loglevel;
    int64_t enable_debug_command, enable_module_command, shutdown_timeout, shutdown_on_sigint, shutdown_on_sigterm;
    int64_t tls_auth_clients, tls_prefer_server_ciphers;
    char *aclfile, *bind, *unixsocket, *logfile, *pidfile, *dir, *dbfilename;
    bool logs_to_stdout; /* where there is no logfile, see log.h */
    char *tls_cert_file, *tls_key_file, *tls_key_file_pass, *tls_ca_cert_file, *tls_ca_cert_dir;
    char *tls_protocols, *tls_ciphers, *tls_ciphersuites, *tls_dh_params_file;
    ek_setting_value *kept; /* by the setting's number */
    char *config_file;      /* what CONFIG REWRITE writes; malloc. NULL: there is none */
    ek_rename *renames;
    size_t nrenames;

    /* Called by CONFIG SET when the values stand, once for each setting of EK_IN_PROCESS that was
     * named, with the lock held. False, with the reason in `err`: it takes all of them back, and
     * tells of those that it had told of again. The server that listens: see net/doors.c. */
    bool (*changed)(struct ek_settings *settings, const char *name, char *err, size_t errlen);
    void *server;
    pid_t server_pid;
} ek_settings;

typedef enum ek_setting_kind {
    EK_SETTING_BOOL,
    EK_SETTING_INTEGER,
    EK_SETTING_OCTAL,
    EK_SETTING_MEMORY,   /* bytes, with units */
    EK_SETTING_UNSIGNED, /* likewise, up to 2^64 - 1 */
    EK_SETTING_PERCENT,  /* likewise, or a percentage, kept negative */
    EK_SETTING_ENUM,     /* the number of a word */
    EK_SETTING_ENUMS,    /* a bit for each word but the first, which stands for none */
    EK_SETTING_TEXT,
    EK_SETTING_SAVE,     /* a text: pairs of seconds and changes */
    EK_SETTING_PERCENTILES,
    EK_SETTING_SCORES, /* oom-score-adj-values */
    EK_SETTING_HOSTNAME,
    EK_SETTING_EVENTS,
    EK_SETTING_LIMITS,
    EK_SETTING_DATABASES,
} ek_setting_kind;

typedef enum ek_setting_home { EK_KEPT, EK_IN_STORE, EK_IN_PROCESS } ek_setting_home;

enum {
    EK_SETTING_IMMUTABLE = 1 << 0,
    EK_SETTING_PROTECTED = 1 << 1, /* changed by nobody, since enable-protected-configs is no */
    EK_SETTING_SECRET = 1 << 2,
    EK_SETTING_OFF = 1 << 3, /* cannot be set to yes: what it turns on is not here */
    EK_SETTING_HIDDEN = 1 << 4, /* told only to who asks for it by its name */
    EK_SETTING_FILENAME = 1 << 5, /* a text: of a file in the store's folder, so no path */
    EK_SETTING_NEEDED = 1 << 6,   /* a text: cannot be empty */
};

typedef struct ek_setting {
    const char *name, *alias;
    ek_setting_kind kind;
    ek_setting_home home;
    uint32_t flags;
    size_t offset; /* in the struct of its home */
    int64_t begins, min, max;
    int64_t at_least, at_most; /* what lies beyond is brought here (both 0: nothing is) */
    const char *begins_text;
    const char *const *words;
} ek_setting;

unsigned ek_setting_count(void);
const ek_setting *ek_setting_at(unsigned i);
/* By name or alias, in any case; *as (may be NULL) is that of the two. NULL: there is none. */
const ek_setting *ek_setting_find(ek_str name, const char **as);

/* The value as text, ended by a zero, of at most cap - 1 bytes; how long it is. */
size_t ek_setting_print(const struct ek_store *s, const ek_setting *setting, char *out, size_t cap);

/* A value that was understood; `text` points into what was parsed or the static data. */
typedef struct ek_setting_parsed {
    int64_t n;
    ek_str text;
    ek_output_limit limits[EK_CLIENT_CLASSES];
} ek_setting_parsed;

/* False: no value for it, with the reason in `err`. Changes nothing. */
bool ek_setting_parse(const struct ek_store *s, const ek_setting *setting, ek_str text,
                      ek_setting_parsed *out, char *err, size_t errlen);
/* In a transaction for those of EK_IN_STORE, which raise; the others return false: no memory. */
bool ek_setting_store(struct ek_store *s, const ek_setting *setting, const ek_setting_parsed *v);
/* Is it what it begins as? */
bool ek_setting_is_begin(const struct ek_store *s, const ek_setting *setting);

/* A text of ek_config. */
ek_str ek_config_text(const ek_arena *a, ek_ref text);
/* The next rule of the text of `save`, which moves on: so many changes in so many seconds. */
bool ek_config_next_rule(ek_str *rules, int64_t *seconds, int64_t *changes);

void ek_config_begin(ek_config *config); /* what a new store begins with */
ek_settings *ek_settings_new(void);      /* NULL: no memory */
ek_settings *ek_settings_copy(const ek_settings *from);
void ek_settings_free(ek_settings *settings);
bool ek_settings_rename(ek_settings *settings, const char *own, ek_str now); /* false: no memory */

#endif
