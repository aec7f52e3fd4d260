/* SPDX-License-Identifier: MIT */
/*
 * The hash map: open addressing with linear probing in a power-of-two table, at most three quarters
 * full; removal moves later members back, so there are no tombstones and lookups stay short however
 * often members come and go. Below an eighth the table halves. A slot keeps the hash, so that a
 * value is only asked for its key where it is almost certainly the one.
 */
#include "base/map.h"

#include "godwit/error.h"

#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

enum { FIRST_ROOM = 4 };

void gw_map_init(struct gw_map *map, gw_map_key_fn *key_of) {
  *map = (struct gw_map){.key_of = key_of};
  /* Where the system has no randomness yet, the map's own address is better than nothing. */
  if (getrandom(&map->seed, sizeof map->seed, GRND_NONBLOCK) != (ssize_t)sizeof map->seed)
    map->seed = (uint64_t)(uintptr_t)map;
}

void gw_map_clear(struct gw_map *map) {
  free(map->slots);
  map->slots = NULL;
  map->room = map->count = 0;
}

static uint64_t hash_of(const struct gw_map *map, struct gw_str key) {
  return XXH3_64bits_withSeed(key.at, key.len, map->seed);
}

static bool is_at(const struct gw_map *map, size_t i, struct gw_str key, uint64_t hash) {
  const struct gw_map_slot *slot = &map->slots[i];
  return slot->hash == hash && gw_str_eq(map->key_of(slot->value), key);
}

/* Where the key is, or the empty slot where it would be. The table must not be full. */
static size_t find(const struct gw_map *map, struct gw_str key, uint64_t hash) {
  size_t mask = map->room - 1;
  size_t i = (size_t)hash & mask;
  while (map->slots[i].value && !is_at(map, i, key, hash))
    i = (i + 1) & mask;
  return i;
}

static int resize(struct gw_map *map, size_t room) {
  if (room > SIZE_MAX / sizeof *map->slots) return GW_ERR_MEMORY;
  struct gw_map_slot *slots = calloc(room, sizeof *slots);
  if (!slots) return GW_ERR_MEMORY;
  for (size_t i = 0; i < map->room; i++) {
    if (!map->slots[i].value) continue;
    size_t at = (size_t)map->slots[i].hash & (room - 1);
    while (slots[at].value)
      at = (at + 1) & (room - 1);
    slots[at] = map->slots[i];
  }
  free(map->slots);
  map->slots = slots;
  map->room = room;
  return 0;
}

void *gw_map_get(const struct gw_map *map, struct gw_str key) {
  if (map->count == 0) return NULL;
  return map->slots[find(map, key, hash_of(map, key))].value;
}

int gw_map_add(struct gw_map *map, void *value) {
  if (map->count + 1 > map->room / 4 * 3) {
    int err = resize(map, map->room ? map->room * 2 : FIRST_ROOM);
    if (err < 0) return err;
  }
  struct gw_str key = map->key_of(value);
  uint64_t hash = hash_of(map, key);
  map->slots[find(map, key, hash)] = (struct gw_map_slot){hash, value};
  map->count++;
  return 0;
}

/* Empties slot i and moves back the members behind it that may not stay behind a gap. */
static void close_gap(struct gw_map *map, size_t i) {
  size_t mask = map->room - 1;
  for (size_t next = (i + 1) & mask; map->slots[next].value; next = (next + 1) & mask) {
    size_t home = (size_t)map->slots[next].hash & mask;
    if (((next - home) & mask) < ((next - i) & mask)) continue;
    map->slots[i] = map->slots[next];
    i = next;
  }
  map->slots[i] = (struct gw_map_slot){0};
}

void *gw_map_remove(struct gw_map *map, struct gw_str key) {
  if (map->count == 0) return NULL;
  size_t i = find(map, key, hash_of(map, key));
  void *value = map->slots[i].value;
  if (!value) return NULL;
  close_gap(map, i);
  map->count--;
  if (map->count == 0)
    gw_map_clear(map);
  else if (map->room > FIRST_ROOM && map->count < map->room / 8)
    (void)resize(map, map->room / 2); /* without memory it merely stays large */
  return value;
}

void *gw_map_next(const struct gw_map *map, size_t *at) {
  while (*at < map->room) {
    void *value = map->slots[(*at)++].value;
    if (value) return value;
  }
  return NULL;
}
