/* SPDX-License-Identifier: MIT */
/* What all clients of one loop share: buffers, compression contexts, the table of connections.
 * Counted; found by the loop. */
#ifndef GW_CLIENT_SIDE_H
#define GW_CLIENT_SIDE_H

#include "http/conn_table.h"
#include "loop/loop.h"
#include "net/net.h"

struct gw_ws_shared;

struct gw_client_side {
  struct gw_loop *loop;
  struct gw_net *net;
  struct gw_ws_shared *shared;
  struct gw_conn_table *table;
  unsigned refs;
};

/* The loop's, made where it has none; one more reference. GW_ERR_MEMORY. */
int gw_client_side_get(struct gw_loop *loop, struct gw_client_side **out_side);
/* The last reference frees it: when all its streams are gone. */
void gw_client_side_put(struct gw_client_side *side);

/* Whether the loop has clients still, freed ones included whose last stream has not ended. */
bool gw_client_side_is_used(const struct gw_loop *loop);

#endif
