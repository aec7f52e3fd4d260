/* SPDX-License-Identifier: MIT */
/* The timer wheel against a model that keeps a plain array. */
#include "base/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIMERS = 40 };

struct probe {
  struct gw_timer timer;
  unsigned calls;
  uint64_t called_at;
  struct gw_wheel *wheel;
  uint64_t again_in; /* sets itself again where not 0 */
  struct probe *cancels;
};

static uint64_t last_call;

static void on_due(struct gw_timer *timer) {
  struct probe *probe = gw_container_of(timer, struct probe, timer);
  assert_false(gw_timer_is_set(timer));
  probe->calls++;
  probe->called_at = probe->wheel->now;
  assert_true(probe->called_at >= last_call);
  last_call = probe->called_at;
  if (probe->cancels) gw_wheel_cancel(probe->wheel, &probe->cancels->timer);
  if (probe->again_in) gw_wheel_set(probe->wheel, timer, probe->wheel->now + probe->again_in);
}

static struct gw_wheel *wheel_at(uint64_t now) {
  struct gw_wheel *wheel = malloc(sizeof *wheel);
  assert_non_null(wheel);
  gw_wheel_init(wheel, now);
  last_call = 0;
  return wheel;
}

static struct probe probe_of(struct gw_wheel *wheel) {
  return (struct probe){.timer.on_due = on_due, .wheel = wheel};
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* Mostly near, now and then very far, so that every level is met. */
static uint64_t random_span(void) {
  return random_next() >> (20 + random_next() % 44);
}

static void check_against_model(uint64_t start) {
  struct gw_wheel *wheel = wheel_at(start);
  struct probe probes[TIMERS];
  uint64_t due[TIMERS];
  bool is_set[TIMERS] = {false};
  uint64_t now = start;
  for (int i = 0; i < TIMERS; i++)
    probes[i] = probe_of(wheel);
  for (int step = 0; step < 20000; step++) {
    size_t i = random_next() % TIMERS;
    switch (random_next() % 4) {
    case 0:
    case 1:
      due[i] = now + random_span() - random_next() % 3;
      is_set[i] = true;
      gw_wheel_set(wheel, &probes[i].timer, due[i]);
      break;
    case 2:
      is_set[i] = false;
      gw_wheel_cancel(wheel, &probes[i].timer);
      break;
    default: {
      uint64_t earliest = UINT64_MAX;
      for (size_t k = 0; k < TIMERS; k++)
        if (is_set[k] && due[k] < earliest) earliest = due[k];
      int64_t wait = gw_wheel_wait(wheel);
      if (earliest == UINT64_MAX)
        assert_int_equal(wait, -1);
      else
        assert_true(wait >= 0 && (earliest <= now ? wait == 0 : (uint64_t)wait <= earliest - now));
      uint64_t before = now;
      now += random_span();
      last_call = 0;
      gw_wheel_advance(wheel, now);
      assert_int_equal(wheel->now, now);
      for (size_t k = 0; k < TIMERS; k++) {
        bool is_due = is_set[k] && due[k] <= now;
        assert_int_equal(probes[k].calls, is_due ? 1 : 0);
        if (is_due) assert_int_equal(probes[k].called_at, due[k] <= before ? before : due[k]);
        if (is_due) is_set[k] = false;
        assert_int_equal(gw_timer_is_set(&probes[k].timer), is_set[k]);
        probes[k].calls = 0;
      }
    }
    }
  }
  free(wheel);
}

static void wheel_does_what_a_plain_list_does(void **state) {
  (void)state;
  check_against_model(0);
  check_against_model(1234567890);
  check_against_model((UINT64_C(1) << 36) - 100); /* every group of bits turns over at once */
}

static void time_that_has_passed_is_due_at_the_next_advance(void **state) {
  (void)state;
  struct gw_wheel *wheel = wheel_at(100);
  struct probe probe = probe_of(wheel);
  gw_wheel_set(wheel, &probe.timer, 50);
  assert_int_equal(gw_wheel_wait(wheel), 0);
  gw_wheel_advance(wheel, 100);
  assert_int_equal(probe.calls, 1);
  assert_int_equal(gw_wheel_wait(wheel), -1);
  free(wheel);
}

static void timer_may_set_itself_again(void **state) {
  (void)state;
  struct gw_wheel *wheel = wheel_at(0);
  struct probe probe = probe_of(wheel);
  probe.again_in = 100;
  gw_wheel_set(wheel, &probe.timer, 100);
  gw_wheel_advance(wheel, 1000);
  assert_int_equal(probe.calls, 10);
  gw_wheel_cancel(wheel, &probe.timer);
  assert_int_equal(gw_wheel_wait(wheel), -1);
  free(wheel);
}

static void timer_may_cancel_another_of_the_same_tick(void **state) {
  (void)state;
  struct gw_wheel *wheel = wheel_at(0);
  struct probe first = probe_of(wheel), second = probe_of(wheel), third = probe_of(wheel);
  first.cancels = &second;
  gw_wheel_set(wheel, &first.timer, 5000);
  gw_wheel_set(wheel, &second.timer, 5000);
  gw_wheel_set(wheel, &third.timer, 5000);
  gw_wheel_advance(wheel, 6000);
  assert_int_equal(first.calls, 1);
  assert_int_equal(second.calls, 0);
  assert_int_equal(third.calls, 1);
  free(wheel);
}

static void wait_leads_to_the_due_time_in_few_steps(void **state) {
  (void)state;
  struct gw_wheel *wheel = wheel_at(77);
  struct probe probe = probe_of(wheel);
  gw_wheel_set(wheel, &probe.timer, 77 + 3600 * 1000);
  unsigned steps = 0;
  for (; probe.calls == 0; steps++)
    gw_wheel_advance(wheel, wheel->now + (uint64_t)gw_wheel_wait(wheel));
  assert_int_equal(probe.called_at, 77 + 3600 * 1000);
  assert_true(steps <= GW_WHEEL_LEVELS);
  free(wheel);
}

static void furthest_time_can_be_set(void **state) {
  (void)state;
  struct gw_wheel *wheel = wheel_at(1);
  struct probe probe = probe_of(wheel);
  gw_wheel_set(wheel, &probe.timer, UINT64_MAX);
  assert_true(gw_wheel_wait(wheel) > 0);
  gw_wheel_advance(wheel, UINT64_MAX - 1);
  assert_int_equal(probe.calls, 0);
  gw_wheel_advance(wheel, UINT64_MAX);
  assert_int_equal(probe.calls, 1);
  free(wheel);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wheel_does_what_a_plain_list_does),
      cmocka_unit_test(time_that_has_passed_is_due_at_the_next_advance),
      cmocka_unit_test(timer_may_set_itself_again),
      cmocka_unit_test(timer_may_cancel_another_of_the_same_tick),
      cmocka_unit_test(wait_leads_to_the_due_time_in_few_steps),
      cmocka_unit_test(furthest_time_can_be_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
