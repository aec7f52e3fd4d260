/* SPDX-License-Identifier: MIT */
/*
 * A language that clients speak over WebSocket: a file with one of these, and its name in the list
 * below. Nothing else knows of it.
 */
#ifndef GW_DIALECT_DIALECT_H
#define GW_DIALECT_DIALECT_H

#include "transport/place.h"

struct gw_websocket; /* godwit/websocket.h */

/* All of them. */
#define GW_DIALECTS(X) X(raw) X(godwit)

struct gw_dialect_options {
  size_t max_message;  /* bytes of a payload */
  const char *origins; /* as in struct gw_websocket; borrowed */
};

struct gw_dialect {
  /* Where it is spoken (godwit/server.h), up to a NULL; several on one path are told apart by
   * subprotocol. */
  const char *routes[3];
  /* `places`: one per worker, copied. GW_ERR_MEMORY. */
  int (*make)(const struct gw_dialect_options *options, const struct gw_place *places, unsigned n,
              void **out_speaker);
  /* The handler for its routes; lives as long as the speaker. */
  const struct gw_websocket *(*handler)(const void *speaker);
  void (*free)(void *speaker); /* after its connections */
};

#define GW_DIALECT_ENTRY(name) extern const struct gw_dialect gw_dialect_##name;
GW_DIALECTS(GW_DIALECT_ENTRY)
#undef GW_DIALECT_ENTRY

#endif
