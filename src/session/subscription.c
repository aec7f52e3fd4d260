/* SPDX-License-Identifier: MIT */
/*
 * A session's channels: from the hub to the carrier, and what becomes of a client that is slow.
 *
 * Invariant: what a client is pushed of a channel follows its `cursor` without gap and without
 * repetition, or it has been told. The cursor moves when a publication has been given, never
 * before; whatever was not given ends the giving (the subscription falls behind, is left with a
 * newest one that waits, or parks), so nothing later can be given in its place.
 *
 * A carrier's function may end anything: guards and rounds on the stack of whoever called it are
 * corrected by whatever frees (gw_subscription_free, gw_rounds_stop).
 */
#include "godwit/error.h"
#include "session/table.h"

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

static void stand_at(struct gw_subscription *subscription, const struct gw_cursor *cursor) {
  memcpy(subscription->epoch, cursor->epoch, GW_EPOCH_LEN);
  subscription->offset = cursor->offset;
}

static bool stands(const struct gw_subscription *subscription) {
  return subscription->epoch[0] != '\0';
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

static void guard_begin(struct gw_session_table *table, struct gw_guard *guard,
                        struct gw_subscription *subscription) {
  *guard = (struct gw_guard){subscription, table->guards};
  table->guards = guard;
}

/* Whether it is there still. */
static bool guard_end(struct gw_session_table *table, const struct gw_guard *guard) {
  table->guards = guard->outer;
  return guard->subscription != NULL;
}

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

/* Its name is kept; not from live. */
static void stand_aside(struct gw_subscription *subscription, enum gw_subscription_state state) {
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
  stand_aside(subscription, GW_SUBSCRIPTION_PARKED);
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

/* ---- to the carrier ---- */

/* A push has failed: nothing that comes later may be given. */
static void fail(struct gw_subscription *subscription, int err) {
  struct gw_session *session = subscription->session;
  if (!gw_carrier_of(session) || session->is_leaving) return;
  if (err == GW_ERR_FULL) session->table->counts.slow_disconnected++;
  if (err == GW_ERR_CLOSED)
    gw_session_stop(session, 0);
  else
    gw_session_stop(session, err == GW_ERR_FULL ? GW_CLOSE_SLOW : GW_CLOSE_FAILED);
}

/* Gives one; the caller guards the subscription. */
static inline int give(struct gw_subscription *subscription, struct gw_publication *publication,
                       const struct gw_guard *guard) {
  struct gw_carrier *carrier = gw_carrier_of(subscription->session);
  int given = carrier->ops->push(carrier, subscription, publication);
  /* Parked within the call it has been given all the same; asked for again, it is on its way. */
  if (given >= 0 && guard->subscription && subscription->state != GW_SUBSCRIPTION_OPENING)
    stand_at(subscription, &publication->cursor);
  return given;
}

static bool is_waiting(const struct gw_subscription *subscription) {
  struct gw_carrier *carrier = gw_carrier_of(subscription->session);
  return carrier->ops->is_waiting(carrier);
}

/* For a channel that drops or conflates: whether the publication is not given now. */
static bool hold_back(struct gw_subscription *subscription, struct gw_publication *publication) {
  if (!subscription->newest && !is_waiting(subscription)) return false;
  struct gw_session_counts *counts = &subscription->session->table->counts;
  if (subscription->slow == GW_SLOW_DROP)
    counts->slow_dropped++;
  else if (subscription->newest)
    counts->slow_conflated++;
  gw_publication_unref(subscription->newest);
  subscription->newest = gw_publication_ref(publication);
  return true;
}

static void on_publication(struct gw_subscriber *subscriber, struct gw_publication *publication) {
  struct gw_subscription *subscription =
      gw_container_of(subscriber, struct gw_subscription, subscriber);
  if (subscription->slow != GW_SLOW_DISCONNECT && hold_back(subscription, publication)) return;
  struct gw_session_table *table = subscription->session->table;
  struct gw_guard guard;
  guard_begin(table, &guard, subscription);
  int given = give(subscription, publication, &guard);
  if (!guard_end(table, &guard) || given >= 0) return;
  bool is_live = subscription->state == GW_SUBSCRIPTION_LIVE;
  if (is_live && given == GW_ERR_FULL && subscription->slow != GW_SLOW_DISCONNECT &&
      hold_back(subscription, publication))
    return;
  if (is_live) fail(subscription, given);
}

static void on_presence(struct gw_subscriber *subscriber, struct gw_publication *notice) {
  struct gw_subscription *subscription =
      gw_container_of(subscriber, struct gw_subscription, subscriber);
  struct gw_carrier *carrier = gw_carrier_of(subscription->session);
  if (carrier->ops->on_presence) carrier->ops->on_presence(carrier, subscription, notice);
}

/* All from where the client stands up to the newest that was left out. */
static struct gw_recovery gap_of(const struct gw_subscription *subscription) {
  const struct gw_cursor *newest = &subscription->newest->cursor;
  struct gw_recovery gap = {.cursor = *newest};
  gap.is_missed_known = memcmp(newest->epoch, subscription->epoch, GW_EPOCH_LEN) == 0;
  if (gap.is_missed_known) gap.missed = newest->offset - subscription->offset;
  return gap;
}

/* What waited is given, or the client told of the gap. */
static void catch_up_live(struct gw_subscription *subscription) {
  struct gw_session *session = subscription->session;
  struct gw_session_table *table = session->table;
  struct gw_carrier *carrier = gw_carrier_of(session);
  struct gw_publication *newest = subscription->newest;
  const struct gw_recovery gap = gap_of(subscription);
  bool is_gap = subscription->slow == GW_SLOW_DROP;
  subscription->newest = NULL;
  struct gw_guard guard;
  guard_begin(table, &guard, subscription);
  int given = 0;
  bool is_told = true;
  if (is_gap)
    is_told = carrier->ops->on_gap(carrier, subscription, &gap);
  else
    given = give(subscription, newest, &guard);
  bool is_live = guard_end(table, &guard) && subscription->state == GW_SUBSCRIPTION_LIVE;
  if (is_live && is_gap && is_told) stand_at(subscription, &gap.cursor);
  if (is_live && !is_told) gw_session_stop(subscription->session, GW_CLOSE_CURSOR_LOST);
  if (is_live && given == GW_ERR_FULL && is_waiting(subscription) && !subscription->newest)
    subscription->newest = gw_publication_ref(newest);
  else if (is_live && given < 0)
    fail(subscription, given);
  gw_publication_unref(newest);
}

/* ---- what the hub answers ---- */

/* Where a recovery begins: what is pushed first comes next after it. */
static struct gw_cursor beginning(const struct gw_subscription *subscription,
                                  const struct gw_recovery *recovery) {
  if (stands(subscription) && recovery->is_recovered) return gw_subscription_cursor(subscription);
  struct gw_cursor cursor = recovery->cursor;
  if (recovery->n > 0) cursor.offset = recovery->publications[0]->cursor.offset - 1;
  return cursor;
}

/* Until all is given, or the subscription is not where it was. */
static void give_all(struct gw_subscription *subscription, const struct gw_recovery *recovery,
                     const struct gw_guard *guard) {
  for (unsigned i = 0; i < recovery->n; i++) {
    int given = give(subscription, recovery->publications[i], guard);
    if (!guard->subscription || subscription->state != GW_SUBSCRIPTION_RECOVERING) return;
    bool is_much = given == 1 && i + 1 < recovery->n;
    if (is_much || (given == GW_ERR_FULL && is_waiting(subscription))) {
      stand_aside(subscription, GW_SUBSCRIPTION_BEHIND);
      return;
    }
    if (given < 0) {
      fail(subscription, given);
      return;
    }
  }
  stand_at(subscription, &recovery->cursor);
  free(subscription->name);
  subscription->newest = NULL;
  subscription->state = GW_SUBSCRIPTION_LIVE;
}

/* Says how it was recovered. False: that is the end of it. */
static bool tell_recovery(struct gw_subscription *subscription, const struct gw_recovery *told,
                          bool is_first) {
  struct gw_carrier *carrier = gw_carrier_of(subscription->session);
  if (is_first) {
    carrier->ops->on_subscribed(carrier, subscription, 0, told);
    return true;
  }
  return told->is_recovered || carrier->ops->on_gap(carrier, subscription, told);
}

static void on_recovery(struct gw_subscription *subscription, const struct gw_recovery *recovery) {
  struct gw_session_table *table = subscription->session->table;
  bool is_first = subscription->state == GW_SUBSCRIPTION_OPENING;
  struct gw_recovery told = *recovery;
  told.cursor = beginning(subscription, recovery);
  if (!stands(subscription)) told.is_recovered = true; /* none was asked for */
  struct gw_cursor before = gw_subscription_cursor(subscription);
  stand_at(subscription, &told.cursor);
  subscription->state = GW_SUBSCRIPTION_RECOVERING;
  struct gw_guard guard;
  guard_begin(table, &guard, subscription);
  bool may_go_on = tell_recovery(subscription, &told, is_first);
  if (guard.subscription && !may_go_on) stand_at(subscription, &before); /* it does not know */
  if (guard.subscription && subscription->state == GW_SUBSCRIPTION_RECOVERING) {
    if (may_go_on)
      give_all(subscription, recovery, &guard);
    else
      gw_session_stop(subscription->session, GW_CLOSE_CURSOR_LOST);
  }
  guard_end(table, &guard);
}

static enum gw_close_code code_of(int err) {
  return err == GW_ERR_FULL ? GW_CLOSE_TRY_AGAIN : GW_CLOSE_FAILED;
}

/* It is not in the hub. */
static void on_refusal(struct gw_subscription *subscription, int err) {
  struct gw_session *session = subscription->session;
  if (subscription->state == GW_SUBSCRIPTION_CATCHING) {
    subscription->state = GW_SUBSCRIPTION_BEHIND;
    gw_session_stop(session, code_of(err));
    return;
  }
  struct gw_session_table *table = session->table;
  struct gw_guard guard;
  guard_begin(table, &guard, subscription);
  struct gw_carrier *carrier = gw_carrier_of(session);
  carrier->ops->on_subscribed(carrier, subscription, err, NULL);
  if (guard_end(table, &guard) && subscription->state == GW_SUBSCRIPTION_OPENING)
    gw_session_unsubscribe(subscription);
}

static void on_subscribed(struct gw_subscriber *subscriber, int err,
                          const struct gw_recovery *recovery) {
  struct gw_subscription *subscription =
      gw_container_of(subscriber, struct gw_subscription, subscriber);
  if (err < 0)
    on_refusal(subscription, err);
  else
    on_recovery(subscription, recovery);
}

static const struct gw_subscriber_ops hearing = {
    .on_subscribed = on_subscribed, .on_publication = on_publication, .on_presence = on_presence};

/* ---- into the hub ---- */

/* From its cursor. The answer may come within; below 0 none comes. */
static int enter_hub(struct gw_subscription *subscription) {
  struct gw_cursor after = gw_subscription_cursor(subscription);
  /* An inbox without a cursor begins with what it keeps: a cursor of no epoch is never reached. */
  bool has_after = after.epoch[0] || subscription->is_inbox;
  return gw_hub_subscribe(subscription->session->table->hub, gw_subscription_channel(subscription),
                          has_after ? &after : NULL, &subscription->subscriber);
}

static void catch_up_behind(struct gw_subscription *subscription) {
  subscription->state = GW_SUBSCRIPTION_CATCHING;
  int err = enter_hub(subscription);
  if (err >= 0) return;
  subscription->state = GW_SUBSCRIPTION_BEHIND;
  gw_session_stop(subscription->session, code_of(err));
}

static void catch_up(struct gw_subscription *subscription) {
  if (subscription->state == GW_SUBSCRIPTION_BEHIND)
    catch_up_behind(subscription);
  else if (subscription->state == GW_SUBSCRIPTION_LIVE && subscription->newest)
    catch_up_live(subscription);
}

void gw_carrier_drained(struct gw_carrier *carrier) {
  struct gw_session *session = carrier->session;
  if (session && !session->is_leaving) gw_subscriptions_each(session, catch_up);
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
  subscription->subscriber.ops = &hearing;
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
  return enter_hub(subscription);
}

/* It has not begun: a new one goes, one that was parked is so again. */
static void undo(struct gw_subscription *subscription, const struct gw_cursor *before,
                 bool was_parked) {
  if (!was_parked) {
    gw_session_unsubscribe(subscription);
    return;
  }
  subscription->state = GW_SUBSCRIPTION_PARKED;
  stand_at(subscription, before);
  subscription->name->asked = NULL;
  gw_presence_leave_parked(subscription->session);
}

static int start(struct gw_subscription *subscription, const struct gw_cursor *after, void *asked,
                 struct gw_subscription **out_subscription) {
  struct gw_session_table *table = subscription->session->table;
  struct gw_cursor before = gw_subscription_cursor(subscription);
  bool was_parked = subscription->state == GW_SUBSCRIPTION_PARKED;
  struct gw_subscription *former = out_subscription ? *out_subscription : NULL;
  if (after) stand_at(subscription, after);
  subscription->name->asked = asked;
  subscription->state = GW_SUBSCRIPTION_OPENING;
  if (out_subscription) *out_subscription = subscription;
  struct gw_guard guard;
  guard_begin(table, &guard, subscription);
  int err = begin(subscription, &guard);
  bool is_there = guard_end(table, &guard);
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
