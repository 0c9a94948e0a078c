/* What a command's handler is given, and the calls that handlers are made of. */
#ifndef EK_ENGINE_CONTEXT_H
#define EK_ENGINE_CONTEXT_H

#include "base/glob.h"
#include "base/word.h"
#include "engine/command.h"
#include "engine/reply.h"
#include "engine/session.h"
#include "store/keyspace.h"
#include "store/notify.h"
#include "store/store.h"

typedef struct ek_ctx {
    ek_store *s;
    ek_arena *a;
    ek_session *session;
    const ek_command *cmd;
    ek_db *db;
    uint32_t dbi;
    int resp; /* 2 or 3 */
    size_t argc;
    const ek_str *argv; /* argv[0] is the command's name; for a subcommand argv[1] is its own */
    ek_reply *reply;
    size_t mark; /* where its reply begins on the tape */
    int64_t now; /* see ek_now_ms */
    /* It waited, and is run again by whoever changed a key (engine/mail.h). The session is then a
     * stand-in with the waiter's database, protocol and id. */
    bool serving;
    bool effect_said; /* see effect.h */
    bool refused;     /* the handler found that it may not run: counted as such, see stats.h */
    bool error_told;  /* the error that it replies is a command's within it, and was counted there */
    ek_str ready_key;
    ek_ref put_back;
} ek_ctx;

/* The moment at which the command runs: read once, on first use. */
EK_INLINE int64_t ek_now_ms(ek_ctx *c) {
    if (!c->now) c->now = ek_store_moment_ms(c->s);
    return c->now;
}

/* The same for what is kept as the time of an event, also while a store is loaded. */
EK_INLINE int64_t ek_stamp_ms(ek_ctx *c) {
    return EK_UNLIKELY(c->s->loading) ? ek_store_clock_us(c->s) / 1000 : ek_now_ms(c);
}

/* --- memory until the end of the command --- */
void *ek_scratch_alloc(ek_ctx *c, size_t n); /* never fails to the caller: raises */

/* --- keys --- */

typedef enum ek_found { EK_ABSENT, EK_FOUND, EK_WRONG_TYPE } ek_found;

/* Find a key; one that has expired is deleted and absent. v can be given to ek_keyspace_add/put when absent. */
bool ek_lookup(ek_ctx *c, ek_str key, ek_value *v);
/* The same with the type that the command needs; has replied WRONGTYPE when EK_WRONG_TYPE. */
ek_found ek_lookup_type(ek_ctx *c, ek_str key, ek_type type, ek_value *v);
/* As ek_lookup, without noting the access: for TYPE, TTL, OBJECT, EXISTS. */
bool ek_peek(ek_ctx *c, ek_str key, ek_value *v);
/* In another database (MOVE, COPY). */
bool ek_lookup_in(ek_ctx *c, uint32_t db, ek_str key, ek_value *v);
/* With the key's hash at hand, for commands that fetch ahead. */
bool ek_lookup_hashed(ek_ctx *c, uint32_t db, ek_str key, uint64_t hash, ek_value *v);

/* The one call that tells everybody that a key has changed: watchers, the count of changes, and
 * whoever will listen to events. Call it once for each key that a command changed, after the change
 * (before or after a deletion alike), with the event's documented name ("hset", "del", ...), in
 * the order in which the servers tell them. */
void ek_key_changed(ek_ctx *c, ek_str key, ek_event class, const char *event);
void ek_key_changed_in(ek_ctx *c, uint32_t db, ek_str key, ek_event class, const char *event);
/* The same for what belongs to a change that is counted already: a second event, a second key. */
void ek_key_changed_too(ek_ctx *c, uint32_t db, ek_str key, ek_event class, const char *event);
/* Is there nobody who would be told of events, or of changes to keys? Then counting them is all. */
bool ek_key_changes_unseen(const ek_ctx *c);
/* The same for a change that is no event: PFCOUNT keeps a count in the value. */
void ek_key_changed_quietly(ek_ctx *c, ek_str key);
/* It changed so many elements in all: save rules count those, and a key that is told of is one. */
EK_INLINE void ek_changed_elements(ek_ctx *c, int64_t n) {
    if (EK_UNLIKELY(n > 1)) EK_SET(c->a, c->s->root->dirty, c->s->root->dirty + (uint64_t)n - 1);
}
/* Delete the key that v is and tell it ("del"). */
void ek_delete_key(ek_ctx *c, ek_value *v);
/* The same as a part of the change that left nothing in it. */
void ek_delete_emptied(ek_ctx *c, ek_value *v);
/* Tell, beside that, that a command put a whole new value of a type in the place of one of type `old`. */
void ek_key_overwritten(ek_ctx *c, uint32_t db, ek_str key, ek_type old, ek_type type);

/* --- arguments: each replies the error itself and returns false --- */

bool ek_arg_i64(ek_ctx *c, size_t i, int64_t *out);   /* ERR value is not an integer or out of range */
bool ek_arg_range(ek_ctx *c, size_t i, int64_t min, int64_t max, int64_t *out, const char *error);
bool ek_arg_double(ek_ctx *c, size_t i, double *out); /* ERR value is not a valid float */
bool ek_arg_db(ek_ctx *c, size_t i, uint32_t *out);   /* the number of a database of this store */
bool ek_arg_is(const ek_ctx *c, size_t i, const char *word); /* case-insensitive; no reply */
/* Does it begin as numbers do, and no word? Or is it one already. */
EK_INLINE bool ek_arg_is_number(const ek_ctx *c, size_t i) {
    ek_str s = c->argv[i];
    return s.n == EK_NUMBER || (s.n > 0 && s.p[0] <= '9');
}

/* --- replies that many commands give --- */
void ek_reply_syntax_error(ek_ctx *c);
void ek_reply_wrong_type(ek_ctx *c);
void ek_reply_not_integer(ek_ctx *c);
void ek_reply_wrong_arity(ek_ctx *c); /* with the command's full name */

#endif
