/* Libraries of functions: their code, and what it registers, in the arena, so that what one process
 * loads all know. Each process compiles for itself what it calls.
 *
 *   root->libraries   table of ek_library by name
 *   root->functions   table of ek_function by name, in any case
 *
 *   ek_library --first--> ek_function --next--> ek_function ...
 *
 * Who has the code alone, as a snapshot does, adds the library without its functions; they are
 * registered when somebody asks for one, which takes Lua (scripting/functions.h).
 *
 * Lock: the store's. */
#ifndef EK_STORE_FUNCTIONS_H
#define EK_STORE_FUNCTIONS_H

#include "store/store.h"

/* Flags of functions and scripts. */
enum {
    EK_SCRIPT_NO_WRITES = 1u << 0,
    EK_SCRIPT_ALLOW_OOM = 1u << 1,
    EK_SCRIPT_ALLOW_STALE = 1u << 2,
    EK_SCRIPT_NO_CLUSTER = 1u << 3,
    EK_SCRIPT_CROSS_SLOT = 1u << 4,
    EK_SCRIPT_ROLLBACK = 1u << 5, /* an error undoes what it changed: not the servers' */
    EK_SCRIPT_FLAG_COUNT = 6,
};

const char *ek_script_flag_name(unsigned bit);
uint32_t ek_script_flag_find(ek_str name); /* 0: there is none of that name */

typedef struct ek_library {
    uint64_t id; /* no other library of this store ever has it */
    ek_ref first, last;
    uint32_t name_len, code_len, nfunctions;
    bool registered; /* its functions are known */
    uint8_t bytes[]; /* name, code */
} ek_library;

typedef struct ek_function {
    ek_ref library, next;
    uint32_t index; /* in its library, from 1 */
    uint32_t flags; /* EK_SCRIPT_* */
    uint32_t name_len, description_len;
    bool described;
    uint8_t bytes[]; /* name in lower case, name, description */
} ek_function;

EK_INLINE ek_str ek_library_name(const ek_library *l) { return (ek_str){l->bytes, l->name_len}; }
EK_INLINE ek_str ek_library_code(const ek_library *l) {
    return (ek_str){l->bytes + l->name_len, l->code_len};
}
EK_INLINE ek_str ek_function_name(const ek_function *f) {
    return (ek_str){f->bytes + f->name_len, f->name_len};
}
EK_INLINE ek_str ek_function_description(const ek_function *f) {
    return (ek_str){f->bytes + (size_t)2 * f->name_len, f->description_len};
}

EK_INLINE bool ek_library_name_char(uint8_t ch) {
    return ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch >= '0' && ch <= '9') || ch == '_';
}
/* The name that the first line of a library's code says, if it is well formed; empty: none. */
ek_str ek_library_name_in(ek_str code);

const ek_library *ek_library_find(const ek_store *s, ek_str name); /* NULL: none */
const ek_function *ek_function_find(const ek_store *s, ek_str name);

/* These need ek_begin. The name must be free. */
ek_library *ek_library_add(ek_store *s, ek_str name, ek_str code);
/* description.p NULL: it has none. */
void ek_function_add(ek_store *s, ek_library *l, ek_str name, ek_str description, uint32_t flags);
void ek_library_registered(ek_store *s, ek_library *l);
void ek_library_delete(ek_store *s, const ek_library *l); /* and its functions */
void ek_libraries_flush(ek_store *s);

typedef bool ek_library_each_fn(void *arg, ek_library *l); /* false: enough */
void ek_libraries_each(const ek_store *s, ek_library_each_fn *visit, void *arg);

bool ek_libraries_check(const ek_store *s);

#endif
