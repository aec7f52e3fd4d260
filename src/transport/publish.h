/* SPDX-License-Identifier: MIT */
/* POST on a channel: its body is the payload of a publication. */
#ifndef GW_TRANSPORT_PUBLISH_H
#define GW_TRANSPORT_PUBLISH_H

#include "hub/hub.h"
#include "transport/request.h"

/* Answers 201 with JSON `{channel | user, cursor, duplicate}` (200 where its Idempotency-Key had
 * been used), now or when the channel's home has answered. Borrows the request, `who` included. */
void gw_publish_serve(struct gw_exchange *exchange, struct gw_hub *hub,
                      const struct gw_channel_request *request);

#endif
