/* SPDX-License-Identifier: MIT */
/* The memory store on one thread: order, recovery, the life of channels, bounds. */
#include "broker/workers.h"

/* ---- publishing and hearing ---- */

static void the_home_gives_offset_and_time(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct query query;
  for (unsigned i = 0; i < 6; i++) {
    wall = 5000 + i;
    assert_int_equal(publish_len(i % WORKERS, channel, 3, &query), 0);
    settle();
    assert_int_equal(query.recovery.cursor.offset, i + 1);
    assert_int_equal(
        gw_history_at(&gw_home_find(&memory->desks[0]->home, gw_str_of(channel))->past->history, i)
            ->time,
        5000 + i);
  }
}

static void at_home_it_is_a_plain_call(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct listener listener;
  struct query query;
  assert_int_equal(listen_to(&listener, 0, channel, NULL), 0);
  assert_int_equal(listener.answers, 1);
  alloc_count_reset();
  assert_int_equal(publish_len(0, channel, 3, &query), 0);
  assert_int_equal(query.answers, 1);
  assert_int_equal(listener.n, 1);
  assert_int_equal(loops[0].posts, 0);
  assert_null(loops[0].deferred);
  assert_int_equal(alloc_count(), 3); /* the publication, the channel's past, its ring */
}

static void everybody_hears_once_in_order(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct listener listeners[2 * WORKERS];
  for (unsigned i = 0; i < 2 * WORKERS; i++)
    assert_int_equal(listen_to(&listeners[i], i % WORKERS, channel, NULL), 0);
  settle();
  struct query queries[30];
  for (unsigned i = 0; i < 30; i++)
    assert_int_equal(publish_len(i % WORKERS, channel, 3, &queries[i]), 0);
  settle();
  for (unsigned i = 0; i < 2 * WORKERS; i++)
    heard_exactly(&listeners[i], 1, 30);
}

static void a_turn_costs_one_post_per_worker(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct listener listeners[WORKERS];
  for (unsigned i = 0; i < WORKERS; i++)
    listen_to(&listeners[i], i, channel, NULL);
  settle();
  unsigned before[WORKERS];
  for (unsigned i = 0; i < WORKERS; i++)
    before[i] = loops[i].posts;
  struct query queries[50];
  for (unsigned i = 0; i < 50; i++)
    publish_len(1, channel, 3, &queries[i]);
  settle();
  assert_int_equal(loops[0].posts - before[0], 1);
  assert_int_equal(loops[1].posts - before[1], 1);
  assert_int_equal(loops[2].posts - before[2], 1);
  heard_exactly(&listeners[1], 1, 50);
}

static void the_last_local_subscriber_ends_it(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct listener one, two;
  listen_to(&one, 1, channel, NULL), listen_to(&two, 1, channel, NULL);
  settle();
  gw_hub_unsubscribe(hubs[1], &one.subscriber);
  settle();
  publish_some(2, channel, 1);
  assert_int_equal(two.n, 1);
  gw_hub_unsubscribe(hubs[1], &two.subscriber);
  settle();
  unsigned posts = loops[1].posts;
  publish_some(2, channel, 1);
  assert_int_equal(loops[1].posts, posts);
}

/* ---- recovery ---- */

static void recovery_is_exact_from_every_offset(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  enum { BEFORE = 20, DURING = 10 };
  struct gw_cursor cursor = publish_some(1, channel, BEFORE);
  static struct listener listeners[BEFORE + 1][WORKERS];
  struct query queries[DURING * (BEFORE + 1)];
  unsigned published = 0;
  for (uint64_t offset = 0; offset <= BEFORE; offset++) {
    cursor.offset = offset;
    for (unsigned i = 0; i < WORKERS; i++) {
      assert_int_equal(listen_to(&listeners[offset][i], i, channel, &cursor), 0);
      publish_len((i + 1) % WORKERS, channel, 3, &queries[published++]);
      fake_loop_turn(&loops[(offset + i) % WORKERS]);
    }
  }
  settle();
  for (uint64_t offset = 0; offset <= BEFORE; offset++)
    for (unsigned i = 0; i < WORKERS; i++) {
      assert_true(listeners[offset][i].recovery.is_recovered);
      heard_exactly(&listeners[offset][i], offset + 1, BEFORE + published);
      gw_hub_unsubscribe(hubs[i], &listeners[offset][i].subscriber);
    }
}

static void what_is_gone_is_told(void **state) {
  (void)state;
  restart_with("*=history:5");
  const char *channel = channel_at_0();
  struct gw_cursor cursor = publish_some(0, channel, 12);
  for (unsigned worker = 0; worker < WORKERS; worker++) {
    cursor.offset = 4;
    struct query query = ask_history(worker, channel, &cursor, 0);
    assert_false(query.recovery.is_recovered);
    assert_true(query.recovery.is_missed_known);
    assert_int_equal(query.recovery.missed, 3);
    assert_int_equal(query.from, 8);
    assert_int_equal(query.recovery.cursor.offset, 12);
    cursor.offset = 13; /* beyond the newest: nobody was given it */
    query = ask_history(worker, channel, &cursor, 0);
    assert_false(query.recovery.is_recovered);
    assert_false(query.recovery.is_missed_known);
    struct gw_cursor foreign = {"abcdefghijkl", 9};
    query = ask_history(worker, channel, &foreign, 0);
    assert_false(query.recovery.is_recovered);
    assert_false(query.recovery.is_missed_known);
    assert_int_equal(query.recovery.n, 5);
    struct listener listener;
    listen_to(&listener, worker, channel, &foreign);
    settle();
    assert_false(listener.recovery.is_recovered);
    heard_exactly(&listener, 8, 12);
    gw_hub_unsubscribe(hubs[worker], &listener.subscriber);
  }
}

static void history_is_read_in_pages(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  publish_some(2, channel, 25);
  struct query query = ask_history(1, channel, NULL, 10);
  assert_true(query.recovery.is_recovered);
  assert_int_equal(query.from, 1);
  assert_int_equal(query.recovery.cursor.offset, 10);
  query = ask_history(1, channel, &query.recovery.cursor, 10);
  assert_int_equal(query.from, 11);
  query = ask_history(1, channel, &query.recovery.cursor, 10);
  assert_int_equal(query.recovery.n, 5);
  query = ask_history(1, channel, &query.recovery.cursor, 10);
  assert_int_equal(query.recovery.n, 0);
  assert_true(query.recovery.is_recovered);
  assert_int_equal(query.recovery.cursor.offset, 25);
}

static void without_a_cursor_a_subscriber_starts_now(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  publish_some(2, channel, 5);
  struct listener listener;
  listen_to(&listener, 1, channel, NULL);
  settle();
  assert_true(listener.recovery.is_recovered);
  assert_int_equal(listener.recovery.cursor.offset, 5);
  publish_some(2, channel, 1);
  heard_exactly(&listener, 6, 6);
}

/* ---- life of channels, epochs ---- */

static void an_unused_channels_cursor_leads_to_its_first_publication(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct gw_cursor first = ask_history(1, channel, NULL, 0).recovery.cursor;
  assert_int_equal(first.offset, 0);
  assert_int_equal(channels_alive(), 0);
  struct query query = ask_history(2, channel, &first, 0);
  assert_true(query.recovery.is_recovered);
  assert_string_equal(query.recovery.cursor.epoch, first.epoch);
  publish_some(0, channel, 2);
  query = ask_history(1, channel, &first, 0);
  assert_true(query.recovery.is_recovered);
  assert_int_equal(query.from, 1);
  assert_int_equal(query.to, 2);
}

static void an_unused_channel_knows_no_other_cursor(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct gw_cursor cursor = ask_history(0, channel, NULL, 0).recovery.cursor;
  cursor.offset = 3;
  assert_false(ask_history(0, channel, &cursor, 0).recovery.is_recovered);
  cursor = (struct gw_cursor){"abcdefghijkl", 0};
  assert_false(ask_history(0, channel, &cursor, 0).recovery.is_recovered);
}

static void age_frees_the_channel_and_ends_its_epoch(void **state) {
  (void)state;
  restart_with("*=age:1s");
  const char *channel = channel_at_0();
  struct gw_cursor old = publish_some(1, channel, 1);
  pass(600);
  publish_some(1, channel, 1);
  pass(399);
  assert_int_equal(ask_history(2, channel, NULL, 0).recovery.n, 2);
  pass(1);
  assert_int_equal(ask_history(2, channel, NULL, 0).recovery.n, 1);
  assert_int_equal(channels_alive(), 1);
  pass(600);
  assert_int_equal(channels_alive(), 0);
  struct gw_cursor anew = ask_history(2, channel, NULL, 0).recovery.cursor;
  assert_string_not_equal(anew.epoch, old.epoch);
  struct gw_cursor placed = publish_some(0, channel, 1);
  assert_string_equal(placed.epoch, anew.epoch);
  assert_int_equal(placed.offset, 1);
  assert_false(ask_history(2, channel, &old, 0).recovery.is_recovered);
}

static void a_subscriber_keeps_the_channel_and_its_offsets(void **state) {
  (void)state;
  restart_with("*=age:1s");
  const char *channel = channel_at_0();
  struct listener listener;
  listen_to(&listener, 1, channel, NULL);
  settle();
  struct gw_cursor cursor = publish_some(2, channel, 3);
  pass(5000);
  assert_int_equal(channels_alive(), 1);
  struct query query = ask_history(0, channel, &cursor, 0);
  assert_true(query.recovery.is_recovered);
  assert_int_equal(query.recovery.n, 0);
  cursor.offset = 1;
  query = ask_history(0, channel, &cursor, 0);
  assert_false(query.recovery.is_recovered);
  assert_int_equal(query.recovery.missed, 2);
  struct gw_cursor next = publish_some(0, channel, 1);
  assert_string_equal(next.epoch, cursor.epoch);
  assert_int_equal(next.offset, 4);
  gw_hub_unsubscribe(hubs[1], &listener.subscriber);
  settle();
  assert_int_equal(channels_alive(), 1);
  pass(1000);
  assert_int_equal(channels_alive(), 0);
}

static void a_channel_that_was_never_used_leaves_its_epoch(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct listener listener;
  listen_to(&listener, 1, channel, NULL);
  settle();
  assert_int_equal(channels_alive(), 1);
  gw_hub_unsubscribe(hubs[1], &listener.subscriber);
  settle();
  assert_int_equal(channels_alive(), 0);
  struct gw_cursor cursor = publish_some(2, channel, 1);
  assert_string_equal(cursor.epoch, listener.recovery.cursor.epoch);
}

static void bytes_of_a_channel_are_capped(void **state) {
  (void)state;
  restart_with("*=bytes:195K");
  const char *channel = channel_at_0();
  struct query query;
  for (unsigned i = 0; i < 5; i++) {
    publish_len(1, channel, 64000, &query);
    settle();
  }
  assert_int_equal(ask_history(1, channel, NULL, 0).recovery.n, 3);
}

static void channels_are_capped(void **state) {
  (void)state;
  restart(&(struct gw_memory_options){.max_channels = 5});
  unsigned refused = 0;
  for (unsigned i = 0; i < 40; i++) {
    char name[16];
    struct query query;
    snprintf(name, sizeof name, "c%u", i);
    publish_len(i % WORKERS, name, 1, &query);
    settle();
    assert_int_equal(query.answers, 1);
    refused += query.err == GW_ERR_FULL;
  }
  assert_int_equal(refused, 40 - 5 * WORKERS);
  struct listener listener;
  listen_to(&listener, 0, "one more", NULL);
  settle();
  assert_int_equal(listener.err, GW_ERR_FULL);
}

/* ---- callbacks ---- */

static unsigned nested_left;
static struct query nested[64];

static void publish_again(struct listener *self, const struct gw_publication *publication) {
  (void)publication;
  if (nested_left == 0) return;
  char name[32];
  struct gw_str channel = gw_subscriber_channel(&self->subscriber);
  snprintf(name, sizeof name, "%.*s", (int)channel.len, channel.at);
  nested_left--;
  assert_int_equal(publish_len(0, name, 1, &nested[nested_left]), 0);
  assert_int_equal(nested[nested_left].answers, 0); /* never inside this call */
}

static void publishing_inside_a_delivery_keeps_the_order(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  struct listener listeners[3];
  for (unsigned i = 0; i < 3; i++)
    listen_to(&listeners[i], i == 2 ? 1 : 0, channel, NULL);
  settle();
  listeners[0].act = publish_again;
  nested_left = 5;
  struct query one, two;
  publish_len(0, channel, 1, &one);
  publish_len(0, channel, 1, &two); /* behind the nested one that was asked for before */
  settle();
  assert_int_equal(two.recovery.cursor.offset, 3);
  for (unsigned i = 0; i < 3; i++)
    heard_exactly(&listeners[i], 1, 7);
}

static struct listener newcomer;

static void bring_a_newcomer(struct listener *self, const struct gw_publication *publication) {
  self->act = NULL;
  publish_again(self, publication);
  listen_to(&newcomer, 0, "twice", NULL);
}

static void subscribing_inside_a_delivery_is_exact(void **state) {
  (void)state;
  char name[] = "twice";
  for (unsigned round = 0; round < 2; round++) {
    struct listener listener;
    listen_to(&listener, 0, name, NULL);
    settle();
    listener.act = bring_a_newcomer;
    nested_left = 1;
    struct gw_cursor cursor = publish_some(0, name, 1);
    publish_some(1, name, 3);
    assert_true(newcomer.recovery.is_recovered);
    heard_exactly(&newcomer, newcomer.recovery.cursor.offset + 1, cursor.offset + 4);
    gw_hub_unsubscribe(hubs[0], &listener.subscriber);
    gw_hub_unsubscribe(hubs[0], &newcomer.subscriber);
    settle();
  }
}

/* ---- bounds, forgetting, failing ---- */

static void a_publisher_faster_than_the_home_is_refused(void **state) {
  (void)state;
  restart(&(struct gw_memory_options){.queue_bytes = 10000});
  const char *channel = channel_at_0();
  static struct query queries[HEARD];
  unsigned taken = 0;
  while (taken < HEARD && publish_len(1, channel, 100, &queries[taken]) == 0)
    taken++;
  assert_in_range(taken, 5, 100);
  assert_null(queries[taken].ask.held);
  struct listener listener;
  assert_int_equal(listen_to(&listener, 1, channel, NULL), GW_ERR_FULL);
  assert_int_equal(gw_hub_channel_count(hubs[1]), 0);
  settle();
  for (unsigned i = 0; i < taken; i++)
    assert_int_equal(queries[i].recovery.cursor.offset, i + 1);
  assert_int_equal(publish_some(1, channel, 1).offset, taken + 1);
}

static void a_worker_that_does_not_keep_up_refuses_for_all(void **state) {
  (void)state;
  restart(&(struct gw_memory_options){.queue_bytes = 10000});
  const char *channel = channel_at_0();
  struct listener slow, quick;
  listen_to(&slow, 1, channel, NULL), listen_to(&quick, 2, channel, NULL);
  settle();
  struct query query = {.err = 0};
  unsigned placed = 0;
  for (; placed < HEARD; placed++) {
    publish_len(0, channel, 100, &query);
    fake_loop_turn(&loops[0]), fake_loop_turn(&loops[2]);
    if (query.err < 0) break;
  }
  assert_int_equal(query.err, GW_ERR_FULL);
  assert_in_range(placed, 5, 100);
  heard_exactly(&quick, 1, placed);
  settle();
  publish_some(0, channel, 1);
  heard_exactly(&slow, 1, placed + 1);
  heard_exactly(&quick, 1, placed + 1);
}

static void answers_that_nobody_takes_refuse_more_questions(void **state) {
  (void)state;
  restart(&(struct gw_memory_options){.queue_bytes = 10000});
  const char *channel = channel_at_0();
  publish_some(0, channel, 100);
  static struct query queries[HEARD];
  unsigned asked = 0;
  for (; asked < HEARD; asked++) {
    queries[asked] = (struct query){.ask.on_answer = note_answer};
    if (gw_hub_history(hubs[1], gw_str_of(channel), NULL, 0, &queries[asked].ask) < 0) break;
    fake_run(&loops[1].deferred); /* what it asks goes out, what it is answered waits */
    fake_loop_turn(&loops[0]);
  }
  assert_in_range(asked, 5, 50);
  settle();
  for (unsigned i = 0; i < asked; i++)
    assert_int_equal(queries[i].recovery.n, 100);
  assert_int_equal(ask_history(1, channel, NULL, 0).recovery.n, 100);
}

static void a_forgotten_question_gets_no_answer(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  publish_some(1, channel, 3);
  struct query query = {.ask.on_answer = note_answer};
  for (unsigned stage = 0; stage < 3; stage++) {
    gw_hub_history(hubs[1], gw_str_of(channel), NULL, 0, &query.ask);
    if (stage > 0) fake_loop_turn(&loops[1]);
    if (stage > 1) fake_loop_turn(&loops[0]);
    gw_hub_forget(hubs[1], &query.ask);
    settle();
    assert_int_equal(query.answers, 0);
  }
  gw_hub_history(hubs[1], gw_str_of(channel), NULL, 0, &query.ask);
  settle();
  assert_int_equal(query.answers, 1);
  gw_hub_forget(hubs[1], &query.ask);
  struct listener listener;
  listen_to(&listener, 1, channel, NULL);
  gw_hub_unsubscribe(hubs[1], &listener.subscriber);
  settle();
  assert_int_equal(listener.answers, 0);
  publish_some(1, channel, 1);
  assert_int_equal(listener.n, 0);
}

static void a_publication_may_have_no_asker(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  for (unsigned worker = 0; worker < WORKERS; worker++) {
    struct gw_publication_parts parts = {.channel = gw_str_of(channel)};
    assert_int_equal(
        gw_hub_publish(hubs[worker], gw_publication_new(&parts), (struct gw_str){0}, NULL), 0);
    settle();
  }
  assert_int_equal(ask_history(0, channel, NULL, 0).recovery.n, WORKERS);
}

/* Subscribes, publishes, recovers and leaves on every worker; gives whether all of it succeeded. */
static bool everything_once(const char *channel) {
  struct listener listeners[2 * WORKERS];
  struct gw_cursor after = {"abcdefghijkl", 0};
  bool is_good = true;
  for (unsigned i = 0; i < 2 * WORKERS; i++) {
    struct query query;
    bool is_listening = listen_to(&listeners[i], i % WORKERS, channel, i % 2 ? &after : NULL) == 0;
    is_good &= is_listening;
    if (publish_len((i + 1) % WORKERS, channel, 3, &query) == 0) {
      settle();
      assert_int_equal(query.answers, 1);
      is_good &= query.err == 0;
    } else {
      is_good = false;
      settle();
    }
    if (is_listening) {
      assert_int_equal(listeners[i].answers, 1);
      is_good &= listeners[i].err == 0;
    }
    for (unsigned k = 1; k < listeners[i].n; k++)
      assert_int_equal(listeners[i].heard[k], listeners[i].heard[k - 1] + 1);
  }
  struct query query = {.ask.on_answer = note_answer};
  if (gw_hub_history(hubs[1], gw_str_of(channel), NULL, 0, &query.ask) == 0) {
    settle();
    assert_int_equal(query.answers, 1);
    is_good &= query.err == 0;
  } else {
    is_good = false;
  }
  for (unsigned i = 0; i < 2 * WORKERS; i++)
    gw_hub_unsubscribe(hubs[i % WORKERS], &listeners[i].subscriber);
  settle();
  return is_good;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  unsigned failed = 0;
  for (size_t nth = 1;; nth++) {
    char channel[32];
    snprintf(channel, sizeof channel, "%s.%zu", channel_at_0(), nth);
    alloc_fail_at(nth);
    bool is_good = everything_once(channel);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (!has_failed) {
      assert_true(is_good);
      break;
    }
    failed += !is_good;
    assert_true(everything_once(channel));
    for (unsigned i = 0; i < WORKERS; i++)
      assert_int_equal(gw_hub_channel_count(hubs[i]), 0);
    pass(10 * 60 * 1000);
    assert_int_equal(channels_alive(), 0);
  }
  assert_true(failed > 20);
}

static void starting_may_fail(void **state) {
  (void)state;
  struct gw_loop *at[WORKERS] = {&loops[0], &loops[1], &loops[2]};
  struct gw_memory *other = NULL;
  assert_int_equal(gw_memory_new(NULL, at, 0, &other), GW_ERR_ARGUMENT);
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    int err = gw_memory_new(NULL, at, WORKERS, &other);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (!has_failed) break;
    assert_int_equal(err, GW_ERR_MEMORY);
    assert_null(other);
  }
  gw_memory_free(other);
  gw_memory_free(NULL);
}

static void freeing_drops_what_is_under_way(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  static struct listener listeners[WORKERS];
  static struct query queries[2 * WORKERS];
  for (unsigned i = 0; i < WORKERS; i++)
    listen_to(&listeners[i], i, channel, NULL);
  settle();
  for (unsigned i = 0; i < WORKERS; i++)
    publish_len(i, channel, 3, &queries[i]);
  fake_loop_turn(&loops[1]); /* posted to the home */
  for (unsigned i = 0; i < WORKERS; i++)
    publish_len(i, channel, 3, &queries[WORKERS + i]); /* not yet posted */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_home_gives_offset_and_time),
      TEST(at_home_it_is_a_plain_call),
      TEST(everybody_hears_once_in_order),
      TEST(a_turn_costs_one_post_per_worker),
      TEST(the_last_local_subscriber_ends_it),
      TEST(recovery_is_exact_from_every_offset),
      TEST(what_is_gone_is_told),
      TEST(history_is_read_in_pages),
      TEST(without_a_cursor_a_subscriber_starts_now),
      TEST(an_unused_channels_cursor_leads_to_its_first_publication),
      TEST(an_unused_channel_knows_no_other_cursor),
      TEST(age_frees_the_channel_and_ends_its_epoch),
      TEST(a_subscriber_keeps_the_channel_and_its_offsets),
      TEST(a_channel_that_was_never_used_leaves_its_epoch),
      TEST(bytes_of_a_channel_are_capped),
      TEST(channels_are_capped),
      TEST(publishing_inside_a_delivery_keeps_the_order),
      TEST(subscribing_inside_a_delivery_is_exact),
      TEST(a_publisher_faster_than_the_home_is_refused),
      TEST(a_worker_that_does_not_keep_up_refuses_for_all),
      TEST(answers_that_nobody_takes_refuse_more_questions),
      TEST(a_forgotten_question_gets_no_answer),
      TEST(a_publication_may_have_no_asker),
      TEST(every_allocation_may_fail),
      TEST(starting_may_fail),
      TEST(freeing_drops_what_is_under_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
