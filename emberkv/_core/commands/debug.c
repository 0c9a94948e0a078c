/* DEBUG: looks into the store and disturbs it. For tests; enable-debug-command says who may. */
#include "commands/config.h"
#include "commands/object.h"
#include "commands/tables.h"
#include "engine/effect.h"
#include "engine/files.h"
#include "store/digest.h"
#include "store/log.h"
#include "store/string.h"
#include "store/value_hash.h"
#include "store/value_list.h"
#include "store/value_set.h"
#include "store/value_zset.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TEXT_BYTES = 1024 };

/* The key that argument 2 names; has replied when false. */
static bool find(ek_ctx *c, ek_value *v) {
    if (ek_peek(c, c->argv[2], v)) return true;
    ek_reply_error(c->reply, "ERR no such key");
    return false;
}

static bool is_true(ek_str word) {
    char text[16];
    snprintf(text, sizeof text, "%.*s", (int)ek_min(word.n, 15), (const char *)word.p);
    return atoi(text) != 0;
}

static void sleep_a_while(ek_ctx *c) {
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)ek_min(c->argv[2].n, 63), (const char *)c->argv[2].p);
    double seconds = strtod(text, NULL);
    if (seconds > 0) {
        struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
        nanosleep(&t, NULL);
    }
    ek_reply_ok(c->reply);
}

/* --- what there is --- */

/* Of its nodes as listpacks with the servers' head and end. O(nodes) */
static size_t saved_list_bytes(const ek_arena *a, const ek_list *l) {
    ek_list_iter it;
    size_t bytes = 0;
    if (!ek_list_seek(a, l, 0, &it)) return 0;
    do bytes += EK_LP_HEADER_BYTES + (size_t)(it.end - it.begin) + EK_LP_END_BYTES;
    while (ek_list_next_node(a, &it));
    return bytes;
}

static size_t list_text(ek_ctx *c, const ek_value *v, char *out, size_t cap) {
    const ek_list *l = ek_value_list_of(v);
    return (size_t)snprintf(out, cap, " ql_nodes:%u ql_avg_node:%.2f ql_listpack_max:%lld "
                                      "ql_compressed:0 ql_uncompressed_size:%zu",
                            l->nodes, l->nodes ? (double)l->count / l->nodes : 0.0,
                            (long long)c->s->root->config.list_max_listpack_size,
                            saved_list_bytes(c->a, l));
}

static void debug_object(ek_ctx *c) {
    ek_value v;
    char text[TEXT_BYTES];
    if (!find(c, &v)) return;
    uint32_t access = ((const ek_entry *)ek_ptr(c->a, v.entry))->access;
    uint32_t lru = access / EK_ACCESS_SECOND; /* as many bits as the servers have */
    size_t bytes = ek_files_above.saved_bytes(c, &v);
    size_t n = (size_t)snprintf(
        text, sizeof text,
        "Value at:0x%x refcount:%d encoding:%s serializedlength:%zu lru:%u lru_seconds_idle:%u",
        v.entry, ek_object_refcount(&v), ek_object_encoding(&v), bytes, lru, ek_access_idle(c->s, access) / EK_ACCESS_SECOND);
    if (v.type == EK_LIST) list_text(c, &v, text + n, sizeof text - n);
    ek_reply_status(c->reply, text);
}

static void debug_listpack(ek_ctx *c) {
    ek_value v;
    if (!find(c, &v)) return;
    if (v.enc != EK_ENC_LISTPACK && v.enc != EK_ENC_LISTPACK_EX) {
        ek_reply_error(c->reply, "ERR Not a listpack encoded object.");
        return;
    }
    fprintf(stdout, "listpack: %zu bytes, %zu entries\n", v.len,
            v.enc == EK_ENC_LISTPACK ? ek_lp_count(v.data, v.data + v.len) : 0);
    ek_reply_status(c->reply, "Listpack structure printed on stdout");
}

static void debug_quicklist(ek_ctx *c) {
    ek_value v;
    if (!find(c, &v)) return;
    if (v.enc != EK_ENC_QUICKLIST) {
        ek_reply_error(c->reply, "ERR Not a quicklist encoded object.");
        return;
    }
    const ek_list *l = ek_value_list_of(&v);
    fprintf(stdout, "quicklist: %llu elements in %u nodes, %zu bytes\n",
            (unsigned long long)l->count, l->nodes, ek_list_bytes(c->a, l));
    ek_reply_status(c->reply, "Quicklist structure printed on stdout");
}

static void debug_sdslen(ek_ctx *c) {
    ek_value v;
    char text[TEXT_BYTES];
    if (!find(c, &v)) return;
    if (v.type != EK_STRING || v.enc == EK_ENC_INT) {
        ek_reply_error(c->reply, "ERR Not an sds encoded string.");
        return;
    }
    snprintf(text, sizeof text,
             "key_sds_len:%zu, key_sds_avail:0, key_zmalloc: %zu, val_sds_len:%zu, "
             "val_sds_avail:0, val_zmalloc: %zu",
             v.key.n, v.key.n, v.len, v.len);
    ek_reply_status(c->reply, text);
}

/* --- tables --- */

static size_t table_text(const ek_arena *a, const ek_table *t, char *out, size_t cap) {
    size_t buckets = ek_table_bytes(a, t) / sizeof(ek_table_bucket);
    size_t n = (size_t)snprintf(out, cap, "Hash table 0 stats (main hash table):\n");
    if (!t->count)
        return n + (size_t)snprintf(out + n, cap - n,
                                    "No stats available for empty dictionaries\n");
    return n + (size_t)snprintf(out + n, cap - n,
                                " table size: %zu\n number of elements: %u\n"
                                " items a bucket: %.2f of %u\n",
                                buckets * EK_TABLE_PLACES, t->count,
                                buckets ? (double)t->count / (double)buckets : 0.0,
                                EK_TABLE_PLACES);
}

static void debug_htstats(ek_ctx *c) {
    int64_t i;
    char text[TEXT_BYTES];
    if (!ek_arg_i64(c, 2, &i)) return;
    if (i < 0 || i >= c->s->root->ndbs) {
        ek_reply_error(c->reply, "ERR Out of range database");
        return;
    }
    const ek_db *db = &c->s->dbs[i];
    size_t n = (size_t)snprintf(text, sizeof text, "[Dictionary HT]\n");
    n += table_text(c->a, &db->keys, text + n, sizeof text - n);
    n += (size_t)snprintf(text + n, sizeof text - n, "[Expires HT]\n");
    n += table_text(c->a, &db->expires, text + n, sizeof text - n);
    ek_reply_verbatim(c->reply, "txt", text, n);
}

/* Roots of big hashes, sets and sorted sets begin with the table of their elements. */
static void debug_htstats_key(ek_ctx *c) {
    ek_value v;
    char text[TEXT_BYTES];
    if (!find(c, &v)) return;
    if (v.enc != EK_ENC_HASHTABLE && v.enc != EK_ENC_HASHTABLE_EX && v.enc != EK_ENC_SKIPLIST) {
        ek_reply_error(c->reply, "ERR The value stored at the specified key is not represented "
                                 "using an hash table");
        return;
    }
    size_t n = table_text(c->a, (const ek_table *)v.data, text, sizeof text);
    ek_reply_verbatim(c->reply, "txt", text, n);
}

/* --- digests --- */

static void reply_digest(ek_ctx *c, const uint8_t digest[EK_SHA1_BYTES]) {
    char text[2 * EK_SHA1_BYTES + 1];
    ek_sha1_print(digest, text);
    ek_reply_status(c->reply, text);
}

static void debug_digest(ek_ctx *c) {
    uint8_t digest[EK_SHA1_BYTES];
    ek_digest_store(c->s, digest);
    reply_digest(c, digest);
}

static void debug_digest_value(ek_ctx *c) {
    ek_reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        uint8_t digest[EK_SHA1_BYTES] = {0};
        ek_value v;
        if (ek_peek(c, c->argv[i], &v)) ek_digest_value(c->s, &v, digest);
        reply_digest(c, digest);
    }
}

/* --- replies of every kind --- */

static void reply_numbers(ek_ctx *c) {
    for (int i = 0; i < 3; i++) ek_reply_int(c->reply, i);
}

static void debug_protocol(ek_ctx *c) {
    ek_reply *r = c->reply;
    if (ek_arg_is(c, 2, "string")) {
        ek_reply_cstr(r, "Hello World");
    } else if (ek_arg_is(c, 2, "integer")) {
        ek_reply_int(r, 12345);
    } else if (ek_arg_is(c, 2, "double")) {
        ek_reply_double(r, 3.141);
    } else if (ek_arg_is(c, 2, "null")) {
        ek_reply_null(r);
    } else if (ek_arg_is(c, 2, "array")) {
        ek_reply_array(r, 3);
        reply_numbers(c);
    } else if (ek_arg_is(c, 2, "set")) {
        ek_reply_set(r, 3);
        reply_numbers(c);
    } else if (ek_arg_is(c, 2, "map")) {
        ek_reply_map(r, 3);
        for (int i = 0; i < 3; i++) {
            ek_reply_int(r, i);
            ek_reply_bool(r, i == 1);
        }
    } else if (ek_arg_is(c, 2, "bignum")) {
        ek_reply_bignum(r, "1234567999999999999999999999999999999");
    } else if (ek_arg_is(c, 2, "attrib")) {
        if (c->resp > 2) {
            ek_reply_attribute(r, 1);
            ek_reply_cstr(r, "key-popularity");
            ek_reply_array(r, 2);
            ek_reply_cstr(r, "key:123");
            ek_reply_int(r, 90);
        }
        ek_reply_cstr(r, "Some real reply following the attribute");
    } else if (ek_arg_is(c, 2, "push")) {
        if (c->resp < 3) {
            ek_reply_error(r, "ERR RESP2 is not supported by this command");
        } else {
            ek_reply_push(r, 2);
            ek_reply_cstr(r, "server-cpu-usage");
            ek_reply_int(r, 42);
            ek_reply_cstr(r, "Some real reply following the push reply");
        }
    } else if (ek_arg_is(c, 2, "verbatim")) {
        static const char text[] = "This is a verbatim\nstring";
        ek_reply_verbatim(r, "txt", text, sizeof text - 1);
    } else if (ek_arg_is(c, 2, "true") || ek_arg_is(c, 2, "false")) {
        ek_reply_bool(r, ek_arg_is(c, 2, "true"));
    } else {
        ek_reply_error(r, "ERR Wrong protocol type name. Please use one of the following: string|"
                          "integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
    }
}

/* --- what disturbs --- */

static void set_switch(ek_ctx *c, uint32_t bit, bool on) {
    uint32_t now = c->s->root->debug;
    EK_SET(c->a, c->s->root->debug, on ? now | bit : now & ~bit);
    ek_reply_ok(c->reply);
}

static void debug_set_active_expire(ek_ctx *c) {
    set_switch(c, EK_STORE_NO_EXPIRY_CYCLE, !is_true(c->argv[2]));
}

static void debug_pause_cron(ek_ctx *c) {
    set_switch(c, EK_STORE_PAUSED, is_true(c->argv[2]));
}

static void debug_set_disable_deny_scripts(ek_ctx *c) {
    set_switch(c, EK_STORE_SCRIPTS_CALL, is_true(c->argv[2]));
}

static bool memory_value(ek_str text, int64_t max, int64_t *out) {
    static const ek_setting setting = {.kind = EK_SETTING_MEMORY, .max = INT64_MAX};
    ek_setting_parsed v;
    char why[64];
    if (!ek_setting_parse(NULL, &setting, text, &v, why, sizeof why) || v.n > max) return false;
    *out = v.n;
    return true;
}

/* Nodes decide by their limit alone: see data/quicklist.h. */
static void debug_quicklist_packed_threshold(ek_ctx *c) {
    int64_t bytes;
    if (memory_value(c->argv[2], UINT32_MAX, &bytes)) ek_reply_ok(c->reply);
    else ek_reply_error(c->reply, "ERR argument must be a memory value bigger than 1 and smaller "
                                  "than 4gb");
}

static void debug_change_repl_id(ek_ctx *c) {
    ek_touch(c->a, c->s->root->replication_id, sizeof c->s->root->replication_id);
    for (unsigned i = 0; i < EK_COUNTOF(c->s->root->replication_id); i++)
        c->s->root->replication_id[i] = (uint32_t)ek_random_next(&c->s->random);
    ek_reply_ok(c->reply);
}

static bool unknown(ek_ctx *c) {
    ek_reply_error(c->reply,
                   "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try DEBUG HELP.",
                   (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
    return false;
}

/* Peak times and sizes of reply buffers are the server's own affair; only the words are checked. */
static void debug_replybuffer(ek_ctx *c) {
    bool time = ek_arg_is(c, 2, "peak-reset-time");
    int64_t ms;
    if (!time && !ek_arg_is(c, 2, "resizing")) {
        unknown(c);
    } else if (!time || ek_arg_is(c, 3, "never") || ek_arg_is(c, 3, "reset") ||
               ek_arg_i64(c, 3, &ms)) {
        ek_reply_ok(c->reply);
    }
}

static void debug_populate(ek_ctx *c) {
    int64_t count, size = 0;
    ek_str prefix = c->argc > 3 ? c->argv[3] : (ek_str){(const uint8_t *)"key", 3};
    static const char range[] = "value is out of range, must be positive";
    if (!ek_arg_range(c, 2, 0, INT64_MAX, &count, range)) return;
    if (c->argc > 4 && !ek_arg_range(c, 4, 0, UINT32_MAX, &size, range)) return;
    size_t key_cap = prefix.n + 24, value_cap = ek_max((size_t)size, 32);
    char *key = ek_scratch_alloc(c, key_cap), *value = ek_scratch_alloc(c, value_cap);
    memcpy(key, prefix.p, prefix.n);
    for (int64_t i = 0; i < count; i++) {
        int n = snprintf(key + prefix.n, 24, ":%lld", (long long)i);
        ek_value v;
        if (ek_lookup(c, (ek_str){(const uint8_t *)key, prefix.n + (size_t)n}, &v)) continue;
        memset(value, 0, value_cap);
        size_t len = (size_t)snprintf(value, value_cap, "value:%lld", (long long)i);
        int64_t integer;
        ek_entry_plan plan = {.key = v.key, .expire_ms = EK_NO_EXPIRE,
                              .access = ek_access_begin(c->s)};
        ek_string_plan(&plan, (ek_str){(const uint8_t *)value, size ? (size_t)size : len}, &integer);
        ek_keyspace_add(c->s, c->db, &plan, v.hash, &v);
        ek_key_changed(c, v.key, EK_EVENT_STRING, "set");
    }
    ek_reply_ok(c->reply);
}

static void debug_stringmatch_len(ek_ctx *c) {
    int64_t n;
    if (!ek_arg_range(c, 2, 0, 1 << 26, &n, NULL)) return;
    uint8_t *text = ek_scratch_alloc(c, (size_t)n + 1);
    memset(text, 'a', (size_t)n);
    ek_reply_int(c->reply, ek_glob_match(c->argv[3], (ek_str){text, (size_t)n}, false));
}

static void debug_error(ek_ctx *c) {
    ek_reply_error(c->reply, "%.*s", (int)ek_min(c->argv[2].n, 500), (const char *)c->argv[2].p);
}

static void debug_reload(ek_ctx *c) {
    ek_effect_none(c); /* the store is afterwards what it was, or what its file says */
    bool save = true, flush = true, merge = false;
    if (c->session->in_script) {
        ek_reply_error(c->reply, "ERR a script cannot have the store loaded anew under it");
        return;
    }
    for (size_t i = 2; i < c->argc; i++) {
        if (ek_arg_is(c, i, "merge")) {
            merge = true;
        } else if (ek_arg_is(c, i, "noflush")) {
            flush = false;
        } else if (ek_arg_is(c, i, "nosave")) {
            save = false;
        } else {
            ek_reply_error(c->reply, "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE "
                                     "options.");
            return;
        }
    }
    ek_files_above.reload(c, save, flush, merge);
}

static void debug_loadaof(ek_ctx *c) {
    ek_effect_none(c); /* likewise */
    ek_files_above.load_log(c);
}

static void reply_ok(ek_ctx *c) { ek_reply_ok(c->reply); }

static void debug_jmap(ek_ctx *c) {
    ek_reply_status(c->reply, "There is no such heap here: see MEMORY MALLOC-STATS");
}

static void debug_stringmatch_test(ek_ctx *c) { ek_reply_status(c->reply, "The matcher stands"); }

static void debug_structsize(ek_ctx *c) {
    char text[TEXT_BYTES];
    int n = snprintf(text, sizeof text, "bits:64 entry:%zu bucket:%zu value:%zu session:%zu ",
                     sizeof(ek_entry), sizeof(ek_table_bucket), sizeof(ek_value),
                     sizeof(ek_session));
    ek_reply_bulk(c->reply, text, (size_t)n);
}

/* Connections of this process by the memory that they take, as DEBUG CLIENT-EVICTION of a server has
 * them: up to 32 KiB, and then by doubling. */
static void debug_client_eviction(ek_ctx *c) {
    enum { BUCKETS = 19, FIRST_BITS = 15, LINE = 96 };
    char text[BUCKETS * LINE];
    uint64_t bytes[BUCKETS] = {0};
    unsigned clients[BUCKETS] = {0};
    size_t n = 0;
    if (!c->s->root->config.maxmemory_clients) {
        ek_reply_error(c->reply, "ERR maxmemory-clients is disabled.");
        return;
    }
    for (const ek_session *s = c->s->sessions; s; s = s->next) {
        const ek_connection *conn = s->connection;
        if (!conn || conn->no_evict) continue;
        size_t used = ek_session_bytes(s);
        unsigned at = 0;
        while (at < BUCKETS - 1 && used >> (FIRST_BITS + at)) at++;
        bytes[at] += used;
        clients[at]++;
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        uint64_t from = i ? (uint64_t)1 << (FIRST_BITS + i - 1) : 0;
        uint64_t to = ((uint64_t)1 << (FIRST_BITS + i)) - 1;
        char range[LINE / 2];
        if (i < BUCKETS - 1)
            snprintf(range, sizeof range, "%10" PRIu64 " - %10" PRIu64, from, to);
        else
            snprintf(range, sizeof range, "%10" PRIu64 "+            ", from);
        n += (size_t)snprintf(text + n, sizeof text - n, "bucket %s: tot-mem: %10" PRIu64 ", clients: %u\n",
                              range, bytes[i], clients[i]);
    }
    ek_reply_verbatim(c->reply, "txt", text, n);
}

static void debug_config_rewrite_force_all(ek_ctx *c) {
    if (ek_config_rewrite(c, true)) ek_reply_ok(c->reply);
    else ek_reply_error(c->reply, "ERR CONFIG-REWRITE-FORCE-ALL failed: %s", strerror(errno));
}

static void debug_log(ek_ctx *c) {
    ek_log(c->s, EK_LOG_WARNING, "DEBUG LOG: %.*s", (int)ek_min(c->argv[2].n, TEXT_BYTES),
           (const char *)c->argv[2].p);
    ek_reply_ok(c->reply);
}

static void debug_help(ek_ctx *c);

static const struct {
    const char *name;
    size_t min, max; /* arguments, the two names counted */
    void (*run)(ek_ctx *c);
    const char *takes, *does;
} subcommands[] = {
    {"aof-flush-sleep", 3, 3, reply_ok, " <microseconds>", "OK: nobody sleeps."},
    {"change-repl-id", 2, 2, debug_change_repl_id, "", "Give the store another replication id."},
    {"client-eviction", 2, 2, debug_client_eviction, "", "Connections by the memory they take."},
    {"config-rewrite-force-all", 2, 2, debug_config_rewrite_force_all, "",
     "CONFIG REWRITE with all settings, also those that are what they begin as."},
    {"digest", 2, 2, debug_digest, "", "A digest of all the data; equal for equal data."},
    {"digest-value", 2, SIZE_MAX, debug_digest_value, " <key> [<key> ...]", "Digests of values."},
    {"error", 3, 3, debug_error, " <text>", "Reply this error."},
    {"help", 2, 2, debug_help, "", "Lists the subcommands."},
    {"htstats", 3, 3, debug_htstats, " <database>", "The tables of a database."},
    {"htstats-key", 3, 3, debug_htstats_key, " <key>", "The table of a value."},
    {"jmap", 2, 2, debug_jmap, "", "Nothing: there is no such heap."},
    {"leak", 3, 3, reply_ok, " <text>", "OK: nothing leaks."},
    {"listpack", 3, 3, debug_listpack, " <key>", "Print a listpack's size on stdout."},
    {"loadaof", 2, 2, debug_loadaof, "", "Empty the store and load the append-only file again."},
    {"log", 3, 3, debug_log, " <text>", "Write a line to the log."},
    {"object", 3, 3, debug_object, " <key>", "How a value is kept."},
    {"pause-cron", 3, 3, debug_pause_cron, " <0|1>", "Stop the housekeeping between commands."},
    {"populate", 3, 5, debug_populate, " <count> [<prefix>] [<size>]", "Make keys prefix:number."},
    {"protocol", 3, 3, debug_protocol, " <type>", "Reply a value of this type."},
    {"quicklist", 3, 4, debug_quicklist, " <key> [<0|1>]", "Print a list's size on stdout."},
    {"quicklist-packed-threshold", 3, 3, debug_quicklist_packed_threshold, " <size>", "OK."},
    {"reload", 2, SIZE_MAX, debug_reload, " [<option> ...]",
     "Save, empty the store and load it again. Options: NOSAVE, NOFLUSH, MERGE."},
    {"replicate", 3, SIZE_MAX, reply_ok, " <text>", "OK: nobody follows this store."},
    {"replybuffer", 4, 4, debug_replybuffer, " <peak-reset-time|resizing> <value>", "OK."},
    {"sdslen", 3, 3, debug_sdslen, " <key>", "Lengths of a key and its string."},
    {"set-active-expire", 3, 3, debug_set_active_expire, " <0|1>",
     "Whether keys that nobody asks for expire too."},
    {"set-disable-deny-scripts", 3, 3, debug_set_disable_deny_scripts, " <0|1>",
     "Whether scripts may call CONFIG, ACL, LATENCY, DEBUG and what blocks."},
    {"set-skip-checksum-validation", 3, 3, reply_ok, " <0|1>", "OK."},
    {"sleep", 3, 3, sleep_a_while, " <seconds>", "Hold the store for a while."},
    {"stringmatch-len", 4, 4, debug_stringmatch_len, " <length> <pattern>",
     "Whether so many a's match the pattern."},
    {"stringmatch-test", 2, 2, debug_stringmatch_test, "", "OK."},
    {"structsize", 2, 2, debug_structsize, "", "Sizes of some structures."},
};

static void debug_help(ek_ctx *c) {
    char line[TEXT_BYTES];
    ek_reply_array(c->reply, 1 + 2 * EK_COUNTOF(subcommands));
    ek_reply_status(c->reply,
                    "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (size_t i = 0; i < EK_COUNTOF(subcommands); i++) {
        size_t n = strlen(subcommands[i].name);
        snprintf(line, sizeof line, "%s%s", subcommands[i].name, subcommands[i].takes);
        for (size_t k = 0; k < n; k++)
            if (line[k] >= 'a' && line[k] <= 'z') line[k] = (char)(line[k] - 32);
        ek_reply_status(c->reply, line);
        snprintf(line, sizeof line, "    %s", subcommands[i].does);
        ek_reply_status(c->reply, line);
    }
}

void ek_cmd_debug(ek_ctx *c) {
    if (c->session->remote &&
        !ek_session_is_enabled(c->session, c->s->settings->enable_debug_command)) {
        ek_reply_error(c->reply, "ERR DEBUG command not allowed. If the enable-debug-command option "
                                 "is set to \"local\", you can run it from a local connection, "
                                 "otherwise you need to set this option in the configuration file, "
                                 "and then restart the server.");
        return;
    }
    for (size_t i = 0; i < EK_COUNTOF(subcommands); i++) {
        if (!ek_arg_is(c, 1, subcommands[i].name)) continue;
        if (c->argc < subcommands[i].min || c->argc > subcommands[i].max) break;
        subcommands[i].run(c);
        return;
    }
    unknown(c);
}
