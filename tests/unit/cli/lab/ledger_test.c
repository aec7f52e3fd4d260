/* SPDX-License-Identifier: MIT */
/* Lost, repeated, recovered: by the numbers of what came, and nothing else. */
#include "cli/lab/ledger.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct gw_lab_ledger ledger;
static struct gw_lab_counts counts;

static int begin(void **state) {
  (void)state;
  counts = (struct gw_lab_counts){0};
  gw_lab_ledger_begin(&ledger, 100);
  return 0;
}

static void take(uint64_t from, uint64_t to) {
  for (uint64_t seq = from; seq <= to; seq++)
    gw_lab_ledger_take(&ledger, &counts, seq);
}

static void expect(uint64_t messages, uint64_t lost, uint64_t repeated, uint64_t recovered) {
  assert_int_equal(counts.messages, messages);
  assert_int_equal(counts.lost, lost);
  assert_int_equal(counts.repeated, repeated);
  assert_int_equal(counts.recovered, recovered);
}

static void all_in_order_is_nothing_lost(void **state) {
  (void)state;
  take(101, 150);
  expect(50, 0, 0, 0);
}

static void what_is_skipped_is_lost_when_the_next_comes(void **state) {
  (void)state;
  take(101, 103);
  expect(3, 0, 0, 0);
  take(107, 107);
  expect(4, 3, 0, 0);
}

static void the_first_ones_can_be_lost_too(void **state) {
  (void)state;
  take(104, 104);
  expect(1, 3, 0, 0);
}

static void what_comes_again_is_repeated_and_not_new(void **state) {
  (void)state;
  take(101, 103);
  take(101, 104);
  expect(4, 0, 3, 0);
  assert_false(gw_lab_ledger_take(&ledger, &counts, 104));
  assert_true(gw_lab_ledger_take(&ledger, &counts, 105));
}

static void what_was_before_the_run_does_not_count(void **state) {
  (void)state;
  assert_false(gw_lab_ledger_take(&ledger, &counts, 100));
  take(1, 100);
  expect(0, 0, 0, 0);
}

/* 101…105 came, 106 was on its way, 107…110 were published meanwhile. */
static void cut_and_back(void) {
  take(101, 105);
  gw_lab_ledger_cut(&ledger, 106);
  gw_lab_ledger_back(&ledger, 110);
}

static void with_a_cursor_all_of_it_is_recovered(void **state) {
  (void)state;
  cut_and_back();
  take(106, 112);
  expect(12, 0, 0, 4);
}

static void without_one_it_is_lost(void **state) {
  (void)state;
  cut_and_back();
  take(111, 112);
  expect(7, 5, 0, 0);
}

static void who_gets_the_history_again_gets_both(void **state) {
  (void)state;
  cut_and_back();
  take(101, 112);
  expect(12, 0, 5, 4);
}

static void a_part_can_be_recovered_and_a_part_lost(void **state) {
  (void)state;
  cut_and_back();
  take(109, 112);
  expect(9, 3, 0, 2);
}

static void while_it_is_away_nothing_is_lost_yet(void **state) {
  (void)state;
  take(101, 105);
  gw_lab_ledger_cut(&ledger, 105);
  expect(5, 0, 0, 0);
}

static void a_second_cut_counts_for_itself(void **state) {
  (void)state;
  cut_and_back();
  take(106, 112);
  gw_lab_ledger_cut(&ledger, 112);
  gw_lab_ledger_back(&ledger, 115);
  take(113, 120);
  expect(20, 0, 0, 7);
}

static void a_cut_before_all_has_come_makes_one_of_both(void **state) {
  (void)state;
  cut_and_back();
  take(106, 107);
  gw_lab_ledger_cut(&ledger, 110);
  gw_lab_ledger_back(&ledger, 112);
  take(108, 113);
  expect(13, 0, 0, 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(all_in_order_is_nothing_lost, begin),
      cmocka_unit_test_setup(what_is_skipped_is_lost_when_the_next_comes, begin),
      cmocka_unit_test_setup(the_first_ones_can_be_lost_too, begin),
      cmocka_unit_test_setup(what_comes_again_is_repeated_and_not_new, begin),
      cmocka_unit_test_setup(what_was_before_the_run_does_not_count, begin),
      cmocka_unit_test_setup(with_a_cursor_all_of_it_is_recovered, begin),
      cmocka_unit_test_setup(without_one_it_is_lost, begin),
      cmocka_unit_test_setup(who_gets_the_history_again_gets_both, begin),
      cmocka_unit_test_setup(a_part_can_be_recovered_and_a_part_lost, begin),
      cmocka_unit_test_setup(while_it_is_away_nothing_is_lost_yet, begin),
      cmocka_unit_test_setup(a_second_cut_counts_for_itself, begin),
      cmocka_unit_test_setup(a_cut_before_all_has_come_makes_one_of_both, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
