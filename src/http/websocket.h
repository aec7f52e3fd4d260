/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket over a stream, for both roles: what godwit/websocket.h promises, on codec/ws and
 * net/stream. It knows frames, pings and closes; who connected and why is its users' business.
 */
#ifndef GW_HTTP_WEBSOCKET_H
#define GW_HTTP_WEBSOCKET_H

#include "base/str.h"
#include "codec/ws/conn.h"
#include "godwit/websocket.h"
#include "http/conn_table.h"
#include "loop/loop.h"
#include "net/stream.h"

/* What the connections of one route on one worker share; made ready by gw_conn_route_init. */
struct gw_conn_route {
  const struct gw_websocket *handler; /* borrowed */
  struct gw_ws_kind kind; /* the handler's protocol, with the role and the defaults filled in */
  uint32_t ping_ms, pong_ms, close_ms, max_pings;
  size_t max_buffered;
  struct gw_loop *loop;
  struct gw_conn_table *table;
  struct gw_bytes *lent; /* a message that is being told and has memory of its own: sending it on
                            needs no copy */
  /* For a client, NULL for servers: told after the handler's own on_close, and when the
   * connection's memory has gone. */
  void (*on_released)(struct gw_conn_route *route);
  void (*on_closed)(struct gw_conn *conn, const struct gw_ending *ending);
  void *owner; /* the client */
};

/* Fills the settings; loop, kind.shared and table are the caller's to set. */
void gw_conn_route_init(struct gw_conn_route *route, const struct gw_websocket *handler,
                        bool is_client);

/* A connection that is named and has its user data, but no stream yet: between a request and its
 * acceptance. NULL without memory or where the table is full. */
struct gw_conn *gw_conn_new(struct gw_conn_route *route);
/* One that was never opened. */
void gw_conn_drop(struct gw_conn *conn);
/* Takes the stream, whose opening handshake is done; on_open comes inside the call. `protocol` is
 * its number in the handler's list, -1 for none. */
void gw_conn_open(struct gw_conn *conn, struct gw_stream *stream,
                  const struct gw_ws_deflate *deflate, int protocol);
/* Bytes that came behind the handshake; may be changed. */
void gw_conn_feed(struct gw_conn *conn, uint8_t *data, size_t len);

/* A frame made once for many by codec/ws/pack.h, compressed or plain: shared, not copied. As
 * gw_conn_send; GW_ERR_STATE between the parts of another message. */
int gw_conn_send_pack(struct gw_conn *conn, struct gw_bytes *frame);
/* The window size of a packing for this connection, 0 for a plain one, which fits all. */
unsigned gw_conn_pack_bits(const struct gw_conn *conn);
/* Makes one of a whole message, for every connection with the same pack bits that has the same
 * compression settings. GW_ERR_MEMORY, GW_ERR_ARGUMENT. */
int gw_conn_pack(struct gw_conn *conn, const struct gw_ws_frame *message,
                 struct gw_bytes **out_frame);
/* Whether bytes wait that the system would not take; on_drain follows then. */
bool gw_conn_is_waiting(struct gw_conn *conn);
/* For one that wants the newest rather than all: the system takes little in advance for it. */
void gw_conn_keep_fresh(struct gw_conn *conn);
/* The server stops: on_stop, or Close 1001. */
void gw_conn_stop(struct gw_conn *conn);
/* Posted bytes for this id have been sent or dropped; tells an on_drain that is owed. */
void gw_conn_posted_done(struct gw_conn_table *table, uint64_t id, uint32_t len);
struct gw_conn_route *gw_conn_route_of(const struct gw_conn *conn);
/* The connection of this user data. */
struct gw_conn *gw_conn_of(const void *user_data);

/* The number of the first of the handler's subprotocols that the peer offers, -1 for none. */
int gw_conn_protocol_choose(const struct gw_websocket *handler,
                            const struct gw_ws_request *request);
/* The i-th of the handler's subprotocols; at NULL past the end. */
struct gw_str gw_conn_protocol_at(const struct gw_websocket *handler, int i);

#endif
