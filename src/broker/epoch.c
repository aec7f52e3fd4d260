/* SPDX-License-Identifier: MIT */
/*
 * An epoch is a seeded hash of the name and of how many channels of the name's bucket were freed
 * before. So a channel that nobody has used needs no memory to have a cursor (epoch:0), the channel
 * that is made later begins with that very epoch, and a name keeps it while others come and go.
 *
 * Invariant: two lives of a name never share an epoch. Between them its own freeing has raised the
 * bucket's count, which never falls (it wraps after 2^32 freeings of one bucket; a cursor that old
 * would have to wait for exactly that). Where a neighbour in the bucket is freed, the epoch of a
 * name without a channel changes too: its cursor then says "not recovered", which is the safe side.
 */
#include "broker/epoch.h"

#include "godwit/error.h"

#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

enum { BUCKETS = 16384 };

int gw_epochs_init(struct gw_epochs *epochs) {
  *epochs = (struct gw_epochs){0};
  if (getrandom(&epochs->seed, sizeof epochs->seed, 0) != (ssize_t)sizeof epochs->seed)
    return GW_ERR_SYSTEM;
  epochs->retired = calloc(BUCKETS, sizeof *epochs->retired);
  return epochs->retired ? 0 : GW_ERR_MEMORY;
}

void gw_epochs_clear(struct gw_epochs *epochs) {
  free(epochs->retired);
  epochs->retired = NULL;
}

static uint32_t *bucket_of(const struct gw_epochs *epochs, struct gw_str name) {
  return &epochs->retired[XXH3_64bits_withSeed(name.at, name.len, epochs->seed) % BUCKETS];
}

uint32_t gw_epochs_life(const struct gw_epochs *epochs, struct gw_str name) {
  return *bucket_of(epochs, name);
}

void gw_epochs_write(const struct gw_epochs *epochs, struct gw_str name, uint32_t life,
                     char out[GW_EPOCH_LEN + 1]) {
  static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  uint64_t seed = epochs->seed ^ ((uint64_t)life + 1) << 32;
  XXH128_hash_t hash = XXH3_128bits_withSeed(name.at, name.len, seed);
  /* 128 bits hold two halves of six digits (62^6 is less than 2^36) with room to spare. */
  for (unsigned i = 0; i < GW_EPOCH_LEN; i++) {
    uint64_t *half = i % 2 ? &hash.high64 : &hash.low64;
    out[i] = digits[*half % 62];
    *half /= 62;
  }
  out[GW_EPOCH_LEN] = '\0';
}

void gw_epochs_retire(struct gw_epochs *epochs, struct gw_str name) {
  ++*bucket_of(epochs, name);
}
