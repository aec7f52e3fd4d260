/* SPDX-License-Identifier: MIT */
/* Which handler a path belongs to. */
#ifndef GW_SERVER_ROUTE_H
#define GW_SERVER_ROUTE_H

#include "base/str.h"
#include "godwit/server.h"

#define GW_ROUTE_WEBSOCKETS 8 /* of one path, told apart by subprotocol */
#define GW_ROUTES_MAX       256 /* of one server: a table that is walked at each request stays short */

struct gw_route {
  struct gw_str path; /* without the star of a prefix; its own memory */
  bool is_prefix;
  const struct gw_websocket *websockets[GW_ROUTE_WEBSOCKETS]; /* borrowed, as http */
  unsigned n_websockets;
  const struct gw_http *http; /* may be NULL where there is a WebSocket */
};

struct gw_routes {
  struct gw_route at[GW_ROUTES_MAX];
  unsigned n;
};

/* Adds what is not NULL to the path's route. GW_ERR_ARGUMENT; GW_ERR_STATE where it has one of
 * that kind (a WebSocket: with one of its subprotocols, or with none either); GW_ERR_FULL,
 * GW_ERR_MEMORY. */
int gw_routes_add(struct gw_routes *routes, const char *path, const struct gw_websocket *websocket,
                  const struct gw_http *http);
/* The exact path's, else the longest prefix's; its number, -1 where there is none. */
int gw_routes_find(const struct gw_routes *routes, struct gw_str path);
void gw_routes_clear(struct gw_routes *routes);

#endif
