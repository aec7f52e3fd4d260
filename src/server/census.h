/* SPDX-License-Identifier: MIT */
/* Who is online, counted over the workers: users with at least one session that is connected. */
#ifndef GW_SERVER_CENSUS_H
#define GW_SERVER_CENSUS_H

#include "base/map.h"
#include "session/session.h"

struct gw_census_user {
  struct gw_str name; /* its own memory */
  uint64_t since;     /* of its oldest session; ms since 1970 */
  unsigned sessions;
  char text[];
};

struct gw_census {
  struct gw_map users;
  size_t sessions; /* those of nobody known too */
  int err;         /* GW_ERR_MEMORY: it is not complete */
};

void gw_census_init(struct gw_census *census);
void gw_census_clear(struct gw_census *census);
/* Adds the sessions of one worker, on its thread. */
void gw_census_add(struct gw_census *census, const struct gw_session_table *table);
/* The users in the order of their coming, as an array that the caller frees; NULL without memory
 * (and where there are none). */
struct gw_census_user **gw_census_list(const struct gw_census *census);

#endif
