/* What garbage, COPY, MEMORY USAGE and the check builds need of every type whose values are
 * containers. Each type has a file of its own (value_list.c, value_hash.c, ...) that defines these. */
#ifndef EK_STORE_VALUES_H
#define EK_STORE_VALUES_H

#include "store/store.h"

typedef struct ek_value_ops {
    /* How many blocks freeing it takes, roughly: small ones are freed at once. */
    size_t (*weight)(const ek_arena *a, ek_ref root, ek_encoding enc);
    /* Free up to about `budget` items of it; true when all is gone, the root's block too. */
    bool (*drain)(ek_arena *a, ek_ref root, ek_encoding enc, size_t budget);
    /* A deep copy; returns the new root. */
    ek_ref (*copy)(ek_store *s, ek_ref root, ek_encoding enc);
    size_t (*bytes)(const ek_arena *a, ek_ref root, ek_encoding enc);
    bool (*check)(const ek_arena *a, ek_ref root, ek_encoding enc);
} ek_value_ops;

extern const ek_value_ops ek_value_list __attribute__((weak));
extern const ek_value_ops ek_value_set __attribute__((weak));
extern const ek_value_ops ek_value_zset __attribute__((weak));
extern const ek_value_ops ek_value_hash __attribute__((weak));
extern const ek_value_ops ek_value_stream __attribute__((weak));

/* The operations of a container value. */
const ek_value_ops *ek_value_ops_of(ek_type type);

#endif
