/* SPDX-License-Identifier: MIT */
/* Idempotency keys, removing, and rules for single channels, through the whole store. */
#include "broker/workers.h"

static struct query publish_with(unsigned worker, const char *channel, const char *key) {
  struct query query = {.ask.on_answer = note_answer};
  struct gw_publication_parts parts = {.channel = gw_str_of(channel), .payload = GW_STR("x")};
  int err = gw_hub_publish(hubs[worker], gw_publication_new(&parts), gw_str_of(key), &query.ask);
  if (err < 0) query.err = err;
  settle();
  assert_int_equal(query.answers, err == 0);
  return query;
}

/* ---- keys ---- */

static void a_repeated_key_places_nothing(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct listener listener;
  listen_to(&listener, 2, channel, NULL);
  settle();
  struct query first = publish_with(1, channel, "one");
  assert_false(first.recovery.is_duplicate);
  publish_with(1, channel, "two");
  for (unsigned i = 0; i < WORKERS; i++) {
    struct query again = publish_with(i, channel, "one");
    assert_true(again.recovery.is_duplicate);
    assert_int_equal(again.recovery.cursor.offset, first.recovery.cursor.offset);
    assert_string_equal(again.recovery.cursor.epoch, first.recovery.cursor.epoch);
  }
  heard_exactly(&listener, 1, 2);
  assert_int_equal(ask_history(0, channel, NULL, 0).recovery.n, 2);
}

static void a_key_holds_five_minutes_in_one_channel(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct query first = publish_with(1, channel, "one");
  assert_false(publish_with(1, "other", "one").recovery.is_duplicate);
  pass(GW_KEY_MS - 1);
  assert_true(publish_with(2, channel, "one").recovery.is_duplicate);
  pass(1);
  struct query again = publish_with(2, channel, "one");
  assert_false(again.recovery.is_duplicate);
  assert_int_equal(again.recovery.cursor.offset, first.recovery.cursor.offset + 1);
}

static void keys_outlive_the_history_and_keep_the_channel(void **state) {
  (void)state;
  restart_with("*=age:1s");
  const char *channel = channel_at_0();
  struct query first = publish_with(1, channel, "one");
  pass(1000);
  struct query empty = ask_history(1, channel, &first.recovery.cursor, 0);
  assert_true(empty.recovery.is_recovered);
  assert_int_equal(empty.recovery.n, 0);
  pass(GW_KEY_MS - 1001);
  assert_int_equal(channels_alive(), 1);
  pass(1);
  assert_int_equal(channels_alive(), 0);
}

static void a_history_outlives_its_keys(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  publish_some(0, channel, 1);
  pass(1000);
  publish_with(1, channel, "one");
  pass(GW_KEY_MS);
  assert_int_equal(ask_history(1, channel, NULL, 0).recovery.n, 2);
  assert_null(gw_home_find(&memory->desks[0]->home, gw_str_of(channel))->past->keys);
  pass(600000 - GW_KEY_MS - 1000);
  assert_int_equal(ask_history(1, channel, NULL, 0).recovery.n, 1);
  pass(1000);
  assert_int_equal(channels_alive(), 0);
}

static void a_refused_publication_leaves_no_key(void **state) {
  (void)state;
  restart(&(struct gw_memory_options){.queue_bytes = 1000});
  const char *channel = channel_at_0();
  struct listener slow;
  listen_to(&slow, 1, channel, NULL);
  settle();
  struct query query;
  do {
    publish_len(0, channel, 100, &query);
    fake_loop_turn(&loops[0]);
  } while (query.err == 0);
  query = (struct query){.ask.on_answer = note_answer};
  struct gw_publication_parts parts = {.channel = gw_str_of(channel)};
  gw_hub_publish(hubs[0], gw_publication_new(&parts), GW_STR("one"), &query.ask);
  assert_int_equal(query.err, GW_ERR_FULL);
  settle();
  assert_false(publish_with(0, channel, "one").recovery.is_duplicate);
}

static void long_keys_are_refused(void **state) {
  (void)state;
  char key[GW_KEY_MAX + 2];
  memset(key, 'k', sizeof key);
  key[GW_KEY_MAX] = '\0';
  assert_int_equal(publish_with(0, "a", key).err, 0);
  assert_true(publish_with(0, "a", key).recovery.is_duplicate);
  key[GW_KEY_MAX] = 'k', key[GW_KEY_MAX + 1] = '\0';
  assert_int_equal(publish_with(0, "a", key).err, GW_ERR_ARGUMENT);
}

/* ---- removing ---- */

static struct query remove_on(unsigned worker, const char *channel) {
  struct query query = {.ask.on_answer = note_answer};
  assert_int_equal(gw_hub_remove(hubs[worker], gw_str_of(channel), &query.ask), 0);
  settle();
  assert_int_equal(query.answers, 1);
  assert_int_equal(query.err, 0);
  return query;
}

static void a_removed_channel_begins_anew(void **state) {
  (void)state;
  for (unsigned worker = 0; worker < WORKERS; worker++) {
    const char *channel = channel_at_0();
    struct gw_cursor old = publish_some(1, channel, 3);
    struct gw_cursor anew = remove_on(worker, channel).recovery.cursor;
    assert_int_equal(anew.offset, 0);
    assert_string_not_equal(anew.epoch, old.epoch);
    assert_int_equal(channels_alive(), 0);
    assert_false(ask_history(0, channel, &old, 0).recovery.is_recovered);
    struct gw_cursor placed = publish_some(2, channel, 1);
    assert_int_equal(placed.offset, 1);
    assert_string_equal(placed.epoch, anew.epoch);
    assert_true(ask_history(0, channel, &anew, 0).recovery.is_recovered);
    remove_on(worker, channel);
  }
}

static void hearers_of_a_removed_channel_go_on(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct listener listener;
  listen_to(&listener, 1, channel, NULL);
  settle();
  publish_with(0, channel, "one");
  publish_some(2, channel, 2);
  struct gw_cursor anew = remove_on(2, channel).recovery.cursor;
  heard_exactly(&listener, 1, 3);
  listener.n = 0;
  struct gw_cursor placed = publish_some(2, channel, 2);
  assert_string_equal(placed.epoch, anew.epoch);
  heard_exactly(&listener, 1, 2);
  assert_true(publish_with(1, channel, "one").recovery.is_duplicate); /* keys stay */
  assert_int_equal(ask_history(1, channel, &anew, 0).recovery.n, 2);
}

static void removing_what_is_not_there_changes_its_epoch(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct gw_cursor before = ask_history(1, channel, NULL, 0).recovery.cursor;
  struct gw_cursor anew = remove_on(1, channel).recovery.cursor;
  assert_string_not_equal(anew.epoch, before.epoch);
  assert_string_equal(ask_history(1, channel, NULL, 0).recovery.cursor.epoch, anew.epoch);
  assert_int_equal(channels_alive(), 0);
  struct listener listener; /* the same where it is only heard */
  listen_to(&listener, 1, channel, NULL);
  settle();
  assert_string_equal(listener.recovery.cursor.epoch, anew.epoch);
  struct gw_cursor next = remove_on(1, channel).recovery.cursor;
  assert_string_not_equal(next.epoch, anew.epoch);
  assert_string_equal(publish_some(0, channel, 1).epoch, next.epoch);
  heard_exactly(&listener, 1, 1);
}

/* ---- rules ---- */

static void each_channel_keeps_what_its_rules_say(void **state) {
  (void)state;
  restart_with("ticker:*=history:1");
  publish_some(1, "ticker:a", 5);
  publish_some(1, "lobby", 5);
  struct query query = ask_history(2, "ticker:a", NULL, 0);
  assert_int_equal(query.recovery.n, 1);
  assert_int_equal(query.from, 5);
  assert_int_equal(ask_history(2, "lobby", NULL, 0).recovery.n, 5);
}

static void a_rule_may_say_where_a_channel_lives(void **state) {
  (void)state;
  for (unsigned home = 1; home <= WORKERS; home++) {
    char line[32];
    snprintf(line, sizeof line, "lab:*=home:%u", home);
    restart_with(line);
    struct listener listener;
    listen_to(&listener, home % WORKERS, "lab:0", NULL);
    settle();
    for (unsigned i = 0; i < 16; i++) {
      char name[16];
      snprintf(name, sizeof name, "lab:%u", i);
      publish_some(i % WORKERS, name, 1);
    }
    settle();
    heard_exactly(&listener, 1, 1);
    for (unsigned i = 0; i < WORKERS; i++)
      assert_int_equal(gw_memory_channel_count(memory, i), i + 1 == home ? 16 : 0);
    gw_hub_unsubscribe(hubs[home % WORKERS], &listener.subscriber);
  }
}

static void a_home_that_there_is_not_is_refused(void **state) {
  (void)state;
  struct gw_rules *given;
  struct gw_loop *at[] = {&loops[0]};
  struct gw_memory *made = NULL;
  assert_int_equal(gw_rules_new(&given), 0);
  assert_int_equal(gw_rules_add(given, "lab=home:2", NULL), 0);
  assert_int_equal(gw_memory_new(&(struct gw_memory_options){.rules = given}, at, 1, &made),
                   GW_ERR_ARGUMENT);
  assert_null(made);
  gw_rules_free(given);
}

static void a_channel_that_keeps_nothing_counts(void **state) {
  (void)state;
  restart_with("*=history:0,age:10s");
  const char *channel = channel_at_0();
  struct gw_cursor lone = publish_some(1, channel, 1);
  pass(5000);
  struct listener listener;
  listen_to(&listener, 2, channel, &lone);
  settle();
  assert_true(listener.recovery.is_recovered);
  struct gw_cursor cursor = publish_some(1, channel, 3);
  heard_exactly(&listener, 2, 4);
  assert_true(ask_history(0, channel, &cursor, 0).recovery.is_recovered);
  cursor.offset--;
  struct query query = ask_history(0, channel, &cursor, 0);
  assert_false(query.recovery.is_recovered);
  assert_int_equal(query.recovery.missed, 1);
  assert_int_equal(query.recovery.n, 0);
  gw_hub_unsubscribe(hubs[2], &listener.subscriber);
  settle();
  pass(9999);
  assert_int_equal(channels_alive(), 1);
  pass(1);
  assert_int_equal(channels_alive(), 0);
}

/* ---- without memory ---- */

static void every_allocation_may_fail(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  unsigned failed = 0;
  for (size_t nth = 1;; nth++) {
    struct query queries[WORKERS] = {{.err = 0}};
    struct listener listener;
    listen_to(&listener, 1, channel, NULL);
    settle();
    struct gw_publication *made[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
      struct gw_publication_parts parts = {.channel = gw_str_of(channel)};
      made[i] = gw_publication_new(&parts);
    }
    alloc_fail_at(nth);
    unsigned placed = 0, refused = 0;
    for (unsigned i = 0; i < WORKERS; i++) {
      queries[i].ask.on_answer = note_answer;
      int err = gw_hub_publish(hubs[i], made[i], GW_STR("one"), &queries[i].ask);
      settle();
      assert_int_equal(queries[i].answers, err == 0);
      refused += err < 0 || queries[i].err < 0;
      placed += err == 0 && queries[i].err == 0 && !queries[i].recovery.is_duplicate;
    }
    struct query removal = {.ask.on_answer = note_answer};
    bool is_removed = gw_hub_remove(hubs[1], gw_str_of(channel), &removal.ask) == 0;
    settle();
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(placed, 1); /* once, whoever was refused */
    assert_int_equal(listener.n, 1);
    assert_true(refused + !is_removed <= 1);
    failed += has_failed;
    gw_hub_unsubscribe(hubs[1], &listener.subscriber);
    settle();
    pass(600000);
    assert_int_equal(channels_alive(), 0);
    if (!has_failed) break;
  }
  assert_true(failed >= 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_repeated_key_places_nothing),
      TEST(a_key_holds_five_minutes_in_one_channel),
      TEST(keys_outlive_the_history_and_keep_the_channel),
      TEST(a_history_outlives_its_keys),
      TEST(a_refused_publication_leaves_no_key),
      TEST(long_keys_are_refused),
      TEST(a_removed_channel_begins_anew),
      TEST(hearers_of_a_removed_channel_go_on),
      TEST(removing_what_is_not_there_changes_its_epoch),
      TEST(each_channel_keeps_what_its_rules_say),
      TEST(a_rule_may_say_where_a_channel_lives),
      TEST(a_home_that_there_is_not_is_refused),
      TEST(a_channel_that_keeps_nothing_counts),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
