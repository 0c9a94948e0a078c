/* Settings of a store that values depend on. They lie in the store, so all its processes agree. */
#ifndef EK_STORE_CONFIG_H
#define EK_STORE_CONFIG_H

#include "base/base.h"

typedef struct ek_config {
    int64_t hash_max_listpack_entries, hash_max_listpack_value;
    int64_t set_max_intset_entries;
    int64_t zset_max_listpack_entries, zset_max_listpack_value;
    int64_t list_max_listpack_size; /* > 0: entries a node; -1..-5: 4, 8, 16, 32, 64 KiB */
    int64_t list_compress_depth;    /* kept for CONFIG GET; nodes are never compressed */
    int64_t proto_max_bulk_len;
} ek_config;

#endif
