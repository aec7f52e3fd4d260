/* SPDX-License-Identifier: MIT */
/* Who is in a channel: joining once, leaving always. */
#include "session/rig.h"

static struct client a, b, watcher;

struct census {
  struct gw_store_ask ask;
  unsigned users, sessions;
};

static void on_members(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct census *census = gw_container_of(ask, struct census, ask);
  assert_int_equal(err, 0);
  census->users = recovery->members->users;
  census->sessions = recovery->members->sessions;
}

/* After those who linger have gone. */
static void in_channel(const char *channel, unsigned users, unsigned sessions_there) {
  settle_all();
  pass(GW_LINGER_MS);
  struct census census = {.ask.on_answer = on_members};
  assert_int_equal(gw_hub_members(hubs[0], gw_str_of(channel), &census.ask), 0);
  settle_all();
  assert_int_equal(census.users, users);
  assert_int_equal(census.sessions, sessions_there);
}

static void each_attends_while_it_has_a_carrier(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(session, id);
  hold(session, "room:1", NULL);
  assert_int_equal(count_of(&a, JOINED), 0); /* nobody hears that they come */
  hold(open_as(1, &b, ""), "room:1", NULL);
  in_channel("room:1", 1, 2);
  gw_carrier_detach(&a.carrier, false);
  in_channel("room:1", 0, 1);
  struct asker asker;
  ask_for(&asker, 2, id);
  settle_all();
  in_channel("room:1", 0, 1);
  hold(asker.session, "room:1", NULL);
  in_channel("room:1", 1, 2);
  gw_session_unsubscribe(gw_session_first(asker.session));
  in_channel("room:1", 0, 1);
  gw_carrier_detach(&b.carrier, true);
  in_channel("room:1", 0, 0);
}

static void only_where_there_is_presence(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, "x", NULL);
  assert_int_equal(gw_session_subscribe_inbox(session, NULL), 0);
  settle_all();
  for (struct gw_subscription *held = gw_session_first(session); held; held = held->next)
    assert_false(held->is_attending);
  in_channel("x", 0, 0);
  in_channel("inbox:ann", 0, 0);
}

static void a_join_that_is_refused_refuses_the_subscription(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  refuse_attend = GW_ERR_FULL;
  assert_int_equal(gw_session_subscribe(session, GW_STR("room:1"), NULL, NULL, NULL), GW_ERR_FULL);
  refuse_attend = 0;
  assert_null(gw_session_first(session));
  in_channel("room:1", 0, 0);
}

/* In each state a subscription ends while leaving cannot be told. */
static void a_leave_is_never_lost(void **state) {
  (void)state;
  for (unsigned way = 0; way < 5; way++) {
    struct gw_session *session = open_as(0, &a, way % 2 ? "ann" : "");
    hold(session, "room:1", NULL), hold(session, "room:2", NULL);
    publish("room:1", 2);
    refuse_attend = way % 2 ? GW_ERR_MEMORY : GW_ERR_FULL;
    switch (way) {
    case 0: gw_session_unsubscribe(gw_session_find(session, GW_STR("room:1"))); break;
    case 1: gw_carrier_detach(&a.carrier, true); break;
    case 2: gw_carrier_detach(&a.carrier, false); break;
    case 3: gw_session_end(session, GW_CLOSE_FORBIDDEN); break;
    case 4:
      a.push_answer = GW_ERR_FULL;
      publish("room:1", 1);
      gw_carrier_detach(&a.carrier, true);
      break;
    default: break;
    }
    pass(1000);
    in_channel("room:1", way % 2, 1);
    refuse_attend = 0;
    pass(1000);
    in_channel("room:1", 0, 0);
    gw_carrier_detach(&a.carrier, true);
    pass(RESUME_MS);
    in_channel("room:1", 0, 0);
    in_channel("room:2", 0, 0);
    assert_null(table(0)->owed);
    assert_int_equal(gw_hub_subscriber_count(hubs[0]), 0);
    assert_int_equal(table(0)->users.count, 0);
  }
}

static void what_is_owed_at_the_end_is_freed(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, "room:1", NULL), hold(session, "room:2", NULL);
  refuse_attend = GW_ERR_FULL;
  gw_session_unsubscribe(gw_session_first(session));
  gw_carrier_detach(&a.carrier, false);
  assert_non_null(table(0)->owed);
}

static void a_name_that_cannot_be_changed_stays(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, "room:1", NULL), hold(session, "room:2", NULL);
  struct gw_identity who = who_is("bob");
  refuse_attend = GW_ERR_FULL;
  assert_int_equal(gw_session_identify(session, &who), GW_ERR_FULL);
  refuse_attend = 0;
  assert_true(gw_str_is(gw_session_user(session), "ann"));
  in_channel("room:1", 1, 1);
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    int err = gw_session_identify(session, &who);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_true(err == 0 || err == GW_ERR_MEMORY);
    assert_true(gw_str_is(gw_session_user(session), err == 0 ? "bob" : "ann"));
    settle_all();
    if (!has_failed) break;
    if (err < 0) continue;
    who = who_is("ann");
    assert_int_equal(gw_session_identify(session, &who), 0);
    who = who_is("bob");
    pass(1000);
  }
  in_channel("room:1", 1, 1);
  in_channel("room:2", 1, 1);
  who.user_len = 0;
  assert_int_equal(gw_session_identify(session, &who), 0);
  assert_null(gw_session_user(session).at);
  in_channel("room:1", 0, 1);
}

/* A watcher on the home of the channel hears of the join within the call, and ends who joins. */
static struct gw_session *victim;
static int way_to_end;

static void end_the_victim(struct client *self, enum note_kind kind) {
  (void)self;
  if (kind != JOINED || !victim) return;
  struct gw_session *session = victim;
  victim = NULL;
  if (way_to_end == 0) gw_session_end(session, GW_CLOSE_FORBIDDEN);
  if (way_to_end == 1) gw_carrier_detach(&a.carrier, true);
  if (way_to_end == 2) gw_carrier_detach(&a.carrier, false);
  if (way_to_end == 3)
    while (gw_session_first(session))
      gw_session_unsubscribe(gw_session_first(session));
}

static void who_hears_a_join_may_end_who_joins(void **state) {
  (void)state;
  const char *channel = channel_at(0, "room:");
  for (way_to_end = 0; way_to_end < 4; way_to_end++) {
    hold(open_as(0, &watcher, ""), channel, NULL);
    watcher.act = end_the_victim;
    victim = open_as(0, &a, "ann");
    struct gw_subscription *subscription = NULL;
    assert_int_equal(gw_session_subscribe(victim, gw_str_of(channel), NULL, NULL, &subscription),
                     GW_ERR_CLOSED);
    assert_null(victim);
    gw_carrier_detach(&a.carrier, true);
    in_channel(channel, 0, 1);

    victim = open_as(0, &a, "bob");
    watcher.act = NULL;
    hold(victim, channel, NULL);
    watcher.act = end_the_victim;
    struct gw_identity who = who_is("eve");
    int err = gw_session_identify(victim, &who);
    assert_int_equal(err, way_to_end < 2 ? GW_ERR_CLOSED : 0);
    gw_carrier_detach(&a.carrier, true);
    watcher.act = NULL;
    in_channel(channel, 0, 1);
    gw_carrier_detach(&watcher.carrier, true);
    pass(RESUME_MS);
    in_channel(channel, 0, 0);
    assert_int_equal(table(0)->held.count, 0);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(each_attends_while_it_has_a_carrier),
      TEST(only_where_there_is_presence),
      TEST(a_join_that_is_refused_refuses_the_subscription),
      TEST(a_leave_is_never_lost),
      TEST(what_is_owed_at_the_end_is_freed),
      TEST(a_name_that_cannot_be_changed_stays),
      TEST(who_hears_a_join_may_end_who_joins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
