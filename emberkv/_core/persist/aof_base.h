/* What an append-only file begins with when it is to consist of commands alone; see aof_base.c. Called
 * by ek_rdb_save, which brings them to the file. */
#ifndef EK_PERSIST_AOF_BASE_H
#define EK_PERSIST_AOF_BASE_H

#include "persist/rdb.h"

void ek_aof_base_put_libraries(ek_rdb_out *o);
void ek_aof_base_put_database(ek_rdb_out *o, uint32_t dbi); /* what follows is in it */
void ek_aof_base_put_key(ek_rdb_out *o, const ek_value *v);

#endif
