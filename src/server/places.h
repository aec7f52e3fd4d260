/* SPDX-License-Identifier: MIT */
/* What each worker of a server has for its requests (transport/place.h), and which of them one has
 * landed on. */
#ifndef GW_SERVER_PLACES_H
#define GW_SERVER_PLACES_H

#include "server/starter.h"
#include "transport/place.h"

#include <stdatomic.h>

struct gw_exchange;
struct gw_memory;
struct gw_server;

struct gw_places {
  struct gw_server *server;
  const struct gw_memory *memory;
  const struct gw_gate *gate;
  struct gw_starter lab;
  size_t max_message;         /* of a publication */
  uint64_t since_ns;          /* when it was made: nanoseconds of the wall clock */
  _Atomic unsigned inquiries; /* under way (server/inquiry.h) */
  unsigned n;
  struct gw_place at[];
};

/* One for each worker, still empty: for whoever has made all of it to fill. NULL without memory. */
struct gw_places *gw_places_new(struct gw_server *server);
/* After the run of the server, before its sessions are freed: ends what is still under way. NULL is
 * fine. */
void gw_places_free(struct gw_places *places);
const struct gw_place *gw_places_find(const struct gw_places *places,
                                      const struct gw_exchange *exchange);

#endif
