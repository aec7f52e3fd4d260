/* SPDX-License-Identifier: MIT */
/* Channels that a session comes to hold, or does not, and lets go of. */
#include "session/rig.h"

static struct client a;

static void what_may_not_be_held_is_refused(void **state) {
  (void)state;
  sessions->options.max_subscriptions = 2;
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, "x", NULL), hold(session, "y", NULL);
  assert_int_equal(gw_session_subscribe(session, GW_STR("x"), NULL, NULL, NULL), GW_ERR_STATE);
  assert_int_equal(gw_session_subscribe(session, GW_STR("z"), NULL, NULL, NULL), GW_ERR_FULL);
  assert_int_equal(gw_session_subscribe(session, GW_STR("/z"), NULL, NULL, NULL), GW_ERR_ARGUMENT);
  assert_int_equal(gw_session_subscribe_inbox(session, NULL), 0);
  gw_session_unsubscribe(gw_session_find(session, GW_STR("x")));
  assert_non_null(hold(session, "z", NULL));
  gw_carrier_detach(&a.carrier, false);
  assert_int_equal(gw_session_subscribe(session, GW_STR("x"), NULL, NULL, NULL), GW_ERR_STATE);
}

static void the_store_may_refuse(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  refuse_subscribe = GW_ERR_FULL;
  struct gw_subscription *subscription = (void *)&a;
  assert_int_equal(gw_session_subscribe(session, GW_STR("room:1"), NULL, NULL, &subscription),
                   GW_ERR_FULL);
  assert_ptr_equal(subscription, (void *)&a);
  assert_null(gw_session_first(session));
  refuse_subscribe = 0;
  hold(session, "room:1", NULL);
  gw_carrier_detach(&a.carrier, false);
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(session, id);
  publish("room:1", 3);
  struct asker asker;
  ask_for(&asker, 0, id);
  refuse_subscribe = GW_ERR_FULL;
  assert_int_equal(gw_session_subscribe(session, GW_STR("room:1"), NULL, NULL, NULL), GW_ERR_FULL);
  refuse_subscribe = 0;
  hold(session, "room:1", NULL);
  pushed_exactly(&asker.client, 1, 3);
}

static const char *loud_channel;

static void publish_while_it_ends(struct client *self, enum note_kind kind) {
  if (kind != ENDED) return;
  assert_null(self->carrier.session);
  publish_on(0, loud_channel, "late");
}

static void who_ends_hears_no_more(void **state) {
  (void)state;
  loud_channel = channel_at(0, "room:");
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, loud_channel, NULL), hold(session, "x", NULL);
  a.act = publish_while_it_ends;
  unsigned before = a.n;
  gw_session_end(session, GW_CLOSE_FORBIDDEN);
  settle_all();
  assert_int_equal(a.n, before + 1);
}

static void they_are_small(void **state) {
  (void)state;
  print_message("session %zu, subscription %zu bytes\n", sizeof(struct gw_session),
                sizeof(struct gw_subscription));
  assert_true(sizeof(struct gw_session) <= 96);
  assert_true(sizeof(struct gw_subscription) <= 104);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(what_may_not_be_held_is_refused),
      TEST(the_store_may_refuse),
      TEST(who_ends_hears_no_more),
      TEST(they_are_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
