/* What the files of the string commands share. */
#ifndef EK_COMMANDS_STRINGS_H
#define EK_COMMANDS_STRINGS_H

#include "engine/context.h"
#include "store/string.h"

enum {
    EK_OPT_NX = 1, EK_OPT_XX = 2, EK_OPT_GET = 4, EK_OPT_KEEPTTL = 8, EK_OPT_PERSIST = 16,
    EK_OPT_EX = 32, EK_OPT_PX = 64, EK_OPT_EXAT = 128, EK_OPT_PXAT = 256,
    EK_OPT_IFEQ = 512, EK_OPT_IFNE = 1024, EK_OPT_IFDEQ = 2048, EK_OPT_IFDNE = 4096,
    EK_OPT_TIMES = EK_OPT_EX | EK_OPT_PX | EK_OPT_EXAT | EK_OPT_PXAT,
    EK_OPT_COMPARISONS = EK_OPT_IFEQ | EK_OPT_IFNE | EK_OPT_IFDEQ | EK_OPT_IFDNE,
};

typedef struct ek_set_options {
    unsigned given;
    size_t time_at;  /* the argument that holds the time */
    size_t value_at; /* the argument that a comparison is with */
} ek_set_options;

/* The options from argument `from` on; `allowed` are those of this command. Has replied when
 * false. */
bool ek_parse_set_options(ek_ctx *c, size_t from, unsigned allowed, ek_set_options *o);
/* The time that was given with them. Has replied when false. */
bool ek_set_options_time(ek_ctx *c, const ek_set_options *o, int64_t *expire_ms);

/* Does the value (NULL: there is none) meet the comparison? *failed: has replied. */
bool ek_comparison_met(ek_ctx *c, const ek_set_options *o, const ek_value *v, bool *failed);

/* Put a text at a key that was looked up: event and watchers included. */
void ek_put_text(ek_ctx *c, ek_value *v, ek_str key, ek_str text, int64_t expire_ms);

#endif
