/* SPDX-License-Identifier: MIT */
/* Walking over JSON: values come as they are written, and nothing is read beyond the end. */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void elements(void **state) {
  (void)state;
  const char *values[] = {"1",
                          "-12345678901234567890.5e+3",
                          "\"a,]\\\"\\\\\"",
                          "[1, [2,\"]\"]]",
                          "{\"}\":1}",
                          "null",
                          "\"\"",
                          "[]"};
  char text[256] = " [ ";
  size_t n = sizeof values / sizeof *values;
  for (size_t i = 0; i < n; i++) {
    strncat(text, values[i], 60);
    strncat(text, i + 1 < n ? " ,\n" : " ]\r\n", 8);
  }
  struct gw_str rest = gw_json_inside(gw_str_of(text), '['), value;
  assert_non_null(rest.at);
  for (size_t i = 0; i < n; i++) {
    assert_true(gw_json_next_element(&rest, &value));
    assert_true(gw_str_is(value, values[i]));
  }
  assert_false(gw_json_next_element(&rest, &value));
}

static void members(void **state) {
  (void)state;
  struct gw_str rest = gw_json_inside(gw_str_of("{\"a\" : 1,\"b:\\\"\":{\"c\":[2]} , \"\":\"x\"}"),
                                      '{'),
                name, value;
  const char *wanted[][2] = {{"\"a\"", "1"}, {"\"b:\\\"\"", "{\"c\":[2]}"}, {"\"\"", "\"x\""}};
  for (size_t i = 0; i < 3; i++) {
    assert_true(gw_json_next_member(&rest, &name, &value));
    assert_true(gw_str_is(name, wanted[i][0]));
    assert_true(gw_str_is(value, wanted[i][1]));
  }
  assert_false(gw_json_next_member(&rest, &name, &value));
}

static void empty_and_other_values(void **state) {
  (void)state;
  struct gw_str rest = gw_json_inside(gw_str_of("[ ]"), '['), value, name;
  assert_non_null(rest.at);
  assert_false(gw_json_next_element(&rest, &value));
  rest = gw_json_inside(gw_str_of("{}"), '{');
  assert_non_null(rest.at);
  assert_false(gw_json_next_member(&rest, &name, &value));
  assert_null(gw_json_inside(gw_str_of("{}"), '[').at);
  assert_null(gw_json_inside(gw_str_of("\"[]\""), '[').at);
  assert_null(gw_json_inside(gw_str_of(""), '[').at);
}

static void compact(void **state) {
  (void)state;
  const char *text = "{ \"a b\" : [ 1.0 ,\n\ttrue, \"\\\" \" ] }\r\n";
  char out[64];
  size_t len = gw_json_compact(gw_str_of(text), out);
  assert_true(gw_str_is((struct gw_str){out, len}, "{\"a b\":[1.0,true,\"\\\" \"]}"));
}

/* What no parser has looked at ends, too, within its bytes (and under ASan in its own block). */
static void any_bytes(void **state) {
  (void)state;
  static const char letters[] = "[]{}\",:\\ a";
  uint32_t random = 1;
  for (int round = 0; round < 20000; round++) {
    size_t len = (size_t)round % 12;
    char *text = malloc(len + 1), out[16];
    for (size_t i = 0; i < len; i++) {
      random = random * 1664525 + 1013904223;
      text[i] = letters[(random >> 24) % (sizeof letters - 1)];
    }
    struct gw_str whole = {text, len}, name, value;
    for (const char *bracket = "[{"; *bracket; bracket++) {
      struct gw_str rest = gw_json_inside(whole, *bracket), other = rest;
      while (rest.at && gw_json_next_element(&rest, &value))
        continue;
      while (other.at && gw_json_next_member(&other, &name, &value))
        continue;
    }
    assert_true(gw_json_compact(whole, out) <= len);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(elements), cmocka_unit_test(members),
                                     cmocka_unit_test(empty_and_other_values),
                                     cmocka_unit_test(compact), cmocka_unit_test(any_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
