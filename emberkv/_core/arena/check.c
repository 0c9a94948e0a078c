/* The check build: a shadow copy of the arena beside it.
 *
 * Every announced range is noted, and what a touch saves must be what the shadow has, but for what
 * was announced before. At a commit the announced ranges are copied into the shadow; any
 * byte that differs then was changed without being announced. After an undo the announced ranges
 * that the journal saved must equal the shadow as it was: so undo is proven too. The comparison
 * walks the whole arena: each commit while it is small, every 256th when it is large.
 *
 * EMBERKV_CHECK_EVERY=n compares at every n-th commit instead; 0: at none (for a test that wants a
 * forgotten change to go on and be found by other means).
 */
#include "arena/check.h"

#ifdef EK_CHECK

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct range {
    uint64_t off;
    size_t n;
    bool slack; /* announced without being saved */
} range;

typedef struct ek_shadow {
    uint8_t *copy; /* of header page, descriptors and heap, one behind the other */
    uint32_t heap_pages;
    uint64_t seq;
    unsigned commits;
    int every; /* -1: as the size says */
    range *ranges;
    size_t nranges, cap;
    size_t txn_start; /* the first range of this transaction */
} ek_shadow;

#define EVERY_COMMIT_PAGES 256u
#define SPARSE 256u

static size_t copy_size(uint32_t heap_pages) {
    return EK_PAGE + (size_t)heap_pages * (sizeof(ek_page) + EK_PAGE);
}

/* Where the bytes of a range stand in the copy, and how many of them (0: none are compared). */
static size_t place(const ek_arena *a, const ek_shadow *s, const range *r, size_t *at) {
    const ek_header *h = a->hdr;
    size_t descs = (size_t)s->heap_pages * sizeof(ek_page);
    size_t heap = (size_t)s->heap_pages * EK_PAGE;
    if (r->off < EK_PAGE) {
        *at = r->off;
        return ek_min(r->n, EK_PAGE - r->off);
    }
    if (r->off >= h->pages_off && r->off < h->pages_off + descs) {
        *at = EK_PAGE + (r->off - h->pages_off);
        return ek_min(r->n, h->pages_off + descs - r->off);
    }
    if (r->off >= h->heap_off && r->off < h->heap_off + heap) {
        *at = EK_PAGE + descs + (r->off - h->heap_off);
        return ek_min(r->n, h->heap_off + heap - r->off);
    }
    return 0;
}

static void copy_all(ek_arena *a, ek_shadow *s) {
    const ek_header *h = a->hdr;
    s->heap_pages = h->heap_pages;
    free(s->copy);
    s->copy = malloc(copy_size(s->heap_pages));
    memcpy(s->copy, a->base, EK_PAGE);
    memcpy(s->copy + EK_PAGE, a->pages, (size_t)s->heap_pages * sizeof(ek_page));
    memcpy(s->copy + EK_PAGE + (size_t)s->heap_pages * sizeof(ek_page), a->heap,
           (size_t)s->heap_pages * EK_PAGE);
    s->nranges = 0;
    s->seq = atomic_load(&h->seq);
}

static void announce(ek_arena *a, const void *p, size_t n, bool slack) {
    ek_shadow *s = a->shadow;
    if (!s || n == 0) return;
    if (s->nranges == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 256;
        s->ranges = realloc(s->ranges, s->cap * sizeof *s->ranges);
    }
    s->ranges[s->nranges++] = (range){(uint64_t)((const uint8_t *)p - a->base), n, slack};
}

void ek_check_dies(ek_arena *a) {
    if (a->die_at_touch_in && --a->die_at_touch_in == 0) kill(getpid(), SIGKILL);
}

static void fail(const char *what, uint64_t off, uint64_t n) {
    fprintf(stderr, "emberkv check: %s at offset %llu (%llu bytes)\n", what,
            (unsigned long long)off, (unsigned long long)n);
    abort();
}

static bool is_announced(const ek_shadow *s, uint64_t off) {
    for (size_t i = s->nranges; i-- > 0;)
        if (off >= s->ranges[i].off && off - s->ranges[i].off < s->ranges[i].n) return true;
    return false;
}

/* What a touch saves must be what was there before: it comes ahead of the change, not behind. */
static void compare_saved(const ek_arena *a, const void *p, size_t n) {
    const ek_shadow *s = a->shadow;
    if (!s || s->every == 0) return;
    range r = {(uint64_t)((const uint8_t *)p - a->base), n, false};
    size_t at = 0, len = place(a, s, &r, &at); /* len 0: newer than the copy */
    const uint8_t *live = p, *copy = s->copy + at;
    for (size_t i = 0; i < len; i += 8) {
        size_t part = ek_min(len - i, (size_t)8);
        if (memcmp(live + i, copy + i, part) == 0) continue;
        for (size_t j = i; j < i + part; j++)
            if (live[j] != copy[j] && !is_announced(s, r.off + j))
                fail("a change was announced to the journal after it was made", r.off + j, 1);
    }
}

bool ek_check_touch(ek_arena *a, const void *p, size_t n) {
    ek_check_dies(a);
    if (a->forget_touch_in && --a->forget_touch_in == 0) return false;
    compare_saved(a, p, n);
    announce(a, p, n, false);
    return true;
}

/* A transaction that announces nothing else leaves seq as it was: other handles' shadows have to be
 * told that theirs are old. */
static void count(ek_arena *a) {
    uint64_t was = atomic_fetch_add(&a->hdr->seq, 1);
    if (a->shadow && a->shadow->seq == was) a->shadow->seq = was + 1;
}

void ek_check_slack(ek_arena *a, const void *p, size_t n) {
    ek_check_dies(a);
    announce(a, p, n, true);
    if (ek_clean(a)) count(a);
}

void ek_check_abort(const char *what) {
    fprintf(stderr, "emberkv check: %s\n", what);
    abort();
}

static void compare(const uint8_t *live, const uint8_t *copy, size_t n, uint64_t off) {
    if (memcmp(live, copy, n) == 0) return;
    size_t i = 0;
    while (live[i] == copy[i]) i++;
    size_t j = i;
    while (j < n && live[j] != copy[j]) j++;
    fail("a change was not announced to the journal", off + i, j - i);
}

static void verify(ek_arena *a, ek_shadow *s, bool undone) {
    const ek_header *h = a->hdr;
    if (h->heap_pages != s->heap_pages) { /* grown: what is new has nothing to be compared with */
        ek_shadow bigger = {.heap_pages = h->heap_pages};
        bigger.copy = malloc(copy_size(h->heap_pages));
        memcpy(bigger.copy, s->copy, EK_PAGE);
        uint32_t n = h->heap_pages < s->heap_pages ? h->heap_pages : s->heap_pages;
        size_t descs = (size_t)h->heap_pages * sizeof(ek_page);
        memcpy(bigger.copy + EK_PAGE, a->pages, descs);
        memcpy(bigger.copy + EK_PAGE, s->copy + EK_PAGE, (size_t)n * sizeof(ek_page));
        memcpy(bigger.copy + EK_PAGE + descs, a->heap, (size_t)h->heap_pages * EK_PAGE);
        memcpy(bigger.copy + EK_PAGE + descs,
               s->copy + EK_PAGE + (size_t)s->heap_pages * sizeof(ek_page), (size_t)n * EK_PAGE);
        free(s->copy);
        s->copy = bigger.copy;
        s->heap_pages = bigger.heap_pages;
    }
    for (size_t i = 0; i < s->nranges; i++) {
        if (undone && i >= s->txn_start && !s->ranges[i].slack) continue; /* must be as it was */
        size_t at, n = place(a, s, &s->ranges[i], &at);
        if (n) memcpy(s->copy + at, a->base + s->ranges[i].off, n);
    }
    s->nranges = 0;
    /* How far opening has come, the journal's own words, its capacity and the lock are not data. */
    size_t own = offsetof(ek_header, ready), data = offsetof(ek_header, heap_pages);
    compare(a->base, s->copy, own, 0);
    compare(a->base + data, s->copy + data, offsetof(ek_header, lock) - data, data);
    compare((uint8_t *)a->pages, s->copy + EK_PAGE, (size_t)s->heap_pages * sizeof(ek_page),
            h->pages_off);
    compare(a->heap, s->copy + EK_PAGE + (size_t)s->heap_pages * sizeof(ek_page),
            (size_t)s->heap_pages * EK_PAGE, h->heap_off);
}

static bool is_due(const ek_arena *a, ek_shadow *s) {
    if (s->every >= 0) return s->every && ++s->commits % (unsigned)s->every == 0;
    return a->hdr->heap_pages <= EVERY_COMMIT_PAGES || ++s->commits % SPARSE == 0;
}

void ek_check_begin(ek_arena *a) {
    if (!a->shadow) {
        a->shadow = calloc(1, sizeof *a->shadow);
        const char *every = getenv("EMBERKV_CHECK_EVERY");
        a->shadow->every = every ? atoi(every) : -1;
        copy_all(a, a->shadow);
    } else if (a->shadow->seq != atomic_load(&a->hdr->seq)) {
        copy_all(a, a->shadow); /* another process has been at work */
    }
    a->shadow->txn_start = a->shadow->nranges;
}

void ek_check_commit(ek_arena *a) {
    if (!a->shadow) return;
    if (is_due(a, a->shadow)) {
        verify(a, a->shadow, false);
        if (!ek_alloc_check(a)) fail("the allocator's structures disagree", 0, 0);
    }
    a->shadow->seq = atomic_load(&a->hdr->seq) + !ek_clean(a);
}

void ek_check_undo(ek_arena *a, const ek_savepoint *to) {
    ek_shadow *s = a->shadow;
    if (!s) return;
    if (to->journal_used == 0 && is_due(a, s)) verify(a, s, true);
    s->seq = atomic_load(&a->hdr->seq);
}

void ek_check_close(ek_arena *a) {
    if (!a->shadow) return;
    free(a->shadow->copy);
    free(a->shadow->ranges);
    free(a->shadow);
    a->shadow = NULL;
}

#else
typedef int ek_check_is_empty;
#endif
