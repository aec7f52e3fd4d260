/* SPDX-License-Identifier: MIT */
/* Publications as JSON, read back by a JSON library. */
#include "transport/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "godwit/error.h"
#include "support/alloc.h"

static struct gw_publication *publication(struct gw_publication_parts parts) {
  parts.channel = GW_STR("room");
  struct gw_publication *made = gw_publication_new(&parts);
  assert_non_null(made);
  made->cursor = (struct gw_cursor){"0aZ9bY8cX7dW", 7};
  made->time = 1795269600123; /* 2026-11-21T14:00:00.123Z */
  return made;
}

/* What is written, as a C string that lives until the next call. */
static const char *written(struct gw_publication_parts parts) {
  static char text[1024];
  struct gw_publication *made = publication(parts);
  const struct gw_bytes *json = gw_json_publication(made);
  assert_non_null(json);
  assert_ptr_equal(gw_json_publication(made), json);
  assert_true(json->len < sizeof text);
  memcpy(text, json->data, json->len);
  text[json->len] = '\0';
  gw_publication_unref(made);
  return text;
}

#define HEAD "{\"offset\":7,\"cursor\":\"0aZ9bY8cX7dW:7\",\"time\":\"2026-11-21T14:00:00.123Z\","

static void text_is_text(void **state) {
  (void)state;
  assert_string_equal(written((struct gw_publication_parts){.payload = GW_STR("hello")}),
                      HEAD "\"text\":\"hello\"}");
  assert_string_equal(written((struct gw_publication_parts){.payload = GW_STR("")}),
                      HEAD "\"text\":\"\"}");
}

static void binary_is_base64(void **state) {
  (void)state;
  assert_string_equal(
      written((struct gw_publication_parts){.payload = GW_STR("\xff\x00"), .is_binary = true}),
      HEAD "\"base64\":\"/wA=\"}");
  assert_string_equal(
      written((struct gw_publication_parts){.payload = GW_STR(""), .is_binary = true}),
      HEAD "\"base64\":\"\"}");
}

static const char *written_json(struct gw_str payload, const char *type) {
  return written(
      (struct gw_publication_parts){.payload = payload, .content_type = gw_str_of(type)});
}

static void json_is_data_on_one_line(void **state) {
  (void)state;
  assert_string_equal(written_json(GW_STR("{\"a\":\r\n [1, 2]}\n"), "application/json"),
                      HEAD "\"data\":{\"a\":   [1, 2]} }");
  assert_string_equal(written_json(GW_STR("\"x\""), "application/vnd.x+json; charset=utf-8"),
                      HEAD "\"data\":\"x\"}");
  assert_string_equal(written_json(GW_STR("123456789012345678901234567890"), "Application/JSON"),
                      HEAD "\"data\":123456789012345678901234567890}");
  assert_string_equal(written_json(GW_STR("1"), "text/plain"), HEAD "\"text\":\"1\"}");
}

static void what_is_no_json_is_text(void **state) {
  (void)state;
  assert_string_equal(written_json(GW_STR("{\"a\":1}}"), "application/json"),
                      HEAD "\"text\":\"{\\\"a\\\":1}}\"}");
  assert_string_equal(written_json(GW_STR("1,\"evil\":2"), "application/json"),
                      HEAD "\"text\":\"1,\\\"evil\\\":2\"}");
  assert_string_equal(written_json(GW_STR("\"a\nb\""), "application/json"),
                      HEAD "\"text\":\"\\\"a\\nb\\\"\"}");
  assert_string_equal(written_json(GW_STR(""), "application/json"), HEAD "\"text\":\"\"}");
}

static void event_and_publisher_are_told(void **state) {
  (void)state;
  struct gw_publication_parts parts = {
      .payload = GW_STR("x"), .event = GW_STR("a\"b"), .from = GW_STR("gr\xc3\xbc\xc3\x9f")};
  assert_string_equal(written(parts),
                      "{\"offset\":7,\"cursor\":\"0aZ9bY8cX7dW:7\",\"event\":\"a\\\"b\","
                      "\"from\":\"gr\xc3\xbc\xc3\x9f\",\"time\":\"2026-11-21T14:00:00.123Z\","
                      "\"text\":\"x\"}");
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  struct gw_publication *made = publication((struct gw_publication_parts){
      .payload = GW_STR("{\"a\": [1, 2, 3]}"), .content_type = GW_STR("application/json")});
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    const struct gw_bytes *json = gw_json_publication(made);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(json == NULL, has_failed);
    if (!has_failed) break;
  }
  gw_publication_unref(made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_text),
      cmocka_unit_test(binary_is_base64),
      cmocka_unit_test(json_is_data_on_one_line),
      cmocka_unit_test(what_is_no_json_is_text),
      cmocka_unit_test(event_and_publisher_are_told),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
