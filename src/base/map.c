/* SPDX-License-Identifier: MIT */
/*
 * The hash map: open addressing with linear probing in a power-of-two table, at most seven eighths
 * full; removal moves later members back, so there are no tombstones and lookups stay short however
 * often members come and go. Below an eighth the table halves. The hashes lie by themselves,
 * sixteen in a cache line, so a long probe is cheap and a value is only asked for its key where it
 * is almost certainly the one: 12 bytes a place, 14 to 27 a member.
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
  free(map->values);
  map->values = NULL;
  map->hashes = NULL;
  map->room = map->count = 0;
}

/* Never 0. With 32 bits a table of thousands of millions still spreads. */
static uint32_t hash_of(const struct gw_map *map, struct gw_str key) {
  uint32_t hash = (uint32_t)XXH3_64bits_withSeed(key.at, key.len, map->seed);
  return hash ? hash : 1;
}

/* Where the key is, or the empty place where it would be. The table must not be full. */
static size_t find(const struct gw_map *map, struct gw_str key, uint32_t hash) {
  size_t mask = map->room - 1;
  size_t i = hash & mask;
  for (; map->hashes[i]; i = (i + 1) & mask)
    if (map->hashes[i] == hash && gw_str_eq(map->key_of(map->values[i]), key)) break;
  return i;
}

static int resize(struct gw_map *map, size_t room) {
  if (room > SIZE_MAX / (sizeof(void *) + sizeof(uint32_t))) return GW_ERR_MEMORY;
  void **values = calloc(room, sizeof(void *) + sizeof(uint32_t));
  if (!values) return GW_ERR_MEMORY;
  uint32_t *hashes = (uint32_t *)(values + room);
  for (size_t i = 0; i < map->room; i++) {
    if (!map->hashes[i]) continue;
    size_t at = map->hashes[i] & (room - 1);
    while (hashes[at])
      at = (at + 1) & (room - 1);
    values[at] = map->values[i];
    hashes[at] = map->hashes[i];
  }
  free(map->values);
  map->values = values;
  map->hashes = hashes;
  map->room = room;
  return 0;
}

void *gw_map_get(const struct gw_map *map, struct gw_str key) {
  if (map->count == 0) return NULL;
  return map->values[find(map, key, hash_of(map, key))];
}

/* How many members a table may have: one place at least stays empty, where a probe ends. */
static size_t limit_of(size_t room) {
  return room - room / 8 - 1;
}

int gw_map_add(struct gw_map *map, void *value) {
  if (map->room == 0 || map->count >= limit_of(map->room)) {
    int err = resize(map, map->room ? map->room * 2 : FIRST_ROOM);
    if (err < 0) return err;
  }
  struct gw_str key = map->key_of(value);
  uint32_t hash = hash_of(map, key);
  size_t i = find(map, key, hash);
  map->values[i] = value;
  map->hashes[i] = hash;
  map->count++;
  return 0;
}

/* Empties place i and moves back the members behind it that may not stay behind a gap. */
static void close_gap(struct gw_map *map, size_t i) {
  size_t mask = map->room - 1;
  for (size_t next = (i + 1) & mask; map->hashes[next]; next = (next + 1) & mask) {
    size_t home = map->hashes[next] & mask;
    if (((next - home) & mask) < ((next - i) & mask)) continue;
    map->values[i] = map->values[next];
    map->hashes[i] = map->hashes[next];
    i = next;
  }
  map->values[i] = NULL;
  map->hashes[i] = 0;
}

void *gw_map_remove(struct gw_map *map, struct gw_str key) {
  if (map->count == 0) return NULL;
  size_t i = find(map, key, hash_of(map, key));
  void *value = map->values[i];
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
    void *value = map->values[(*at)++];
    if (value) return value;
  }
  return NULL;
}
