/* SPDX-License-Identifier: MIT */
/* What content types say about payloads. */
#include "transport/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_json(const char *type) {
  return gw_content_is_json(gw_str_of(type));
}

static bool is_text(const char *type) {
  return gw_content_is_text(gw_str_of(type));
}

static void json_types(void **state) {
  (void)state;
  assert_true(is_json("application/json"));
  assert_true(is_json("Application/JSON ; charset=utf-8"));
  assert_true(is_json("application/ld+json"));
  assert_false(is_json("application/jsonp"));
  assert_false(is_json("text/plain; x=application/json"));
  assert_false(is_json("+json"));
  assert_false(is_json(""));
}

static void text_types(void **state) {
  (void)state;
  assert_true(is_text("text/html"));
  assert_true(is_text("TEXT/PLAIN;charset=x"));
  assert_true(is_text("application/x-www-form-urlencoded"));
  assert_true(is_text("image/svg+xml"));
  assert_true(is_text("application/json"));
  assert_true(is_text(""));
  assert_true(gw_content_is_text((struct gw_str){NULL, 0}));
  assert_false(is_text("application/octet-stream"));
  assert_false(is_text("image/png"));
  assert_false(is_text("application/x-protobuf"));
  assert_false(is_text("text/"));
}

static void text_is_binary_where_it_is_no_utf8(void **state) {
  (void)state;
  assert_false(gw_content_is_binary(GW_STR("text/plain"), GW_STR("gr\xc3\xbc\xc3\x9f")));
  assert_true(gw_content_is_binary(GW_STR("text/plain; charset=latin1"), GW_STR("gr\xfc\xdf")));
  assert_true(gw_content_is_binary(GW_STR("image/png"), GW_STR("looks like text")));
  assert_false(gw_content_is_binary((struct gw_str){NULL, 0}, (struct gw_str){NULL, 0}));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_types),
      cmocka_unit_test(text_types),
      cmocka_unit_test(text_is_binary_where_it_is_no_utf8),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
