/* SPDX-License-Identifier: MIT */
/*
 * WebSocket connections of the load generator: the handshake, and then frames counted by their
 * headers, or by the marker where a transport puts more around a payload. Payloads are looked into
 * in samples only, so that the generator stays much cheaper than what it measures. Invariant: with
 * takeover the first connection alone is looked into, and every message of it, for its window.
 */
#include "cli/bench.h"

#include "codec/ws/head.h"

#include <stdio.h>
#include <string.h>

enum {
  SAMPLE_EVERY = 1024, /* messages; and the first of each connection */
  SAID_MAX = 40,       /* bytes of a message that may be about the connection itself */
};

static const uint8_t mask_key[4] = {0x1f, 0x5a, 0xc3, 0x77};

/* ---- frames ---- */

static void write_control(struct gw_bench_peer *peer, unsigned opcode, const uint8_t *data,
                          size_t len) {
  uint8_t frame[GW_WS_HEAD_MAX + GW_WS_CONTROL_MAX];
  uint8_t head_len = gw_ws_head_write(frame, GW_WS_FIN | opcode, len, mask_key);
  if (len > 0) gw_ws_mask(frame + head_len, data, len, mask_key, 0);
  (void)gw_stream_write(peer->stream, &(struct gw_piece){.data = frame, .len = head_len + len}, 1);
}

void gw_bench_peer_close(struct gw_bench_peer *peer) {
  static const uint8_t normal[2] = {GW_WS_CODE_NORMAL >> 8, GW_WS_CODE_NORMAL & 0xFF};
  peer->is_closing = true;
  write_control(peer, GW_WS_CLOSE, normal, sizeof normal);
}

void gw_bench_say(struct gw_bench_peer *peer, const char *text) {
  struct gw_buf frame;
  size_t len = strlen(text);
  uint8_t head[GW_WS_HEAD_MAX];
  uint8_t head_len = gw_ws_head_write(head, GW_WS_FIN | GW_WS_TEXT, len, mask_key);
  gw_buf_init(&frame, head_len + len);
  int err = gw_buf_reserve(&frame, head_len + len);
  if (err == 0) {
    memcpy(frame.data, head, head_len);
    gw_ws_mask(frame.data + head_len, (const uint8_t *)text, len, mask_key, 0);
    err = gw_stream_write(peer->stream, &(struct gw_piece){frame.data, head_len + len, NULL}, 1);
  }
  gw_buf_clear(&frame);
  if (err < 0) gw_bench_peer_fail(peer, gw_error_text(err));
}

/* A whole control frame; its payload lies in `in`. */
static int end_control(struct gw_bench_peer *peer) {
  unsigned opcode = peer->scan.head.first & 0x0F;
  if (opcode == GW_WS_PING) write_control(peer, GW_WS_PONG, peer->in.data, peer->in.len);
  if (opcode == GW_WS_CLOSE && !peer->is_closing) {
    char text[64];
    unsigned code = peer->in.len >= 2 ? (unsigned)peer->in.data[0] << 8 | peer->in.data[1]
                                      : GW_WS_CODE_NO_STATUS;
    snprintf(text, sizeof text, "the server closed it with %u", code);
    gw_bench_peer_fail(peer, text);
  }
  gw_buf_clear(&peer->in);
  if (opcode != GW_WS_CLOSE) return 0;
  gw_stream_abort(peer->stream, 0); /* no TIME_WAIT, which would use up the ports */
  return GW_ERR_CLOSED;
}

static const char *check_head(const struct gw_bench_peer *peer) {
  const struct gw_frame_head *head = &peer->scan.head;
  unsigned opcode = head->first & 0x0F;
  bool may_compress = peer->bench->deflate.is_on && !(opcode == GW_WS_CONTINUATION);
  if (head->is_masked) return "the server sent a masked frame";
  if (head->first & (may_compress ? 0x30 : 0x70)) return "the server set a reserved bit";
  if (opcode > GW_WS_BINARY)
    return opcode < GW_WS_CLOSE || opcode > GW_WS_PONG || head->length > GW_WS_CONTROL_MAX
               ? "the server sent a control frame that is none"
               : NULL;
  if (peer->is_in_message != (opcode == GW_WS_CONTINUATION))
    return "the server mixed up the frames of a message";
  return NULL;
}

static bool is_to_be_sampled(struct gw_bench_peer *peer) {
  bool is_due = peer->until_sample == 0;
  peer->until_sample = is_due ? SAMPLE_EVERY : peer->until_sample - 1;
  if (peer->bench->plan->has_takeover) return peer->index == 0;
  if (peer->transport->is_exact) return is_due;
  return is_due || !peer->is_open || peer->scan.head.length <= SAID_MAX;
}

static void begin_message(struct gw_bench_peer *peer) {
  peer->is_in_message = true;
  peer->is_compressed = peer->scan.head.first & GW_WS_RSV1;
  peer->message_len = 0;
  peer->matched = 0;
  peer->is_sampled = is_to_be_sampled(peer);
}

static const char *begin_frame(struct gw_bench_peer *peer) {
  const struct gw_frame_head *head = &peer->scan.head;
  const char *wrong = check_head(peer);
  if (wrong) return wrong;
  if ((head->first & 0x0F) >= GW_WS_CLOSE) return NULL;
  if (!peer->is_in_message) begin_message(peer);
  peer->message_len += head->length;
  if (!peer->transport->is_exact) return NULL;
  if (!peer->is_compressed && peer->message_len > peer->bench->plan->size)
    return "a message that is longer than what was sent";
  if (peer->is_sampled && gw_buf_add(&peer->sample, peer->scan.bytes, head->size) < 0)
    return "no room for a sample";
  return NULL;
}

/* *inout_n counts the markers. */
static const char *take_payload(struct gw_bench_peer *peer, const uint8_t *data, size_t len,
                                unsigned *inout_n) {
  bool is_control = (peer->scan.head.first & 0x0F) >= GW_WS_CLOSE;
  if (!is_control && !peer->transport->is_exact && peer->is_open)
    *inout_n += gw_bench_markers(&peer->matched, data, len);
  if (!is_control && !peer->is_sampled) return NULL;
  return gw_buf_add(is_control ? &peer->in : &peer->sample, data, len) < 0 ? "no room for a sample"
                                                                           : NULL;
}

/* What was sent, somewhere inside, or something that is no publication. */
static const char *check_said(struct gw_bench_peer *peer) {
  const struct gw_bench *bench = peer->bench;
  const struct gw_buf *said = &peer->sample;
  if (!said->data || !memmem(said->data, said->len, GW_BENCH_MARKER, GW_BENCH_MARKER_LEN))
    return peer->transport->on_said(peer, (struct gw_str){(const char *)said->data, said->len});
  if (!peer->transport->is_verbatim ||
      memmem(said->data, said->len, bench->payload, bench->plan->size))
    return NULL;
  return "a message that is not what was sent";
}

static const char *check_sample(struct gw_bench_peer *peer) {
  if (!peer->transport->is_exact) return check_said(peer);
  return gw_bench_is_payload(peer->bench, peer->sample.data, peer->sample.len)
             ? NULL
             : "a message that is not what was sent";
}

static const char *end_message(struct gw_bench_peer *peer) {
  peer->is_in_message = false;
  if (peer->transport->is_exact && !peer->is_compressed &&
      peer->message_len != peer->bench->plan->size)
    return "a message that is shorter than what was sent";
  if (!peer->is_sampled) return NULL;
  const char *wrong = check_sample(peer);
  gw_buf_clear(&peer->sample);
  return wrong;
}

/* NULL, or what is wrong; *out_n counts the messages that became whole. */
static const char *read_frames(struct gw_bench_peer *peer, const uint8_t *data, size_t len,
                               unsigned *out_n) {
  struct gw_frame_scan *scan = &peer->scan;
  const char *wrong;
  for (;;) {
    if (scan->remaining == 0) {
      if (!gw_frame_scan_head(scan, &data, &len)) return NULL;
      if ((wrong = begin_frame(peer))) return wrong;
    }
    const uint8_t *at = data;
    size_t n = gw_frame_scan_payload(scan, &data, &len);
    if (n > 0 && (wrong = take_payload(peer, at, n, out_n))) return wrong;
    if (scan->remaining > 0) return NULL;
    if ((scan->head.first & 0x0F) >= GW_WS_CLOSE) {
      if (end_control(peer) < 0) return NULL;
    } else if (scan->head.first & GW_WS_FIN) {
      if ((wrong = end_message(peer))) return wrong;
      *out_n += peer->transport->is_exact;
    }
  }
}

static void on_frames(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct gw_bench_peer *peer = stream->owner;
  unsigned n = 0;
  const char *wrong = read_frames(peer, data, len, &n);
  if (n > 0) peer->bench->plan->mode->on_messages(peer, n, gw_bench_now());
  if (wrong) gw_bench_peer_fail(peer, wrong);
}

static const struct gw_stream_events frame_events = {
    .on_data = on_frames, .on_drain = gw_bench_peer_drained, .on_close = gw_bench_peer_closed};

/* ---- the handshake ---- */

static const char *agree(struct gw_bench_peer *peer, const struct gw_ws_answer *answer) {
  struct gw_bench *bench = peer->bench;
  if (peer->transport->protocol && !answer->protocol.at)
    return "the server does not agree on the subprotocol";
  if (bench->plan->has_deflate && !answer->deflate.is_on)
    return "the server does not agree on permessage-deflate";
  if (bench->frames) return NULL;
  bench->deflate = answer->deflate;
  int err = gw_bench_frames_make(bench, &bench->deflate);
  return err < 0 ? gw_error_text(err) : NULL;
}

static void read_answer(struct gw_bench_peer *peer) {
  struct gw_ws_answer answer = {0};
  int got = gw_ws_answer_read((const char *)peer->in.data, peer->in.len, &peer->offer, &answer);
  if (got == 0) return;
  const char *wrong = got < 0 ? gw_error_text(got) : agree(peer, &answer);
  char text[96];
  if (got == GW_ERR_HTTP_STATUS) {
    snprintf(text, sizeof text, "the server answered %u, not 101", answer.status);
    wrong = text;
  }
  if (wrong) {
    gw_bench_peer_fail(peer, wrong);
    return;
  }
  struct gw_buf in = peer->in; /* frames may lie behind the answer */
  gw_buf_init(&peer->in, peer->in.cap);
  gw_stream_own(peer->stream, &frame_events, peer);
  if (peer->transport->is_exact) gw_bench_peer_opened(peer);
  if (in.len > answer.head_len && peer->stream)
    on_frames(peer->stream, in.data + answer.head_len, in.len - answer.head_len);
  gw_buf_clear(&in);
}

static void on_answer(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct gw_bench_peer *peer = stream->owner;
  if (peer->is_closing) return;
  if (gw_buf_add(&peer->in, data, len) < 0) {
    gw_bench_peer_fail(peer, "the answer to the handshake is too large");
    return;
  }
  read_answer(peer);
}

static const struct gw_stream_events answer_events = {
    .on_data = on_answer, .on_drain = gw_bench_peer_drained, .on_close = gw_bench_peer_closed};

void gw_bench_websocket_begin(struct gw_bench_peer *peer) {
  struct gw_bench *bench = peer->bench;
  char target[GW_BENCH_TARGET_MAX], request[GW_BENCH_TARGET_MAX + 2048];
  gw_stream_own(peer->stream, &answer_events, peer);
  int n = gw_bench_expand(bench->place.target, peer->index, target, sizeof target);
  peer->offer = (struct gw_ws_offer){.host = bench->place.authority,
                                     .target = target,
                                     .protocols = peer->transport->protocol,
                                     .options = &bench->protocol};
  if (n == 0) n = gw_ws_offer_write(&peer->offer, request, sizeof request);
  peer->offer.target = NULL; /* it was this call's */
  int err =
      n < 0 ? n : gw_stream_write(peer->stream, &(struct gw_piece){request, (size_t)n, NULL}, 1);
  if (err < 0) gw_bench_peer_fail(peer, gw_error_text(err));
}
