/* SPDX-License-Identifier: MIT */
/* Between a handshake and its session: clients that go at every moment of it, several that want one
 * session, and memory that fails on the way. */
#include "dialect/rig.h"

static const char protocol[] = "Sec-WebSocket-Protocol: godwit.v1\r\n";
static struct client first, others[4];

/* The request alone: the loops have not turned since. */
static void ask(struct client *client, unsigned worker, const char *path) {
  settling = 0;
  client_open(client, worker, path, protocol);
  settling = SETTLING;
}

static const char *path_of(const char *session) {
  static char path[100];
  snprintf(path, sizeof path, "/ws?session=%s", session);
  return path;
}

static void one_session_for_many_is_the_last_ones(void **state) {
  (void)state;
  rig_begin(&gw_dialect_godwit, LONG);
  client_open(&first, 0, "/ws?user=ann", protocol);
  client_say(&first, "sub room id=1");
  client_cut(&first);
  for (unsigned i = 0; i < 4; i++)
    ask(&others[i], i % WORKERS, path_of(first.session));
  settle();
  unsigned holders = 0;
  for (unsigned i = 0; i < 4; i++) {
    hear(&others[i]);
    assert_int_equal(others[i].status, 101);
    bool is_resumed = strcmp(others[i].session, first.session) == 0;
    if (is_resumed && is_there(&others[i])) holders++;
    if (is_resumed && !is_there(&others[i])) assert_int_equal(others[i].code, GW_CLOSE_REPLACED);
  }
  assert_int_equal(holders, 1);
  assert_true(count_sessions() <= 4);
  for (unsigned i = 0; i < 4; i++)
    client_close(&others[i]);
  rig_expect_nobody();
  rig_end();
}

/* After so many turns; it comes back each time, on the other worker. */
static void whoever_goes_on_the_way_leaves_nothing(void **state) {
  (void)state;
  rig_begin(&gw_dialect_godwit, LONG);
  for (unsigned turns = 0; turns < 16; turns++) {
    client_open(&first, 0, "/ws?user=ann", protocol);
    client_say(&first, "sub room id=1");
    client_cut(&first);
    ask(&others[0], 1, path_of(first.session));
    for (unsigned i = 0; i < turns; i++)
      turn();
    client_cut(&others[0]);
    client_open(&others[1], turns % WORKERS, path_of(first.session), protocol);
    assert_int_equal(others[1].status, 101);
    assert_string_equal(others[1].session, first.session);
    client_say(&others[1], "sub room id=1");
    assert_int_equal(notes_with(&others[1], "subscribed room "), 1);
    client_close(&others[1]);
    client_close(&others[0]);
  }
  rig_expect_nobody();
  rig_end();
}

static void any_allocation_may_fail(void **state) {
  (void)state;
  unsigned n = 1;
  for (bool has_failed = true; has_failed; n++) {
    rig_begin(&gw_dialect_godwit, SHORT);
    client_open(&first, 0, "/ws?user=ann", protocol);
    client_say(&first, "sub room id=1");
    client_cut(&first);
    alloc_fail_at(n);
    char path[120];
    snprintf(path, sizeof path, "%s&user=anna", path_of(first.session));
    client_open(&others[0], 1, path, protocol);
    client_open(&others[1], 0, path_of(first.session), protocol);
    has_failed = alloc_has_failed();
    alloc_fail_at(0);
    for (unsigned i = 0; i < 2; i++) {
      hear(&others[i]); /* it stands, or was refused or cut: nobody waits for ever */
      assert_true(others[i].is_open || others[i].is_closed);
      client_close(&others[i]);
    }
    client_close(&first);
    rig_expect_nobody();
    rig_end();
  }
  assert_true(n > 10);
}

static void what_is_not_understood_is_refused(void **state) {
  static const struct {
    const char *path;
    unsigned status;
  } requests[] = {
      {"/ws?inbox=nonsense", 400},
      {"/ws?session=", 400},
      {"/ws?session=%zz", 400},
      {"/ws?user=", 400},
      {"/channels/room?after=nonsense", 400},
      {"/channels/room/presence", 400},
      {"/channels/a%2F", 400},
      {"/ws?session=000000000000000000000000", 101},
  };
  (void)state;
  rig_begin(&gw_dialect_godwit, LONG);
  for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++) {
    client_open(&first, 0, requests[i].path, protocol);
    if (first.status != requests[i].status) fail_msg("%s gives %u", requests[i].path, first.status);
    client_close(&first);
  }
  rig_expect_nobody();
  rig_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_session_for_many_is_the_last_ones),
      cmocka_unit_test(whoever_goes_on_the_way_leaves_nothing),
      cmocka_unit_test(any_allocation_may_fail),
      cmocka_unit_test(what_is_not_understood_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
