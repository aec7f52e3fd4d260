/* SPDX-License-Identifier: MIT */
/*
 * Raw WebSocket on a channel: each frame sent is a publication, each publication arrives as one
 * frame, payload only. `?after=` and `?echo=no` as in interface.md 2.
 */
#ifndef GW_DIALECT_RAW_H
#define GW_DIALECT_RAW_H

#include "transport/place.h"

struct gw_websocket; /* godwit/websocket.h */
struct gw_raw;

struct gw_raw_options {
  size_t max_message; /* bytes; 0: 64 KiB */
  /* That may wait for a slow consumer, before it is closed; 0: 4 MiB and a message. Wider than what
   * publishers can pour out in one turn: a burst is not the consumer's fault. */
  size_t max_buffered;
  const char *origins; /* as in struct gw_websocket; borrowed */
};

/* `places`: one per worker, copied. GW_ERR_MEMORY. */
int gw_raw_new(const struct gw_raw_options *options, const struct gw_place *places, unsigned n,
               struct gw_raw **out_raw);
/* After its connections. NULL is fine. */
void gw_raw_free(struct gw_raw *raw);
/* The route's handler; lives as long as `raw`. */
const struct gw_websocket *gw_raw_handler(const struct gw_raw *raw);

#endif
