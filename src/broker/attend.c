/* SPDX-License-Identifier: MIT */
/*
 * Joins and leaves. A join is told when a user's first session comes, a leave when its last has
 * been gone for GW_LINGER_MS: one timer for the whole home, since all linger equally long. Notices
 * take the way of publications, behind all that was told before, but a worker that does not keep up
 * is left out: a list that is out of date for a moment harms nobody, waiting publications might.
 */
#include "broker/attend.h"

#include "broker/fanout.h"

#include <stdlib.h>

/* Of one home: against a client that comes and goes under ever new names. Beyond it the one that
 * has lingered longest leaves early. */
enum { MAX_LINGERING = 100000 };

static void notify(struct gw_desk *home, struct gw_home_channel *channel,
                   enum gw_publication_kind kind, struct gw_str user) {
  if (channel->presence->users.count > GW_MEMBERS_SHOWN) return;
  if (!gw_home_is_heard(&home->home, channel)) return;
  struct gw_str name = gw_home_channel_name(channel);
  const struct gw_publication_parts parts = {.kind = kind, .channel = name, .from = user};
  struct gw_publication *notice = gw_publication_new(&parts);
  if (!notice) return;
  notice->cursor = gw_home_cursor(&home->home, channel, name);
  notice->time = home->home.wall_clock();
  struct gw_fanout fanout;
  (void)gw_fanout_prepare(home, channel, notice, true, &fanout);
  gw_fanout_send(home, &fanout);
  gw_publication_unref(notice);
}

/* The user's time is over. */
static void leave(struct gw_desk *home, struct gw_home_channel *channel,
                  struct gw_present *present) {
  /* told while it is still counted: the copy of its name is the notice's */
  notify(home, channel, GW_LEAVE, gw_present_user(present));
  gw_presence_end(&home->home.presences, channel->presence, present);
  gw_home_release(&home->home, channel);
}

static void leave_oldest(struct gw_desk *home) {
  const struct gw_lingering *oldest = gw_presences_oldest(&home->home.presences);
  leave(home, oldest->channel, oldest->present);
}

void gw_attend_come(struct gw_desk *home, struct gw_str name, struct gw_str user) {
  struct gw_home_channel *channel;
  if (gw_home_open(&home->home, name, &channel) < 0) return;
  if (!channel->presence) channel->presence = gw_presence_new(&home->home.presences);
  if (!channel->presence) {
    gw_home_release(&home->home, channel);
    return;
  }
  uint64_t since = home->home.wall_clock();
  bool is_first = gw_presence_come(&home->home.presences, channel->presence, user, since);
  if (is_first) notify(home, channel, GW_JOIN, user);
}

static void wait_for_oldest(struct gw_desk *home) {
  const struct gw_lingering *oldest = gw_presences_oldest(&home->home.presences);
  uint64_t now = gw_loop_now(home->loop);
  if (oldest && !gw_timer_is_set(&home->home.linger))
    gw_loop_timer_set(home->loop, &home->home.linger, oldest->due > now ? oldest->due - now : 0);
}

void gw_attend_go(struct gw_desk *home, struct gw_str name, struct gw_str user) {
  struct gw_home_channel *channel = gw_home_find(&home->home, name);
  if (!channel || !channel->presence) return;
  struct gw_presences *all = &home->home.presences;
  uint64_t due = gw_loop_now(home->loop) + GW_LINGER_MS;
  struct gw_present *gone = gw_presence_go(all, channel, channel->presence, user, due);
  if (gone)
    leave(home, channel, gone);
  else
    gw_home_release(&home->home, channel);
  if (all->n_lingering > MAX_LINGERING) leave_oldest(home);
  wait_for_oldest(home);
}

void gw_attend_on_due(struct gw_timer *timer) {
  struct gw_desk *home = gw_container_of(timer, struct gw_desk, home.linger);
  uint64_t now = gw_loop_now(home->loop);
  const struct gw_lingering *oldest;
  while ((oldest = gw_presences_oldest(&home->home.presences)) && oldest->due <= now)
    leave_oldest(home);
  wait_for_oldest(home);
}
