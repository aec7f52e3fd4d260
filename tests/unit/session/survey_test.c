/* SPDX-License-Identifier: MIT */
/* A question that goes to every worker and comes back. */
#include "session/rig.h"

struct count {
  struct gw_survey survey;
  unsigned visits, enough, found;
  bool is_done;
};

static bool visit(struct gw_survey *survey, struct gw_session_table *here) {
  struct count *count = gw_container_of(survey, struct count, survey);
  for (struct gw_session *session = gw_session_table_user(here, GW_STR("ann")); session;
       session = gw_session_next_of_user(session))
    count->found++;
  return ++count->visits == count->enough;
}

static void done(struct gw_survey *survey) {
  gw_container_of(survey, struct count, survey)->is_done = true;
}

static struct count start(unsigned enough) {
  return (struct count){.survey = {.visit = visit, .done = done}, .enough = enough};
}

static void it_sees_every_worker(void **state) {
  (void)state;
  struct client clients[4];
  for (unsigned i = 0; i < 4; i++)
    open_as(i % WORKERS, &clients[i], "ann");
  for (unsigned from = 0; from < WORKERS; from++) {
    struct count count = start(0);
    gw_survey_start(&count.survey, table(from));
    assert_int_equal(count.visits, 0);
    settle_all();
    assert_true(count.is_done);
    assert_int_equal(count.visits, WORKERS);
    assert_int_equal(count.found, 4);
  }
}

static void it_goes_home_when_it_has_enough(void **state) {
  (void)state;
  struct count count = start(2);
  gw_survey_start(&count.survey, table(1));
  settle_all();
  assert_true(count.is_done);
  assert_int_equal(count.visits, 2);
}

static void where_the_loops_have_stopped_it_is_done(void **state) {
  for (unsigned turns = 0; turns < WORKERS + 2; turns++) {
    struct count count = start(0);
    gw_survey_start(&count.survey, table(0));
    for (unsigned i = 0; i < turns; i++)
      fake_loop_turn(&loops[i % WORKERS]);
    assert_int_equal(rig_teardown(state), 0);
    assert_true(count.is_done);
    assert_int_equal(count.visits, turns < WORKERS ? turns : WORKERS);
    assert_int_equal(rig_setup(state), 0);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(it_sees_every_worker),
      TEST(it_goes_home_when_it_has_enough),
      TEST(where_the_loops_have_stopped_it_is_done),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
