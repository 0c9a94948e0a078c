/* The list of files that an append-only directory consists of, as of Redis 7:
 *
 *   appendonlydir/appendonly.aof.manifest
 *     file appendonly.aof.3.base.rdb seq 3 type b       at most one: the store at some moment
 *     file appendonly.aof.7.incr.aof seq 7 type i       any number: what was done since, in order
 *     file appendonly.aof.2.base.rdb seq 2 type h       may be deleted
 *
 * Lines that begin with # are comments; names with unusual bytes stand in quotes. The list is written
 * as a whole, under another name first. Nothing here looks at the files themselves. */
#ifndef EK_PERSIST_MANIFEST_H
#define EK_PERSIST_MANIFEST_H

#include "base/base.h"

#define EK_AOF_NAME_BYTES 256

typedef struct ek_aof_file {
    char name[EK_AOF_NAME_BYTES];
    uint64_t seq;
    char type; /* b, i, h */
} ek_aof_file;

typedef struct ek_manifest {
    ek_aof_file *files; /* malloc; in the order of the list */
    size_t n;
} ek_manifest;

/* What is wrong with a list, and where; `line` counts from 1, 0: none in particular. */
typedef struct ek_manifest_error {
    unsigned line;
    const char *what;
} ek_manifest_error;

/* False: it is no list, or there was no memory. To be freed all the same. */
bool ek_manifest_parse(ek_manifest *m, const char *text, size_t n, ek_manifest_error *error);
/* As text (malloc), or NULL: no memory. */
char *ek_manifest_print(const ek_manifest *m, size_t *n);
void ek_manifest_free(ek_manifest *m);

const ek_aof_file *ek_manifest_base(const ek_manifest *m); /* NULL: there is none */
const ek_aof_file *ek_manifest_last_incr(const ek_manifest *m);
uint64_t ek_manifest_next(const ek_manifest *m, char type); /* a number not used yet */
bool ek_manifest_add(ek_manifest *m, char type, uint64_t seq, const char *name); /* false: no memory */
/* Keep only files for which `keep` says so; the others are told of before. */
void ek_manifest_drop(ek_manifest *m, size_t i);

#endif
