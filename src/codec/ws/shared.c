/* SPDX-License-Identifier: MIT */
/*
 * One thread's scratch and random bytes. The scratch grows to what a payload needs and is given
 * back when a later one needs far less; keys come from the system's generator in batches, because
 * one call costs more than masking a small frame.
 */
#include "codec/ws/shared.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_FIRST (16 * 1024)
#define SCRATCH_KEPT  (256 * 1024) /* what a single large message may leave behind */

int gw_ws_shared_new(struct gw_ws_shared **out_shared) {
  struct gw_ws_shared *shared = calloc(1, sizeof *shared);
  if (!shared) return GW_ERR_MEMORY;
  shared->simd = gw_simd_best();
  shared->keys_used = sizeof shared->keys;
  *out_shared = shared;
  return 0;
}

void gw_ws_shared_free(struct gw_ws_shared *shared) {
  if (!shared) return;
  gw_ws_flate_pool_free(shared->pool);
  free(shared->scratch);
  free(shared);
}

uint8_t *gw_ws_shared_scratch(struct gw_ws_shared *shared, size_t len) {
  bool is_too_large = shared->scratch_room > SCRATCH_KEPT && len <= SCRATCH_KEPT;
  if (shared->scratch_room >= len && shared->scratch && !is_too_large) return shared->scratch;
  size_t room = len > SCRATCH_FIRST ? len : SCRATCH_FIRST;
  free(shared->scratch);
  shared->scratch = malloc(room);
  shared->scratch_room = shared->scratch ? room : 0;
  return shared->scratch;
}

int gw_ws_shared_key(struct gw_ws_shared *shared, uint8_t out_key[4]) {
  if (shared->keys_used + 4u > sizeof shared->keys) {
    if (RAND_bytes(shared->keys, sizeof shared->keys) != 1) return GW_ERR_SYSTEM;
    shared->keys_used = 0;
  }
  memcpy(out_key, shared->keys + shared->keys_used, 4);
  shared->keys_used += 4;
  return 0;
}
