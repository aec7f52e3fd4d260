/* SPDX-License-Identifier: MIT */
/* From a request to a session that hears its channel: a new one, or one that it had, wherever that
 * is; and what is left when the asker goes, or memory fails, on the way. */
#include "transport/entry.c"

#include "session/rig.h"

static struct client one, other;
static char id[GW_SESSION_ID_LEN + 1];
static struct gw_entry *entry;
static struct gw_gate gate;
static struct gw_place place;
static int refused; /* with what; 0: it has not been */

static void on_refused_note(struct gw_carrier *carrier, int err) {
  assert_null(carrier->session);
  refused = err;
}

/* A session on worker 0 that holds x, and is parked. */
static void park_one(const char *name) {
  struct gw_session *session = open_as(0, &one, name);
  gw_session_id(session, id);
  hold(session, "x", NULL);
  gw_carrier_detach(&one.carrier, false);
}

static struct gw_channel_request request_of(const char *name, bool is_api) {
  struct gw_channel_request request = {
      .channel = GW_STR("x"), .session = gw_str_of(id), .who = who_is(name)};
  request.who.is_api = is_api;
  return request;
}

static void start(unsigned worker, const struct gw_channel_request *request) {
  client_init(&other);
  refused = 0;
  gate.rules = rules;
  place = (struct gw_place){.sessions = table(worker), .gate = &gate};
  gw_entry_start(&entry, &place, &other.carrier, request, on_refused_note);
}

static void a_new_one_needs_no_waiting(void **state) {
  (void)state;
  id[0] = '\0';
  struct gw_channel_request request = request_of("ann", false);
  request.session = (struct gw_str){0};
  start(1, &request);
  assert_null(entry);
  settle_all();
  assert_int_equal(count_of(&other, SUBSCRIBED), 1);
  assert_true(gw_str_is(gw_session_user(other.carrier.session), "ann"));
}

static void who_comes_back_goes_on(void **state) {
  (void)state;
  park_one("ann");
  publish("x", 3);
  struct gw_channel_request request = request_of("", false);
  start(2, &request);
  assert_non_null(entry);
  settle_all();
  assert_null(entry);
  char now[GW_SESSION_ID_LEN + 1];
  gw_session_id(other.carrier.session, now);
  assert_string_equal(now, id);
  assert_true(gw_str_is(gw_session_user(other.carrier.session), "ann"));
  pushed_exactly(&other, 1, 3);
}

/* As over a WebSocket; and what a connection may follows from the connection. */
static void who_comes_back_may_have_another_name(void **state) {
  (void)state;
  park_one("ann");
  struct gw_channel_request request = request_of("bob", true);
  start(2, &request);
  settle_all();
  assert_true(gw_str_is(gw_session_user(other.carrier.session), "bob"));
  assert_true(gw_session_identity(other.carrier.session).is_api);
  gw_carrier_detach(&other.carrier, false);
  request = request_of("", false);
  start(0, &request);
  settle_all();
  assert_true(gw_str_is(gw_session_user(other.carrier.session), "bob"));
  assert_false(gw_session_identity(other.carrier.session).is_api);
}

/* Neither the address that it comes from nor what it was helps: as who it is then it may not. */
static void who_comes_back_is_judged_as_who_it_is(void **state) {
  (void)state;
  park_one("ann");
  struct gw_channel_request request = request_of("", true);
  request.channel = GW_STR("inbox:bob");
  start(1, &request);
  settle_all();
  assert_int_equal(refused, GW_ERR_FORBIDDEN);
  request.channel = GW_STR("inbox:ann");
  start(2, &request);
  settle_all();
  assert_int_equal(count_of(&other, SUBSCRIBED), 1);
  gw_carrier_detach(&other.carrier, false);
  request.who = who_is("bob");
  start(0, &request);
  settle_all();
  assert_int_equal(refused, GW_ERR_FORBIDDEN);
}

static void who_goes_leaves_it_parked(void **state) {
  (void)state;
  park_one("ann");
  struct gw_channel_request request = request_of("", false);
  start(1, &request);
  gw_entry_cancel(&entry);
  assert_null(entry);
  gw_entry_cancel(&entry);
  settle_all();
  assert_int_equal(other.n, 0);
  assert_null(other.carrier.session);
  struct asker asker;
  ask_for(&asker, 2, id);
  settle_all();
  assert_non_null(asker.session);
}

/* Refused, or it stands: never both, never neither. */
static void without_memory(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    park_one("ann");
    struct gw_channel_request request = request_of("bob", false);
    alloc_fail_at(nth);
    start(1, &request);
    settle_all();
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    settle_all();
    assert_null(entry);
    assert_int_equal(count_of(&other, SUBSCRIBED) + count_of(&other, REFUSED) + (refused < 0), 1);
    gw_carrier_detach(&other.carrier, true);
    settle_all();
    pass(RESUME_MS);
    for (unsigned i = 0; i < WORKERS; i++)
      assert_int_equal(gw_session_table_counts(table(i)).sessions, 0);
    if (!has_failed) break;
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_new_one_needs_no_waiting),
      TEST(who_comes_back_goes_on),
      TEST(who_comes_back_may_have_another_name),
      TEST(who_comes_back_is_judged_as_who_it_is),
      TEST(who_goes_leaves_it_parked),
      TEST(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
