/* SPDX-License-Identifier: MIT */
/* Sessions and users as JSON. */
#include "server/report.c"

#include "session/rig.h"

static struct client client;
static struct gw_buf out;

static struct gw_session *session_of(const char *name) {
  struct gw_session *session = open_as(0, &client, name);
  session->since = 1700000000123 & ((UINT64_C(1) << 44) - 1);
  return session;
}

/* `text` is what comes after the id. */
static void expect(const struct gw_session *session, bool has_user, const char *text) {
  char id[GW_SESSION_ID_LEN + 1], all[300];
  gw_session_id(session, id);
  snprintf(all, sizeof all, "{\"id\":\"%s\"%s", id, text);
  gw_buf_init(&out, 4096);
  assert_int_equal(gw_report_session(&out, session, has_user), 0);
  assert_int_equal(out.len, strlen(all));
  assert_memory_equal(out.data, all, out.len);
  gw_buf_clear(&out);
}

#define SINCE ",\"since\":\"2023-11-14T22:13:20.123Z\""

static void a_session_in_every_state(void **state) {
  (void)state;
  struct gw_session *session = session_of("ann \"x\"");
  expect(session, true,
         ",\"user\":\"ann \\\"x\\\"\",\"transport\":\"test\"" SINCE
         ",\"connected\":true,\"channels\":[]}");
  assert_int_equal(gw_session_subscribe_inbox(session, NULL), 0);
  hold(session, "a/b", NULL);
  hold(session, "c", NULL);
  expect(session, false,
         ",\"transport\":\"test\"" SINCE ",\"connected\":true,\"channels\":[\"c\",\"a/b\"]}");
  gw_carrier_detach(&client.carrier, false);
  expect(session, false,
         ",\"transport\":null" SINCE ",\"connected\":false,\"channels\":[\"c\",\"a/b\"]}");
}

static void of_nobody_known(void **state) {
  (void)state;
  expect(session_of(""), true,
         ",\"transport\":\"test\"" SINCE ",\"connected\":true,\"channels\":[]}");
}

static void a_user(void **state) {
  (void)state;
  static const char text[] =
      "{\"user\":\"ann\",\"sessions\":3,\"since\":\"2023-11-14T22:13:20.123Z\"}";
  gw_buf_init(&out, 4096);
  assert_int_equal(gw_report_user(&out, GW_STR("ann"), 3, 1700000000123), 0);
  assert_int_equal(out.len, strlen(text));
  assert_memory_equal(out.data, text, out.len);
  gw_buf_clear(&out);
}

static void without_memory_or_room(void **state) {
  (void)state;
  struct gw_session *session = session_of("ann");
  for (char channel[] = "channel of many: a"; channel[17] < 'm'; channel[17]++)
    hold(session, channel, NULL);
  for (size_t nth = 1;; nth++) {
    gw_buf_init(&out, 4096);
    alloc_fail_at(nth);
    int err = gw_report_session(&out, session, true);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    gw_buf_clear(&out);
    if (!has_failed) break;
  }
  for (size_t room = 1; room < 300; room += 13) {
    gw_buf_init(&out, room);
    assert_int_equal(gw_report_session(&out, session, true), GW_ERR_FULL);
    gw_buf_clear(&out);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_session_in_every_state),
      TEST(of_nobody_known),
      TEST(a_user),
      TEST(without_memory_or_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
