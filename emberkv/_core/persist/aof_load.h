/* An append-only file read: its commands run, or only looked at.
 *
 *   RDB (a base, or the head of a file of old)  | #annotation | *3 $3 SET ... | *1 MULTI ... EXEC | ...
 *
 * Nothing that the file says is believed: what is damaged ends the reading with its place. Commands
 * between MULTI and EXEC run when EXEC has been read, so what is cut off runs to its last whole unit. */
#ifndef EK_PERSIST_AOF_LOAD_H
#define EK_PERSIST_AOF_LOAD_H

#include "store/store.h"

typedef enum ek_aof_end {
    EK_AOF_WHOLE,
    EK_AOF_CUT,     /* it ends in the midst of a command or transaction */
    EK_AOF_DAMAGED, /* it goes on with what is no command */
    EK_AOF_FAILED,  /* it could not be read, or there is no memory */
} ek_aof_end_kind;

typedef struct ek_aof_load {
    ek_store *s; /* run in it: the lock is held, s->loading; NULL: only looked at */
    bool within; /* all is part of the transaction that is open; else none is */
    /* Asked now and then, with the bytes read so far: shall it go on? NULL: it shall. */
    bool (*go_on)(void *arg, uint64_t bytes);
    void *arg;
    /* What came of it. */
    uint64_t commands; /* without MULTI, EXEC and SELECT */
    uint64_t bytes;    /* of the file */
    uint64_t whole;    /* up to here it is whole units */
    uint64_t keys;     /* of the RDB that it begins with */
    bool rdb;          /* it begins with one */
    /* The command that came last into Redis's history, and with which version; NULL: none is later than
     * 7.0. Both constants. */
    const char *latest, *since;
    char err[512];     /* for people, unless it was whole; without the file's name */
} ek_aof_load;

ek_aof_end_kind ek_aof_load_fd(ek_aof_load *load, int fd);

#endif
