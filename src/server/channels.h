/* SPDX-License-Identifier: MIT */
/* `/channels/{channel}` of a server: every way in to its workers' hubs. */
#ifndef GW_SERVER_CHANNELS_H
#define GW_SERVER_CHANNELS_H

#include "godwit/server.h"
#include "hub/hub.h"

struct gw_channels;

struct gw_channels_options {
  size_t max_message;  /* of a frame or body; 0: 64 KiB */
  const char *origins; /* as in struct gw_websocket; borrowed */
};

/* Adds the route to the server, before gw_server_run. `hubs`: one per worker, borrowed. Options may
 * be NULL. GW_ERR_MEMORY, GW_ERR_STATE: the server may know the route already and must not run. */
int gw_channels_route(struct gw_server *server, struct gw_hub *const *hubs,
                      const struct gw_channels_options *options, struct gw_channels **out_channels);
/* After gw_server_run has returned. NULL is fine. */
void gw_channels_free(struct gw_channels *channels);

#endif
