#include "engine/running.h"

#include "base/clock.h"

void ek_run_begin(ek_arena *a, bool function) {
    ek_running *r = &a->hdr->running;
    uint64_t word = ++r->runs << EK_RUN_BITS | EK_RUN_ON | (function ? EK_RUN_FUNCTION : 0);
    atomic_store_explicit(&r->since_ms, ek_clock_monotonic_coarse_ms(), memory_order_relaxed);
    atomic_store_explicit(&r->word, word, memory_order_release);
}

bool ek_run_wrote_slow(ek_arena *a) {
    ek_running *r = &a->hdr->running;
    uint64_t word = atomic_load(&r->word);
    while (!(word & EK_RUN_KILLED))
        if (atomic_compare_exchange_weak(&r->word, &word, word | EK_RUN_WROTE)) return true;
    return false;
}

int64_t ek_run_ms(const ek_arena *a) {
    const ek_running *r = &a->hdr->running;
    return ek_clock_monotonic_coarse_ms() - atomic_load_explicit(&r->since_ms, memory_order_relaxed);
}

static bool put(ek_running *r, ek_str s) {
    uint32_t n = (uint32_t)ek_min(s.n, EK_RUNNING_TEXT);
    if (EK_RUNNING_TEXT - r->text_bytes < sizeof n + n) return false;
    memcpy(r->text + r->text_bytes, &n, sizeof n);
    if (n) memcpy(r->text + r->text_bytes + sizeof n, s.p, n);
    r->text_bytes += (uint32_t)sizeof n + n;
    return true;
}

void ek_run_tell(ek_arena *a, ek_str name, size_t argc, const ek_str *argv) {
    ek_running *r = &a->hdr->running;
    r->text_bytes = 0;
    bool fits = put(r, name);
    for (size_t i = 0; i < argc && fits; i++) fits = put(r, argv[i]);
    atomic_fetch_or(&r->word, EK_RUN_TOLD);
}

/* --- for those who wait --- */

bool ek_busy(const ek_store *s) {
    /* A script cannot change settings: this one stands still while it runs. */
    int64_t limit_ms = *(volatile int64_t *)&s->root->config.lua_time_limit;
    return ek_run_word(s) && limit_ms > 0 && ek_run_ms(s->a) >= limit_ms;
}

const char *ek_busy_text(uint64_t word) {
    return word & EK_RUN_FUNCTION ? "BUSY Redis is busy running a script. You can only call FUNCTION "
                                    "KILL or SHUTDOWN NOSAVE."
                                  : "BUSY Redis is busy running a script. You can only call SCRIPT "
                                    "KILL or SHUTDOWN NOSAVE.";
}

ek_kill ek_run_kill(ek_store *s, uint64_t word) {
    ek_running *r = &s->a->hdr->running;
    uint64_t now = atomic_load(&r->word);
    while (now >> EK_RUN_BITS == word >> EK_RUN_BITS && now) {
        if (now & EK_RUN_WROTE) return EK_KILL_TOO_LATE;
        if (atomic_compare_exchange_weak(&r->word, &now, now | EK_RUN_KILLED)) return EK_KILL_OK;
    }
    return EK_KILL_NONE;
}

size_t ek_run_told(const ek_store *s, uint64_t word, uint8_t text[EK_RUNNING_TEXT], ek_str *argv,
                   size_t cap) {
    const ek_running *r = &s->a->hdr->running;
    uint64_t now = ek_run_word(s);
    size_t n = ek_min(r->text_bytes, EK_RUNNING_TEXT), at = 0, argc = 0;
    if (!(now & EK_RUN_TOLD)) return 0;
    memcpy(text, r->text, n);
    atomic_thread_fence(memory_order_acquire);
    if (ek_run_word(s) >> EK_RUN_BITS != word >> EK_RUN_BITS) return 0;
    while (argc < cap && n - at >= sizeof(uint32_t)) {
        size_t len = ek_load32(text + at);
        if (len > n - at - sizeof(uint32_t)) break;
        argv[argc++] = (ek_str){text + at + sizeof(uint32_t), len};
        at += sizeof(uint32_t) + len;
    }
    return argc;
}
