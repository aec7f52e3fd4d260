/* SPDX-License-Identifier: MIT */
/*
 * What holds in which channels: options by namespace. Filled before the workers start, then only
 * read, by any thread.
 */
#ifndef GW_HUB_RULES_H
#define GW_HUB_RULES_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What becomes of a subscriber for whom the system takes no more bytes. */
enum gw_slow {
  GW_SLOW_DISCONNECT, /* up to a limit it waits, then Close 4500: it comes back by its cursor */
  GW_SLOW_DROP,       /* it misses what comes meanwhile, and is told of the gap */
  GW_SLOW_CONFLATE,   /* only the newest of the channel waits for it */
};

enum gw_publishers {
  GW_PUBLISHERS_ANYONE,
  GW_PUBLISHERS_USERS, /* whoever has a name */
  GW_PUBLISHERS_API,   /* the API alone */
};

struct gw_channel_rules {
  unsigned history_size; /* publications kept; 0: none */
  uint64_t history_ms;   /* how long each */
  size_t history_bytes;  /* of one channel: against few channels with large messages */
  bool has_presence;
  enum gw_publishers publishers;
  enum gw_slow slow;
  unsigned home; /* the worker where such a channel is ordered and kept, from 1; 0: any */
};

struct gw_rules;

/* With the defaults for every channel: 100 publications of 10 minutes (16 MiB), presence, anyone
 * publishes, disconnect. GW_ERR_MEMORY. */
int gw_rules_new(struct gw_rules **out_rules);
void gw_rules_free(struct gw_rules *rules);
/* `PATTERN=KEY:VALUE,…`. Pattern: a channel's name, `ns:*`, or `*` for those that no other pattern
 * fits; keys: history (a number), age (`90s`, `10m`, `2h`, `1d`), bytes (`64K`, `16M`), presence
 * (on, off), publish (anyone, users, api), slow (disconnect, drop, conflate), home (a worker's
 * number, from 1). What is not named is as `*` has it when this is added. A second line for one
 * pattern adds to the first. Without `bytes`, a history that is given a size may hold 64 KiB for
 * each of its publications, between 16 and 256 MiB. GW_ERR_ARGUMENT, and in words what is wrong
 * (constant); GW_ERR_MEMORY. */
int gw_rules_add(struct gw_rules *rules, const char *text, const char **out_problem);
/* The largest number that a `home` has; 0: none has been given. */
unsigned gw_rules_highest_home(const struct gw_rules *rules);
/* The exact name's, else the namespace's, else `*`; never NULL, lent as long as the rules live. */
const struct gw_channel_rules *gw_rules_of(const struct gw_rules *rules, struct gw_str channel);

/* The inbox of a user is a channel in a namespace of its own: `inbox:USER`. It has no presence, and
 * only its user hears it. */
#define GW_INBOX_PREFIX "inbox:"
#define GW_USER_MAX     128 /* bytes of a user's name */

/* 1–128 bytes of UTF-8 without control characters, and without a slash at its end. */
bool gw_user_name_is_valid(struct gw_str name);
/* Whose inbox the channel is (perhaps of a name that no user can have); at NULL: it is none. */
struct gw_str gw_inbox_user(struct gw_str channel);
/* The inbox's name, into out, which has room for GW_USER_MAX and the prefix. */
struct gw_str gw_inbox_name(struct gw_str user, char *out);

#endif
