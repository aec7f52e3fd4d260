/* SPDX-License-Identifier: MIT */
/* Shared bytes. */
#include "base/bytes.h"

#include "support/alloc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void copy_holds_the_bytes(void **state) {
  (void)state;
  struct gw_bytes *bytes = gw_bytes_copy("hello", 5);
  assert_non_null(bytes);
  assert_int_equal(bytes->len, 5);
  assert_memory_equal(bytes->data, "hello", 5);
  assert_ptr_equal(gw_bytes_ref(bytes), bytes);
  gw_bytes_unref(bytes);
  assert_memory_equal(bytes->data, "hello", 5);
  gw_bytes_unref(bytes);
}

static void nothing_can_be_held_too(void **state) {
  (void)state;
  struct gw_bytes *bytes = gw_bytes_copy(NULL, 0);
  assert_non_null(bytes);
  gw_bytes_unref(bytes);
  gw_bytes_unref(NULL);
}

static void impossible_sizes_and_failing_memory_give_null(void **state) {
  (void)state;
  assert_null(gw_bytes_new(SIZE_MAX));
  alloc_fail_at(1);
  assert_null(gw_bytes_copy("x", 1));
  alloc_fail_at(0);
}

static void *ref_and_unref(void *arg) {
  for (int i = 0; i < 20000; i++) {
    gw_bytes_ref(arg);
    gw_bytes_unref(arg);
  }
  gw_bytes_unref(arg);
  return NULL;
}

static void threads_share_by_count(void **state) {
  (void)state;
  pthread_t threads[4];
  struct gw_bytes *bytes = gw_bytes_new(100);
  for (int i = 0; i < 4; i++) {
    gw_bytes_ref(bytes);
    assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, bytes), 0);
  }
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(atomic_load(&bytes->refs), 1);
  gw_bytes_unref(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(copy_holds_the_bytes),
      cmocka_unit_test(nothing_can_be_held_too),
      cmocka_unit_test(impossible_sizes_and_failing_memory_give_null),
      cmocka_unit_test(threads_share_by_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
