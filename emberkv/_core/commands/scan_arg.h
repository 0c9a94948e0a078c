/* What SCAN, SSCAN, HSCAN and ZSCAN have in common: their arguments, and a place to collect items. */
#ifndef EK_COMMANDS_SCAN_ARG_H
#define EK_COMMANDS_SCAN_ARG_H

#include "engine/context.h"

typedef struct ek_scan_args {
    uint64_t count;
    bool has_match, has_type, novalues;
    ek_str match, type;
} ek_scan_args;

/* Each replies the error itself and returns false. The cursor comes first: a missing key is an empty
 * reply whatever the options are. TYPE is for SCAN alone, NOVALUES for HSCAN. */
bool ek_scan_cursor(ek_ctx *c, size_t i, uint64_t *out);
bool ek_scan_options(ek_ctx *c, size_t from, bool with_type, ek_scan_args *out);
bool ek_scan_options_hash(ek_ctx *c, size_t from, ek_scan_args *out);

EK_INLINE bool ek_scan_matches(const ek_scan_args *args, ek_str s) {
    return !args->has_match || ek_glob_match(args->match, s, false);
}

/* Items in scratch memory: the reply begins with a cursor that is known only after them. */
typedef struct ek_scan_items {
    ek_ctx *c;
    ek_ref *refs;
    size_t n, cap;
} ek_scan_items;

void ek_scan_collect(void *items, ek_ref item); /* an ek_table_visit_fn */

/* The head of the reply: an array of the cursor and what follows. */
void ek_scan_reply_cursor(ek_ctx *c, uint64_t cursor);
/* The same in front of what was written to the reply from `at` on. */
void ek_scan_insert_cursor(ek_ctx *c, size_t at, uint64_t cursor);

#endif
