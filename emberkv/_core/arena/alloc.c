/* The allocator of the arena.
 *
 * Blocks of up to 8 KiB come from slabs: runs of pages cut into blocks of one size class, with a
 * bitmap of the free ones in the descriptor of the slab's first page. Sizes rise by 8 bytes up to
 * 128, then in eight steps a doubling, so that a block wastes at most an eighth. Larger blocks are
 * runs of pages. Free runs are merged with their neighbours and kept in bins by log2 of the length.
 *
 *   page descriptors:  | SLAB 40 B, 62 free, bitmap | RUN 5 | .. | TAIL | FREE 9 | .. | FREE_TAIL 9 |
 *
 * A free block's bytes are never written: the journal need not save them, and what is freed in a
 * transaction is intact until its commit. Costs: alloc and free touch one descriptor (64 bytes) in
 * the common case. No header in front of a block.
 */
#include "arena/alloc.h"

#include <stdlib.h>

#include "arena/map.h"

typedef enum ek_page_kind {
    EK_PAGE_NONE = 0, /* page 0: so that reference 0 is nothing */
    EK_PAGE_FREE,
    EK_PAGE_FREE_TAIL,
    EK_PAGE_SLAB,
    EK_PAGE_SLAB_TAIL,
    EK_PAGE_RUN,
    EK_PAGE_RUN_TAIL,
} ek_page_kind;

#define SMALL_MAX 8192u
#define SLAB_PAGES_MAX 16u
#define BITMAP_BITS (64u * 6u)
#define GROW_PAGES_MIN 16u
#define GROW_PAGES_MAX 64u /* more at a time would be felt as a pause */
#define BIN_TRIES 16
#define GIVE_BACK_BIN 2 /* shorter runs (of 16 KiB) are not worth a call */
#define GIVE_BACK_TRIES 512

static unsigned class_of(size_t n) {
    if (n <= 128) return n <= 16 ? 0 : (unsigned)((n + 7) / 8 - 2);
    unsigned top = 63u - (unsigned)__builtin_clzll(n - 1);
    return 15 + (top - 7) * 8 + (unsigned)((n - 1 - ((size_t)1 << top)) >> (top - 3));
}

static size_t class_size(unsigned c) {
    if (c < 15) return 16 + 8 * (size_t)c;
    unsigned top = 7 + (c - 15) / 8, step = (c - 15) % 8;
    return ((size_t)1 << top) + ((size_t)(step + 1) << (top - 3));
}

void ek_alloc_classes(ek_class_info *out, unsigned shift) {
    for (unsigned c = 0; c < EK_CLASSES; c++) {
        size_t size = class_size(c), pages = 1;
        while (pages < SLAB_PAGES_MAX) { /* at most 1/32 of a slab is left over at its end */
            size_t bytes = pages * EK_PAGE;
            if ((bytes % size) * 32 <= bytes && bytes >= 4 * size) break;
            pages++;
        }
        out[c].size = (uint32_t)size;
        out[c].magic = (uint32_t)((((uint64_t)1 << 32) + size - 1) / size);
        out[c].npages = (uint16_t)pages;
        out[c].nblocks = (uint16_t)ek_min(pages * EK_PAGE / size, BITMAP_BITS);
    }
    (void)shift;
}

static size_t rounded(const ek_arena *a, size_t bytes) {
    return ek_align_up(bytes ? bytes : 1, (size_t)1 << a->shift);
}

static uint32_t pages_for(size_t bytes) { return (uint32_t)((bytes + EK_PAGE - 1) / EK_PAGE); }

/* --- free runs --- */

static unsigned bin_of(uint32_t npages) {
    unsigned bin = 31u - (unsigned)__builtin_clz(npages);
    return bin < EK_RUN_BINS ? bin : EK_RUN_BINS - 1;
}

/* Of many blocks in one transaction most are of some hundred slabs, whose descriptors are announced once. */
EK_INLINE void touch_page(ek_arena *a, ek_page *p) {
    size_t page = (size_t)(p - a->pages);
    uint64_t word = page | (uint64_t)a->epoch << 32, *at = &a->announced[page % EK_ANNOUNCED];
    if (EK_LIKELY(*at == word)) return;
    ek_touch(a, p, sizeof *p);
    *at = word;
}

static void list_push(ek_arena *a, uint32_t *head, uint32_t page) {
    ek_page *p = &a->pages[page];
    if (*head) EK_SET(a, a->pages[*head].prev, page);
    p->next = *head; /* the caller announced p */
    p->prev = 0;
    EK_SET(a, *head, page);
}

static void list_remove(ek_arena *a, uint32_t *head, const ek_page *p) {
    if (p->prev) EK_SET(a, a->pages[p->prev].next, p->next);
    else EK_SET(a, *head, p->next);
    if (p->next) EK_SET(a, a->pages[p->next].prev, p->prev);
}

static void count_free(ek_arena *a, int64_t pages, int64_t away) {
    ek_touch(a, &a->hdr->free_pages, 2 * sizeof a->hdr->free_pages);
    a->hdr->free_pages = (uint32_t)(a->hdr->free_pages + pages);
    a->hdr->away_pages = (uint32_t)(a->hdr->away_pages + away);
}

static void put_free_run(ek_arena *a, uint32_t page, uint32_t npages, uint32_t away) {
    ek_page *p = &a->pages[page];
    ek_touch(a, p, sizeof *p);
    p->kind = EK_PAGE_FREE;
    p->npages = npages;
    p->bitmap[0] = away;
    count_free(a, npages, away);
    list_push(a, &a->hdr->runs[bin_of(npages)], page);
    if (npages > 1) {
        ek_page *tail = p + npages - 1;
        ek_touch(a, tail, sizeof *tail);
        tail->kind = EK_PAGE_FREE_TAIL;
        tail->npages = npages;
    }
}

/* How many of its pages are away. */
static uint32_t take_free_run(ek_arena *a, uint32_t page) {
    const ek_page *p = &a->pages[page];
    uint32_t away = (uint32_t)p->bitmap[0];
    list_remove(a, &a->hdr->runs[bin_of(p->npages)], p);
    count_free(a, -(int64_t)p->npages, -(int64_t)away);
    return away;
}

/* Give back a run, merged with its free neighbours. */
static void release_run(ek_arena *a, uint32_t page, uint32_t npages) {
    const ek_page *before = &a->pages[page - 1];
    uint32_t away = 0;
    if (before->kind == EK_PAGE_FREE || before->kind == EK_PAGE_FREE_TAIL) {
        uint32_t n = before->npages;
        away += take_free_run(a, page - n);
        page -= n;
        npages += n;
    }
    if (page + npages < a->hdr->heap_pages && a->pages[page + npages].kind == EK_PAGE_FREE) {
        uint32_t n = a->pages[page + npages].npages;
        away += take_free_run(a, page + npages);
        npages += n;
    }
    put_free_run(a, page, npages, away);
}

static bool grow_heap(ek_arena *a, uint32_t npages) {
    ek_header *h = a->hdr;
    uint32_t old = h->heap_pages;
    uint64_t left = h->heap_max / EK_PAGE - old;
    if (npages > left) return false;
    uint64_t want = ek_min(ek_max(old / 8, GROW_PAGES_MIN), GROW_PAGES_MAX);
    want = ek_min(ek_max(want, npages), left);
    for (;; want = npages) {
        uint64_t desc = h->pages_off + (uint64_t)old * sizeof(ek_page);
        if (ek_map_back(a, desc, want * sizeof(ek_page)) &&
            ek_map_back(a, h->heap_off + (uint64_t)old * EK_PAGE, (want + 1) * EK_PAGE))
            break;
        if (want == npages) return false;
    }
    EK_SET(a, h->heap_pages, (uint32_t)(old + want));
    release_run(a, old, (uint32_t)want);
    return true;
}

static uint32_t find_run(const ek_arena *a, uint32_t npages) {
    unsigned bin = bin_of(npages);
    uint32_t page = a->hdr->runs[bin];
    for (int i = 0; page && i < BIN_TRIES; i++, page = a->pages[page].next)
        if (a->pages[page].npages >= npages) return page;
    for (bin++; bin < EK_RUN_BINS; bin++)
        if (a->hdr->runs[bin]) return a->hdr->runs[bin];
    return 0;
}

/* Take a run of pages; 0: there is none. */
static uint32_t try_run(ek_arena *a, uint32_t npages) {
    uint32_t page = find_run(a, npages);
    if (!page) {
        /* The second time a longer run hides behind the tries of its bin: take new pages. */
        for (uint32_t n = npages; !page && n <= npages * 2; n += npages) {
            if (!grow_heap(a, n)) return 0;
            page = find_run(a, npages);
        }
        if (!page) return 0;
    }
    uint32_t have = a->pages[page].npages, away = (uint32_t)a->pages[page].bitmap[0];
    /* Which of its pages are away is not known, only that some are. */
    if (EK_UNLIKELY(away != 0) &&
        !ek_map_back(a, a->hdr->heap_off + (uint64_t)page * EK_PAGE, (uint64_t)npages * EK_PAGE))
        return 0;
    take_free_run(a, page);
    if (have > npages) put_free_run(a, page + npages, have - npages, ek_min(away, have - npages));
    return page;
}

static uint32_t alloc_run(ek_arena *a, uint32_t npages) {
    uint32_t page = try_run(a, npages);
    if (!page) ek_raise(a, EK_ENOMEM);
    return page;
}

typedef struct sending {
    ek_arena *a;
    uint32_t page;
} sending;

static void send_away(void *arg) {
    const sending *s = arg;
    ek_page *p = &s->a->pages[s->page];
    count_free(s->a, 0, (int64_t)p->npages - (int64_t)p->bitmap[0]);
    EK_SET(s->a, p->bitmap[0], p->npages);
}

/* What is given back is first called so: who dies in between leaves pages that are backed twice. */
uint32_t ek_alloc_give_back(ek_arena *a, uint32_t max_pages) {
    uint32_t given = 0;
    for (unsigned bin = EK_RUN_BINS; bin-- > GIVE_BACK_BIN && given < max_pages;) {
        uint32_t page = a->hdr->runs[bin];
        for (int i = 0; page && i < GIVE_BACK_TRIES && given < max_pages; i++) {
            const ek_page *p = &a->pages[page];
            if (p->npages - p->bitmap[0] >= 1u << GIVE_BACK_BIN) {
                if (ek_run(a, send_away, &(sending){a, page}) != EK_OK) return given;
                uint8_t *from = a->heap + (size_t)page * EK_PAGE;
                ek_touch_slack(a, from, (size_t)p->npages * EK_PAGE);
                ek_map_unback(a, (uint64_t)(from - a->base), (uint64_t)p->npages * EK_PAGE);
                given += p->npages;
            }
            page = p->next;
        }
    }
    return given;
}

/* --- slabs --- */

static uint32_t new_slab(ek_arena *a, unsigned c) {
    const ek_class_info *info = &a->classes[c];
    uint32_t page = try_run(a, info->npages);
    if (!page) return 0;
    ek_page *p = &a->pages[page];
    ek_touch(a, p, sizeof *p);
    p->kind = EK_PAGE_SLAB;
    p->size_class = (uint8_t)c;
    p->nfree = info->nblocks;
    p->npages = info->npages;
    for (unsigned w = 0; w < 6; w++) {
        unsigned from = w * 64;
        unsigned bits = info->nblocks <= from ? 0 : info->nblocks - from;
        p->bitmap[w] = bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;
    }
    for (uint32_t i = 1; i < info->npages; i++) {
        ek_touch(a, p + i, sizeof *p);
        p[i].kind = EK_PAGE_SLAB_TAIL;
        p[i].npages = i;
    }
    list_push(a, &a->hdr->partial[c], page);
    return page;
}

/* No room for another slab: a larger block does as well. */
static uint32_t larger_slab(const ek_arena *a, unsigned *c) {
    for (unsigned larger = *c + 1; larger < EK_CLASSES; larger++) {
        if (!a->hdr->partial[larger]) continue;
        *c = larger;
        return a->hdr->partial[larger];
    }
    return 0;
}

static ek_ref alloc_large(ek_arena *a, size_t bytes);

static ek_ref alloc_small(ek_arena *a, unsigned c) {
    uint32_t page = a->hdr->partial[c];
    if (EK_UNLIKELY(!page)) page = new_slab(a, c);
    if (EK_UNLIKELY(!page)) page = larger_slab(a, &c);
    if (EK_UNLIKELY(!page)) return alloc_large(a, class_size(c)); /* or pages of its own */
    ek_page *p = &a->pages[page];
    touch_page(a, p);
    unsigned w = 0;
    while (w < 6 && !p->bitmap[w]) w++;
    if (EK_UNLIKELY(w == 6)) ek_raise(a, EK_ECORRUPT);
    unsigned index = w * 64 + (unsigned)__builtin_ctzll(p->bitmap[w]);
    p->bitmap[w] &= p->bitmap[w] - 1;
    if (--p->nfree == 0) list_remove(a, &a->hdr->partial[c], p);
    uint32_t size = a->classes[c].size;
    a->used_bytes += size;
    a->nblocks++;
    return (ek_ref)(((size_t)page * EK_PAGE + (size_t)index * size) >> a->shift);
}

static ek_ref alloc_large(ek_arena *a, size_t bytes) {
    if (bytes > a->hdr->heap_max) ek_raise(a, EK_ENOMEM);
    uint32_t npages = pages_for(bytes);
    uint32_t page = alloc_run(a, npages);
    ek_page *p = &a->pages[page];
    ek_touch(a, p, sizeof *p);
    p->kind = EK_PAGE_RUN;
    p->npages = npages;
    ek_page *tail = p + npages - 1; /* so that its neighbour does not take it for a free one */
    if (npages > 1) EK_SET(a, tail->kind, EK_PAGE_RUN_TAIL);
    a->used_bytes += (int64_t)npages * EK_PAGE;
    a->nblocks++;
    return (ek_ref)(((size_t)page * EK_PAGE) >> a->shift);
}

#ifdef EK_CHECK
/* A block is handed out: a test may want that to fail. */
static void check_block(ek_arena *a, ek_ref ref) {
    if (a->fail_alloc_in && --a->fail_alloc_in == 0) ek_raise(a, EK_ENOMEM);
    ek_touch_slack(a, ek_ptr(a, ref), ek_usable(a, ref));
    memset(ek_ptr(a, ref), 0xa5, ek_usable(a, ref));
}
#endif

ek_ref ek_alloc(ek_arena *a, size_t bytes) {
    size_t n = rounded(a, bytes);
    ek_ref ref = EK_LIKELY(n <= SMALL_MAX) ? alloc_small(a, class_of(n)) : alloc_large(a, bytes);
    /* It may have been freed since a snapshot began. */
    if (EK_UNLIKELY(a->hdr->snapshot)) ek_snapshot_keep(a, ek_ptr(a, ref), ek_usable(a, ref));
#ifdef EK_CHECK
    check_block(a, ref);
#endif
    return ref;
}

ek_ref ek_alloc_zeroed(ek_arena *a, size_t bytes) {
    ek_ref ref = ek_alloc(a, bytes);
    memset(ek_ptr(a, ref), 0, bytes);
    return ref;
}

/* Blocks from the slab with room of a class, all it has or as many as are wanted: how many. */
static size_t take_blocks(ek_arena *a, unsigned c, size_t n, ek_ref *out) {
    const uint32_t page = a->hdr->partial[c];
    const size_t size = a->classes[c].size;
    const unsigned shift = a->shift;
    if (!page) return 0;
    ek_page *p = &a->pages[page];
    touch_page(a, p);
    size_t taken = 0;
    for (unsigned w = 0; w < 6; w++) {
        uint64_t bits = p->bitmap[w];
        size_t at = (size_t)page * EK_PAGE + w * 64 * size;
        for (; bits && taken < n; bits &= bits - 1)
            out[taken++] = (ek_ref)((at + (unsigned)__builtin_ctzll(bits) * size) >> shift);
        p->bitmap[w] = bits;
    }
    if (EK_UNLIKELY(taken > p->nfree)) ek_raise(a, EK_ECORRUPT);
    p->nfree = (uint16_t)(p->nfree - taken);
    if (p->nfree == 0) list_remove(a, &a->hdr->partial[c], p);
    a->used_bytes += (int64_t)(taken * size);
    a->nblocks += (int64_t)taken;
    return taken;
}

void ek_alloc_many(ek_arena *a, size_t bytes, size_t n, ek_ref *out) {
    size_t size = rounded(a, bytes);
    bool by_slab = size <= SMALL_MAX && !a->hdr->snapshot;
    for (size_t taken; n > 0; n -= taken, out += taken) {
        taken = by_slab ? take_blocks(a, class_of(size), n, out) : 0;
#ifdef EK_CHECK
        for (size_t i = 0; i < taken; i++) check_block(a, out[i]);
#endif
        if (taken) continue;
        *out = ek_alloc(a, size); /* the first of a new slab */
        taken = 1;
    }
}

/* The head of the slab or run that a block lies in; raises when the reference is none. */
EK_INLINE uint32_t page_of(const ek_arena *a, ek_ref ref) {
    uint32_t page = (uint32_t)(((size_t)ref << a->shift) / EK_PAGE);
    if (page == 0 || page >= a->hdr->heap_pages) return 0;
    const ek_page *p = &a->pages[page];
    return p->kind == EK_PAGE_SLAB_TAIL ? page - p->npages : page;
}

static void free_run(ek_arena *a, uint32_t page) {
    const ek_page *p = &a->pages[page];
    if (EK_UNLIKELY(p->kind != EK_PAGE_RUN)) ek_raise(a, EK_ECORRUPT);
    a->used_bytes -= (int64_t)p->npages * EK_PAGE;
    release_run(a, page, p->npages);
}

/* A slab got room, or is empty. */
static void slab_changed(ek_arena *a, uint32_t page, ek_page *p) {
    if (p->nfree == 1) {
        list_push(a, &a->hdr->partial[p->size_class], page);
    } else if (p->next || p->prev) {
        list_remove(a, &a->hdr->partial[p->size_class], p); /* another one has room: let it go */
        release_run(a, page, p->npages);
    }
}

void ek_free_now(ek_arena *a, const ek_ref *refs, size_t n) {
    const unsigned shift = a->shift;
    int64_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t page = page_of(a, refs[i]);
        ek_page *p = &a->pages[page];
        if (EK_UNLIKELY(p->kind != EK_PAGE_SLAB)) {
            free_run(a, page);
            continue;
        }
        const ek_class_info *info = &a->classes[p->size_class];
        const unsigned nblocks = info->nblocks, size = info->size;
        size_t offset = ((size_t)refs[i] << shift) - (size_t)page * EK_PAGE;
        uint32_t index = (uint32_t)((offset * info->magic) >> 32);
        uint64_t *word = &p->bitmap[index / 64], bit = (uint64_t)1 << (index % 64);
        if (EK_UNLIKELY(index >= nblocks || *word & bit)) ek_raise(a, EK_ECORRUPT);
        touch_page(a, p);
        *word |= bit;
        unsigned nfree = ++p->nfree;
        bytes += size;
        if (EK_UNLIKELY(nfree == 1 || nfree == nblocks)) slab_changed(a, page, p);
    }
    a->used_bytes -= bytes;
    a->nblocks -= (int64_t)n;
}

void ek_free_slow(ek_arena *a, ek_ref ref) {
    if (!ref) return;
    size_t cap = a->frees_cap ? a->frees_cap * 2 : 64;
    ek_ref *grown = realloc(a->frees, cap * sizeof *grown);
    if (!grown) ek_raise(a, EK_ENOMEM);
    a->frees = grown;
    a->frees_cap = cap;
    a->frees[a->nfrees++] = ref;
}

size_t ek_usable(const ek_arena *a, ek_ref ref) {
    const ek_page *p = &a->pages[page_of(a, ref)];
    return p->kind == EK_PAGE_SLAB ? a->classes[p->size_class].size : (size_t)p->npages * EK_PAGE;
}

size_t ek_alloc_rounds_to(const ek_arena *a, size_t bytes) {
    size_t n = rounded(a, bytes);
    return n <= SMALL_MAX ? class_size(class_of(n)) : (size_t)pages_for(bytes) * EK_PAGE;
}

bool ek_alloc_is_sparse(const ek_arena *a, ek_ref ref) {
    uint32_t page = page_of(a, ref);
    const ek_page *p = &a->pages[page];
    if (p->kind != EK_PAGE_SLAB || a->hdr->partial[p->size_class] == page) return false;
    return p->nfree * 6u >= a->classes[p->size_class].nblocks;
}

uint64_t ek_arena_resident(const ek_arena *a) {
    const ek_header *h = a->hdr;
    return EK_PAGE + h->journal_cap + (uint64_t)h->heap_pages * (EK_PAGE + sizeof(ek_page)) -
           (uint64_t)h->away_pages * EK_PAGE;
}

/* --- checking --- */

static bool slab_check(const ek_arena *a, uint32_t page, size_t *used, size_t *blocks) {
    const ek_page *p = &a->pages[page];
    if (p->size_class >= EK_CLASSES) return false;
    const ek_class_info *info = &a->classes[p->size_class];
    unsigned free = 0;
    for (unsigned w = 0; w < 6; w++) free += (unsigned)__builtin_popcountll(p->bitmap[w]);
    if (free != p->nfree || free > info->nblocks || p->npages != info->npages) return false;
    for (uint32_t i = 1; i < p->npages; i++)
        if (p[i].kind != EK_PAGE_SLAB_TAIL || p[i].npages != i) return false;
    *used += (size_t)(info->nblocks - free) * info->size;
    *blocks += info->nblocks - free;
    return true;
}

static bool lists_check(const ek_arena *a, size_t with_room, size_t free_runs) {
    for (unsigned c = 0; c < EK_CLASSES; c++) {
        uint32_t prev = 0;
        for (uint32_t i = a->hdr->partial[c]; i; prev = i, i = a->pages[i].next, with_room--) {
            const ek_page *p = &a->pages[i];
            if (with_room == 0 || i >= a->hdr->heap_pages || p->kind != EK_PAGE_SLAB ||
                p->size_class != c || p->nfree == 0 || p->prev != prev)
                return false;
        }
    }
    for (unsigned bin = 0; bin < EK_RUN_BINS; bin++) {
        uint32_t prev = 0;
        for (uint32_t i = a->hdr->runs[bin]; i; prev = i, i = a->pages[i].next, free_runs--) {
            const ek_page *p = &a->pages[i];
            if (free_runs == 0 || i >= a->hdr->heap_pages || p->kind != EK_PAGE_FREE ||
                bin_of(p->npages) != bin || p->prev != prev)
                return false;
        }
    }
    return with_room == 0 && free_runs == 0;
}

bool ek_alloc_check(const ek_arena *a) {
    size_t used = 0, blocks = 0, with_room = 0, free_runs = 0, free_pages = 0, away = 0;
    uint32_t page = 1, n = a->hdr->heap_pages;
    while (page < n) {
        const ek_page *p = &a->pages[page];
        if (p->npages == 0 || p->npages > n - page) return false;
        const ek_page *tail = p + p->npages - 1;
        switch (p->kind) {
        case EK_PAGE_SLAB:
            if (!slab_check(a, page, &used, &blocks)) return false;
            with_room += p->nfree > 0;
            break;
        case EK_PAGE_RUN:
            if (p->npages > 1 && tail->kind != EK_PAGE_RUN_TAIL) return false;
            used += (size_t)p->npages * EK_PAGE;
            blocks++;
            break;
        case EK_PAGE_FREE:
            if (p->npages > 1 && (tail->kind != EK_PAGE_FREE_TAIL || tail->npages != p->npages))
                return false;
            if (p->bitmap[0] > p->npages) return false;
            free_runs++;
            free_pages += p->npages;
            away += p->bitmap[0];
            break;
        default: return false;
        }
        page += p->npages;
    }
    if (free_pages != a->hdr->free_pages || away != a->hdr->away_pages) return false;
    return used == a->hdr->used_bytes + (uint64_t)a->used_bytes &&
           blocks == a->hdr->nblocks + (uint64_t)a->nblocks && lists_check(a, with_room, free_runs);
}
