/* SPDX-License-Identifier: MIT */
/* From the hub to the carrier: recovery, slow clients, and callbacks that end everything. */
#include "session/rig.h"

static struct client a, b;

static const struct gw_cursor none = {"aaaaaaaaaaaa", 7};

static struct gw_cursor cursor_of(struct gw_session *session, const char *channel) {
  return gw_subscription_cursor(gw_session_find(session, gw_str_of(channel)));
}

static struct gw_session_counts counts(void) {
  return gw_session_table_counts(table(0));
}

/* ---- recovery ---- */

static void what_comes_is_pushed_without_allocation(void **state) {
  (void)state;
  const char *channel = channel_at(0, "x");
  struct gw_session *session = open_as(0, &a, "");
  hold(session, channel, NULL);
  publish_on(0, channel, "warm");
  alloc_count_reset();
  publish_on(0, channel, "one");
  assert_int_equal(alloc_count(), 1); /* the publication */
  assert_string_equal(last_of(&a, PUSHED)->payload, "one");
  pushed_exactly(&a, 2, 3);
}

static void a_cursor_gives_what_was_missed_then_what_comes(void **state) {
  (void)state;
  for (unsigned worker = 0; worker < WORKERS; worker++) {
    char channel[8];
    snprintf(channel, sizeof channel, "x%u", worker);
    struct gw_session *session = open_as(0, &a, "");
    hold(session, channel, NULL);
    struct gw_cursor start = cursor_of(session, channel);
    publish(channel, 6);
    struct gw_session *other = open_as(worker, &b, "");
    start.offset = 2;
    hold(other, channel, &start);
    publish(channel, 2);
    assert_true(last_of(&b, SUBSCRIBED)->is_recovered);
    assert_int_equal(last_of(&b, SUBSCRIBED)->offset, 2);
    pushed_exactly(&b, 3, 8);
    assert_int_equal(cursor_of(other, channel).offset, 8);
    gw_carrier_detach(&a.carrier, true), gw_carrier_detach(&b.carrier, true);
  }
}

static void a_lost_cursor_is_told_and_then_all_that_is_kept(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  publish("short:1", 5);
  hold(session, "short:1", &none);
  assert_false(last_of(&a, SUBSCRIBED)->is_recovered);
  assert_int_equal(last_of(&a, SUBSCRIBED)->offset, 2);
  pushed_exactly(&a, 3, 5);
}

static void an_inbox_begins_with_what_it_keeps(void **state) {
  (void)state;
  publish("inbox:ann", 3);
  struct gw_session *session = open_as(0, &a, "ann");
  assert_int_equal(gw_session_subscribe_inbox(session, NULL), 0);
  settle_all();
  assert_true(last_of(&a, SUBSCRIBED)->is_recovered);
  assert_true(a.subscription->is_inbox);
  publish("inbox:ann", 1);
  pushed_exactly(&a, 1, 4);
  assert_int_equal(gw_session_subscribe_inbox(session, NULL), GW_ERR_STATE);
  struct gw_session *nobody = open_as(0, &b, "");
  assert_int_equal(gw_session_subscribe_inbox(nobody, NULL), GW_ERR_STATE);
}

static void a_refusal_that_comes_later_is_told(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "ann");
  answer_subscribe = GW_ERR_FULL;
  struct gw_subscription *subscription = (void *)&a;
  assert_int_equal(gw_session_subscribe(session, GW_STR("room:1"), NULL, &a, &subscription), 0);
  assert_null(subscription);
  assert_string_equal(last_of(&a, REFUSED)->channel, "room:1");
  assert_int_equal(last_of(&a, REFUSED)->offset, -GW_ERR_FULL);
  assert_null(gw_session_first(session));
}

/* ---- behind ---- */

static void a_large_recovery_falls_behind_and_catches_up(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  hold(session, "x", NULL);
  struct gw_cursor start = cursor_of(session, "x");
  gw_carrier_detach(&a.carrier, true);
  publish("x", 12);
  session = open_as(0, &b, "");
  b.is_bounded = true, b.push_room = 5;
  hold(session, "x", &start);
  pushed_exactly(&b, 1, 5);
  assert_true(gw_str_is(gw_subscription_channel(b.subscription), "x"));
  publish("x", 2);
  pushed_exactly(&b, 1, 5);
  drain(&b, 3), settle_all();
  pushed_exactly(&b, 1, 8);
  drain(&b, 6), settle_all(); /* to the very end */
  pushed_exactly(&b, 1, 14);
  publish("x", 2);
  pushed_exactly(&b, 1, 16);
  assert_int_equal(count_of(&b, GAP) + count_of(&b, ENDED), 0);
  assert_int_equal(count_of(&b, SUBSCRIBED), 1);
}

static void behind(struct client *client) {
  struct gw_session *session = open_as(0, &a, "");
  hold(session, "short:x", NULL);
  struct gw_cursor start = cursor_of(session, "short:x");
  gw_carrier_detach(&a.carrier, true);
  publish("short:x", 3);
  session = open_as(0, client, "");
  client->is_bounded = true, client->push_room = 1;
  hold(session, "short:x", &start);
  pushed_exactly(client, 1, 1);
}

static void behind_for_too_long_is_told(void **state) {
  (void)state;
  behind(&b);
  publish("short:x", 6);
  drain(&b, 100), settle_all();
  assert_int_equal(last_of(&b, GAP)->offset, 6);
  assert_int_equal(last_of(&b, GAP)->missed, 5);
  assert_int_equal(last_of(&b, PUSHED)->offset, 9);
  assert_int_equal(count_of(&b, PUSHED), 1 + 3);
}

static void or_it_ends_where_there_is_no_room_to_tell(void **state) {
  (void)state;
  behind(&b);
  b.has_no_room_for_gaps = true;
  publish("short:x", 6);
  drain(&b, 100), settle_all();
  assert_int_equal(last_of(&b, ENDED)->offset, 4504);
  assert_int_equal(count_of(&b, PUSHED), 1);
  gw_carrier_detach(&b.carrier, true);
}

static void a_store_that_refuses_the_catching_up(void **state) {
  (void)state;
  behind(&b);
  refuse_subscribe = GW_ERR_FULL;
  drain(&b, 100), settle_all();
  assert_int_equal(last_of(&b, ENDED)->offset, 1013);
  refuse_subscribe = 0;
  gw_carrier_detach(&b.carrier, false);
  assert_int_equal(counts().parked, 1);
}

static void a_catching_up_that_is_refused_later(void **state) {
  (void)state;
  behind(&b);
  answer_subscribe = GW_ERR_MEMORY;
  drain(&b, 100), settle_all();
  answer_subscribe = 0;
  assert_int_equal(last_of(&b, ENDED)->offset, 1011);
  gw_carrier_detach(&b.carrier, false);
  assert_int_equal(gw_session_table_counts(table(0)).parked, 1);
}

static void a_full_carrier_falls_behind_in_a_recovery(void **state) {
  (void)state;
  behind(&b);
  b.push_answer = GW_ERR_FULL; /* and much waits still */
  gw_carrier_drained(&b.carrier);
  settle_all();
  b.push_answer = 0;
  drain(&b, 100), settle_all();
  pushed_exactly(&b, 1, 3);
  assert_int_equal(count_of(&b, ENDED), 0);
}

/* ---- slow ---- */

static void a_slow_one_is_disconnected_and_recovers(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(session, id);
  hold(session, "x", NULL), hold(session, "y", NULL);
  publish("x", 2);
  a.push_answer = GW_ERR_FULL;
  publish("x", 1);
  a.push_answer = 0;
  assert_int_equal(last_of(&a, ENDED)->offset, 4500);
  assert_int_equal(counts().slow_disconnected, 1);
  publish("x", 1), publish("y", 1);
  pushed_exactly(&a, 1, 2);
  assert_int_equal(gw_session_subscribe(session, GW_STR("z"), NULL, NULL, NULL), GW_ERR_STATE);
  gw_carrier_drained(&a.carrier);
  gw_carrier_detach(&a.carrier, false);
  assert_int_equal(count_of(&a, ENDED), 1);
  struct asker asker;
  ask_for(&asker, 0, id);
  hold(session, "x", NULL);
  pushed_exactly(&asker.client, 3, 4);
}

static void other_failures_end_it_too(void **state) {
  (void)state;
  static const int errors[] = {GW_ERR_MEMORY, GW_ERR_CLOSED};
  for (unsigned i = 0; i < 2; i++) {
    struct gw_session *session = open_as(0, &a, "");
    hold(session, "x", NULL);
    uint64_t start = cursor_of(session, "x").offset;
    a.push_answer = errors[i];
    publish("x", 1);
    a.push_answer = 0;
    publish("x", 1);
    assert_int_equal(count_of(&a, PUSHED), 0);
    assert_int_equal(count_of(&a, ENDED), errors[i] == GW_ERR_MEMORY);
    if (errors[i] == GW_ERR_MEMORY) assert_int_equal(last_of(&a, ENDED)->offset, 1011);
    assert_int_equal(cursor_of(session, "x").offset, start);
    gw_carrier_detach(&a.carrier, true);
    assert_int_equal(counts().sessions, 0);
  }
}

static void a_channel_that_drops_tells_of_the_gap(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  hold(session, "drop:1", NULL);
  publish("drop:1", 2);
  a.is_waiting = true;
  publish("drop:1", 5);
  assert_int_equal(count_of(&a, PUSHED), 2);
  assert_int_equal(counts().slow_dropped, 5);
  a.is_waiting = false;
  publish("drop:1", 1); /* not before the gap has been told */
  assert_int_equal(count_of(&a, PUSHED), 2);
  drain(&a, 0);
  assert_int_equal(last_of(&a, GAP)->offset, 8);
  assert_int_equal(last_of(&a, GAP)->missed, 6);
  publish("drop:1", 1);
  assert_int_equal(last_of(&a, PUSHED)->offset, 9);
  drain(&a, 0);
  assert_int_equal(count_of(&a, GAP), 1);
}

static void what_was_dropped_untold_comes_back_with_a_resume(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(session, id);
  hold(session, "drop:1", NULL);
  a.is_waiting = true;
  publish("drop:1", 3);
  gw_carrier_detach(&a.carrier, false);
  struct asker asker;
  ask_for(&asker, 0, id);
  hold(session, "drop:1", NULL);
  pushed_exactly(&asker.client, 1, 3);
}

static void without_room_to_tell_of_a_drop_it_ends(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  hold(session, "drop:1", NULL);
  a.is_waiting = true, a.has_no_room_for_gaps = true;
  publish("drop:1", 3);
  drain(&a, 0);
  assert_int_equal(last_of(&a, ENDED)->offset, 4504);
  gw_carrier_detach(&a.carrier, true);
}

static void a_channel_that_conflates_keeps_the_newest(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  hold(session, "tick:1", NULL);
  publish("tick:1", 1);
  a.is_waiting = true;
  publish("tick:1", 5);
  assert_int_equal(count_of(&a, PUSHED), 1);
  assert_int_equal(counts().slow_conflated, 4);
  a.push_answer = GW_ERR_FULL;
  gw_carrier_drained(&a.carrier); /* still no room: it waits on */
  a.push_answer = 0;
  assert_int_equal(count_of(&a, ENDED), 0);
  drain(&a, 0);
  assert_int_equal(last_of(&a, PUSHED)->offset, 6);
  assert_int_equal(count_of(&a, PUSHED), 2);
  assert_int_equal(cursor_of(session, "tick:1").offset, 6);
  a.is_waiting = true;
  publish("tick:1", 1);
}

static void a_push_that_finds_no_room_is_held_back(void **state) {
  (void)state;
  struct gw_session *session = open_as(0, &a, "");
  hold(session, "tick:1", NULL);
  a.push_answer = GW_ERR_FULL;
  publish("tick:1", 1); /* nothing waits, and yet there is no room: it never will be given */
  assert_int_equal(last_of(&a, ENDED)->offset, 4500);
  gw_carrier_detach(&a.carrier, true);
}

/* ---- callbacks that end everything ---- */

static void detach_over(struct client *self, enum note_kind kind) {
  (void)kind;
  gw_carrier_detach(&self->carrier, true);
}

static void detach_parked(struct client *self, enum note_kind kind) {
  (void)kind;
  gw_carrier_detach(&self->carrier, false);
}

static void end(struct client *self, enum note_kind kind) {
  (void)kind;
  if (self->carrier.session) gw_session_end(self->carrier.session, GW_CLOSE_FORBIDDEN);
}

static void unsubscribe(struct client *self, enum note_kind kind) {
  if (kind != ENDED && !self->has_acted) gw_session_unsubscribe(self->subscription);
  self->has_acted = true;
}

static void unsubscribe_all(struct client *self, enum note_kind kind) {
  (void)kind;
  while (self->carrier.session && gw_session_first(self->carrier.session))
    gw_session_unsubscribe(gw_session_first(self->carrier.session));
}

static void subscribe_more(struct client *self, enum note_kind kind) {
  (void)kind;
  if (self->has_acted || !self->carrier.session) return;
  self->has_acted = true;
  (void)gw_session_subscribe(self->carrier.session, GW_STR("more"), NULL, NULL, NULL);
}

static void begin_anew(struct client *self, enum note_kind kind) {
  struct gw_session *session = self->carrier.session;
  if (self->has_acted || !session || kind == ENDED || kind == REFUSED) return;
  self->has_acted = true;
  gw_session_unsubscribe(self->subscription);
  (void)gw_session_subscribe(session, GW_STR("room:1"), NULL, NULL, NULL);
}

static void come_back(struct client *self, enum note_kind kind) {
  struct gw_session *session = self->carrier.session;
  if (self->has_acted || !session || kind == ENDED) return;
  self->has_acted = true;
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(session, id);
  gw_carrier_detach(&self->carrier, false);
  session = gw_session_table_find(table(0), gw_str_of(id));
  gw_session_attach(session, &self->carrier);
  (void)gw_session_subscribe(session, GW_STR("room:1"), NULL, NULL, NULL);
}

static void (*const acts[])(struct client *self, enum note_kind kind) = {
    detach_over,     detach_parked,  end,        unsubscribe,
    unsubscribe_all, subscribe_more, begin_anew, come_back};

static enum note_kind acting_in;
static void (*acting)(struct client *self, enum note_kind kind);

static void act_in_kind(struct client *self, enum note_kind kind) {
  if (kind == acting_in) acting(self, kind);
}

static void live_through_everything(const char *channel) {
  struct gw_session *session = open_as(0, &b, "");
  hold(session, channel, NULL);
  publish(channel, 1);
  struct gw_cursor start = cursor_of(session, channel);
  publish(channel, 6);
  open_as(0, &a, "ann");
  a.act = act_in_kind;
  a.is_bounded = true, a.push_room = 2;
  if (a.carrier.session)
    (void)gw_session_subscribe(a.carrier.session, gw_str_of(channel), &start, NULL, NULL);
  settle_all();
  if (a.carrier.session)
    (void)gw_session_subscribe(a.carrier.session, GW_STR("other"), NULL, NULL, NULL);
  settle_all();
  drain(&a, 2), settle_all();
  drain(&a, 3), settle_all();
  a.is_bounded = false;
  drain(&a, 0), settle_all();
  publish(channel, 2);
  struct client other;
  open_as(0, &other, "eve");
  hold(other.carrier.session, channel, NULL);
  pass(GW_LINGER_MS);
  a.is_waiting = true;
  publish(channel, 30);
  a.is_waiting = false;
  drain(&a, 0), settle_all();
  gw_carrier_detach(&other.carrier, true);
  pass(GW_LINGER_MS);
  answer_subscribe = GW_ERR_MEMORY;
  if (a.carrier.session)
    (void)gw_session_subscribe(a.carrier.session, GW_STR("third"), NULL, NULL, NULL);
  answer_subscribe = 0;
  a.push_answer = GW_ERR_FULL;
  publish(channel, 1), publish("other", 1);
  gw_carrier_detach(&a.carrier, false);
  gw_carrier_detach(&b.carrier, true);
  pass(RESUME_MS);
  assert_int_equal(counts().sessions, 0);
  assert_int_equal(gw_hub_subscriber_count(hubs[0]), 0);
}

static void any_callback_may_end_anything(void **state) {
  static const char *const prefixes[] = {"room:", "drop:", "tick:", "short:"};
  for (unsigned i = 0; i < sizeof acts / sizeof acts[0]; i++)
    for (acting_in = SUBSCRIBED; acting_in <= ENDED; acting_in++)
      for (unsigned k = 0; k < 2 * sizeof prefixes / sizeof prefixes[0]; k++) {
        acting = acts[i];
        char channel[16];
        snprintf(channel, sizeof channel, "%s%u", prefixes[k / 2], 1 + k % 2 * 3);
        live_through_everything(channel);
        assert_int_equal(rig_teardown(state), 0);
        assert_int_equal(rig_setup(state), 0);
      }
}

/* ---- memory ---- */

static void any_allocation_may_fail(void **state) {
  for (size_t nth = 1;; nth++) {
    struct gw_session *session = open_as(0, &a, "ann");
    char id[GW_SESSION_ID_LEN + 1];
    gw_session_id(session, id);
    hold(session, "x", NULL);
    struct gw_cursor start = cursor_of(session, "x");
    publish("x", 9);
    gw_session_unsubscribe(gw_session_find(session, GW_STR("x")));
    a.n = 0;
    alloc_fail_at(nth);
    int err = gw_session_subscribe(session, GW_STR("x"), &start, NULL, NULL);
    settle_all();
    if (err >= 0 && count_of(&a, REFUSED) == 0) pushed_exactly(&a, 1, 9);
    if (a.carrier.session) gw_carrier_detach(&a.carrier, false);
    struct asker asker = {.claim.on_claimed = on_claimed_attach};
    client_init(&asker.client);
    int asked = gw_session_claim(table(0), gw_str_of(id), &asker.claim);
    settle_all();
    if (asked == 0 && asker.session && gw_session_find(asker.session, GW_STR("x")))
      (void)gw_session_subscribe(asker.session, GW_STR("x"), NULL, NULL, NULL);
    settle_all();
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(count_of(&asker.client, PUSHED), 0);
    gw_carrier_detach(&asker.client.carrier, true);
    pass(RESUME_MS);
    assert_int_equal(counts().sessions, 0);
    assert_int_equal(gw_hub_subscriber_count(hubs[0]), 0);
    assert_int_equal(rig_teardown(state), 0);
    assert_int_equal(rig_setup(state), 0);
    if (!has_failed) break;
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(what_comes_is_pushed_without_allocation),
      TEST(a_cursor_gives_what_was_missed_then_what_comes),
      TEST(a_lost_cursor_is_told_and_then_all_that_is_kept),
      TEST(an_inbox_begins_with_what_it_keeps),
      TEST(a_refusal_that_comes_later_is_told),
      TEST(a_large_recovery_falls_behind_and_catches_up),
      TEST(behind_for_too_long_is_told),
      TEST(or_it_ends_where_there_is_no_room_to_tell),
      TEST(a_store_that_refuses_the_catching_up),
      TEST(a_catching_up_that_is_refused_later),
      TEST(a_full_carrier_falls_behind_in_a_recovery),
      TEST(a_slow_one_is_disconnected_and_recovers),
      TEST(other_failures_end_it_too),
      TEST(a_channel_that_drops_tells_of_the_gap),
      TEST(what_was_dropped_untold_comes_back_with_a_resume),
      TEST(without_room_to_tell_of_a_drop_it_ends),
      TEST(a_channel_that_conflates_keeps_the_newest),
      TEST(a_push_that_finds_no_room_is_held_back),
      TEST(any_callback_may_end_anything),
      TEST(any_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
