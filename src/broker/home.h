/* SPDX-License-Identifier: MIT */
/*
 * The channels that live on one worker: their histories, epochs, expiry, and which workers hear
 * them. Knows nothing of how the others are reached.
 */
#ifndef GW_BROKER_HOME_H
#define GW_BROKER_HOME_H

#include "base/map.h"
#include "broker/epoch.h"
#include "broker/history.h"
#include "loop/loop.h"

struct gw_home {
  struct gw_loop *loop;
  unsigned workers;
  unsigned max_channels; /* against a name for every request */
  struct gw_history_caps caps;
  uint64_t (*wall_clock)(void);
  struct gw_map channels;
  struct gw_epochs epochs;
};

struct gw_home_channel {
  struct gw_timer expiry;
  struct gw_home *home;
  struct gw_history history;
  struct gw_str name;
  char epoch[GW_EPOCH_LEN + 1];
  unsigned hearing; /* how many workers do */
  uint8_t hears[];  /* per worker 0 or 1; then the name */
};

/* loop, workers, max_channels, caps and wall_clock are set. GW_ERR_MEMORY, GW_ERR_SYSTEM. */
int gw_home_init(struct gw_home *home);
/* Cancels its timers. All-zero is fine. */
void gw_home_clear(struct gw_home *home);

/* NULL where there is none. */
struct gw_home_channel *gw_home_find(const struct gw_home *home, struct gw_str name);
/* Made where there is none: whoever does not fill it releases it. GW_ERR_FULL, GW_ERR_MEMORY. */
int gw_home_open(struct gw_home *home, struct gw_str name, struct gw_home_channel **out_channel);
/* Frees the channel where nobody hears it and nothing is kept. */
void gw_home_release(struct gw_home_channel *channel);

/* Gives the publication its offset and time and keeps it; the channel may be freed by the next
 * release. After gw_history_reserve. */
void gw_home_place(struct gw_home_channel *channel, struct gw_publication *publication);
void gw_home_hear(struct gw_home_channel *channel, unsigned worker, bool hears);

/* What the answer to a question is: a recovery without the publications, and where these lie. A
 * channel that does not exist (NULL) answers like an empty one of that name. `after` NULL: all. */
struct gw_history_range gw_home_answer(const struct gw_home *home,
                                       const struct gw_home_channel *channel, struct gw_str name,
                                       const struct gw_cursor *after, unsigned limit,
                                       struct gw_recovery *out_recovery);

#endif
