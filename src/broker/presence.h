/* SPDX-License-Identifier: MIT */
/*
 * Who is in the channels of one home: users with how many sessions, and how many sessions nobody is
 * known of. Whoever has gone lingers in a queue until the caller ends it. Reads no clock, tells
 * nobody.
 */
#ifndef GW_BROKER_PRESENCE_H
#define GW_BROKER_PRESENCE_H

#include "base/list.h"
#include "base/map.h"
#include "hub/store.h"

struct gw_home_channel;

/* A user in a channel. */
struct gw_present {
  struct gw_link order;     /* in its channel, as they came */
  struct gw_link lingering; /* in the queue, as they went */
  uint64_t since, due; /* ms since 1970; when it has lingered long enough, on the loop's clock */
  unsigned sessions;   /* 0: lingering */
  uint8_t user_len;
  char key[]; /* the channel's address, where it happens to lie, and the user's name */
};

/* Of one channel. */
struct gw_presence {
  struct gw_link order;
  unsigned users, sessions, anonymous; /* sessions: the users'; who lingers counts as one */
};

/* Of all channels of a home. */
struct gw_presences {
  struct gw_map users; /* of struct gw_present, by channel and user */
  struct gw_link lingering;
  unsigned n_lingering;
};

void gw_presences_init(struct gw_presences *all);
/* The channels' own parts are theirs to free. */
void gw_presences_clear(struct gw_presences *all);

/* NULL without memory. */
struct gw_presence *gw_presence_new(void);
bool gw_presence_is_empty(const struct gw_presence *presence);
/* A session comes; user at NULL: of nobody known, and so it is counted without memory too. Whether
 * it is its user's first. */
bool gw_presence_come(struct gw_presences *all, struct gw_home_channel *channel,
                      struct gw_presence *presence, struct gw_str user, uint64_t since);
/* A session goes. Its user's last lingers from now on until `due`; a user without sessions here was
 * counted as nobody known. */
void gw_presence_go(struct gw_presences *all, struct gw_home_channel *channel,
                    struct gw_presence *presence, struct gw_str user, uint64_t due);
/* Who lingers longest; NULL: nobody. */
struct gw_present *gw_presences_oldest(const struct gw_presences *all);
/* Takes a lingering user out, and frees it. */
void gw_presence_end(struct gw_presences *all, struct gw_presence *presence,
                     struct gw_present *present);
/* Gives a copy of it all, in one piece of memory; presence NULL: nobody. NULL without memory. */
struct gw_members *gw_presence_list(const struct gw_presence *presence);

struct gw_home_channel *gw_present_channel(const struct gw_present *present);
struct gw_str gw_present_user(const struct gw_present *present);

#endif
