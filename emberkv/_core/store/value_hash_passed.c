/* Telling of fields of a hash that go because their time has come. */
#include "store/notify.h"
#include "store/value_hash.h"

/* Once round to count, once round to copy. */
typedef struct gathering {
    ek_str *fields; /* NULL: counting */
    uint8_t *text;
    size_t n, bytes;
} gathering;

static bool gather(void *arg, const ek_hash_pair *pair) {
    gathering *g = arg;
    if (g->fields) {
        uint8_t *to = g->text + g->bytes;
        if (pair->field.n) memcpy(to, pair->field.p, pair->field.n);
        g->fields[g->n] = (ek_str){to, pair->field.n};
    }
    g->n++;
    g->bytes += pair->field.n;
    return true;
}

void ek_hash_tell_passed(ek_store *s, uint32_t db, const ek_value *v, int64_t now_ms,
                         size_t budget) {
    if (!ek_hash_has_times(v) || ek_hash_soonest(s->a, v) > now_ms ||
        ek_hash_len(s, v, now_ms) == 0)
        return;
    gathering g = {0};
    ek_hash_each_passed(s, v, now_ms, budget, gather, &g);
    ek_ref block = ek_alloc(s->a, g.n * sizeof *g.fields + g.bytes + 1);
    g.fields = ek_ptr(s->a, block);
    g.text = (uint8_t *)(g.fields + g.n);
    g.n = g.bytes = 0;
    ek_hash_each_passed(s, v, now_ms, budget, gather, &g);
    ek_notify_fields(s, db, v->key, "hexpired", g.fields, g.n, 1);
    ek_free(s->a, block);
}
