#include "store/figures.h"

#include <stdlib.h>
#include <string.h>

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

/* --- times --- */

void ek_figures_add_time(ek_store *s, unsigned id, int64_t us) {
    ek_figures *f = s->figures;
    if (!f->histogram_of[id] && f->nhistograms < EK_HISTOGRAMS)
        f->histogram_of[id] = (uint16_t)++f->nhistograms;
    if (!f->histogram_of[id]) return;
    unsigned step = us <= 0 ? 0 : 64 - (unsigned)__builtin_clzll((uint64_t)us);
    f->histograms[f->histogram_of[id] - 1][ek_min(step, EK_HISTOGRAM_STEPS - 1)]++;
}

bool ek_figures_histogram(const ek_store *s, unsigned id, uint64_t out[EK_HISTOGRAM_STEPS]) {
    const ek_figures *f;
    bool any = false;
    memset(out, 0, EK_HISTOGRAM_STEPS * sizeof *out);
    EACH(s, f) {
        if (!f->histogram_of[id]) continue;
        const uint32_t *of = f->histograms[f->histogram_of[id] - 1];
        for (unsigned i = 0; i < EK_HISTOGRAM_STEPS; i++) {
            out[i] += of[i];
            any |= of[i] != 0;
        }
    }
    return any;
}

/* --- errors --- */

/* Counts `n` under a code, where there is room for it. */
static void count(ek_error_figure *by_code, ek_str code, uint64_t n) {
    for (unsigned i = 0; i < EK_ERROR_CODES; i++) {
        char *known = by_code[i].code;
        if (!known[0]) {
            memcpy(known, code.p, code.n);
            known[code.n] = 0;
        } else if (strlen(known) != code.n || memcmp(known, code.p, code.n) != 0) {
            continue;
        }
        by_code[i].count += n;
        return;
    }
}

void ek_figures_add_error(ek_store *s, ek_str code) {
    code.n = ek_min(code.n, EK_ERROR_CODE_BYTES - 1);
    s->figures->errors++;
    count(s->figures->by_code, code, 1);
}

static int by_code(const void *a, const void *b) {
    return strcmp(((const ek_error_figure *)a)->code, ((const ek_error_figure *)b)->code);
}

unsigned ek_figures_errors(const ek_store *s, ek_error_figure out[EK_ERROR_CODES], uint64_t *all) {
    const ek_figures *f;
    unsigned n = 0;
    memset(out, 0, EK_ERROR_CODES * sizeof *out);
    *all = 0;
    EACH(s, f) {
        *all += f->errors;
        for (unsigned i = 0; i < EK_ERROR_CODES && f->by_code[i].code[0]; i++) {
            const char *code = f->by_code[i].code;
            count(out, (ek_str){(const uint8_t *)code, strlen(code)}, f->by_code[i].count);
        }
    }
    while (n < EK_ERROR_CODES && out[n].code[0]) n++;
    qsort(out, n, sizeof *out, by_code);
    return n;
}

void ek_figures_reset(ek_store *s) {
    ek_figures *f;
    EACH(s, f) memset(f, 0, sizeof *f);
}

uint64_t ek_figures_resident(const ek_store *s) {
    return (uint64_t)atomic_load(&s->a->hdr->nfigures) * EK_FIGURES_BYTES;
}
