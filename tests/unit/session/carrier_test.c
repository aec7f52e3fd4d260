/* SPDX-License-Identifier: MIT */
/* The words of the close codes. */
#include "session/carrier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void each_code_has_its_words(void **state) {
  (void)state;
  assert_string_equal(gw_close_code_text(GW_CLOSE_SLOW), "slow consumer");
  assert_string_equal(gw_close_code_text((enum gw_close_code)0), "");
#define CHECK(name, number, text)                                                                  \
  assert_int_equal(GW_CLOSE_##name, number);                                                       \
  assert_true(strlen(gw_close_code_text(GW_CLOSE_##name)) <= 123); /* RFC 6455 section 5.5 */
  GW_CLOSE_CODES(CHECK)
#undef CHECK
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_code_has_its_words)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
