/* SPDX-License-Identifier: MIT */
/*
 * What one thread's connections share: scratch that holds one outgoing payload at a time, random
 * bytes for masking keys, and the compression contexts. Nothing in it belongs to a connection
 * beyond one call.
 */
#ifndef GW_CODEC_WS_SHARED_H
#define GW_CODEC_WS_SHARED_H

#include "base/simd.h"
#include "godwit/ws.h"

struct gw_ws_flate_pool;

struct gw_ws_shared {
  const struct gw_simd *simd;
  struct gw_ws_flate_pool *pool; /* made when the first message is compressed */
  uint8_t *scratch;              /* the body of the frame encoded last */
  size_t scratch_room;
  uint8_t close[128]; /* the payload of the Close frame encoded last */
  uint16_t keys_used;
  uint8_t keys[512]; /* random bytes, four for each frame that a client sends */
};

void gw_ws_flate_pool_free(struct gw_ws_flate_pool *pool); /* pool.c */

/* Scratch for an outgoing payload of `len` bytes; what the last one left is lost. NULL without
 * memory. */
uint8_t *gw_ws_shared_scratch(struct gw_ws_shared *shared, size_t len);
/* A fresh masking key (RFC 6455 section 10.3: unpredictable). GW_ERR_SYSTEM. */
int gw_ws_shared_key(struct gw_ws_shared *shared, uint8_t out_key[4]);

#endif
