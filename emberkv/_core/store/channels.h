/* Channels, patterns and shard channels, and who subscribes to them.
 *
 *   root.channels.by_name[kind]: table by name
 *      -> ek_channel | first, last | how many | name |
 *            first -> ek_subscription <-> ek_subscription ...       in order of subscribing
 *   root.channels.first_pattern -> patterns in order of their first subscription
 *   root.channels.subscriptions: table of all subscriptions by (client, channel)
 *   ek_client.subscriptions -> ek_subscriber | first, last, count of each kind |
 *
 * A subscription is 24 bytes and about 8 in its table; to subscribe and to unsubscribe is O(1), to
 * publish O(receivers + patterns). A message is one counted block for all its receivers (client.h)
 * and lies in their inboxes: nobody waits for a receiver, who is cut off at its inbox's limit.
 * Everything is part of the transaction that does it: what is undone was neither subscribed nor
 * published. Subscriptions go with their client's record, which goes with its process.
 * Lock: the store's, and a transaction. */
#ifndef EK_STORE_CHANNELS_H
#define EK_STORE_CHANNELS_H

#include "store/client.h"
#include "store/store.h"

/* False: it was (was not) subscribed already. */
bool ek_subscribe(ek_store *s, ek_client *c, ek_channel_kind kind, ek_str name);
bool ek_unsubscribe(ek_store *s, ek_client *c, ek_channel_kind kind, ek_str name);
/* How many of a kind a client has; O(1). */
uint32_t ek_subscriptions(const ek_store *s, const ek_client *c, ek_channel_kind kind);
/* The name of the one subscribed to first; false: it has none. Stands until the commit. */
bool ek_subscription_first(const ek_store *s, const ek_client *c, ek_channel_kind kind,
                           ek_str *name);
/* Is it so for every subscription of the client? */
typedef bool ek_subscription_test_fn(void *arg, ek_channel_kind kind, ek_str name);
bool ek_subscriptions_all(const ek_store *s, const ek_client *c, ek_subscription_test_fn *test,
                          void *arg);
void ek_subscriptions_drop(ek_store *s, ek_client *c); /* all, of all kinds */

/* Send to the subscribers of a channel and then of the patterns that match it, or of a shard channel.
 * Returns how many messages were sent. */
int64_t ek_publish(ek_store *s, ek_channel_kind kind, ek_str channel, ek_str payload);

/* How many live clients subscribe; and each name that anybody subscribes to. Those of dead processes are
 * forgotten first. */
uint32_t ek_channel_subscribers(ek_store *s, ek_channel_kind kind, ek_str name);
uint32_t ek_pattern_count(ek_store *s);
typedef void ek_channel_visit_fn(void *arg, ek_str name);
void ek_channels_each(ek_store *s, ek_channel_kind kind, ek_channel_visit_fn *visit, void *arg);

bool ek_channels_check(const ek_store *s);

#endif
