/* SPDX-License-Identifier: MIT */
/* The memory store with one worker: every question is a plain call, answered before it returns. */
#define TEST_WORKERS 1
#include "broker/workers.h"

static void nothing_was_posted(void) {
  assert_int_equal(loops[0].posts, 0);
  assert_null(loops[0].deferred);
}

static void publishing_and_hearing_are_calls(void **state) {
  (void)state;
  struct listener listener;
  assert_int_equal(listen_to(&listener, 0, "lobby", NULL), 0);
  assert_int_equal(listener.answers, 1);
  for (unsigned i = 1; i <= 3; i++) {
    struct query query;
    assert_int_equal(publish_len(0, "lobby", 3, &query), 0);
    assert_int_equal(query.recovery.cursor.offset, i);
    heard_exactly(&listener, 1, i);
  }
  assert_int_equal(ask_history(0, "lobby", NULL, 2).recovery.n, 2);
  gw_hub_unsubscribe(hubs[0], &listener.subscriber);
  nothing_was_posted();
}

static void keys_and_removing_are_calls(void **state) {
  (void)state;
  struct query queries[3];
  for (unsigned i = 0; i < 2; i++) {
    queries[i] = (struct query){.ask.on_answer = note_answer};
    struct gw_publication_parts parts = {.channel = GW_STR("lobby")};
    gw_hub_publish(hubs[0], gw_publication_new(&parts), GW_STR("key"), &queries[i].ask);
    assert_int_equal(queries[i].recovery.is_duplicate, i == 1);
    assert_int_equal(queries[i].recovery.cursor.offset, 1);
  }
  queries[2] = (struct query){.ask.on_answer = note_answer};
  gw_hub_remove(hubs[0], GW_STR("lobby"), &queries[2].ask);
  assert_int_equal(queries[2].recovery.cursor.offset, 0);
  assert_string_not_equal(queries[2].recovery.cursor.epoch, queries[0].recovery.cursor.epoch);
  nothing_was_posted();
}

static unsigned users, sessions;

static void count_members(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  (void)ask;
  assert_int_equal(err, 0);
  users = recovery->members->users, sessions = recovery->members->sessions;
}

static void presence_is_a_call(void **state) {
  (void)state;
  alloc_count_reset();
  gw_hub_attend(hubs[0], GW_STR("lobby"), GW_STR("ann"), true);
  assert_true(alloc_count() <= 5); /* channel, presence, user; two maps */
  gw_hub_attend(hubs[0], GW_STR("lobby"), (struct gw_str){0}, true);
  struct gw_store_ask ask = {.on_answer = count_members};
  gw_hub_members(hubs[0], GW_STR("lobby"), &ask);
  assert_int_equal(users, 1);
  assert_int_equal(sessions, 2);
  gw_hub_attend(hubs[0], GW_STR("lobby"), GW_STR("ann"), false);
  gw_hub_attend(hubs[0], GW_STR("lobby"), (struct gw_str){0}, false);
  pass(GW_LINGER_MS);
  gw_hub_members(hubs[0], GW_STR("lobby"), &ask);
  assert_int_equal(users + sessions, 0);
  assert_int_equal(channels_alive(), 0);
  nothing_was_posted();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(publishing_and_hearing_are_calls),
      TEST(keys_and_removing_are_calls),
      TEST(presence_is_a_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
