/* SPDX-License-Identifier: MIT */
#include "base/histogram.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct gw_histogram *fresh(void) {
  struct gw_histogram *histogram = calloc(1, sizeof *histogram);
  assert_non_null(histogram);
  return histogram;
}

static double relative(uint64_t got, uint64_t wanted) {
  double difference = got > wanted ? (double)(got - wanted) : (double)(wanted - got);
  return wanted ? difference / (double)wanted : difference;
}

static void nothing_added_reads_as_zero(void **state) {
  (void)state;
  struct gw_histogram *histogram = fresh();
  assert_int_equal(gw_histogram_quantile(histogram, 0.5), 0);
  assert_int_equal(gw_histogram_quantile(histogram, 1), 0);
  assert_true(gw_histogram_mean(histogram) == 0);
  free(histogram);
}

static void every_value_has_a_slot_whose_middle_is_within_a_percent(void **state) {
  (void)state;
  for (unsigned bit = 0; bit < 64; bit++) {
    for (int step = -3; step <= 3; step++) {
      uint64_t value = (1ull << bit) + (uint64_t)(int64_t)step;
      unsigned slot = slot_of(value);
      assert_true(slot < GW_HISTOGRAM_SLOTS);
      assert_true(relative(middle_of(slot), value) < 0.005);
    }
  }
  assert_int_equal(slot_of(UINT64_MAX), GW_HISTOGRAM_SLOTS - 1);
}

static void slots_follow_one_another_without_a_gap(void **state) {
  (void)state;
  unsigned before = slot_of(0);
  assert_int_equal(before, 0);
  for (uint64_t value = 1; value < 1u << 20; value++) {
    unsigned slot = slot_of(value);
    assert_true(slot == before || slot == before + 1);
    assert_true(value >= 256 || middle_of(slot) == value);
    before = slot;
  }
}

static void quantiles_of_a_row_are_within_a_percent(void **state) {
  (void)state;
  struct gw_histogram *histogram = fresh();
  const uint64_t n = 200000;
  for (uint64_t i = 1; i <= n; i++)
    gw_histogram_add(histogram, i * 37);
  static const double qs[] = {0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999};
  for (size_t i = 0; i < sizeof qs / sizeof qs[0]; i++)
    assert_true(relative(gw_histogram_quantile(histogram, qs[i]),
                         (uint64_t)(qs[i] * (double)n) * 37) < 0.01);
  assert_int_equal(gw_histogram_quantile(histogram, 0), 37);
  assert_int_equal(gw_histogram_quantile(histogram, 1), n * 37);
  assert_true(relative((uint64_t)gw_histogram_mean(histogram), (n + 1) * 37 / 2) < 0.0001);
  free(histogram);
}

static void one_value_is_every_quantile_exactly(void **state) {
  (void)state;
  struct gw_histogram *histogram = fresh();
  gw_histogram_add(histogram, 1234567);
  for (int i = 0; i <= 10; i++)
    assert_int_equal(gw_histogram_quantile(histogram, i / 10.0), 1234567);
  free(histogram);
}

static void the_rare_one_shows_where_its_rank_is(void **state) {
  (void)state;
  struct gw_histogram *histogram = fresh();
  for (int i = 0; i < 999; i++)
    gw_histogram_add(histogram, 100);
  gw_histogram_add(histogram, 5000000);
  assert_int_equal(gw_histogram_quantile(histogram, 0.99), 100);
  assert_int_equal(gw_histogram_quantile(histogram, 0.998), 100);
  assert_true(relative(gw_histogram_quantile(histogram, 0.9999), 5000000) < 0.005);
  assert_int_equal(gw_histogram_quantile(histogram, 1), 5000000);
  free(histogram);
}

static void the_extremes_fit(void **state) {
  (void)state;
  struct gw_histogram *histogram = fresh();
  gw_histogram_add(histogram, 0);
  gw_histogram_add(histogram, UINT64_MAX);
  assert_int_equal(gw_histogram_quantile(histogram, 0), 0);
  assert_true(gw_histogram_quantile(histogram, 0.9) == UINT64_MAX ||
              relative(gw_histogram_quantile(histogram, 0.9), UINT64_MAX) < 0.005);
  assert_true(gw_histogram_quantile(histogram, 1) == UINT64_MAX);
  free(histogram);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_added_reads_as_zero),
      cmocka_unit_test(every_value_has_a_slot_whose_middle_is_within_a_percent),
      cmocka_unit_test(slots_follow_one_another_without_a_gap),
      cmocka_unit_test(quantiles_of_a_row_are_within_a_percent),
      cmocka_unit_test(one_value_is_every_quantile_exactly),
      cmocka_unit_test(the_rare_one_shows_where_its_rank_is),
      cmocka_unit_test(the_extremes_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
