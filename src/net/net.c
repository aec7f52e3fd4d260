/* SPDX-License-Identifier: MIT */
/*
 * What the streams of one loop share. The buffers belong to whoever runs at the moment: the read
 * buffer for one on_data, the cork until that on_data has returned.
 */
#include "net/net.h"

#include "godwit/error.h"
#include "net/inside.h"
#include "net/resolve.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
  OUTBOX_HIGH = 1024 * 1024,
  OUTBOX_CAP = 64 * 1024 * 1024 + 64 * 1024, /* the largest message and its neighbours */
  LINGER_MS = 5000,
  HURRY_MS = 250,
};

int gw_net_new(struct gw_loop *loop, const struct gw_net_options *options,
               struct gw_net **out_net) {
  static const struct gw_net_options defaults = {0};
  if (!options) options = &defaults;
  struct gw_net *net = calloc(1, sizeof *net);
  uint8_t *memory = malloc(GW_STREAM_HEADROOM + GW_NET_READ_SIZE + GW_NET_CORK_SIZE);
  if (!net || !memory) {
    free(memory);
    free(net);
    return GW_ERR_MEMORY;
  }
  net->loop = loop;
  net->outbox_high = options->outbox_high ? options->outbox_high : OUTBOX_HIGH;
  net->outbox_cap = options->outbox_cap ? options->outbox_cap : OUTBOX_CAP;
  net->linger_ms = options->linger_ms ? options->linger_ms : LINGER_MS;
  net->last_linger_ms = net->linger_ms;
  net->memory = memory;
  net->read_buffer = memory + GW_STREAM_HEADROOM;
  net->cork = net->read_buffer + GW_NET_READ_SIZE;
  net->dirty_end = &net->dirty;
  net->dead_end = &net->dead;
  net->turn_end.run = gw_tcp_turn_end;
  net->retire.run = gw_tcp_retire;
  *out_net = net;
  return 0;
}

void gw_net_free(struct gw_net *net) {
  if (!net) return;
  assert(!net->is_turn_end_queued && !net->is_retire_queued);
  gw_tls_shared_free(net->tls);
  gw_resolver_free(net->resolver);
  gw_outbox_pool_clear(&net->outboxes);
  free(net->memory);
  free(net);
}

struct gw_loop *gw_net_loop(const struct gw_net *net) {
  return net->loop;
}

void gw_net_hurry(struct gw_net *net) {
  if (net->last_linger_ms > HURRY_MS) net->last_linger_ms = HURRY_MS;
}

struct gw_net_counts gw_net_counts(const struct gw_net *net) {
  return net->counts;
}

int gw_net_error_of(int error) {
  switch (error) {
  case ECONNRESET:
  case EPIPE: return GW_ERR_RESET;
  case ETIMEDOUT: return GW_ERR_TIMEOUT;
  case ENOMEM:
  case ENOBUFS: return GW_ERR_MEMORY;
  default: return GW_ERR_SYSTEM;
  }
}
