#include "store/channels.h"

#include "base/glob.h"

typedef struct ek_channel {
    ek_ref first, last; /* ek_subscription */
    uint32_t count, kind;
    ek_ref next, prev;  /* of patterns: in order of their making */
    uint32_t klen;
    uint8_t name[];
} ek_channel;

/* client and channel are its key. */
typedef struct ek_subscription {
    ek_ref client, channel;
    ek_ref next, prev;                     /* of the channel */
    ek_ref next_of_client, prev_of_client; /* of its client's, of the channel's kind */
} ek_subscription;

_Static_assert(sizeof(ek_subscription) == 24, "a subscription is small");

/* What a subscription counts for, with its place in the table and its share of the channel. */
static int64_t bytes_of(const ek_channel *ch) {
    return (int64_t)(sizeof(ek_subscription) + sizeof(ek_channel) + 16 + ch->klen);
}

typedef struct ek_subscriber {
    ek_ref first[EK_CHANNEL_KINDS], last[EK_CHANNEL_KINDS];
    uint32_t count[EK_CHANNEL_KINDS];
} ek_subscriber;

static ek_str name_of(const ek_arena *a, ek_ref item) {
    const ek_channel *ch = ek_ptr(a, item);
    return (ek_str){ch->name, ch->klen};
}

static ek_str pair_of(const ek_arena *a, ek_ref item) {
    return (ek_str){ek_ptr(a, item), 2 * sizeof(ek_ref)};
}

static ek_ref find_channel(const ek_store *s, ek_channel_kind kind, ek_str name) {
    const ek_table *t = &s->root->channels.by_name[kind];
    return t->count ? ek_table_find(s->a, t, name_of, ek_table_hash(s->a, name), name) : 0;
}

static ek_ref find_subscription(const ek_store *s, const ek_client *c, ek_ref channel) {
    ek_ref pair[2] = {ek_ref_of(s->a, c), channel};
    ek_str key = {(const uint8_t *)pair, sizeof pair};
    return ek_table_find(s->a, &s->root->channels.subscriptions, pair_of, ek_table_hash(s->a, key),
                         key);
}

/* --- channels --- */

static ek_ref new_channel(ek_store *s, ek_channel_kind kind, ek_str name) {
    ek_arena *a = s->a;
    ek_channels *all = &s->root->channels;
    if (name.n > UINT32_MAX) ek_raise(a, EK_ENOMEM);
    ek_ref ref = ek_alloc(a, sizeof(ek_channel) + name.n);
    ek_channel *ch = ek_ptr(a, ref);
    *ch = (ek_channel){.kind = kind, .klen = (uint32_t)name.n};
    if (name.n) memcpy(ch->name, name.p, name.n);
    ek_table_add(a, &all->by_name[kind], name_of, ek_table_hash(a, name), ref);
    if (kind != EK_PATTERN) return ref;
    ch->prev = all->last_pattern;
    if (ch->prev) EK_SET(a, ((ek_channel *)ek_ptr(a, ch->prev))->next, ref);
    else EK_SET(a, all->first_pattern, ref);
    EK_SET(a, all->last_pattern, ref);
    return ref;
}

static void drop_channel(ek_store *s, ek_ref ref) {
    ek_arena *a = s->a;
    ek_channels *all = &s->root->channels;
    ek_channel *ch = ek_ptr(a, ref);
    if (ch->kind == EK_PATTERN) {
        if (ch->prev) EK_SET(a, ((ek_channel *)ek_ptr(a, ch->prev))->next, ch->next);
        else EK_SET(a, all->first_pattern, ch->next);
        if (ch->next) EK_SET(a, ((ek_channel *)ek_ptr(a, ch->next))->prev, ch->prev);
        else EK_SET(a, all->last_pattern, ch->prev);
    }
    ek_table_remove(a, &all->by_name[ch->kind], name_of, ek_table_hash(a, name_of(a, ref)), ref);
    ek_free(a, ref);
}

/* --- subscriptions --- */

static ek_subscriber *subscriber_of(ek_store *s, ek_client *c) {
    if (!c->subscriptions) {
        ek_ref fresh = ek_alloc_zeroed(s->a, sizeof(ek_subscriber));
        EK_SET(s->a, c->subscriptions, fresh);
    }
    return ek_ptr(s->a, c->subscriptions);
}

bool ek_subscribe(ek_store *s, ek_client *c, ek_channel_kind kind, ek_str name) {
    ek_arena *a = s->a;
    ek_ref channel = find_channel(s, kind, name);
    if (channel && find_subscription(s, c, channel)) return false;
    if (!channel) channel = new_channel(s, kind, name);
    ek_channel *ch = ek_ptr(a, channel);
    ek_subscriber *who = subscriber_of(s, c);
    ek_ref ref = ek_alloc(a, sizeof(ek_subscription));
    ek_subscription *sub = ek_ptr(a, ref);
    *sub = (ek_subscription){
        .client = ek_ref_of(a, c), .channel = channel,
        .prev = ch->last, .prev_of_client = who->last[kind],
    };
    ek_table_add(a, &s->root->channels.subscriptions, pair_of, ek_table_hash(a, pair_of(a, ref)),
                 ref);
    ek_touch(a, ch, sizeof *ch);
    if (ch->last) EK_SET(a, ((ek_subscription *)ek_ptr(a, ch->last))->next, ref);
    else ch->first = ref;
    ch->last = ref;
    ch->count++;
    ek_touch(a, who, sizeof *who);
    if (who->last[kind])
        EK_SET(a, ((ek_subscription *)ek_ptr(a, who->last[kind]))->next_of_client, ref);
    else
        who->first[kind] = ref;
    who->last[kind] = ref;
    who->count[kind]++;
    ek_client_holds(s, c, bytes_of(ch));
    if (!(c->flags & EK_CLIENT_IN_PUBSUB)) EK_SET(a, c->flags, c->flags | EK_CLIENT_IN_PUBSUB);
    return true;
}

static void take_out(ek_store *s, ek_client *c, ek_ref ref) {
    ek_arena *a = s->a;
    ek_subscription *sub = ek_ptr(a, ref);
    ek_channel *ch = ek_ptr(a, sub->channel);
    ek_subscriber *who = ek_ptr(a, c->subscriptions);
    ek_channel_kind kind = (ek_channel_kind)ch->kind;
    ek_table_remove(a, &s->root->channels.subscriptions, pair_of,
                    ek_table_hash(a, pair_of(a, ref)), ref);
    ek_touch(a, ch, sizeof *ch);
    if (sub->prev) EK_SET(a, ((ek_subscription *)ek_ptr(a, sub->prev))->next, sub->next);
    else ch->first = sub->next;
    if (sub->next) EK_SET(a, ((ek_subscription *)ek_ptr(a, sub->next))->prev, sub->prev);
    else ch->last = sub->prev;
    ch->count--;
    ek_touch(a, who, sizeof *who);
    ek_ref before = sub->prev_of_client, after = sub->next_of_client;
    if (before) EK_SET(a, ((ek_subscription *)ek_ptr(a, before))->next_of_client, after);
    else who->first[kind] = after;
    if (after) EK_SET(a, ((ek_subscription *)ek_ptr(a, after))->prev_of_client, before);
    else who->last[kind] = before;
    who->count[kind]--;
    ek_client_holds(s, c, -bytes_of(ch));
    if (ch->count == 0) drop_channel(s, sub->channel);
    ek_free(a, ref);
}

/* A client without any is no subscriber: it may run all commands again, by another limit. */
static void settle(ek_store *s, ek_client *c) {
    const ek_subscriber *who = ek_ptr(s->a, c->subscriptions);
    for (int kind = 0; kind < EK_CHANNEL_KINDS; kind++)
        if (who->count[kind]) return;
    ek_free(s->a, c->subscriptions);
    EK_SET(s->a, c->subscriptions, 0);
    EK_SET(s->a, c->flags, c->flags & ~(uint32_t)EK_CLIENT_IN_PUBSUB);
}

bool ek_unsubscribe(ek_store *s, ek_client *c, ek_channel_kind kind, ek_str name) {
    if (!c->subscriptions) return false;
    ek_ref channel = find_channel(s, kind, name);
    ek_ref ref = channel ? find_subscription(s, c, channel) : 0;
    if (!ref) return false;
    take_out(s, c, ref);
    settle(s, c);
    return true;
}

uint32_t ek_subscriptions(const ek_store *s, const ek_client *c, ek_channel_kind kind) {
    if (!c->subscriptions) return 0;
    return ((const ek_subscriber *)ek_ptr(s->a, c->subscriptions))->count[kind];
}

bool ek_subscription_first(const ek_store *s, const ek_client *c, ek_channel_kind kind,
                           ek_str *name) {
    if (!ek_subscriptions(s, c, kind)) return false;
    const ek_subscriber *who = ek_ptr(s->a, c->subscriptions);
    const ek_subscription *sub = ek_ptr(s->a, who->first[kind]);
    *name = name_of(s->a, sub->channel);
    return true;
}

bool ek_subscriptions_all(const ek_store *s, const ek_client *c, ek_subscription_test_fn *test,
                          void *arg) {
    if (!c->subscriptions) return true;
    const ek_subscriber *who = ek_ptr(s->a, c->subscriptions);
    for (ek_channel_kind kind = 0; kind < EK_CHANNEL_KINDS; kind++)
        for (ek_ref at = who->first[kind]; at;) {
            const ek_subscription *sub = ek_ptr(s->a, at);
            if (!test(arg, kind, name_of(s->a, sub->channel))) return false;
            at = sub->next_of_client;
        }
    return true;
}

void ek_subscriptions_drop(ek_store *s, ek_client *c) {
    if (!c->subscriptions) return;
    const ek_subscriber *who = ek_ptr(s->a, c->subscriptions);
    for (int kind = 0; kind < EK_CHANNEL_KINDS; kind++)
        while (who->first[kind]) take_out(s, c, who->first[kind]);
    settle(s, c);
}

/* --- publishing --- */

static uint8_t *put_count(uint8_t *p, char tag, size_t n) {
    p[0] = (uint8_t)tag;
    ek_store32(p + 1, (uint32_t)n);
    return p + 5;
}

static uint8_t *put_text(uint8_t *p, ek_str text) {
    p = put_count(p, '$', text.n);
    if (text.n) memcpy(p, text.p, text.n);
    return p + text.n;
}

/* A push as the tape has it (engine/reply.h), written where it is going to stand. */
static ek_ref push(ek_store *s, const ek_str *parts, size_t n) {
    size_t bytes = 5;
    for (size_t i = 0; i < n; i++) bytes += 5 + parts[i].n;
    if (bytes > UINT32_MAX) ek_raise(s->a, EK_ENOMEM);
    ek_ref ref = ek_alloc(s->a, sizeof(ek_message) + bytes);
    ek_message *m = ek_ptr(s->a, ref);
    m->refs = 1;
    m->len = (uint32_t)bytes;
    uint8_t *p = put_count(m->tape, '>', n);
    for (size_t i = 0; i < n; i++) p = put_text(p, parts[i]);
    return ref;
}

/* Whose process is dead gets nothing. It takes a system call to know: it is asked for who is going to
 * be woken, and for who leaves messages where they are whenever those have doubled. */
static bool is_there(const ek_store *s, const ek_client *c) {
    if (c->flags & EK_CLIENT_KILLED) return false;
    if (c->nmail & (c->nmail - 1)) return true;
    return ek_client_lives(s, c);
}

/* Posts to each subscriber; the message is made for the first who is there. */
static int64_t deliver(ek_store *s, ek_ref channel, const ek_str *parts, size_t n) {
    ek_ref message = 0;
    int64_t sent = 0;
    const ek_channel *ch = ek_ptr(s->a, channel);
    for (ek_ref ref = ch->first; ref;) {
        const ek_subscription *sub = ek_ptr(s->a, ref);
        ek_client *c = ek_ptr(s->a, sub->client);
        ref = sub->next;
        if (!is_there(s, c)) continue;
        if (!message) message = push(s, parts, n);
        ek_inbox_post_shared(s, c, message);
        sent++;
    }
    if (message) ek_message_release(s, message);
    return sent;
}

#define LITERAL(text) ((ek_str){(const uint8_t *)(text), sizeof(text) - 1})

int64_t ek_publish(ek_store *s, ek_channel_kind kind, ek_str channel, ek_str payload) {
    int64_t sent = 0;
    ek_str name = kind == EK_CHANNEL ? LITERAL("message") : LITERAL("smessage");
    ek_ref found = find_channel(s, kind, channel);
    if (found) sent += deliver(s, found, (ek_str[]){name, channel, payload}, 3);
    if (kind != EK_CHANNEL) return sent;
    for (ek_ref ref = s->root->channels.first_pattern; ref;) {
        const ek_channel *pattern = ek_ptr(s->a, ref);
        ek_str glob = name_of(s->a, ref);
        if (ek_glob_match(glob, channel, false))
            sent += deliver(s, ref, (ek_str[]){LITERAL("pmessage"), glob, channel, payload}, 4);
        ref = pattern->next;
    }
    return sent;
}

/* --- asking --- */

static void drop_if_dead(void *arg, ek_client *c) {
    ek_store *s = arg;
    if (c->subscriptions && !ek_client_lives(s, c)) ek_subscriptions_drop(s, c);
}

static void forget_the_dead(ek_store *s) {
    if (s->root->channels.subscriptions.count) ek_client_each(s, drop_if_dead, s);
}

uint32_t ek_channel_subscribers(ek_store *s, ek_channel_kind kind, ek_str name) {
    forget_the_dead(s);
    ek_ref found = find_channel(s, kind, name);
    return found ? ((const ek_channel *)ek_ptr(s->a, found))->count : 0;
}

uint32_t ek_pattern_count(ek_store *s) {
    forget_the_dead(s);
    return s->root->channels.by_name[EK_PATTERN].count;
}

typedef struct visiting {
    const ek_arena *a;
    ek_channel_visit_fn *visit;
    void *arg;
} visiting;

static bool visit_one(void *arg, ek_ref item) {
    const visiting *v = arg;
    v->visit(v->arg, name_of(v->a, item));
    return true;
}

void ek_channels_each(ek_store *s, ek_channel_kind kind, ek_channel_visit_fn *visit, void *arg) {
    forget_the_dead(s);
    visiting v = {s->a, visit, arg};
    ek_table_each(s->a, &s->root->channels.by_name[kind], visit_one, &v);
}

/* --- checking --- */

typedef struct checking {
    const ek_store *s;
    uint32_t subscriptions, patterns;
    ek_channel_kind kind;
    bool ok;
} checking;

static bool check_channel(void *arg, ek_ref item) {
    checking *k = arg;
    const ek_arena *a = k->s->a;
    const ek_channel *ch = ek_ptr(a, item);
    uint32_t n = 0;
    ek_ref prev = 0;
    for (ek_ref ref = ch->first; ref && n <= ch->count; n++) {
        const ek_subscription *sub = ek_ptr(a, ref);
        const ek_client *c = ek_ptr(a, sub->client);
        k->ok = k->ok && sub->channel == item && sub->prev == prev && c->subscriptions &&
                (c->flags & EK_CLIENT_IN_PUBSUB) && find_subscription(k->s, c, item) == ref &&
                ek_subscriptions(k->s, c, k->kind) > 0;
        prev = ref;
        ref = sub->next;
    }
    k->ok = k->ok && n > 0 && n == ch->count && prev == ch->last && ch->kind == k->kind;
    k->subscriptions += n;
    return k->ok;
}

bool ek_channels_check(const ek_store *s) {
    const ek_channels *all = &s->root->channels;
    checking k = {.s = s, .ok = true};
    if (!ek_table_check(s->a, &all->subscriptions, pair_of)) return false;
    for (int kind = 0; kind < EK_CHANNEL_KINDS; kind++) {
        k.kind = (ek_channel_kind)kind;
        if (!ek_table_check(s->a, &all->by_name[kind], name_of)) return false;
        ek_table_each(s->a, &all->by_name[kind], check_channel, &k);
    }
    ek_ref prev = 0;
    for (ek_ref ref = all->first_pattern; ref; k.patterns++) {
        const ek_channel *pattern = ek_ptr(s->a, ref);
        if (pattern->prev != prev || k.patterns > all->by_name[EK_PATTERN].count) return false;
        prev = ref;
        ref = pattern->next;
    }
    return k.ok && prev == all->last_pattern && k.subscriptions == all->subscriptions.count &&
           k.patterns == all->by_name[EK_PATTERN].count;
}
