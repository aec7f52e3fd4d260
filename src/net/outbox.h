/* SPDX-License-Identifier: MIT */
/*
 * Bytes of one stream that wait for the kernel, in order: shared bytes by reference, borrowed ones
 * as copies, small copies joined. A stream has an outbox only while something waits.
 */
#ifndef GW_NET_OUTBOX_H
#define GW_NET_OUTBOX_H

#include "net/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct gw_segment {
  const uint8_t *data;
  size_t len;
  struct gw_bytes *owner; /* one reference */
};

enum { GW_OUTBOX_FIRST = 8 }; /* segments that need no allocation of their own */

struct gw_outbox {
  struct gw_outbox *next; /* in the list of dirty ones, or of spare ones */
  void *stream;           /* whose bytes these are; NULL: the stream has died meanwhile */
  bool is_dirty;          /* in the list of those that are flushed at the end of the turn */
  uint32_t first, count, room;
  size_t bytes;
  struct gw_bytes *chunk; /* where copies go; ours alone behind chunk_used */
  size_t chunk_used;
  struct gw_segment *segments; /* `few`, or a larger array */
  struct gw_segment few[GW_OUTBOX_FIRST];
};

/* Spare outboxes, so that a fan-out does not go through malloc for each subscriber. */
struct gw_outbox_pool {
  struct gw_outbox *spare;
  unsigned count;
};

/* An empty one; NULL without memory. */
struct gw_outbox *gw_outbox_new(struct gw_outbox_pool *pool, void *stream);
/* Drops what waits and keeps the outbox for another stream, or frees it. NULL is fine. */
void gw_outbox_free(struct gw_outbox_pool *pool, struct gw_outbox *box);
void gw_outbox_pool_clear(struct gw_outbox_pool *pool);

/* Adds the pieces without their first `skip` bytes. GW_ERR_MEMORY: nothing was added. */
int gw_outbox_add(struct gw_outbox *box, const struct gw_piece *pieces, unsigned n, size_t skip);
/* The first bytes that wait, as at most `max` runs; gives their count. */
unsigned gw_outbox_peek(const struct gw_outbox *box, struct iovec *out, unsigned max);
/* The first `n` bytes have gone. */
void gw_outbox_drop(struct gw_outbox *box, size_t n);

/* What counts towards a cap: the bytes and what keeping them costs, against a peer that lets
 * thousands of tiny messages pile up. */
static inline size_t gw_outbox_cost(const struct gw_outbox *box) {
  return box ? box->bytes + box->count * sizeof(struct gw_segment) : 0;
}

#endif
