/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define N(array) (sizeof array / sizeof array[0])

static void a_number_is_digits_up_to_its_most(void **state) {
  (void)state;
  const struct {
    const char *text;
    uint64_t max, value;
  } good[] = {
      {"0", 0, 0},
      {"7", 7, 7},
      {"10", 10, 10},
      {"0010", 10, 10},
      {"65535", 65535, 65535},
      {"18446744073709551615", UINT64_MAX, UINT64_MAX},
      {"00018446744073709551615", UINT64_MAX, UINT64_MAX},
      {"9223372036854775807", INT64_MAX, INT64_MAX},
  };
  for (size_t i = 0; i < N(good); i++) {
    uint64_t value = 77;
    assert_true(gw_str_number(gw_str_of(good[i].text), good[i].max, &value));
    assert_int_equal(value, good[i].value);
  }
}

static void a_decimal_has_no_zeros_before_it(void **state) {
  (void)state;
  uint64_t value = 77;
  const char *const bad[] = {"", "00", "01", "007", "+1", " 1", "0x1", "11"};
  for (size_t i = 0; i < N(bad); i++)
    assert_false(gw_str_decimal(gw_str_of(bad[i]), 10, &value));
  assert_int_equal(value, 77);
  assert_true(gw_str_decimal(gw_str_of("0"), 10, &value));
  assert_int_equal(value, 0);
  assert_true(gw_str_decimal(gw_str_of("10"), 10, &value));
  assert_int_equal(value, 10);
}

static void what_is_no_number_leaves_the_answer_as_it_was(void **state) {
  (void)state;
  const struct {
    const char *text;
    uint64_t max;
  } bad[] = {
      {"", 9},
      {"1", 0},
      {"8", 7},
      {"11", 10},
      {"100", 10},
      {"65536", 65535},
      {"18446744073709551616", UINT64_MAX},
      {"99999999999999999999", UINT64_MAX},
      {"184467440737095516150", UINT64_MAX},
      {"9223372036854775808", INT64_MAX},
      {"-1", 9},
      {"+1", 9},
      {" 1", 9},
      {"1 ", 9},
      {"0x1", 9},
      {"1/", 99},
      {"1:", 99},
      {"\xb1", 99},
  };
  for (size_t i = 0; i < N(bad); i++) {
    uint64_t value = 77;
    assert_false(gw_str_number(gw_str_of(bad[i].text), bad[i].max, &value));
    assert_int_equal(value, 77);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_number_is_digits_up_to_its_most),
      cmocka_unit_test(a_decimal_has_no_zeros_before_it),
      cmocka_unit_test(what_is_no_number_leaves_the_answer_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
