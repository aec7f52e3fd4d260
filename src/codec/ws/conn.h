/* SPDX-License-Identifier: MIT */
/*
 * The inside of one connection's protocol state, for those who embed it by value (a server's
 * connection struct) and for the I/O layer's shortcuts: receiving a large payload where it will
 * stay, and taking over a message's memory. An idle connection is these 48 bytes and nothing else.
 */
#ifndef GW_CODEC_WS_CONN_H
#define GW_CODEC_WS_CONN_H

#include "base/bytes.h"
#include "godwit/ws.h"

#define GW_WS_HEAD_MAX 14 /* two bytes, a 64-bit length, a key: RFC 6455 section 5.2 */

struct gw_ws_partial;
struct gw_ws_flate;

/* What the connections of one kind on one thread have in common. */
struct gw_ws_kind {
  struct gw_ws_options options;
  struct gw_ws_shared *shared; /* borrowed */
};

struct gw_ws {
  const struct gw_ws_kind *kind;
  struct gw_ws_partial *partial; /* while a message or a control frame is incomplete or lent */
  struct gw_ws_flate *flate;     /* compression contexts of its own, where takeover is agreed */
  union {
    uint8_t head[GW_WS_HEAD_MAX]; /* header bytes of a frame, until they are whole; then: */
    struct {
      uint64_t remaining; /* payload bytes of the frame still to come */
      uint8_t key[4];     /* the frame's, turned so that it fits the next byte */
    };
  };
  uint8_t head_len;
  uint8_t state;   /* enum gw_ws_state in read.h; 0: between messages, nothing lent */
  int8_t error;    /* what the connection failed with */
  uint8_t bits;    /* agreed window sizes: low half the server's, high half the client's; 0: none */
  uint8_t small;   /* the longest payload that needs no look at the limits, at most 125 */
  uint8_t out : 3; /* enum gw_ws_out: where the sending side stands */
  bool server_keeps : 1; /* agreed context takeover, by whose compressor */
  bool client_keeps : 1;
};

enum gw_ws_out { GW_WS_OUT_CLOSED = 1, GW_WS_OUT_PARTS = 2, GW_WS_OUT_DEFLATED = 4 };

/* `ws` may hold anything; borrows the kind. As gw_ws_new, and never fails. */
void gw_ws_init(struct gw_ws *ws, const struct gw_ws_kind *kind,
                const struct gw_ws_deflate *deflate);
/* Gives back all memory; all-zero is fine. */
void gw_ws_clear(struct gw_ws *ws);

/* Where the next payload bytes may be received directly, so that a large message is not copied:
 * room for that many bytes at *out, 0 where that is not possible now (no large payload awaited,
 * compressed, streaming, no memory). Only after gw_ws_read gave 0. */
size_t gw_ws_direct(struct gw_ws *ws, uint8_t **out);
/* `n` bytes were received there. As gw_ws_read. */
int gw_ws_direct_done(struct gw_ws *ws, size_t n, struct gw_ws_event *out_event);

/* After the event of a message that was assembled: gives its memory, content and length as in the
 * event, whose own `data` is not valid any more. NULL where the event points into the input or into
 * scratch: copy it then. */
struct gw_bytes *gw_ws_take_bytes(struct gw_ws *ws);

static inline size_t gw_ws_max_message(const struct gw_ws_options *options) {
  return options->max_message ? options->max_message : 1024 * 1024;
}

static inline bool gw_ws_has_deflate(const struct gw_ws *ws) {
  return ws->bits != 0;
}

/* A message has been begun by a partial frame and not ended. */
static inline bool gw_ws_is_in_parts(const struct gw_ws *ws) {
  return (ws->out & GW_WS_OUT_PARTS) != 0;
}

/* Below this a message is sent as it is. */
static inline size_t gw_ws_deflate_min(const struct gw_ws_deflate_options *options) {
  return options->min_size ? options->min_size : 64;
}

/* By far the most frames: a server's small, whole message that is not compressed. Writes its header
 * of two bytes; false: not such a one, encode it. */
static inline bool gw_ws_encode_small(const struct gw_ws *ws, unsigned opcode, size_t len,
                                      uint8_t *out_head) {
  if (len > 125 || opcode - GW_WS_TEXT > 1 || ws->out != 0 || ws->kind->options.is_client)
    return false;
  if (gw_ws_has_deflate(ws) && len >= gw_ws_deflate_min(&ws->kind->options.deflate)) return false;
  out_head[0] = (uint8_t)(0x80 | opcode);
  out_head[1] = (uint8_t)len;
  return true;
}

#endif
