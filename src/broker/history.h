/* SPDX-License-Identifier: MIT */
/*
 * The publications that one channel keeps: a ring in the order of their offsets, without gaps, with
 * caps on count, age and bytes (the channel's rules). A channel that keeps nothing counts its
 * offsets all the same. Reads no clock: the caller says what time it is (ms, monotonic).
 */
#ifndef GW_BROKER_HISTORY_H
#define GW_BROKER_HISTORY_H

#include "hub/rules.h"
#include "hub/store.h"

struct gw_history_entry {
  struct gw_publication *publication;
  uint64_t placed;
};

/* All-zero is empty. */
struct gw_history {
  struct gw_history_entry *entries;
  unsigned room, first, count; /* room: a power of two */
  size_t bytes;
  uint64_t newest; /* the last offset that was given, kept or not */
};

void gw_history_clear(struct gw_history *history);
/* Makes sure that the next add succeeds. GW_ERR_MEMORY. */
int gw_history_reserve(struct gw_history *history, const struct gw_channel_rules *rules);
/* Gives the publication the next offset and keeps it (a reference of its own); the oldest go where
 * a cap is passed. After a reserve. */
void gw_history_add(struct gw_history *history, const struct gw_channel_rules *rules,
                    struct gw_publication *publication, uint64_t now);
/* Drops what is too old. Gives the milliseconds until the next one is; -1: none is left. */
int64_t gw_history_expire(struct gw_history *history, const struct gw_channel_rules *rules,
                          uint64_t now);

/* Which of those kept answer a question, and how they fit what was asked. */
struct gw_history_range {
  unsigned first, n; /* of those kept, the oldest being 0 */
  bool is_recovered, is_missed_known;
  uint64_t missed;
  uint64_t last; /* the offset that leads on from there */
};

/* All kept, at most `limit` (0: no limit). */
struct gw_history_range gw_history_all(const struct gw_history *history, unsigned limit);
/* Those after `offset` of this very history; where it is not reached any more (or has never been),
 * all kept and not recovered. */
struct gw_history_range gw_history_after(const struct gw_history *history, uint64_t offset,
                                         unsigned limit);
struct gw_publication *gw_history_at(const struct gw_history *history, unsigned i);

#endif
