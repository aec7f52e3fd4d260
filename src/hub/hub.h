/* SPDX-License-Identifier: MIT */
/*
 * Who hears what, on one worker: channels and their local subscribers. Knows no socket, clock or
 * protocol; ordering and history are the store's.
 */
#ifndef GW_HUB_HUB_H
#define GW_HUB_HUB_H

#include "base/list.h"
#include "hub/store.h"

struct gw_hub;
struct gw_subscriber;

struct gw_subscriber_ops {
  /* Once, before any publication; perhaps before gw_hub_subscribe returns. err below 0: not
   * subscribed, nothing follows. */
  void (*on_subscribed)(struct gw_subscriber *subscriber, int err,
                        const struct gw_recovery *recovery);
  /* In the channel's order, none twice, none left out. Borrowed. The call may unsubscribe any
   * subscriber, itself included. */
  void (*on_publication)(struct gw_subscriber *subscriber, struct gw_publication *publication);
  /* Somebody joins or leaves (the kind says which); between publications in the order in which it
   * happened at the channel's home. Optional. As on_publication. */
  void (*on_presence)(struct gw_subscriber *subscriber, struct gw_publication *notice);
};

/* Embedded in who listens; one per channel that it listens to. */
struct gw_subscriber {
  const struct gw_subscriber_ops *ops;
  struct gw_link link;            /* in its channel's list */
  struct gw_hub_channel *channel; /* NULL: not subscribed */
  struct gw_store_ask *pending;   /* while the store has not answered; owned by the hub */
};

/* Borrows the store and becomes its on_publication. GW_ERR_MEMORY. */
int gw_hub_new(struct gw_store *store, struct gw_hub **out_hub);
/* Unsubscribes whoever is left, telling nobody. */
void gw_hub_free(struct gw_hub *hub);

/* GW_ERR_ARGUMENT (channel name), GW_ERR_STATE (already subscribed), GW_ERR_MEMORY. */
int gw_hub_subscribe(struct gw_hub *hub, struct gw_str channel, const struct gw_cursor *after,
                     struct gw_subscriber *subscriber);
void gw_hub_unsubscribe(struct gw_hub *hub,
                        struct gw_subscriber *subscriber); /* where it is none: nothing */
struct gw_str gw_subscriber_channel(const struct gw_subscriber *subscriber);

/* As the store's, with the names and the key's length checked (GW_ERR_ARGUMENT). A key at NULL:
 * none. */
int gw_hub_publish(struct gw_hub *hub, struct gw_publication *publication, struct gw_str key,
                   struct gw_store_ask *ask); /* takes, also on failure */
int gw_hub_history(struct gw_hub *hub, struct gw_str channel, const struct gw_cursor *after,
                   unsigned limit, struct gw_store_ask *ask);
int gw_hub_remove(struct gw_hub *hub, struct gw_str channel, struct gw_store_ask *ask);
int gw_hub_attend(struct gw_hub *hub, struct gw_str channel, struct gw_str user, bool is_here);
int gw_hub_members(struct gw_hub *hub, struct gw_str channel, struct gw_store_ask *ask);
void gw_hub_forget(struct gw_hub *hub, struct gw_store_ask *ask);

/* Local channels, for tests; local subscribers, for the metrics too. */
size_t gw_hub_channel_count(const struct gw_hub *hub);
size_t gw_hub_subscriber_count(const struct gw_hub *hub);

#endif
