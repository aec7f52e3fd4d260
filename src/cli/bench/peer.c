/* SPDX-License-Identifier: MIT */
/*
 * One connection of the load generator, whatever its transport: dial, TLS, and its end. What it
 * asks for and reads is the transport's; it sends nothing of its own accord: a mode does.
 */
#include "cli/bench.h"

#include "net/tls.h"

#include <stdio.h>
#include <sys/socket.h>

enum {
  ANSWER_MAX = 32 * 1024, /* of a handshake's answer: against a server that never ends it */
  SAMPLE_MAX = 1 << 20,   /* besides two payloads: against a server that sends without end; the
                             largest is a long poll that answers with the history */
  DIAL_MS = 10000,
  SLOW_ROOM = 4096, /* of a slow reader's receive buffer: its window is soon at zero */
};

/* ---- the end ---- */

static void forget_input(struct gw_bench_peer *peer) {
  gw_buf_clear(&peer->in);
  gw_buf_clear(&peer->sample);
  gw_bench_answer_clear(&peer->answer);
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

void gw_bench_peer_fail(struct gw_bench_peer *peer, const char *why) {
  if (peer->is_closing) return;
  peer->is_closing = true;
  gw_bench_error(peer->bench, "connection %u: %s", peer->index + 1, why);
  if (peer->stream) gw_stream_abort(peer->stream, 0);
}

/* Not open yet, and never to be. */
static void fail_opening(struct gw_bench_peer *peer, const char *why) {
  gw_bench_peer_fail(peer, why);
  gw_bench_opened(peer->bench);
}

void gw_bench_peer_closed(struct gw_stream *stream, int err) {
  struct gw_bench_peer *peer = stream->owner;
  struct gw_bench *bench = peer->bench;
  bool was_open = peer->is_open;
  const char *why = err < 0 ? gw_error_text(err) : "the server ended the connection";
  if (!was_open && stream->ops->lower(stream)) why = gw_tls_stream_reason(stream);
  char text[200];
  if (err == GW_ERR_CERTIFICATE) {
    snprintf(text, sizeof text, "%s (--insecure believes any certificate)", why);
    why = text;
  }
  bool is_expected = peer->is_closing || (was_open && gw_bench_is_slow(peer));
  if (!is_expected) gw_bench_peer_fail(peer, why);
  peer->stream = NULL;
  peer->is_open = false;
  bench->n_streams--;
  if (was_open) bench->n_open--;
  forget_input(peer);
  if (was_open && bench->plan->mode->on_closed) bench->plan->mode->on_closed(peer);
  if (!was_open) gw_bench_opened(bench);
}

/* ---- open ---- */

void gw_bench_peer_send(struct gw_bench_peer *peer, uint64_t n) {
  struct gw_bench *bench = peer->bench;
  if (!peer->is_open || peer->is_closing) return;
  while (n > 0) {
    size_t k = n < bench->n_frames ? (size_t)n : bench->n_frames;
    const struct gw_piece piece = {
        .data = bench->frames->data, .len = k * bench->frame_len, .owner = bench->frames};
    int err = gw_stream_write(peer->stream, &piece, 1);
    if (err < 0) {
      gw_bench_peer_fail(peer, gw_error_text(err));
      return;
    }
    if (err > 0) peer->is_blocked = true;
    peer->sent += k;
    n -= k;
  }
}

void gw_bench_peer_drained(struct gw_stream *stream) {
  struct gw_bench_peer *peer = stream->owner;
  peer->is_blocked = false;
  if (peer->bench->plan->mode->on_drain) peer->bench->plan->mode->on_drain(peer);
}

static void slow_down(struct gw_bench_peer *peer) {
  const int room = SLOW_ROOM;
  (void)setsockopt(gw_stream_fd(peer->stream), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  gw_stream_pause(peer->stream, true);
}

void gw_bench_peer_opened(struct gw_bench_peer *peer) {
  struct gw_bench *bench = peer->bench;
  peer->is_open = true;
  bench->n_open++;
  if (gw_bench_is_slow(peer)) slow_down(peer);
  if (bench->plan->mode->on_open) bench->plan->mode->on_open(peer);
  gw_bench_opened(bench);
}

/* The floor knows no frames: so many bytes answer one of ours. */
static void on_bytes(struct gw_stream *stream, uint8_t *data, size_t len) {
  (void)data;
  struct gw_bench_peer *peer = stream->owner;
  uint64_t all = peer->message_len + len, n = all / peer->bench->answer_len;
  peer->message_len = all % peer->bench->answer_len;
  if (n > 0) peer->bench->plan->mode->on_messages(peer, (unsigned)n, gw_bench_now());
}

/* ---- the way there ---- */

static void begin(struct gw_bench_peer *peer) {
  if (peer->is_closing) return;
  if (peer->bench->plan->is_tcp)
    gw_bench_peer_opened(peer);
  else
    peer->transport->begin(peer);
}

static void on_open(struct gw_stream *stream) {
  begin(stream->owner);
}

static const struct gw_stream_events opening_events = {.on_open = on_open,
                                                       .on_data = on_bytes,
                                                       .on_drain = gw_bench_peer_drained,
                                                       .on_close = gw_bench_peer_closed};

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
  if (!bench->place.url.is_tls) begin(peer);
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
  const struct gw_bench_plan *plan = bench->plan;
  const struct gw_dial_options options = {
      .host = bench->place.host, .port = bench->place.url.port, .timeout_ms = DIAL_MS};
  peer->transport = plan->transports[peer->index % plan->n_transports];
  gw_buf_init(&peer->in, ANSWER_MAX);
  gw_buf_init(&peer->sample, plan->size * 2 + SAMPLE_MAX);
  gw_bench_answer_init(&peer->answer);
  peer->scan = (struct gw_frame_scan){0};
  peer->message_len = peer->sent = peer->received = 0;
  peer->until_sample = 0;
  peer->matched = 0;
  peer->is_in_message = peer->is_blocked = peer->is_closing = false;
  peer->begun_at = gw_bench_now();
  bench->n_dialling++;
  int err = gw_dial_open(bench->net, &options, &events, peer, &peer->dial);
  if (err == 0) return;
  bench->n_dialling--;
  gw_bench_peer_fail(peer, gw_error_text(err));
}
