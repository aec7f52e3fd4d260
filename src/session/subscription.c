/* SPDX-License-Identifier: MIT */
/*
 * A session's channels: how it comes to hold them, into the hub and out of it again. What the hub
 * then tells is delivery.c's.
 *
 * A carrier's function may end anything: guards and rounds on the stack of whoever called it are
 * corrected by whatever frees (gw_subscription_free, gw_rounds_stop).
 */
#include "session/subscription.h"
#include "godwit/error.h"

#include <stdlib.h>

/* ---- names ---- */

struct gw_name *gw_name_new(struct gw_str text) {
  struct gw_name *name = malloc(sizeof *name + text.len);
  if (!name) return NULL;
  name->asked = NULL;
  name->len = (uint8_t)text.len;
  memcpy(name->text, text.at, text.len);
  return name;
}

struct gw_str gw_subscription_channel(const struct gw_subscription *subscription) {
  if (subscription->state == GW_SUBSCRIPTION_LIVE || !subscription->name)
    return gw_subscriber_channel(&subscription->subscriber);
  return (struct gw_str){subscription->name->text, subscription->name->len};
}

/* ---- where it stands ---- */

struct gw_cursor gw_subscription_cursor(const struct gw_subscription *subscription) {
  struct gw_cursor cursor = {.offset = subscription->offset};
  memcpy(cursor.epoch, subscription->epoch, GW_EPOCH_LEN);
  return cursor;
}

/* ---- what was asked ---- */

static struct gw_name *name_of(const struct gw_subscription *subscription) {
  return subscription->state == GW_SUBSCRIPTION_LIVE ? NULL : subscription->name;
}

void *gw_subscription_asked(const struct gw_subscription *subscription) {
  const struct gw_name *name = name_of(subscription);
  return name ? name->asked : NULL;
}

void *gw_subscription_take_asked(struct gw_subscription *subscription) {
  struct gw_name *name = name_of(subscription);
  void *asked = gw_subscription_asked(subscription);
  if (name) name->asked = NULL;
  return asked;
}

/* ---- guards and rounds ---- */

void gw_rounds_stop(struct gw_session *session, bool has_gone) {
  struct gw_session_table *table = session->table;
  for (struct gw_round *round = table->rounds; round; round = round->outer) {
    if (round->session != session) continue;
    round->next = NULL;
    if (has_gone) round->session = NULL;
  }
  for (struct gw_guard *guard = table->guards; guard && has_gone; guard = guard->outer)
    if (guard->subscription && guard->subscription->session == session) guard->subscription = NULL;
}

static void unlink_from_session(struct gw_subscription *subscription) {
  struct gw_session *session = subscription->session;
  struct gw_session_table *table = session->table;
  struct gw_subscription **at = &session->subscriptions;
  while (*at != subscription)
    at = &(*at)->next;
  *at = subscription->next;
  session->count--;
  for (struct gw_round *round = table->rounds; round; round = round->outer)
    if (round->next == subscription) round->next = subscription->next;
  for (struct gw_guard *guard = table->guards; guard; guard = guard->outer)
    if (guard->subscription == subscription) guard->subscription = NULL;
}

void gw_subscriptions_each(struct gw_session *session,
                           void (*visit)(struct gw_subscription *subscription)) {
  struct gw_session_table *table = session->table;
  struct gw_round round = {session, session->subscriptions, table->rounds};
  table->rounds = &round;
  while (round.next) {
    struct gw_subscription *subscription = round.next;
    round.next = subscription->next;
    visit(subscription);
  }
  table->rounds = round.outer;
}

/* ---- out of the hub ---- */

static void drop_newest(struct gw_subscription *subscription) {
  if (subscription->state != GW_SUBSCRIPTION_LIVE) return;
  gw_publication_unref(subscription->newest);
  subscription->newest = NULL;
}

void gw_subscription_stand_aside(struct gw_subscription *subscription,
                                 enum gw_subscription_state state) {
  gw_hub_unsubscribe(subscription->session->table->hub, &subscription->subscriber);
  subscription->state = (uint8_t)state;
}

static int park(struct gw_subscription *subscription) {
  if (subscription->state == GW_SUBSCRIPTION_LIVE) {
    struct gw_name *name = gw_name_new(gw_subscription_channel(subscription));
    if (!name) return GW_ERR_MEMORY;
    drop_newest(subscription);
    subscription->name = name;
  }
  gw_subscription_stand_aside(subscription, GW_SUBSCRIPTION_PARKED);
  subscription->name->asked = NULL;
  return 0;
}

int gw_subscriptions_park(struct gw_session *session) {
  gw_rounds_stop(session, false);
  for (struct gw_subscription *held = session->subscriptions; held; held = held->next)
    if (park(held) < 0) return GW_ERR_MEMORY;
  return 0;
}

/* Of no session any more, but in the hub still: until its leaving has been told, where that is
 * owed. */
static void deaf_subscribed(struct gw_subscriber *subscriber, int err,
                            const struct gw_recovery *recovery) {
  (void)subscriber, (void)err, (void)recovery;
}

static void deaf_publication(struct gw_subscriber *subscriber, struct gw_publication *publication) {
  (void)subscriber, (void)publication;
}

static const struct gw_subscriber_ops deaf = {.on_subscribed = deaf_subscribed,
                                              .on_publication = deaf_publication};

void gw_subscriptions_deafen(struct gw_session *session) {
  for (struct gw_subscription *held = session->subscriptions; held; held = held->next)
    held->subscriber.ops = &deaf;
}

void gw_subscription_discard(struct gw_session_table *table, struct gw_subscription *subscription) {
  drop_newest(subscription);
  gw_hub_unsubscribe(table->hub, &subscription->subscriber);
  free(subscription->name);
  free(subscription);
}

void gw_subscription_free(struct gw_session_table *table, struct gw_subscription *subscription,
                          struct gw_user *user) {
  drop_newest(subscription);
  subscription->subscriber.ops = &deaf;
  subscription->session = NULL;
  if (subscription->state != GW_SUBSCRIPTION_LIVE)
    gw_hub_unsubscribe(table->hub, &subscription->subscriber);
  if (subscription->is_attending)
    gw_presence_leave_or_owe(table, subscription, user);
  else
    gw_subscription_discard(table, subscription);
}

struct gw_subscription *gw_subscriptions_pop(struct gw_session *session) {
  struct gw_subscription *first = session->subscriptions;
  if (!first) return NULL;
  session->subscriptions = first->next;
  session->count--;
  return first;
}

void gw_session_unsubscribe(struct gw_subscription *subscription) {
  struct gw_session *session = subscription->session;
  unlink_from_session(subscription);
  gw_subscription_free(session->table, subscription, session->user);
}

static void drop_parked(struct gw_subscription *subscription) {
  if (subscription->state == GW_SUBSCRIPTION_PARKED) gw_session_unsubscribe(subscription);
}

void gw_subscriptions_drop_parked(struct gw_session *session) {
  gw_subscriptions_each(session, drop_parked);
}

/* ---- into the hub ---- */

int gw_subscription_enter_hub(struct gw_subscription *subscription) {
  struct gw_cursor after = gw_subscription_cursor(subscription);
  /* An inbox without a cursor begins with what it keeps: a cursor of no epoch is never reached. */
  bool has_after = after.epoch[0] || subscription->is_inbox;
  return gw_hub_subscribe(subscription->session->table->hub, gw_subscription_channel(subscription),
                          has_after ? &after : NULL, &subscription->subscriber);
}

/* ---- subscribing ---- */

static struct gw_subscription *subscription_new(struct gw_session *session, struct gw_str channel) {
  struct gw_subscription *subscription = calloc(1, sizeof *subscription);
  struct gw_name *name = gw_name_new(channel);
  if (!subscription || !name) {
    free(subscription);
    free(name);
    return NULL;
  }
  subscription->subscriber.ops = &gw_subscription_hearing;
  subscription->session = session;
  subscription->name = name;
  subscription->slow = (uint8_t)gw_rules_of(session->table->sessions->options.rules, channel)->slow;
  subscription->next = session->subscriptions;
  session->subscriptions = subscription;
  session->count++;
  return subscription;
}

/* Those that `max_subscriptions` counts. */
static unsigned count_channels(const struct gw_session *session) {
  unsigned count = session->count;
  for (const struct gw_subscription *held = session->subscriptions; held; held = held->next)
    if (held->is_inbox) count--;
  return count;
}

/* The subscription under a guard; it may have gone when this returns. */
static int begin(struct gw_subscription *subscription, const struct gw_guard *guard) {
  int err = gw_presence_join(subscription);
  if (err < 0) return err;
  if (!guard->subscription || subscription->state != GW_SUBSCRIPTION_OPENING) return GW_ERR_CLOSED;
  return gw_subscription_enter_hub(subscription);
}

/* It has not begun: a new one goes, one that was parked is so again. */
static void undo(struct gw_subscription *subscription, const struct gw_cursor *before,
                 bool was_parked) {
  if (!was_parked) {
    gw_session_unsubscribe(subscription);
    return;
  }
  subscription->state = GW_SUBSCRIPTION_PARKED;
  gw_subscription_stand_at(subscription, before);
  subscription->name->asked = NULL;
  gw_presence_leave_parked(subscription->session);
}

static int start(struct gw_subscription *subscription, const struct gw_cursor *after, void *asked,
                 struct gw_subscription **out_subscription) {
  struct gw_session_table *table = subscription->session->table;
  struct gw_cursor before = gw_subscription_cursor(subscription);
  bool was_parked = subscription->state == GW_SUBSCRIPTION_PARKED;
  struct gw_subscription *former = out_subscription ? *out_subscription : NULL;
  if (after) gw_subscription_stand_at(subscription, after);
  subscription->name->asked = asked;
  subscription->state = GW_SUBSCRIPTION_OPENING;
  if (out_subscription) *out_subscription = subscription;
  struct gw_guard guard;
  gw_guard_begin(table, &guard, subscription);
  int err = begin(subscription, &guard);
  bool is_there = gw_guard_end(table, &guard);
  if (err >= 0) {
    if (out_subscription && !is_there) *out_subscription = NULL;
    return 0;
  }
  if (is_there && subscription->state == GW_SUBSCRIPTION_OPENING)
    undo(subscription, &before, was_parked);
  if (out_subscription) *out_subscription = former;
  return err;
}

static int subscribe(struct gw_session *session, struct gw_str channel,
                     const struct gw_cursor *after, void *asked, bool is_inbox,
                     struct gw_subscription **out_subscription) {
  if (!gw_carrier_of(session) || session->is_leaving) return GW_ERR_STATE;
  if (!gw_channel_name_is_valid(channel)) return GW_ERR_ARGUMENT;
  struct gw_subscription *subscription = gw_session_find(session, channel);
  if (subscription && subscription->state != GW_SUBSCRIPTION_PARKED) return GW_ERR_STATE;
  if (!subscription) {
    unsigned most = session->table->sessions->options.max_subscriptions;
    if (!is_inbox && count_channels(session) >= most) return GW_ERR_FULL;
    subscription = subscription_new(session, channel);
    if (!subscription) return GW_ERR_MEMORY;
    subscription->is_inbox = is_inbox;
  }
  return start(subscription, after, asked, out_subscription);
}

int gw_session_subscribe(struct gw_session *session, struct gw_str channel,
                         const struct gw_cursor *after, void *asked,
                         struct gw_subscription **out_subscription) {
  return subscribe(session, channel, after, asked, false, out_subscription);
}

int gw_session_subscribe_inbox(struct gw_session *session, const struct gw_cursor *after) {
  if (!session->user) return GW_ERR_STATE;
  char text[sizeof GW_INBOX_PREFIX + GW_USER_MAX];
  struct gw_str channel = gw_inbox_name(gw_user_name(session->user), text);
  return subscribe(session, channel, after, NULL, true, NULL);
}

struct gw_subscription *gw_session_find(const struct gw_session *session, struct gw_str channel) {
  struct gw_subscription *held = session->subscriptions;
  while (held && !gw_str_eq(gw_subscription_channel(held), channel))
    held = held->next;
  return held;
}

struct gw_subscription *gw_session_heard(const struct gw_session *session) {
  struct gw_subscription *held = session->subscriptions;
  while (held && held->state == GW_SUBSCRIPTION_PARKED)
    held = held->next;
  return held;
}

struct gw_subscription *gw_session_first(const struct gw_session *session) {
  return session->subscriptions;
}
