/* SPDX-License-Identifier: MIT */
/*
 * Compressed messages as they are read (RFC 7692 section 7.2.2). A small one is assembled as it is
 * and decompressed in one go; a large one, or one whose window goes on, is decompressed as it
 * comes. Either way what comes out is counted against the limit before it is kept, so a bomb costs
 * the limit and a window at most.
 */
#include "codec/ws/read.h"

#include "codec/ws/flate.h"

static int give_inflated(struct gw_ws *ws, unsigned opcode, const uint8_t *data, size_t len,
                         struct gw_ws_event *event) {
  if (opcode == GW_WS_TEXT && !gw_utf8_valid(ws->kind->shared->simd, data, len))
    return GW_ERR_WS_DATA;
  return gw_ws_give_whole(event, opcode, data, len);
}

int gw_ws_read_deflated(struct gw_ws *ws, const struct gw_ws_head *head, struct gw_ws_input *in,
                        struct gw_ws_event *event) {
  size_t len = (size_t)head->length;
  if (gw_ws_peer_keeps(ws) || len > GW_WS_WHOLE_MAX) return GW_WS_GO_ON;
  uint8_t *scratch = gw_ws_inflate_scratch(ws->kind->shared);
  if (!scratch) return GW_ERR_MEMORY;
  gw_ws_absorb(ws, scratch, in->at, len, false, NULL);
  const uint8_t *data;
  size_t max = gw_ws_max_message(&ws->kind->options);
  if (!gw_ws_inflate_whole(ws->kind->shared, len, max, &data, &len)) return GW_WS_GO_ON;
  gw_ws_skip(in, (size_t)head->length);
  return give_inflated(ws, head->opcode, data, len, event);
}

/* Assembles what comes out of `in`, or of the tail where `is_end`. */
static int feed(struct gw_ws *ws, const uint8_t *in, size_t in_len, bool is_end) {
  struct gw_ws_partial *partial = ws->partial;
  size_t max = gw_ws_max_message(&ws->kind->options);
  for (;;) {
    size_t have = partial->bytes ? partial->bytes->len : 0, room = 1;
    uint8_t beyond, *out = &beyond; /* at the limit one byte more is one too many */
    if (have < max) {
      size_t guess = is_end ? 1 : gw_ws_min(4 * (uint64_t)in_len + 1, max - have);
      room = gw_ws_min(gw_ws_partial_reserve(partial, guess, max - have), 1u << 30);
      if (room == 0) return GW_ERR_MEMORY;
      out = partial->bytes->data + have;
    }
    int made = is_end ? gw_ws_inflate_tail(ws, out, room)
                      : gw_ws_inflate_some(ws, &in, &in_len, out, room);
    if (made < 0) return made;
    if (made > 0 && have == max) return GW_ERR_WS_TOO_BIG; /* security.md 12 */
    bool is_text = partial->opcode == GW_WS_TEXT;
    if (is_text && !gw_utf8_feed(&partial->utf8, ws->kind->shared->simd, out, (size_t)made))
      return GW_ERR_WS_DATA;
    if (made > 0) partial->bytes->len += (size_t)made;
    if ((size_t)made < room) return 0;
  }
}

/* Goes over from assembling compressed bytes to decompressing them as they come. */
static int begin_inflating(struct gw_ws *ws) {
  struct gw_ws_partial *partial = ws->partial;
  struct gw_bytes *packed = partial->bytes;
  partial->bytes = NULL;
  partial->room = 0;
  partial->is_inflating = true;
  ws->state = GW_WS_IN_INFLATE;
  int err = gw_ws_inflate_begin(ws);
  if (err == 0 && packed) err = feed(ws, packed->data, packed->len, false);
  gw_bytes_unref(packed);
  return err;
}

/* The end of a message that was assembled compressed. */
static int inflate_packed(struct gw_ws *ws, struct gw_ws_event *event) {
  struct gw_ws_partial *partial = ws->partial;
  size_t len = partial->bytes ? partial->bytes->len : 0;
  uint8_t *scratch = gw_ws_inflate_scratch(ws->kind->shared);
  if (!scratch) return GW_ERR_MEMORY;
  if (len > 0) memcpy(scratch, partial->bytes->data, len);
  const uint8_t *data;
  size_t max = gw_ws_max_message(&ws->kind->options);
  if (!gw_ws_inflate_whole(ws->kind->shared, len, max, &data, &len)) {
    int err = begin_inflating(ws);
    if (err == 0) err = feed(ws, NULL, 0, true);
    return err < 0 ? err : gw_ws_end_piece(ws, event);
  }
  gw_bytes_unref(partial->bytes);
  partial->bytes = NULL;
  partial->room = 0;
  partial->is_open = false;
  ws->state = GW_WS_HEAD;
  return give_inflated(ws, partial->opcode, data, len, event);
}

int gw_ws_step_packed(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  struct gw_ws_partial *partial = ws->partial;
  size_t n = gw_ws_min(ws->remaining, in->len);
  size_t have = partial->bytes ? partial->bytes->len : 0;
  if (have + n > GW_WS_WHOLE_MAX) {
    int err = begin_inflating(ws);
    return err < 0 ? err : GW_WS_GO_ON;
  }
  if (n > 0) {
    if (!gw_ws_partial_reserve(partial, n, GW_WS_WHOLE_MAX - have)) return GW_ERR_MEMORY;
    gw_ws_absorb(ws, partial->bytes->data + have, in->at, n, false, NULL);
    gw_ws_turn_key(ws, n);
    gw_ws_skip(in, n);
    partial->bytes->len += n;
    ws->remaining -= n;
  }
  if (ws->remaining == 0 && partial->is_final) return inflate_packed(ws, event);
  return gw_ws_end_piece(ws, event);
}

int gw_ws_step_inflate(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  size_t n = gw_ws_min(ws->remaining, in->len);
  gw_ws_absorb(ws, in->at, in->at, n, false, NULL);
  gw_ws_turn_key(ws, n);
  int err = feed(ws, in->at, n, false);
  if (err < 0) return err;
  gw_ws_skip(in, n);
  ws->remaining -= n;
  if (ws->remaining == 0 && ws->partial->is_final) err = feed(ws, NULL, 0, true);
  return err < 0 ? err : gw_ws_end_piece(ws, event);
}

/* Streaming: a scratch full at a time. Input that did not fit stays with the caller, unmasked. */
int gw_ws_step_inflate_parts(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  struct gw_ws_partial *partial = ws->partial;
  uint8_t *out = gw_ws_inflate_out(ws->kind->shared);
  if (!out) return GW_ERR_MEMORY;
  size_t n = gw_ws_min(ws->remaining, in->len), left = n, room = GW_WS_WHOLE_MAX;
  if (n > partial->unmasked) {
    uint8_t *masked = in->at + partial->unmasked;
    gw_ws_absorb(ws, masked, masked, n - partial->unmasked, false, NULL);
    gw_ws_turn_key(ws, n - partial->unmasked);
    partial->unmasked = n;
  }
  const uint8_t *at = in->at;
  int made = gw_ws_inflate_some(ws, &at, &left, out, room);
  if (made < 0) return made;
  partial->unmasked -= n - left;
  ws->remaining -= n - left;
  gw_ws_skip(in, n - left);

  size_t len = (size_t)made;
  bool is_last = false;
  if (ws->remaining == 0 && len < room && partial->is_final) {
    int more = gw_ws_inflate_tail(ws, out + len, room - len);
    if (more < 0) return more;
    is_last = (size_t)more < room - len;
    len += (size_t)more;
  } else if (ws->remaining == 0 && len < room) {
    ws->state = GW_WS_HEAD;
  }
  partial->inflated += len;
  if (partial->inflated > gw_ws_max_message(&ws->kind->options)) return GW_ERR_WS_TOO_BIG;
  bool is_text = partial->opcode == GW_WS_TEXT;
  if (is_text && !gw_utf8_feed(&partial->utf8, ws->kind->shared->simd, out, len))
    return GW_ERR_WS_DATA;
  return gw_ws_give_part(ws, out, len, is_last, event);
}
