/* Digests of data: equal data have equal digests, however they are encoded and whatever order they
 * were put in. For DEBUG DIGEST; tests compare stores by them.
 *
 * SHA-1 of a string; of a list, of a stream's entries in order; the sum (exclusive or) of those of a set's members, of a
 * hash's pairs, of a sorted set's members with their scores. A store's is the sum over its keys of
 * SHA-1 of number of database, key, type, value and whether there is a time to live. What holds
 * nothing has zeros. O(all the data). Lock: the store's. */
#ifndef EK_STORE_DIGEST_H
#define EK_STORE_DIGEST_H

#include "base/sha1.h"
#include "store/keyspace.h"

void ek_digest_value(ek_store *s, const ek_value *v, uint8_t out[EK_SHA1_BYTES]);
void ek_digest_store(ek_store *s, uint8_t out[EK_SHA1_BYTES]);

#endif
