/* SPDX-License-Identifier: MIT */
/*
 * Chained buckets, one for each member or less. Without memory to grow, the chains merely become
 * longer. Ids are compared without an early end, for they are secrets.
 */
#include "session/index.h"

#include "godwit/error.h"

#include <stdlib.h>
#include <sys/random.h>

enum { FEW = 16, BIRTH_DIGITS = 3 };

void gw_index_init(struct gw_index *index) {
  *index = (struct gw_index){.room = FEW};
  index->buckets = index->few;
}

static struct gw_index_entry **bucket_of(struct gw_index_entry **buckets, size_t room,
                                         const char *id) {
  uint64_t random;
  memcpy(&random, id + GW_SESSION_ID_LEN - sizeof random, sizeof random);
  return &buckets[(random * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (room - 1)];
}

/* Without memory it stays as it is. */
static void resize(struct gw_index *index, size_t room) {
  struct gw_index_entry **buckets =
      room == FEW ? index->few : calloc(room, sizeof(struct gw_index_entry *));
  if (!buckets) return;
  for (size_t i = 0; i < index->room; i++) {
    for (struct gw_index_entry *entry = index->buckets[i], *next; entry; entry = next) {
      next = entry->next;
      struct gw_index_entry **bucket = bucket_of(buckets, room, entry->id);
      entry->next = *bucket;
      *bucket = entry;
    }
  }
  if (index->buckets == index->few)
    memset(index->few, 0, sizeof index->few);
  else
    free(index->buckets);
  index->buckets = buckets;
  index->room = room;
}

void gw_index_add(struct gw_index *index, struct gw_index_entry *entry) {
  if (index->count >= index->room && index->room < (size_t)1 << 31) resize(index, index->room * 2);
  struct gw_index_entry **bucket = bucket_of(index->buckets, index->room, entry->id);
  entry->next = *bucket;
  *bucket = entry;
  index->count++;
}

void gw_index_remove(struct gw_index *index, struct gw_index_entry *entry) {
  struct gw_index_entry **at = bucket_of(index->buckets, index->room, entry->id);
  while (*at && *at != entry)
    at = &(*at)->next;
  if (!*at) return;
  *at = entry->next;
  entry->next = NULL;
  index->count--;
  if (index->room > FEW && index->count < index->room / 8) resize(index, index->room / 2);
}

static bool is_same(const char *a, const char *b) {
  unsigned char apart = 0;
  for (unsigned i = 0; i < GW_SESSION_ID_LEN; i++)
    apart |= (unsigned char)(a[i] ^ b[i]);
  return apart == 0;
}

struct gw_index_entry *gw_index_find(const struct gw_index *index, const char *id) {
  struct gw_index_entry *entry = *bucket_of(index->buckets, index->room, id);
  while (entry && !is_same(entry->id, id))
    entry = entry->next;
  return entry;
}

struct gw_index_entry *gw_index_take_all(struct gw_index *index) {
  struct gw_index_entry *all = NULL;
  for (size_t i = 0; i < index->room; i++) {
    for (struct gw_index_entry *entry = index->buckets[i], *next; entry; entry = next) {
      next = entry->next;
      entry->next = all;
      all = entry;
    }
  }
  if (index->buckets != index->few) free(index->buckets);
  gw_index_init(index);
  return all;
}

/* ---- ids ---- */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";

int gw_id_make(struct gw_id_source *source, unsigned worker, char out[GW_SESSION_ID_LEN]) {
  enum { EACH = GW_SESSION_ID_LEN - BIRTH_DIGITS };
  if (source->left < EACH) {
    if (getrandom(source->pool, sizeof source->pool, 0) != (ssize_t)sizeof source->pool)
      return GW_ERR_SYSTEM;
    source->left = sizeof source->pool;
  }
  for (unsigned i = 0; i < BIRTH_DIGITS; i++)
    out[i] = digits[worker >> 6 * (BIRTH_DIGITS - 1 - i) & 63];
  source->left -= EACH;
  for (unsigned i = 0; i < EACH; i++)
    out[BIRTH_DIGITS + i] = digits[source->pool[source->left + i] & 63];
  return 0;
}

static int value_of(char c) {
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

int gw_id_birth(struct gw_str id) {
  if (id.len != GW_SESSION_ID_LEN) return GW_ERR_ARGUMENT;
  int birth = 0;
  for (unsigned i = 0; i < GW_SESSION_ID_LEN; i++) {
    int value = value_of(id.at[i]);
    if (value < 0) return GW_ERR_ARGUMENT;
    if (i < BIRTH_DIGITS) birth = birth << 6 | value;
  }
  return birth;
}
