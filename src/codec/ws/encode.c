/* SPDX-License-Identifier: MIT */
/*
 * The sending side: a header, and the payload as it is (server) or masked into the shared scratch
 * (client). A call that fails changes nothing, so the caller may go on with another frame.
 */
#include "codec/ws/flate.h"
#include "codec/ws/head.h"
#include "codec/ws/shared.h"

#include <string.h>

/* Section 5.3: a client's payload goes out masked with a fresh key. */
static int put_masked(struct gw_ws *ws, unsigned first, const uint8_t *body, size_t len,
                      struct gw_ws_wire *out_wire) {
  uint8_t key[4];
  int err = gw_ws_shared_key(ws->kind->shared, key);
  if (err < 0) return err;
  /* What was compressed lies in the scratch already. */
  bool is_scratch = len > 0 && body == ws->kind->shared->scratch;
  uint8_t *masked =
      is_scratch ? ws->kind->shared->scratch : gw_ws_shared_scratch(ws->kind->shared, len);
  if (!masked) return GW_ERR_MEMORY;
  ws->kind->shared->simd->mask(masked, body, len, key, 0);
  out_wire->body = masked;
  out_wire->body_len = len;
  out_wire->head_len = gw_ws_head_write(out_wire->head, first, len, key);
  return 0;
}

/* Puts the header before the payload. */
static int put(struct gw_ws *ws, unsigned first, const uint8_t *body, size_t len,
               struct gw_ws_wire *out_wire) {
  if (ws->kind->options.is_client) return put_masked(ws, first, body, len, out_wire);
  out_wire->body = body;
  out_wire->body_len = len;
  out_wire->head_len = gw_ws_head_write(out_wire->head, first, len, NULL);
  return 0;
}

static int encode_control(struct gw_ws *ws, const struct gw_ws_frame *frame,
                          struct gw_ws_wire *out_wire) {
  /* Section 5.5: at most 125 bytes, in one piece. A Close has its own function. */
  bool is_ping_or_pong = frame->opcode == GW_WS_PING || frame->opcode == GW_WS_PONG;
  if (!is_ping_or_pong || frame->is_partial || frame->len > GW_WS_CONTROL_MAX)
    return GW_ERR_ARGUMENT;
  return put(ws, GW_WS_FIN | frame->opcode, frame->data, frame->len, out_wire);
}

/* RFC 7692 section 6: the first frame decides for all of a message's frames. */
static inline bool is_deflated(const struct gw_ws *ws, const struct gw_ws_frame *frame) {
  if (!gw_ws_has_deflate(ws)) return false;
  if (frame->opcode == GW_WS_CONTINUATION) return ws->out & GW_WS_OUT_DEFLATED;
  if (frame->is_plain || gw_ws_self_bits(ws) == 0) return false;
  return frame->is_partial || frame->len >= gw_ws_deflate_min(&ws->kind->options.deflate);
}

static int encode_deflated(struct gw_ws *ws, const struct gw_ws_frame *frame, unsigned first,
                           struct gw_ws_wire *out_wire) {
  const uint8_t *data = frame->data;
  size_t len = frame->len;
  int got = gw_ws_deflate(ws, frame, &data, &len);
  if (got < 0) return got;
  bool is_first = frame->opcode != GW_WS_CONTINUATION;
  int err = put(ws, got && is_first ? first | GW_WS_RSV1 : first, data, len, out_wire);
  /* Our window has it and the peer's will not: with takeover, start anew. */
  if (err < 0 && ws->flate) ws->flate->must_forget = true;
  return err;
}

__attribute__((noinline)) static int encode_any(struct gw_ws *ws, const struct gw_ws_frame *frame,
                                                struct gw_ws_wire *out_wire) {
  if (ws->out & GW_WS_OUT_CLOSED) return GW_ERR_CLOSED; /* section 5.5.1 */
  if (frame->opcode > GW_WS_BINARY) return encode_control(ws, frame, out_wire);
  /* Section 5.4: parts of one message follow each other, with nothing but control frames between.
   */
  bool is_later = frame->opcode == GW_WS_CONTINUATION;
  if (is_later != ((ws->out & GW_WS_OUT_PARTS) != 0)) return GW_ERR_STATE;
  unsigned first = frame->opcode | (frame->is_partial ? 0 : GW_WS_FIN);
  bool deflated = is_deflated(ws, frame);
  int err = deflated ? encode_deflated(ws, frame, first, out_wire)
                     : put(ws, first, frame->data, frame->len, out_wire);
  if (err < 0) return err;
  unsigned parts = deflated ? GW_WS_OUT_PARTS | GW_WS_OUT_DEFLATED : GW_WS_OUT_PARTS;
  ws->out = frame->is_partial ? parts & 7 : 0;
  return 0;
}

int gw_ws_encode(struct gw_ws *ws, const struct gw_ws_frame *frame, struct gw_ws_wire *out_wire) {
  if (frame->is_partial || !gw_ws_encode_small(ws, frame->opcode, frame->len, out_wire->head))
    return encode_any(ws, frame, out_wire);
  out_wire->head_len = 2;
  out_wire->body = frame->data;
  out_wire->body_len = frame->len;
  return 0;
}

int gw_ws_encode_close(struct gw_ws *ws, unsigned code, const void *reason, size_t reason_len,
                       struct gw_ws_wire *out_wire) {
  if (ws->out & GW_WS_OUT_CLOSED) return GW_ERR_CLOSED;
  bool is_empty = code == 0 || code == GW_WS_CODE_NO_STATUS;
  if (is_empty ? reason_len > 0 : !gw_ws_code_is_sendable(code)) return GW_ERR_ARGUMENT;
  const uint8_t *text = reason;
  if (reason_len > GW_WS_CONTROL_MAX - 2) {
    reason_len = GW_WS_CONTROL_MAX - 2;
    while (reason_len > 0 && (text[reason_len] & 0xC0) == 0x80)
      reason_len--;
  }
  uint8_t *body = ws->kind->shared->close;
  size_t len = 0;
  if (!is_empty) {
    body[0] = (uint8_t)(code >> 8);
    body[1] = (uint8_t)code;
    if (reason_len > 0) memcpy(body + 2, text, reason_len);
    len = 2 + reason_len;
  }
  int err = put(ws, GW_WS_FIN | GW_WS_CLOSE, body, len, out_wire);
  if (err == 0) ws->out |= GW_WS_OUT_CLOSED;
  return err;
}

bool gw_ws_has_sent_close(const struct gw_ws *ws) {
  return ws->out & GW_WS_OUT_CLOSED;
}
