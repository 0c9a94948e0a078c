/* Values in the encoding of RDB, which DUMP payloads, snapshots and replication share.
 *
 *   length    00nnnnnn | 01nnnnnn n8 | 10000000 n32 | 10000001 n64 (both big-endian)
 *             11000000 + the kind of a string that is no plain run of bytes:
 *   string    length, bytes | 0 i8 | 1 i16 | 2 i32 (little-endian) | 3 length, length, LZF
 *   value     type u8, and what follows from it: see rdb_write.c and rdb_read.c
 *   payload   value | version u16 | crc64 of all before, u64
 *
 * Writing appends to a buffer, which grows by doubling or, for a file, is emptied when it is full. What
 * is read lies in memory, a value as a whole, and nothing of it is believed: every length is held
 * against what is left. Whole files: rdb_save.h, rdb_load.h. */
#ifndef EK_PERSIST_RDB_H
#define EK_PERSIST_RDB_H

#include "engine/scratch.h"
#include "store/keyspace.h"

enum {
    EK_RDB_VERSION = 10,       /* what is written, unless the value needs more */
    EK_RDB_VERSION_FIELDS = 12, /* ... which hashes with expiring fields do */
    EK_RDB_VERSION_MAX = 12,   /* what is read */
    EK_RDB_VERSION_VALKEY = 80,
};

typedef enum ek_rdb_type {
    EK_RDB_STRING = 0,
    EK_RDB_LIST = 1,
    EK_RDB_SET = 2,
    EK_RDB_ZSET = 3,
    EK_RDB_HASH = 4,
    EK_RDB_ZSET_2 = 5,
    EK_RDB_LIST_ZIPLIST = 10,
    EK_RDB_SET_INTSET = 11,
    EK_RDB_ZSET_ZIPLIST = 12,
    EK_RDB_HASH_ZIPLIST = 13,
    EK_RDB_LIST_QUICKLIST = 14,
    EK_RDB_STREAM = 15,
    EK_RDB_HASH_LISTPACK = 16,
    EK_RDB_ZSET_LISTPACK = 17,
    EK_RDB_LIST_QUICKLIST_2 = 18,
    EK_RDB_STREAM_2 = 19,
    EK_RDB_SET_LISTPACK = 20,
    EK_RDB_STREAM_3 = 21,
    EK_RDB_HASH_2 = 22,     /* of Valkey: times behind the values */
    EK_RDB_HASH_FIELDS = 24, /* times in front of the fields */
    EK_RDB_HASH_FIELDS_LISTPACK = 25,
} ek_rdb_type;

/* --- writing --- */

typedef struct ek_rdb_out {
    const ek_store *s;   /* whose values are written; raises on its arena */
    ek_scratch *scratch; /* what is needed for a moment; without flush also the buffer */
    uint8_t *buf;
    size_t len, cap;
    int version;         /* the lowest that has all that was written so far */
    int64_t now_ms;      /* fields whose time has come by now are left out */
    bool plain;          /* no string is compressed */
    const ek_str *key;   /* goes behind the type's byte; NULL: none does */
    /* Takes out what is in the buffer. NULL: it grows. */
    void (*flush)(struct ek_rdb_out *o);
} ek_rdb_out;

void ek_rdb_put_byte(ek_rdb_out *o, uint8_t b);
void ek_rdb_put_raw(ek_rdb_out *o, const void *p, size_t n);
void ek_rdb_put_u64(ek_rdb_out *o, uint64_t v); /* 8 bytes, little-endian: times, doubles */
void ek_rdb_put_length(ek_rdb_out *o, uint64_t n);
void ek_rdb_put_string(ek_rdb_out *o, ek_str s); /* as a number or compressed if that is shorter */

/* A run of listpack entries, with the head and the end that Redis's listpacks have. */
void ek_rdb_put_listpack(ek_rdb_out *o, ek_str run, size_t entries);

void ek_rdb_put_type(ek_rdb_out *o, ek_rdb_type type);

/* Type, key and value. O(bytes). */
void ek_rdb_put_value(ek_rdb_out *o, const ek_value *v);
void ek_rdb_put_stream(ek_rdb_out *o, const ek_value *v); /* rdb_stream.c */

/* What a stream remembers of its producers, behind it; of others nothing. rdb_sent.c */
void ek_rdb_put_sent(ek_rdb_out *o, const ek_value *v);

void ek_rdb_put_libraries(ek_rdb_out *o); /* all of the store; rdb_functions.c */

/* --- reading --- */

typedef struct ek_rdb_in {
    ek_store *s;
    ek_db *db;           /* where values are made */
    ek_scratch *scratch; /* holds what is decompressed */
    const uint8_t *p, *end;
    bool replace;        /* a library that is there already is replaced */
    bool cut;            /* something was not there because it would lie behind `end` */
} ek_rdb_in;

void *ek_rdb_memory(ek_rdb_in *in, size_t n); /* of its scratch memory; raises */

/* All return false when that is not there, or is not well formed; p is then where that was seen. */
bool ek_rdb_get_byte(ek_rdb_in *in, uint8_t *b);
bool ek_rdb_get_u64(ek_rdb_in *in, uint64_t *v);
bool ek_rdb_get_length(ek_rdb_in *in, uint64_t *n);
bool ek_rdb_skip(ek_rdb_in *in, size_t n);
/* A length that counts things of at least `least` bytes each: not more than can be there. */
bool ek_rdb_get_count(ek_rdb_in *in, size_t least, size_t *n);
/* The string's bytes: in what is read, or in scratch memory. */
bool ek_rdb_get_string(ek_rdb_in *in, ek_str *s);

/* Pass over a string; *s is it, or nothing if it does not stand there as it is. */
bool ek_rdb_pass_string(ek_rdb_in *in, ek_str *s);

/* Strings in scratch memory. */
typedef struct ek_rdb_strings {
    ek_str *v;
    size_t n;
} ek_rdb_strings;

/* The values of a listpack that comes as a string. */
bool ek_rdb_get_listpack(ek_rdb_in *in, ek_rdb_strings *out);
bool ek_rdb_get_stream(ek_rdb_in *in, ek_rdb_type type, ek_value *v); /* rdb_stream.c */

/* Make key (which is not there) of the value of this type that comes, with this time to live. False:
 * it is damaged, and something of it may be in the store; the caller undoes that. */
bool ek_rdb_get_value(ek_rdb_in *in, uint8_t type, ek_str key, int64_t expire_ms, uint32_t access, ek_value *v);

/* Is it the name of the aux field that ek_rdb_put_sent writes; and its value, read. */
bool ek_rdb_is_sent(ek_str aux);
bool ek_rdb_get_sent(ek_rdb_in *in, ek_str value);

/* What stands behind the opcode of a library: make it, without its functions (store/functions.h). False:
 * it is damaged, or there is one of that name. */
bool ek_rdb_get_library(ek_rdb_in *in);

#endif
