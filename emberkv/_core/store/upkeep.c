#include "store/upkeep.h"

#include "base/clock.h"
#include "store/garbage.h"
#include "store/keyspace.h"

#define GARBAGE_SLICE 256
#define ENTRIES 64u        /* looked at in a step */
#define ENTRIES_MAX 256u   /* of one step: a bucket's may all be in one */
#define GIVE_BACK_STEP 1024u /* pages */
#define SLACK_PAGES 32u    /* so few are not worth moving */
#define KEPT_PAGES 1024u   /* 4 MiB */
#define PATIENCE_MS 1000

/* --- moving --- */

static uint64_t pages_in_use(const ek_store *s) {
    return s->a->hdr->heap_pages - s->a->hdr->free_pages;
}

/* Do the slabs hold an eighth more than their blocks? */
static bool is_loose(const ek_store *s) {
    uint64_t used = s->a->hdr->used_bytes / EK_PAGE;
    return pages_in_use(s) > used + used / 8 + SLACK_PAGES;
}

static bool moving_is_due(const ek_store *s) {
    uint64_t then = s->upkeep.in_use_then, now = pages_in_use(s);
    if (!is_loose(s) || s->root->debug) return false;
    return !then || now > then + then / 16 || now < then - then / 16;
}

typedef struct seen {
    ek_ref items[ENTRIES_MAX];
    size_t n;
} seen;

static void see(void *arg, ek_ref item) {
    seen *list = arg;
    if (list->n < ENTRIES_MAX) list->items[list->n++] = item;
}

static void move_some(void *arg) {
    ek_store *s = arg;
    ek_upkeep *u = &s->upkeep;
    while (u->db < s->root->ndbs && !s->dbs[u->db].keys.count) u->db++;
    if (u->db >= s->root->ndbs) return;
    ek_db *db = &s->dbs[u->db];
    seen list = {.n = 0};
    u->cursor = ek_table_scan(s->a, &db->keys, ek_entry_key, u->cursor, ENTRIES, see, &list);
    for (size_t i = 0; i < list.n; i++) u->moved += ek_keyspace_tidy(s, db, list.items[i]);
    u->looked += list.n;
    if (!u->cursor) u->db++;
}

static void move_step(ek_store *s) {
    ek_upkeep *u = &s->upkeep;
    if (ek_run(s->a, move_some, s) != EK_OK) u->db = s->root->ndbs; /* no memory to move anything to */
    if (u->db < s->root->ndbs) return;
    u->in_use_then = u->moved * 64 <= u->looked ? pages_in_use(s) : 0;
    u->cursor = u->db = 0;
    u->moved = u->looked = 0;
}

/* --- giving back --- */

/* A sixteenth of what is in use, and a little, is kept for what comes; and the rest until it has been free
 * for a while, for what is emptied and filled again, as queues are, shall not pay for new pages each time. */
static bool giving_is_due(ek_store *s) {
    const ek_header *h = s->a->hdr;
    ek_upkeep *u = &s->upkeep;
    uint64_t idle = h->free_pages - h->away_pages;
    if (idle <= pages_in_use(s) / 16 + KEPT_PAGES || u->nothing_long) {
        u->idle_since_ms = 0;
        return false;
    }
    int64_t now_ms = ek_clock_monotonic_coarse_ms();
    if (!u->idle_since_ms) u->idle_since_ms = now_ms;
    return now_ms - u->idle_since_ms >= PATIENCE_MS;
}

static void give_back(ek_store *s) {
    s->upkeep.nothing_long = ek_alloc_give_back(s->a, GIVE_BACK_STEP) == 0;
}

/* --- all --- */

bool ek_upkeep_due(ek_store *s) {
    return ek_garbage_waits(s) || moving_is_due(s) || giving_is_due(s);
}

bool ek_upkeep_step(ek_store *s) {
    if (s->a->level > 0) return false;
    if (ek_garbage_waits(s) && !(s->root->debug & EK_STORE_PAUSED)) ek_garbage_free(s, GARBAGE_SLICE);
    else if (moving_is_due(s)) move_step(s);
    else if (giving_is_due(s)) give_back(s);
    bool due = ek_upkeep_due(s);
    if (!due) s->upkeep.nothing_long = false; /* for the next time that somebody asks */
    return due;
}

void ek_upkeep_all(ek_store *s) {
    if (s->a->level > 0) return;
    while (ek_garbage_waits(s))
        if (!ek_garbage_free(s, GARBAGE_SLICE)) return;
    s->upkeep = (ek_upkeep){0};
    while (moving_is_due(s)) move_step(s);
    while (ek_alloc_give_back(s->a, GIVE_BACK_STEP)) {}
}
