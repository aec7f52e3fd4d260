/* SPDX-License-Identifier: MIT */
/*
 * What the hub needs from whoever orders and keeps the publications: a table of functions. Memory
 * is the first to fill it; nothing in the hub knows which one it talks to. One store value belongs
 * to one worker and is called on its thread only; answers come on that thread, perhaps before the
 * call returns, but neither answers nor publications come inside an answer or a publication.
 */
#ifndef GW_HUB_STORE_H
#define GW_HUB_STORE_H

#include "hub/publication.h"

/* How the publications that a question is answered with fit the cursor that was asked. Where it
 * cannot be reached any more (another epoch, older than what is kept, newer than all), they are all
 * that is kept. */
struct gw_recovery {
  struct gw_cursor
      cursor; /* leads on from the last publication given (or from where the channel stands) */
  bool is_recovered; /* nothing is missing between the asked cursor and the first publication given
                      */
  bool is_missed_known;
  uint64_t missed;                            /* how many are gone, where that is known */
  struct gw_publication *const *publications; /* borrowed: oldest first */
  unsigned n;
  bool is_duplicate; /* of publish: its key had been used, and this is what it led to then */
  const struct gw_members *members; /* of members; else NULL */
};

/* Who is in a channel. The last session of a user counts for GW_LINGER_MS longer than it is there:
 * whoever comes back within it was never away. Likewise for joins and leaves. */
#define GW_LINGER_MS 5000

#define GW_KEY_MAX 255 /* bytes of an idempotency key */

/* Of a channel with more users only the numbers are told, and no joins and leaves: a list is as
 * long as one answer may be, and n users who come would be told n times n times. */
#define GW_MEMBERS_SHOWN 1000

struct gw_member {
  struct gw_str user;
  uint64_t since; /* ms since 1970 */
  unsigned sessions;
};

struct gw_members {
  const struct gw_member *at; /* in the order of their coming; borrowed */
  unsigned n;                 /* of `at`: 0 where there are more than GW_MEMBERS_SHOWN */
  unsigned users, sessions;   /* all of them; sessions without a user count too */
};

/* A question under way, embedded in the asker, who keeps it until the answer has come (or
 * `forget`). All-zero but for on_answer before it is asked; a question that was refused (below 0 at
 * once) gets no answer. */
struct gw_store_ask {
  /* err 0, or GW_ERR_MEMORY, _FULL, _GONE …; recovery is NULL on error, and for publish holds only
   * the cursor. */
  void (*on_answer)(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery);
  void *held; /* the store's own, while the answer is due */
};

struct gw_store {
  const struct gw_store_ops *ops;
  void *hub_user; /* set by the hub */
  /* Set by the hub: a publication of a channel that this worker is subscribed to, in the channel's
   * order. Borrowed. */
  void (*on_publication)(struct gw_store *store, struct gw_publication *publication);
};

struct gw_store_ops {
  /* Takes the publication (also on failure), places it and tells every subscribed worker; the
   * answer's cursor is its own, and it comes before the publication itself does. A key (at NULL:
   * none) holds five minutes per channel: who comes again with it gets the first one's answer, and
   * nothing is placed. ask may be NULL. GW_ERR_FULL: this worker is faster than the channel's home,
   * or the home is faster than one that hears the channel, or the channel keeps too many keys;
   * nothing was placed. */
  int (*publish)(struct gw_store *store, struct gw_publication *publication, struct gw_str key,
                 struct gw_store_ask *ask);
  /* This worker hears the channel from the answer on: the answer gives what came after `after`
   * (NULL: nothing, just where the channel stands), and the first on_publication after it is the
   * very next one. May be asked again for the same channel (another local subscriber with another
   * cursor). */
  int (*subscribe)(struct gw_store *store, struct gw_str channel, const struct gw_cursor *after,
                   struct gw_store_ask *ask);
  /* This worker hears the channel no more, however often it has subscribed; where it has not:
   * nothing. What was on its way may still come. GW_ERR_MEMORY: it hears it still; try again
   * later. */
  int (*unsubscribe)(struct gw_store *store, struct gw_str channel);
  /* At most `limit` (0: no limit but the history's) publications after the cursor (NULL: from the
   * oldest kept). The answer's cursor leads on from the last one given. */
  int (*history)(struct gw_store *store, struct gw_str channel, const struct gw_cursor *after,
                 unsigned limit, struct gw_store_ask *ask);
  /* Drops what the channel keeps but for its keys; its epoch changes, and the answer's cursor is
   * the new one, which leads to what comes: whoever hears it goes on with offset 1. */
  int (*remove)(struct gw_store *store, struct gw_str channel, struct gw_store_ask *ask);
  /* A session of `user` (at NULL: of nobody known) is in the channel, or is no more. A user's first
   * coming and last going are told to all that hear the channel, as publications of kind GW_JOIN
   * and GW_LEAVE with the cursor of where the channel stands; a worker that does not keep up misses
   * them before it would miss a publication. Where the home has no memory for the user, the session
   * counts as nobody's, and where it has none for the channel either, not at all. GW_ERR_MEMORY,
   * GW_ERR_FULL (never of leaving): nothing has changed. */
  int (*attend)(struct gw_store *store, struct gw_str channel, struct gw_str user, bool is_here);
  /* The answer's `members`; its cursor says nothing. */
  int (*members)(struct gw_store *store, struct gw_str channel, struct gw_store_ask *ask);
  /* The asker goes away: its answer is dropped. Harmless where it has come already. */
  void (*forget)(struct gw_store *store, struct gw_store_ask *ask);
};

#endif
