/* What arena.c and map.c need of the allocator beyond arena.h. */
#ifndef EK_ARENA_ALLOC_H
#define EK_ARENA_ALLOC_H

#include "arena/arena.h"

void ek_alloc_classes(ek_class_info *out, unsigned shift);  /* fills EK_CLASSES entries */
void ek_free_now(ek_arena *a, const ek_ref *refs, size_t n); /* the frees themselves, in a transaction */

#endif
