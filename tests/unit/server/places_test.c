/* SPDX-License-Identifier: MIT */
/* The places of a server: one for each worker, found by the loop of an exchange. */
#include "server/places.c"

#include "server/fake_server.h"

static void an_exchange_lands_on_its_worker(void **state) {
  (void)state;
  struct gw_places *places = gw_places_new(NULL);
  assert_non_null(places);
  assert_int_equal(places->n, WORKERS);
  for (unsigned i = 0; i < WORKERS; i++) {
    const struct gw_exchange exchange = {.loop = &loops[i]};
    assert_ptr_equal(gw_places_find(places, &exchange), &places->at[i]);
    assert_ptr_equal(places->at[i].loop, &loops[i]);
  }
  gw_places_free(places);
  gw_places_free(NULL);
}

static void without_memory_there_are_none(void **state) {
  (void)state;
  alloc_fail_at(1);
  assert_null(gw_places_new(NULL));
  alloc_fail_at(0);
}

static struct gw_places *asked;
static struct gw_task task;
static unsigned hops;

/* As an inquiry: from loop to loop, and over where it began. */
static void hop(struct gw_task *self) {
  if (++hops < 2 * WORKERS)
    gw_loop_post(&loops[hops % WORKERS], self);
  else
    atomic_fetch_sub(&asked->inquiries, 1);
}

static void the_end_waits_for_what_is_under_way(void **state) {
  (void)state;
  hops = 0;
  asked = gw_places_new(NULL);
  task = (struct gw_task){.run = hop};
  atomic_fetch_add(&asked->inquiries, 1);
  gw_loop_post(&loops[0], &task);
  gw_places_free(asked);
  assert_int_equal(hops, 2 * WORKERS);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(an_exchange_lands_on_its_worker),
      TEST(without_memory_there_are_none),
      TEST(the_end_waits_for_what_is_under_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
