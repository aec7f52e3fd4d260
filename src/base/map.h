/* SPDX-License-Identifier: MIT */
/*
 * A hash map from byte strings to pointers, seeded against chosen collisions (XXH3 with a random
 * seed). A value holds its own key, which must stay the same while it is in the map.
 */
#ifndef GW_BASE_MAP_H
#define GW_BASE_MAP_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

typedef struct gw_str gw_map_key_fn(const void *value);

struct gw_map {
  void **values;    /* open addressing; shrinks again when it has emptied */
  uint32_t *hashes; /* of each value, in the same memory; 0: empty */
  size_t room, count;
  uint64_t seed;
  gw_map_key_fn *key_of;
};

/* Takes a random seed from the system. `key_of` gives a value's key. */
void gw_map_init(struct gw_map *map, gw_map_key_fn *key_of);
void gw_map_clear(struct gw_map *map);
void *gw_map_get(const struct gw_map *map, struct gw_str key);
/* Adds; its key must be absent. GW_ERR_MEMORY. */
int gw_map_add(struct gw_map *map, void *value);
/* Removes and gives the value; NULL where the key is absent. */
void *gw_map_remove(struct gw_map *map, struct gw_str key);
/* Walks: start with *at = 0; NULL at the end. Nothing may be added or removed meanwhile. */
void *gw_map_next(const struct gw_map *map, size_t *at);

#endif
