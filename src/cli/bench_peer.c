/* SPDX-License-Identifier: MIT */
/*
 * One connection of the load generator: dial, TLS, handshake, and then frames counted by their
 * headers. Payloads are looked at in samples only, so that the generator stays much cheaper than
 * what it measures. It sends nothing of its own accord but pongs: a mode does.
 */
#include "cli/bench.h"

#include "codec/ws/head.h"
#include "net/tls.h"

#include <stdio.h>

enum {
  ANSWER_MAX = 32 * 1024, /* of a handshake's answer: against a server that never ends it */
  SAMPLE_EVERY = 1024,    /* messages; and the first of each connection */
  DIAL_MS = 10000,
};

static const uint8_t mask_key[4] = {0x1f, 0x5a, 0xc3, 0x77};

/* ---- the end ---- */

static void forget_input(struct gw_bench_peer *peer) {
  gw_buf_clear(&peer->in);
  gw_buf_clear(&peer->sample);
}

void gw_bench_peer_drop(struct gw_bench_peer *peer) {
  if (peer->dial) {
    gw_dial_cancel(peer->dial);
    peer->dial = NULL;
    peer->bench->n_dialling--;
  }
  if (peer->stream) gw_stream_abort(peer->stream, 0);
  peer->is_closing = true;
  forget_input(peer);
}

static void fail(struct gw_bench_peer *peer, const char *why) {
  if (peer->is_closing) return;
  peer->is_closing = true;
  gw_bench_error(peer->bench, "connection %u: %s", peer->index + 1, why);
  if (peer->stream) gw_stream_abort(peer->stream, 0);
}

/* Not open yet, and never to be. */
static void fail_opening(struct gw_bench_peer *peer, const char *why) {
  fail(peer, why);
  gw_bench_opened(peer->bench);
}

static void on_close(struct gw_stream *stream, int err) {
  struct gw_bench_peer *peer = stream->owner;
  struct gw_bench *bench = peer->bench;
  bool was_open = peer->is_open, was_closing = peer->is_closing;
  const char *why = err < 0 ? gw_error_text(err) : "the server ended the connection";
  if (!was_open && stream->ops->lower(stream)) why = gw_tls_stream_reason(stream);
  char text[200];
  if (err == GW_ERR_CERTIFICATE) {
    snprintf(text, sizeof text, "%s (--insecure believes any certificate)", why);
    why = text;
  }
  if (!was_closing) fail(peer, why);
  peer->stream = NULL;
  peer->is_open = false;
  bench->n_streams--;
  if (was_open) bench->n_open--;
  forget_input(peer);
  if (was_open && bench->plan->mode->on_closed) bench->plan->mode->on_closed(peer);
  if (!was_open) gw_bench_opened(bench);
}

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

void gw_bench_peer_send(struct gw_bench_peer *peer, uint64_t n) {
  struct gw_bench *bench = peer->bench;
  if (!peer->is_open || peer->is_closing) return;
  while (n > 0) {
    size_t k = n < bench->n_frames ? (size_t)n : bench->n_frames;
    const struct gw_piece piece = {
        .data = bench->frames->data, .len = k * bench->frame_len, .owner = bench->frames};
    int err = gw_stream_write(peer->stream, &piece, 1);
    if (err < 0) {
      fail(peer, gw_error_text(err));
      return;
    }
    if (err > 0) peer->is_blocked = true;
    peer->sent += k;
    n -= k;
  }
}

static void on_drain(struct gw_stream *stream) {
  struct gw_bench_peer *peer = stream->owner;
  peer->is_blocked = false;
  if (peer->bench->plan->mode->on_drain) peer->bench->plan->mode->on_drain(peer);
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
    fail(peer, text);
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

static void begin_message(struct gw_bench_peer *peer) {
  peer->is_in_message = true;
  peer->is_compressed = peer->scan.head.first & GW_WS_RSV1;
  peer->message_len = 0;
  peer->is_sampled = peer->until_sample == 0;
  peer->until_sample = peer->is_sampled ? SAMPLE_EVERY : peer->until_sample - 1;
}

static const char *begin_frame(struct gw_bench_peer *peer) {
  const struct gw_frame_head *head = &peer->scan.head;
  const char *wrong = check_head(peer);
  if (wrong) return wrong;
  if ((head->first & 0x0F) >= GW_WS_CLOSE) return NULL;
  if (!peer->is_in_message) begin_message(peer);
  peer->message_len += head->length;
  if (!peer->is_compressed && peer->message_len > peer->bench->plan->size)
    return "a message that is longer than what was sent";
  if (peer->is_sampled && gw_buf_add(&peer->sample, peer->scan.bytes, head->size) < 0)
    return "out of memory for a sample";
  return NULL;
}

static const char *take_payload(struct gw_bench_peer *peer, const uint8_t *data, size_t len) {
  bool is_control = (peer->scan.head.first & 0x0F) >= GW_WS_CLOSE;
  if (!is_control && !peer->is_sampled) return NULL;
  return gw_buf_add(is_control ? &peer->in : &peer->sample, data, len) < 0
             ? "out of memory for a sample"
             : NULL;
}

static const char *end_message(struct gw_bench_peer *peer) {
  peer->is_in_message = false;
  if (!peer->is_compressed && peer->message_len != peer->bench->plan->size)
    return "a message that is shorter than what was sent";
  if (!peer->is_sampled) return NULL;
  bool is_right = gw_bench_is_payload(peer->bench, peer->sample.data, peer->sample.len);
  gw_buf_clear(&peer->sample);
  return is_right ? NULL : "a message that is not what was sent";
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
    if (n > 0 && (wrong = take_payload(peer, at, n))) return wrong;
    if (scan->remaining > 0) return NULL;
    if ((scan->head.first & 0x0F) >= GW_WS_CLOSE) {
      if (end_control(peer) < 0) return NULL;
    } else if (scan->head.first & GW_WS_FIN) {
      if ((wrong = end_message(peer))) return wrong;
      ++*out_n;
    }
  }
}

static void on_frames(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct gw_bench_peer *peer = stream->owner;
  unsigned n = 0;
  const char *wrong = read_frames(peer, data, len, &n);
  if (n > 0) peer->bench->plan->mode->on_messages(peer, n, gw_bench_now());
  if (wrong) fail(peer, wrong);
}

/* The floor knows no frames: so many bytes answer one of ours. */
static void on_bytes(struct gw_stream *stream, uint8_t *data, size_t len) {
  (void)data;
  struct gw_bench_peer *peer = stream->owner;
  uint64_t all = peer->message_len + len, n = all / peer->bench->answer_len;
  peer->message_len = all % peer->bench->answer_len;
  if (n > 0) peer->bench->plan->mode->on_messages(peer, (unsigned)n, gw_bench_now());
}

static const struct gw_stream_events frame_events = {
    .on_data = on_frames, .on_drain = on_drain, .on_close = on_close};
static const struct gw_stream_events byte_events = {
    .on_data = on_bytes, .on_drain = on_drain, .on_close = on_close};

/* ---- the way there ---- */

static void opened(struct gw_bench_peer *peer) {
  struct gw_bench *bench = peer->bench;
  const struct gw_stream_events *events = bench->plan->is_tcp ? &byte_events : &frame_events;
  gw_stream_own(peer->stream, events, peer);
  peer->is_open = true;
  bench->n_open++;
  if (bench->plan->mode->on_open) bench->plan->mode->on_open(peer);
  gw_bench_opened(bench);
}

static const char *agree(struct gw_bench *bench, const struct gw_ws_answer *answer) {
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
  const char *wrong = got < 0 ? gw_error_text(got) : agree(peer->bench, &answer);
  char text[96];
  if (got == GW_ERR_HTTP_STATUS) {
    snprintf(text, sizeof text, "the server answered %u, not 101", answer.status);
    wrong = text;
  }
  if (wrong) {
    fail(peer, wrong);
    return;
  }
  struct gw_buf in = peer->in; /* frames may lie behind the answer */
  gw_buf_init(&peer->in, ANSWER_MAX);
  opened(peer);
  if (in.len > answer.head_len && peer->stream)
    on_frames(peer->stream, in.data + answer.head_len, in.len - answer.head_len);
  gw_buf_clear(&in);
}

static void on_answer(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct gw_bench_peer *peer = stream->owner;
  if (peer->is_closing) return;
  if (gw_buf_add(&peer->in, data, len) < 0) {
    fail(peer, "the answer to the handshake is too large");
    return;
  }
  read_answer(peer);
}

static void shake(struct gw_stream *stream) {
  struct gw_bench_peer *peer = stream->owner;
  struct gw_bench *bench = peer->bench;
  if (peer->is_closing) return;
  if (bench->plan->is_tcp) {
    opened(peer);
    return;
  }
  char request[4096];
  peer->offer = (struct gw_ws_offer){
      .host = bench->place.authority, .target = bench->place.target, .options = &bench->protocol};
  int n = gw_ws_offer_write(&peer->offer, request, sizeof request);
  int err = n < 0 ? n : gw_stream_write(stream, &(struct gw_piece){request, (size_t)n, NULL}, 1);
  if (err < 0) fail(peer, gw_error_text(err));
}

static const struct gw_stream_events opening_events = {
    .on_open = shake, .on_data = on_answer, .on_close = on_close};

static void on_connected(void *owner, struct gw_stream *stream) {
  struct gw_bench_peer *peer = owner;
  struct gw_bench *bench = peer->bench;
  peer->dial = NULL;
  bench->n_dialling--;
  if (bench->place.url.is_tls) {
    int err = gw_tls_stream_new(bench->tls, stream, bench->place.host, 0, &stream);
    if (err < 0) {
      fail_opening(peer, gw_error_text(err));
      return;
    }
  }
  bench->n_streams++;
  peer->stream = stream;
  gw_stream_own(stream, &opening_events, peer);
  if (!bench->place.url.is_tls) shake(stream);
}

static void on_failed(void *owner, int err) {
  struct gw_bench_peer *peer = owner;
  peer->dial = NULL;
  peer->bench->n_dialling--;
  fail_opening(peer, gw_error_text(err));
}

void gw_bench_peer_open(struct gw_bench_peer *peer) {
  static const struct gw_dial_events events = {.on_connected = on_connected,
                                               .on_failed = on_failed};
  struct gw_bench *bench = peer->bench;
  const struct gw_dial_options options = {
      .host = bench->place.host, .port = bench->place.url.port, .timeout_ms = DIAL_MS};
  gw_buf_init(&peer->in, ANSWER_MAX);
  /* What was sent comes back, with headers; against a server that sends anything without end. */
  gw_buf_init(&peer->sample, bench->plan->size * 2 + ANSWER_MAX);
  peer->scan = (struct gw_frame_scan){0};
  peer->message_len = peer->sent = peer->received = 0;
  peer->until_sample = 0;
  peer->is_in_message = peer->is_blocked = peer->is_closing = false;
  peer->begun_at = gw_bench_now();
  bench->n_dialling++;
  int err = gw_dial_open(bench->net, &options, &events, peer, &peer->dial);
  if (err == 0) return;
  bench->n_dialling--;
  fail(peer, gw_error_text(err));
}
