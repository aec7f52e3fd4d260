/* SPDX-License-Identifier: MIT */
/*
 * The ring. Invariant: the kept publications have the offsets newest - count + 1 … newest, so where
 * an offset lies is arithmetic. Every publication comes and goes once: adding and expiring cost
 * O(1) each, whatever the caps.
 */
#include "broker/history.h"

#include "godwit/error.h"

#include <stdlib.h>

enum { FIRST_ROOM = 4 };

static struct gw_history_entry *entry_at(const struct gw_history *history, unsigned i) {
  return &history->entries[(history->first + i) & (history->room - 1)];
}

struct gw_publication *gw_history_at(const struct gw_history *history, unsigned i) {
  return entry_at(history, i)->publication;
}

static void drop_oldest(struct gw_history *history) {
  struct gw_publication *oldest = gw_history_at(history, 0);
  history->bytes -= gw_publication_size(oldest);
  history->first = (history->first + 1) & (history->room - 1);
  history->count--;
  gw_publication_unref(oldest);
}

/* An empty ring owns no memory: most channels are silent most of the time. */
static void release_if_empty(struct gw_history *history) {
  if (history->count > 0) return;
  free(history->entries);
  history->entries = NULL;
  history->room = history->first = 0;
}

void gw_history_clear(struct gw_history *history) {
  while (history->count > 0)
    drop_oldest(history);
  release_if_empty(history);
}

int gw_history_reserve(struct gw_history *history, const struct gw_channel_rules *rules) {
  if (history->count < history->room || history->count >= rules->history_size) return 0;
  unsigned room = history->room ? history->room * 2 : FIRST_ROOM;
  struct gw_history_entry *entries = malloc(room * sizeof *entries);
  if (!entries) return GW_ERR_MEMORY;
  for (unsigned i = 0; i < history->count; i++)
    entries[i] = *entry_at(history, i);
  free(history->entries);
  history->entries = entries;
  history->room = room;
  history->first = 0;
  return 0;
}

void gw_history_add(struct gw_history *history, const struct gw_channel_rules *rules,
                    struct gw_publication *publication, uint64_t now) {
  publication->cursor.offset = ++history->newest;
  if (rules->history_size == 0) return;
  if (history->count >= rules->history_size) drop_oldest(history);
  size_t size = gw_publication_size(publication);
  *entry_at(history, history->count) =
      (struct gw_history_entry){gw_publication_ref(publication), now};
  history->count++;
  history->bytes += size;
  while (history->bytes > rules->history_bytes)
    drop_oldest(history);
  release_if_empty(history);
}

int64_t gw_history_expire(struct gw_history *history, const struct gw_channel_rules *rules,
                          uint64_t now) {
  while (history->count > 0) {
    uint64_t due = entry_at(history, 0)->placed + rules->history_ms;
    if (due > now) return (int64_t)(due - now);
    drop_oldest(history);
  }
  release_if_empty(history);
  return -1;
}

/* From the kept one `first` on. */
static struct gw_history_range range_from(const struct gw_history *history, unsigned first,
                                          unsigned limit) {
  unsigned n = history->count - first;
  if (limit > 0 && n > limit) n = limit;
  return (struct gw_history_range){
      .first = first,
      .n = n,
      .is_recovered = true,
      .last = history->newest - history->count + first + n,
  };
}

struct gw_history_range gw_history_all(const struct gw_history *history, unsigned limit) {
  return range_from(history, 0, limit);
}

struct gw_history_range gw_history_after(const struct gw_history *history, uint64_t offset,
                                         unsigned limit) {
  uint64_t gone = history->newest - history->count; /* the last offset that is not kept */
  if (offset >= gone && offset <= history->newest)
    return range_from(history, (unsigned)(offset - gone), limit);
  struct gw_history_range all = range_from(history, 0, limit);
  all.is_recovered = false;
  all.is_missed_known = offset < gone;
  all.missed = offset < gone ? gone - offset : 0;
  return all;
}
