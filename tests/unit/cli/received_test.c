/* SPDX-License-Identifier: MIT */
/* What the server says in JSON, and that payloads come out of it as they were written. */
#include "cli/received.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct gw_received_reader reader;
static struct gw_received received;

static void assert_str(struct gw_str s, const char *text) {
  assert_non_null(s.at);
  assert_int_equal(s.len, strlen(text));
  assert_memory_equal(s.at, text, s.len);
}

static void read_one(const char *json) {
  assert_int_equal(gw_received_read(&reader, gw_str_of(json), &received), 0);
}

static void a_publication_is_read(void **state) {
  (void)state;
  read_one("{\"offset\":7,\"cursor\":\"E:7\",\"event\":\"x \\\"y\\\"\",\"from\":\"ann\","
           "\"time\":\"2026\",\"text\":\"a\\u0000\\n\\ud83d\\ude00\"}");
  assert_str(received.cursor, "E:7");
  assert_str(received.event, "x \"y\"");
  assert_str(received.from, "ann");
  assert_str(received.time, "2026");
  assert_int_equal(received.kind, GW_PAYLOAD_TEXT);
  assert_int_equal(received.payload.len, 7);
  assert_memory_equal(received.payload.at, "a\0\n\xF0\x9F\x98\x80", 7);
  read_one("{\"cursor\":\"E:8\",\"base64\":\"/wAK\"}");
  assert_null(received.event.at);
  assert_int_equal(received.kind, GW_PAYLOAD_BINARY);
  assert_int_equal(received.payload.len, 3);
  assert_memory_equal(received.payload.at, "\xff\0\n", 3);
  read_one("{\"cursor\":\"E:8\",\"base64\":\"\"}");
  assert_int_equal(received.payload.len, 0);
  gw_received_reader_clear(&reader);
}

static void json_comes_out_as_it_was_written(void **state) {
  (void)state;
  static const char *const payloads[] = {"1.10",
                                         "123456789012345678901234567890",
                                         "-0",
                                         "null",
                                         "\"a,}]\\\"\\\\\"",
                                         "{\"data\":[1,{\"x\":\"}\"}],\"y\":1e5}",
                                         "[ 1, \"]\" , [] ]",
                                         "{}"};
  char text[256];
  for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
    snprintf(text, sizeof text,
             " { \"x\" : {\"data\": 5}, \"cursor\" :\"E:1\", \"data\" : %s , \"y\":1}",
             payloads[i]);
    read_one(text);
    assert_int_equal(received.kind, GW_PAYLOAD_JSON);
    assert_str(received.payload, payloads[i]);
  }
  gw_received_reader_clear(&reader);
}

static void what_is_no_publication(void **state) {
  (void)state;
  static const char *const wrong[] = {"", "{", "nonsense",
                                      "{\"cursor\":\"E:1\",\"text\":\"\xff\"}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(gw_received_read(&reader, gw_str_of(wrong[i]), &received), GW_ERR_ARGUMENT);
  assert_int_equal(
      gw_received_read(&reader, GW_STR("{\"cursor\":\"E:1\",\"base64\":\"?\"}"), &received),
      GW_ERR_ARGUMENT);
  static const char *const other[] = {"[]", "{}", "{\"recovered\":false}", "{\"cursor\":\"E:1\"}",
                                      "{\"cursor\":5,\"text\":\"x\"}"};
  for (size_t i = 0; i < sizeof other / sizeof *other; i++)
    assert_int_equal(gw_received_read(&reader, gw_str_of(other[i]), &received), 1);
  gw_received_reader_clear(&reader);
}

static void an_answer_is_cut_into_publications(void **state) {
  (void)state;
  struct gw_received_news news;
  struct gw_received_reader answer = {0};
  struct gw_str element;
  assert_int_equal(
      gw_received_news_read(&answer,
                            GW_STR("{\"channel\":\"a\",\"cursor\":\"E:9\",\"recovered\":false,"
                                   "\"missed\":3,\"publications\":[{\"cursor\":\"E:8\","
                                   "\"text\":\"],[\"},\n{\"cursor\":\"E:9\",\"data\":[1,2]}]}\n"),
                            &news),
      0);
  assert_str(news.cursor, "E:9");
  assert_true(news.is_gap);
  assert_true(news.has_missed);
  assert_int_equal(news.missed, 3);
  assert_true(gw_json_next_element(&news.publications, &element));
  assert_int_equal(gw_received_read(&reader, element, &received), 0);
  assert_str(received.payload, "],[");
  assert_true(gw_json_next_element(&news.publications, &element));
  assert_int_equal(gw_received_read(&reader, element, &received), 0);
  assert_str(received.payload, "[1,2]");
  assert_false(gw_json_next_element(&news.publications, &element));
  assert_int_equal(
      gw_received_news_read(
          &answer, GW_STR("{\"cursor\":\"E:0\",\"recovered\":true,\"publications\":[ ]}"), &news),
      0);
  assert_false(news.is_gap);
  assert_false(gw_json_next_element(&news.publications, &element));
  assert_int_equal(gw_received_news_read(&answer, GW_STR("x"), &news), GW_ERR_ARGUMENT);
  gw_received_reader_clear(&answer);
  gw_received_reader_clear(&reader);
}

static void a_cursor_has_its_offset(void **state) {
  (void)state;
  assert_int_equal(gw_cursor_offset(GW_STR("abc:42")), 42);
  assert_int_equal(gw_cursor_offset(GW_STR("abc")), 0);
  assert_int_equal(gw_cursor_offset(GW_STR("42")), 0);
  assert_int_equal(gw_cursor_offset(GW_STR("a:")), 0);
  assert_int_equal(gw_cursor_offset(GW_STR("")), 0);
  assert_int_equal(gw_cursor_offset(GW_STR("a:99999999999999999999999999")), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_publication_is_read),
      cmocka_unit_test(json_comes_out_as_it_was_written),
      cmocka_unit_test(what_is_no_publication),
      cmocka_unit_test(an_answer_is_cut_into_publications),
      cmocka_unit_test(a_cursor_has_its_offset),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
