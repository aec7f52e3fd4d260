/* SPDX-License-Identifier: MIT */
/* The way between two workers: order, one post for many letters, what is counted. */
#include "broker/lane.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "broker/fake_loop.h"

static struct gw_loop to;
static struct gw_lane lane;
static struct gw_letter letters[10];
static unsigned arrived, batches;

static void on_letter(struct gw_lane *at, struct gw_letter *letter) {
  assert_ptr_equal(at, &lane);
  assert_ptr_equal(letter, &letters[arrived++]);
  /* what has been taken no longer counts, what is behind it does */
  assert_int_equal(gw_lane_queued(at), batches == 0 ? (10 - arrived) * 100 : 0);
}

static void on_batch_end(struct gw_lane *at) {
  (void)at;
  batches++;
}

static int setup(void **state) {
  (void)state;
  fake_loop_init(&to);
  gw_lane_init(&lane, &to);
  lane.on_letter = on_letter;
  lane.on_batch_end = on_batch_end;
  arrived = batches = 0;
  for (unsigned i = 0; i < 10; i++) {
    letters[i] = (struct gw_letter){.cost = 100};
    gw_lane_put(&lane, &letters[i]);
  }
  return 0;
}

static void letters_of_a_turn_are_one_post_in_order(void **state) {
  (void)state;
  assert_int_equal(gw_lane_queued(&lane), 1000);
  assert_true(gw_lane_flush(&lane));
  assert_false(gw_lane_flush(&lane));
  assert_int_equal(to.posts, 1);
  assert_int_equal(arrived, 0);
  fake_loop_turn(&to);
  assert_int_equal(arrived, 10);
  assert_int_equal(batches, 1);
  assert_int_equal(gw_lane_queued(&lane), 0);
}

static void a_drain_hands_over_without_a_post(void **state) {
  (void)state;
  gw_lane_drain(&lane);
  assert_int_equal(to.posts, 0);
  assert_int_equal(arrived, 10);
  assert_int_equal(batches, 0);
  gw_lane_drain(&lane);
  assert_int_equal(arrived, 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(letters_of_a_turn_are_one_post_in_order, setup),
      cmocka_unit_test_setup(a_drain_hands_over_without_a_post, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
