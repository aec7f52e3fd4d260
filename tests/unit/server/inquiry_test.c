/* SPDX-License-Identifier: MIT */
/* A question that visits every worker, and an exchange that may not be there when it comes home. */
#include "server/inquiry.c"
#include "server/places.c"

#include "server/fake_server.h"

static struct gw_places *places;
static struct gw_exchange exchange;
static const struct gw_exchange_events *watched; /* NULL: nobody watches */
static void *watcher;

void gw_exchange_watch(struct gw_exchange *e, const struct gw_exchange_events *to_tell,
                       void *user) {
  assert_ptr_equal(e, &exchange);
  watched = to_tell;
  watcher = user;
}

/* What it found out. */
struct question {
  struct gw_inquiry inquiry;
  unsigned visited[WORKERS], n, enough;
};

static unsigned answers, frees;
static struct question told;

static bool visit_note(struct gw_inquiry *inquiry, const struct gw_place *place) {
  struct question *question = gw_container_of(inquiry, struct question, inquiry);
  assert_ptr_equal(place->sessions, table((unsigned)(place - places->at)));
  question->visited[question->n++] = (unsigned)(place - places->at);
  return question->n == question->enough;
}

static void answer_note(struct gw_inquiry *inquiry, struct gw_exchange *e) {
  assert_ptr_equal(e, &exchange);
  assert_null(watched);
  told = *gw_container_of(inquiry, struct question, inquiry);
  answers++;
}

static void free_note(struct gw_inquiry *inquiry) {
  frees++;
  free(gw_container_of(inquiry, struct question, inquiry));
}

static const struct gw_inquiry_ops ops = {visit_note, answer_note, free_note};

static void ask(unsigned worker, unsigned enough) {
  struct question *question = calloc(1, sizeof *question);
  assert_non_null(question);
  question->enough = enough;
  exchange = (struct gw_exchange){.loop = &loops[worker]};
  answers = frees = 0;
  gw_inquiry_start(&question->inquiry, &ops, &exchange, places);
  assert_non_null(watched);
  assert_int_equal(answers + frees, 0);
}

static int set_up(void **state) {
  if (rig_setup(state) < 0) return -1;
  places = gw_places_new(NULL);
  if (!places) return -1;
  for (unsigned i = 0; i < WORKERS; i++)
    places->at[i].sessions = table(i);
  return 0;
}

static int tear_down(void **state) {
  gw_places_free(places);
  return rig_teardown(state);
}

static void every_worker_is_visited_once(void **state) {
  (void)state;
  ask(1, 0);
  settle_all();
  assert_int_equal(answers, 1);
  assert_int_equal(frees, 1);
  assert_int_equal(told.n, WORKERS);
  for (unsigned i = 0; i < WORKERS; i++)
    assert_int_equal(told.visited[i], i);
  assert_int_equal(atomic_load(&places->inquiries), 0);
}

static void enough_is_enough(void **state) {
  (void)state;
  ask(2, 2);
  settle_all();
  assert_int_equal(answers, 1);
  assert_int_equal(told.n, 2);
}

/* At any moment of its way. */
static void who_has_gone_is_not_answered(void **state) {
  (void)state;
  for (unsigned turns = 0; turns <= WORKERS; turns++) {
    ask(0, 0);
    for (unsigned i = 0; i < turns; i++)
      fake_loop_turn(&loops[i % WORKERS]);
    watched->on_gone(watcher);
    settle_all();
    assert_int_equal(answers, 0);
    assert_int_equal(frees, 1);
  }
}

static void the_servers_end_is_its_end(void **state) {
  (void)state;
  ask(0, 0);
  watched->on_gone(watcher);
  gw_places_free(places);
  places = NULL;
  assert_int_equal(answers, 0);
  assert_int_equal(frees, 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(every_worker_is_visited_once),
      TEST(enough_is_enough),
      TEST(who_has_gone_is_not_answered),
      TEST(the_servers_end_is_its_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
