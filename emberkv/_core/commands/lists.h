/* What the list commands share with their forms that wait. */
#ifndef EK_COMMANDS_LISTS_H
#define EK_COMMANDS_LISTS_H

#include "engine/context.h"
#include "store/value_list.h"

/* LEFT or RIGHT; no reply. */
bool ek_list_end_argument(const ek_ctx *c, size_t i, ek_list_end *at);

/* Reply an element and take it off. */
void ek_list_pop_one(ek_ctx *c, ek_value *v, ek_list_end at);
/* Reply up to n elements, n > 0, as an array and take them off. */
void ek_list_pop_many(ek_ctx *c, ek_value *v, ek_list_end at, uint64_t n);

/* LMPOP's arguments from the number of keys on. False: the error is replied. */
typedef struct ek_list_mpop {
    const ek_str *keys;
    size_t nkeys;
    ek_list_end at;
    int64_t count;
} ek_list_mpop;
bool ek_list_mpop_args(ek_ctx *c, size_t first, ek_list_mpop *m);

/* Move an element from argv[1] to argv[2] and reply it, or the error. False: there is none. */
bool ek_list_move(ek_ctx *c, ek_list_end from, ek_list_end to);

/* LMOVEM's, with what may follow at `after`: COUNT or EXACTLY, a number, OBO or BULK. */
typedef struct ek_list_movem {
    ek_list_end from, to;
    int64_t count;
    bool exactly, bulk;
} ek_list_movem;
bool ek_list_movem_args(ek_ctx *c, size_t after, ek_list_movem *m);
bool ek_list_movem_run(ek_ctx *c, const ek_list_movem *m); /* as ek_list_move */

/* What LMPOP and BLMPOP leave in the feed, before they take n of `count` elements. */
void ek_list_mpop_effect(ek_ctx *c, ek_str key, ek_list_end at, uint64_t n, uint64_t count);

#endif
