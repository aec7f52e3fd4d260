/* SPDX-License-Identifier: MIT */
/*
 * From the hub to the carrier: what a subscription is told, and what becomes of a client that is
 * slow.
 *
 * Invariant: what a client is pushed of a channel follows its `cursor` without gap and without
 * repetition, or it has been told. The cursor moves when a publication has been given, never
 * before; whatever was not given ends the giving (the subscription falls behind, is left with a
 * newest one that waits, or parks), so nothing later can be given in its place.
 *
 * A carrier's function may end anything: what is looked at after one has been guarded.
 */
#include "godwit/error.h"
#include "session/subscription.h"

#include <stdlib.h>

/* ---- giving ---- */

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
    gw_subscription_stand_at(subscription, &publication->cursor);
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
  gw_guard_begin(table, &guard, subscription);
  int given = give(subscription, publication, &guard);
  if (!gw_guard_end(table, &guard) || given >= 0) return;
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
  gw_guard_begin(table, &guard, subscription);
  int given = 0;
  bool is_told = true;
  if (is_gap)
    is_told = carrier->ops->on_gap(carrier, subscription, &gap);
  else
    given = give(subscription, newest, &guard);
  bool is_live = gw_guard_end(table, &guard) && subscription->state == GW_SUBSCRIPTION_LIVE;
  if (is_live && is_gap && is_told) gw_subscription_stand_at(subscription, &gap.cursor);
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
  if (gw_subscription_stands(subscription) && recovery->is_recovered)
    return gw_subscription_cursor(subscription);
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
      gw_subscription_stand_aside(subscription, GW_SUBSCRIPTION_BEHIND);
      return;
    }
    if (given < 0) {
      fail(subscription, given);
      return;
    }
  }
  gw_subscription_stand_at(subscription, &recovery->cursor);
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
  if (!gw_subscription_stands(subscription)) told.is_recovered = true; /* none was asked for */
  struct gw_cursor before = gw_subscription_cursor(subscription);
  gw_subscription_stand_at(subscription, &told.cursor);
  subscription->state = GW_SUBSCRIPTION_RECOVERING;
  struct gw_guard guard;
  gw_guard_begin(table, &guard, subscription);
  bool may_go_on = tell_recovery(subscription, &told, is_first);
  if (guard.subscription && !may_go_on)
    gw_subscription_stand_at(subscription, &before); /* it does not know */
  if (guard.subscription && subscription->state == GW_SUBSCRIPTION_RECOVERING) {
    if (may_go_on)
      give_all(subscription, recovery, &guard);
    else
      gw_session_stop(subscription->session, GW_CLOSE_CURSOR_LOST);
  }
  gw_guard_end(table, &guard);
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
  gw_guard_begin(table, &guard, subscription);
  struct gw_carrier *carrier = gw_carrier_of(session);
  carrier->ops->on_subscribed(carrier, subscription, err, NULL);
  if (gw_guard_end(table, &guard) && subscription->state == GW_SUBSCRIPTION_OPENING)
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

const struct gw_subscriber_ops gw_subscription_hearing = {
    .on_subscribed = on_subscribed, .on_publication = on_publication, .on_presence = on_presence};

/* ---- catching up ---- */

static void catch_up_behind(struct gw_subscription *subscription) {
  subscription->state = GW_SUBSCRIPTION_CATCHING;
  int err = gw_subscription_enter_hub(subscription);
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
