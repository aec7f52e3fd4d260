/* SPDX-License-Identifier: MIT */
/*
 * Decompression of messages (RFC 7692 section 7.2.2): whole ones by libdeflate, all others by zlib
 * as they come. The sender has stripped an empty stored block's 00 00 FF FF, which is fed again at
 * the message's end. Limits are the caller's: nothing here gives more than the room it was given.
 */
#include "codec/ws/pool.h"

#include "codec/ws/shared.h"

#include <stdlib.h>
#include <string.h>

uint8_t *gw_ws_inflate_scratch(struct gw_ws_shared *shared) {
  struct gw_ws_flate_pool *pool = gw_ws_pool(shared);
  return pool ? pool->in : NULL;
}

uint8_t *gw_ws_inflate_out(struct gw_ws_shared *shared) {
  struct gw_ws_flate_pool *pool = gw_ws_pool(shared);
  return pool ? pool->out : NULL;
}

int gw_ws_inflate_whole(struct gw_ws_shared *shared, size_t len, size_t max,
                        const uint8_t **out_data, size_t *out_len) {
  /* What was stripped, and then a block with BFINAL set, which libdeflate wants at the end. */
  static const uint8_t tail[9] = {0x00, 0x00, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0xFF, 0xFF};
  struct gw_ws_flate_pool *pool = shared->pool;
  memcpy(pool->in + len, tail, sizeof tail);
  size_t room = max < sizeof pool->out ? max : sizeof pool->out;
  size_t used, made;
  enum libdeflate_result result = libdeflate_deflate_decompress_ex(
      pool->whole, pool->in, len + sizeof tail, pool->out, room, &used, &made);
  /* Section 7.2.3.4: where the sender itself set BFINAL, more blocks may follow. */
  if (result != LIBDEFLATE_SUCCESS || used != len + sizeof tail) return 0;
  *out_data = pool->out;
  *out_len = made;
  return 1;
}

int gw_ws_inflate_begin(struct gw_ws *ws) {
  if (!ws->flate) ws->flate = calloc(1, sizeof *ws->flate);
  if (!ws->flate) return GW_ERR_MEMORY;
  struct gw_ws_flate *flate = ws->flate;
  flate->is_at_edge = true;
  flate->tail_done = 0;
  if (!flate->inflater) flate->inflater = gw_ws_pool_take_inflater(ws->kind->shared);
  return flate->inflater ? 0 : GW_ERR_MEMORY;
}

int gw_ws_inflate_some(struct gw_ws *ws, const uint8_t **in, size_t *in_len, uint8_t *out,
                       size_t room) {
  struct gw_ws_flate *flate = ws->flate;
  z_stream *stream = flate->inflater;
  stream->next_out = out;
  stream->avail_out = (unsigned)room;
  do {
    unsigned n = *in_len < 1u << 30 ? (unsigned)*in_len : 1u << 30;
    stream->next_in = (uint8_t *)*in; /* zlib does not write it */
    stream->avail_in = n;
    int got = inflate(stream, Z_SYNC_FLUSH);
    size_t used = n - stream->avail_in;
    *in += used;
    *in_len -= used;
    if (used > 0) flate->is_at_edge = false;
    if (got == Z_MEM_ERROR) return GW_ERR_MEMORY;
    if (got == Z_STREAM_END) {
      /* A block with BFINAL set ended; what follows begins at the next byte, and with takeover the
       * window goes on, so only the position is reset. */
      inflateResetKeep(stream);
      flate->is_at_edge = true;
    } else if (got != Z_OK && got != Z_BUF_ERROR) {
      return GW_ERR_WS_DATA;
    }
  } while (*in_len > 0 && stream->avail_out > 0);
  return (int)(room - stream->avail_out);
}

/* Whether the stream stands between two blocks, at a byte's edge (zlib's data_type). */
static bool is_between_blocks(const z_stream *stream) {
  return (stream->data_type & 128) && (stream->data_type & 63) == 0;
}

int gw_ws_inflate_tail(struct gw_ws *ws, uint8_t *out, size_t room) {
  static const uint8_t tail[4] = {0x00, 0x00, 0xFF, 0xFF};
  struct gw_ws_flate *flate = ws->flate;
  /* A message of no bytes is empty, and one that ends with its own final block is whole: the tail
   * would be the beginning of another. */
  bool needs_none = flate->is_at_edge && flate->tail_done == 0;
  const uint8_t *in = tail + flate->tail_done;
  size_t left = needs_none ? 0 : sizeof tail - flate->tail_done;
  int made = gw_ws_inflate_some(ws, &in, &left, out, room);
  if (made < 0) return made;
  if (!needs_none) flate->tail_done = (uint8_t)(sizeof tail - left);
  if ((size_t)made == room) return made;
  if (!flate->is_at_edge && !is_between_blocks(flate->inflater)) return GW_ERR_WS_DATA;
  if (gw_ws_peer_keeps(ws)) return made;
  gw_ws_pool_give_inflater(ws->kind->shared, flate->inflater);
  flate->inflater = NULL;
  if (!flate->deflater) {
    free(flate);
    ws->flate = NULL;
  }
  return made;
}

void gw_ws_flate_clear(struct gw_ws *ws) {
  if (!ws->flate) return;
  gw_ws_pool_give_inflater(ws->kind->shared, ws->flate->inflater);
  gw_ws_deflater_free(ws->flate->deflater);
  free(ws->flate);
  ws->flate = NULL;
}
