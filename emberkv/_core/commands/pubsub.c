/* SUBSCRIBE and its kin, PUBLISH, SPUBLISH, PUBSUB.
 *
 * Subscribing and unsubscribing reply by pushes, one for each name, so a reply of theirs is several
 * values behind each other. What lies in the session's inbox is written in front of them, and in
 * front of PUBLISH's count: a reader of the connection sees everything in the order in which it
 * happened, and no message of a channel after the news that it is unsubscribed. */
#include "engine/context.h"
#include "engine/mail.h"
#include "store/channels.h"


/* Without those of a command that waited: there is none while another runs. */
static void take_own_mail(ek_ctx *c, ek_client *client) {
    while (client && client->nmail) {
        const ek_mail *mail = ek_ptr(c->a, client->first);
        const ek_message *m = ek_ptr(c->a, mail->message);
        ek_reply_raw(c->reply, m->tape, m->len);
        ek_inbox_drop(c->s, client, 0);
    }
}

/* --- subscribing --- */

static const char *const verbs[EK_CHANNEL_KINDS][2] = {
    [EK_CHANNEL] = {"unsubscribe", "subscribe"},
    [EK_PATTERN] = {"punsubscribe", "psubscribe"},
    [EK_SHARD_CHANNEL] = {"sunsubscribe", "ssubscribe"},
};

/* Shard channels are counted by themselves. */
static uint32_t count_for(ek_ctx *c, const ek_client *client, ek_channel_kind kind) {
    if (!client) return 0;
    if (kind == EK_SHARD_CHANNEL) return ek_subscriptions(c->s, client, kind);
    return ek_subscriptions(c->s, client, EK_CHANNEL) + ek_subscriptions(c->s, client, EK_PATTERN);
}

static void confirm(ek_ctx *c, const ek_client *client, ek_channel_kind kind, bool subscribed,
                    const ek_str *name) {
    ek_reply_push(c->reply, 3);
    ek_reply_cstr(c->reply, verbs[kind][subscribed]);
    if (name) ek_reply_str(c->reply, *name);
    else ek_reply_null(c->reply);
    ek_reply_int(c->reply, count_for(c, client, kind));
}

static void subscribe(ek_ctx *c, ek_channel_kind kind) {
    ek_client *client = ek_session_client(c->session);
    ek_session_tell(c->session, c->cmd, ek_now_ms(c));
    take_own_mail(c, client);
    for (size_t i = 1; i < c->argc; i++) {
        ek_subscribe(c->s, client, kind, c->argv[i]);
        confirm(c, client, kind, true, &c->argv[i]);
    }
}

void ek_cmd_subscribe(ek_ctx *c) { subscribe(c, EK_CHANNEL); }
void ek_cmd_psubscribe(ek_ctx *c) { subscribe(c, EK_PATTERN); }
void ek_cmd_ssubscribe(ek_ctx *c) { subscribe(c, EK_SHARD_CHANNEL); }

static void unsubscribe_all(ek_ctx *c, ek_client *client, ek_channel_kind kind) {
    ek_str name;
    if (!client || !ek_subscription_first(c->s, client, kind, &name)) {
        confirm(c, client, kind, false, NULL);
        return;
    }
    do {
        ek_unsubscribe(c->s, client, kind, name);
        confirm(c, client, kind, false, &name);
    } while (ek_subscription_first(c->s, client, kind, &name));
}

static void unsubscribe(ek_ctx *c, ek_channel_kind kind) {
    ek_client *client = ek_session_client_if_any(c->session);
    take_own_mail(c, client);
    if (c->argc == 1) unsubscribe_all(c, client, kind);
    for (size_t i = 1; i < c->argc; i++) {
        if (client) ek_unsubscribe(c->s, client, kind, c->argv[i]);
        confirm(c, client, kind, false, &c->argv[i]);
    }
}

void ek_cmd_unsubscribe(ek_ctx *c) { unsubscribe(c, EK_CHANNEL); }
void ek_cmd_punsubscribe(ek_ctx *c) { unsubscribe(c, EK_PATTERN); }
void ek_cmd_sunsubscribe(ek_ctx *c) { unsubscribe(c, EK_SHARD_CHANNEL); }

/* --- publishing --- */

static void publish(ek_ctx *c, ek_channel_kind kind) {
    int64_t sent = ek_publish(c->s, kind, c->argv[1], c->argv[2]);
    ek_client *client = sent ? ek_session_client_if_any(c->session) : NULL;
    if (client && client->subscriptions) take_own_mail(c, client);
    ek_reply_int(c->reply, sent);
}

void ek_cmd_publish(ek_ctx *c) { publish(c, EK_CHANNEL); }
void ek_cmd_spublish(ek_ctx *c) { publish(c, EK_SHARD_CHANNEL); }

/* --- PUBSUB --- */

typedef struct listing {
    ek_ctx *c;
    ek_str pattern;
    size_t n;
} listing;

static void list_one(void *arg, ek_str name) {
    listing *l = arg;
    if (l->pattern.p && !ek_glob_match(l->pattern, name, false)) return;
    ek_reply_str(l->c->reply, name);
    l->n++;
}

static void list(ek_ctx *c, ek_channel_kind kind) {
    if (c->argc > 3) {
        ek_reply_error(c->reply,
                       "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try PUBSUB "
                       "HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    listing l = {.c = c};
    if (c->argc == 3) l.pattern = c->argv[2];
    size_t at = ek_reply_open(c->reply, '*');
    ek_channels_each(c->s, kind, list_one, &l);
    ek_reply_close(c->reply, at, l.n);
}

void ek_cmd_pubsub_channels(ek_ctx *c) { list(c, EK_CHANNEL); }
void ek_cmd_pubsub_shardchannels(ek_ctx *c) { list(c, EK_SHARD_CHANNEL); }

static void count_subscribers(ek_ctx *c, ek_channel_kind kind) {
    ek_reply_array(c->reply, 2 * (c->argc - 2));
    for (size_t i = 2; i < c->argc; i++) {
        ek_reply_str(c->reply, c->argv[i]);
        ek_reply_int(c->reply, ek_channel_subscribers(c->s, kind, c->argv[i]));
    }
}

void ek_cmd_pubsub_numsub(ek_ctx *c) { count_subscribers(c, EK_CHANNEL); }
void ek_cmd_pubsub_shardnumsub(ek_ctx *c) { count_subscribers(c, EK_SHARD_CHANNEL); }
void ek_cmd_pubsub_numpat(ek_ctx *c) { ek_reply_int(c->reply, ek_pattern_count(c->s)); }
