#include "store/entry.h"

static size_t head_bytes(const ek_entry_plan *plan, bool outside) {
    size_t n = sizeof(ek_entry);
    if (plan->expire_ms != EK_NO_EXPIRE) n += 8;
    if (plan->key.n > UINT8_MAX) n += 4;
    if (!outside && plan->len > UINT8_MAX) n += 4;
    return n;
}

ek_ref ek_entry_new(ek_arena *a, const ek_entry_plan *plan) {
    bool outside = plan->outside != 0 || plan->len > EK_ENTRY_INLINE_MAX;
    size_t value = outside ? 8 : plan->len;
    size_t spare = outside || plan->len + plan->spare > EK_ENTRY_INLINE_MAX ? 0 : plan->spare;
    if (plan->key.n > UINT32_MAX || plan->len > UINT32_MAX) ek_raise(a, EK_ENOMEM);
    ek_ref block = plan->outside;
    if (outside && !block) {
        block = ek_alloc(a, plan->len + plan->spare);
        if (plan->bytes) memcpy(ek_ptr(a, block), plan->bytes, plan->len);
    }
    ek_ref ref = ek_alloc(a, head_bytes(plan, outside) + plan->key.n + value + spare);
    ek_entry *e = ek_ptr(a, ref);
    uint8_t *p = (uint8_t *)(e + 1);
    *e = (ek_entry){.type_enc = (uint8_t)(plan->type | plan->enc << 4), .access = plan->access};
    if (plan->expire_ms != EK_NO_EXPIRE) {
        e->flags |= EK_ENTRY_EXPIRES;
        ek_store64(p, (uint64_t)plan->expire_ms);
        p += 8;
    }
    if (plan->key.n > UINT8_MAX) {
        e->flags |= EK_ENTRY_LONG_KEY;
        ek_store32(p, (uint32_t)plan->key.n);
        p += 4;
    } else {
        e->klen = (uint8_t)plan->key.n;
    }
    if (outside) {
        e->flags |= EK_ENTRY_OUTSIDE;
    } else if (plan->len > UINT8_MAX) {
        e->flags |= EK_ENTRY_LONG_VALUE;
        ek_store32(p, (uint32_t)plan->len);
        p += 4;
    } else {
        e->vlen = (uint8_t)plan->len;
    }
    memcpy(p, plan->key.p, plan->key.n);
    p += plan->key.n;
    if (outside) {
        ek_store32(p, block);
        ek_store32(p + 4, (uint32_t)plan->len);
    } else if (plan->bytes) {
        memcpy(p, plan->bytes, plan->len);
    }
    return ref;
}
