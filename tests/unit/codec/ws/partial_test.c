/* SPDX-License-Identifier: MIT */
/* The memory of what is not whole yet: how it grows, and what of it is given away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec/ws/partial.h"
#include "support/alloc.h"
#include "support/ws_kind.h"

static const struct gw_ws_options options;

static struct gw_ws_partial *make(void) {
  struct gw_ws ws;
  gw_ws_init(&ws, ws_kind(options, NULL), NULL);
  assert_int_equal(gw_ws_partial_need(&ws), 0);
  return ws.partial;
}

static void grows_with_what_came(void **state) {
  (void)state;
  struct gw_ws_partial *partial = make();
  size_t expected = 1000000;
  assert_int_equal(gw_ws_partial_reserve(partial, 10, expected), 4096);
  partial->bytes->len = 4096;
  assert_int_equal(gw_ws_partial_reserve(partial, 1000, expected - 4096), 2 * 5096 - 4096);
  partial->bytes->len = 600000;
  partial->room = 600000;
  assert_int_equal(gw_ws_partial_reserve(partial, 1, expected - 600000), 400000);
  gw_ws_partial_free(partial);
}

static void never_grows_beyond_what_is_expected(void **state) {
  (void)state;
  struct gw_ws_partial *partial = make();
  alloc_count_reset();
  assert_int_equal(gw_ws_partial_reserve(partial, 5, 7), 7);
  assert_true(alloc_largest() <= sizeof(struct gw_bytes) + 7);
  assert_int_equal(gw_ws_partial_reserve(partial, 7, 7), 7);
  gw_ws_partial_free(partial);
}

static void many_small_pieces_cost_few_allocations(void **state) {
  (void)state;
  struct gw_ws_partial *partial = make();
  alloc_count_reset();
  for (size_t i = 0; i < 1000000; i++) {
    assert_true(gw_ws_partial_reserve(partial, 1, 2000000 - i) > 0);
    partial->bytes->len++;
  }
  assert_true(alloc_count() <= 10);
  gw_ws_partial_free(partial);
}

static void gives_what_it_holds_and_no_more(void **state) {
  (void)state;
  struct gw_ws_partial *partial = make();
  gw_ws_partial_reserve(partial, 100, 100000);
  memcpy(partial->bytes->data, "abc", 3);
  partial->bytes->len = 3;
  alloc_count_reset();
  struct gw_bytes *bytes = gw_ws_partial_give(partial);
  assert_int_equal(alloc_largest(), sizeof(struct gw_bytes) + 3);
  assert_int_equal(bytes->len, 3);
  assert_memory_equal(bytes->data, "abc", 3);
  gw_bytes_unref(bytes);
  assert_null(partial->bytes);
  /* and all the same where shrinking fails */
  gw_ws_partial_reserve(partial, 100, 100000);
  partial->bytes->len = 5;
  alloc_fail_at(1);
  bytes = gw_ws_partial_give(partial);
  alloc_fail_at(0);
  assert_int_equal(bytes->len, 5);
  gw_bytes_unref(bytes);
  gw_ws_partial_free(partial);
}

static void no_memory_is_told(void **state) {
  (void)state;
  struct gw_ws ws;
  gw_ws_init(&ws, ws_kind(options, NULL), NULL);
  alloc_fail_at(1);
  assert_int_equal(gw_ws_partial_need(&ws), GW_ERR_MEMORY);
  struct gw_ws_partial *partial = make();
  alloc_fail_at(1);
  assert_int_equal(gw_ws_partial_reserve(partial, 1, 10), 0);
  assert_int_equal(gw_ws_partial_reserve(partial, 1, 10), 10);
  partial->bytes->len = 10;
  alloc_fail_at(1);
  assert_int_equal(gw_ws_partial_reserve(partial, 1, 10), 0);
  alloc_fail_at(0);
  gw_ws_partial_free(partial);
  gw_ws_partial_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grows_with_what_came),
      cmocka_unit_test(never_grows_beyond_what_is_expected),
      cmocka_unit_test(many_small_pieces_cost_few_allocations),
      cmocka_unit_test(gives_what_it_holds_and_no_more),
      cmocka_unit_test(no_memory_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
