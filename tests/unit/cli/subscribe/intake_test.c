/* SPDX-License-Identifier: MIT */
/* Tries and what lies between them: when an intake comes back, where from, and when it never does.
 */
#include "cli/subscribe/intake.c"

#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct state {
  unsigned begun, closed, cleared;
  int result;
};

static struct told {
  unsigned publications, gaps, ends, retry_ms;
  uint64_t missed;
  bool wants_more, is_final;
  char reason[64];
} told;

static int kind_begin(struct gw_intake *intake) {
  struct state *state = gw_intake_state(intake);
  state->begun++;
  return state->result;
}

static void kind_close(struct gw_intake *intake) {
  struct state *state = gw_intake_state(intake);
  state->closed++;
  gw_intake_ended(intake, &(struct gw_intake_end){.reason = "closed"});
}

static void kind_clear(struct gw_intake *intake) {
  struct state *state = gw_intake_state(intake);
  state->cleared++;
}

static const struct gw_intake_kind kind = {.name = "test",
                                           .size = sizeof(struct state),
                                           .begin = kind_begin,
                                           .close = kind_close,
                                           .clear = kind_clear};

static bool on_publication(struct gw_intake *intake, size_t channel,
                           const struct gw_received *received) {
  (void)intake;
  (void)channel;
  (void)received;
  told.publications++;
  return told.wants_more;
}

static void on_gap(struct gw_intake *intake, size_t channel, const uint64_t *missed) {
  (void)intake;
  (void)channel;
  told.gaps++;
  told.missed = missed ? *missed : 0;
}

static void on_presence(struct gw_intake *intake, size_t channel, bool has_joined,
                        const char *user) {
  (void)intake;
  (void)channel;
  (void)has_joined;
  (void)user;
}

static void on_note(struct gw_intake *intake, const char *text) {
  (void)intake;
  (void)text;
}

static void on_end(struct gw_intake *intake, const struct gw_intake_end *end, unsigned retry_ms) {
  (void)intake;
  told.ends++;
  told.retry_ms = retry_ms;
  told.is_final = end->is_final;
  snprintf(told.reason, sizeof told.reason, "%s", end->reason);
}

static const struct gw_intake_events events = {.on_publication = on_publication,
                                               .on_gap = on_gap,
                                               .on_presence = on_presence,
                                               .on_note = on_note,
                                               .on_end = on_end};

static struct gw_loop *loop;
static const char *const names[] = {"a", "b"};

static struct gw_intake *begin_one(bool may_return) {
  struct gw_intake *intake;
  told = (struct told){.wants_more = true};
  assert_int_equal(gw_loop_new(&loop), 0);
  const struct gw_intake_options options = {.kind = &kind,
                                            .events = &events,
                                            .loop = loop,
                                            .channels = names,
                                            .n = 2,
                                            .after = "E:1",
                                            .may_return = may_return};
  assert_int_equal(gw_intake_new(&options, &intake), 0);
  return intake;
}

static struct state *first_try(struct gw_intake *intake) {
  struct state *state = gw_intake_state(intake);
  for (int i = 0; i < 100 && !state->begun; i++)
    gw_loop_turn(loop, 1);
  assert_int_equal(state->begun, 1);
  return state;
}

static void finish(struct gw_intake *intake) {
  gw_intake_free(intake);
  gw_loop_free(loop);
}

static void fail_try(struct gw_intake *intake, unsigned wait_ms) {
  gw_intake_ended(intake, &(struct gw_intake_end){.reason = "cut", .wait_ms = wait_ms});
}

static void publications_move_the_cursor(void **state) {
  (void)state;
  struct gw_intake *intake = begin_one(true);
  first_try(intake);
  assert_string_equal(intake->channels[0].cursor, "E:1");
  assert_string_equal(intake->channels[1].cursor, "");
  assert_true(gw_intake_tell(intake, 1, &(struct gw_received){.cursor = GW_STR("F:7")}));
  assert_true(gw_intake_tell(intake, 0, &(struct gw_received){.payload = GW_STR("x")}));
  assert_string_equal(intake->channels[0].cursor, "E:1");
  assert_string_equal(intake->channels[1].cursor, "F:7");
  char long_one[GW_INTAKE_CURSOR_MAX + 1];
  memset(long_one, 'x', sizeof long_one);
  gw_intake_stand(intake, 1, (struct gw_str){long_one, sizeof long_one});
  assert_string_equal(intake->channels[1].cursor, "F:7");
  told.wants_more = false;
  assert_false(gw_intake_tell(intake, 0, &(struct gw_received){.cursor = GW_STR("E:2")}));
  gw_intake_gap(intake, 0, &(uint64_t){5});
  assert_int_equal(told.missed, 5);
  finish(intake);
}

static void a_server_that_was_never_reached_is_not_waited_for(void **state) {
  (void)state;
  struct gw_intake *intake = begin_one(true);
  first_try(intake);
  fail_try(intake, 0);
  assert_int_equal(told.ends, 1);
  assert_int_equal(told.retry_ms, 0);
  finish(intake);
}

static void a_lost_connection_is_waited_for_longer_and_longer(void **state) {
  (void)state;
  struct gw_intake *intake = begin_one(true);
  first_try(intake);
  gw_intake_opened(intake);
  static const unsigned steps[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    fail_try(intake, 0);
    assert_in_range(told.retry_ms, steps[i] / 2, steps[i]);
    gw_loop_timer_cancel(loop, &intake->timer);
  }
  gw_intake_opened(intake); /* an answer that is right, and it begins anew */
  fail_try(intake, 0);
  assert_in_range(told.retry_ms, 250, 500);
  intake->first_wait_ms = 40; /* the server's wish for all, and for once */
  gw_intake_opened(intake);
  fail_try(intake, 0);
  assert_in_range(told.retry_ms, 20, 40);
  intake->options.backoff_ms = 8; /* and that of the command's user, who goes before */
  gw_intake_opened(intake);
  fail_try(intake, 0);
  assert_in_range(told.retry_ms, 4, 8);
  fail_try(intake, 0);
  assert_in_range(told.retry_ms, 8, 16);
  fail_try(intake, 10000);
  assert_in_range(told.retry_ms, 10000, 12500);
  fail_try(intake, UINT32_MAX);
  assert_in_range(told.retry_ms, 300000, 375000);
  finish(intake);
}

static void the_next_try_comes_by_itself(void **state) {
  (void)state;
  struct gw_intake *intake = begin_one(true);
  struct state *kinds = first_try(intake);
  gw_intake_opened(intake);
  fail_try(intake, 1);
  for (int i = 0; i < 1000 && kinds->begun < 2; i++)
    gw_loop_turn(loop, 1);
  assert_int_equal(kinds->begun, 2);
  assert_int_equal(told.ends, 1);
  finish(intake);
}

static void what_is_final_is_the_end(void **state) {
  (void)state;
  struct gw_intake *intake = begin_one(true);
  first_try(intake);
  gw_intake_opened(intake);
  gw_intake_ended(intake, &(struct gw_intake_end){.reason = "no", .is_final = true});
  assert_int_equal(told.retry_ms, 0);
  gw_intake_close(intake);
  assert_int_equal(told.ends, 1);
  finish(intake);
  intake = begin_one(false);
  first_try(intake);
  gw_intake_opened(intake);
  fail_try(intake, 0);
  assert_int_equal(told.retry_ms, 0);
  finish(intake);
}

static void a_try_that_cannot_begin_is_the_end(void **state) {
  (void)state;
  struct gw_intake *intake = begin_one(true);
  struct state *kinds = gw_intake_state(intake);
  kinds->result = GW_ERR_ARGUMENT;
  first_try(intake);
  assert_int_equal(told.ends, 1);
  assert_true(told.is_final);
  assert_string_equal(told.reason, gw_error_text(GW_ERR_ARGUMENT));
  finish(intake);
}

static void a_close_ends_a_try_and_a_wait_alike(void **state) {
  (void)state;
  struct gw_intake *intake = begin_one(true);
  struct state *kinds = first_try(intake);
  gw_intake_close(intake);
  assert_int_equal(kinds->closed, 1);
  assert_int_equal(told.ends, 1);
  assert_int_equal(told.retry_ms, 0);
  finish(intake);
  intake = begin_one(true);
  kinds = first_try(intake);
  gw_intake_opened(intake);
  fail_try(intake, 0);
  gw_intake_close(intake);
  assert_int_equal(kinds->closed, 0);
  assert_int_equal(told.ends, 2);
  assert_int_equal(told.retry_ms, 0);
  finish(intake);
}

static void a_failed_allocation_is_an_error(void **state) {
  (void)state;
  struct gw_intake *intake = begin_one(true);
  struct gw_intake *other;
  struct gw_intake_options options = intake->options;
  for (unsigned n = 1; n <= 3; n++) {
    alloc_fail_at(n);
    assert_int_equal(gw_intake_new(&options, &other), GW_ERR_MEMORY);
  }
  alloc_fail_at(0);
  finish(intake);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(publications_move_the_cursor),
      cmocka_unit_test(a_server_that_was_never_reached_is_not_waited_for),
      cmocka_unit_test(a_lost_connection_is_waited_for_longer_and_longer),
      cmocka_unit_test(the_next_try_comes_by_itself),
      cmocka_unit_test(what_is_final_is_the_end),
      cmocka_unit_test(a_try_that_cannot_begin_is_the_end),
      cmocka_unit_test(a_close_ends_a_try_and_a_wait_alike),
      cmocka_unit_test(a_failed_allocation_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
