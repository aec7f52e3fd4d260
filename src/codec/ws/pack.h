/* SPDX-License-Identifier: MIT */
/*
 * A server's frame made once for many connections: header and payload in shared bytes, compressed
 * at most once per window size. Takeover is no obstacle: a message compressed by itself is legal on
 * any connection, whose own compressor then only starts anew.
 */
#ifndef GW_CODEC_WS_PACK_H
#define GW_CODEC_WS_PACK_H

#include "codec/ws/flate.h"

/* Which packing this (server's) connection can be sent: the window size, 0 for plain. Connections
 * that give the same number share one packing; a plain one fits all. */
static inline unsigned gw_ws_pack_bits(const struct gw_ws *ws) {
  return gw_ws_self_bits(ws);
}
/* A whole TEXT or BINARY message as a frame to write; plain where it does not shrink.
 * GW_ERR_MEMORY, GW_ERR_ARGUMENT. */
int gw_ws_pack(struct gw_ws_shared *shared, const struct gw_ws_deflate_options *options,
               unsigned bits, const struct gw_ws_frame *frame, struct gw_bytes **out_bytes);
/* Before a packing is queued for a connection. GW_ERR_CLOSED after its Close, GW_ERR_STATE between
 * the parts of another message. */
static inline int gw_ws_pack_send(struct gw_ws *ws) {
  if (ws->out & GW_WS_OUT_CLOSED) return GW_ERR_CLOSED;
  if (ws->out & GW_WS_OUT_PARTS) return GW_ERR_STATE;
  if (ws->flate) ws->flate->must_forget = true;
  return 0;
}

#endif
