#include "store/notify.h"

#define ALL "g$lszhxetd"

void ek_notify_slow(ek_store *s, uint32_t db, ek_event class, ek_str key, const char *event) {
    (void)s, (void)db, (void)class, (void)key, (void)event; /* as long as nobody can subscribe */
}

static int64_t all_bits(void) {
    int64_t bits = 0;
    for (const char *p = ALL; *p; p++) bits |= ek_notify_bit(*p);
    return bits;
}

bool ek_notify_parse(ek_str letters, int64_t *bits) {
    int64_t given = 0;
    for (size_t i = 0; i < letters.n; i++) {
        char letter = (char)letters.p[i];
        int64_t bit = letter == 'A' ? all_bits() : ek_notify_bit(letter);
        if (!bit) return false;
        given |= bit;
    }
    *bits = given;
    return true;
}

/* The servers do not name new keys and what came later beside A, though they are kept. */
size_t ek_notify_format(int64_t bits, char *out) {
    bool all = (bits & all_bits()) == all_bits();
    size_t n = 0;
    if (all) out[n++] = 'A';
    for (const char *p = all ? "KEm" : ALL "nocKEm"; *p; p++)
        if (bits & ek_notify_bit(*p)) out[n++] = *p;
    out[n] = 0;
    return n;
}
