/* SPDX-License-Identifier: MIT */
/*
 * The hub of one worker. A channel is here while it has local subscribers; the store is asked once
 * for each of them (each has its own cursor) and told when the last has gone. A subscriber is in
 * its channel's list from the beginning but hears nothing until the store has answered.
 *
 * Callbacks may do anything. A delivery under way is a `walk` that unsubscribing corrects: it never
 * stands on a link that has gone, and it ends with whoever was last when it began.
 */
#include "hub/hub.h"

#include "base/map.h"
#include "godwit/error.h"
#include "hub/rules.h"

#include <stdlib.h>

/* A delivery: who comes next (NULL: nobody), and who is the last of it. */
struct walk {
  struct gw_link *next, *last;
  struct walk *outer;
};

struct gw_hub {
  struct gw_store *store;
  struct gw_map channels;
  size_t subscribers;
  struct walk *walk;
  struct gw_link owed; /* channels whose unsubscribe found no memory: tried again later */
};

struct gw_hub_channel {
  struct gw_link subscribers; /* where it is owed: its place in that list, nobody subscribes */
  bool is_owed;
  uint8_t name_len;
  char name[];
};

/* A subscriber's question to the store. */
struct hub_ask {
  struct gw_store_ask ask;
  struct gw_hub *hub;
  struct gw_subscriber *subscriber;
};

static struct gw_str name_of(const struct gw_hub_channel *channel) {
  return (struct gw_str){channel->name, channel->name_len};
}

static struct gw_str key_of(const void *channel) {
  return name_of(channel);
}

/* ---- channels ---- */

static struct gw_hub_channel *channel_new(struct gw_hub *hub, struct gw_str name) {
  struct gw_hub_channel *channel = malloc(offsetof(struct gw_hub_channel, name) + name.len);
  if (!channel) return NULL;
  channel->is_owed = false;
  channel->name_len = (uint8_t)name.len;
  gw_list_init(&channel->subscribers);
  memcpy(channel->name, name.at, name.len);
  if (gw_map_add(&hub->channels, channel) == 0) return channel;
  free(channel);
  return NULL;
}

static void channel_remove(struct gw_hub *hub, struct gw_hub_channel *channel) {
  gw_map_remove(&hub->channels, name_of(channel));
  free(channel);
}

/* Nobody listens any more. False where the store could not be told. */
static bool channel_leave(struct gw_hub *hub, struct gw_hub_channel *channel) {
  if (hub->store->ops->unsubscribe(hub->store, name_of(channel)) < 0) return false;
  channel_remove(hub, channel);
  return true;
}

static void channel_leave_or_owe(struct gw_hub *hub, struct gw_hub_channel *channel) {
  if (channel_leave(hub, channel)) return;
  channel->is_owed = true;
  gw_list_append(&hub->owed, &channel->subscribers);
}

static void pay_owed(struct gw_hub *hub) {
  while (!gw_list_is_empty(&hub->owed)) {
    struct gw_link *first = hub->owed.next;
    gw_list_remove(first);
    struct gw_hub_channel *channel = gw_container_of(first, struct gw_hub_channel, subscribers);
    if (channel_leave(hub, channel)) continue;
    gw_list_append(&hub->owed, first);
    return;
  }
}

/* ---- deliveries ---- */

static void walks_skip(struct gw_hub *hub, const struct gw_link *gone) {
  for (struct walk *walk = hub->walk; walk; walk = walk->outer) {
    if (walk->next == gone)
      walk->next = walk->last == gone ? NULL : gone->next;
    else if (walk->last == gone)
      walk->last = gone->prev;
  }
}

static void tell(struct gw_subscriber *subscriber, struct gw_publication *publication) {
  if (publication->kind == GW_MESSAGE)
    subscriber->ops->on_publication(subscriber, publication);
  else if (subscriber->ops->on_presence)
    subscriber->ops->on_presence(subscriber, publication);
}

static void deliver(struct gw_store *store, struct gw_publication *publication) {
  struct gw_hub *hub = store->hub_user;
  struct gw_hub_channel *channel = gw_map_get(&hub->channels, publication->channel);
  if (!channel || channel->is_owed) return;
  struct walk walk = {channel->subscribers.next, channel->subscribers.prev, hub->walk};
  hub->walk = &walk;
  while (walk.next) {
    struct gw_subscriber *subscriber = gw_container_of(walk.next, struct gw_subscriber, link);
    walk.next = walk.next == walk.last ? NULL : walk.next->next;
    if (!subscriber->pending) tell(subscriber, publication);
  }
  hub->walk = walk.outer;
}

/* ---- subscribers ---- */

static void detach(struct gw_hub *hub, struct gw_subscriber *subscriber) {
  walks_skip(hub, &subscriber->link);
  gw_list_remove(&subscriber->link);
  subscriber->channel = NULL;
  hub->subscribers--;
}

static void on_answer(struct gw_store_ask *answered, int err, const struct gw_recovery *recovery) {
  struct hub_ask *ask = gw_container_of(answered, struct hub_ask, ask);
  struct gw_hub *hub = ask->hub;
  struct gw_subscriber *subscriber = ask->subscriber;
  struct gw_hub_channel *channel = subscriber->channel;
  free(ask);
  subscriber->pending = NULL;
  if (err < 0) {
    detach(hub, subscriber);
    if (gw_list_is_empty(&channel->subscribers)) channel_leave_or_owe(hub, channel);
  }
  subscriber->ops->on_subscribed(subscriber, err, recovery);
}

static struct gw_hub_channel *channel_open(struct gw_hub *hub, struct gw_str name) {
  struct gw_hub_channel *channel = gw_map_get(&hub->channels, name);
  if (!channel) return channel_new(hub, name);
  if (channel->is_owed) {
    gw_list_remove(&channel->subscribers);
    channel->is_owed = false;
  }
  return channel;
}

/* The question was not even asked. */
static void undo(struct gw_hub *hub, struct gw_subscriber *subscriber, bool is_new) {
  struct gw_hub_channel *channel = subscriber->channel;
  free(gw_container_of(subscriber->pending, struct hub_ask, ask));
  subscriber->pending = NULL;
  detach(hub, subscriber);
  if (!gw_list_is_empty(&channel->subscribers)) return;
  if (is_new)
    channel_remove(hub, channel);
  else
    channel_leave_or_owe(hub, channel);
}

int gw_hub_subscribe(struct gw_hub *hub, struct gw_str channel_name, const struct gw_cursor *after,
                     struct gw_subscriber *subscriber) {
  if (subscriber->channel) return GW_ERR_STATE;
  if (!gw_channel_name_is_valid(channel_name)) return GW_ERR_ARGUMENT;
  struct hub_ask *ask = malloc(sizeof *ask);
  if (!ask) return GW_ERR_MEMORY;
  size_t before = hub->channels.count;
  struct gw_hub_channel *channel = channel_open(hub, channel_name);
  if (!channel) {
    free(ask);
    return GW_ERR_MEMORY;
  }
  *ask = (struct hub_ask){{.on_answer = on_answer}, hub, subscriber};
  subscriber->channel = channel;
  subscriber->pending = &ask->ask;
  gw_list_append(&channel->subscribers, &subscriber->link);
  hub->subscribers++;
  bool is_new = hub->channels.count > before;
  /* The answer may come now, and the subscriber and its channel may have gone when it returns. */
  int err = hub->store->ops->subscribe(hub->store, name_of(channel), after, &ask->ask);
  if (err < 0) undo(hub, subscriber, is_new);
  return err;
}

void gw_hub_unsubscribe(struct gw_hub *hub, struct gw_subscriber *subscriber) {
  struct gw_hub_channel *channel = subscriber->channel;
  if (!channel) return;
  if (subscriber->pending) {
    hub->store->ops->forget(hub->store, subscriber->pending);
    free(gw_container_of(subscriber->pending, struct hub_ask, ask));
    subscriber->pending = NULL;
  }
  detach(hub, subscriber);
  pay_owed(hub);
  if (gw_list_is_empty(&channel->subscribers)) channel_leave_or_owe(hub, channel);
}

struct gw_str gw_subscriber_channel(const struct gw_subscriber *subscriber) {
  if (!subscriber->channel) return (struct gw_str){NULL, 0};
  return name_of(subscriber->channel);
}

/* ---- the store's, with the name checked ---- */

int gw_hub_publish(struct gw_hub *hub, struct gw_publication *publication, struct gw_str key,
                   struct gw_store_ask *ask) {
  if (gw_channel_name_is_valid(publication->channel) && key.len <= GW_KEY_MAX)
    return hub->store->ops->publish(hub->store, publication, key, ask);
  gw_publication_unref(publication);
  return GW_ERR_ARGUMENT;
}

int gw_hub_history(struct gw_hub *hub, struct gw_str channel, const struct gw_cursor *after,
                   unsigned limit, struct gw_store_ask *ask) {
  if (!gw_channel_name_is_valid(channel)) return GW_ERR_ARGUMENT;
  return hub->store->ops->history(hub->store, channel, after, limit, ask);
}

int gw_hub_remove(struct gw_hub *hub, struct gw_str channel, struct gw_store_ask *ask) {
  if (!gw_channel_name_is_valid(channel)) return GW_ERR_ARGUMENT;
  return hub->store->ops->remove(hub->store, channel, ask);
}

int gw_hub_attend(struct gw_hub *hub, struct gw_str channel, struct gw_str user, bool is_here) {
  if (!gw_channel_name_is_valid(channel)) return GW_ERR_ARGUMENT;
  if (user.at && !gw_user_name_is_valid(user)) return GW_ERR_ARGUMENT;
  return hub->store->ops->attend(hub->store, channel, user, is_here);
}

int gw_hub_members(struct gw_hub *hub, struct gw_str channel, struct gw_store_ask *ask) {
  if (!gw_channel_name_is_valid(channel)) return GW_ERR_ARGUMENT;
  return hub->store->ops->members(hub->store, channel, ask);
}

void gw_hub_forget(struct gw_hub *hub, struct gw_store_ask *ask) {
  hub->store->ops->forget(hub->store, ask);
}

/* ---- life ---- */

int gw_hub_new(struct gw_store *store, struct gw_hub **out_hub) {
  struct gw_hub *hub = calloc(1, sizeof *hub);
  if (!hub) return GW_ERR_MEMORY;
  hub->store = store;
  gw_map_init(&hub->channels, key_of);
  gw_list_init(&hub->owed);
  store->hub_user = hub;
  store->on_publication = deliver;
  *out_hub = hub;
  return 0;
}

static void channel_abandon(struct gw_hub *hub, struct gw_hub_channel *channel) {
  while (!channel->is_owed && !gw_list_is_empty(&channel->subscribers)) {
    struct gw_subscriber *subscriber =
        gw_container_of(channel->subscribers.next, struct gw_subscriber, link);
    if (subscriber->pending) {
      hub->store->ops->forget(hub->store, subscriber->pending);
      free(gw_container_of(subscriber->pending, struct hub_ask, ask));
      subscriber->pending = NULL;
    }
    detach(hub, subscriber);
  }
  /* Without memory the store hears for a hub that is gone: it is told nothing then. */
  (void)hub->store->ops->unsubscribe(hub->store, name_of(channel));
  free(channel);
}

void gw_hub_free(struct gw_hub *hub) {
  if (!hub) return;
  size_t at = 0;
  for (struct gw_hub_channel *channel; (channel = gw_map_next(&hub->channels, &at));)
    channel_abandon(hub, channel);
  gw_map_clear(&hub->channels);
  hub->store->on_publication = NULL;
  hub->store->hub_user = NULL;
  free(hub);
}

size_t gw_hub_channel_count(const struct gw_hub *hub) {
  return hub->channels.count;
}

size_t gw_hub_subscriber_count(const struct gw_hub *hub) {
  return hub->subscribers;
}
