/* SPDX-License-Identifier: MIT */
/*
 * What a connection remembers of a message or control frame that is not whole yet: made when one is
 * cut, freed with the last of its bytes. The assembled bytes grow with what came, never with what a
 * header promised.
 */
#ifndef GW_CODEC_WS_PARTIAL_H
#define GW_CODEC_WS_PARTIAL_H

#include "base/simd.h"
#include "base/utf8.h"
#include "codec/ws/head.h"

struct gw_ws_partial {
  struct gw_bytes *bytes; /* assembled so far: the message, or its compressed form */
  size_t room;            /* allocated in bytes->data */
  uint64_t received;      /* payload bytes of the message's frames, as their headers declared */
  uint64_t inflated;      /* bytes that came out of decompression */
  struct gw_utf8 utf8;
  uint32_t fragments; /* frames of the message so far */
  uint8_t opcode;
  bool is_open;       /* a message has begun and has not ended */
  bool is_final;      /* the present frame is its last */
  bool is_compressed; /* RSV1 was set on its first frame */
  bool is_inflating;  /* decompressed as it comes, rather than when it is whole */
  bool has_given;     /* a first part was given (streaming) */
  uint8_t control_opcode, control_len;
  size_t unmasked; /* bytes ahead in the input that are unmasked already */
  uint8_t control[GW_WS_CONTROL_MAX];
};

static inline bool gw_ws_partial_is_open(const struct gw_ws_partial *partial) {
  return partial && partial->is_open;
}

/* Makes ws->partial where there is none. GW_ERR_MEMORY. */
int gw_ws_partial_need(struct gw_ws *ws);
/* Starts a message. */
void gw_ws_partial_open(struct gw_ws_partial *partial, const struct gw_ws_head *head);
void gw_ws_partial_free(struct gw_ws_partial *partial);

/* Room behind the assembled bytes for at least one more, at most `expected` (and then exactly
 * that); `present` are at hand now. The room, 0 without memory. */
size_t gw_ws_partial_reserve(struct gw_ws_partial *partial, size_t present, size_t expected);

/* Gives the assembled bytes, shrunk to what they hold. */
struct gw_bytes *gw_ws_partial_give(struct gw_ws_partial *partial);

static inline uint32_t gw_ws_max_fragments(const struct gw_ws_options *options) {
  return options->max_fragments ? options->max_fragments : 4096;
}

/* DEFLATE makes what it cannot compress a little larger (stored blocks, RFC 1951 section 3.2.4). */
static inline size_t gw_ws_max_compressed(size_t max_message) {
  size_t more = max_message / 8 + 64;
  return max_message > SIZE_MAX - more ? SIZE_MAX : max_message + more;
}

#endif
