/* SPDX-License-Identifier: MIT */
/* An answer that goes on: what every way of streaming a channel over HTTP has in common. */
#ifndef GW_TRANSPORT_FEED_H
#define GW_TRANSPORT_FEED_H

#include "transport/place.h"
#include "transport/request.h"

struct gw_buf;

/* How one way of streaming writes. Each function adds to `out`; GW_ERR_MEMORY. What is written of a
 * publication is kept with it under the address of its kind. */
struct gw_feed_kind {
  const char *name, *content_type;
  int (*write)(struct gw_buf *out, const struct gw_publication *publication);
  /* The beginning: what is written next comes after the cursor. Optional. */
  int (*open)(struct gw_buf *out, const struct gw_cursor *cursor);
  /* Something is missing before what is written next, which comes after gap->cursor. */
  int (*gap)(struct gw_buf *out, const struct gw_recovery *gap);
  struct gw_str heartbeat;
  unsigned heartbeat_ms;
};

/* Answers with the channel from the head of the answer on (or from the cursor that the request
 * gives), until either side ends it. Borrows the request. */
void gw_feed_serve(struct gw_exchange *exchange, const struct gw_place *place,
                   const struct gw_channel_request *request, const struct gw_feed_kind *kind);

/* `{"recovered":false,"missed":N?,"cursor":"…"}` */
int gw_feed_add_gap(struct gw_buf *out, const struct gw_recovery *gap);

#endif
