/* SPDX-License-Identifier: MIT */
/* The ring of kept publications: rules, age, and what answers which question. */
#include "broker/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "support/alloc.h"

static struct gw_history history;
static struct gw_channel_rules rules;

static int setup(void **state) {
  (void)state;
  rules =
      (struct gw_channel_rules){.history_size = 100, .history_ms = 1000, .history_bytes = 1 << 20};
  return 0;
}

static int teardown(void **state) {
  (void)state;
  gw_history_clear(&history);
  history = (struct gw_history){0};
  return 0;
}

static void add(size_t len, uint64_t now) {
  static const char bytes[4096];
  struct gw_publication_parts parts = {.channel = GW_STR("c"), .payload = {bytes, len}};
  struct gw_publication *made = gw_publication_new(&parts);
  assert_int_equal(gw_history_reserve(&history, &rules), 0);
  gw_history_add(&history, &rules, made, now);
  assert_int_equal(made->cursor.offset, history.newest);
  gw_publication_unref(made);
}

static void offsets_have_no_gap(void) {
  for (unsigned i = 0; i < history.count; i++)
    assert_int_equal(gw_history_at(&history, i)->cursor.offset,
                     history.newest - history.count + 1 + i);
}

static void count_is_capped(void **state) {
  (void)state;
  for (rules.history_size = 1; rules.history_size < 20; rules.history_size++) {
    gw_history_clear(&history);
    for (unsigned i = 1; i < 50; i++) {
      add(1, 0);
      assert_int_equal(history.count, i < rules.history_size ? i : rules.history_size);
      offsets_have_no_gap();
    }
  }
}

static void bytes_are_capped(void **state) {
  (void)state;
  rules.history_bytes = 3 * (sizeof(struct gw_publication) + 1 + 100);
  for (unsigned i = 0; i < 10; i++) {
    add(100, 0);
    assert_true(history.bytes <= rules.history_bytes);
    offsets_have_no_gap();
  }
  assert_int_equal(history.count, 3);
  add(4000, 0);
  assert_int_equal(history.count, 0);
  assert_int_equal(history.bytes, 0);
  assert_null(history.entries);
  assert_int_equal(history.newest, 11);
}

static void what_is_too_old_goes(void **state) {
  (void)state;
  add(1, 0), add(1, 10), add(1, 10), add(1, 500);
  assert_int_equal(gw_history_expire(&history, &rules, 999), 1);
  assert_int_equal(history.count, 4);
  assert_int_equal(gw_history_expire(&history, &rules, 1000), 10);
  assert_int_equal(history.count, 3);
  assert_int_equal(gw_history_expire(&history, &rules, 1010), 490);
  assert_int_equal(history.count, 1);
  assert_int_equal(gw_history_expire(&history, &rules, 9999), -1);
  assert_int_equal(history.count, 0);
  assert_null(history.entries);
  add(1, 9999);
  assert_int_equal(gw_history_at(&history, 0)->cursor.offset, 5);
}

static void without_a_history_offsets_are_counted(void **state) {
  (void)state;
  rules.history_size = 0;
  for (unsigned i = 1; i <= 5; i++) {
    add(1, 0);
    assert_int_equal(history.newest, i);
    assert_null(history.entries);
  }
  for (uint64_t offset = 0; offset <= 6; offset++) {
    struct gw_history_range range = gw_history_after(&history, offset, 0);
    assert_int_equal(range.is_recovered, offset == 5);
    assert_int_equal(range.n, 0);
    assert_int_equal(range.last, 5);
    assert_int_equal(range.missed, offset < 5 ? 5 - offset : 0);
  }
}

static void every_offset_has_its_answer(void **state) {
  (void)state;
  rules.history_size = 7;
  for (unsigned i = 0; i < 30; i++)
    add(1, 0);
  for (uint64_t offset = 0; offset <= 32; offset++) {
    for (unsigned limit = 0; limit < 10; limit++) {
      struct gw_history_range range = gw_history_after(&history, offset, limit);
      bool is_reached = offset >= 23 && offset <= 30;
      uint64_t n = is_reached ? 30 - offset : 7;
      if (limit > 0 && n > limit) n = limit;
      assert_int_equal(range.is_recovered, is_reached);
      assert_int_equal(range.n, n);
      assert_int_equal(range.is_missed_known, offset < 23);
      if (offset < 23) assert_int_equal(range.missed, 23 - offset);
      if (range.n == 0) {
        assert_int_equal(range.last, 30);
        continue;
      }
      assert_int_equal(gw_history_at(&history, range.first)->cursor.offset,
                       is_reached ? offset + 1 : 24);
      assert_int_equal(gw_history_at(&history, range.first + range.n - 1)->cursor.offset,
                       range.last);
    }
  }
}

static void nothing_is_lost_without_memory(void **state) {
  (void)state;
  unsigned failures = 0;
  for (unsigned i = 0; i < 40; i++) {
    alloc_fail_at(1);
    int err = gw_history_reserve(&history, &rules);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    failures += has_failed;
    offsets_have_no_gap();
    add(1, 0);
  }
  assert_int_equal(history.count, 40);
  assert_true(failures >= 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(count_is_capped),
      TEST(bytes_are_capped),
      TEST(what_is_too_old_goes),
      TEST(without_a_history_offsets_are_counted),
      TEST(every_offset_has_its_answer),
      TEST(nothing_is_lost_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
