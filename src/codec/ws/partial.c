/* SPDX-License-Identifier: MIT */
/*
 * The memory of what is not whole yet. Growth doubles with what really came and stops at what is
 * still expected, so that a header that promises much costs nothing until the bytes arrive.
 */
#include "codec/ws/partial.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096

int gw_ws_partial_need(struct gw_ws *ws) {
  if (!ws->partial) ws->partial = calloc(1, sizeof *ws->partial);
  return ws->partial ? 0 : GW_ERR_MEMORY;
}

void gw_ws_partial_open(struct gw_ws_partial *partial, const struct gw_ws_head *head) {
  partial->opcode = head->opcode;
  partial->is_open = true;
  partial->is_compressed = head->is_compressed;
  partial->received = partial->inflated = 0;
  partial->unmasked = 0;
  partial->fragments = 0;
  partial->is_inflating = partial->has_given = false;
  partial->utf8 = (struct gw_utf8){0};
}

void gw_ws_partial_free(struct gw_ws_partial *partial) {
  if (!partial) return;
  gw_bytes_unref(partial->bytes);
  free(partial);
}

static bool grow(struct gw_ws_partial *partial, size_t room) {
  if (!partial->bytes) {
    partial->bytes = gw_bytes_new(room);
    if (!partial->bytes) return false;
    partial->bytes->len = 0;
  } else {
    /* Its maker alone holds it, and big blocks move by page tables (mremap), not by copying. */
    struct gw_bytes *bytes = realloc(partial->bytes, sizeof *bytes + room);
    if (!bytes) return false;
    partial->bytes = bytes;
  }
  partial->room = room;
  return true;
}

size_t gw_ws_partial_reserve(struct gw_ws_partial *partial, size_t present, size_t expected) {
  size_t len = partial->bytes ? partial->bytes->len : 0;
  size_t left = partial->room - len;
  if (left >= present && left > 0) return left;
  size_t room = 2 * (len + present);
  if (room < FIRST_ROOM) room = FIRST_ROOM;
  if (room > len + expected) room = len + expected;
  return grow(partial, room) ? room - len : 0;
}

struct gw_bytes *gw_ws_partial_give(struct gw_ws_partial *partial) {
  struct gw_bytes *bytes = partial->bytes;
  size_t spare = partial->room - bytes->len;
  /* A message may live long in an outbox: it does not keep what it grew beyond its size. */
  if (spare > bytes->len / 4 && grow(partial, bytes->len)) bytes = partial->bytes;
  partial->bytes = NULL;
  partial->room = 0;
  return bytes;
}
