/* MEMORY STATS, DOCTOR, PURGE and MALLOC-STATS: the arena's memory. */
#include "commands/tables.h"
#include "engine/context.h"
#include "store/figures.h"

#include <stdio.h>

enum { TEXT_BYTES = 4096, NAME_BYTES = 32 };

static void put(ek_ctx *c, const char *name, uint64_t v) {
    ek_reply_cstr(c->reply, name);
    ek_reply_int(c->reply, (int64_t)v);
}

static void put_double(ek_ctx *c, const char *name, double v) {
    ek_reply_cstr(c->reply, name);
    ek_reply_double(c->reply, v);
}

/* The names are those of the servers; what there is nothing of here is 0. */
void ek_cmd_memory_stats(ek_ctx *c) {
    const ek_arena *a = c->a;
    uint64_t used = a->hdr->used_bytes, resident = ek_arena_resident(a) + ek_figures_resident(c->s), keys = 0, tables = 0;
    uint64_t heap = (uint64_t)(a->hdr->heap_pages - a->hdr->away_pages) * EK_PAGE;
    uint64_t peak = ek_max(a->hdr->peak_bytes, used);
    size_t at = ek_reply_open(c->reply, '%'), n = 0;
    static const char *const none[] = {"replication.backlog", "clients.slaves", "clients.normal",
                                       "cluster.links", "aof.buffer", "lua.caches",
                                       "functions.caches"};
    put(c, "peak.allocated", peak);
    put(c, "total.allocated", used);
    put(c, "startup.allocated", 0);
    n += 3;
    for (size_t i = 0; i < EK_COUNTOF(none); i++, n++) put(c, none[i], 0);
    for (uint32_t i = 0; i < c->s->root->ndbs; i++) {
        const ek_db *db = &c->s->dbs[i];
        if (!db->keys.count) continue;
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "db.%u", i);
        uint64_t main = ek_table_bytes(a, &db->keys), expires = ek_table_bytes(a, &db->expires);
        ek_reply_cstr(c->reply, name);
        ek_reply_map(c->reply, 3);
        put(c, "overhead.hashtable.main", main);
        put(c, "overhead.hashtable.expires", expires);
        put(c, "overhead.hashtable.slot-to-keys", 0);
        keys += db->keys.count;
        tables += main + expires;
        n++;
    }
    uint64_t data = used > tables ? used - tables : 0;
    put(c, "overhead.total", tables);
    put(c, "keys.count", keys);
    put(c, "keys.bytes-per-key", keys ? used / keys : 0);
    put(c, "dataset.bytes", data);
    put_double(c, "dataset.percentage", used ? 100.0 * (double)data / (double)used : 0);
    put_double(c, "peak.percentage", peak ? 100.0 * (double)used / (double)peak : 0);
    put(c, "allocator.allocated", used);
    put(c, "allocator.active", heap);
    put(c, "allocator.resident", resident);
    put_double(c, "allocator-fragmentation.ratio", used ? (double)heap / (double)used : 0);
    put(c, "allocator-fragmentation.bytes", heap > used ? heap - used : 0);
    put_double(c, "allocator-rss.ratio", heap ? (double)resident / (double)heap : 0);
    put(c, "allocator-rss.bytes", resident - heap);
    put_double(c, "rss-overhead.ratio", 1);
    put(c, "rss-overhead.bytes", 0);
    put_double(c, "fragmentation", used ? (double)resident / (double)used : 0);
    put(c, "fragmentation.bytes", resident > used ? resident - used : 0);
    ek_reply_close(c->reply, at, n + 17);
}

void ek_cmd_memory_doctor(ek_ctx *c) {
    char text[TEXT_BYTES];
    uint64_t used = c->a->hdr->used_bytes, heap = (uint64_t)(c->a->hdr->heap_pages - c->a->hdr->away_pages) * EK_PAGE;
    int n;
    if (used < (5 << 20))
        n = snprintf(text, sizeof text, "The store is nearly empty: there is nothing to say.\n");
    else if (heap > used + used / 2)
        n = snprintf(text, sizeof text, "A third or more of the memory is free, left by what was "
                                        "deleted. New data take it before the store grows.\n");
    else
        n = snprintf(text, sizeof text, "Nothing stands out.\n");
    ek_reply_verbatim(c->reply, "txt", text, (size_t)n);
}

/* When this command's transaction has ended, what was deleted is freed, and what is free goes back to the
 * system (ek_upkeep_all): a transaction that freed it all might find no room for its journal. */
void ek_cmd_memory_purge(ek_ctx *c) {
    c->s->upkeep_all = true;
    ek_reply_ok(c->reply);
}

void ek_cmd_memory_malloc_stats(ek_ctx *c) {
    const ek_header *h = c->a->hdr;
    char text[TEXT_BYTES];
    int n = snprintf(text, sizeof text,
                     "arena: %s, granules of %u bytes\n"
                     "blocks: %llu of %llu bytes\n"
                     "heap: %llu bytes of at most %llu\n"
                     "free runs: %llu bytes, %llu of them with the system\n"
                     "journal: %llu bytes\n",
                     c->a->shared ? "shared" : "private", 1u << h->shift,
                     (unsigned long long)h->nblocks, (unsigned long long)h->used_bytes,
                     (unsigned long long)h->heap_pages * EK_PAGE, (unsigned long long)h->heap_max,
                     (unsigned long long)h->free_pages * EK_PAGE,
                     (unsigned long long)h->away_pages * EK_PAGE,
                     (unsigned long long)h->journal_cap);
    ek_reply_verbatim(c->reply, "txt", text, (size_t)n);
}
