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
  union {
    uint64_t sessions;
    struct gw_lingering *lingering; /* is_lingering: no sessions */
  };
  uint64_t came : 55; /* ms since 1970, and a number within; no two have the same */
  uint64_t is_lingering : 1;
  uint64_t user_len : 8;
  char user[];
};

/* One whose last session has gone. */
struct gw_lingering {
  struct gw_link link; /* in the queue, as they went */
  uint64_t due;        /* when it has lingered long enough, on the loop's clock */
  struct gw_home_channel *channel;
  struct gw_present *present;
};

/* Of one channel. */
struct gw_presence {
  struct gw_map users;          /* struct gw_present by name */
  unsigned sessions, anonymous; /* sessions: the users'; who lingers counts as one */
};

/* Of all channels of a home; nothing of it needs to be freed but the channels' own parts. */
struct gw_presences {
  struct gw_link lingering;
  unsigned n_lingering;
  uint64_t newest;      /* `came` of the last one */
  struct gw_map nobody; /* what the channels' maps begin as */
};

void gw_presences_init(struct gw_presences *all);

/* NULL without memory. */
struct gw_presence *gw_presence_new(const struct gw_presences *all);
void gw_presence_free(struct gw_presences *all, struct gw_presence *presence); /* NULL is fine */
bool gw_presence_is_empty(const struct gw_presence *presence);
/* A session comes; user at NULL: of nobody known, and so it is counted without memory too. Whether
 * it is its user's first. */
bool gw_presence_come(struct gw_presences *all, struct gw_presence *presence, struct gw_str user,
                      uint64_t since);
/* A session goes. Its user's last lingers from now on until `due`; a user without sessions here was
 * counted as nobody known. Gives a user who cannot linger for want of memory, and is to be ended
 * now, else NULL. */
struct gw_present *gw_presence_go(struct gw_presences *all, struct gw_home_channel *channel,
                                  struct gw_presence *presence, struct gw_str user, uint64_t due);
/* Who lingers longest; NULL: nobody. */
struct gw_lingering *gw_presences_oldest(const struct gw_presences *all);
/* Takes a user out, who lingers or cannot, and frees it. */
void gw_presence_end(struct gw_presences *all, struct gw_presence *presence,
                     struct gw_present *present);
/* Gives a copy of it all, in one piece of memory; presence NULL: nobody. NULL without memory. */
struct gw_members *gw_presence_list(const struct gw_presence *presence);

struct gw_str gw_present_user(const struct gw_present *present);

#endif
