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

/* For the exchange, until gw_pending_end; where its client goes before, the question is forgotten
 * and the memory freed. NULL without memory: that has been answered. */
struct gw_pending *gw_pending_new(struct gw_exchange *exchange, struct gw_hub *hub,
                                  struct gw_str channel,
                                  void (*on_answer)(struct gw_store_ask *ask, int err,
                                                    const struct gw_recovery *recovery));
/* What the hub said when it was asked: where it refused, no answer will come, so the error is what
 * the exchange is answered, and the memory is freed. */
void gw_pending_asked(struct gw_pending *pending, int err);
/* The answer has come: frees, and gives the exchange, which is to be answered now. */
struct gw_exchange *gw_pending_end(struct gw_pending *pending);

#endif
