/* SPDX-License-Identifier: MIT */
/* A request whose answer needs every worker: a survey (session/session.h) that holds an exchange.
 */
#ifndef GW_SERVER_INQUIRY_H
#define GW_SERVER_INQUIRY_H

#include "server/places.h"

struct gw_inquiry;

struct gw_inquiry_ops {
  /* On each worker's thread, one after the other: the place is that worker's. True: enough. */
  bool (*visit)(struct gw_inquiry *inquiry, const struct gw_place *place);
  /* Answers the exchange, on its own thread; not called where its client has gone. */
  void (*answer)(struct gw_inquiry *inquiry, struct gw_exchange *exchange);
  /* Frees, always last. */
  void (*free)(struct gw_inquiry *inquiry);
};

/* Embedded in what it asks and finds out. */
struct gw_inquiry {
  const struct gw_inquiry_ops *ops;
  struct gw_survey survey;
  struct gw_exchange *exchange; /* NULL: its client is gone */
  struct gw_places *places;
};

/* Takes the inquiry. */
void gw_inquiry_start(struct gw_inquiry *inquiry, const struct gw_inquiry_ops *ops,
                      struct gw_exchange *exchange, struct gw_places *places);

#endif
