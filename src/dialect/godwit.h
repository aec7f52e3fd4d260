/* SPDX-License-Identifier: MIT */
/*
 * The subprotocol `godwit.v1` (docs/godwit.v1.md): many channels on one connection, in lines that a
 * person can type. On `/ws` with or without its name, and on `/channels/{channel}`, where the
 * channel is held from the beginning (`?after=`). One connection carries one session.
 */
#ifndef GW_DIALECT_GODWIT_H
#define GW_DIALECT_GODWIT_H

#include "transport/place.h"

struct gw_websocket; /* godwit/websocket.h */
struct gw_godwit;

#define GW_GODWIT_PROTOCOL "godwit.v1"

struct gw_godwit_options {
  size_t max_message; /* bytes of a payload; 0: 64 KiB */
  /* That may wait for a slow client, before it is closed; 0: 4 MiB and a message. */
  size_t max_buffered;
  const char *origins; /* as in struct gw_websocket; borrowed */
};

/* `places`: one per worker, copied. GW_ERR_MEMORY. */
int gw_godwit_new(const struct gw_godwit_options *options, const struct gw_place *places,
                  unsigned n, struct gw_godwit **out_godwit);
/* After its connections. NULL is fine. */
void gw_godwit_free(struct gw_godwit *godwit);
/* The handler for both routes; lives as long as `godwit`. */
const struct gw_websocket *gw_godwit_handler(const struct gw_godwit *godwit);

#endif
