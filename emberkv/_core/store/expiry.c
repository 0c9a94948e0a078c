#include "store/expiry.h"

#include "store/feed.h"
#include "store/keyspace.h"
#include "store/notify.h"
#include "store/tracking.h"
#include "store/value_hash.h"
#include "store/waiting.h"

#define ROUNDS 4
#define HASHES 2   /* of each database, looked at in a step for fields whose time has come */
#define LISTENERS_SAMPLE 64
#define FIELDS 64  /* deleted of one hash in a step */

static unsigned sample(ek_store *s, ek_db *db, unsigned samples, int64_t now_ms) {
    unsigned expired = 0;
    for (unsigned i = 0; i < samples && db->expires.count; i++) {
        ek_ref ref = ek_table_random(s->a, &db->expires, &s->random);
        if (!ref || ek_entry_expire(s->a, ref) > now_ms) continue;
        ek_value v;
        ek_entry_read(s->a, ref, &v);
        v.hash = ek_table_hash(s->a, v.key);
        ek_notify(s, (uint32_t)(db - s->dbs), EK_EVENT_EXPIRED, v.key, "expired");
        ek_tracking_changed(s, v.key, 0);
        ek_feed_add_key(s, (uint32_t)(db - s->dbs), "DEL", v.key);
        ek_wait_ready(s, (uint32_t)(db - s->dbs), v.key);
        ek_keyspace_delete(s, db, &v);
        expired++;
    }
    return expired;
}

static void expire_fields(ek_store *s, ek_db *db, int64_t now_ms) {
    for (unsigned i = 0; i < HASHES && db->field_expires.count; i++) {
        ek_value v;
        bool all_gone;
        ek_entry_read(s->a, ek_table_random(s->a, &db->field_expires, &s->random), &v);
        v.hash = ek_table_hash(s->a, v.key);
        uint32_t dbi = (uint32_t)(db - s->dbs);
        if (ek_notifies_fields(s)) ek_hash_tell_passed(s, dbi, &v, now_ms, FIELDS);
        size_t n = ek_hash_purge(s, db, &v, now_ms, FIELDS, &all_gone);
        if (n) ek_notify(s, dbi, EK_EVENT_HASH, v.key, "hexpired");
        if (n) ek_tracking_changed(s, v.key, 0);
        if (!all_gone) continue;
        ek_notify(s, dbi, EK_EVENT_GENERIC, v.key, "del");
        ek_feed_add_key(s, dbi, "DEL", v.key);
        ek_keyspace_delete(s, db, &v);
    }
}

void ek_expiry_step(ek_store *s, unsigned samples) {
    int64_t now_ms = 0;
    for (uint32_t i = 0; i < s->root->ndbs; i++) {
        ek_db *db = &s->dbs[i];
        if (!db->expires.count && !db->field_expires.count) continue;
        if (!now_ms) now_ms = ek_store_now_ms(s);
        expire_fields(s, db, now_ms);
        for (int round = 0; round < ROUNDS; round++) {
            unsigned expired = sample(s, db, samples, now_ms);
            if (expired) EK_SET(s->a, s->root->stat_expired, s->root->stat_expired + expired);
            if (expired * 4 < samples) break;
        }
    }
}

static void step(void *arg) { ek_expiry_step(arg, LISTENERS_SAMPLE); }

void ek_expiry_for_listeners(ek_store *s) {
    if (s->a->level == 0 && ek_expiry_looks(s)) ek_run(s->a, step, s); /* with no memory for that: later */
}
