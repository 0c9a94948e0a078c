/* INFO: what there is to say about the store, by section, under the names that clients know. */
#include "commands/tables.h"
#include "engine/context.h"
#include "engine/version.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

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

static void put_server(ek_ctx *c, text *t) {
    struct utsname os;
    bool known = uname(&os) == 0;
    put(t, "redis_version:%s\r\n", EK_REDIS_VERSION);
    put(t, "redis_mode:standalone\r\n");
    put(t, "os:%s %s %s\r\n", known ? os.sysname : "", known ? os.release : "",
        known ? os.machine : "");
    put(t, "arch_bits:64\r\n");
    put(t, "process_id:%d\r\n", (int)getpid());
    put(t, "tcp_port:0\r\n");
    put(t, "server_time_usec:%lld\r\n", (long long)ek_store_now_us(c->s));
}

/* What the arena occupies: all that has real blocks behind it, free or not. */
static unsigned long long resident_bytes(const ek_arena *a) {
    const ek_header *h = a->hdr;
    return EK_PAGE + h->journal_cap + (uint64_t)h->heap_pages * (EK_PAGE + sizeof(ek_page));
}

static void put_memory(ek_ctx *c, text *t) {
    unsigned long long used = c->a->hdr->used_bytes;
    put(t, "used_memory:%llu\r\n", used);
    put(t, "used_memory_human:%.2fM\r\n", (double)used / (1 << 20));
    put(t, "used_memory_rss:%llu\r\n", resident_bytes(c->a));
    put(t, "maxmemory:0\r\n");
    put(t, "maxmemory_human:0B\r\n");
    put(t, "maxmemory_policy:noeviction\r\n");
}

static void put_persistence(ek_ctx *c, text *t) {
    put(t, "loading:0\r\n");
    put(t, "async_loading:0\r\n");
    put(t, "rdb_changes_since_last_save:%llu\r\n", (unsigned long long)c->s->root->dirty);
    put(t, "rdb_bgsave_in_progress:0\r\n");
    put(t, "aof_enabled:0\r\n");
    put(t, "aof_rewrite_in_progress:0\r\n");
}

static void put_stats(ek_ctx *c, text *t) {
    const ek_store_root *r = c->s->root;
    put(t, "expired_keys:%llu\r\n", (unsigned long long)r->stat_expired);
    put(t, "evicted_keys:0\r\n");
    put(t, "keyspace_hits:%llu\r\n", (unsigned long long)r->stat_hits);
    put(t, "keyspace_misses:%llu\r\n", (unsigned long long)r->stat_misses);
}

static void put_replication(ek_ctx *c, text *t) {
    put(t, "role:master\r\n");
    put(t, "connected_slaves:0\r\n");
}

static void put_cluster(ek_ctx *c, text *t) {
    put(t, "cluster_enabled:0\r\n");
}

static void put_keyspace(ek_ctx *c, text *t) {
    for (uint32_t i = 0; i < c->s->root->ndbs; i++) {
        const ek_db *db = &c->s->dbs[i];
        if (db->keys.count)
            put(t, "db%u:keys=%llu,expires=%llu,avg_ttl=0\r\n", i,
                (unsigned long long)db->keys.count, (unsigned long long)db->expires.count);
    }
}

static const struct section {
    const char *word, *title;
    void (*put)(ek_ctx *c, text *t);
} sections[] = {
    {"server", "Server", put_server},
    {"memory", "Memory", put_memory},
    {"persistence", "Persistence", put_persistence},
    {"stats", "Stats", put_stats},
    {"replication", "Replication", put_replication},
    {"cluster", "Cluster", put_cluster},
    {"keyspace", "Keyspace", put_keyspace},
};

static bool asked(ek_ctx *c, const char *section) {
    if (c->argc == 1) return true;
    for (size_t i = 1; i < c->argc; i++)
        if (ek_arg_is(c, i, section) || ek_arg_is(c, i, "default") || ek_arg_is(c, i, "all") ||
            ek_arg_is(c, i, "everything"))
            return true;
    return false;
}

void ek_cmd_info(ek_ctx *c) {
    text t = {.cap = 4096 + 96 * (size_t)c->s->root->ndbs};
    t.p = ek_scratch_alloc(c, t.cap);
    for (size_t i = 0; i < EK_COUNTOF(sections); i++) {
        if (!asked(c, sections[i].word)) continue;
        put(&t, "%s# %s\r\n", t.n ? "\r\n" : "", sections[i].title);
        sections[i].put(c, &t);
    }
    ek_reply_verbatim(c->reply, "txt", t.p, t.n);
}

void ek_cmd_config_resetstat(ek_ctx *c) {
    ek_store_root *root = c->s->root;
    EK_SET(c->a, root->stat_expired, 0);
    EK_SET(c->a, root->stat_hits, 0);
    EK_SET(c->a, root->stat_misses, 0);
    ek_reply_ok(c->reply);
}
