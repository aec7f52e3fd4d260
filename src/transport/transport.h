/* SPDX-License-Identifier: MIT */
/*
 * A way to hear a channel by GET: a file with one of these, and its name in the list below. Nothing
 * else knows of it: server/channels.c takes the one that a request asks for.
 */
#ifndef GW_TRANSPORT_TRANSPORT_H
#define GW_TRANSPORT_TRANSPORT_H

#include "transport/place.h"
#include "transport/request.h"

struct gw_exchange;

/* All of them. The first that is asked for is taken; the last one always is. */
#define GW_TRANSPORTS(X) X(sse) X(ndjson) X(longpoll) X(poll)

struct gw_transport {
  const char *name;
  const char *content_type; /* of its answers: what a request's Accept chooses by */
  /* Of those with that type, whether it is this one. Optional: it is. */
  bool (*is_asked)(const struct gw_exchange *exchange, const struct gw_channel_request *request);
  bool has_session; /* it goes the way of transport/entry.h, where the gate is asked */
  /* Answers, now or later. Who it is has been found and, where it has no session, may hear the
   * channel. Borrows the request. */
  void (*serve)(struct gw_exchange *exchange, const struct gw_place *place,
                const struct gw_channel_request *request);
};

#define GW_TRANSPORT_ENTRY(name) extern const struct gw_transport gw_transport_##name;
GW_TRANSPORTS(GW_TRANSPORT_ENTRY)
#undef GW_TRANSPORT_ENTRY

#endif
