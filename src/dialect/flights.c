/* SPDX-License-Identifier: MIT */
/*
 * How many requests of a connection are under way, and whether it is read from meanwhile. What they
 * ask for and who answers them is the dialects' own.
 *
 * Invariant: the connection is paused exactly while is_paused says so.
 */
#include "dialect/flights.h"

#include "http/websocket.h"

static void decide(struct gw_flights *flights, struct gw_conn *conn) {
  uint32_t limit = flights->is_paused ? GW_FLIGHTS_LOW : GW_FLIGHTS_HIGH;
  bool is_paused = flights->is_clogged || flights->n >= limit;
  if (is_paused == flights->is_paused) return;
  flights->is_paused = is_paused;
  gw_conn_pause(conn, is_paused);
}

void gw_flights_begin(struct gw_flights *flights, struct gw_conn *conn) {
  flights->n++;
  decide(flights, conn);
}

void gw_flights_end(struct gw_flights *flights, struct gw_conn *conn) {
  flights->n--;
  decide(flights, conn);
}

void gw_flights_clog(struct gw_flights *flights, struct gw_conn *conn, bool is_clogged) {
  flights->is_clogged = is_clogged;
  decide(flights, conn);
}
