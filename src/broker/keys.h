/* SPDX-License-Identifier: MIT */
/*
 * The idempotency keys of one channel, and where each one's publication was placed; each for
 * GW_KEY_MS. Reads no clock: the caller says what time it is (ms, monotonic).
 */
#ifndef GW_BROKER_KEYS_H
#define GW_BROKER_KEYS_H

#include "base/list.h"
#include "base/map.h"
#include "hub/publication.h"

#define GW_KEY_MS (5 * 60 * 1000)

struct gw_key {
  struct gw_link order; /* as they came */
  uint64_t due;
  struct gw_cursor cursor; /* the owner's to set */
  uint8_t len;
  char text[];
};

struct gw_keys {
  struct gw_map map; /* of struct gw_key */
  struct gw_link order;
  size_t bytes;
};

/* NULL without memory. */
struct gw_keys *gw_keys_new(void);
void gw_keys_free(struct gw_keys *keys); /* NULL is fine */
struct gw_key *gw_keys_find(const struct gw_keys *keys, struct gw_str text);
/* Must be absent, and at most 255 bytes. GW_ERR_MEMORY; GW_ERR_FULL: the channel keeps as many as
 * it may. */
int gw_keys_add(struct gw_keys *keys, struct gw_str text, uint64_t now, struct gw_key **out_key);
void gw_keys_drop(struct gw_keys *keys, struct gw_key *key);
/* Drops what is too old. Gives the milliseconds until the next one is; -1: none is left. */
int64_t gw_keys_expire(struct gw_keys *keys, uint64_t now);

#endif
