#include "store/figures.h"

#include <stdlib.h>

#include "store/process.h"

static ek_figures *of_slot(const ek_store *s, uint32_t slot) {
    return (ek_figures *)(s->a->base + EK_FIGURES_OFF + (size_t)slot * EK_FIGURES_BYTES);
}

bool ek_figures_begin(ek_store *s) {
    s->figures = s->own_figures = calloc(1, sizeof *s->own_figures);
    return s->figures != NULL;
}

void ek_figures_end(ek_store *s) { free(s->own_figures); }

void ek_figures_join(ek_store *s) {
    _Atomic uint32_t *backed = &s->a->hdr->nfigures;
    uint32_t n = atomic_load(backed); /* below it all are backed: nobody may read where none is */
    if (n <= s->slot && !ek_map_back(s->a, EK_FIGURES_OFF + (uint64_t)n * EK_FIGURES_BYTES,
                                     (uint64_t)(s->slot + 1 - n) * EK_FIGURES_BYTES)) {
        s->figures = s->own_figures; /* known to nobody else */
        return;
    }
    while (n <= s->slot)
        if (atomic_compare_exchange_weak(backed, &n, s->slot + 1)) break;
    s->figures = of_slot(s, s->slot);
}

void ek_figures_leave(ek_store *s) { s->figures = s->own_figures; }

/* Every slot's, and at last the handle's own. */
#define EACH(s, f)                                                                              \
    for (uint32_t slot_ = 0, n_ = atomic_load(&(s)->a->hdr->nfigures); slot_ <= n_; slot_++)     \
        if ((f = slot_ < n_ ? of_slot(s, slot_) : (s)->own_figures))

ek_command_figures ek_figures_of_command(const ek_store *s, unsigned id) {
    ek_command_figures sum = {0};
    const ek_figures *f;
    EACH(s, f) {
        const ek_command_figures *of = &f->commands[id];
        sum.calls += of->calls;
        sum.us += of->us;
        sum.rejected += of->rejected;
        sum.failed += of->failed;
        sum.timed += of->timed;
    }
    return sum;
}

void ek_figures_keyspace(const ek_store *s, uint64_t *hits, uint64_t *misses) {
    const ek_figures *f;
    *hits = *misses = 0;
    EACH(s, f) {
        *hits += f->hits + f->peek_hits;
        *misses += f->misses + f->peek_misses;
    }
}

void ek_figures_reset(ek_store *s) {
    ek_figures *f;
    EACH(s, f) memset(f, 0, sizeof *f);
}

uint64_t ek_figures_resident(const ek_store *s) {
    return (uint64_t)atomic_load(&s->a->hdr->nfigures) * EK_FIGURES_BYTES;
}
