/* SPDX-License-Identifier: MIT */
/* A thread's scratch is given back when it has grown large, and keys do not repeat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec/ws/shared.h"
#include "support/alloc.h"

static void scratch_is_kept_while_it_is_small(void **state) {
  (void)state;
  struct gw_ws_shared *shared;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  alloc_count_reset();
  for (size_t len = 0; len < 16000; len += 1000)
    assert_non_null(gw_ws_shared_scratch(shared, len));
  assert_int_equal(alloc_count(), 1);
  assert_non_null(gw_ws_shared_scratch(shared, 1 << 20));
  assert_non_null(gw_ws_shared_scratch(shared, 1 << 20));
  assert_int_equal(alloc_count(), 2);
  assert_non_null(gw_ws_shared_scratch(shared, 10));
  assert_true(shared->scratch_room < 100000);
  alloc_fail_at(1);
  assert_null(gw_ws_shared_scratch(shared, 1 << 20));
  alloc_fail_at(0);
  assert_non_null(gw_ws_shared_scratch(shared, 10));
  gw_ws_shared_free(shared);
}

static void keys_do_not_repeat(void **state) {
  (void)state;
  struct gw_ws_shared *shared;
  uint8_t keys[400][4];
  unsigned same = 0;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  for (int i = 0; i < 400; i++) {
    assert_int_equal(gw_ws_shared_key(shared, keys[i]), 0);
    for (int j = 0; j < i; j++)
      same += memcmp(keys[i], keys[j], 4) == 0;
  }
  assert_true(same < 2); /* by chance one pair in 50,000 runs */
  gw_ws_shared_free(shared);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scratch_is_kept_while_it_is_small),
      cmocka_unit_test(keys_do_not_repeat),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
