/* Lists as values of keys: the root of a list of listpacks, in a block of its own. */
#ifndef EK_STORE_VALUE_LIST_H
#define EK_STORE_VALUE_LIST_H

#include "data/quicklist.h"
#include "store/keyspace.h"

/* The list that a key holds. */
EK_INLINE ek_list *ek_value_list_of(const ek_value *v) { return (ek_list *)v->data; }

EK_INLINE ek_list_limit ek_value_list_limit(const ek_store *s) {
    return ek_list_limit_of(s->root->config.list_max_listpack_size);
}

ek_ref ek_value_list_new(ek_arena *a); /* an empty root, which no key has yet */

/* The list of a key that has been looked up; made with one when v->entry is 0. */
ek_list *ek_value_list_need(ek_store *s, ek_db *db, ek_value *v);

#endif
