/* SPDX-License-Identifier: MIT */
/*
 * Fan-out: every connection subscribes, one of them (or posters) publishes, and `in_flight`
 * publications are on their way at a time. Each connection gets them in order, so its k-th message
 * is publication k. Invariant: a slot is used again only after its publication has reached all.
 */
#include "cli/bench.h"

#include <stdlib.h>

enum {
  /* More than the kernel holds for a socket whose peer does not read, so that its window is shut;
   * less than a server should hold against a slow reader (ours: 4 MiB beyond the kernel's). */
  FILL_SIZE = 7 << 19,
  FILL_STEP = 64 << 10,
};

struct publication {
  uint64_t begun_at;
  size_t missing; /* deliveries */
};

struct gw_bench_fanout {
  uint64_t published, completed;
  struct publication slots[]; /* in_flight of them */
};

static void publish(struct gw_bench *bench) {
  struct gw_bench_fanout *fanout = bench->fanout;
  while (bench->phase < GW_BENCH_SETTLING &&
         fanout->published - fanout->completed < bench->plan->in_flight) {
    struct publication *slot = &fanout->slots[fanout->published % bench->plan->in_flight];
    *slot = (struct publication){gw_bench_now(), bench->plan->connections - bench->plan->slow};
    if (bench->posters && gw_bench_posters_post(bench) < 0) return;
    fanout->published++;
    if (!bench->posters) gw_bench_peer_send(&bench->peers[0], 1);
  }
}

static int fanout_start(struct gw_bench *bench) {
  bench->fanout =
      calloc(1, sizeof *bench->fanout + bench->plan->in_flight * sizeof(struct publication));
  if (!bench->fanout) return GW_ERR_MEMORY;
  publish(bench);
  return 0;
}

void gw_bench_fanout_posted(struct gw_bench *bench) {
  if (bench->fanout) publish(bench);
}

/* ---- slow readers: published to them and the publisher alone, before the others come ---- */

static void fanout_fill(struct gw_bench *bench) {
  struct gw_bench_peer *publisher = &bench->peers[0];
  uint64_t size = bench->plan->size;
  if (publisher->sent * size < FILL_SIZE) {
    gw_bench_peer_send(publisher, 1 + FILL_STEP / size);
    return;
  }
  publisher->sent = publisher->received = 0;
  bench->is_filled = true;
  gw_bench_opened(bench);
}

static void fill_messages(struct gw_bench_peer *peer, unsigned n) {
  peer->received += n;
  if (peer->index == 0 && peer->received == peer->sent) fanout_fill(peer->bench);
}

/* ---- the fan-out ---- */

static void fanout_messages(struct gw_bench_peer *peer, unsigned n, uint64_t now) {
  struct gw_bench *bench = peer->bench;
  struct gw_bench_fanout *fanout = bench->fanout;
  if (!bench->is_filled) {
    fill_messages(peer, n);
    return;
  }
  if (!fanout || n > fanout->published - peer->received) {
    gw_bench_error(bench,
                   "connection %u: a message that this run did not publish; is the channel in use?",
                   peer->index + 1);
    gw_bench_end(bench);
    return;
  }
  bool is_complete = false;
  for (unsigned i = 0; i < n; i++) {
    struct publication *slot = &fanout->slots[peer->received++ % bench->plan->in_flight];
    gw_bench_count(peer, slot->begun_at, now);
    if (--slot->missing > 0) continue;
    if (bench->phase == GW_BENCH_MEASURING) gw_histogram_add(bench->last, now - slot->begun_at);
    fanout->completed++;
    is_complete = true;
  }
  if (is_complete) publish(bench);
}

/* A publication that one subscriber will never get is never complete: there is no going on. */
static void fanout_closed(struct gw_bench_peer *peer) {
  if (!gw_bench_is_slow(peer)) gw_bench_end(peer->bench);
}

static void fanout_clear(struct gw_bench *bench) {
  free(bench->fanout);
  bench->fanout = NULL;
}

const struct gw_bench_mode gw_bench_mode_fanout = {
    .name = "fanout",
    .start = fanout_start,
    .fill = fanout_fill,
    .on_messages = fanout_messages,
    .on_closed = fanout_closed,
    .clear = fanout_clear,
};
