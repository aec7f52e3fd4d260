/* SPDX-License-Identifier: MIT */
/* A raw WebSocket on a channel where memory fails at every single place: what a listener is given
 * is the channel without gap, or its connection ends; and nothing is left behind. */
#include "dialect/rig.h"

static struct client ear, mouth, late;
static bool is_away; /* memory, for longer: what is published may wait until it is back */

/* "1", "2" … as they were published; `from`: the first that it must have. */
static void expect_row(const struct client *client, unsigned from, unsigned to) {
  if (!is_there(client)) return;
  if (is_away)
    assert_true(client->n <= to - from + 1);
  else
    assert_int_equal(client->n, to - from + 1);
  for (unsigned i = 0; i < client->n; i++)
    assert_int_equal(strtoul(client->notes[i], NULL, 10), from + i);
}

/* Says what comes next, until it may not any more; gives how much has been placed. */
static unsigned converse(void) {
  char text[20], path[100];
  unsigned said = 0;
  client_open(&ear, 0, "/channels/room?user=ann&session=new", "");
  client_open(&mouth, 1, "/channels/room?echo=no", "");
  for (unsigned i = 0; i < 3 && is_there(&mouth); i++) {
    snprintf(text, sizeof text, "%u", said + 1);
    client_say(&mouth, text);
    if (is_there(&mouth)) said++;
  }
  hear(&ear);
  assert_int_equal(mouth.n, 0); /* its own */
  if (is_there(&mouth)) expect_row(&ear, 1, said);
  if (is_there(&ear)) assert_int_equal(ear.session[0], '0');
  client_cut(&ear);
  snprintf(path, sizeof path, "/channels/room?session=%s", ear.session[0] ? ear.session : "new");
  if (is_there(&mouth)) client_say(&mouth, "4");
  client_open(&late, 1, path, "");
  if (is_there(&mouth)) client_say(&mouth, "5");
  hear(&late);
  if (is_there(&mouth) && is_there(&late) && strcmp(late.session, ear.session) == 0)
    expect_row(&late, ear.n + 1, 5); /* from where it stood */
  unsigned heard = late.n;
  client_close(&ear);
  client_close(&late);
  client_close(&mouth);
  return heard;
}

static void expect_service(void) {
  client_open(&ear, 0, "/channels/room", "");
  client_open(&mouth, 1, "/channels/room", "");
  client_say(&mouth, "1");
  hear(&ear);
  expect_row(&ear, 1, 1);
  expect_row(&mouth, 1, 1);
  assert_true(is_there(&ear) && is_there(&mouth));
  client_close(&ear);
  client_close(&mouth);
}

static void nothing_fails(void **state) {
  (void)state;
  rig_begin(&gw_dialect_raw, LONG);
  assert_int_equal(converse(), 2);
  expect_service();
  rig_expect_nobody();
  rig_end();
}

static void converse_anyhow(void) {
  (void)converse();
}

static const struct rig_talk talk = {&gw_dialect_raw, converse_anyhow, expect_service};

static void any_allocation_may_fail(void **state) {
  (void)state;
  assert_true(rig_fail_everywhere(&talk, NULL) > 30);
}

static void memory_may_stay_away(void **state) {
  (void)state;
  assert_true(rig_fail_everywhere(&talk, &is_away) > 30);
}

static void whoever_cannot_be_served_from_its_cursor_is_told(void **state) {
  (void)state;
  rig_begin(&gw_dialect_raw, LONG);
  client_open(&ear, 0, "/channels/room?after=000000000000:7", "");
  assert_int_equal(ear.status, 101);
  assert_int_equal(ear.code, GW_CLOSE_CURSOR_LOST);
  client_open(&late, 0, "/channels/room?after=nonsense", "");
  assert_int_equal(late.status, 400);
  client_close(&ear);
  client_close(&late);
  rig_expect_nobody();
  rig_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_fails),
      cmocka_unit_test(any_allocation_may_fail),
      cmocka_unit_test(memory_may_stay_away),
      cmocka_unit_test(whoever_cannot_be_served_from_its_cursor_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
