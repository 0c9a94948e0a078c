/* What the files of the sorted set commands share. */
#ifndef EK_COMMANDS_ZSETS_H
#define EK_COMMANDS_ZSETS_H

#include "engine/context.h"
#include "store/value_zset.h"

/* Add n members, every stride-th from `members` on, to the sorted set at argument 1, or change their
 * scores; reply how many, and tell it. */
enum { EK_ZADD_NX = 1, EK_ZADD_XX = 2, EK_ZADD_CH = 4 };
void ek_zset_add_members(ek_ctx *c, unsigned flags, double *scores, const ek_str *members,
                         size_t stride, size_t n);

/* The score of the member that is argument i, of those from argument 2 on, which are asked for in
 * their order: now and then the next ones are fetched ahead, and their hashes kept. */
bool ek_zset_score_ahead(ek_ctx *c, const ek_value *v, size_t i, uint64_t hashes[EK_TABLE_FETCHED],
                         double *score);

/* Members [rank, rank + n), the last first if `reverse`; with scores, RESP3 has a pair for each. */
void ek_zset_reply_range(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n, bool reverse,
                         bool with_scores);
/* The same with scores as pairs in either protocol, and flat in either. */
void ek_zset_reply_pairs(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n, bool reverse);
void ek_zset_reply_flat(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n, bool reverse);

/* Take out members [rank, rank + n) and tell it; the key goes with the last. n > 0. */
void ek_zset_take_ranks(ek_ctx *c, ek_value *v, uint32_t rank, uint32_t n, const char *event);

/* Reply the first or last `count` members with their scores and take them out. */
void ek_zset_pop(ek_ctx *c, ek_value *v, bool last, int64_t count, bool in_pairs);

/* ZMPOP's arguments from the number of keys on. False: the error is replied. */
typedef struct ek_zset_mpop {
    const ek_str *keys;
    size_t nkeys;
    bool last;
    int64_t count;
} ek_zset_mpop;
bool ek_zset_mpop_args(ek_ctx *c, size_t first, ek_zset_mpop *m);
/* What ZMPOP and BZMPOP leave in the feed, before they pop. */
void ek_zset_mpop_effect(ek_ctx *c, ek_str key, const ek_value *v, const ek_zset_mpop *m);

/* Store a result, in order and each member once, under a key and reply its size. n == 0: whatever is
 * there goes. */
void ek_zset_store_result(ek_ctx *c, ek_str key, const ek_zset_entry *e, size_t n,
                          const char *event);

/* The members [rank, rank + n) in scratch memory. */
ek_zset_entry *ek_zset_entries(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n);

#endif
