/* Keyspace notifications: what happens to keys, told as messages.
 *
 *   __keyspace@<db>__:<key>    the event's name          if the setting has K
 *   __keyevent@<db>__:<event>  the key                   if it has E
 *
 * and, of an event that is about fields of a hash, these too (since Redis 8.8), whatever classes the
 * setting has:
 *
 *   __subkeyspace@<db>__:<key>                event|<fields>          if it has S
 *   __subkeyevent@<db>__:<event>              <length>:key|<fields>   if it has T
 *   __subkeyspaceitem@<db>__:<key>\n<field>   event                   if it has I
 *   __subkeyspaceevent@<db>__:<event>|<key>   <fields>                if it has V
 *
 * where <fields> is <length>:field,<length>:field and so on.
 *
 * The setting notify-keyspace-events, a set of class letters, lies in the store's configuration as
 * bits. While it is empty an event costs the test of one word. Messages are part of the
 * transaction that changes the key: what is undone has told nobody, and a command whose events find no
 * memory fails as a whole; but expired and missed keys are then not told. Lock: the store's. */
#ifndef EK_STORE_NOTIFY_H
#define EK_STORE_NOTIFY_H

#include "store/store.h"

typedef enum ek_event {
    EK_EVENT_GENERIC = 'g',
    EK_EVENT_STRING = '$',
    EK_EVENT_LIST = 'l',
    EK_EVENT_SET = 's',
    EK_EVENT_HASH = 'h',
    EK_EVENT_ZSET = 'z',
    EK_EVENT_STREAM = 't',
    EK_EVENT_EXPIRED = 'x',
    EK_EVENT_EVICTED = 'e',
    EK_EVENT_MODULE = 'd',
    EK_EVENT_NEW = 'n',          /* as are the following, not part of A */
    EK_EVENT_KEY_MISS = 'm',
    EK_EVENT_OVERWRITTEN = 'o',  /* since Redis 8.2 */
    EK_EVENT_TYPE_CHANGED = 'c', /* since Redis 8.2 */
} ek_event;

#define EK_NOTIFY_FIELDS (15 << 16) /* S, T, I or V */

void ek_notify_slow(ek_store *s, uint32_t db, ek_event class, ek_str key, const char *event);
EK_INLINE void ek_notify(ek_store *s, uint32_t db, ek_event class, ek_str key, const char *event) {
    if (EK_UNLIKELY(s->root->config.notify_keyspace_events))
        ek_notify_slow(s, db, class, key, event);
}

/* An event that is about n fields of a hash, `stride` apart. */
void ek_notify_fields_slow(ek_store *s, uint32_t db, ek_str key, const char *event,
                           const ek_str *fields, size_t n, size_t stride);
EK_INLINE bool ek_notifies_fields(const ek_store *s) {
    return EK_UNLIKELY(s->root->config.notify_keyspace_events & EK_NOTIFY_FIELDS);
}
EK_INLINE void ek_notify_fields(ek_store *s, uint32_t db, ek_str key, const char *event,
                                const ek_str *fields, size_t n, size_t stride) {
    if (ek_notifies_fields(s)) ek_notify_fields_slow(s, db, key, event, fields, n, stride);
}

/* The setting as bits, and back as letters in the servers' order. False: a letter means nothing. */
bool ek_notify_parse(ek_str letters, int64_t *bits);
#define EK_NOTIFY_CHARS 24
size_t ek_notify_format(int64_t bits, char *out); /* EK_NOTIFY_CHARS at most, the zero included */

/* Is anybody told of events of this class? */
EK_INLINE int64_t ek_notify_bit(char letter) {
    switch (letter) {
    case 'K': return 1 << 0;
    case 'E': return 1 << 1;
    case EK_EVENT_GENERIC: return 1 << 2;
    case EK_EVENT_STRING: return 1 << 3;
    case EK_EVENT_LIST: return 1 << 4;
    case EK_EVENT_SET: return 1 << 5;
    case EK_EVENT_HASH: return 1 << 6;
    case EK_EVENT_ZSET: return 1 << 7;
    case EK_EVENT_EXPIRED: return 1 << 8;
    case EK_EVENT_EVICTED: return 1 << 9;
    case EK_EVENT_STREAM: return 1 << 10;
    case EK_EVENT_MODULE: return 1 << 11;
    case EK_EVENT_NEW: return 1 << 12;
    case EK_EVENT_OVERWRITTEN: return 1 << 13;
    case EK_EVENT_TYPE_CHANGED: return 1 << 14;
    case EK_EVENT_KEY_MISS: return 1 << 15;
    case 'S': return 1 << 16;
    case 'T': return 1 << 17;
    case 'I': return 1 << 18;
    case 'V': return 1 << 19;
    default: return 0;
    }
}
EK_INLINE bool ek_notifies(const ek_store *s, ek_event class) {
    return EK_UNLIKELY((s->root->config.notify_keyspace_events & ek_notify_bit((char)class)) != 0);
}
/* Of keys, or of fields of hashes, whose time has come: somebody has to find them. */
EK_INLINE bool ek_notifies_expiry(const ek_store *s) {
    return ek_notifies(s, EK_EVENT_EXPIRED) || ek_notifies(s, EK_EVENT_HASH);
}

#endif
