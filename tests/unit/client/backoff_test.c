/* SPDX-License-Identifier: MIT */
/* Waits lie in the upper half of a step that doubles; close codes that end it are known. */
#include "client/backoff.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_wait_doubles_up_to_its_limit(void **state) {
  (void)state;
  static const unsigned steps[] = {100, 200, 400, 800, 1000, 1000};
  for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
    for (unsigned n = 0; n < 200; n++)
      assert_in_range(gw_backoff_ms(100, 1000, i), steps[i] / 2, steps[i]);
  assert_in_range(gw_backoff_ms(100, 1000, 4000000000u), 500, 1000);
  assert_in_range(gw_backoff_ms(4000000000u, 4000000000u, 15), 2000000000u, 4000000000u);
  assert_int_equal(gw_backoff_ms(0, 0, 0), 1);
}

static void many_waits_are_not_one(void **state) {
  (void)state;
  unsigned first = gw_backoff_ms(100000, 100000, 0), different = 0;
  for (unsigned n = 0; n < 20; n++)
    different += gw_backoff_ms(100000, 100000, 0) != first;
  assert_true(different > 10);
}

static void close_codes_say_whether_to_come_back(void **state) {
  (void)state;
  static const unsigned yes[] = {1001, 1005, 1006, 1011, 1012, 1013, 4399, 4500, 4501, 4504};
  static const unsigned no[] = {1000, 1002, 1003, 1007, 1008, 1009, 1010, 4400, 4401, 4403, 4499};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    assert_true(gw_backoff_is_allowed(yes[i]));
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    assert_false(gw_backoff_is_allowed(no[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_wait_doubles_up_to_its_limit),
      cmocka_unit_test(many_waits_are_not_one),
      cmocka_unit_test(close_codes_say_whether_to_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
