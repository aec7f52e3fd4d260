/* SPDX-License-Identifier: MIT */
/*
 * A map to find a key again, and a list in the order of their coming, which is the order in which
 * they go: all are kept for the same time.
 */
#include "broker/keys.h"

#include "godwit/error.h"

#include <stdlib.h>

/* Of one channel: against a publisher who gives each message a new key. */
enum { MAX_KEYS = 100000, MAX_BYTES = 16 << 20 };

static struct gw_str text_of(const void *value) {
  const struct gw_key *key = value;
  return (struct gw_str){key->text, key->len};
}

static size_t size_of(size_t len) {
  return sizeof(struct gw_key) + len;
}

struct gw_keys *gw_keys_new(void) {
  struct gw_keys *keys = calloc(1, sizeof *keys);
  if (!keys) return NULL;
  gw_map_init(&keys->map, text_of);
  gw_list_init(&keys->order);
  return keys;
}

void gw_keys_free(struct gw_keys *keys) {
  if (!keys) return;
  size_t at = 0;
  for (struct gw_key *key; (key = gw_map_next(&keys->map, &at));)
    free(key);
  gw_map_clear(&keys->map);
  free(keys);
}

struct gw_key *gw_keys_find(const struct gw_keys *keys, struct gw_str text) {
  return gw_map_get(&keys->map, text);
}

int gw_keys_add(struct gw_keys *keys, struct gw_str text, uint64_t now, struct gw_key **out_key) {
  size_t size = size_of(text.len);
  if (keys->map.count >= MAX_KEYS || size > MAX_BYTES - keys->bytes) return GW_ERR_FULL;
  struct gw_key *key = calloc(1, size);
  if (!key) return GW_ERR_MEMORY;
  key->due = now + GW_KEY_MS;
  key->len = (uint8_t)text.len;
  memcpy(key->text, text.at, text.len);
  if (gw_map_add(&keys->map, key) < 0) {
    free(key);
    return GW_ERR_MEMORY;
  }
  gw_list_append(&keys->order, &key->order);
  keys->bytes += size;
  *out_key = key;
  return 0;
}

void gw_keys_drop(struct gw_keys *keys, struct gw_key *key) {
  gw_map_remove(&keys->map, text_of(key));
  gw_list_remove(&key->order);
  keys->bytes -= size_of(key->len);
  free(key);
}

int64_t gw_keys_expire(struct gw_keys *keys, uint64_t now) {
  while (!gw_list_is_empty(&keys->order)) {
    struct gw_key *oldest = gw_container_of(keys->order.next, struct gw_key, order);
    if (oldest->due > now) return (int64_t)(oldest->due - now);
    gw_keys_drop(keys, oldest);
  }
  return -1;
}
