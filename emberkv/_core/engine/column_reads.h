/* Many look-ups straight into a column, without the lock and without a reply: MGET, SMISMEMBER and ZMSCORE
 * of arrays. The rules are those of store/peek.h; a batch of keys is fetched ahead, each is compared once
 * where it was found. What is out of the ordinary is left to the command. O(n). */
#ifndef EK_ENGINE_COLUMN_READS_H
#define EK_ENGINE_COLUMN_READS_H

#include "engine/columns.h"
#include "engine/session.h"

typedef enum ek_column_result {
    EK_COLUMN_READ,
    EK_COLUMN_UNSURE, /* run the command; the column holds anything */
    EK_COLUMN_MISFIT, /* *row of what was read is not of the column's type */
} ek_column_result;

/* The strings at n keys; a missing one clears its element and its byte in `present`. */
ek_column_result ek_column_strings_at(ek_session *session, const ek_column *keys, size_t n,
                                      const ek_column *out, uint8_t *present, size_t *row);
/* For each of n whether it is a member of the set, as a byte. */
ek_column_result ek_column_members(ek_session *session, ek_str name, const ek_column *members,
                                   size_t n, uint8_t *out);
/* The scores of n members of the sorted set, NaN for one that is missing. */
ek_column_result ek_column_scores(ek_session *session, ek_str name, const ek_column *members,
                                  size_t n, double *out);

#endif
