/* One key of a keyspace with its value: a single block, the item of the keyspace's table.
 *
 *   | type,enc | flags | klen | vlen | access u32 | [expire i64] | [klen u32] | [vlen u32] | key | value |
 *
 * expire is there when EK_ENTRY_EXPIRES; the u32 lengths when EK_ENTRY_LONG_KEY (a key of more than
 * 255 bytes) and EK_ENTRY_LONG_VALUE (an inline value of more than 255 bytes). The value is either
 * inline bytes (a string, a listpack, an intset) or, with EK_ENTRY_OUTSIDE, 8 bytes: the reference of
 * a block and the number of its bytes that count (0 for the root of a container). access: see
 * store/access.h.
 *
 * A 16-byte key with a 16-byte value is a block of 40 bytes. When an entry outgrows its block it is
 * rebuilt in another, so an ek_value must not be used after a call that changes another copy of it.
 */
#ifndef EK_STORE_ENTRY_H
#define EK_STORE_ENTRY_H

#include "arena/arena.h"

typedef enum ek_type {
    EK_STRING,
    EK_LIST,
    EK_SET_TYPE,
    EK_ZSET,
    EK_HASH,
    EK_STREAM,
    EK_TYPES,
} ek_type;

typedef enum ek_encoding {
    EK_ENC_RAW,
    EK_ENC_INT,       /* 8 bytes, an int64 */
    EK_ENC_EMBSTR,
    EK_ENC_LISTPACK,  /* entries only, see data/listpack.h */
    EK_ENC_INTSET,
    EK_ENC_HASHTABLE, /* outside: root of a hash or set */
    EK_ENC_SKIPLIST,  /* outside: root of a sorted set */
    EK_ENC_QUICKLIST, /* outside: root of a list */
    EK_ENC_STREAM,
    EK_ENC_LISTPACK_EX, /* a hash with expiring fields */
    EK_ENC_HASHTABLE_EX,
    EK_ENCODINGS,
} ek_encoding;

enum {
    EK_ENTRY_EXPIRES = 1,
    EK_ENTRY_LONG_KEY = 2,
    EK_ENTRY_LONG_VALUE = 4,
    EK_ENTRY_OUTSIDE = 8,
};

#define EK_ENTRY_INLINE_MAX 1024u /* a larger value lies in a block of its own */
#define EK_NO_EXPIRE INT64_MAX

typedef struct ek_entry {
    uint8_t type_enc; /* type | encoding << 4 */
    uint8_t flags, klen, vlen;
    uint32_t access;
} ek_entry;

_Static_assert(sizeof(ek_entry) == 8, "the head of an entry");
_Static_assert(EK_TYPES <= 16 && EK_ENCODINGS <= 16, "type and encoding share a byte");

/* An entry taken apart. data and len are the value's bytes, wherever they lie. */
typedef struct ek_value {
    ek_ref entry; /* 0: there is none */
    ek_ref outside; /* the value's own block, or 0 when it is inline */
    uint64_t hash;
    ek_str key;
    uint8_t *data;
    size_t len;
    int64_t expire_ms; /* EK_NO_EXPIRE */
    ek_type type;
    ek_encoding enc;
} ek_value;

EK_INLINE ek_str ek_entry_key(const ek_arena *a, ek_ref ref) {
    const ek_entry *e = ek_ptr(a, ref);
    const uint8_t *p = (const uint8_t *)(e + 1) + (e->flags & EK_ENTRY_EXPIRES ? 8 : 0);
    size_t n = e->klen;
    if (EK_UNLIKELY(e->flags & EK_ENTRY_LONG_KEY)) {
        n = ek_load32(p);
        p += 4;
    }
    if (e->flags & EK_ENTRY_LONG_VALUE) p += 4;
    return (ek_str){p, n};
}

EK_INLINE int64_t ek_entry_expire(const ek_arena *a, ek_ref ref) {
    const ek_entry *e = ek_ptr(a, ref);
    return e->flags & EK_ENTRY_EXPIRES ? (int64_t)ek_load64(e + 1) : EK_NO_EXPIRE;
}

/* Take the entry apart into v (all but the hash). */
EK_INLINE void ek_entry_read(const ek_arena *a, ek_ref ref, ek_value *v) {
    const ek_entry *e = ek_ptr(a, ref);
    const uint8_t *p = (const uint8_t *)(e + 1);
    v->entry = ref;
    v->type = (ek_type)(e->type_enc & 15);
    v->enc = (ek_encoding)(e->type_enc >> 4);
    v->expire_ms = EK_NO_EXPIRE;
    if (e->flags & EK_ENTRY_EXPIRES) {
        v->expire_ms = (int64_t)ek_load64(p);
        p += 8;
    }
    v->key.n = e->klen;
    v->len = e->vlen;
    if (EK_UNLIKELY(e->flags & EK_ENTRY_LONG_KEY)) {
        v->key.n = ek_load32(p);
        p += 4;
    }
    if (e->flags & EK_ENTRY_LONG_VALUE) {
        v->len = ek_load32(p);
        p += 4;
    }
    v->key.p = p;
    v->data = (uint8_t *)p + v->key.n;
    v->outside = 0;
    if (e->flags & EK_ENTRY_OUTSIDE) {
        v->outside = ek_load32(v->data);
        v->len = ek_load32(v->data + 4);
        v->data = ek_ptr(a, v->outside);
    }
}

/* The head as one word: of a string, without flags, with a key of n bytes; its last byte is the length of
 * the value, which is inline. The encoding is not looked at. */
#define EK_ENTRY_PLAIN 0x00ffff0fu /* the bits that are looked at */
EK_INLINE uint32_t ek_entry_plain_head(size_t n) { return (uint32_t)n << 16 | EK_STRING; }

/* Where the entry of an outside value tells its length. */
EK_INLINE uint8_t *ek_entry_outside_len(const ek_value *v) {
    return (uint8_t *)v->key.p + v->key.n + 4;
}

/* Is the value a container, whose root lies outside, rather than bytes? */
EK_INLINE bool ek_is_container(ek_encoding enc) {
    return enc == EK_ENC_HASHTABLE || enc == EK_ENC_SKIPLIST || enc == EK_ENC_QUICKLIST ||
           enc == EK_ENC_STREAM || enc == EK_ENC_HASHTABLE_EX;
}

/* What a new entry is to be. bytes may be NULL: then the value's bytes are left for the caller to
 * fill in. */
typedef struct ek_entry_plan {
    ek_str key;
    ek_type type;
    ek_encoding enc;
    int64_t expire_ms; /* EK_NO_EXPIRE */
    uint32_t access;
    const uint8_t *bytes;
    size_t len;
    ek_ref outside; /* not 0: the value is this container (len 0), or this block of len bytes */
    size_t spare; /* room to grow into that the caller expects to need */
} ek_entry_plan;

ek_ref ek_entry_new(ek_arena *a, const ek_entry_plan *plan);

#endif
