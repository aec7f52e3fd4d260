/* SPDX-License-Identifier: MIT */
/* The tables of all workers: their making, their end, and who is in them. */
#include "session/rig.h"

static void zero_is_the_default(void **state) {
  (void)state;
  assert_int_equal(sessions->options.max_subscriptions, 128);
  assert_int_equal(sessions->options.max_parked, 100000);
}

static void without_memory_there_are_none(void **state) {
  (void)state;
  struct gw_loop *all[WORKERS];
  for (unsigned i = 0; i < WORKERS; i++)
    all[i] = &loops[i];
  for (size_t nth = 1;; nth++) {
    struct gw_sessions *made = NULL;
    alloc_fail_at(nth);
    int err = gw_sessions_new(&options, all, hubs, WORKERS, &made);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    gw_sessions_free(made);
    if (!has_failed) break;
  }
}

/* Carriers may live on: they have no session any more. */
static void at_the_end_carriers_are_let_go(void **state) {
  struct client clients[3];
  for (unsigned i = 0; i < 3; i++)
    hold(open_as(i, &clients[i], i ? "ann" : ""), i == 1 ? "tick:1" : "room:1", NULL);
  clients[1].is_waiting = true;
  publish("tick:1", 2);
  gw_carrier_detach(&clients[2].carrier, false);
  unsigned told = clients[0].n + clients[1].n;
  assert_int_equal(rig_teardown(state), 0);
  for (unsigned i = 0; i < 3; i++) {
    assert_null(clients[i].carrier.session);
    gw_carrier_drained(&clients[i].carrier);
    gw_carrier_detach(&clients[i].carrier, true);
  }
  assert_int_equal(clients[0].n + clients[1].n, told);
  assert_int_equal(rig_setup(state), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(zero_is_the_default),
      TEST(without_memory_there_are_none),
      TEST(at_the_end_carriers_are_let_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
