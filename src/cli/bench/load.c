/* SPDX-License-Identifier: MIT */
/*
 * The modes in which each connection has its own conversation: echo (closed loop), open (at a fixed
 * rate), idle, connect. Answers come in order, so the k-th answer belongs to the k-th message.
 */
#include "cli/bench.h"

/* ---- echo: always `depth` messages outstanding ---- */

static void echo_send(struct gw_bench_peer *peer, unsigned n, uint64_t now) {
  uint64_t depth = peer->bench->plan->depth;
  for (unsigned i = 0; i < n; i++)
    peer->times[(peer->sent + i) % depth] = now;
  gw_bench_peer_send(peer, n);
}

static int echo_start(struct gw_bench *bench) {
  for (size_t i = 0; i < bench->plan->connections; i++)
    echo_send(&bench->peers[i], (unsigned)bench->plan->depth, gw_bench_now());
  return 0;
}

static void echo_messages(struct gw_bench_peer *peer, unsigned n, uint64_t now) {
  struct gw_bench *bench = peer->bench;
  uint64_t depth = bench->plan->depth;
  if (n > peer->sent - peer->received) {
    gw_bench_error(bench, "connection %u: an answer that nothing was sent for", peer->index + 1);
    gw_bench_peer_drop(peer);
    return;
  }
  for (unsigned i = 0; i < n; i++)
    gw_bench_count(peer, peer->times[peer->received++ % depth], now);
  if (bench->phase < GW_BENCH_SETTLING) echo_send(peer, n, now);
}

const struct gw_bench_mode gw_bench_mode_echo = {
    .name = "echo", .start = echo_start, .on_messages = echo_messages};

/* ---- open: message i is due at i / rate, whatever has been answered, on connection i % N ---- */

static uint64_t open_due_at(const struct gw_bench *bench, uint64_t i) {
  return bench->due_from + (uint64_t)((double)i * 1e9 / bench->plan->rate);
}

static int open_start(struct gw_bench *bench) {
  bench->due_from = gw_bench_now();
  return 0;
}

/* How many of the messages that are due fall to this connection. */
static uint64_t open_share(const struct gw_bench_peer *peer) {
  const struct gw_bench *bench = peer->bench;
  uint64_t n = bench->plan->connections;
  return bench->due / n + (peer->index < bench->due % n);
}

/* Held back by the socket, not forgotten: their latency counts from when they were due. */
static void open_send(struct gw_bench_peer *peer) {
  uint64_t share = open_share(peer);
  while (!peer->is_blocked && peer->is_open && !peer->is_closing && peer->sent < share)
    gw_bench_peer_send(peer, 1);
}

static void open_turn(struct gw_bench *bench) {
  uint64_t now = gw_bench_now();
  while (open_due_at(bench, bench->due) <= now) {
    struct gw_bench_peer *peer = &bench->peers[bench->due++ % bench->plan->connections];
    open_send(peer);
  }
}

/* When the message was due that the next answer belongs to. */
static uint64_t open_answered(struct gw_bench_peer *peer) {
  uint64_t number = peer->received++ * peer->bench->plan->connections + peer->index;
  return open_due_at(peer->bench, number);
}

static void open_messages(struct gw_bench_peer *peer, unsigned n, uint64_t now) {
  struct gw_bench *bench = peer->bench;
  if (n > peer->sent - peer->received) {
    gw_bench_error(bench, "connection %u: an answer that nothing was sent for", peer->index + 1);
    gw_bench_peer_drop(peer);
    return;
  }
  for (unsigned i = 0; i < n; i++) {
    uint64_t due_at = open_answered(peer);
    if (due_at >= bench->started_at) gw_bench_count(peer, due_at, now);
  }
}

static uint64_t open_unanswered(const struct gw_bench *bench) {
  uint64_t n = 0;
  for (size_t i = 0; i < bench->plan->connections; i++)
    n += open_share(&bench->peers[i]) - bench->peers[i].received;
  return n;
}

static bool open_is_settled(const struct gw_bench *bench) {
  return open_unanswered(bench) == 0;
}

/* What has no answer by now is not left out of the percentiles: it has waited so long at least. */
static void open_clear(struct gw_bench *bench) {
  uint64_t n = open_unanswered(bench), now = gw_bench_now();
  if (n == 0 || bench->is_interrupted) return;
  for (size_t i = 0; i < bench->plan->connections; i++) {
    struct gw_bench_peer *peer = &bench->peers[i];
    while (peer->received < open_share(peer))
      gw_histogram_add(bench->latency, now - open_answered(peer));
  }
  gw_bench_error(bench, "%llu messages had no answer one second after the end",
                 (unsigned long long)n);
}

const struct gw_bench_mode gw_bench_mode_open = {
    .name = "open",
    .start = open_start,
    .on_messages = open_messages,
    .on_drain = open_send,
    .turn = open_turn,
    .is_settled = open_is_settled,
    .clear = open_clear,
};

/* ---- idle: nothing is sent ---- */

static void idle_messages(struct gw_bench_peer *peer, unsigned n, uint64_t now) {
  (void)peer, (void)n, (void)now; /* a server's greeting */
}

const struct gw_bench_mode gw_bench_mode_idle = {
    .name = "idle", .is_holding = true, .on_messages = idle_messages};

/* ---- connect: dial, handshake, close, again ---- */

static int connect_start(struct gw_bench *bench) {
  for (size_t i = 0; i < bench->plan->connections; i++)
    gw_bench_peer_open(&bench->peers[i]);
  return 0;
}

static void connect_open(struct gw_bench_peer *peer) {
  gw_bench_count(peer, peer->begun_at, gw_bench_now());
  gw_bench_peer_close(peer);
}

static void connect_closed(struct gw_bench_peer *peer) {
  if (peer->bench->phase < GW_BENCH_SETTLING) gw_bench_peer_open(peer);
}

const struct gw_bench_mode gw_bench_mode_connect = {
    .name = "connect",
    .is_churning = true,
    .start = connect_start,
    .on_open = connect_open,
    .on_messages = idle_messages,
    .on_closed = connect_closed,
};
