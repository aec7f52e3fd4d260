/* SPDX-License-Identifier: MIT */
/*
 * A way to hear a channel by GET: a file with one of these, and a line in the server's table
 * (server/channels.c), which takes the first that is asked for.
 */
#ifndef GW_TRANSPORT_TRANSPORT_H
#define GW_TRANSPORT_TRANSPORT_H

#include "transport/place.h"
#include "transport/request.h"

struct gw_exchange;

struct gw_transport {
  const char *name;
  bool (*is_asked)(const struct gw_exchange *exchange, const struct gw_channel_request *request);
  /* Answers, now or later. Who it is has been found and may hear the channel. Borrows the request.
   */
  void (*serve)(struct gw_exchange *exchange, const struct gw_place *place,
                const struct gw_channel_request *request);
};

extern const struct gw_transport gw_transport_sse, gw_transport_ndjson, gw_transport_longpoll,
    gw_transport_poll;

#endif
