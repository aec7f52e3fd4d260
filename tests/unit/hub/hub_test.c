/* SPDX-License-Identifier: MIT */
/* Local channels and subscribers, on a store that answers when the test says so. */
#include "hub/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "support/alloc.h"

enum { MAX = 16 };

/* The store: remembers the asks, refuses on demand. */
static struct {
  struct gw_store store;
  struct gw_store_ask *asks[MAX];
  unsigned asked, unsubscribed, forgotten, published;
  int refusal, unsubscribe_refusal, attending;
  bool is_sync;
} s;

static const struct gw_recovery here = {.cursor = {"abcdefghijkl", 5}, .is_recovered = true};

static int store_publish(struct gw_store *store, struct gw_publication *publication,
                         struct gw_str key, struct gw_store_ask *ask) {
  (void)key;
  s.published++;
  store->on_publication(store, publication);
  if (ask) ask->on_answer(ask, 0, &here);
  gw_publication_unref(publication);
  return 0;
}

static int store_subscribe(struct gw_store *store, struct gw_str channel,
                           const struct gw_cursor *after, struct gw_store_ask *ask) {
  (void)store, (void)channel, (void)after;
  if (s.refusal) return s.refusal;
  if (s.is_sync)
    ask->on_answer(ask, 0, &here);
  else
    s.asks[s.asked++] = ask;
  return 0;
}

static int store_unsubscribe(struct gw_store *store, struct gw_str channel) {
  (void)store, (void)channel;
  if (s.unsubscribe_refusal) return s.unsubscribe_refusal;
  s.unsubscribed++;
  return 0;
}

static int store_history(struct gw_store *store, struct gw_str channel,
                         const struct gw_cursor *after, unsigned limit, struct gw_store_ask *ask) {
  (void)store, (void)channel, (void)after, (void)limit;
  ask->on_answer(ask, 0, &here);
  return 0;
}

static int store_remove(struct gw_store *store, struct gw_str channel, struct gw_store_ask *ask) {
  (void)store, (void)channel;
  ask->on_answer(ask, 0, &here);
  return 0;
}

static int store_attend(struct gw_store *store, struct gw_str channel, struct gw_str user,
                        bool is_here) {
  (void)store, (void)channel, (void)user;
  s.attending += is_here ? 1 : -1;
  return 0;
}

static void store_forget(struct gw_store *store, struct gw_store_ask *ask) {
  (void)store, (void)ask;
  s.forgotten++;
}

static const struct gw_store_ops store_ops = {.publish = store_publish,
                                              .subscribe = store_subscribe,
                                              .unsubscribe = store_unsubscribe,
                                              .history = store_history,
                                              .remove = store_remove,
                                              .attend = store_attend,
                                              .members = store_remove,
                                              .forget = store_forget};

static void answer(unsigned i, int err) {
  struct gw_store_ask *ask = s.asks[i];
  s.asks[i] = NULL;
  ask->on_answer(ask, err, err < 0 ? NULL : &here);
}

/* The subscribers: each notes what it hears and may act on it. */
struct listener {
  struct gw_subscriber subscriber;
  int answered, heard, noticed, err;
  void (*act)(struct listener *self);
};

static struct gw_hub *hub;
static struct listener l[MAX];

static void note_subscribed(struct gw_subscriber *subscriber, int err,
                            const struct gw_recovery *recovery) {
  struct listener *self = gw_container_of(subscriber, struct listener, subscriber);
  assert_int_equal(recovery == NULL, err < 0);
  self->answered++;
  self->err = err;
}

static void note_publication(struct gw_subscriber *subscriber, struct gw_publication *publication) {
  struct listener *self = gw_container_of(subscriber, struct listener, subscriber);
  (void)publication;
  assert_int_equal(self->answered, 1);
  self->heard++;
  if (self->act) self->act(self);
}

static void note_presence(struct gw_subscriber *subscriber, struct gw_publication *notice) {
  struct listener *self = gw_container_of(subscriber, struct listener, subscriber);
  assert_int_equal(notice->kind, GW_JOIN);
  self->noticed++;
  if (self->act) self->act(self);
}

static const struct gw_subscriber_ops attentive_ops = {.on_subscribed = note_subscribed,
                                                       .on_publication = note_publication,
                                                       .on_presence = note_presence};

static const struct gw_subscriber_ops ops = {.on_subscribed = note_subscribed,
                                             .on_publication = note_publication};

static int setup(void **state) {
  (void)state;
  memset(&s, 0, sizeof s);
  memset(l, 0, sizeof l);
  s.store.ops = &store_ops;
  s.is_sync = true;
  for (unsigned i = 0; i < MAX; i++)
    l[i].subscriber.ops = &ops;
  return gw_hub_new(&s.store, &hub);
}

static int teardown(void **state) {
  (void)state;
  gw_hub_free(hub);
  return 0;
}

static void leave_self(struct listener *self) {
  gw_hub_unsubscribe(hub, &self->subscriber);
}

static int listen_to(unsigned i, const char *channel) {
  return gw_hub_subscribe(hub, gw_str_of(channel), NULL, &l[i].subscriber);
}

static void leave(unsigned i) {
  gw_hub_unsubscribe(hub, &l[i].subscriber);
}

static int publish(const char *channel) {
  struct gw_publication_parts parts = {.channel = gw_str_of(channel)};
  return gw_hub_publish(hub, gw_publication_new(&parts), (struct gw_str){0}, NULL);
}

static void subscribers_are_small(void **state) {
  (void)state;
  assert_true(sizeof(struct gw_subscriber) <= 48);
}

static void only_the_channels_subscribers_hear(void **state) {
  (void)state;
  listen_to(0, "a"), listen_to(1, "a"), listen_to(2, "b");
  assert_int_equal(gw_hub_channel_count(hub), 2);
  assert_int_equal(gw_hub_subscriber_count(hub), 3);
  assert_true(gw_str_is(gw_subscriber_channel(&l[2].subscriber), "b"));
  publish("a");
  publish("nobody");
  assert_int_equal(l[0].heard + l[1].heard, 2);
  assert_int_equal(l[2].heard, 0);
  leave(0);
  assert_null(gw_subscriber_channel(&l[0].subscriber).at);
  assert_int_equal(s.unsubscribed, 0);
  leave(1);
  assert_int_equal(s.unsubscribed, 1);
  leave(1);
  assert_int_equal(s.unsubscribed, 1);
  assert_int_equal(gw_hub_channel_count(hub), 1);
}

static void names_and_states_are_checked(void **state) {
  (void)state;
  assert_int_equal(listen_to(0, "/a"), GW_ERR_ARGUMENT);
  assert_int_equal(publish(""), GW_ERR_ARGUMENT);
  assert_int_equal(gw_hub_history(hub, GW_STR("a/"), NULL, 0, NULL), GW_ERR_ARGUMENT);
  assert_int_equal(gw_hub_remove(hub, GW_STR("a/"), NULL), GW_ERR_ARGUMENT);
  assert_int_equal(gw_hub_members(hub, GW_STR("a/"), NULL), GW_ERR_ARGUMENT);
  assert_int_equal(gw_hub_attend(hub, GW_STR("a/"), GW_STR("u"), true), GW_ERR_ARGUMENT);
  assert_int_equal(gw_hub_attend(hub, GW_STR("a"), GW_STR(""), true), GW_ERR_ARGUMENT);
  assert_int_equal(gw_hub_attend(hub, GW_STR("a"), GW_STR("u"), true), 0);
  assert_int_equal(gw_hub_attend(hub, GW_STR("a"), (struct gw_str){0}, true), 0);
  assert_int_equal(s.attending, 2);
  assert_int_equal(listen_to(0, "a"), 0);
  assert_int_equal(listen_to(0, "b"), GW_ERR_STATE);
  assert_int_equal(gw_hub_channel_count(hub), 1);
}

static void notices_reach_those_who_ask_for_them(void **state) {
  (void)state;
  l[0].subscriber.ops = l[2].subscriber.ops = &attentive_ops;
  listen_to(0, "a"), listen_to(1, "a"), listen_to(2, "a");
  l[0].act = leave_self;
  struct gw_publication_parts parts = {
      .kind = GW_JOIN, .channel = GW_STR("a"), .from = GW_STR("ann")};
  for (unsigned i = 0; i < 2; i++) {
    struct gw_publication *notice = gw_publication_new(&parts);
    s.store.on_publication(&s.store, notice);
    gw_publication_unref(notice);
  }
  assert_int_equal(l[0].noticed, 1);
  assert_int_equal(l[2].noticed, 2);
  assert_int_equal(l[0].heard + l[1].heard + l[2].heard, 0);
}

static void pending_subscribers_hear_nothing(void **state) {
  (void)state;
  listen_to(0, "a");
  s.is_sync = false;
  listen_to(1, "a");
  publish("a");
  assert_int_equal(l[0].heard, 1);
  assert_int_equal(l[1].heard, 0);
  answer(0, 0);
  publish("a");
  assert_int_equal(l[1].heard, 1);
}

static void leaving_while_pending_forgets(void **state) {
  (void)state;
  s.is_sync = false;
  listen_to(0, "a"), listen_to(1, "a");
  leave(0);
  assert_int_equal(s.forgotten, 1);
  assert_int_equal(s.unsubscribed, 0);
  leave(1);
  assert_int_equal(s.forgotten, 2);
  assert_int_equal(s.unsubscribed, 1);
  assert_int_equal(l[0].answered + l[1].answered, 0);
}

static void refused_subscription_leaves_nothing(void **state) {
  (void)state;
  s.refusal = GW_ERR_FULL;
  assert_int_equal(listen_to(0, "a"), GW_ERR_FULL);
  assert_int_equal(gw_hub_channel_count(hub), 0);
  assert_int_equal(s.unsubscribed, 0);
  s.refusal = 0;
  s.is_sync = false;
  assert_int_equal(listen_to(0, "a"), 0);
  answer(0, GW_ERR_MEMORY);
  assert_int_equal(l[0].err, GW_ERR_MEMORY);
  assert_int_equal(gw_hub_channel_count(hub), 0);
  assert_int_equal(gw_hub_subscriber_count(hub), 0);
  assert_int_equal(listen_to(0, "a"), 0);
}

/* ---- callbacks that change who listens ---- */

static void everybody_leaves(struct listener *self) {
  (void)self;
  for (unsigned i = 0; i < MAX; i++)
    leave(i);
}

static void neighbours_leave(struct listener *self) {
  unsigned i = (unsigned)(self - l);
  if (i > 0) leave(i - 1);
  if (i + 1 < MAX) leave(i + 1);
}

static void leave_and_return(struct listener *self) {
  self->answered = 0;
  gw_hub_unsubscribe(hub, &self->subscriber);
  assert_int_equal(gw_hub_subscribe(hub, GW_STR("a"), NULL, &self->subscriber), 0);
}

static void last_leaves(struct listener *self) {
  (void)self;
  leave(3);
}

static void bring_a_newcomer(struct listener *self) {
  self->act = NULL;
  listen_to(4, "a");
}

static int heard(void) {
  int sum = 0;
  for (unsigned i = 0; i < MAX; i++)
    sum += l[i].heard;
  return sum;
}

static void four_listen(unsigned actor, void (*act)(struct listener *self)) {
  for (unsigned i = 0; i < 4; i++)
    listen_to(i, "a");
  if (actor < 4)
    l[actor].act = act;
  else
    for (unsigned i = 0; i < 4; i++)
      l[i].act = act;
  publish("a");
}

static void callbacks_may_leave(void **state) {
  (void)state;
  four_listen(9, leave_self);
  assert_int_equal(heard(), 4);
  assert_int_equal(gw_hub_channel_count(hub), 0);
}

static void callbacks_may_send_everybody_away(void **state) {
  (void)state;
  four_listen(1, everybody_leaves);
  assert_int_equal(heard(), 2);
  assert_int_equal(gw_hub_subscriber_count(hub), 0);
}

static void callbacks_may_send_neighbours_away(void **state) {
  (void)state;
  four_listen(9, neighbours_leave);
  assert_int_equal(l[0].heard, 1);
  assert_int_equal(l[1].heard, 0);
  assert_int_equal(l[2].heard, 1);
  assert_int_equal(l[3].heard, 0);
}

static void the_last_may_be_sent_away(void **state) {
  (void)state;
  four_listen(0, last_leaves);
  assert_int_equal(heard(), 3);
  l[0].act = NULL, l[3].answered = 0;
  listen_to(3, "a");
  publish("a");
  assert_int_equal(heard(), 7);
}

static void whoever_returns_does_not_hear_it_twice(void **state) {
  (void)state;
  four_listen(9, leave_and_return);
  assert_int_equal(heard(), 4);
  publish("a");
  assert_int_equal(heard(), 8);
}

static void newcomers_do_not_hear_what_is_being_delivered(void **state) {
  (void)state;
  four_listen(3, bring_a_newcomer);
  assert_int_equal(heard(), 4);
  publish("a");
  assert_int_equal(l[4].heard, 1);
}

/* ---- without memory ---- */

static void owed_unsubscribe_is_made_up_for(void **state) {
  (void)state;
  listen_to(0, "a"), listen_to(1, "b");
  s.unsubscribe_refusal = GW_ERR_MEMORY;
  leave(0);
  publish("a");
  assert_int_equal(l[0].heard, 0);
  assert_int_equal(gw_hub_channel_count(hub), 2);
  s.unsubscribe_refusal = 0;
  leave(1);
  assert_int_equal(s.unsubscribed, 2);
  assert_int_equal(gw_hub_channel_count(hub), 0);
}

static void owed_channel_is_used_again(void **state) {
  (void)state;
  listen_to(0, "a");
  s.unsubscribe_refusal = GW_ERR_MEMORY;
  leave(0);
  s.refusal = GW_ERR_FULL;
  assert_int_equal(listen_to(1, "a"), GW_ERR_FULL);
  s.refusal = 0;
  assert_int_equal(listen_to(1, "a"), 0);
  publish("a");
  assert_int_equal(l[1].heard, 1);
  s.unsubscribe_refusal = 0;
  leave(1);
  assert_int_equal(gw_hub_channel_count(hub), 0);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  struct gw_hub *none = NULL;
  struct gw_store spare = {.ops = &store_ops};
  alloc_fail_at(1);
  assert_int_equal(gw_hub_new(&spare, &none), GW_ERR_MEMORY);
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    int err = listen_to(0, "a");
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (!has_failed) break;
    assert_int_equal(err, GW_ERR_MEMORY);
    assert_int_equal(gw_hub_channel_count(hub), 0);
  }
  assert_int_equal(gw_hub_subscriber_count(hub), 1);
}

static void free_tells_nobody(void **state) {
  (void)state;
  struct gw_hub *other;
  struct gw_store store = {.ops = &store_ops};
  assert_int_equal(gw_hub_new(&store, &other), 0);
  assert_int_equal(gw_hub_subscribe(other, GW_STR("a"), NULL, &l[0].subscriber), 0);
  s.is_sync = false;
  assert_int_equal(gw_hub_subscribe(other, GW_STR("a"), NULL, &l[1].subscriber), 0);
  gw_hub_free(other);
  assert_int_equal(s.forgotten, 1);
  assert_int_equal(s.unsubscribed, 1);
  assert_null(l[0].subscriber.channel);
  assert_null(l[1].subscriber.channel);
  gw_hub_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(subscribers_are_small),
      TEST(only_the_channels_subscribers_hear),
      TEST(names_and_states_are_checked),
      TEST(notices_reach_those_who_ask_for_them),
      TEST(pending_subscribers_hear_nothing),
      TEST(leaving_while_pending_forgets),
      TEST(refused_subscription_leaves_nothing),
      TEST(callbacks_may_leave),
      TEST(callbacks_may_send_everybody_away),
      TEST(callbacks_may_send_neighbours_away),
      TEST(the_last_may_be_sent_away),
      TEST(whoever_returns_does_not_hear_it_twice),
      TEST(newcomers_do_not_hear_what_is_being_delivered),
      TEST(owed_unsubscribe_is_made_up_for),
      TEST(owed_channel_is_used_again),
      TEST(every_allocation_may_fail),
      TEST(free_tells_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
