/* SPDX-License-Identifier: MIT */
/* One thread's compression contexts, lent to its connections; made at the first compressed message.
 */
#ifndef GW_CODEC_WS_POOL_H
#define GW_CODEC_WS_POOL_H

#include "codec/ws/flate.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>

/* Contexts that are kept for the next borrower; more than these are made and freed on demand. */
enum { GW_WS_POOL_INFLATERS = 4, GW_WS_POOL_DEFLATERS = 6 };

#define GW_WS_INFLATE_OUT (256 * 1024) /* a message that comes out larger is assembled instead */

struct gw_ws_deflater {
  z_stream *stream;
  uint8_t level, bits, memory;
};

/* ISA-L's compressor, for messages by themselves at the fast default. */
struct gw_ws_fast {
  struct isal_zstream stream;
  uint8_t level_buf[ISAL_DEF_LVL1_MEDIUM];
};

struct gw_ws_flate_pool {
  struct gw_ws_fast *fast;
  struct libdeflate_decompressor *whole;
  z_stream *inflaters[GW_WS_POOL_INFLATERS];
  unsigned n_inflaters;
  struct gw_ws_deflater deflaters[GW_WS_POOL_DEFLATERS];
  unsigned next_deflater; /* the one to replace where all are taken */
  uint8_t in[GW_WS_WHOLE_MAX + 16];
  uint8_t out[GW_WS_INFLATE_OUT];
};

/* The thread's pool; NULL without memory. */
struct gw_ws_flate_pool *gw_ws_pool(struct gw_ws_shared *shared);

/* The fast compressor; NULL without memory. */
struct gw_ws_fast *gw_ws_pool_fast(struct gw_ws_shared *shared);

/* An inflater at its beginning, for any window; NULL without memory. */
z_stream *gw_ws_pool_take_inflater(struct gw_ws_shared *shared);
void gw_ws_pool_give_inflater(struct gw_ws_shared *shared, z_stream *stream);

/* A new deflater; bits 9-15, memory 1-9 as zlib's. Freed by gw_ws_deflater_free. */
z_stream *gw_ws_deflater_new(int level, unsigned bits, unsigned memory);
void gw_ws_deflater_free(z_stream *stream);
/* A deflater at its beginning, until the next call for one. */
z_stream *gw_ws_pool_deflater(struct gw_ws_shared *shared, int level, unsigned bits,
                              unsigned memory);

#endif
