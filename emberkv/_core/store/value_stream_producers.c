/* Messages that were sent already: see value_stream_producers.h for the layout. */
#include "store/value_stream_producers.h"

#include "store/garbage.h"

#define FORGET_AT_ONCE 16 /* messages that are too old, whenever one is added */

typedef struct producer {
    ek_btree messages; /* by name */
    ek_ref oldest, newest;
    uint32_t name_len;
    uint8_t name[];
} producer;

typedef struct message {
    ek_id id;
    int64_t when_ms;
    ek_ref producer;
    ek_ref older, newer; /* of all */
    ek_ref next;         /* newer one of its producer */
    uint32_t name_len;
    uint8_t name[];
} message;

static ek_str producer_name(const ek_arena *a, ek_ref ref) {
    const producer *p = ek_ptr(a, ref);
    return (ek_str){p->name, p->name_len};
}

static ek_str message_name(const ek_arena *a, ek_ref ref) {
    const message *m = ek_ptr(a, ref);
    return (ek_str){m->name, m->name_len};
}

static void put_name(uint8_t *to, ek_str name) {
    if (name.n) memcpy(to, name.p, name.n);
}

static bool is_over(const ek_sent *sent, const message *m, int64_t now_ms) {
    return now_ms - m->when_ms >= (int64_t)sent->seconds * 1000;
}

ek_sent *ek_stream_needs_sent(ek_store *s, ek_stream *st) {
    if (st->sent) return ek_ptr(s->a, st->sent);
    ek_ref ref = ek_alloc_zeroed(s->a, sizeof(ek_sent));
    ek_sent *sent = ek_ptr(s->a, ref);
    sent->seconds = (uint32_t)s->root->config.stream_idmp_duration;
    sent->most = (uint32_t)s->root->config.stream_idmp_maxsize;
    EK_SET(s->a, st->sent, ref);
    return sent;
}

bool ek_sent_find(const ek_arena *a, const ek_sent *sent, ek_str name_of_producer, ek_str name,
                  int64_t now_ms, ek_id *id) {
    ek_ref at = ek_btree_find_member(a, &sent->producers, producer_name, name_of_producer);
    if (!at) return false;
    const producer *p = ek_ptr(a, at);
    ek_ref found = ek_btree_find_member(a, &p->messages, message_name, name);
    if (!found) return false;
    const message *m = ek_ptr(a, found);
    *id = m->id;
    return !is_over(sent, m, now_ms);
}

/* The oldest message of a producer goes, and the producer with its last. */
static void forget(ek_arena *a, ek_sent *sent, ek_ref producer_ref) {
    producer *p = ek_ptr(a, producer_ref);
    ek_ref ref = p->oldest;
    message *m = ek_ptr(a, ref);
    message *older = m->older ? ek_ptr(a, m->older) : NULL;
    message *newer = m->newer ? ek_ptr(a, m->newer) : NULL;
    if (older) EK_SET(a, older->newer, m->newer);
    else EK_SET(a, sent->oldest, m->newer);
    if (newer) EK_SET(a, newer->older, m->older);
    else EK_SET(a, sent->newest, m->older);
    EK_SET(a, p->oldest, m->next);
    EK_SET(a, sent->messages, sent->messages - 1);
    ek_btree_remove(a, &p->messages, message_name, 0, ref);
    ek_free(a, ref);
    if (p->messages.count) return;
    ek_btree_remove(a, &sent->producers, producer_name, 0, producer_ref);
    ek_free(a, producer_ref);
}

static void forget_old(ek_arena *a, ek_sent *sent, int64_t now_ms) {
    for (unsigned i = 0; i < FORGET_AT_ONCE && sent->oldest; i++) {
        const message *m = ek_ptr(a, sent->oldest);
        if (!is_over(sent, m, now_ms)) return;
        forget(a, sent, m->producer);
    }
}

static ek_ref need_producer(ek_arena *a, ek_sent *sent, ek_str name) {
    ek_ref ref = ek_btree_find_member(a, &sent->producers, producer_name, name);
    if (ref) return ref;
    ref = ek_alloc(a, sizeof(producer) + name.n);
    producer *p = ek_ptr(a, ref);
    *p = (producer){.name_len = (uint32_t)name.n};
    put_name(p->name, name);
    ek_btree_insert(a, &sent->producers, producer_name, 0, ref);
    return ref;
}

/* A message of that name has ended but is still here, and so are all that are older: away with them. */
static void forget_up_to(ek_arena *a, ek_sent *sent, ek_str name_of_producer, ek_str name) {
    for (;;) {
        ek_ref at = ek_btree_find_member(a, &sent->producers, producer_name, name_of_producer);
        if (!at) return;
        const producer *p = ek_ptr(a, at);
        if (!ek_btree_find_member(a, &p->messages, message_name, name)) return;
        forget(a, sent, at);
    }
}

void ek_sent_add(ek_arena *a, ek_sent *sent, ek_str name_of_producer, ek_str name, int64_t now_ms,
                 ek_id id) {
    forget_old(a, sent, now_ms);
    forget_up_to(a, sent, name_of_producer, name);
    ek_ref at = need_producer(a, sent, name_of_producer);
    producer *p = ek_ptr(a, at);
    ek_ref ref = ek_alloc(a, sizeof(message) + name.n);
    message *m = ek_ptr(a, ref);
    *m = (message){.id = id, .when_ms = now_ms, .producer = at, .older = sent->newest,
                   .name_len = (uint32_t)name.n};
    put_name(m->name, name);
    message *newest = sent->newest ? ek_ptr(a, sent->newest) : NULL;
    message *last = p->messages.count ? ek_ptr(a, p->newest) : NULL;
    if (newest) EK_SET(a, newest->newer, ref);
    else EK_SET(a, sent->oldest, ref);
    if (last) EK_SET(a, last->next, ref);
    else EK_SET(a, p->oldest, ref);
    EK_SET(a, p->newest, ref);
    ek_touch(a, sent, sizeof *sent);
    sent->newest = ref;
    sent->messages++;
    sent->added++;
    ek_btree_insert(a, &p->messages, message_name, 0, ref);
    while (p->messages.count > sent->most) forget(a, sent, at);
}

/* What was known is left to a stream of its own, which is garbage. */
void ek_sent_limit(ek_store *s, ek_stream *st, uint32_t seconds, uint32_t most) {
    ek_arena *a = s->a;
    ek_sent *sent = ek_stream_needs_sent(s, st);
    if (sent->seconds == seconds && sent->most == most) return;
    ek_ref old = st->sent, fresh = ek_alloc_zeroed(a, sizeof *sent);
    ek_sent *next = ek_ptr(a, fresh);
    next->seconds = seconds;
    next->most = most;
    next->added = sent->added;
    next->duplicates = sent->duplicates;
    EK_SET(a, st->sent, fresh);
    ek_ref root = ek_alloc_zeroed(a, sizeof(ek_stream));
    ek_stream *grave = ek_ptr(a, root);
    grave->sent = old;
    ek_garbage_value(s, EK_STREAM, EK_ENC_STREAM, root);
}

/* --- for the value --- */

bool ek_sent_drain(ek_arena *a, ek_stream *st, size_t budget) {
    ek_sent *sent = ek_stream_sent(a, st);
    if (!sent) return true;
    while (sent->oldest) {
        if (budget-- == 0) return false;
        forget(a, sent, ((const message *)ek_ptr(a, sent->oldest))->producer);
    }
    ek_free(a, st->sent);
    EK_SET(a, st->sent, 0);
    return true;
}

bool ek_sent_next(const ek_arena *a, const ek_sent *sent, ek_ref *at, ek_sent_message *out) {
    ek_ref ref = *at ? ((const message *)ek_ptr(a, *at))->newer : sent->oldest;
    if (!ref) return false;
    const message *m = ek_ptr(a, ref);
    *at = ref;
    *out = (ek_sent_message){.producer = producer_name(a, m->producer), .name = message_name(a, ref),
                             .when_ms = m->when_ms, .id = m->id};
    return true;
}

void ek_sent_read(ek_arena *a, ek_sent *sent, const ek_sent *counts, const ek_sent_message *m, size_t n) {
    ek_touch(a, sent, sizeof *sent);
    sent->seconds = UINT32_MAX; /* nothing is too old meanwhile */
    sent->most = counts->most;
    for (size_t i = 0; i < n; i++) ek_sent_add(a, sent, m[i].producer, m[i].name, m[i].when_ms, m[i].id);
    sent->seconds = counts->seconds;
    sent->added = counts->added;
    sent->duplicates = counts->duplicates;
}

void ek_sent_copy(ek_store *s, const ek_stream *from, ek_stream *to) {
    const ek_sent *sent = ek_stream_sent(s->a, from);
    ek_sent_message m;
    if (!sent) return;
    ek_sent *copy = ek_stream_needs_sent(s, to);
    ek_sent_read(s->a, copy, sent, NULL, 0);
    for (ek_ref at = 0; ek_sent_next(s->a, sent, &at, &m);) ek_sent_read(s->a, copy, sent, &m, 1);
}

size_t ek_sent_bytes(const ek_arena *a, const ek_stream *st) {
    const ek_sent *sent = ek_stream_sent(a, st);
    if (!sent) return 0;
    size_t n = ek_usable(a, st->sent) + ek_btree_bytes(a, &sent->producers);
    ek_btree_place at = ek_btree_at(a, &sent->producers, 0);
    for (; at.leaf; at = ek_btree_next(a, at)) {
        ek_ref ref = ek_btree_item(a, at);
        const producer *p = ek_ptr(a, ref);
        n += ek_usable(a, ref) + ek_btree_bytes(a, &p->messages) +
             p->messages.count * ek_usable(a, p->oldest);
    }
    return n;
}

/* Both orders hold the same messages, and the trees find them. */
bool ek_sent_check(const ek_arena *a, const ek_stream *st) {
    const ek_sent *sent = ek_stream_sent(a, st);
    if (!sent) return true;
    if (!ek_btree_check(a, &sent->producers, producer_name)) return false;
    uint64_t n = 0, theirs = 0;
    ek_ref last = 0;
    for (ek_ref ref = sent->oldest; ref; n++) {
        const message *m = ek_ptr(a, ref);
        const producer *p = ek_ptr(a, m->producer);
        if (m->older != last || n > sent->messages ||
            ek_btree_find_member(a, &p->messages, message_name, message_name(a, ref)) != ref)
            return false;
        last = ref;
        ref = m->newer;
    }
    ek_btree_place at = ek_btree_at(a, &sent->producers, 0);
    for (; at.leaf; at = ek_btree_next(a, at)) {
        const producer *p = ek_ptr(a, ek_btree_item(a, at));
        uint32_t own = 0;
        ek_ref ref = p->oldest;
        for (; own < p->messages.count && ref; ref = ((const message *)ek_ptr(a, ref))->next) own++;
        if (ref || own != p->messages.count || own == 0 || own > sent->most ||
            !ek_btree_check(a, &p->messages, message_name))
            return false;
        theirs += own;
    }
    return last == sent->newest && n == sent->messages && theirs == n;
}
