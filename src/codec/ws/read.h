/* SPDX-License-Identifier: MIT */
/* What the steps of the receiving side share: read.c drives them, read_deflate.c adds those for
 * compressed messages. */
#ifndef GW_CODEC_WS_READ_H
#define GW_CODEC_WS_READ_H

#include "codec/ws/partial.h"
#include "codec/ws/shared.h"

#include <string.h>

enum gw_ws_state {
  GW_WS_IDLE,          /* no header bytes, no open message, nothing lent */
  GW_WS_HEAD,          /* in or before a header */
  GW_WS_IN_CONTROL,    /* inside a control frame */
  GW_WS_IN_PAYLOAD,    /* inside a message that is assembled */
  GW_WS_IN_PARTS,      /* inside a message that is given as it comes */
  GW_WS_IN_PACKED,     /* inside a compressed message that is assembled as it is */
  GW_WS_IN_INFLATE,    /* inside one that is decompressed as it comes, and assembled */
  GW_WS_INFLATE_PARTS, /* inside one that is decompressed and given as it comes */
  GW_WS_CLOSED,
  GW_WS_FAILED,
  GW_WS_N_STATES,
};

/* What a step gives, beside errors. */
enum { GW_WS_NEED_INPUT = 0, GW_WS_EVENT = 1, GW_WS_GO_ON = 2 };

struct gw_ws_input {
  uint8_t *at;
  size_t len;
};

typedef int gw_ws_step(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event);

static inline void gw_ws_skip(struct gw_ws_input *in, size_t n) {
  in->at += n;
  in->len -= n;
}

static inline size_t gw_ws_min(uint64_t a, size_t b) {
  return a < b ? (size_t)a : b;
}

/* Unmasks into dst, and checks what is text, in one pass. False: not UTF-8 (RFC 6455
 * section 8.1). */
static inline bool gw_ws_absorb(const struct gw_ws *ws, uint8_t *dst, const uint8_t *src,
                                size_t len, bool is_text, struct gw_utf8 *utf8) {
  const struct gw_simd *simd = ws->kind->shared->simd;
  if (!ws->kind->options.is_client) {
    if (is_text) return simd->mask_utf8(dst, src, len, ws->key, 0, utf8);
    simd->mask(dst, src, len, ws->key, 0);
    return true;
  }
  if (dst != src && len > 0) memcpy(dst, src, len);
  return !is_text || gw_utf8_feed(utf8, simd, dst, len);
}

/* n bytes were unmasked: the key goes on where they ended. */
static inline void gw_ws_turn_key(struct gw_ws *ws, size_t n) {
  uint8_t turned[4];
  for (size_t i = 0; i < 4; i++)
    turned[i] = ws->key[(i + n) & 3];
  memcpy(ws->key, turned, 4);
}

static inline int gw_ws_give_whole(struct gw_ws_event *event, unsigned opcode, const uint8_t *data,
                                   size_t len) {
  *event = (struct gw_ws_event){
      .opcode = opcode, .is_first = true, .is_last = true, .data = data, .len = len};
  return GW_WS_EVENT;
}

/* A part of the message, or nothing to tell yet (no bytes and not the end). */
int gw_ws_give_part(struct gw_ws *ws, const uint8_t *data, size_t len, bool is_last,
                    struct gw_ws_event *event);
/* A piece of an assembled message is in place: the end of the input, of the frame, or of the
 * message. */
int gw_ws_end_piece(struct gw_ws *ws, struct gw_ws_event *event);

/* A compressed message that lies whole in the input, in one go; GW_WS_GO_ON: not possible, nothing
 * done. */
int gw_ws_read_deflated(struct gw_ws *ws, const struct gw_ws_head *head, struct gw_ws_input *in,
                        struct gw_ws_event *event);
gw_ws_step gw_ws_step_packed, gw_ws_step_inflate, gw_ws_step_inflate_parts;

#endif
