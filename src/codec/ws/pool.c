/* SPDX-License-Identifier: MIT */
/*
 * Compression contexts of one thread. An inflater is taken out for as long as its message lasts; a
 * deflater is only lent for one call, so a handful serves any number of connections. zlib's memory
 * comes from our own malloc, so that tests can make it fail.
 */
#include "codec/ws/pool.h"

#include "codec/ws/shared.h"

#include <stdlib.h>
#include <string.h>

static void *z_alloc(void *opaque, unsigned items, unsigned size) {
  (void)opaque;
  return calloc(items, size);
}

static void z_free(void *opaque, void *memory) {
  (void)opaque;
  free(memory);
}

static z_stream *stream_new(void) {
  z_stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  stream->zalloc = z_alloc;
  stream->zfree = z_free;
  return stream;
}

struct gw_ws_flate_pool *gw_ws_pool(struct gw_ws_shared *shared) {
  if (shared->pool) return shared->pool;
  struct gw_ws_flate_pool *pool = malloc(sizeof *pool);
  if (!pool) return NULL;
  memset(pool, 0, offsetof(struct gw_ws_flate_pool, in));
  pool->whole = libdeflate_alloc_decompressor();
  if (!pool->whole) {
    free(pool);
    return NULL;
  }
  return shared->pool = pool;
}

struct gw_ws_fast *gw_ws_pool_fast(struct gw_ws_shared *shared) {
  struct gw_ws_flate_pool *pool = gw_ws_pool(shared);
  if (pool && !pool->fast) pool->fast = malloc(sizeof *pool->fast);
  return pool ? pool->fast : NULL;
}

static void inflater_free(z_stream *stream) {
  if (stream) inflateEnd(stream);
  free(stream);
}

void gw_ws_flate_pool_free(struct gw_ws_flate_pool *pool) {
  if (!pool) return;
  libdeflate_free_decompressor(pool->whole);
  free(pool->fast);
  while (pool->n_inflaters > 0)
    inflater_free(pool->inflaters[--pool->n_inflaters]);
  for (size_t i = 0; i < GW_WS_POOL_DEFLATERS; i++)
    gw_ws_deflater_free(pool->deflaters[i].stream);
  free(pool);
}

z_stream *gw_ws_pool_take_inflater(struct gw_ws_shared *shared) {
  struct gw_ws_flate_pool *pool = shared->pool;
  if (pool && pool->n_inflaters > 0) {
    z_stream *stream = pool->inflaters[--pool->n_inflaters];
    inflateReset(stream);
    return stream;
  }
  z_stream *stream = stream_new();
  if (!stream) return NULL;
  /* 15 reads what any smaller window has written; zlib makes the window when it is needed. */
  if (inflateInit2(stream, -15) == Z_OK) return stream;
  free(stream);
  return NULL;
}

void gw_ws_pool_give_inflater(struct gw_ws_shared *shared, z_stream *stream) {
  struct gw_ws_flate_pool *pool = shared->pool;
  if (stream && pool && pool->n_inflaters < GW_WS_POOL_INFLATERS)
    pool->inflaters[pool->n_inflaters++] = stream;
  else
    inflater_free(stream);
}

z_stream *gw_ws_deflater_new(int level, unsigned bits, unsigned memory) {
  z_stream *stream = stream_new();
  if (!stream) return NULL;
  int got = deflateInit2(stream, level, Z_DEFLATED, -(int)bits, (int)memory, Z_DEFAULT_STRATEGY);
  if (got == Z_OK) return stream;
  free(stream);
  return NULL;
}

void gw_ws_deflater_free(z_stream *stream) {
  if (stream) deflateEnd(stream);
  free(stream);
}

z_stream *gw_ws_pool_deflater(struct gw_ws_shared *shared, int level, unsigned bits,
                              unsigned memory) {
  struct gw_ws_flate_pool *pool = gw_ws_pool(shared);
  if (!pool) return NULL;
  struct gw_ws_deflater *free_slot = NULL;
  for (size_t i = 0; i < GW_WS_POOL_DEFLATERS; i++) {
    struct gw_ws_deflater *slot = &pool->deflaters[i];
    if (!slot->stream) {
      free_slot = slot;
      break;
    }
    if (slot->level == level && slot->bits == bits && slot->memory == memory) {
      deflateReset(slot->stream);
      return slot->stream;
    }
  }
  if (!free_slot) free_slot = &pool->deflaters[pool->next_deflater++ % GW_WS_POOL_DEFLATERS];
  z_stream *stream = gw_ws_deflater_new(level, bits, memory);
  if (!stream) return NULL;
  gw_ws_deflater_free(free_slot->stream);
  *free_slot = (struct gw_ws_deflater){stream, (uint8_t)level, (uint8_t)bits, (uint8_t)memory};
  return stream;
}
