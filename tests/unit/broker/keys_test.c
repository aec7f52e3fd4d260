/* SPDX-License-Identifier: MIT */
/* The keys of one channel: found, expired, capped. */
#include "broker/keys.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "support/alloc.h"

static struct gw_keys *keys;

static int setup(void **state) {
  (void)state;
  keys = gw_keys_new();
  return keys ? 0 : -1;
}

static int teardown(void **state) {
  (void)state;
  gw_keys_free(keys);
  return 0;
}

static struct gw_key *add(const char *text, uint64_t now) {
  struct gw_key *key = NULL;
  assert_int_equal(gw_keys_add(keys, gw_str_of(text), now, &key), 0);
  return key;
}

static void keys_are_found_until_they_are_too_old(void **state) {
  (void)state;
  assert_int_equal(gw_keys_expire(keys, 0), -1);
  struct gw_key *one = add("one", 100);
  struct gw_key *two = add("two", 300);
  assert_ptr_equal(gw_keys_find(keys, GW_STR("one")), one);
  assert_null(gw_keys_find(keys, GW_STR("three")));
  assert_int_equal(gw_keys_expire(keys, 100 + GW_KEY_MS - 1), 1);
  assert_int_equal(gw_keys_expire(keys, 100 + GW_KEY_MS), 200);
  assert_null(gw_keys_find(keys, GW_STR("one")));
  assert_ptr_equal(gw_keys_find(keys, GW_STR("two")), two);
  assert_int_equal(gw_keys_expire(keys, 300 + GW_KEY_MS), -1);
  assert_int_equal(keys->bytes, 0);
}

static void a_dropped_key_is_unknown(void **state) {
  (void)state;
  struct gw_key *one = add("one", 0);
  gw_keys_drop(keys, one);
  assert_null(gw_keys_find(keys, GW_STR("one")));
  assert_int_equal(keys->bytes, 0);
  assert_int_equal(gw_keys_expire(keys, 0), -1);
}

static void their_number_is_capped(void **state) {
  (void)state;
  char text[16];
  struct gw_key *key;
  for (unsigned i = 0; i < MAX_KEYS; i++) {
    snprintf(text, sizeof text, "%u", i);
    add(text, i);
  }
  assert_int_equal(gw_keys_add(keys, GW_STR("more"), 0, &key), GW_ERR_FULL);
  gw_keys_expire(keys, GW_KEY_MS);
  add("more", GW_KEY_MS);
}

static void their_bytes_are_capped(void **state) {
  (void)state;
  char text[256];
  memset(text, 'k', sizeof text);
  text[255] = '\0';
  int err = 0;
  unsigned n = 0;
  for (struct gw_key *key; err == 0; n += err == 0) {
    char number[8];
    int len = snprintf(number, sizeof number, "%u", n);
    memcpy(text, number, (size_t)len);
    err = gw_keys_add(keys, gw_str_of(text), 0, &key);
  }
  assert_int_equal(err, GW_ERR_FULL);
  assert_in_range(n, 40000, MAX_KEYS - 1);
  assert_true(keys->bytes <= MAX_BYTES);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  struct gw_key *key;
  for (size_t nth = 1; nth <= 2; nth++) {
    alloc_fail_at(nth);
    assert_int_equal(gw_keys_add(keys, GW_STR("one"), 0, &key), GW_ERR_MEMORY);
    alloc_fail_at(0);
    assert_null(gw_keys_find(keys, GW_STR("one")));
    assert_int_equal(keys->bytes, 0);
  }
  add("one", 0);
  alloc_fail_at(1);
  assert_null(gw_keys_new());
  alloc_fail_at(0);
  gw_keys_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(keys_are_found_until_they_are_too_old),
      TEST(a_dropped_key_is_unknown),
      TEST(their_number_is_capped),
      TEST(their_bytes_are_capped),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
