/* SPDX-License-Identifier: MIT */
/* Publications over a WebSocket. */
#ifndef GW_TRANSPORT_WEBSOCKET_H
#define GW_TRANSPORT_WEBSOCKET_H

#include "session/carrier.h"

struct gw_buf;
struct gw_conn;

/* Closes with one of these and its text. */
void gw_close_conn(struct gw_conn *conn, enum gw_close_code code);

/* How a dialect writes a publication as a message: text, or binary where the publication is. */
struct gw_frame_maker {
  /* Adds the message to `out`; GW_ERR_MEMORY. NULL: it is the payload. */
  int (*write)(const struct gw_publication *publication, struct gw_buf *out);
  char keys[16]; /* their addresses: of the plain frame, and of one for each size of window */
};

/* One frame, which is made (and compressed) once for all connections of this maker's that agreed to
 * the same compression. As gw_conn_send: 0; 1: sent, but more than 1 MiB waits: on_drain follows;
 * GW_ERR_FULL, GW_ERR_MEMORY, GW_ERR_CLOSED. */
int gw_websocket_push(struct gw_conn *conn, struct gw_publication *publication,
                      const struct gw_frame_maker *maker);

#endif
