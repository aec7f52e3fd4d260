/* SPDX-License-Identifier: MIT */
/*
 * The channels that live on one worker: what they keep, epochs, expiry, and which workers hear
 * them. Knows nothing of how the others are reached.
 */
#ifndef GW_BROKER_HOME_H
#define GW_BROKER_HOME_H

#include "base/map.h"
#include "broker/epoch.h"
#include "broker/history.h"
#include "broker/keys.h"
#include "broker/presence.h"
#include "loop/loop.h"

struct gw_home {
  struct gw_loop *loop;
  unsigned workers;
  unsigned max_channels; /* against a name for every request */
  const struct gw_rules *rules;
  uint64_t (*wall_clock)(void);
  struct gw_map channels;
  struct gw_epochs epochs;
  struct gw_presences presences;
  struct gw_timer linger; /* the owner's: when the first has lingered long enough */
  uint64_t placed;        /* publications, since the start */
};

/* What a channel has since something was published in it. */
struct gw_past {
  struct gw_timer expiry;
  struct gw_home *home;
  struct gw_home_channel *channel;
  const struct gw_channel_rules *rules;
  struct gw_history history;
  uint64_t counted_until; /* the loop's clock: when its offset may be forgotten */
  struct gw_keys *keys;   /* NULL: none */
  char epoch[GW_EPOCH_LEN + 1];
};

/* Small: most channels keep nothing most of the time (an inbox for each user who is there). */
struct gw_home_channel {
  struct gw_past *past;         /* NULL: none; its epoch is its life's */
  struct gw_presence *presence; /* NULL: nobody */
  uint32_t life;
  uint8_t name_len;
  uint8_t text[]; /* the name, then which workers hear it, a bit each */
};

/* loop, workers, max_channels, rules and wall_clock are set. GW_ERR_MEMORY, GW_ERR_SYSTEM. */
int gw_home_init(struct gw_home *home);
/* Cancels its timers. All-zero is fine. */
void gw_home_clear(struct gw_home *home);

/* NULL where there is none. */
struct gw_home_channel *gw_home_find(const struct gw_home *home, struct gw_str name);
/* Made where there is none: whoever does not fill it releases it. GW_ERR_FULL, GW_ERR_MEMORY. */
int gw_home_open(struct gw_home *home, struct gw_str name, struct gw_home_channel **out_channel);
/* Frees the channel where nobody hears it, nothing is kept or counted and nobody is in it. */
void gw_home_release(struct gw_home *home, struct gw_home_channel *channel);

static inline struct gw_str gw_home_channel_name(const struct gw_home_channel *channel) {
  return (struct gw_str){(const char *)channel->text, channel->name_len};
}
/* Whether a worker hears it, and whether any does. */
void gw_home_hear(struct gw_home_channel *channel, unsigned worker, bool hears);
bool gw_home_is_heard(const struct gw_home *home, const struct gw_home_channel *channel);
static inline bool gw_home_hears(const struct gw_home_channel *channel, unsigned worker) {
  return channel->text[channel->name_len + worker / 8] >> worker % 8 & 1;
}

/* Makes sure that the next place succeeds. A key (at NULL: none) must be unknown; *out_key is kept
 * from now on (NULL without one) until gw_home_unreserve, or for its time. GW_ERR_MEMORY,
 * GW_ERR_FULL. */
int gw_home_reserve(struct gw_home *home, struct gw_home_channel *channel, struct gw_str key,
                    struct gw_key **out_key);
/* It is not placed after all. */
void gw_home_unreserve(struct gw_home_channel *channel, struct gw_key *key); /* NULL is fine */
/* Gives the publication its offset and time and keeps it, and its cursor with the key (NULL: none);
 * the channel may be freed by the next release. */
void gw_home_place(struct gw_home_channel *channel, struct gw_publication *publication,
                   struct gw_key *key);
/* NULL where the channel (NULL: there is none) does not know the key. */
const struct gw_key *gw_home_key(const struct gw_home_channel *channel, struct gw_str key);
/* Drops the history; another epoch begins. The channel may be NULL: then the name's. */
void gw_home_forget(struct gw_home *home, struct gw_home_channel *channel, struct gw_str name);

/* Where a channel stands; NULL: as an empty one of that name would. */
struct gw_cursor gw_home_cursor(const struct gw_home *home, const struct gw_home_channel *channel,
                                struct gw_str name);
/* What the answer to a question is: a recovery without the publications, and where these lie. A
 * channel that does not exist (NULL) answers like an empty one of that name. `after` NULL: all. */
struct gw_history_range gw_home_answer(const struct gw_home *home,
                                       const struct gw_home_channel *channel, struct gw_str name,
                                       const struct gw_cursor *after, unsigned limit,
                                       struct gw_recovery *out_recovery);

#endif
