/* SPDX-License-Identifier: MIT */
/*
 * The receiving side: one function per state, driven until there is an event or the input is used
 * up. A frame that lies whole in the input is unmasked and checked where it lies and costs no
 * memory; only what is cut is remembered (partial.h). After a failure or a Close nothing is read
 * any more. Invariant: state GW_WS_IDLE means no header bytes, no open message, nothing lent.
 */
#include "codec/ws/read.h"

#include "codec/ws/flate.h"

__attribute__((cold)) static int fail(struct gw_ws *ws, int err) {
  gw_ws_clear(ws);
  ws->error = (int8_t)err;
  ws->state = GW_WS_FAILED;
  return err;
}

/* The payload's next n bytes were used. */
static void advance(struct gw_ws *ws, struct gw_ws_input *in, size_t n) {
  gw_ws_turn_key(ws, n);
  gw_ws_skip(in, n);
  ws->remaining -= n;
}

/* RFC 6455 section 5.5.1: nothing, or a code and a UTF-8 reason. */
static int give_close(struct gw_ws *ws, const uint8_t *data, size_t len,
                      struct gw_ws_event *event) {
  unsigned code = GW_WS_CODE_NO_STATUS;
  if (len == 1) return GW_ERR_WS_PROTOCOL;
  if (len >= 2) {
    code = (unsigned)data[0] << 8 | data[1];
    if (!gw_ws_code_is_sendable(code)) return GW_ERR_WS_PROTOCOL; /* section 7.4 */
    data += 2;
    len -= 2;
    if (!gw_utf8_valid(ws->kind->shared->simd, data, len)) return GW_ERR_WS_DATA;
  }
  ws->state = GW_WS_CLOSED;
  gw_ws_give_whole(event, GW_WS_CLOSE, data, len);
  event->code = (uint16_t)code;
  return GW_WS_EVENT;
}

static int give_control(struct gw_ws *ws, unsigned opcode, const uint8_t *data, size_t len,
                        struct gw_ws_event *event) {
  if (opcode == GW_WS_CLOSE) return give_close(ws, data, len, event);
  return gw_ws_give_whole(event, opcode, data, len);
}

/* ---- a frame that lies whole in the input ---- */

static int read_whole(struct gw_ws *ws, const struct gw_ws_head *head, struct gw_ws_input *in,
                      struct gw_ws_event *event) {
  uint8_t *data = in->at;
  size_t len = (size_t)head->length;
  struct gw_utf8 utf8 = {0};
  bool is_text = head->opcode == GW_WS_TEXT;
  if (!gw_ws_absorb(ws, data, data, len, is_text, &utf8)) return GW_ERR_WS_DATA;
  if (is_text && !gw_utf8_is_complete(&utf8)) return GW_ERR_WS_DATA;
  gw_ws_skip(in, len);
  if (head->opcode >= GW_WS_CLOSE) return give_control(ws, head->opcode, data, len, event);
  return gw_ws_give_whole(event, head->opcode, data, len);
}

/* The most common frame by far: a whole message of at most 125 bytes. Decides by a few comparisons
 * and leaves everything else to the steps. 0: not such a frame. */
static inline int read_small(struct gw_ws *ws, uint8_t **data, size_t *len,
                             struct gw_ws_event *event) {
  uint8_t *at = *data;
  bool is_client = ws->kind->options.is_client;
  size_t have = *len, head_len = is_client ? 2 : 6;
  if (have < 2) return 0;
  unsigned opcode = at[0] ^ GW_WS_FIN; /* FIN must be set and RSV clear for this to be 1 or 2 */
  size_t n = at[1] ^ (is_client ? 0u : GW_WS_MASKED);
  if (opcode - GW_WS_TEXT > 1 || n > ws->small || have < head_len + n) return 0;

  const struct gw_simd *simd = ws->kind->shared->simd;
  uint8_t *payload = at + head_len;
  if (opcode == GW_WS_TEXT) {
    struct gw_utf8 utf8 = {0};
    bool is_fine = is_client ? simd->utf8(payload, n, &utf8)
                             : simd->mask_utf8(payload, payload, n, at + 2, 0, &utf8);
    if (!is_fine || !gw_utf8_is_complete(&utf8)) return fail(ws, GW_ERR_WS_DATA);
  } else if (!is_client) {
    simd->mask(payload, payload, n, at + 2, 0);
  }
  *data = payload + n;
  *len = have - head_len - n;
  return gw_ws_give_whole(event, opcode, payload, n);
}

/* ---- the steps ---- */

/* Frees what the last event lent. */
static void settle(struct gw_ws *ws) {
  if (ws->partial && !ws->partial->is_open) {
    gw_ws_partial_free(ws->partial);
    ws->partial = NULL;
  }
  ws->state = ws->partial || ws->head_len ? GW_WS_HEAD : GW_WS_IDLE;
}

/* The header, from the input alone or together with what came of it before. As gw_ws_head_read. */
static int take_head(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_head *out_head) {
  const uint8_t *bytes = in->at;
  size_t had = ws->head_len, have = in->len;
  if (had > 0) {
    size_t n = gw_ws_min(GW_WS_HEAD_MAX - had, in->len);
    memcpy(ws->head + had, in->at, n);
    bytes = ws->head;
    have = had + n;
  }
  int size = gw_ws_head_read(ws, bytes, have, out_head);
  if (size < 0) return size;
  if (size == 0) { /* so there are fewer than 14 */
    if (had == 0) memcpy(ws->head, in->at, have);
    ws->head_len = (uint8_t)have;
    ws->state = GW_WS_HEAD;
    gw_ws_skip(in, in->len);
    return 0;
  }
  ws->head_len = 0;
  gw_ws_skip(in, (size_t)size - had);
  return size;
}

static uint8_t payload_state(const struct gw_ws *ws) {
  bool is_streaming = ws->kind->options.is_streaming;
  if (!ws->partial->is_compressed) return is_streaming ? GW_WS_IN_PARTS : GW_WS_IN_PAYLOAD;
  if (!ws->partial->is_inflating) return GW_WS_IN_PACKED;
  return is_streaming ? GW_WS_INFLATE_PARTS : GW_WS_IN_INFLATE;
}

/* A frame that is cut, or one of several. `must_inflate`: it was tried in one go already. */
static int begin_cut(struct gw_ws *ws, const struct gw_ws_head *head, bool must_inflate) {
  int err = gw_ws_partial_need(ws);
  if (err < 0) return err;
  struct gw_ws_partial *partial = ws->partial;
  ws->remaining = head->length;
  if (head->opcode >= GW_WS_CLOSE) {
    partial->control_opcode = head->opcode;
    partial->control_len = 0;
    ws->state = GW_WS_IN_CONTROL;
    return GW_WS_GO_ON;
  }
  if (head->opcode != GW_WS_CONTINUATION) {
    gw_ws_partial_open(partial, head);
    must_inflate = must_inflate || ws->kind->options.is_streaming || gw_ws_peer_keeps(ws);
    partial->is_inflating = head->is_compressed && must_inflate;
    err = partial->is_inflating ? gw_ws_inflate_begin(ws) : 0;
  }
  partial->fragments++;
  partial->received += head->length;
  partial->is_final = head->is_final;
  ws->state = payload_state(ws);
  return err < 0 ? err : GW_WS_GO_ON;
}

static int step_head(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  settle(ws);
  if (in->len == 0) return GW_WS_NEED_INPUT;
  struct gw_ws_head head;
  int size = take_head(ws, in, &head);
  if (size <= 0) return size;

  bool is_lone = head.is_final && head.opcode != GW_WS_CONTINUATION; /* control frames are */
  bool is_whole = is_lone && head.length <= in->len;
  if (!is_whole) return begin_cut(ws, &head, false);
  if (!head.is_compressed) return read_whole(ws, &head, in, event);
  int got = gw_ws_read_deflated(ws, &head, in, event);
  return got == GW_WS_GO_ON ? begin_cut(ws, &head, true) : got;
}

static int step_control(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  struct gw_ws_partial *partial = ws->partial;
  size_t n = gw_ws_min(ws->remaining, in->len);
  gw_ws_absorb(ws, partial->control + partial->control_len, in->at, n, false, NULL);
  partial->control_len += (uint8_t)n;
  advance(ws, in, n);
  if (ws->remaining > 0) return GW_WS_NEED_INPUT;
  ws->state = GW_WS_HEAD;
  return give_control(ws, partial->control_opcode, partial->control, partial->control_len, event);
}

int gw_ws_end_piece(struct gw_ws *ws, struct gw_ws_event *event) {
  struct gw_ws_partial *partial = ws->partial;
  if (ws->remaining > 0) return GW_WS_NEED_INPUT;
  ws->state = GW_WS_HEAD;
  if (!partial->is_final) return GW_WS_GO_ON;
  if (partial->opcode == GW_WS_TEXT && !gw_utf8_is_complete(&partial->utf8)) return GW_ERR_WS_DATA;
  partial->is_open = false;
  if (!partial->bytes) return gw_ws_give_whole(event, partial->opcode, partial->control, 0);
  return gw_ws_give_whole(event, partial->opcode, partial->bytes->data, partial->bytes->len);
}

/* What may still follow in this message: where more frames come, as much as the limit allows. */
static size_t expected(const struct gw_ws *ws) {
  const struct gw_ws_partial *partial = ws->partial;
  if (partial->is_final) return (size_t)ws->remaining;
  return gw_ws_max_message(&ws->kind->options) - (partial->bytes ? partial->bytes->len : 0);
}

static int step_payload(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  struct gw_ws_partial *partial = ws->partial;
  size_t n = gw_ws_min(ws->remaining, in->len);
  if (n > 0) {
    if (!gw_ws_partial_reserve(partial, n, expected(ws))) return GW_ERR_MEMORY;
    uint8_t *end = partial->bytes->data + partial->bytes->len;
    if (!gw_ws_absorb(ws, end, in->at, n, partial->opcode == GW_WS_TEXT, &partial->utf8))
      return GW_ERR_WS_DATA;
    partial->bytes->len += n;
    advance(ws, in, n);
  }
  return gw_ws_end_piece(ws, event);
}

int gw_ws_give_part(struct gw_ws *ws, const uint8_t *data, size_t len, bool is_last,
                    struct gw_ws_event *event) {
  struct gw_ws_partial *partial = ws->partial;
  if (len == 0 && !is_last) return ws->remaining > 0 ? GW_WS_NEED_INPUT : GW_WS_GO_ON;
  bool is_text = partial->opcode == GW_WS_TEXT;
  if (is_last && is_text && !gw_utf8_is_complete(&partial->utf8)) return GW_ERR_WS_DATA;
  gw_ws_give_whole(event, partial->opcode, data, len);
  event->is_first = !partial->has_given;
  event->is_last = is_last;
  partial->has_given = true;
  if (is_last) {
    partial->is_open = false;
    ws->state = GW_WS_HEAD;
  }
  return GW_WS_EVENT;
}

/* Streaming: what is there of the payload is an event of its own, where it lies. */
static int step_parts(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  struct gw_ws_partial *partial = ws->partial;
  uint8_t *data = in->at;
  size_t n = gw_ws_min(ws->remaining, in->len);
  if (!gw_ws_absorb(ws, data, data, n, partial->opcode == GW_WS_TEXT, &partial->utf8))
    return GW_ERR_WS_DATA;
  advance(ws, in, n);
  bool is_frame_end = ws->remaining == 0;
  if (is_frame_end) ws->state = GW_WS_HEAD;
  return gw_ws_give_part(ws, data, n, is_frame_end && partial->is_final, event);
}

/* Section 1.4: data after a Close is discarded. */
static int step_closed(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  (void)event;
  gw_ws_clear(ws);
  gw_ws_skip(in, in->len);
  return GW_WS_NEED_INPUT;
}

static int step_failed(struct gw_ws *ws, struct gw_ws_input *in, struct gw_ws_event *event) {
  (void)in, (void)event;
  return ws->error;
}

static gw_ws_step *const steps[GW_WS_N_STATES] = {
    [GW_WS_IDLE] = step_head,
    [GW_WS_HEAD] = step_head,
    [GW_WS_IN_CONTROL] = step_control,
    [GW_WS_IN_PAYLOAD] = step_payload,
    [GW_WS_IN_PARTS] = step_parts,
    [GW_WS_IN_PACKED] = gw_ws_step_packed,
    [GW_WS_IN_INFLATE] = gw_ws_step_inflate,
    [GW_WS_INFLATE_PARTS] = gw_ws_step_inflate_parts,
    [GW_WS_CLOSED] = step_closed,
    [GW_WS_FAILED] = step_failed,
};

/* Kept out of line, so that a small frame costs none of its registers. */
__attribute__((noinline)) static int read_steps(struct gw_ws *ws, uint8_t **data, size_t *len,
                                                struct gw_ws_event *event) {
  struct gw_ws_input in = {*data, *len};
  int got;
  do
    got = steps[ws->state](ws, &in, event);
  while (got == GW_WS_GO_ON);
  *data = in.at;
  *len = in.len;
  return got < 0 ? fail(ws, got) : got;
}

int gw_ws_read(struct gw_ws *ws, uint8_t **data, size_t *len, struct gw_ws_event *out_event) {
  if (ws->state != GW_WS_IDLE) return read_steps(ws, data, len, out_event);
  if (*len == 0) return GW_WS_NEED_INPUT;
  int got = read_small(ws, data, len, out_event);
  return got != 0 ? got : read_steps(ws, data, len, out_event);
}

bool gw_ws_has_got_close(const struct gw_ws *ws) {
  return ws->state == GW_WS_CLOSED;
}

/* ---- shortcuts for the I/O layer ---- */

#define DIRECT_MIN (16 * 1024) /* below this a receive call of its own costs more than a copy */

size_t gw_ws_direct(struct gw_ws *ws, uint8_t **out) {
  if (ws->state != GW_WS_IN_PAYLOAD || ws->remaining < DIRECT_MIN) return 0;
  struct gw_ws_partial *partial = ws->partial;
  size_t room = gw_ws_partial_reserve(partial, DIRECT_MIN, expected(ws));
  if (room == 0) return 0;
  *out = partial->bytes->data + partial->bytes->len;
  return gw_ws_min(ws->remaining, room);
}

int gw_ws_direct_done(struct gw_ws *ws, size_t n, struct gw_ws_event *out_event) {
  struct gw_ws_partial *partial = ws->partial;
  uint8_t *end = partial->bytes->data + partial->bytes->len;
  if (!gw_ws_absorb(ws, end, end, n, partial->opcode == GW_WS_TEXT, &partial->utf8))
    return fail(ws, GW_ERR_WS_DATA);
  partial->bytes->len += n;
  ws->remaining -= n;
  gw_ws_turn_key(ws, n);
  int got = gw_ws_end_piece(ws, out_event);
  if (got < 0) return fail(ws, got);
  return got == GW_WS_EVENT ? got : 0;
}

struct gw_bytes *gw_ws_take_bytes(struct gw_ws *ws) {
  struct gw_ws_partial *partial = ws->partial;
  if (ws->state != GW_WS_HEAD || !partial || partial->is_open || !partial->bytes) return NULL;
  return gw_ws_partial_give(partial);
}
