/* SPDX-License-Identifier: MIT */
/* A request that waits for the hub's answer. */
#ifndef GW_TRANSPORT_PENDING_H
#define GW_TRANSPORT_PENDING_H

#include "hub/hub.h"

struct gw_exchange;

struct gw_pending {
  struct gw_store_ask ask; /* for the hub */
  struct gw_exchange *exchange;
  struct gw_hub *hub;
  struct gw_str channel;
  bool has_wait; /* as in the request */
  unsigned wait;
  char text[];
};

/* Holds the exchange until gw_pending_end; where its client goes before, the question is forgotten
 * and the memory freed. NULL without memory. */
struct gw_pending *gw_pending_new(struct gw_exchange *exchange, struct gw_hub *hub,
                                  struct gw_str channel,
                                  void (*on_answer)(struct gw_store_ask *ask, int err,
                                                    const struct gw_recovery *recovery));
/* The answer has come (or the question was refused). */
void gw_pending_end(struct gw_pending *pending);
/* An error of the hub's as a problem: 503 where trying again may help, else 400 or 500. */
void gw_pending_refuse(struct gw_exchange *exchange, int err);

#endif
