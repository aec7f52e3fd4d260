/* SPDX-License-Identifier: MIT */
/* `/channels/{channel}/presence`: who is in a channel. */
#ifndef GW_SERVER_PRESENCE_H
#define GW_SERVER_PRESENCE_H

#include "transport/place.h"
#include "transport/request.h"

/* Answers GET and HEAD with JSON `{users:[{user, sessions, since}], count, sessions}`, now or when
 * the channel's home has answered. Borrows the request. */
void gw_presence_serve(struct gw_exchange *exchange, const struct gw_place *place,
                       const struct gw_channel_request *request);

#endif
