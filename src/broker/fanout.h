/* SPDX-License-Identifier: MIT */
/* A publication's way from its channel's home to every worker that hears the channel. */
#ifndef GW_BROKER_FANOUT_H
#define GW_BROKER_FANOUT_H

#include "broker/desk.h"

/* What is to be told, made before it has happened. */
struct gw_fanout {
  struct gw_publication *publication; /* borrowed */
  struct gw_letter *letters;          /* one for each other worker that hears */
  bool is_heard_here;
};

/* GW_ERR_MEMORY, GW_ERR_FULL: somebody could not be told, so nobody will be. With `may_skip`
 * whoever could not is left out, and it does not fail. */
int gw_fanout_prepare(struct gw_desk *home, const struct gw_home_channel *channel,
                      struct gw_publication *publication, bool may_skip,
                      struct gw_fanout *out_fanout);
/* It happened. The channel may have been freed meanwhile. */
void gw_fanout_send(struct gw_desk *home, struct gw_fanout *fanout);

#endif
