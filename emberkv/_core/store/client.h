/* Clients: the sessions that others must be able to see and to reach, in whatever process.
 *
 *   root->clients: table by id -> ek_client --first--> mail -> mail -> ... (FIFO)
 *                                                       |-> message (counted: one for many inboxes)
 *
 * Connections of a server have a record from the beginning, sessions in a process from when they
 * first wait, subscribe, track or monitor, or ask for their CLIENT ID (ek_session_client). A record
 * carries its process's token; when that is dead, whoever finds out drops the record and all it has.
 * Lock: the store's, and a transaction, for everything here but ek_inbox_waiting (engine/mail.h).
 *
 * A message is a tape (engine/reply.h): a push has the tag '>' in front. The reply of a command that
 * waited is any other tape; until it is taken out it is unclaimed, and carries the commands that put
 * back what was popped for it, should its process die. */
#ifndef EK_STORE_CLIENT_H
#define EK_STORE_CLIENT_H

#include "store/store.h"

enum { /* ek_client.flags */
    EK_CLIENT_KILLED = 1u << 0,  /* is to be closed by its owner; gets no more mail */
    EK_CLIENT_IN_PUBSUB = 1u << 1, /* has subscriptions: another limit for its inbox */
    EK_CLIENT_OF_SERVER = 1u << 2, /* a connection of a server, not a session in a process */
    EK_CLIENT_IS_REPLICA = 1u << 3,
    EK_CLIENT_IS_MONITOR = 1u << 4,
    EK_CLIENT_OVERFLOW = 1u << 5, /* killed because its inbox was over its limit */
};

typedef struct ek_client {
    uint64_t id;         /* store-wide; that of its session */
    uint32_t slot, token; /* of its process, see process.h */
    uint32_t waker;      /* its name, 0: none */
    uint32_t flags;
    uint32_t db;
    uint32_t resp;
    /* Inbox. */
    ek_ref first, last;  /* ek_mail */
    uint32_t nmail;
    ek_ref wait;         /* what it waits for, see waiting.h; 0: nothing */
    uint64_t inbox_bytes;
    int64_t over_soft_ms; /* since when the inbox is over its soft limit; 0: it is not */
    ek_ref unclaimed_next, unclaimed_prev; /* in root->unclaimed, while an unclaimed reply is in */
    bool has_unclaimed;
    /* Of other owners; each has its line in ek_client_drop. */
    ek_ref subscriptions; /* channels.c */
    ek_ref tracking;      /* tracking.c */
    uint64_t held_bytes;  /* what its subscriptions and the prefixes that it tracks take */
    /* Facts for CLIENT LIST: texts are blocks of u32 length and bytes, 0 when empty. */
    ek_ref name, lib_name, lib_ver, addr, laddr;
    ek_ref user; /* 0: default */
    int64_t created_ms, active_ms; /* active: told now and then, as the command is */
    char last_command[32];         /* its name; empty: not told yet */
} ek_client;

typedef struct ek_mail {
    ek_ref next, message;
    ek_ref put_back; /* commands that put back what was taken for it (see waiting.h), or 0 */
    uint32_t is_reply; /* of a command that waited */
} ek_mail;

typedef struct ek_message {
    uint32_t refs, len;
    uint8_t tape[];
} ek_message;

/* Its subscriptions or prefixes take more or less. In a transaction. */
EK_INLINE void ek_client_holds(ek_store *s, ek_client *c, int64_t bytes) {
    EK_SET(s->a, c->held_bytes, c->held_bytes + (uint64_t)bytes);
}

ek_client *ek_client_find(const ek_store *s, uint64_t id); /* NULL: none. O(1) */
ek_client *ek_client_new(ek_store *s, uint64_t id);        /* of this process */
bool ek_client_lives(const ek_store *s, const ek_client *c); /* at most one system call */
/* Let go of the record and of all that it has, mail too. What was popped for it and not taken is lost
 * unless ek_settle (engine/mail.h) put it back before. */
void ek_client_drop(ek_store *s, ek_client *c);
/* Ask its owner to close it: marks it, ends its wait, wakes it. */
void ek_client_kill(ek_store *s, ek_client *c, uint32_t why);
void ek_client_set_monitor(ek_store *s, ek_client *c, bool on); /* is it told of every command? */
/* Every record, in no order. It may drop the one that it is called for, and no other. */
typedef void ek_client_visit_fn(void *arg, ek_client *c);
void ek_client_each(ek_store *s, ek_client_visit_fn *visit, void *arg);

void ek_client_set_fact(ek_store *s, ek_ref *where, ek_str text);
ek_str ek_client_fact(const ek_store *s, ek_ref fact);

/* Post a copy of n bytes of tape. O(n). Who is over its limit is killed, never waited for. */
void ek_inbox_post(ek_store *s, ek_client *to, const void *tape, size_t n);
/* One message for many: make it, post it to each, release it. Posting is O(1). */
ek_ref ek_message_new(ek_store *s, const void *tape, size_t n);
void ek_inbox_post_shared(ek_store *s, ek_client *to, ek_ref message);
void ek_message_release(ek_store *s, ek_ref message);
/* The reply of the command that it waited with, which it does no longer. */
void ek_inbox_post_reply(ek_store *s, ek_client *to, const void *tape, size_t n, ek_ref put_back);
/* Take the mail behind `prev` (0: the first) out and free it; its bytes stand until the commit. */
void ek_inbox_drop(ek_store *s, ek_client *c, ek_ref prev);
void ek_inbox_clear(ek_store *s, ek_client *c);

bool ek_clients_check(const ek_store *s);

#endif
