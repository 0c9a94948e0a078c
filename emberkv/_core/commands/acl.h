/* What the files of ACL share. */
#ifndef EK_COMMANDS_ACL_H
#define EK_COMMANDS_ACL_H

#include "engine/context.h"

/* The names of all users, in order; scratch memory. */
ek_str *ek_acl_names(ek_ctx *c, size_t *n);
/* "user NAME RULES", as in a file, without an end of line; scratch memory. */
ek_str ek_acl_line(ek_ctx *c, ek_str name);

typedef struct ek_acl_words {
    ek_str *v; /* scratch memory */
    size_t n;
    ek_str unmatched;
} ek_acl_words;

/* Words as rules: what stands between parentheses becomes one. False: they are not closed. */
bool ek_acl_merge(ek_ctx *c, size_t n, const ek_str *words, ek_acl_words *out);

#endif
