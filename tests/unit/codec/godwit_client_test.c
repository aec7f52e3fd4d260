/* SPDX-License-Identifier: MIT */
/* Every line of the contract, as a client reads it. */
#include "codec/godwit_client.c"

#include "godwit/error.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct gw_godwit_message m;

static void read_text(const char *text) {
  assert_int_equal(gw_godwit_message_read(gw_str_of(text), &m), 0);
}

static void assert_str(struct gw_str s, const char *text) {
  assert_int_equal(s.len, strlen(text));
  if (s.len) assert_memory_equal(s.at, text, s.len);
}

static void a_session_is_welcomed(void **state) {
  (void)state;
  read_text("welcome session=S1 user=ann version=1 ping=25 resumed=yes");
  assert_int_equal(m.said, GW_GODWIT_WELCOME);
  assert_str(m.session, "S1");
  assert_str(m.user, "ann");
  assert_true(m.is_resumed);
  assert_null(m.body.at);
  read_text("welcome session=S2 version=1 ping=25");
  assert_null(m.user.at);
  assert_false(m.is_resumed);
}

static void a_subscription_tells_where_it_stands(void **state) {
  (void)state;
  read_text("subscribed a%20b cursor=E:7 recovered=no missed=12 id=3");
  assert_int_equal(m.said, GW_GODWIT_SUBSCRIBED);
  assert_str(m.channel, "a%20b");
  assert_str(m.cursor, "E:7");
  assert_str(m.id, "3");
  assert_false(m.is_recovered);
  assert_true(m.has_missed);
  assert_int_equal(m.missed, 12);
  read_text("subscribed c cursor=E:7 recovered=yes");
  assert_true(m.is_recovered);
  assert_false(m.has_missed);
}

static void a_publication_has_its_words_and_a_body(void **state) {
  (void)state;
  read_text("msg lobby E:8 event=tick%201 from=bob\nhello\nworld");
  assert_int_equal(m.said, GW_GODWIT_MSG);
  assert_str(m.channel, "lobby");
  assert_str(m.cursor, "E:8");
  assert_str(m.event, "tick%201");
  assert_str(m.from, "bob");
  assert_str(m.body, "hello\nworld");
  read_text("msg lobby E:8\n");
  assert_non_null(m.body.at);
  assert_int_equal(m.body.len, 0);
  read_text("direct E:9 from=bob\nhi");
  assert_int_equal(m.said, GW_GODWIT_DIRECT);
  assert_str(m.cursor, "E:9");
  read_text("join lobby ann");
  assert_int_equal(m.said, GW_GODWIT_JOIN);
  assert_str(m.user, "ann");
  read_text("leave lobby ann");
  assert_int_equal(m.said, GW_GODWIT_LEAVE);
}

static void users_are_told_with_their_sessions(void **state) {
  (void)state;
  read_text("users lobby id=w sessions=3 users=1\nann 2");
  assert_int_equal(m.said, GW_GODWIT_USERS);
  assert_str(m.channel, "lobby");
  assert_int_equal(m.sessions, 3);
  assert_str(m.body, "ann 2");
}

static void refusals_have_a_code_and_a_reason(void **state) {
  (void)state;
  read_text("error 403 id=5 you may not hear this=that");
  assert_int_equal(m.said, GW_GODWIT_ERROR);
  assert_str(m.code, "403");
  assert_str(m.id, "5");
  assert_str(m.reason, "you may not hear this=that");
  read_text("bye 4501 retry=1500 draining");
  assert_int_equal(m.said, GW_GODWIT_BYE);
  assert_int_equal(m.retry_ms, 1500);
  assert_str(m.reason, "draining");
  read_text("error 400");
  assert_null(m.reason.at);
}

static void what_a_later_version_says_is_passed_over(void **state) {
  (void)state;
  read_text("shout x y=z\nbody");
  assert_int_equal(m.said, GW_GODWIT_UNKNOWN);
  read_text("");
  assert_int_equal(m.said, GW_GODWIT_UNKNOWN);
  read_text("ok id=1 colour=red more");
  assert_int_equal(m.said, GW_GODWIT_OK);
}

static void a_line_without_its_words_is_wrong(void **state) {
  (void)state;
  static const char *const texts[] = {"msg",
                                      "msg a",
                                      "msg a \nx",
                                      "join a",
                                      "subscribed",
                                      "subscribed a missed=x",
                                      "subscribed a missed=",
                                      "users a sessions=-1",
                                      "bye",
                                      "bye 1 retry=99999999999999999999 x"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (gw_godwit_message_read(gw_str_of(texts[i]), &m) != GW_ERR_ARGUMENT)
      fail_msg("taken: %s", texts[i]);
}

static void words_are_written_as_they_are_read(void **state) {
  (void)state;
  struct gw_buf out;
  char text[64];
  gw_buf_init(&out, 1000);
  assert_int_equal(gw_godwit_sub_write(&out, GW_STR("a b%\n\xC3\xBC"), GW_STR("E:7")), 0);
  assert_str((struct gw_str){(char *)out.data, out.len}, "sub a%20b%25%0A\xC3\xBC after=E:7");
  assert_int_equal(gw_godwit_text(GW_STR("a%20b%25%0A\xC3\xBC"), text, sizeof text), 7);
  assert_string_equal(text, "a b%\n\xC3\xBC");
  gw_buf_clear(&out);
  assert_int_equal(gw_godwit_sub_write(&out, GW_STR("a"), (struct gw_str){NULL, 0}), 0);
  assert_str((struct gw_str){(char *)out.data, out.len}, "sub a");
  gw_buf_clear(&out);
  assert_true(gw_godwit_text(GW_STR("abc"), text, 3) < 0);
  assert_true(gw_godwit_text(GW_STR("%4"), text, sizeof text) < 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_session_is_welcomed),
      cmocka_unit_test(a_subscription_tells_where_it_stands),
      cmocka_unit_test(a_publication_has_its_words_and_a_body),
      cmocka_unit_test(users_are_told_with_their_sessions),
      cmocka_unit_test(refusals_have_a_code_and_a_reason),
      cmocka_unit_test(what_a_later_version_says_is_passed_over),
      cmocka_unit_test(a_line_without_its_words_is_wrong),
      cmocka_unit_test(words_are_written_as_they_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
