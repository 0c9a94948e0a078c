#include "store/pins.h"

#include "store/process.h"

typedef struct pin {
    ek_ref next, block;
    uint32_t slot, token; /* of the process, see process.h */
    uint32_t count;
    uint32_t orphan; /* not 0: no value has the block any longer. Of one pin of a block only */
} pin;

static pin *pin_at(const ek_store *s, ek_ref ref) { return ek_ptr(s->a, ref); }

static pin *find(const ek_store *s, ek_ref block) {
    for (ek_ref ref = s->root->pins; ref; ref = pin_at(s, ref)->next)
        if (pin_at(s, ref)->block == block) return pin_at(s, ref);
    return NULL;
}

bool ek_is_pinned_slow(const ek_store *s, ek_ref block) { return block && find(s, block); }

void ek_free_bytes_slow(ek_store *s, ek_ref block) {
    pin *p = block ? find(s, block) : NULL;
    if (p) EK_SET(s->a, p->orphan, 1);
    else ek_free(s->a, block);
}

ek_ref ek_pin(ek_store *s, ek_ref block) {
    ek_pins_bury_dead(s);
    for (ek_ref ref = s->root->pins; ref; ref = pin_at(s, ref)->next) {
        pin *p = pin_at(s, ref);
        if (p->block != block || p->token != s->token || p->slot != s->slot) continue;
        EK_SET(s->a, p->count, p->count + 1);
        return ref;
    }
    ek_ref ref = ek_alloc(s->a, sizeof(pin));
    *pin_at(s, ref) = (pin){.next = s->root->pins, .block = block, .slot = s->slot,
                            .token = s->token, .count = 1};
    EK_SET(s->a, s->root->pins, ref);
    return ref;
}

/* Take the pin out; the block goes if it is an orphan and this was its last. */
static void drop(ek_store *s, ek_ref ref) {
    pin *gone = pin_at(s, ref);
    ek_ref *at = &s->root->pins;
    while (*at != ref) at = &pin_at(s, *at)->next;
    EK_SET(s->a, *at, gone->next);
    if (gone->orphan) ek_free_bytes(s, gone->block);
    ek_free(s->a, ref);
}

void ek_unpin(ek_store *s, ek_ref ref) {
    pin *p = pin_at(s, ref);
    if (p->count > 1) EK_SET(s->a, p->count, p->count - 1);
    else drop(s, ref);
}

void ek_pins_bury_dead(ek_store *s) {
    if (!s->a->shared) return; /* all are this process's, or its parent's at the fork */
    for (ek_ref ref = s->root->pins, next; ref; ref = next) {
        next = pin_at(s, ref)->next;
        if (!ek_process_lives(s, pin_at(s, ref)->slot, pin_at(s, ref)->token)) drop(s, ref);
    }
}
