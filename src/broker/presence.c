/* SPDX-License-Identifier: MIT */
/*
 * Each channel has a map of its users, who are small: what only a lingering one needs (its place in
 * the queue) is made when it goes. All linger for the same time: the queue is in the order of what
 * is due. The order of coming lies in the times: `came` is given once.
 *
 * Invariant: a user is in the queue exactly while it has no sessions; it is counted as one session
 * then. Numbers never fall below nothing, whatever is taken away.
 */
#include "broker/presence.h"

#include "hub/rules.h"

#include <stdlib.h>

enum { PER_MS = 1 << 11 }; /* values of `came`; more than come in one go into the next */

struct gw_str gw_present_user(const struct gw_present *present) {
  return (struct gw_str){present->user, present->user_len};
}

static struct gw_str key_of(const void *value) {
  return gw_present_user(value);
}

static struct gw_present *find(const struct gw_presence *presence, struct gw_str user) {
  return user.at ? gw_map_get(&presence->users, user) : NULL;
}

/* ---- life ---- */

void gw_presences_init(struct gw_presences *all) {
  *all = (struct gw_presences){0};
  gw_map_init(&all->nobody, key_of);
  gw_list_init(&all->lingering);
}

static void stop_lingering(struct gw_presences *all, struct gw_present *present) {
  if (!present->is_lingering) return;
  gw_list_remove(&present->lingering->link);
  free(present->lingering);
  present->is_lingering = false;
  present->sessions = 0;
  all->n_lingering--;
}

struct gw_presence *gw_presence_new(const struct gw_presences *all) {
  struct gw_presence *presence = calloc(1, sizeof *presence);
  if (presence) presence->users = all->nobody;
  return presence;
}

void gw_presence_free(struct gw_presences *all, struct gw_presence *presence) {
  if (!presence) return;
  size_t at = 0;
  for (struct gw_present *present; (present = gw_map_next(&presence->users, &at));) {
    stop_lingering(all, present);
    free(present);
  }
  gw_map_clear(&presence->users);
  free(presence);
}

bool gw_presence_is_empty(const struct gw_presence *presence) {
  return presence->users.count == 0 && presence->anonymous == 0;
}

/* ---- coming and going ---- */

static struct gw_present *add(struct gw_presence *presence, struct gw_str user) {
  if (!user.at || user.len > GW_USER_MAX) return NULL;
  struct gw_present *present = malloc(offsetof(struct gw_present, user) + user.len);
  if (!present) return NULL;
  present->user_len = (uint8_t)user.len;
  memcpy(present->user, user.at, user.len);
  if (gw_map_add(&presence->users, present) == 0) return present;
  free(present);
  return NULL;
}

/* Later than all before, also where the clock is set back. */
static uint64_t next_came(struct gw_presences *all, uint64_t since) {
  uint64_t came = since * PER_MS;
  all->newest = came > all->newest ? came : all->newest + 1;
  return all->newest;
}

bool gw_presence_come(struct gw_presences *all, struct gw_presence *presence, struct gw_str user,
                      uint64_t since) {
  struct gw_present *present = find(presence, user);
  if (present) {
    if (present->is_lingering)
      stop_lingering(all, present);
    else
      presence->sessions++;
    present->sessions++;
    return false;
  }
  present = add(presence, user);
  if (!present) {
    presence->anonymous++;
    return false;
  }
  present->came = next_came(all, since) & ((UINT64_C(1) << 55) - 1);
  present->is_lingering = false;
  present->sessions = 1;
  presence->sessions++;
  return true;
}

struct gw_present *gw_presence_go(struct gw_presences *all, struct gw_home_channel *channel,
                                  struct gw_presence *presence, struct gw_str user, uint64_t due) {
  struct gw_present *present = find(presence, user);
  if (!present || present->is_lingering) {
    if (presence->anonymous > 0) presence->anonymous--;
    return NULL;
  }
  if (present->sessions > 1) {
    present->sessions--;
    presence->sessions--;
    return NULL;
  }
  struct gw_lingering *lingering = malloc(sizeof *lingering);
  if (!lingering) return present;
  *lingering = (struct gw_lingering){.due = due, .channel = channel, .present = present};
  gw_list_append(&all->lingering, &lingering->link);
  all->n_lingering++;
  present->lingering = lingering;
  present->is_lingering = true;
  return NULL;
}

struct gw_lingering *gw_presences_oldest(const struct gw_presences *all) {
  if (gw_list_is_empty(&all->lingering)) return NULL;
  return gw_container_of(all->lingering.next, struct gw_lingering, link);
}

void gw_presence_end(struct gw_presences *all, struct gw_presence *presence,
                     struct gw_present *present) {
  stop_lingering(all, present);
  gw_map_remove(&presence->users, gw_present_user(present));
  presence->sessions--;
  free(present);
}

/* ---- who is there ---- */

static int by_coming(const void *a, const void *b) {
  const struct gw_present *const *left = a, *const *right = b;
  return (*left)->came < (*right)->came ? -1 : 1;
}

/* In the order of their coming; gives the length of their names. */
static size_t sort(const struct gw_presence *presence, const struct gw_present **out) {
  size_t at = 0, names = 0, n = 0;
  for (const struct gw_present *present; (present = gw_map_next(&presence->users, &at)); n++) {
    out[n] = present;
    names += present->user_len;
  }
  qsort(out, n, sizeof *out, by_coming);
  return names;
}

/* The list and then the names, behind the members. */
static void write_list(struct gw_members *members, const struct gw_present *const *users,
                       unsigned n) {
  struct gw_member *at = (struct gw_member *)(members + 1);
  char *text = (char *)(at + n);
  members->at = at;
  members->n = n;
  for (unsigned i = 0; i < n; i++) {
    const struct gw_present *present = users[i];
    memcpy(text, present->user, present->user_len);
    at[i] = (struct gw_member){
        .user = {text, present->user_len},
        .since = present->came / PER_MS,
        .sessions = present->is_lingering ? 1 : (unsigned)present->sessions,
    };
    text += present->user_len;
  }
}

struct gw_members *gw_presence_list(const struct gw_presence *presence) {
  const struct gw_present *users[GW_MEMBERS_SHOWN];
  size_t n = presence ? presence->users.count : 0, listed = n <= GW_MEMBERS_SHOWN ? n : 0;
  size_t names = listed ? sort(presence, users) : 0;
  struct gw_members *members =
      calloc(1, sizeof *members + listed * sizeof(struct gw_member) + names);
  if (!members) return NULL;
  if (listed) write_list(members, users, (unsigned)listed);
  if (presence) {
    members->users = (unsigned)n;
    members->sessions = presence->sessions + presence->anonymous;
  }
  return members;
}
