/* SPDX-License-Identifier: MIT */
/*
 * A channel exists while a worker hears it, somebody is in it, or it keeps a publication or a key,
 * or counts: where it keeps no publication it knows its newest offset for as long as it would have
 * kept it, so that a cursor which is the newest is recovered. Asking about one that does not exist
 * makes none, so names cost nothing until they are used (epoch.c says why their cursors hold
 * nevertheless). Each channel that keeps something has one timer, set to the age of what was oldest
 * then: it is not moved when that one is pushed out, so placing hardly ever sets one.
 *
 * Invariant: under one epoch a channel gives each offset once. A channel that has given any is
 * freed together with its epoch.
 */
#include "broker/home.h"

#include "godwit/error.h"

#include <stdlib.h>

static size_t bits_len(const struct gw_home *home) {
  return (home->workers + 7) / 8;
}

static struct gw_str name_of(const void *channel) {
  return gw_home_channel_name(channel);
}

/* ---- life of a home ---- */

int gw_home_init(struct gw_home *home) {
  gw_map_init(&home->channels, name_of);
  gw_presences_init(&home->presences);
  return gw_epochs_init(&home->epochs);
}

static void past_free(struct gw_past *past) {
  if (!past) return;
  gw_loop_timer_cancel(past->home->loop, &past->expiry);
  gw_history_clear(&past->history);
  gw_keys_free(past->keys);
  free(past);
}

static void channel_free(struct gw_home *home, struct gw_home_channel *channel) {
  past_free(channel->past);
  gw_presence_free(&home->presences, channel->presence);
  free(channel);
}

void gw_home_clear(struct gw_home *home) {
  size_t at = 0;
  for (struct gw_home_channel *channel; (channel = gw_map_next(&home->channels, &at));)
    channel_free(home, channel);
  gw_map_clear(&home->channels);
  if (gw_timer_is_set(&home->linger)) gw_loop_timer_cancel(home->loop, &home->linger);
  gw_epochs_clear(&home->epochs);
}

/* ---- life of a channel ---- */

struct gw_home_channel *gw_home_find(const struct gw_home *home, struct gw_str name) {
  return gw_map_get(&home->channels, name);
}

int gw_home_open(struct gw_home *home, struct gw_str name, struct gw_home_channel **out_channel) {
  struct gw_home_channel *channel = gw_home_find(home, name);
  if (channel) {
    *out_channel = channel;
    return 0;
  }
  if (home->channels.count >= home->max_channels) return GW_ERR_FULL;
  channel = calloc(1, offsetof(struct gw_home_channel, text) + name.len + bits_len(home));
  if (!channel) return GW_ERR_MEMORY;
  channel->name_len = (uint8_t)name.len;
  memcpy(channel->text, name.at, name.len);
  channel->life = gw_epochs_life(&home->epochs, name);
  int err = gw_map_add(&home->channels, channel);
  if (err < 0) {
    free(channel);
    return err;
  }
  *out_channel = channel;
  return 0;
}

bool gw_home_is_heard(const struct gw_home *home, const struct gw_home_channel *channel) {
  const uint8_t *bits = channel->text + channel->name_len;
  for (size_t i = 0; i < bits_len(home); i++)
    if (bits[i]) return true;
  return false;
}

static bool is_kept(const struct gw_past *past) {
  return past && (past->history.count > 0 || past->keys ||
                  past->counted_until > gw_loop_now(past->home->loop));
}

void gw_home_release(struct gw_home *home, struct gw_home_channel *channel) {
  if (channel->presence && gw_presence_is_empty(channel->presence)) {
    gw_presence_free(&home->presences, channel->presence);
    channel->presence = NULL;
  }
  if (channel->presence || is_kept(channel->past) || gw_home_is_heard(home, channel)) return;
  gw_map_remove(&home->channels, name_of(channel));
  if (channel->past && channel->past->history.newest > 0)
    gw_epochs_retire(&home->epochs, name_of(channel));
  channel_free(home, channel);
}

void gw_home_hear(struct gw_home_channel *channel, unsigned worker, bool hears) {
  uint8_t *bits = &channel->text[channel->name_len + worker / 8];
  uint8_t bit = (uint8_t)(1u << worker % 8);
  *bits = (uint8_t)(hears ? *bits | bit : *bits & ~bit);
}

/* ---- what it keeps ---- */

static void expire_at(struct gw_past *past, int64_t wait) {
  struct gw_loop *loop = past->home->loop;
  if (wait < 0) return;
  uint64_t due = gw_loop_now(loop) + (uint64_t)wait;
  if (!gw_timer_is_set(&past->expiry) || due < past->expiry.due)
    gw_loop_timer_set(loop, &past->expiry, (uint64_t)wait);
}

static void keys_free_if_empty(struct gw_past *past) {
  if (past->keys->map.count > 0) return;
  gw_keys_free(past->keys);
  past->keys = NULL;
}

static void on_expiry(struct gw_timer *timer) {
  struct gw_past *past = gw_container_of(timer, struct gw_past, expiry);
  uint64_t now = gw_loop_now(past->home->loop);
  expire_at(past, gw_history_expire(&past->history, past->rules, now));
  if (past->counted_until > now) expire_at(past, (int64_t)(past->counted_until - now));
  if (past->keys) {
    expire_at(past, gw_keys_expire(past->keys, now));
    keys_free_if_empty(past);
  }
  gw_home_release(past->home, past->channel);
}

static int past_open(struct gw_home *home, struct gw_home_channel *channel) {
  if (channel->past) return 0;
  struct gw_past *past = calloc(1, sizeof *past);
  if (!past) return GW_ERR_MEMORY;
  past->expiry.on_due = on_expiry;
  past->home = home;
  past->channel = channel;
  past->rules = gw_rules_of(home->rules, name_of(channel));
  gw_epochs_write(&home->epochs, name_of(channel), channel->life, past->epoch);
  channel->past = past;
  return 0;
}

static int reserve_key(struct gw_past *past, struct gw_str text, struct gw_key **out_key) {
  uint64_t now = gw_loop_now(past->home->loop);
  if (!past->keys) past->keys = gw_keys_new();
  if (!past->keys) return GW_ERR_MEMORY;
  int err = gw_keys_add(past->keys, text, now, out_key);
  keys_free_if_empty(past);
  if (err == 0) expire_at(past, GW_KEY_MS);
  return err;
}

int gw_home_reserve(struct gw_home *home, struct gw_home_channel *channel, struct gw_str key,
                    struct gw_key **out_key) {
  int err = past_open(home, channel);
  if (err == 0) err = gw_history_reserve(&channel->past->history, channel->past->rules);
  struct gw_key *kept = NULL;
  if (err == 0 && key.at) err = reserve_key(channel->past, key, &kept);
  if (err < 0) return err;
  *out_key = kept;
  return 0;
}

void gw_home_place(struct gw_home_channel *channel, struct gw_publication *publication,
                   struct gw_key *key) {
  struct gw_past *past = channel->past;
  publication->time = past->home->wall_clock();
  memcpy(publication->cursor.epoch, past->epoch, sizeof past->epoch);
  uint64_t now = gw_loop_now(past->home->loop);
  gw_history_add(&past->history, past->rules, publication, now);
  if (key) key->cursor = publication->cursor;
  past->counted_until = now + past->rules->history_ms;
  expire_at(past, (int64_t)past->rules->history_ms);
}

void gw_home_unreserve(struct gw_home_channel *channel, struct gw_key *key) {
  if (!key) return;
  gw_keys_drop(channel->past->keys, key);
  keys_free_if_empty(channel->past);
}

const struct gw_key *gw_home_key(const struct gw_home_channel *channel, struct gw_str key) {
  if (!key.at || !channel || !channel->past || !channel->past->keys) return NULL;
  return gw_keys_find(channel->past->keys, key);
}

void gw_home_forget(struct gw_home *home, struct gw_home_channel *channel, struct gw_str name) {
  gw_epochs_retire(&home->epochs, name);
  if (!channel) return;
  channel->life = gw_epochs_life(&home->epochs, name);
  struct gw_past *past = channel->past;
  if (!past) return;
  gw_history_clear(&past->history);
  past->history.newest = 0;
  past->counted_until = 0;
  gw_epochs_write(&home->epochs, name, channel->life, past->epoch);
}

/* ---- what is known of it ---- */

/* A channel without a past: only its own first cursor leads on from it. */
static const struct gw_history nothing;

static const struct gw_history *history_of(const struct gw_home_channel *channel) {
  return channel && channel->past ? &channel->past->history : &nothing;
}

struct gw_cursor gw_home_cursor(const struct gw_home *home, const struct gw_home_channel *channel,
                                struct gw_str name) {
  struct gw_cursor cursor = {.offset = history_of(channel)->newest};
  if (channel && channel->past)
    memcpy(cursor.epoch, channel->past->epoch, sizeof cursor.epoch);
  else
    gw_epochs_write(&home->epochs, name,
                    channel ? channel->life : gw_epochs_life(&home->epochs, name), cursor.epoch);
  return cursor;
}

struct gw_history_range gw_home_answer(const struct gw_home *home,
                                       const struct gw_home_channel *channel, struct gw_str name,
                                       const struct gw_cursor *after, unsigned limit,
                                       struct gw_recovery *out_recovery) {
  const struct gw_history *history = history_of(channel);
  struct gw_cursor cursor = gw_home_cursor(home, channel, name);
  struct gw_history_range range = gw_history_all(history, limit);
  if (after && memcmp(after->epoch, cursor.epoch, GW_EPOCH_LEN) == 0)
    range = gw_history_after(history, after->offset, limit);
  else if (after)
    range.is_recovered = false;

  cursor.offset = range.last;
  *out_recovery = (struct gw_recovery){
      .cursor = cursor,
      .is_recovered = range.is_recovered,
      .is_missed_known = range.is_missed_known,
      .missed = range.missed,
      .n = range.n,
  };
  return range;
}
