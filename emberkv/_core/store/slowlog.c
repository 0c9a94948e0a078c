#include "store/slowlog.h"

#include <stdio.h>

#define ABOUT_REST 48 /* what is said of what was cut off */

static ek_slowlog_entry *at(const ek_store *s, ek_ref ref) { return ref ? ek_ptr(s->a, ref) : NULL; }

const ek_slowlog_entry *ek_slowlog_newest(const ek_store *s) {
    return at(s, s->root->slowlog.newest);
}

const ek_slowlog_entry *ek_slowlog_older(const ek_store *s, const ek_slowlog_entry *e) {
    return at(s, e->older);
}

ek_str ek_slowlog_word(const ek_slowlog_entry *e, int i) {
    const uint8_t *p = (const uint8_t *)(e->lengths + e->nwords + 2);
    for (int k = 0; k < i + 2; k++) p += e->lengths[k];
    return (ek_str){p, e->lengths[i + 2]};
}

/* A word as it is kept: a long one is cut, and how much is missing stands behind it. */
static ek_str shortened(ek_str word, char room[EK_SLOWLOG_WORD_BYTES + ABOUT_REST]) {
    if (word.n <= EK_SLOWLOG_WORD_BYTES) return word;
    memcpy(room, word.p, EK_SLOWLOG_WORD_BYTES);
    int n = snprintf(room + EK_SLOWLOG_WORD_BYTES, ABOUT_REST, "... (%zu more bytes)",
                     word.n - EK_SLOWLOG_WORD_BYTES);
    return (ek_str){(const uint8_t *)room, EK_SLOWLOG_WORD_BYTES + (size_t)n};
}

/* Word i of those that are kept of the command. */
static ek_str kept_word(size_t argc, const ek_str *argv, size_t i,
                        char room[EK_SLOWLOG_WORD_BYTES + ABOUT_REST]) {
    if (argc <= EK_SLOWLOG_WORDS || i < EK_SLOWLOG_WORDS - 1) return shortened(argv[i], room);
    int n = snprintf(room, ABOUT_REST, "... (%zu more arguments)", argc - EK_SLOWLOG_WORDS + 1);
    return (ek_str){(const uint8_t *)room, (size_t)n};
}

void ek_slowlog_add(ek_store *s, ek_str address, ek_str name, int64_t us, size_t argc,
                    const ek_str *argv) {
    char room[EK_SLOWLOG_WORD_BYTES + ABOUT_REST];
    size_t n = ek_min(argc, EK_SLOWLOG_WORDS), bytes = address.n + name.n;
    for (size_t i = 0; i < n; i++) bytes += kept_word(argc, argv, i, room).n;
    ek_ref ref = ek_alloc(s->a, sizeof(ek_slowlog_entry) + 4 * (n + 2) + bytes);
    ek_slowlog_entry *e = ek_ptr(s->a, ref);
    ek_slowlog *log = &s->root->slowlog;
    ek_touch(s->a, log, sizeof *log);
    *e = (ek_slowlog_entry){.older = log->newest, .id = log->next_id++, .us = us,
                            .unix_s = ek_store_now_us(s) / 1000000, .nwords = (uint32_t)n};
    uint8_t *p = (uint8_t *)(e->lengths + n + 2);
    for (size_t i = 0; i < n + 2; i++) {
        ek_str word = i == 0 ? address : i == 1 ? name : kept_word(argc, argv, i - 2, room);
        e->lengths[i] = (uint32_t)word.n;
        if (word.n) memcpy(p, word.p, word.n);
        p += word.n;
    }
    if (log->newest) EK_SET(s->a, at(s, log->newest)->newer, ref);
    else log->oldest = ref;
    log->newest = ref;
    log->count++;
}

void ek_slowlog_trim(ek_store *s, uint64_t to) {
    ek_slowlog *log = &s->root->slowlog;
    if (log->count <= to) return;
    ek_touch(s->a, log, sizeof *log);
    while (log->count > to) {
        ek_ref gone = log->oldest;
        log->oldest = at(s, gone)->newer;
        if (log->oldest) EK_SET(s->a, at(s, log->oldest)->older, 0);
        else log->newest = 0;
        ek_free(s->a, gone);
        log->count--;
    }
}

bool ek_slowlog_check(const ek_store *s) {
    const ek_slowlog *log = &s->root->slowlog;
    uint64_t n = 0;
    ek_ref newer = 0;
    for (ek_ref ref = log->newest; ref; ref = at(s, ref)->older, n++) {
        if (at(s, ref)->newer != newer || n > log->count) return false;
        newer = ref;
    }
    return n == log->count && newer == log->oldest;
}
