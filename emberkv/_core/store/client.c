#include "store/client.h"

#include "store/channels.h"
#include "store/process.h"
#include "store/tracking.h"
#include "store/waiting.h"
#include "store/waker.h"

#define ASK_FROM ((uint64_t)64 << 10) /* an inbox of that size, and each doubling: does its owner live? */

static ek_str key_of(const ek_arena *a, ek_ref item) {
    return (ek_str){(const uint8_t *)ek_ptr(a, item), sizeof(uint64_t)};
}

static ek_str id_key(const uint64_t *id) { return (ek_str){(const uint8_t *)id, sizeof *id}; }

/* --- records --- */

ek_client *ek_client_find(const ek_store *s, uint64_t id) {
    if (!s->root->clients.count) return NULL;
    ek_str key = id_key(&id);
    ek_ref ref = ek_table_find(s->a, &s->root->clients, key_of, ek_table_hash(s->a, key), key);
    return ref ? ek_ptr(s->a, ref) : NULL;
}

ek_client *ek_client_new(ek_store *s, uint64_t id) {
    if (!ek_process_join(s)) ek_raise(s->a, EK_ENOMEM);
    ek_ref ref = ek_alloc_zeroed(s->a, sizeof(ek_client));
    ek_client *c = ek_ptr(s->a, ref);
    c->id = id;
    c->slot = s->slot;
    c->token = s->token;
    c->created_ms = c->active_ms = ek_store_now_ms(s);
    ek_table_add(s->a, &s->root->clients, key_of, ek_table_hash(s->a, id_key(&id)), ref);
    return c;
}

bool ek_client_lives(const ek_store *s, const ek_client *c) {
    return ek_process_lives(s, c->slot, c->token);
}

void ek_client_drop(ek_store *s, ek_client *c) {
    ek_ref ref = ek_ref_of(s->a, c);
    ek_wait_end(s, c);
    ek_subscriptions_drop(s, c);
    ek_tracking_off(s, c);
    ek_client_set_monitor(s, c, false);
    ek_inbox_clear(s, c);
    ek_ref facts[] = {c->name, c->lib_name, c->lib_ver, c->addr, c->laddr, c->user};
    for (size_t i = 0; i < EK_COUNTOF(facts); i++) ek_free(s->a, facts[i]);
    uint64_t id = c->id;
    ek_table_remove(s->a, &s->root->clients, key_of, ek_table_hash(s->a, id_key(&id)), ref);
    ek_free(s->a, ref);
}

void ek_client_set_monitor(ek_store *s, ek_client *c, bool on) {
    if (on == ((c->flags & EK_CLIENT_IS_MONITOR) != 0)) return;
    uint32_t n = s->root->nmonitors + (on ? 1 : -1u);
    EK_SET(s->a, c->flags, c->flags ^ EK_CLIENT_IS_MONITOR);
    EK_SET(s->a, s->root->nmonitors, n);
    ek_lock_reads(s->a, EK_LOCKED_MONITOR, n > 0);
}

void ek_client_kill(ek_store *s, ek_client *c, uint32_t why) {
    EK_SET(s->a, c->flags, c->flags | EK_CLIENT_KILLED | why);
    ek_wait_end(s, c);
    ek_waker_note(s, c->waker);
}

typedef struct visiting {
    ek_store *s;
    ek_client_visit_fn *visit;
    void *arg;
    ek_ref batch[128];
    size_t n;
} visiting;

static void collect(void *arg, ek_ref item) {
    visiting *v = arg;
    if (v->n < EK_COUNTOF(v->batch)) v->batch[v->n++] = item;
}

/* A scan's cursor stands between buckets: so a batch may change the table. */
void ek_client_each(ek_store *s, ek_client_visit_fn *visit, void *arg) {
    visiting v = {.s = s};
    uint64_t cursor = 0;
    if (!s->root->clients.count) return;
    do {
        v.n = 0;
        cursor = ek_table_scan(s->a, &s->root->clients, key_of, cursor, 1, collect, &v);
        for (size_t i = 0; i < v.n; i++) visit(arg, ek_ptr(s->a, v.batch[i]));
    } while (cursor && s->root->clients.count);
}

void ek_client_set_fact(ek_store *s, ek_ref *where, ek_str text) {
    ek_ref fresh = 0;
    if (text.n) {
        fresh = ek_alloc(s->a, 4 + text.n);
        ek_store32(ek_ptr(s->a, fresh), (uint32_t)text.n);
        memcpy((uint8_t *)ek_ptr(s->a, fresh) + 4, text.p, text.n);
    }
    ek_free(s->a, *where);
    EK_SET(s->a, *where, fresh);
}

ek_str ek_client_fact(const ek_store *s, ek_ref fact) {
    if (!fact) return (ek_str){(const uint8_t *)"", 0};
    const uint8_t *p = ek_ptr(s->a, fact);
    return (ek_str){p + 4, ek_load32(p)};
}

/* --- messages --- */

ek_ref ek_message_new(ek_store *s, const void *tape, size_t n) {
    ek_ref ref = ek_alloc(s->a, sizeof(ek_message) + n);
    ek_message *m = ek_ptr(s->a, ref);
    m->refs = 1;
    m->len = (uint32_t)n;
    memcpy(m->tape, tape, n);
    return ref;
}

void ek_message_release(ek_store *s, ek_ref ref) {
    ek_message *m = ek_ptr(s->a, ref);
    if (m->refs == 1) ek_free(s->a, ref);
    else EK_SET(s->a, m->refs, m->refs - 1);
}

/* --- inboxes --- */

static const ek_output_limit *limit_of(const ek_store *s, const ek_client *c) {
    const ek_output_limit *limits = s->root->config.client_output_limits;
    if (c->flags & EK_CLIENT_IS_REPLICA) return &limits[EK_CLIENT_REPLICA];
    return &limits[c->flags & EK_CLIENT_IN_PUBSUB ? EK_CLIENT_PUBSUB : EK_CLIENT_NORMAL];
}

/* Over the hard limit, or over the soft one for too long? Notes since when. */
static bool is_over(ek_store *s, ek_client *c) {
    const ek_output_limit *limit = limit_of(s, c);
    if (limit->hard && c->inbox_bytes > (uint64_t)limit->hard) return true;
    bool soft = limit->soft && c->inbox_bytes > (uint64_t)limit->soft;
    int64_t now = soft ? ek_store_now_ms(s) : 0;
    if (soft != (c->over_soft_ms != 0)) EK_SET(s->a, c->over_soft_ms, now);
    return soft && now - c->over_soft_ms >= limit->soft_seconds * 1000;
}

static void set_unclaimed(ek_store *s, ek_client *c, bool on) {
    ek_store_root *root = s->root;
    if (c->has_unclaimed == on) return;
    ek_ref ref = ek_ref_of(s->a, c);
    if (on) {
        if (root->unclaimed) {
            ek_client *next = ek_ptr(s->a, root->unclaimed);
            EK_SET(s->a, next->unclaimed_prev, ref);
        }
        ek_touch(s->a, &c->unclaimed_next, 2 * sizeof(ek_ref));
        c->unclaimed_next = root->unclaimed;
        c->unclaimed_prev = 0;
        EK_SET(s->a, root->unclaimed, ref);
    } else {
        ek_client *next = c->unclaimed_next ? ek_ptr(s->a, c->unclaimed_next) : NULL;
        ek_client *prev = c->unclaimed_prev ? ek_ptr(s->a, c->unclaimed_prev) : NULL;
        if (next) EK_SET(s->a, next->unclaimed_prev, c->unclaimed_prev);
        if (prev) EK_SET(s->a, prev->unclaimed_next, c->unclaimed_next);
        else EK_SET(s->a, root->unclaimed, c->unclaimed_next);
    }
    EK_SET(s->a, c->has_unclaimed, on);
    EK_SET(s->a, root->nunclaimed, root->nunclaimed + (on ? 1 : -1u));
    ek_lock_reads(s->a, EK_LOCKED_UNCLAIMED, root->nunclaimed > 0);
}

static ek_mail *append(ek_store *s, ek_client *to, ek_ref message) {
    ek_ref ref = ek_alloc_zeroed(s->a, sizeof(ek_mail));
    ek_mail *mail = ek_ptr(s->a, ref);
    mail->message = message;
    ek_touch(s->a, &to->first, 3 * sizeof(uint32_t));
    if (to->last) {
        ek_mail *last = ek_ptr(s->a, to->last);
        EK_SET(s->a, last->next, ref);
    } else {
        to->first = ref;
    }
    to->last = ref;
    to->nmail++;
    uint64_t before = to->inbox_bytes;
    const ek_message *m = ek_ptr(s->a, message);
    uint64_t after = before + sizeof(ek_mail) + m->len;
    EK_SET(s->a, to->inbox_bytes, after);
    ek_waker_note(s, to->waker);
    return mail;
}

_Static_assert(offsetof(ek_client, nmail) == offsetof(ek_client, first) + 8, "announced together");

static uint64_t asked_at(uint64_t bytes) { /* the last doubling of ASK_FROM that it has passed */
    uint64_t mark = ASK_FROM;
    if (bytes < mark) return 0;
    while (mark <= bytes / 2) mark *= 2;
    return mark;
}

void ek_inbox_post_shared(ek_store *s, ek_client *to, ek_ref message) {
    if (to->flags & EK_CLIENT_KILLED) return;
    if (!s->a->shared && !ek_client_lives(s, to)) return; /* the parent's, in a copy */
    uint64_t before = to->inbox_bytes;
    ek_message *m = ek_ptr(s->a, message);
    EK_SET(s->a, m->refs, m->refs + 1);
    append(s, to, message);
    bool dead = asked_at(before) != asked_at(to->inbox_bytes) && !ek_client_lives(s, to);
    if (!dead && !is_over(s, to)) return;
    ek_client_kill(s, to, EK_CLIENT_OVERFLOW);
    ek_inbox_clear(s, to);
}

void ek_inbox_post(ek_store *s, ek_client *to, const void *tape, size_t n) {
    ek_ref message = ek_message_new(s, tape, n);
    ek_inbox_post_shared(s, to, message);
    ek_message_release(s, message);
}

void ek_inbox_post_reply(ek_store *s, ek_client *to, const void *tape, size_t n, ek_ref put_back) {
    ek_mail *mail = append(s, to, ek_message_new(s, tape, n));
    mail->put_back = put_back;
    mail->is_reply = 1;
    if (put_back) set_unclaimed(s, to, true);
}

void ek_inbox_drop(ek_store *s, ek_client *c, ek_ref prev) {
    ek_mail *before = prev ? ek_ptr(s->a, prev) : NULL;
    ek_ref old = before ? before->next : c->first;
    const ek_mail *mail = ek_ptr(s->a, old);
    const ek_message *m = ek_ptr(s->a, mail->message);
    EK_SET(s->a, c->inbox_bytes, c->inbox_bytes - sizeof(ek_mail) - m->len);
    if (mail->put_back) {
        ek_argv_free(s, mail->put_back);
        set_unclaimed(s, c, false); /* a client waits for one reply at a time */
    }
    ek_message_release(s, mail->message);
    ek_touch(s->a, &c->first, 3 * sizeof(uint32_t));
    if (before) EK_SET(s->a, before->next, mail->next);
    else c->first = mail->next;
    if (!mail->next) c->last = prev;
    c->nmail--;
    ek_free(s->a, old);
}

void ek_inbox_clear(ek_store *s, ek_client *c) {
    while (c->first) ek_inbox_drop(s, c, 0);
}

/* --- checking --- */

typedef struct checking {
    const ek_store *s;
    uint32_t unclaimed, waiting;
    bool ok;
} checking;

static bool check_one(void *arg, ek_ref item) {
    checking *k = arg;
    const ek_client *c = ek_ptr(k->s->a, item);
    uint32_t n = 0;
    uint64_t bytes = 0;
    ek_ref last = 0;
    for (ek_ref at = c->first; at; n++) {
        const ek_mail *mail = ek_ptr(k->s->a, at);
        const ek_message *m = ek_ptr(k->s->a, mail->message);
        if (m->refs == 0) k->ok = false;
        bytes += sizeof *mail + m->len;
        last = at;
        at = mail->next;
    }
    if (n != c->nmail || bytes != c->inbox_bytes || last != c->last) k->ok = false;
    k->unclaimed += c->has_unclaimed;
    k->waiting += c->wait != 0;
    return true;
}

bool ek_clients_check(const ek_store *s) {
    checking k = {.s = s, .ok = ek_table_check(s->a, &s->root->clients, key_of)};
    ek_table_each(s->a, &s->root->clients, check_one, &k);
    return k.ok && k.unclaimed == s->root->nunclaimed && k.waiting == s->root->nwaiting &&
           ek_waiting_check(s) && ek_channels_check(s) && ek_tracking_check(s);
}
