/* SPDX-License-Identifier: MIT */
/* The life of a session: parked, resumed, expired, ended, renamed. */
#include "session/rig.h"

static struct client a, b, c;

static struct gw_session_counts counts(unsigned worker) {
  return gw_session_table_counts(table(worker));
}

static void a_session_is_found_by_its_id(void **state) {
  (void)state;
  struct gw_session *session = open_as(1, &a, "");
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(session, id);
  assert_int_equal(strlen(id), GW_SESSION_ID_LEN);
  assert_ptr_equal(gw_session_table_find(table(1), gw_str_of(id)), session);
  assert_null(gw_session_table_find(table(0), gw_str_of(id)));
  assert_null(gw_session_table_find(table(1), GW_STR("short")));
  assert_null(gw_session_user(session).at);
  assert_ptr_equal(gw_session_carrier(session), &a.carrier);
  assert_ptr_equal(session->table, table(1));
  assert_true(gw_session_since(session) > UINT64_C(1600000000000));
  assert_int_equal(counts(1).sessions, 1);
}

static void a_session_over_is_gone(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, "x", NULL);
  gw_carrier_detach(&a.carrier, true);
  assert_null(a.carrier.session);
  gw_carrier_detach(&a.carrier, true);
  assert_int_equal(counts(0).sessions, 0);
  assert_int_equal(gw_hub_subscriber_count(hubs[0]), 0);
  assert_int_equal(count_of(&a, ENDED), 0);
}

static void a_parked_session_goes_on_where_it_was(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(session, id);
  hold(session, "x", NULL);
  publish("x", 3);
  pushed_exactly(&a, 1, 3);
  gw_carrier_detach(&a.carrier, false);
  assert_int_equal(counts(0).parked, 1);
  assert_int_equal(gw_hub_subscriber_count(hubs[0]), 0);
  publish("x", 4);
  struct asker asker;
  ask_for(&asker, 0, id);
  assert_ptr_equal(asker.session, session);
  assert_int_equal(counts(0).parked, 0);
  assert_int_equal(counts(0).resumed, 1);
  hold(session, "x", NULL);
  assert_true(last_of(&asker.client, SUBSCRIBED)->is_recovered);
  assert_int_equal(last_of(&asker.client, SUBSCRIBED)->offset, 3);
  publish("x", 2);
  pushed_exactly(&asker.client, 4, 9);
}

static void a_parked_session_ends_in_time(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, "x", NULL);
  gw_carrier_detach(&a.carrier, false);
  pass(RESUME_MS - 1);
  assert_int_equal(counts(0).sessions, 1);
  pass(1);
  assert_int_equal(counts(0).sessions, 0);
  assert_int_equal(counts(0).expired, 1);
}

static void what_is_not_asked_for_again_is_dropped(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(session, id);
  hold(session, "x", NULL), hold(session, "y", NULL);
  gw_carrier_detach(&a.carrier, false);
  struct asker asker;
  ask_for(&asker, 0, id);
  hold(session, "x", NULL);
  pass(RESUME_MS);
  assert_non_null(gw_session_find(session, GW_STR("x")));
  assert_null(gw_session_find(session, GW_STR("y")));
  assert_int_equal(counts(0).sessions, 1);
}

static void ended_by_the_api_its_carrier_is_told(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, "x", NULL);
  gw_session_end(session, GW_CLOSE_FORBIDDEN);
  assert_int_equal(last_of(&a, ENDED)->offset, 4403);
  assert_null(a.carrier.session);
  assert_int_equal(counts(0).sessions, 0);
  assert_null(gw_session_table_user(table(0), GW_STR("ann")));
}

static void the_sessions_of_a_user_are_found(void **state) {
  (void)state;
  struct gw_session *first = open_as(0, &a, "ann"), *second = open_as(0, &b, "ann");
  struct gw_session *other = open_as(0, &c, "bob");
  assert_ptr_equal(gw_session_table_user(table(0), GW_STR("ann")), first);
  assert_ptr_equal(gw_session_next_of_user(first), second);
  assert_null(gw_session_next_of_user(second));
  size_t at = 0;
  unsigned users = 0;
  for (struct gw_session *session; (session = gw_session_table_next_user(table(0), &at)); users++)
    assert_true(session == first || session == other);
  assert_int_equal(users, 2);
}

static void another_name_moves_presence(void **state) {
  (void)state;
  struct gw_session *watcher = open_as(1, &b, "");
  hold(watcher, "room:1", NULL);
  struct gw_session *session = open_as(0, &a, "ann");
  hold(session, "room:1", NULL);
  assert_string_equal(last_of(&b, JOINED)->user, "ann");
  assert_int_equal(gw_session_subscribe_inbox(session, NULL), 0);
  settle_all();
  struct gw_identity who = who_is("bob");
  assert_int_equal(gw_session_identify(session, &who), 0);
  settle_all();
  assert_string_equal(last_of(&b, JOINED)->user, "bob");
  assert_true(gw_str_is(gw_session_user(session), "bob"));
  assert_null(gw_session_find(session, GW_STR("inbox:ann")));
  pass(GW_LINGER_MS);
  assert_string_equal(last_of(&b, LEFT)->user, "ann");
  assert_int_equal(count_of(&b, LEFT), 1);
}

static void the_oldest_parked_goes_first(void **state) {
  (void)state;
  sessions->options.max_parked = 1;
  struct gw_session *first = open_as(0, &a, ""), *second = open_as(0, &b, "");
  (void)first;
  gw_carrier_detach(&a.carrier, false);
  gw_carrier_detach(&b.carrier, false);
  assert_int_equal(counts(0).sessions, 1);
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(second, id);
  assert_ptr_equal(gw_session_table_find(table(0), gw_str_of(id)), second);
}

static void without_memory_nothing_opens(void **state) {
  (void)state;
  struct gw_identity who = who_is("ann");
  for (size_t nth = 1;; nth++) {
    struct gw_session *session = NULL;
    client_init(&a);
    alloc_fail_at(nth);
    int err = gw_session_open(table(0), &who, &a.carrier, &session);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    assert_int_equal(table(0)->users.count, !has_failed);
    if (!has_failed) break;
    assert_null(a.carrier.session);
    assert_int_equal(counts(0).sessions, 0);
  }
}

static void without_memory_to_park_it_ends(void **state) {
  (void)state;
  const char *x = channel_at(0, "x"), *room = channel_at(0, "room:");
  for (size_t nth = 1; nth <= 3; nth++) {
    struct gw_session *session = open_as(0, &a, "");
    hold(session, x, NULL), hold(session, room, NULL);
    alloc_fail_at(nth);
    gw_carrier_detach(&a.carrier, false);
    assert_true(alloc_has_failed());
    alloc_fail_at(0);
    assert_null(a.carrier.session);
    assert_int_equal(count_of(&a, ENDED), 0);
    assert_int_equal(counts(0).sessions, 0);
    assert_int_equal(counts(0).parked, 0);
    assert_int_equal(gw_hub_subscriber_count(hubs[0]), 0);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_session_is_found_by_its_id),           TEST(a_session_over_is_gone),
      TEST(a_parked_session_goes_on_where_it_was),  TEST(a_parked_session_ends_in_time),
      TEST(what_is_not_asked_for_again_is_dropped), TEST(ended_by_the_api_its_carrier_is_told),
      TEST(the_sessions_of_a_user_are_found),       TEST(another_name_moves_presence),
      TEST(the_oldest_parked_goes_first),           TEST(without_memory_nothing_opens),
      TEST(without_memory_to_park_it_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
