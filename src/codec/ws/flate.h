/* SPDX-License-Identifier: MIT */
/*
 * Compression (RFC 7692 section 7.2): messages in and out of DEFLATE, and who owns the contexts.
 * Without takeover they are borrowed from the thread's shared part: for a whole message within one
 * call, or for as long as a message that is decompressed as it comes is incomplete. With takeover
 * they are the connection's own, made at their first use.
 */
#ifndef GW_CODEC_WS_FLATE_H
#define GW_CODEC_WS_FLATE_H

#include "codec/ws/conn.h"

#include <zlib.h>

/* Up to this compressed size a message is decompressed whole (libdeflate, into scratch); a larger
 * one as it comes, so that much input and much output never wait side by side. */
#define GW_WS_WHOLE_MAX (64 * 1024)

/* A connection's own contexts, or those that an incomplete message has borrowed. */
struct gw_ws_flate {
  z_stream *inflater;
  z_stream *deflater;
  bool is_at_edge;   /* the inflater has taken nothing since a message began or a BFINAL ended */
  bool must_forget;  /* the peer's window is no longer our deflater's */
  uint8_t tail_done; /* bytes of the stripped tail that were fed */
};

/* Gives back what the connection has borrowed or owns. */
void gw_ws_flate_clear(struct gw_ws *ws);

/* Whether the peer's compressor, or ours, keeps its window from message to message. */
static inline bool gw_ws_peer_keeps(const struct gw_ws *ws) {
  return ws->kind->options.is_client ? ws->server_keeps : ws->client_keeps;
}
static inline bool gw_ws_self_keeps(const struct gw_ws *ws) {
  return ws->kind->options.is_client ? ws->client_keeps : ws->server_keeps;
}
/* The window that our compressor may use; 0: it may not, or cannot (zlib has no raw DEFLATE with a
 * window of 256 bytes), and a side that has agreed to compression may still send all plain. */
static inline unsigned gw_ws_self_bits(const struct gw_ws *ws) {
  unsigned bits = ws->kind->options.is_client ? ws->bits >> 4 : ws->bits & 15;
  return bits < 9 ? 0 : bits;
}

/* ---- in ---- */

/* Scratch for a compressed message of at most GW_WS_WHOLE_MAX bytes; NULL without memory. */
uint8_t *gw_ws_inflate_scratch(struct gw_ws_shared *shared);
/* Decompresses the `len` bytes in that scratch. 1: the result, at most `max` bytes, lent until the
 * next use; 0: not possible in one go (large, several streams, corrupt): inflate it as it comes,
 * and see. */
int gw_ws_inflate_whole(struct gw_ws_shared *shared, size_t len, size_t max,
                        const uint8_t **out_data, size_t *out_len);

/* Scratch of GW_WS_WHOLE_MAX bytes for what comes out. */
uint8_t *gw_ws_inflate_out(struct gw_ws_shared *shared);
/* Gets the connection an inflater for one message. GW_ERR_MEMORY. */
int gw_ws_inflate_begin(struct gw_ws *ws);
/* Decompresses from *in, *in_len (advanced) into out; gives how much came out, GW_ERR_WS_DATA,
 * GW_ERR_MEMORY. Less than `room` (at most 1 GiB) means that all input is used. */
int gw_ws_inflate_some(struct gw_ws *ws, const uint8_t **in, size_t *in_len, uint8_t *out,
                       size_t room);
/* Likewise, at the end of a message: feeds the tail that the sender stripped (section 7.2.2). Less
 * than `room`: the message is whole, and the inflater is given back. */
int gw_ws_inflate_tail(struct gw_ws *ws, uint8_t *out, size_t room);

/* ---- out ---- */

/* Compresses a message, or the next part of one, into the shared scratch. 1: done; 0: it does not
 * shrink, send it plain (whole messages without takeover only); GW_ERR_MEMORY. */
int gw_ws_deflate(struct gw_ws *ws, const struct gw_ws_frame *frame, const uint8_t **out_data,
                  size_t *out_len);
/* A whole message, compressed by itself into the shared scratch; as gw_ws_deflate. */
int gw_ws_deflate_alone(struct gw_ws_shared *shared, int level, unsigned bits, const void *data,
                        size_t len, const uint8_t **out_data, size_t *out_len);

#endif
