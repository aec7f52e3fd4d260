/* SPDX-License-Identifier: MIT */
/*
 * A connection's life, and the two operations on bytes that stand by themselves. Memory beyond the
 * struct exists only while something is incomplete (partial.h), or where context takeover is
 * agreed.
 */
#include "codec/ws/conn.h"

#include "codec/ws/flate.h"
#include "codec/ws/partial.h"
#include "codec/ws/shared.h"

#include <stdlib.h>

_Static_assert(sizeof(struct gw_ws) <= 48, "an idle connection is paid for by the thousand");

void gw_ws_init(struct gw_ws *ws, const struct gw_ws_kind *kind,
                const struct gw_ws_deflate *deflate) {
  const struct gw_ws_options *options = &kind->options;
  size_t small = gw_ws_max_message(options);
  if (options->max_frame && options->max_frame < small) small = options->max_frame;
  if (small > GW_WS_CONTROL_MAX) small = GW_WS_CONTROL_MAX;
  *ws = (struct gw_ws){.kind = kind, .small = (uint8_t)small};
  if (!deflate || !deflate->is_on) return;
  unsigned server_bits = deflate->server_max_window_bits,
           client_bits = deflate->client_max_window_bits;
  ws->bits = (uint8_t)((server_bits ? server_bits : 15) | (client_bits ? client_bits : 15) << 4);
  ws->server_keeps = !deflate->server_no_context_takeover;
  ws->client_keeps = !deflate->client_no_context_takeover;
}

void gw_ws_clear(struct gw_ws *ws) {
  gw_ws_partial_free(ws->partial);
  ws->partial = NULL;
  gw_ws_flate_clear(ws);
}

/* The only one of its kind. */
struct lone {
  struct gw_ws ws;
  struct gw_ws_kind kind;
};

int gw_ws_new(const struct gw_ws_options *options, struct gw_ws_shared *shared,
              const struct gw_ws_deflate *deflate, struct gw_ws **out_ws) {
  struct lone *lone = malloc(sizeof *lone);
  if (!lone) return GW_ERR_MEMORY;
  lone->kind = (struct gw_ws_kind){*options, shared};
  gw_ws_init(&lone->ws, &lone->kind, deflate);
  *out_ws = &lone->ws;
  return 0;
}

void gw_ws_free(struct gw_ws *ws) {
  if (!ws) return;
  gw_ws_clear(ws);
  free(ws); /* with its kind: `lone` begins with it */
}

void gw_ws_mask(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4],
                unsigned phase) {
  gw_simd_best()->mask(dst, src, len, key, phase);
}

bool gw_ws_utf8_is_valid(const void *data, size_t len) {
  return gw_utf8_valid(gw_simd_best(), data, len);
}
