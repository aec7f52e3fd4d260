/* SPDX-License-Identifier: MIT */
/* godwit.v1 where memory fails at every single place: each request gets its answer or the
 * connection ends, what is heard is heard without gap, and nothing is left behind. */
#include "dialect/rig.h"

static const char protocol[] = "Sec-WebSocket-Protocol: godwit.v1\r\n";
static struct client ann, ben, late;
static bool is_away; /* memory, for longer: answers may wait until it is back */

/* Each request with an id has been answered once, or the connection has ended. */
static void expect_answers(const struct client *client, unsigned first, unsigned last) {
  for (unsigned id = first; !is_away && is_there(client) && id <= last; id++) {
    char option[20];
    snprintf(option, sizeof option, " id=%u", id);
    unsigned answers = 0;
    for (unsigned i = 0; i < client->n; i++) {
      const char *at = strstr(client->notes[i], option);
      char end = at ? at[strlen(option)] : 'x';
      answers += end == '\0' || end == ' ' || end == '\n';
    }
    if (answers != 1) {
      show(client);
      fail_msg("request %u has %u answers", id, answers);
    }
  }
}

static uint64_t offset_in(const char *note) {
  const char *colon = strchr(note, ':');
  return colon ? strtoull(colon + 1, NULL, 10) : 0;
}

/* From where `subscribed` says it stands, every offset follows the one before; what a history has
 * told again does not count. */
static void expect_no_gap(const struct client *client, const char *channel) {
  char subscribed[40], msg[40];
  uint64_t next = 0;
  snprintf(subscribed, sizeof subscribed, "subscribed %s ", channel);
  snprintf(msg, sizeof msg, "msg %s ", channel);
  for (unsigned i = 0; i < client->n; i++) {
    const char *note = client->notes[i];
    if (strncmp(note, subscribed, strlen(subscribed)) == 0) {
      next = offset_in(note) + 1;
    } else if (strncmp(note, msg, strlen(msg)) == 0 && next > 0) {
      assert_true(offset_in(note) <= next);
      next += offset_in(note) == next;
    }
  }
}

/* Ben publishes and is cut; ann hears, asks and comes back on the other worker. */
static void converse(void) {
  char path[100];
  client_open(&ann, 0, "/ws?user=ann", protocol);
  client_open(&ben, 1, "/channels/room?user=ben", protocol);
  client_say(&ann, "sub room id=1");
  client_say(&ben, "pub room id=1\none");
  client_say(&ben, "pub room event=e id=2\ntwo");
  client_say(&ann, "sub other id=2");
  client_say(&ann, "who room id=3");
  client_say(&ann, "history room limit=5 id=4");
  client_say(&ben, "to ann id=3\nhello");
  client_say(&ann, "unsub other id=5");
  client_say(&ann, "auth anna id=6");
  client_say(&ann, "ping id=7");
  client_say(&ann, "nonsense id=8");
  client_say(&ben, "sub room id=4"); /* held */
  hear(&ann);
  expect_answers(&ann, 1, 7);
  expect_answers(&ben, 1, 4);
  expect_no_gap(&ann, "room");
  expect_no_gap(&ben, "room");

  client_cut(&ann);
  client_say(&ben, "pub room id=5\nthree");
  snprintf(path, sizeof path, "/ws?session=%s", ann.session[0] ? ann.session : "new");
  client_open(&late, 1, path, protocol);
  client_say(&late, "sub room id=1");
  client_say(&late, "history room id=2");
  client_say(&ben, "pub room id=6\nfour");
  hear(&late);
  hear(&ben);
  expect_answers(&ben, 1, 6);
  expect_answers(&late, 1, 2);
  client_close(&late);
  client_close(&ben);
}

/* As if nothing had been. */
static void expect_service(void) {
  client_open(&ann, 0, "/ws?user=zoe", protocol);
  client_open(&ben, 1, "/ws", protocol);
  assert_int_equal(ann.status, 101);
  client_say(&ann, "sub room id=1");
  client_say(&ben, "pub room id=1\nafter all");
  client_say(&ben, "to zoe id=2\nhello");
  hear(&ann);
  assert_int_equal(notes_with(&ben, "ok id="), 2);
  assert_int_equal(notes_with(&ann, "\nafter all"), 1);
  assert_int_equal(notes_with(&ann, "direct "), 1);
  client_close(&ann);
  client_close(&ben);
}

static void nothing_fails(void **state) {
  (void)state;
  rig_begin(&gw_dialect_godwit, LONG);
  converse();
  assert_int_equal(notes_with(&ann, "msg room "), 4); /* two live, two of the history */
  assert_int_equal(notes_with(&ann, "direct "), 1);
  assert_int_equal(notes_with(&late, "resumed=yes"), 1);
  assert_int_equal(notes_with(&late, "recovered=yes id=1"), 1);
  assert_int_equal(notes_with(&late, "\nthree"), 2);
  assert_int_equal(notes_with(&late, "\nfour"), 1);
  expect_service();
  rig_expect_nobody();
  rig_end();
}

static const struct rig_talk talk = {&gw_dialect_godwit, converse, expect_service};

static void any_allocation_may_fail(void **state) {
  (void)state;
  assert_true(rig_fail_everywhere(&talk, NULL) > 50);
}

static void memory_may_stay_away(void **state) {
  (void)state;
  assert_true(rig_fail_everywhere(&talk, &is_away) > 50);
}

/* Its own join and leave may be told within its `auth`, where a channel's home is here: of these
 * channels one surely is. */
static void a_new_name_without_memory(void **state) {
  (void)state;
  unsigned n = 1;
  for (bool has_failed = true; has_failed; n += 1 + n / 4) {
    rig_begin(&gw_dialect_godwit, SHORT);
    client_open(&ann, 0, "/ws?user=ann", protocol);
    for (char sub[] = "sub room-a"; sub[9] < 'i'; sub[9]++)
      client_say(&ann, sub);
    alloc_fail_from(n);
    client_say(&ann, "auth anna id=1");
    has_failed = alloc_has_failed();
    alloc_fail_at(0);
    settle();
    hear(&ann);
    expect_answers(&ann, 1, 1);
    client_close(&ann);
    expect_service();
    rig_expect_nobody();
    rig_end();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_fails),
      cmocka_unit_test(any_allocation_may_fail),
      cmocka_unit_test(memory_may_stay_away),
      cmocka_unit_test(a_new_name_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
