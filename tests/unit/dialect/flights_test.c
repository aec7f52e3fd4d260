/* SPDX-License-Identifier: MIT */
/* When a connection is not read from, and when it is again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/websocket.h"

static unsigned calls;
static bool rests;

static void fake_pause(struct gw_conn *conn, bool is_paused) {
  (void)conn;
  calls++;
  rests = is_paused;
}

#define gw_conn_pause fake_pause
#include "dialect/flights.c"

static int setup(void **state) {
  (void)state;
  calls = 0;
  rests = false;
  return 0;
}

static void many_requests_pause_until_they_are_few(void **state) {
  (void)state;
  struct gw_flights flights = {0};
  for (unsigned i = 1; i < GW_FLIGHTS_HIGH; i++)
    gw_flights_begin(&flights, NULL);
  assert_int_equal(calls, 0);
  gw_flights_begin(&flights, NULL);
  assert_true(rests);
  gw_flights_begin(&flights, NULL);
  while (flights.n > GW_FLIGHTS_LOW)
    gw_flights_end(&flights, NULL);
  assert_true(rests);
  gw_flights_end(&flights, NULL);
  assert_false(rests);
  assert_int_equal(calls, 2);
}

static void a_client_that_does_not_read_is_not_read_from(void **state) {
  (void)state;
  struct gw_flights flights = {0};
  gw_flights_begin(&flights, NULL);
  gw_flights_clog(&flights, NULL, true);
  gw_flights_clog(&flights, NULL, true);
  assert_true(rests);
  gw_flights_end(&flights, NULL);
  assert_true(rests);
  gw_flights_clog(&flights, NULL, false);
  assert_false(rests);
  assert_int_equal(calls, 2);
}

static void either_reason_is_enough(void **state) {
  (void)state;
  struct gw_flights flights = {0};
  for (unsigned i = 0; i < GW_FLIGHTS_HIGH; i++)
    gw_flights_begin(&flights, NULL);
  gw_flights_clog(&flights, NULL, true);
  gw_flights_clog(&flights, NULL, false);
  assert_true(rests);
  gw_flights_clog(&flights, NULL, true);
  while (flights.n > 0)
    gw_flights_end(&flights, NULL);
  assert_true(rests);
  gw_flights_clog(&flights, NULL, false);
  assert_false(rests);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(many_requests_pause_until_they_are_few, setup),
      cmocka_unit_test_setup(a_client_that_does_not_read_is_not_read_from, setup),
      cmocka_unit_test_setup(either_reason_is_enough, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
