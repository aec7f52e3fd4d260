/* SPDX-License-Identifier: MIT */
/*
 * A user may have sessions on several workers, so names are gathered before they are counted. It
 * holds one entry per user who is online, for as long as the question takes.
 */
#include "server/census.h"

#include "godwit/error.h"

#include <stdlib.h>

static struct gw_str name_of(const void *value) {
  const struct gw_census_user *user = value;
  return user->name;
}

void gw_census_init(struct gw_census *census) {
  *census = (struct gw_census){.err = 0};
  gw_map_init(&census->users, name_of);
}

void gw_census_clear(struct gw_census *census) {
  struct gw_census_user *user;
  for (size_t at = 0; (user = gw_map_next(&census->users, &at));)
    free(user);
  gw_map_clear(&census->users);
}

static struct gw_census_user *user_of(struct gw_census *census, struct gw_str name) {
  struct gw_census_user *user = gw_map_get(&census->users, name);
  if (user) return user;
  user = malloc(sizeof *user + name.len);
  if (!user) return NULL;
  *user = (struct gw_census_user){.name = {user->text, name.len}, .since = UINT64_MAX};
  memcpy(user->text, name.at, name.len);
  if (gw_map_add(&census->users, user) == 0) return user;
  free(user);
  return NULL;
}

static int add_user(struct gw_census *census, const struct gw_session *first) {
  unsigned sessions = 0;
  uint64_t since = UINT64_MAX;
  for (const struct gw_session *session = first; session;
       session = gw_session_next_of_user(session)) {
    if (!gw_session_carrier(session)) continue;
    sessions++;
    if (gw_session_since(session) < since) since = gw_session_since(session);
  }
  if (sessions == 0) return 0;
  struct gw_census_user *user = user_of(census, gw_session_user(first));
  if (!user) return GW_ERR_MEMORY;
  user->sessions += sessions;
  if (since < user->since) user->since = since;
  return 0;
}

void gw_census_add(struct gw_census *census, const struct gw_session_table *table) {
  struct gw_session_counts counts = gw_session_table_counts(table);
  const struct gw_session *first;
  census->sessions += counts.sessions - counts.parked;
  for (size_t at = 0; census->err == 0 && (first = gw_session_table_next_user(table, &at));)
    census->err = add_user(census, first);
}

static int by_coming(const void *a, const void *b) {
  const struct gw_census_user *one = *(struct gw_census_user *const *)a,
                              *other = *(struct gw_census_user *const *)b;
  if (one->since != other->since) return one->since < other->since ? -1 : 1;
  size_t n = one->name.len < other->name.len ? one->name.len : other->name.len;
  int order = memcmp(one->name.at, other->name.at, n);
  return order ? order : (one->name.len > other->name.len) - (one->name.len < other->name.len);
}

struct gw_census_user **gw_census_list(const struct gw_census *census) {
  size_t n = 0;
  struct gw_census_user *user;
  if (census->users.count == 0) return NULL;
  struct gw_census_user **list = malloc(census->users.count * sizeof *list);
  if (!list) return NULL;
  for (size_t at = 0; (user = gw_map_next(&census->users, &at));)
    list[n++] = user;
  qsort(list, n, sizeof *list, by_coming);
  return list;
}
