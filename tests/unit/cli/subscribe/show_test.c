/* SPDX-License-Identifier: MIT */
/* A publication in each format, with and without what a transport may not tell. */
#include "cli/subscribe/show.c"

#include "cli/received.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Only terminals need it. */
void gw_show_escaped(FILE *out, const void *data, size_t len, bool keeps_lines) {
  (void)out;
  (void)data;
  (void)len;
  (void)keeps_lines;
  fail();
}

static void expect(const char *format, struct gw_received received, const char *wanted) {
  struct gw_buf out;
  gw_buf_init(&out, 4096);
  assert_int_equal(gw_format_find(format)->write(&out, GW_STR("a\"b"), &received), 0);
  assert_int_equal(gw_buf_add(&out, "", 1), 0);
  assert_string_equal((char *)out.data, wanted);
  gw_buf_clear(&out);
}

static const struct gw_received told = {.cursor = {"E:7", 3},
                                        .event = {"e", 1},
                                        .from = {"ann", 3},
                                        .time = {"2026", 4},
                                        .payload = {"hi\n\x1b", 4}};

static void json_has_what_is_told(void **state) {
  (void)state;
  expect("json", told,
         "{\"channel\":\"a\\\"b\",\"offset\":7,\"cursor\":\"E:7\",\"event\":\"e\",\"from\":\"ann\","
         "\"time\":\"2026\",\"text\":\"hi\\n\\u001b\"}");
  expect("json", (struct gw_received){.payload = GW_STR("")},
         "{\"channel\":\"a\\\"b\",\"text\":\"\"}");
  expect("json", (struct gw_received){.kind = GW_PAYLOAD_BINARY, .payload = GW_STR("\xff\0\n")},
         "{\"channel\":\"a\\\"b\",\"base64\":\"/wAK\"}");
  expect("json", (struct gw_received){.kind = GW_PAYLOAD_JSON, .payload = GW_STR("[1.10,\n2]")},
         "{\"channel\":\"a\\\"b\",\"data\":[1.10, 2]}");
}

static void what_is_no_utf8_is_no_json_string(void **state) {
  (void)state;
  expect("json", (struct gw_received){.event = GW_STR("\xff"), .payload = GW_STR("\xff")},
         "{\"channel\":\"a\\\"b\",\"base64\":\"/w==\"}");
}

static void lines_have_the_payload_as_it_came(void **state) {
  (void)state;
  expect("payload", told, "hi\n\x1b");
  expect("full", told, "a\"b\tE:7\te\tann\thi\n\x1b");
  expect("full", (struct gw_received){.payload = GW_STR("x")}, "a\"b\t-\t-\t-\tx");
  assert_null(gw_format_find("xml"));
}

static void presence_is_an_object(void **state) {
  (void)state;
  struct gw_buf out;
  gw_buf_init(&out, 4096);
  assert_int_equal(gw_format_presence(&out, GW_STR("a"), true, GW_STR("ann")), 0);
  assert_int_equal(gw_format_presence(&out, GW_STR("a"), false, GW_STR("b")), 0);
  assert_memory_equal(
      out.data, "{\"channel\":\"a\",\"join\":\"ann\"}{\"channel\":\"a\",\"leave\":\"b\"}", out.len);
  gw_buf_clear(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_has_what_is_told),
      cmocka_unit_test(what_is_no_utf8_is_no_json_string),
      cmocka_unit_test(lines_have_the_payload_as_it_came),
      cmocka_unit_test(presence_is_an_object),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
