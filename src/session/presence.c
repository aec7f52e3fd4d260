/* SPDX-License-Identifier: MIT */
/*
 * Who is in a channel, as far as sessions know it: each subscription that has a carrier attends,
 * once. Joining can be refused, leaving cannot: what could not be told is owed, and tried again
 * until it has been. Only leaving is ever owed, and at the home a leaving always follows its own
 * joining; so in what order they come does not matter.
 *
 * A notice that is told at once runs the functions of other carriers, which may end anything: names
 * and users are held for the call.
 */
#include "godwit/error.h"
#include "session/table.h"

#include <stdlib.h>

enum { RETRY_MS = 100 };

static int attend(struct gw_session_table *table, struct gw_str channel, struct gw_user *user,
                  bool is_here) {
  char text[UINT8_MAX];
  memcpy(text, channel.at, channel.len);
  gw_user_ref(user);
  int err =
      gw_hub_attend(table->hub, (struct gw_str){text, channel.len}, gw_user_name(user), is_here);
  gw_user_unref(table, user);
  return err;
}

static bool has_presence(const struct gw_session_table *table, struct gw_str channel) {
  return !gw_inbox_user(channel).at &&
         gw_rules_of(table->sessions->options.rules, channel)->has_presence;
}

int gw_presence_join(struct gw_subscription *subscription) {
  struct gw_session *session = subscription->session;
  struct gw_str channel = gw_subscription_channel(subscription);
  if (subscription->is_attending || !has_presence(session->table, channel)) return 0;
  subscription->is_attending = true; /* before the call: it may end within */
  int err = attend(session->table, channel, session->user, true);
  if (err < 0) subscription->is_attending = false; /* nothing was told, so it is there still */
  return err < 0 ? err : 0;
}

/* Below 0: nothing has changed. */
static int leave(struct gw_session_table *table, struct gw_str channel, struct gw_user *user) {
  return attend(table, channel, user, false);
}

/* ---- what is owed ---- */

/* Takes it: its leaving is tried again until it has been told. */
static void owe(struct gw_session_table *table, struct gw_subscription *subscription,
                struct gw_user *user) {
  subscription->state = GW_SUBSCRIPTION_OWED;
  subscription->user = gw_user_ref(user);
  subscription->next = table->owed;
  table->owed = subscription;
  if (!gw_timer_is_set(&table->retry)) gw_loop_timer_set(table->loop, &table->retry, RETRY_MS);
}

void gw_presence_leave_or_owe(struct gw_session_table *table, struct gw_subscription *subscription,
                              struct gw_user *user) {
  if (leave(table, gw_subscription_channel(subscription), user) < 0)
    owe(table, subscription, user);
  else
    gw_subscription_discard(table, subscription);
}

void gw_presence_on_retry(struct gw_timer *timer) {
  struct gw_session_table *table = gw_container_of(timer, struct gw_session_table, retry);
  struct gw_subscription *owed = table->owed;
  table->owed = NULL;
  while (owed) {
    struct gw_subscription *next = owed->next;
    struct gw_user *user = owed->user;
    gw_presence_leave_or_owe(table, owed, user);
    gw_user_unref(table, user);
    owed = next;
  }
}

/* A subscription of no session, which stands for its leaving. NULL without memory. */
static struct gw_subscription *debt_new(struct gw_str channel) {
  struct gw_subscription *debt = calloc(1, sizeof *debt);
  if (!debt) return NULL;
  debt->state = GW_SUBSCRIPTION_OWED;
  debt->name = gw_name_new(channel);
  if (debt->name) return debt;
  free(debt);
  return NULL;
}

/* ---- parked ---- */

/* Without memory even for what is owed, the subscription attends until it is resumed or ends. */
static void leave_parked(struct gw_subscription *subscription) {
  struct gw_session_table *table = subscription->session->table;
  struct gw_user *user = subscription->session->user;
  if (subscription->state != GW_SUBSCRIPTION_PARKED || !subscription->is_attending) return;
  subscription->is_attending = false;
  if (leave(table, gw_subscription_channel(subscription), user) >= 0) return;
  struct gw_subscription *debt = debt_new(gw_subscription_channel(subscription));
  if (debt)
    owe(table, debt, user);
  else
    subscription->is_attending = true;
}

void gw_presence_leave_parked(struct gw_session *session) {
  gw_subscriptions_each(session, leave_parked);
}

/* ---- another name ---- */

static void debts_free(struct gw_subscription *debts) {
  while (debts) {
    struct gw_subscription *next = debts->next;
    free(debts->name);
    free(debts);
    debts = next;
  }
}

/* One for each that attends, so that no leaving can fail for want of memory. */
static int debts_prepare(const struct gw_session *session, struct gw_subscription **out_debts) {
  struct gw_subscription *debts = NULL;
  for (struct gw_subscription *held = session->subscriptions; held; held = held->next) {
    if (!held->is_attending) continue;
    struct gw_subscription *debt = debt_new(gw_subscription_channel(held));
    if (!debt) {
      debts_free(debts);
      return GW_ERR_MEMORY;
    }
    debt->next = debts;
    debts = debt;
  }
  *out_debts = debts;
  return 0;
}

/* Joins under the new name until one is refused, which is given (NULL: none). */
static struct gw_subscription *join_all(struct gw_session_table *table,
                                        struct gw_subscription *debts, struct gw_user *user,
                                        int *out_err) {
  for (; debts; debts = debts->next) {
    int err = attend(table, gw_subscription_channel(debts), user, true);
    if (err >= 0) continue;
    *out_err = err;
    return debts;
  }
  return NULL;
}

/* Before `end`: what is held leaves under the old name, the rest (of a session that has gone or
 * let go meanwhile) under the new one. */
static void leave_all(struct gw_session_table *table, struct gw_subscription *debts,
                      const struct gw_subscription *end, struct gw_user *user) {
  while (debts != end) {
    struct gw_subscription *next = debts->next;
    gw_presence_leave_or_owe(table, debts, user);
    debts = next;
  }
}

/* Those whose subscriptions attend no more, out of the list. */
static struct gw_subscription *take_stale(const struct gw_session *session,
                                          struct gw_subscription **debts) {
  struct gw_subscription *stale = NULL;
  while (*debts) {
    struct gw_subscription *debt = *debts;
    const struct gw_subscription *held = gw_session_find(session, gw_subscription_channel(debt));
    if (held && held->is_attending) {
      debts = &debt->next;
      continue;
    }
    *debts = debt->next;
    debt->next = stale;
    stale = debt;
  }
  return stale;
}

static void rename_session(struct gw_session *session, struct gw_user *user, bool is_api) {
  session->is_api = is_api;
  if (session->user) gw_ring_remove(&session->user->sessions, &session->of_user);
  session->user = user;
  if (user) gw_ring_append(&user->sessions, &session->of_user);
}

/* Of everybody else: what the API heard without a name is no user's to hear. */
static void leave_inboxes(struct gw_session *session, const struct gw_user *user) {
  for (struct gw_subscription *held = session->subscriptions, *next; held; held = next) {
    next = held->next;
    struct gw_str owner = gw_inbox_user(gw_subscription_channel(held));
    if (owner.at && !gw_str_eq(owner, gw_user_name(user))) gw_session_unsubscribe(held);
  }
}

/* All joins come first: is one refused, those before it leave again and nothing has changed. */
static int move(struct gw_session *session, struct gw_subscription *debts, struct gw_user *user,
                bool is_api) {
  struct gw_session_table *table = session->table;
  struct gw_user *old = session->user;
  struct gw_round round = {session, NULL, table->rounds};
  table->rounds = &round;
  int err = 0;
  struct gw_subscription *refused = join_all(table, debts, user, &err);
  table->rounds = round.outer;
  if (!round.session || err < 0) {
    leave_all(table, debts, refused, user);
    debts_free(refused);
    return err < 0 ? err : GW_ERR_CLOSED;
  }
  struct gw_subscription *stale = take_stale(session, &debts);
  leave_inboxes(session, user);
  rename_session(session, gw_user_ref(user), is_api);
  leave_all(table, stale, NULL, user);
  leave_all(table, debts, NULL, old);
  gw_user_unref(table, old);
  return 0;
}

int gw_session_identify(struct gw_session *session, const struct gw_identity *who) {
  struct gw_session_table *table = session->table;
  struct gw_str name = gw_identity_user(who);
  if (gw_str_eq(name, gw_session_user(session))) {
    session->is_api = who->is_api;
    return 0;
  }
  struct gw_user *user = name.at ? gw_user_get(table, name) : NULL;
  if (name.at && !user) return GW_ERR_MEMORY;
  struct gw_subscription *debts;
  int err = debts_prepare(session, &debts);
  if (err == 0) err = move(session, debts, user, who->is_api);
  gw_user_unref(table, user);
  return err;
}
