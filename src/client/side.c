/* SPDX-License-Identifier: MIT */
/* The loop's attachment while it has clients: the first makes it, the last takes it away. */
#include "client/side.h"

#include "godwit/ws.h"

#include <stdlib.h>

static const char key; /* of the attachment */

#define CONNS_MAX (1u << 20) /* of one loop's clients */

static void side_free(struct gw_client_side *side) {
  if (side->net) gw_net_free(side->net);
  gw_ws_shared_free(side->shared);
  gw_conn_table_free(side->table);
  free(side);
}

int gw_client_side_get(struct gw_loop *loop, struct gw_client_side **out_side) {
  struct gw_client_side *side = gw_loop_attachment(loop, &key);
  if (side) {
    side->refs++;
    *out_side = side;
    return 0;
  }
  side = calloc(1, sizeof *side);
  if (!side) return GW_ERR_MEMORY;
  side->loop = loop;
  side->refs = 1;
  /* What may wait for one server is limited per client (max_buffered). */
  int r = gw_net_new(loop, &(struct gw_net_options){.outbox_cap = SIZE_MAX / 2}, &side->net);
  if (r == 0) r = gw_ws_shared_new(&side->shared);
  if (r == 0) r = gw_conn_table_new(0, CONNS_MAX, &side->table);
  if (r == 0) r = gw_loop_attach(loop, &key, side);
  if (r < 0) {
    side_free(side);
    return r;
  }
  *out_side = side;
  return 0;
}

void gw_client_side_put(struct gw_client_side *side) {
  if (--side->refs > 0) return;
  gw_loop_attach(side->loop, &key, NULL);
  side_free(side);
}

bool gw_client_side_is_used(const struct gw_loop *loop) {
  return gw_loop_attachment(loop, &key) != NULL;
}
