#include "store/expiry.h"

#include "store/keyspace.h"

#define ROUNDS 4

static unsigned sample(ek_store *s, ek_db *db, unsigned samples, int64_t now_ms) {
    unsigned expired = 0;
    for (unsigned i = 0; i < samples && db->expires.count; i++) {
        ek_ref ref = ek_table_random(s->a, &db->expires, &s->random);
        if (!ref || ek_entry_expire(s->a, ref) > now_ms) continue;
        ek_value v;
        ek_entry_read(s->a, ref, &v);
        v.hash = ek_table_hash(s->a, v.key);
        ek_keyspace_delete(s, db, &v);
        expired++;
    }
    return expired;
}

void ek_expiry_step(ek_store *s, unsigned samples) {
    int64_t now_ms = 0;
    for (uint32_t i = 0; i < s->root->ndbs; i++) {
        ek_db *db = &s->dbs[i];
        if (!db->expires.count) continue;
        if (!now_ms) now_ms = ek_store_now_ms(s);
        for (int round = 0; round < ROUNDS; round++) {
            unsigned expired = sample(s, db, samples, now_ms);
            if (expired) EK_SET(s->a, s->root->stat_expired, s->root->stat_expired + expired);
            if (expired * 4 < samples) break;
        }
    }
}
