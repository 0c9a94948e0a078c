/* What OBJECT and DEBUG OBJECT say of a value, in the words of the servers. */
#ifndef EK_COMMANDS_OBJECT_H
#define EK_COMMANDS_OBJECT_H

#include "store/entry.h"

const char *ek_object_encoding(const ek_value *v);
int ek_object_refcount(const ek_value *v);
/* Do the servers free it in the background (UNLINK): is it of more than 64 pieces? */
bool ek_object_is_freed_lazily(const ek_arena *a, const ek_value *v);

#endif
