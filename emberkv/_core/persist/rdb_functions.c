/* Libraries of functions: | 245 | code as a string | for each, in RDB files and in FUNCTION DUMP. */
#include "persist/rdb.h"
#include "persist/rdb_opcodes.h"
#include "store/functions.h"

static bool put_library(void *arg, ek_library *l) {
    ek_rdb_out *o = arg;
    ek_rdb_put_byte(o, EK_RDB_OP_FUNCTION);
    ek_rdb_put_string(o, ek_library_code(l));
    return true;
}

void ek_rdb_put_libraries(ek_rdb_out *o) { ek_libraries_each(o->s, put_library, o); }

bool ek_rdb_get_library(ek_rdb_in *in) {
    ek_str code;
    if (!ek_rdb_get_string(in, &code)) return false;
    ek_str name = ek_library_name_in(code);
    const ek_library *there = name.n ? ek_library_find(in->s, name) : NULL;
    if (!name.n || (there && !in->replace)) return false;
    if (there) ek_library_delete(in->s, there);
    ek_library_add(in->s, name, code);
    return true;
}
