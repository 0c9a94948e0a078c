/* A value as DUMP gives it. */
#ifndef EK_PERSIST_DUMP_H
#define EK_PERSIST_DUMP_H

#include "engine/context.h"

/* Type, value, version and checksum, in the command's scratch memory. O(bytes). */
ek_str ek_dump_value(ek_ctx *c, const ek_value *v);

size_t ek_dump_bytes(ek_ctx *c, const ek_value *v); /* of the value alone */

#endif
