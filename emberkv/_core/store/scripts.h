/* The scripts that EVALSHA knows: bodies by the SHA-1 of their bytes, in the arena, so that what one
 * process loads all know.
 *
 *   root->scripts   table of | sha1, 40 hex digits | length u32 | body |
 *
 * Lock: the store's. */
#ifndef EK_STORE_SCRIPTS_H
#define EK_STORE_SCRIPTS_H

#include "base/sha1.h"
#include "store/store.h"

#define EK_SHA1_HEX ((size_t)2 * EK_SHA1_BYTES)

/* The name of these bytes, with a zero behind it. */
void ek_script_name(const void *p, size_t n, char sha[EK_SHA1_HEX + 1]);

typedef struct ek_script_body {
    char sha[EK_SHA1_HEX];
    uint32_t len;
    char body[];
} ek_script_body;

const ek_script_body *ek_script_find(const ek_store *s, ek_str sha); /* in any case; NULL: none */
void ek_script_keep(ek_store *s, const char *sha, ek_str body); /* if it is not there */
void ek_scripts_flush(ek_store *s);

#endif
