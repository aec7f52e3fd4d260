/* SPDX-License-Identifier: MIT */
/*
 * Compression of messages (RFC 7692 section 7.2.1) into the shared scratch. Without takeover each
 * message, and each part of one, is compressed by itself: a part never refers to the one before, so
 * nothing is held between calls. Whole messages at the fast default are ISA-L's, all else zlib's.
 * Blocks never carry BFINAL, which some peers cannot read on from.
 */
#include "codec/ws/pool.h"

#include "codec/ws/shared.h"

#include <stdlib.h>
#include <sys/types.h>

#define FAST_LEVEL 1
#define PART_MAX   ((size_t)1 << 30) /* zlib counts in 32 bits; what is larger goes plain */
#define TAIL       4                 /* 00 00 FF FF, stripped from a message's end */

/* Resetting a small context is cheaper, and a small message has no use for a large window. */
#define SMALL_MAX 4096
enum { SMALL_BITS = 12, SMALL_MEMORY = 5, LARGE_MEMORY = 8, OWN_MEMORY = 5 };

/* Up to this size the fixed Huffman code is near enough to one of the message's own, which takes
 * several times as long to make. */
#define FIXED_CODE_MAX 1024

static z_stream *borrow(struct gw_ws_shared *shared, int level, unsigned bits, size_t len) {
  bool is_small = len <= SMALL_MAX;
  if (is_small && bits > SMALL_BITS) bits = SMALL_BITS;
  return gw_ws_pool_deflater(shared, level ? level : FAST_LEVEL, bits,
                             is_small ? SMALL_MEMORY : LARGE_MEMORY);
}

/* The connection's own deflater, as far as the peer's window follows it. */
static z_stream *own(struct gw_ws *ws) {
  if (!ws->flate) ws->flate = calloc(1, sizeof *ws->flate);
  if (!ws->flate) return NULL;
  struct gw_ws_flate *flate = ws->flate;
  int level = ws->kind->options.deflate.level;
  if (!flate->deflater)
    flate->deflater =
        gw_ws_deflater_new(level ? level : FAST_LEVEL, gw_ws_self_bits(ws), OWN_MEMORY);
  if (flate->deflater && flate->must_forget) deflateReset(flate->deflater);
  flate->must_forget = false;
  return flate->deflater;
}

/* How many bytes came out, the tail included; 0: they do not fit; GW_ERR_MEMORY: no stream. */
static ssize_t run(z_stream *stream, const void *data, size_t len, uint8_t *out, size_t room) {
  if (!stream) return GW_ERR_MEMORY;
  stream->next_in = (uint8_t *)(uintptr_t)data; /* zlib does not write it */
  stream->avail_in = (unsigned)len;
  stream->next_out = out;
  stream->avail_out = (unsigned)room;
  deflate(stream, Z_SYNC_FLUSH);
  return stream->avail_in == 0 && stream->avail_out > 0 ? (ssize_t)(room - stream->avail_out) : 0;
}

/* As run, by ISA-L. */
static ssize_t run_fast(struct gw_ws_fast *fast, unsigned bits, const void *data, size_t len,
                        uint8_t *out, size_t room) {
  if (!fast) return GW_ERR_MEMORY;
  struct isal_zstream *stream = &fast->stream;
  isal_deflate_init(stream);
  if (len <= FIXED_CODE_MAX) {
    isal_deflate_set_hufftables(stream, NULL, IGZIP_HUFFTABLE_STATIC);
  } else {
    stream->level = 1;
    stream->level_buf = fast->level_buf;
    stream->level_buf_size = sizeof fast->level_buf;
  }
  stream->hist_bits = (uint16_t)bits;
  stream->flush = SYNC_FLUSH;
  stream->next_in = (uint8_t *)(uintptr_t)data; /* nor does ISA-L */
  stream->avail_in = (uint32_t)len;
  stream->next_out = out;
  stream->avail_out = (uint32_t)room;
  bool is_done = isal_deflate(stream) == COMP_OK && stream->avail_in == 0 && stream->avail_out > 0;
  return is_done ? (ssize_t)(room - stream->avail_out) : 0;
}

int gw_ws_deflate_alone(struct gw_ws_shared *shared, int level, unsigned bits, const void *data,
                        size_t len, const uint8_t **out_data, size_t *out_len) {
  if (len > PART_MAX) return 0;
  size_t room = len + TAIL; /* so it fits only if it shrinks */
  uint8_t *out = gw_ws_shared_scratch(shared, room);
  if (!out) return GW_ERR_MEMORY;
  ssize_t size = level == 0 ? run_fast(gw_ws_pool_fast(shared), bits, data, len, out, room)
                            : run(borrow(shared, level, bits, len), data, len, out, room);
  if (size <= 0) return (int)size;
  *out_data = out;
  *out_len = (size_t)size - TAIL;
  return 1;
}

/* Parts, and everything with takeover: must be compressed, even where it grows a little. */
static int deflate_always(struct gw_ws *ws, const struct gw_ws_frame *frame,
                          const uint8_t **out_data, size_t *out_len) {
  /* Section 7.2.3.6: what an empty stored block leaves when its tail is stripped. */
  static const uint8_t empty[1] = {0x00};
  if (frame->len == 0) {
    *out_data = empty;
    *out_len = frame->is_partial ? 0 : 1;
    return 1;
  }
  if (frame->len > PART_MAX) return GW_ERR_ARGUMENT;
  size_t room = frame->len + frame->len / 8 + 256; /* stored blocks add far less */
  uint8_t *out = gw_ws_shared_scratch(ws->kind->shared, room);
  int level = ws->kind->options.deflate.level;
  z_stream *stream = gw_ws_self_keeps(ws)
                         ? own(ws)
                         : borrow(ws->kind->shared, level, gw_ws_self_bits(ws), frame->len);
  ssize_t size = out ? run(stream, frame->data, frame->len, out, room) : GW_ERR_MEMORY;
  if (size < 0) return (int)size;
  *out_data = out;
  *out_len = (size_t)size - (frame->is_partial ? 0 : TAIL);
  return 1;
}

int gw_ws_deflate(struct gw_ws *ws, const struct gw_ws_frame *frame, const uint8_t **out_data,
                  size_t *out_len) {
  bool is_whole = frame->opcode != GW_WS_CONTINUATION && !frame->is_partial;
  if (is_whole && (frame->len == 0 || frame->len > PART_MAX)) return 0;
  if (!is_whole || gw_ws_self_keeps(ws)) return deflate_always(ws, frame, out_data, out_len);
  return gw_ws_deflate_alone(ws->kind->shared, ws->kind->options.deflate.level, gw_ws_self_bits(ws),
                             frame->data, frame->len, out_data, out_len);
}
