/* What the files of the hash commands share. */
#ifndef EK_COMMANDS_HASHES_H
#define EK_COMMANDS_HASHES_H

#include "engine/context.h"
#include "store/value_hash.h"

/* The moment for the calls of value_hash.h; not read for a hash that does not need it. */
EK_INLINE int64_t ek_hash_now(ek_ctx *c, const ek_value *v) {
    return EK_UNLIKELY(ek_hash_has_times(v)) ? ek_now_ms(c) : 0;
}

/* The field in a hash that was found by ek_lookup_type. */
EK_INLINE bool ek_hash_field(ek_ctx *c, ek_value *v, ek_str field, ek_hash_place *place) {
    return ek_hash_find(c->s, c->db, v, field, ek_hash_now(c, v), place);
}

/* Tell that the hash has changed, and delete its key when nothing is left. */
void ek_hash_changed(ek_ctx *c, ek_value *v, const char *event);

#endif
