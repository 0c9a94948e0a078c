/* What the files of the hash commands share. */
#ifndef EK_COMMANDS_HASHES_H
#define EK_COMMANDS_HASHES_H

#include "engine/context.h"
#include "store/notify.h"
#include "store/value_hash.h"

/* The moment for the calls of value_hash.h; not read for a hash that does not need it. */
EK_INLINE int64_t ek_hash_now(ek_ctx *c, const ek_value *v) {
    return EK_UNLIKELY(ek_hash_has_times(v)) ? ek_now_ms(c) : 0;
}

/* The field in a hash that was found by ek_lookup_type. */
EK_INLINE bool ek_hash_field(ek_ctx *c, ek_value *v, ek_str field, ek_hash_place *place) {
    return ek_hash_find(c->s, c->db, v, field, ek_hash_now(c, v), place);
}

/* Fields that an event is about, noted as long as anybody is told of such; at most so many. */
typedef struct ek_fields {
    ek_str *p;
    size_t n;
} ek_fields;
EK_INLINE void ek_fields_note(ek_ctx *c, ek_fields *f, size_t most, ek_str field) {
    if (!ek_notifies_fields(c->s)) return;
    if (!f->p) f->p = ek_scratch_alloc(c, most * sizeof *f->p);
    f->p[f->n++] = field;
}
EK_INLINE void ek_fields_tell(ek_ctx *c, const ek_fields *f, const char *event) {
    ek_notify_fields(c->s, c->dbi, c->argv[1], event, f->p, f->n, 1);
}

/* Tell that the hash has changed, and delete its key when nothing is left. */
void ek_hash_changed(ek_ctx *c, ek_value *v, const char *event);

#endif
