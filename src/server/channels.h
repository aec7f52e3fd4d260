/* SPDX-License-Identifier: MIT */
/* `/channels/{channel}` and `/ws` of a server: every way in to its workers' hubs. */
#ifndef GW_SERVER_CHANNELS_H
#define GW_SERVER_CHANNELS_H

#include "server/places.h"

struct gw_channels;

/* Adds the routes, before gw_server_run. Places and origins (as in struct gw_http) are borrowed.
 * GW_ERR_MEMORY, and as gw_server_http. */
int gw_channels_new(struct gw_places *places, const char *origins,
                    struct gw_channels **out_channels);
/* After the run. NULL is fine. */
void gw_channels_free(struct gw_channels *channels);

#endif
