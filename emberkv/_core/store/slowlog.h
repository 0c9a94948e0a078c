/* The slow log: commands that took longer than slowlog-log-slower-than, of all processes.
 *
 *   root->slowlog: | count | newest | oldest | next id |  --> entry <-> entry <-> entry
 *
 *   entry | older newer | id | Unix seconds | microseconds | argc | lengths ... | address name words |
 *
 * At most slowlog-max-len of them; long commands are shortened, as the servers do. A block of a
 * hundred bytes or two each; adding is O(its words). Lock: the store's, and a transaction. */
#ifndef EK_STORE_SLOWLOG_H
#define EK_STORE_SLOWLOG_H

#include "store/store.h"

#define EK_SLOWLOG_WORDS 32u
#define EK_SLOWLOG_WORD_BYTES 128u

typedef struct ek_slowlog_entry {
    ek_ref older, newer;
    uint64_t id;
    int64_t unix_s, us;
    uint32_t nwords;     /* without address and name, which come first */
    uint32_t lengths[];  /* nwords + 2, and the bytes behind them */
} ek_slowlog_entry;

void ek_slowlog_add(ek_store *s, ek_str address, ek_str name, int64_t us, size_t argc,
                    const ek_str *argv);
void ek_slowlog_trim(ek_store *s, uint64_t to); /* the oldest go */

/* The newest entry, or the one before that; NULL: none. */
const ek_slowlog_entry *ek_slowlog_newest(const ek_store *s);
const ek_slowlog_entry *ek_slowlog_older(const ek_store *s, const ek_slowlog_entry *e);
/* Its words (i < e->nwords); its address is word -2, its client's name -1. */
ek_str ek_slowlog_word(const ek_slowlog_entry *e, int i);

bool ek_slowlog_check(const ek_store *s);

#endif
