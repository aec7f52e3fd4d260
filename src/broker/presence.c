/* SPDX-License-Identifier: MIT */
/*
 * One map holds the users of all channels of a home, under the channel's address and the user's
 * name, so that a channel with few costs little; each channel has a list of its own in the order of
 * their coming. All linger for the same time: the queue is in the order of what is due.
 *
 * Invariant: a user is in the queue exactly while it has no sessions; it is counted as one session
 * then. Numbers never fall below nothing, whatever is taken away.
 */
#include "broker/presence.h"

#include "hub/rules.h"

#include <stdlib.h>

enum { ADDRESS = sizeof(struct gw_home_channel *) };

static struct gw_str key_of(const void *value) {
  const struct gw_present *present = value;
  return (struct gw_str){present->key, ADDRESS + present->user_len};
}

struct gw_home_channel *gw_present_channel(const struct gw_present *present) {
  struct gw_home_channel *channel;
  memcpy(&channel, present->key, ADDRESS);
  return channel;
}

struct gw_str gw_present_user(const struct gw_present *present) {
  return (struct gw_str){present->key + ADDRESS, present->user_len};
}

static struct gw_present *find(const struct gw_presences *all,
                               const struct gw_home_channel *channel, struct gw_str user) {
  char key[ADDRESS + GW_USER_MAX];
  if (!user.at || user.len > GW_USER_MAX) return NULL;
  memcpy(key, &channel, ADDRESS);
  memcpy(key + ADDRESS, user.at, user.len);
  return gw_map_get(&all->users, (struct gw_str){key, ADDRESS + user.len});
}

/* ---- life ---- */

void gw_presences_init(struct gw_presences *all) {
  gw_map_init(&all->users, key_of);
  gw_list_init(&all->lingering);
  all->n_lingering = 0;
}

void gw_presences_clear(struct gw_presences *all) {
  size_t at = 0;
  for (struct gw_present *present; (present = gw_map_next(&all->users, &at));)
    free(present);
  gw_map_clear(&all->users);
}

struct gw_presence *gw_presence_new(void) {
  struct gw_presence *presence = calloc(1, sizeof *presence);
  if (presence) gw_list_init(&presence->order);
  return presence;
}

bool gw_presence_is_empty(const struct gw_presence *presence) {
  return presence->users == 0 && presence->anonymous == 0;
}

/* ---- coming and going ---- */

static struct gw_present *add(struct gw_presences *all, const struct gw_home_channel *channel,
                              struct gw_str user) {
  if (!user.at || user.len > GW_USER_MAX) return NULL;
  struct gw_present *present = malloc(offsetof(struct gw_present, key) + ADDRESS + user.len);
  if (!present) return NULL;
  present->user_len = (uint8_t)user.len;
  memcpy(present->key, &channel, ADDRESS);
  memcpy(present->key + ADDRESS, user.at, user.len);
  if (gw_map_add(&all->users, present) == 0) return present;
  free(present);
  return NULL;
}

static void stop_lingering(struct gw_presences *all, struct gw_present *present) {
  gw_list_remove(&present->lingering);
  all->n_lingering--;
}

bool gw_presence_come(struct gw_presences *all, struct gw_home_channel *channel,
                      struct gw_presence *presence, struct gw_str user, uint64_t since) {
  struct gw_present *present = find(all, channel, user);
  if (present) {
    if (present->sessions == 0)
      stop_lingering(all, present);
    else
      presence->sessions++;
    present->sessions++;
    return false;
  }
  present = add(all, channel, user);
  if (!present) {
    presence->anonymous++;
    return false;
  }
  present->since = since;
  present->sessions = 1;
  gw_list_init(&present->lingering);
  gw_list_append(&presence->order, &present->order);
  presence->users++;
  presence->sessions++;
  return true;
}

void gw_presence_go(struct gw_presences *all, struct gw_home_channel *channel,
                    struct gw_presence *presence, struct gw_str user, uint64_t due) {
  struct gw_present *present = find(all, channel, user);
  if (!present || present->sessions == 0) {
    if (presence->anonymous > 0) presence->anonymous--;
    return;
  }
  if (--present->sessions > 0) {
    presence->sessions--;
    return;
  }
  present->due = due;
  gw_list_append(&all->lingering, &present->lingering);
  all->n_lingering++;
}

struct gw_present *gw_presences_oldest(const struct gw_presences *all) {
  if (gw_list_is_empty(&all->lingering)) return NULL;
  return gw_container_of(all->lingering.next, struct gw_present, lingering);
}

void gw_presence_end(struct gw_presences *all, struct gw_presence *presence,
                     struct gw_present *present) {
  stop_lingering(all, present);
  gw_map_remove(&all->users, key_of(present));
  gw_list_remove(&present->order);
  presence->users--;
  presence->sessions--;
  free(present);
}

/* ---- who is there ---- */

static size_t names_len(const struct gw_presence *presence) {
  size_t len = 0;
  for (struct gw_link *l = presence->order.next; l != &presence->order; l = l->next)
    len += gw_container_of(l, struct gw_present, order)->user_len;
  return len;
}

/* The list and then the names, behind the members. */
static void write_list(struct gw_members *members, const struct gw_presence *presence) {
  struct gw_member *at = (struct gw_member *)(members + 1);
  char *text = (char *)(at + presence->users);
  members->at = at;
  members->n = presence->users;
  for (struct gw_link *l = presence->order.next; l != &presence->order; l = l->next, at++) {
    const struct gw_present *present = gw_container_of(l, struct gw_present, order);
    memcpy(text, gw_present_user(present).at, present->user_len);
    *at = (struct gw_member){
        .user = {text, present->user_len},
        .since = present->since,
        .sessions = present->sessions ? present->sessions : 1,
    };
    text += present->user_len;
  }
}

struct gw_members *gw_presence_list(const struct gw_presence *presence) {
  bool is_list = presence && presence->users > 0 && presence->users <= GW_MEMBERS_SHOWN;
  size_t room = sizeof(struct gw_members);
  if (is_list) room += presence->users * sizeof(struct gw_member) + names_len(presence);
  struct gw_members *members = calloc(1, room);
  if (!members) return NULL;
  if (is_list) write_list(members, presence);
  if (presence) {
    members->users = presence->users;
    members->sessions = presence->sessions + presence->anonymous;
  }
  return members;
}
