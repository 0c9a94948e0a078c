#include "store/tracking.h"

#include <stdlib.h>

#include "store/channels.h"

#define INVALIDATIONS "__redis__:invalidate" /* the channel of those who are redirected in RESP2 */
#define EVICT_AT_ONCE 16

typedef struct ek_tracked {
    uint32_t n, cap, klen, spare;
    uint64_t ids[]; /* ascending; the key behind */
} ek_tracked;

typedef struct ek_prefix {
    ek_ref next, prev;
    ek_ref members;                     /* ek_member */
    ek_ref pending_first, pending_last; /* ek_pending */
    uint32_t npending, klen;
    uint8_t key[];
} ek_prefix;

typedef struct ek_member {
    ek_ref next, client;
} ek_member;

typedef struct ek_pending {
    uint64_t by;
    ek_ref next;
    uint32_t klen;
    uint8_t key[];
} ek_pending;

static ek_str tracked_key(const ek_arena *a, ek_ref item) {
    const ek_tracked *t = ek_ptr(a, item);
    return (ek_str){(const uint8_t *)(t->ids + t->cap), t->klen};
}

/* --- messages: tapes of engine/reply.h --- */

static uint8_t *put_head(uint8_t *p, char tag, size_t n) {
    p[0] = (uint8_t)tag;
    ek_store32(p + 1, (uint32_t)n);
    return p + 5;
}

static uint8_t *put_text(uint8_t *p, ek_str text) {
    p = put_head(p, '$', text.n);
    if (text.n) memcpy(p, text.p, text.n);
    return p + text.n;
}

static ek_str text(const char *s) { return (ek_str){(const uint8_t *)s, strlen(s)}; }

/* Tell the client, or whom it redirects to, that these keys (NULL: all) are not what they were. */
static void invalidate(ek_store *s, ek_client *c, size_t n, const ek_str *keys) {
    ek_tracking *t = ek_tracking_of(s, c);
    ek_client *to = t->redirect ? ek_client_find(s, t->redirect) : c;
    if (to && to != c && (to->flags & EK_CLIENT_KILLED || !ek_client_lives(s, to))) to = NULL;
    if (!to) {
        EK_SET(s->a, t->flags, t->flags | EK_TRACKING_BROKEN);
        if (c->resp < 3) return;
        uint8_t tape[64], *p = put_text(put_head(tape, '>', 2), text("tracking-redir-broken"));
        *p = 'i';
        ek_store64(p + 1, t->redirect);
        ek_inbox_post(s, c, tape, (size_t)(p + 9 - tape));
        return;
    }
    bool as_message = to->resp < 3;
    if (as_message && (to == c || !ek_subscriptions(s, to, EK_CHANNEL))) return;
    size_t bytes = 128;
    for (size_t i = 0; i < n; i++) bytes += 5 + keys[i].n;
    ek_ref room = ek_alloc(s->a, bytes);
    uint8_t *tape = ek_ptr(s->a, room), *p = put_head(tape, '>', as_message ? 3 : 2);
    if (as_message) p = put_text(put_text(p, text("message")), text(INVALIDATIONS));
    else p = put_text(p, text("invalidate"));
    if (keys) p = put_head(p, '*', n);
    else *p++ = 'n';
    for (size_t i = 0; i < n; i++) p = put_text(p, keys[i]);
    ek_inbox_post(s, to, tape, (size_t)(p - tape));
    ek_free(s->a, room);
}

/* --- prefixes --- */

static ek_str prefix_key(const ek_prefix *x) { return (ek_str){x->key, x->klen}; }

static ek_prefix *prefix_at(const ek_store *s, ek_ref ref) { return ref ? ek_ptr(s->a, ref) : NULL; }

static int compare(ek_str x, ek_str y) {
    size_t n = ek_min(x.n, y.n);
    int c = n ? memcmp(x.p, y.p, n) : 0;
    return c ? c : (x.n > y.n) - (x.n < y.n);
}

/* What a client's part in one counts for. */
static int64_t prefix_bytes(const ek_store *s, ek_ref ref) {
    return (int64_t)(sizeof(ek_prefix) + 2 * sizeof(ek_ref) + prefix_at(s, ref)->klen);
}

/* A new one, between its neighbours in the order of their bytes. */
static ek_prefix *add_prefix(ek_store *s, ek_str key, ek_prefix *before, ek_prefix *after) {
    ek_arena *a = s->a;
    if (key.n > UINT32_MAX) ek_raise(a, EK_ENOMEM);
    ek_ref ref = ek_alloc_zeroed(a, sizeof(ek_prefix) + key.n);
    ek_prefix *x = ek_ptr(a, ref);
    x->klen = (uint32_t)key.n;
    if (key.n) memcpy(x->key, key.p, key.n);
    x->prev = before ? ek_ref_of(a, before) : 0;
    x->next = after ? ek_ref_of(a, after) : 0;
    if (before) EK_SET(a, before->next, ref);
    else EK_SET(a, s->root->tracking.prefixes, ref);
    if (after) EK_SET(a, after->prev, ref);
    EK_SET(a, s->root->tracking.nprefixes, s->root->tracking.nprefixes + 1);
    return x;
}

static ek_ref join_prefix(ek_store *s, ek_client *c, ek_str key) {
    ek_arena *a = s->a;
    ek_prefix *before = NULL, *x = prefix_at(s, s->root->tracking.prefixes);
    while (x && compare(prefix_key(x), key) < 0) {
        before = x;
        x = prefix_at(s, x->next);
    }
    if (!x || !ek_str_eq(prefix_key(x), key)) x = add_prefix(s, key, before, x);
    ek_ref member = ek_alloc(a, sizeof(ek_member));
    *(ek_member *)ek_ptr(a, member) = (ek_member){x->members, ek_ref_of(a, c)};
    EK_SET(a, x->members, member);
    return ek_ref_of(a, x);
}

static void free_pending(ek_store *s, ek_prefix *x) {
    for (ek_ref at = x->pending_first; at;) {
        ek_ref next = ((ek_pending *)ek_ptr(s->a, at))->next;
        ek_free(s->a, at);
        at = next;
    }
    ek_touch(s->a, x, sizeof *x);
    x->pending_first = x->pending_last = 0;
    x->npending = 0;
}

/* Nobody is in it, and nothing waits to be sent: it goes. */
static void tidy_prefix(ek_store *s, ek_prefix *x) {
    ek_arena *a = s->a;
    if (x->members || x->npending) return;
    if (x->prev) EK_SET(a, prefix_at(s, x->prev)->next, x->next);
    else EK_SET(a, s->root->tracking.prefixes, x->next);
    if (x->next) EK_SET(a, prefix_at(s, x->next)->prev, x->prev);
    EK_SET(a, s->root->tracking.nprefixes, s->root->tracking.nprefixes - 1);
    ek_free(a, ek_ref_of(a, x));
}

static void leave_prefix(ek_store *s, const ek_client *c, ek_ref ref) {
    ek_arena *a = s->a;
    ek_prefix *x = prefix_at(s, ref);
    ek_ref *link = &x->members;
    while (((ek_member *)ek_ptr(a, *link))->client != ek_ref_of(a, c))
        link = &((ek_member *)ek_ptr(a, *link))->next;
    ek_ref gone = *link;
    EK_SET(a, *link, ((ek_member *)ek_ptr(a, gone))->next);
    ek_free(a, gone);
    tidy_prefix(s, x);
}

ek_str ek_tracking_prefix(const ek_store *s, const ek_tracking *t, uint32_t i) {
    return prefix_key(prefix_at(s, t->prefixes[i]));
}

/* --- on and off --- */

void ek_tracking_on(ek_store *s, ek_client *c, uint32_t flags, uint64_t redirect, size_t nprefixes,
                    const ek_str *prefixes) {
    ek_arena *a = s->a;
    const ek_tracking *was = ek_tracking_of(s, c);
    size_t had = was ? was->nprefixes : 0;
    ek_ref ref = ek_alloc(a, sizeof *was + (had + nprefixes) * sizeof(ek_ref));
    ek_tracking *t = ek_ptr(a, ref);
    *t = (ek_tracking){.flags = flags, .nprefixes = (uint32_t)(had + nprefixes),
                       .redirect = redirect};
    if (had) memcpy(t->prefixes, was->prefixes, had * sizeof(ek_ref));
    for (size_t i = 0; i < nprefixes; i++) {
        ek_ref joined = join_prefix(s, c, prefixes[i]);
        size_t at = had + i;
        for (; at && compare(ek_tracking_prefix(s, t, (uint32_t)at - 1), prefixes[i]) > 0; at--)
            t->prefixes[at] = t->prefixes[at - 1];
        t->prefixes[at] = joined;
        ek_client_holds(s, c, prefix_bytes(s, joined));
    }
    if (!was) EK_SET(a, s->root->tracking.nclients, s->root->tracking.nclients + 1);
    ek_free(a, c->tracking);
    EK_SET(a, c->tracking, ref);
}

void ek_tracking_off(ek_store *s, ek_client *c) {
    ek_tracking *t = ek_tracking_of(s, c);
    if (!t) return;
    for (uint32_t i = 0; i < t->nprefixes; i++) {
        ek_client_holds(s, c, -prefix_bytes(s, t->prefixes[i]));
        leave_prefix(s, c, t->prefixes[i]);
    }
    ek_free(s->a, c->tracking);
    EK_SET(s->a, c->tracking, 0);
    EK_SET(s->a, s->root->tracking.nclients, s->root->tracking.nclients - 1);
}

/* --- keys that were read --- */

static uint32_t place_of(const ek_tracked *t, uint64_t id) {
    uint32_t low = 0, high = t->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t->ids[middle] < id) low = middle + 1;
        else high = middle;
    }
    return low;
}

static ek_ref new_tracked(ek_arena *a, ek_str key, uint32_t cap) {
    ek_ref ref = ek_alloc(a, sizeof(ek_tracked) + cap * sizeof(uint64_t) + key.n);
    ek_tracked *t = ek_ptr(a, ref);
    *t = (ek_tracked){.cap = cap, .klen = (uint32_t)key.n};
    if (key.n) memcpy(t->ids + cap, key.p, key.n);
    return ref;
}

static void take_out(ek_store *s, uint64_t hash, ek_ref item) {
    const ek_tracked *t = ek_ptr(s->a, item);
    EK_SET(s->a, s->root->tracking.nitems, s->root->tracking.nitems - t->n);
    ek_table_remove(s->a, &s->root->tracking.keys, tracked_key, hash, item);
    ek_free(s->a, item);
}

/* Tell those who have read it, and forget them. */
static void tell_readers(ek_store *s, uint64_t hash, ek_ref item, uint64_t by) {
    const ek_tracked *t = ek_ptr(s->a, item);
    ek_str key = tracked_key(s->a, item);
    for (uint32_t i = 0; i < t->n; i++) {
        ek_client *c = ek_client_find(s, t->ids[i]);
        const ek_tracking *tracking = ek_tracking_of(s, c);
        if (!tracking || tracking->flags & EK_TRACKING_BCAST) continue;
        if (t->ids[i] == by && tracking->flags & EK_TRACKING_NOLOOP) continue;
        invalidate(s, c, 1, &key);
    }
    take_out(s, hash, item);
}

static void keep_in_bounds(ek_store *s) {
    int64_t max = s->root->config.tracking_table_max_keys;
    for (int i = 0; i < EVICT_AT_ONCE && max && s->root->tracking.keys.count > (uint64_t)max; i++) {
        ek_ref item = ek_table_random(s->a, &s->root->tracking.keys, &s->random);
        tell_readers(s, ek_table_hash(s->a, tracked_key(s->a, item)), item, 0);
    }
}

void ek_tracking_read(ek_store *s, const ek_client *c, ek_str key) {
    ek_arena *a = s->a;
    ek_table *keys = &s->root->tracking.keys;
    uint64_t hash = ek_table_hash(a, key);
    ek_ref item = ek_table_find(a, keys, tracked_key, hash, key);
    if (!item) {
        if (key.n > UINT32_MAX) ek_raise(a, EK_ENOMEM);
        item = new_tracked(a, key, 1);
        ek_table_add(a, keys, tracked_key, hash, item);
    }
    ek_tracked *t = ek_ptr(a, item);
    uint32_t at = place_of(t, c->id);
    if (at < t->n && t->ids[at] == c->id) return;
    if (t->n == t->cap) {
        ek_ref more = new_tracked(a, key, t->cap * 2);
        ek_tracked *grown = ek_ptr(a, more);
        grown->n = t->n;
        memcpy(grown->ids, t->ids, t->n * sizeof *t->ids);
        ek_table_swap(a, keys, hash, item, more);
        ek_free(a, item);
        t = grown;
    }
    ek_touch(a, t, sizeof *t + t->cap * sizeof *t->ids);
    memmove(t->ids + at + 1, t->ids + at, (t->n - at) * sizeof *t->ids);
    t->ids[at] = c->id;
    t->n++;
    EK_SET(a, s->root->tracking.nitems, s->root->tracking.nitems + 1);
    keep_in_bounds(s);
}

/* --- changes --- */

static void gather(ek_store *s, ek_prefix *x, ek_str key, uint64_t by) {
    ek_arena *a = s->a;
    ek_ref ref = ek_alloc(a, sizeof(ek_pending) + key.n);
    ek_pending *p = ek_ptr(a, ref);
    *p = (ek_pending){.by = by, .klen = (uint32_t)key.n};
    if (key.n) memcpy(p->key, key.p, key.n);
    ek_touch(a, x, sizeof *x);
    if (x->pending_last) EK_SET(a, ((ek_pending *)ek_ptr(a, x->pending_last))->next, ref);
    else x->pending_first = ref;
    x->pending_last = ref;
    if (!x->npending++) EK_SET(a, s->root->tracking.queued, s->root->tracking.queued + 1);
}

void ek_tracking_changed_slow(ek_store *s, ek_str key, uint64_t by) {
    if (s->root->tracking.keys.count) {
        uint64_t hash = ek_table_hash(s->a, key);
        ek_ref item = ek_table_find(s->a, &s->root->tracking.keys, tracked_key, hash, key);
        if (item) tell_readers(s, hash, item, by);
    }
    for (ek_prefix *x = prefix_at(s, s->root->tracking.prefixes); x; x = prefix_at(s, x->next))
        if (x->members && key.n >= x->klen && ek_bytes_eq(key.p, x->key, x->klen))
            gather(s, x, key, by);
}

static void tell_flushed(void *arg, ek_client *c) {
    ek_store *s = arg;
    if (c->tracking) invalidate(s, c, 0, NULL);
}

static void release(ek_arena *a, void *arg, ek_ref item) {
    (void)arg;
    ek_free(a, item);
}

void ek_tracking_flushed(ek_store *s) {
    if (!s->root->tracking.nclients) return;
    ek_client_each(s, tell_flushed, s);
    ek_table *keys = &s->root->tracking.keys;
    while (keys->count && !ek_table_drain(s->a, keys, SIZE_MAX, release, NULL)) {}
    ek_touch(s->a, keys, sizeof *keys);
    *keys = (ek_table){0};
    EK_SET(s->a, s->root->tracking.nitems, 0);
}

/* --- broadcasts --- */

typedef struct changed_key {
    ek_str key;
    uint64_t by;
    uint32_t order;
} changed_key;

static int by_key(const void *one, const void *other) {
    const changed_key *x = one, *y = other;
    int c = compare(x->key, y->key);
    if (c) return c;
    return x->order < y->order ? -1 : 1;
}

/* The keys of a prefix in order, each once, as it was changed last. How many. */
static size_t in_order(const ek_store *s, const ek_prefix *x, changed_key *out) {
    size_t n = 0, kept = 0;
    for (ek_ref at = x->pending_first; at; n++) {
        const ek_pending *p = ek_ptr(s->a, at);
        out[n] = (changed_key){{p->key, p->klen}, p->by, (uint32_t)n};
        at = p->next;
    }
    qsort(out, n, sizeof *out, by_key);
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && ek_str_eq(out[i].key, out[i + 1].key)) continue;
        out[kept++] = out[i];
    }
    return kept;
}

static void send_prefix(ek_store *s, ek_prefix *x) {
    ek_arena *a = s->a;
    ek_ref keys_room = ek_alloc(a, x->npending * sizeof(changed_key));
    ek_ref told_room = ek_alloc(a, x->npending * sizeof(ek_str));
    changed_key *keys = ek_ptr(a, keys_room);
    ek_str *told = ek_ptr(a, told_room);
    size_t n = in_order(s, x, keys);
    for (ek_ref at = x->members; at;) {
        const ek_member *m = ek_ptr(a, at);
        ek_client *c = ek_ptr(a, m->client);
        bool noloop = ek_tracking_of(s, c)->flags & EK_TRACKING_NOLOOP;
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
            if (!noloop || keys[i].by != c->id) told[k++] = keys[i].key;
        if (k) invalidate(s, c, k, told);
        at = m->next;
    }
    ek_free(a, keys_room);
    ek_free(a, told_room);
    free_pending(s, x);
}

void ek_tracking_broadcast_slow(ek_store *s) {
    EK_SET(s->a, s->root->tracking.queued, 0);
    for (ek_prefix *x = prefix_at(s, s->root->tracking.prefixes), *next; x; x = next) {
        next = prefix_at(s, x->next);
        if (x->npending) send_prefix(s, x);
        tidy_prefix(s, x);
    }
}

/* --- checking --- */

typedef struct checking {
    const ek_store *s;
    uint64_t items;
    uint32_t clients;
    bool ok;
} checking;

static bool check_tracked(void *arg, ek_ref item) {
    checking *k = arg;
    const ek_tracked *t = ek_ptr(k->s->a, item);
    k->items += t->n;
    k->ok &= t->n > 0 && t->n <= t->cap;
    for (uint32_t i = 1; i < t->n; i++) k->ok &= t->ids[i - 1] < t->ids[i];
    return k->ok;
}

static void check_client(void *arg, ek_client *c) { ((checking *)arg)->clients += c->tracking != 0; }

bool ek_tracking_check(const ek_store *s) {
    const ek_tracked_root *root = &s->root->tracking;
    checking k = {.s = s, .ok = ek_table_check(s->a, &root->keys, tracked_key)};
    ek_table_each(s->a, &root->keys, check_tracked, &k);
    ek_client_each((ek_store *)s, check_client, &k);
    uint32_t n = 0;
    for (ek_prefix *x = prefix_at(s, root->prefixes); x; x = prefix_at(s, x->next)) n++;
    return k.ok && k.items == root->nitems && k.clients == root->nclients && n == root->nprefixes;
}
