/* SPDX-License-Identifier: MIT */
/*
 * Requests of one connection that are under way. Above the first number it is not read from until
 * they are below the second: against a client that asks faster than it can be answered.
 */
#ifndef GW_DIALECT_FLIGHTS_H
#define GW_DIALECT_FLIGHTS_H

#include <stdbool.h>
#include <stdint.h>

enum { GW_FLIGHTS_HIGH = 64, GW_FLIGHTS_LOW = 32 };

struct gw_conn;

/* Embedded; all-zero is none. */
struct gw_flights {
  uint16_t n;
  bool is_clogged; /* much waits for the client to read it: that is a reason to pause, too */
  bool is_paused;
};

void gw_flights_begin(struct gw_flights *flights, struct gw_conn *conn);
void gw_flights_end(struct gw_flights *flights, struct gw_conn *conn);
/* A send has told of backpressure; or what waited has gone. */
void gw_flights_clog(struct gw_flights *flights, struct gw_conn *conn, bool is_clogged);

#endif
