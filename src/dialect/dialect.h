/* SPDX-License-Identifier: MIT */
/*
 * A language that clients speak over WebSocket: a file with one of these, and a line in the
 * server's table (server/channels.c), which gives it its routes.
 */
#ifndef GW_DIALECT_DIALECT_H
#define GW_DIALECT_DIALECT_H

#include "transport/place.h"

struct gw_websocket; /* godwit/websocket.h */

struct gw_dialect_options {
  size_t max_message; /* bytes of a payload; 0: 64 KiB */
  /* That may wait for a slow client, before it is closed; 0: 4 MiB and a message. Wider than what
   * publishers can pour out in one turn: a burst is not the client's fault. */
  size_t max_buffered;
  const char *origins; /* as in struct gw_websocket; borrowed */
};

struct gw_dialect {
  /* `places`: one per worker, copied. GW_ERR_MEMORY. */
  int (*make)(const struct gw_dialect_options *options, const struct gw_place *places, unsigned n,
              void **out_speaker);
  /* The handler for its routes; lives as long as the speaker. */
  const struct gw_websocket *(*handler)(const void *speaker);
  void (*free)(void *speaker); /* after its connections */
};

extern const struct gw_dialect gw_dialect_raw, gw_dialect_godwit;

#endif
