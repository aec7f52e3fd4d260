/* SPDX-License-Identifier: MIT */
/*
 * A channel exists while a worker hears it or its history keeps something; asking about one that
 * does not exist makes none, so names cost nothing until they are used (epoch.c says why their
 * cursors hold nevertheless). Each channel that keeps something has one timer, set to the age of
 * what was oldest then: it is not moved when that one is pushed out, so placing costs no timer.
 *
 * Invariant: under one epoch a channel gives each offset once. A channel that has given any is
 * freed together with its epoch.
 */
#include "broker/home.h"

#include "godwit/error.h"

#include <stdlib.h>

static struct gw_str name_of(const void *channel) {
  return ((const struct gw_home_channel *)channel)->name;
}

int gw_home_init(struct gw_home *home) {
  gw_map_init(&home->channels, name_of);
  return gw_epochs_init(&home->epochs);
}

static void channel_free(struct gw_home_channel *channel) {
  gw_loop_timer_cancel(channel->home->loop, &channel->expiry);
  gw_history_clear(&channel->history);
  free(channel);
}

void gw_home_clear(struct gw_home *home) {
  size_t at = 0;
  for (struct gw_home_channel *channel; (channel = gw_map_next(&home->channels, &at));)
    channel_free(channel);
  gw_map_clear(&home->channels);
  gw_epochs_clear(&home->epochs);
}

struct gw_home_channel *gw_home_find(const struct gw_home *home, struct gw_str name) {
  return gw_map_get(&home->channels, name);
}

/* ---- life of a channel ---- */

static void arm(struct gw_home_channel *channel) {
  struct gw_home *home = channel->home;
  int64_t wait = gw_history_expire(&channel->history, &home->caps, gw_loop_now(home->loop));
  if (wait >= 0) gw_loop_timer_set(home->loop, &channel->expiry, (uint64_t)wait);
}

static void on_expiry(struct gw_timer *timer) {
  struct gw_home_channel *channel = gw_container_of(timer, struct gw_home_channel, expiry);
  arm(channel);
  gw_home_release(channel);
}

int gw_home_open(struct gw_home *home, struct gw_str name, struct gw_home_channel **out_channel) {
  struct gw_home_channel *channel = gw_home_find(home, name);
  if (channel) {
    *out_channel = channel;
    return 0;
  }
  if (home->channels.count >= home->max_channels) return GW_ERR_FULL;
  channel = calloc(1, sizeof *channel + home->workers + name.len);
  if (!channel) return GW_ERR_MEMORY;
  char *text = (char *)channel->hears + home->workers;
  memcpy(text, name.at, name.len);
  channel->name = (struct gw_str){text, name.len};
  channel->home = home;
  channel->expiry.on_due = on_expiry;
  gw_epochs_write(&home->epochs, name, channel->epoch);
  int err = gw_map_add(&home->channels, channel);
  if (err < 0) {
    free(channel);
    return err;
  }
  *out_channel = channel;
  return 0;
}

void gw_home_release(struct gw_home_channel *channel) {
  if (channel->hearing > 0 || channel->history.count > 0) return;
  struct gw_home *home = channel->home;
  gw_map_remove(&home->channels, channel->name);
  if (channel->history.newest > 0) gw_epochs_retire(&home->epochs, channel->name);
  channel_free(channel);
}

/* ---- what happens to it ---- */

void gw_home_place(struct gw_home_channel *channel, struct gw_publication *publication) {
  struct gw_home *home = channel->home;
  publication->time = home->wall_clock();
  memcpy(publication->cursor.epoch, channel->epoch, sizeof channel->epoch);
  gw_history_add(&channel->history, &home->caps, publication, gw_loop_now(home->loop));
  if (channel->history.count > 0 && !gw_timer_is_set(&channel->expiry)) arm(channel);
}

void gw_home_hear(struct gw_home_channel *channel, unsigned worker, bool hears) {
  if (channel->hears[worker] == hears) return;
  channel->hears[worker] = hears;
  if (hears)
    channel->hearing++;
  else
    channel->hearing--;
}

/* ---- what is known of it ---- */

/* A channel without a past: only its own first cursor leads on from it. */
static const struct gw_history nothing;

struct gw_history_range gw_home_answer(const struct gw_home *home,
                                       const struct gw_home_channel *channel, struct gw_str name,
                                       const struct gw_cursor *after, unsigned limit,
                                       struct gw_recovery *out_recovery) {
  const struct gw_history *history = channel ? &channel->history : &nothing;
  *out_recovery = (struct gw_recovery){0};
  struct gw_cursor *cursor = &out_recovery->cursor;
  if (channel)
    memcpy(cursor->epoch, channel->epoch, sizeof cursor->epoch);
  else
    gw_epochs_write(&home->epochs, name, cursor->epoch);

  struct gw_history_range range = gw_history_all(history, limit);
  if (after && memcmp(after->epoch, cursor->epoch, GW_EPOCH_LEN) == 0)
    range = gw_history_after(history, after->offset, limit);
  else if (after)
    range.is_recovered = false;

  cursor->offset = range.last;
  out_recovery->is_recovered = range.is_recovered;
  out_recovery->is_missed_known = range.is_missed_known;
  out_recovery->missed = range.missed;
  out_recovery->n = range.n;
  return range;
}
