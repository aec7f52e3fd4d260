/* SPDX-License-Identifier: MIT */
/* Alarms and calls from other threads. */
#include "loop/loop.h"

#include "support/alloc.h"
#include "support/peer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct told {
  struct gw_loop *loop;
  struct gw_alarm *alarm;
  char order[64];
  unsigned n;
  uint64_t at;
};

static struct told told_new(void) {
  struct told told = {0};
  assert_int_equal(gw_loop_new(&told.loop), 0);
  return told;
}

struct letter {
  struct told *told;
  char c;
};

static void note(void *user) {
  struct letter *letter = user;
  letter->told->order[letter->told->n++] = letter->c;
  letter->told->at = gw_loop_now(letter->told->loop);
}

static void alarms_come_once_in_the_order_of_their_times(void **state) {
  (void)state;
  struct told told = told_new();
  struct letter a = {&told, 'a'}, b = {&told, 'b'}, c = {&told, 'c'};
  uint64_t begun = gw_loop_now(told.loop);
  assert_int_equal(gw_alarm_set(told.loop, 20, note, &c, NULL), 0);
  assert_int_equal(gw_alarm_set(told.loop, 0, note, &a, NULL), 0);
  assert_int_equal(gw_alarm_set(told.loop, 10, note, &b, NULL), 0);
  PEER_UNTIL(told.loop, told.n == 3);
  assert_string_equal(told.order, "abc");
  assert_true(told.at >= begun + 20);
  gw_loop_turn(told.loop, 0);
  assert_int_equal(told.n, 3);
  gw_loop_free(told.loop);
}

static void a_cancelled_alarm_does_not_come(void **state) {
  (void)state;
  struct told told = told_new();
  struct letter a = {&told, 'a'}, b = {&told, 'b'};
  struct gw_alarm *alarm;
  assert_int_equal(gw_alarm_set(told.loop, 1, note, &a, &alarm), 0);
  assert_int_equal(gw_alarm_set(told.loop, 5, note, &b, NULL), 0);
  gw_alarm_cancel(alarm);
  gw_alarm_cancel(NULL);
  PEER_UNTIL(told.loop, told.n == 1);
  assert_string_equal(told.order, "b");
  gw_loop_free(told.loop);
}

static void again(void *user) {
  struct told *told = user;
  if (++told->n < 3) assert_int_equal(gw_alarm_set(told->loop, 0, again, told, &told->alarm), 0);
}

static void an_alarm_may_set_the_next(void **state) {
  (void)state;
  struct told told = told_new();
  gw_alarm_set(told.loop, 0, again, &told, &told.alarm);
  PEER_UNTIL(told.loop, told.n == 3);
  gw_loop_free(told.loop);
}

static void cancel_other(void *user) {
  struct told *told = user;
  told->n++;
  gw_alarm_cancel(told->alarm);
}

static void an_alarm_may_cancel_one_that_is_due_too(void **state) {
  (void)state;
  struct told told = told_new();
  gw_alarm_set(told.loop, 1, cancel_other, &told, NULL);
  gw_alarm_set(told.loop, 1, cancel_other, &told, &told.alarm);
  PEER_UNTIL(told.loop, told.n == 1);
  gw_loop_turn(told.loop, 0);
  assert_int_equal(told.n, 1);
  gw_loop_free(told.loop);
}

/* ---- calls ---- */

enum { CALLERS = 4, CALLS = 500 };

struct caller {
  struct gw_loop *loop;
  unsigned *total;
  unsigned sent, heard;
};

struct call_of {
  struct caller *caller;
  unsigned n;
};

static struct call_of calls[CALLERS][CALLS];

static void hear(void *user) {
  struct call_of *call = user;
  assert_int_equal(call->n, call->caller->heard++);
  ++*call->caller->total;
}

static void *call_often(void *arg) {
  struct caller *caller = arg;
  struct call_of *mine = calls[caller->sent];
  for (unsigned i = 0; i < CALLS; i++) {
    mine[i] = (struct call_of){caller, i};
    gw_loop_call(caller->loop, hear, &mine[i]);
  }
  return NULL;
}

static void calls_of_each_thread_come_in_their_order(void **state) {
  (void)state;
  struct told told = told_new();
  struct caller callers[CALLERS];
  pthread_t threads[CALLERS];
  unsigned total = 0;
  for (unsigned i = 0; i < CALLERS; i++) {
    callers[i] = (struct caller){.loop = told.loop, .total = &total, .sent = i};
    pthread_create(&threads[i], NULL, call_often, &callers[i]);
  }
  PEER_UNTIL(told.loop, total == CALLERS * CALLS);
  for (unsigned i = 0; i < CALLERS; i++)
    pthread_join(threads[i], NULL);
  gw_loop_free(told.loop);
}

static void a_freed_loop_runs_the_calls_that_wait(void **state) {
  (void)state;
  struct told told = told_new();
  struct letter a = {&told, 'a'};
  assert_int_equal(gw_loop_call(told.loop, note, &a), 0);
  gw_loop_free(told.loop);
  assert_string_equal(told.order, "a");
}

static void without_memory_there_is_neither(void **state) {
  (void)state;
  struct told told = told_new();
  struct letter a = {&told, 'a'};
  struct gw_alarm *alarm = NULL;
  alloc_fail_at(1);
  assert_int_equal(gw_alarm_set(told.loop, 0, note, &a, &alarm), -1);
  assert_null(alarm);
  alloc_fail_at(1);
  assert_int_equal(gw_loop_call(told.loop, note, &a), -1);
  alloc_fail_at(0);
  gw_loop_turn(told.loop, 0);
  assert_int_equal(told.n, 0);
  gw_loop_free(told.loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(alarms_come_once_in_the_order_of_their_times),
      cmocka_unit_test(a_cancelled_alarm_does_not_come),
      cmocka_unit_test(an_alarm_may_set_the_next),
      cmocka_unit_test(an_alarm_may_cancel_one_that_is_due_too),
      cmocka_unit_test(calls_of_each_thread_come_in_their_order),
      cmocka_unit_test(a_freed_loop_runs_the_calls_that_wait),
      cmocka_unit_test(without_memory_there_is_neither),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
