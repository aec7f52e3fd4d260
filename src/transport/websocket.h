/* SPDX-License-Identifier: MIT */
/* Publications over a WebSocket, payload only. */
#ifndef GW_TRANSPORT_WEBSOCKET_H
#define GW_TRANSPORT_WEBSOCKET_H

#include "session/carrier.h"

struct gw_conn;

/* Closes with one of these and its text. */
void gw_close_conn(struct gw_conn *conn, enum gw_close_code code);

/* The payload as one frame, which is made once for all connections. As gw_conn_send: 0; 1: sent,
 * but more than 1 MiB waits: on_drain follows; GW_ERR_FULL, GW_ERR_MEMORY, GW_ERR_CLOSED. */
int gw_websocket_push(struct gw_conn *conn, struct gw_publication *publication);

#endif
