/* SPDX-License-Identifier: MIT */
/*
 * The outbox: an array of segments, taken from the front and added to at the end. It sends nothing
 * and knows no descriptor. Its caller holds the cap. Every segment holds one reference on the bytes
 * that it shows; copies lie in chunks of the outbox's own, which grow as more is copied.
 */
#include "net/outbox.h"

#include "godwit/error.h"

#include <stdlib.h>
#include <string.h>

enum {
  POOL_CAP = 1024, /* spare outboxes kept: a burst's memory goes back to the system */
  CHUNK_MIN = 512,
  CHUNK_MAX = 32 * 1024,
};

struct gw_outbox *gw_outbox_new(struct gw_outbox_pool *pool, void *stream) {
  struct gw_outbox *box = pool->spare;
  if (box) {
    pool->spare = box->next;
    pool->count--;
  } else {
    box = malloc(sizeof *box);
    if (!box) return NULL;
  }
  box->next = NULL;
  box->stream = stream;
  box->is_dirty = false;
  box->first = box->count = 0;
  box->room = GW_OUTBOX_FIRST;
  box->bytes = 0;
  box->chunk = NULL;
  box->chunk_used = 0;
  box->segments = box->few;
  return box;
}

void gw_outbox_free(struct gw_outbox_pool *pool, struct gw_outbox *box) {
  if (!box) return;
  for (uint32_t i = 0; i < box->count; i++)
    gw_bytes_unref(box->segments[box->first + i].owner);
  gw_bytes_unref(box->chunk);
  if (box->segments != box->few) free(box->segments);
  if (pool->count >= POOL_CAP) {
    free(box);
    return;
  }
  box->next = pool->spare;
  pool->spare = box;
  pool->count++;
}

void gw_outbox_pool_clear(struct gw_outbox_pool *pool) {
  while (pool->spare) {
    struct gw_outbox *box = pool->spare;
    pool->spare = box->next;
    free(box);
  }
  pool->count = 0;
}

/* Room for `more` segments behind the last. */
static int reserve_segments(struct gw_outbox *box, unsigned more) {
  if (box->room - box->first - box->count >= more) return 0;
  if (box->room - box->count >= more && box->first >= box->room / 2) {
    memmove(box->segments, box->segments + box->first, box->count * sizeof *box->segments);
    box->first = 0;
    return 0;
  }
  if (more > UINT32_MAX / 4 || box->count > UINT32_MAX / 4) return GW_ERR_MEMORY;
  uint32_t room = (box->count + more) * 2;
  struct gw_segment *segments = malloc(room * sizeof *segments);
  if (!segments) return GW_ERR_MEMORY;
  memcpy(segments, box->segments + box->first, box->count * sizeof *segments);
  if (box->segments != box->few) free(box->segments);
  box->segments = segments;
  box->first = 0;
  box->room = room;
  return 0;
}

/* Room for `len` bytes of copies in one chunk. */
static int reserve_copies(struct gw_outbox *box, size_t len) {
  if (len == 0 || (box->chunk && len <= box->chunk->len - box->chunk_used)) return 0;
  size_t room = box->chunk ? box->chunk->len * 2 : CHUNK_MIN;
  if (room > CHUNK_MAX) room = CHUNK_MAX;
  if (room < len) room = len;
  struct gw_bytes *chunk = gw_bytes_new(room);
  if (!chunk) return GW_ERR_MEMORY;
  gw_bytes_unref(box->chunk);
  box->chunk = chunk;
  box->chunk_used = 0;
  return 0;
}

/* Appends a run, to the last segment where it goes on in memory. Room was made before. */
static inline void append(struct gw_outbox *box, const uint8_t *data, size_t len,
                          struct gw_bytes *owner) {
  box->bytes += len;
  if (box->count > 0) {
    struct gw_segment *last = &box->segments[box->first + box->count - 1];
    if (last->owner == owner && last->data + last->len == data) {
      last->len += len;
      return;
    }
  }
  box->segments[box->first + box->count++] = (struct gw_segment){data, len, gw_bytes_ref(owner)};
}

static void append_copy(struct gw_outbox *box, const uint8_t *data, size_t len) {
  uint8_t *copy = box->chunk->data + box->chunk_used;
  memcpy(copy, data, len);
  box->chunk_used += len;
  append(box, copy, len, box->chunk);
}

static size_t borrowed_after(const struct gw_piece *pieces, unsigned n, size_t skip) {
  size_t borrowed = 0;
  for (unsigned i = 0; i < n; i++) {
    size_t gone = skip < pieces[i].len ? skip : pieces[i].len;
    skip -= gone;
    if (!pieces[i].owner) borrowed += pieces[i].len - gone;
  }
  return borrowed;
}

/* Kept out of line, so that a shared piece costs none of its registers. */
__attribute__((noinline)) static int add_all(struct gw_outbox *box, const struct gw_piece *pieces,
                                             unsigned n, size_t skip) {
  int err = reserve_segments(box, n);
  if (err == 0) err = reserve_copies(box, borrowed_after(pieces, n, skip));
  if (err < 0) return err;
  for (unsigned i = 0; i < n; i++) {
    size_t gone = skip < pieces[i].len ? skip : pieces[i].len;
    skip -= gone;
    const uint8_t *data = (const uint8_t *)pieces[i].data + gone;
    size_t len = pieces[i].len - gone;
    if (len == 0) continue;
    if (pieces[i].owner)
      append(box, data, len, pieces[i].owner);
    else
      append_copy(box, data, len);
  }
  return 0;
}

int gw_outbox_add(struct gw_outbox *box, const struct gw_piece *pieces, unsigned n, size_t skip) {
  bool is_shared = n == 1 && pieces->owner && pieces->len > 0 && skip == 0;
  if (!is_shared || box->room - box->first == box->count) return add_all(box, pieces, n, skip);
  append(box, pieces->data, pieces->len, pieces->owner);
  return 0;
}

unsigned gw_outbox_peek(const struct gw_outbox *box, struct iovec *out, unsigned max) {
  unsigned n = box->count < max ? box->count : max;
  const struct gw_segment *segment = box->segments + box->first;
  for (unsigned i = 0; i < n; i++, segment++)
    out[i] = (struct iovec){(void *)(uintptr_t)segment->data, segment->len};
  return n;
}

void gw_outbox_drop(struct gw_outbox *box, size_t n) {
  box->bytes -= n;
  while (n > 0) {
    struct gw_segment *segment = &box->segments[box->first];
    if (n < segment->len) {
      segment->data += n;
      segment->len -= n;
      return;
    }
    n -= segment->len;
    gw_bytes_unref(segment->owner);
    box->first++;
    box->count--;
  }
  if (box->count == 0) box->first = 0;
}
