/* SPDX-License-Identifier: MIT */
/* The growing buffer. */
#include "base/buf.h"

#include "godwit/error.h"
#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void what_is_added_comes_in_order(void **state) {
  (void)state;
  struct gw_buf buf;
  gw_buf_init(&buf, 1000);
  assert_int_equal(gw_buf_add(&buf, "ab", 2), 0);
  assert_int_equal(gw_buf_add_text(&buf, "cd"), 0);
  assert_int_equal(gw_buf_add_str(&buf, GW_STR("ef")), 0);
  assert_int_equal(gw_buf_printf(&buf, "%d-%s", 7, "x"), 0);
  assert_int_equal(buf.len, 9);
  assert_memory_equal(buf.data, "abcdef7-x", 9);
  gw_buf_drop(&buf, 4);
  assert_memory_equal(buf.data, "ef7-x", 5);
  gw_buf_drop(&buf, 100);
  assert_int_equal(buf.len, 0);
  gw_buf_clear(&buf);
  assert_null(buf.data);
  assert_int_equal(buf.cap, 1000);
}

static void cap_is_reached_and_never_passed(void **state) {
  (void)state;
  struct gw_buf buf;
  gw_buf_init(&buf, 100);
  for (int i = 0; i < 100; i++)
    assert_int_equal(gw_buf_add(&buf, "x", 1), 0);
  assert_true(buf.room <= 100);
  assert_int_equal(gw_buf_add(&buf, "x", 1), GW_ERR_FULL);
  assert_int_equal(gw_buf_reserve(&buf, SIZE_MAX), GW_ERR_FULL);
  assert_int_equal(gw_buf_printf(&buf, "%s", "x"), GW_ERR_FULL);
  assert_int_equal(buf.len, 100);
  gw_buf_clear(&buf);
}

static void adding_many_bytes_costs_few_allocations(void **state) {
  (void)state;
  struct gw_buf buf;
  gw_buf_init(&buf, 1 << 20);
  alloc_count_reset();
  for (int i = 0; i < 1 << 20; i++)
    assert_int_equal(gw_buf_add(&buf, "x", 1), 0);
  assert_true(alloc_count() <= 16);
  gw_buf_clear(&buf);
}

static void failed_growth_leaves_all_as_it_was(void **state) {
  (void)state;
  struct gw_buf buf;
  gw_buf_init(&buf, 1000);
  assert_int_equal(gw_buf_add_text(&buf, "kept"), 0);
  alloc_fail_at(1);
  assert_int_equal(gw_buf_reserve(&buf, 500), GW_ERR_MEMORY);
  alloc_fail_at(0);
  assert_int_equal(buf.len, 4);
  assert_memory_equal(buf.data, "kept", 4);
  gw_buf_clear(&buf);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_added_comes_in_order),
      cmocka_unit_test(cap_is_reached_and_never_passed),
      cmocka_unit_test(adding_many_bytes_costs_few_allocations),
      cmocka_unit_test(failed_growth_leaves_all_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
