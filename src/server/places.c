/* SPDX-License-Identifier: MIT */
/* One place per worker, found by the loop of the exchange: workers are few. */
#include "server/places.h"

#include "godwit/server.h"
#include "http/exchange.h"
#include "server/process.h"

#include <stdlib.h>

struct gw_places *gw_places_new(struct gw_server *server) {
  unsigned n = gw_server_worker_count(server);
  struct gw_places *places = calloc(1, sizeof *places + n * sizeof places->at[0]);
  if (!places) return NULL;
  places->server = server;
  places->n = n;
  places->since_ns = gw_process_clock();
  atomic_init(&places->inquiries, 0);
  for (unsigned i = 0; i < n; i++)
    places->at[i].loop = gw_server_loop(server, i);
  return places;
}

/* Their askers are gone, but each of them still travels from loop to loop. */
static void end_inquiries(struct gw_places *places) {
  while (atomic_load(&places->inquiries) > 0)
    for (unsigned i = 0; i < places->n; i++)
      gw_loop_turn(places->at[i].loop, 0);
}

void gw_places_free(struct gw_places *places) {
  if (!places) return;
  end_inquiries(places);
  free(places);
}

const struct gw_place *gw_places_find(const struct gw_places *places,
                                      const struct gw_exchange *exchange) {
  unsigned i = 0;
  while (places->at[i].loop != exchange->loop)
    i++;
  return &places->at[i];
}
