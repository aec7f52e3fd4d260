/* SPDX-License-Identifier: MIT */
/* The hash map against a plain array of flags. */
#include "base/map.h"

#include "godwit/error.h"
#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 500 };

static char keys[KEYS][24];

static struct gw_str key(size_t i) {
  return gw_str_of(keys[i]);
}

static struct gw_str text_of(const void *value) {
  return gw_str_of(value);
}

static int name_keys(void **state) {
  (void)state;
  for (int i = 0; i < KEYS; i++)
    snprintf(keys[i], sizeof keys[i], "channel:%d", i);
  return 0;
}

static void map_does_what_a_plain_array_does(void **state) {
  (void)state;
  struct gw_map map;
  bool is_in[KEYS] = {false};
  size_t count = 0;
  gw_map_init(&map, text_of);
  srandom(1);
  for (int step = 0; step < 50000; step++) {
    size_t i = (size_t)random() % KEYS;
    bool wants_in = random() % 1000 < (step / 5000 % 2 ? 200 : 800); /* fills, empties, fills … */
    assert_ptr_equal(gw_map_get(&map, key(i)), is_in[i] ? keys[i] : NULL);
    if (wants_in && !is_in[i]) {
      assert_int_equal(gw_map_add(&map, keys[i]), 0);
      is_in[i] = true;
      count++;
    } else if (!wants_in) {
      assert_ptr_equal(gw_map_remove(&map, key(i)), is_in[i] ? keys[i] : NULL);
      if (is_in[i]) count--;
      is_in[i] = false;
    }
    assert_int_equal(map.count, count);
  }
  gw_map_clear(&map);
}

static void walk_meets_each_member_once(void **state) {
  (void)state;
  struct gw_map map;
  bool is_met[KEYS] = {false};
  size_t at = 0, met = 0;
  gw_map_init(&map, text_of);
  assert_null(gw_map_next(&map, &at));
  for (size_t i = 0; i < KEYS; i++)
    assert_int_equal(gw_map_add(&map, keys[i]), 0);
  for (char *value; (value = gw_map_next(&map, &at)); met++) {
    size_t i = (size_t)(value - keys[0]) / sizeof keys[0];
    assert_false(is_met[i]);
    is_met[i] = true;
  }
  assert_int_equal(met, KEYS);
  gw_map_clear(&map);
}

static void memory_goes_back_when_it_has_emptied(void **state) {
  (void)state;
  struct gw_map map;
  gw_map_init(&map, text_of);
  for (size_t i = 0; i < KEYS; i++)
    assert_int_equal(gw_map_add(&map, keys[i]), 0);
  size_t room = map.room;
  for (size_t i = 0; i < KEYS - 1; i++)
    assert_non_null(gw_map_remove(&map, key(i)));
  assert_true(map.room <= room / 8);
  assert_ptr_equal(gw_map_get(&map, key(KEYS - 1)), keys[KEYS - 1]);
  assert_non_null(gw_map_remove(&map, key(KEYS - 1)));
  assert_null(map.values);
}

static struct gw_str pointed_at(const void *value) {
  return *(const struct gw_str *)value;
}

static void any_bytes_are_a_key_also_none(void **state) {
  (void)state;
  struct gw_map map;
  struct gw_str nul = {"a\0b", 3}, none = {"", 0};
  gw_map_init(&map, pointed_at);
  assert_int_equal(gw_map_add(&map, &nul), 0);
  assert_int_equal(gw_map_add(&map, &none), 0);
  assert_ptr_equal(gw_map_get(&map, (struct gw_str){"a\0b", 3}), &nul);
  assert_null(gw_map_get(&map, (struct gw_str){"a\0c", 3}));
  assert_ptr_equal(gw_map_get(&map, (struct gw_str){"x", 0}), &none);
  gw_map_clear(&map);
}

static void a_member_costs_little(void **state) {
  (void)state;
  struct gw_map map;
  gw_map_init(&map, text_of);
  alloc_count_reset();
  for (size_t i = 0; i < KEYS; i++) {
    assert_int_equal(gw_map_add(&map, keys[i]), 0);
    assert_true(map.count < map.room);
    if (i >= 8) assert_true(alloc_largest() <= (i + 1) * 28);
  }
  gw_map_clear(&map);
}

static void failed_growth_leaves_all_as_it_was(void **state) {
  (void)state;
  struct gw_map map;
  gw_map_init(&map, text_of);
  alloc_fail_at(1);
  assert_int_equal(gw_map_add(&map, keys[0]), GW_ERR_MEMORY);
  alloc_fail_at(0);
  for (size_t i = 0; i < 13; i++)
    assert_int_equal(gw_map_add(&map, keys[i]), 0);
  alloc_fail_at(1);
  assert_int_equal(gw_map_add(&map, keys[13]), GW_ERR_MEMORY);
  alloc_fail_at(0);
  for (size_t i = 0; i < 13; i++)
    assert_ptr_equal(gw_map_get(&map, key(i)), keys[i]);
  assert_null(gw_map_get(&map, key(13)));
  gw_map_clear(&map);
}

static void two_maps_have_two_seeds(void **state) {
  (void)state;
  struct gw_map one, two;
  gw_map_init(&one, text_of);
  gw_map_init(&two, text_of);
  assert_true(one.seed != two.seed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(map_does_what_a_plain_array_does),
      cmocka_unit_test(walk_meets_each_member_once),
      cmocka_unit_test(memory_goes_back_when_it_has_emptied),
      cmocka_unit_test(any_bytes_are_a_key_also_none),
      cmocka_unit_test(a_member_costs_little),
      cmocka_unit_test(failed_growth_leaves_all_as_it_was),
      cmocka_unit_test(two_maps_have_two_seeds),
  };
  return cmocka_run_group_tests(tests, name_keys, NULL);
}
