/* SPDX-License-Identifier: MIT */
/*
 * Try after try. The timer runs between two tries and never during one; a server that was never
 * reached is not waited for, since the URL is more likely wrong.
 */
#include "cli/subscribe_feed.h"

#include "base/list.h"
#include "client/backoff.h"
#include "godwit/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_WAIT_MS = 500, WAIT_MAX_MS = 30000, WISH_MAX_MS = 300000 };

static void begin(struct gw_feed *feed) {
  feed->is_open = false;
  int r = feed->options.kind->begin(feed);
  if (r < 0)
    gw_feed_ended(feed, &(struct gw_feed_end){.reason = gw_error_text(r), .is_final = true});
}

static void on_timer(struct gw_timer *timer) {
  begin(gw_container_of(timer, struct gw_feed, timer));
}

int gw_feed_new(const struct gw_feed_options *options, struct gw_feed **out_feed) {
  struct gw_feed *feed = calloc(1, sizeof *feed);
  if (!feed) return GW_ERR_MEMORY;
  feed->options = *options;
  feed->timer.on_due = on_timer;
  feed->state = calloc(1, options->kind->size);
  feed->channels = calloc(options->n, sizeof *feed->channels);
  if (!feed->state || !feed->channels) {
    free(feed->channels);
    free(feed->state);
    free(feed);
    return GW_ERR_MEMORY;
  }
  for (size_t i = 0; i < options->n; i++)
    feed->channels[i].name = options->channels[i];
  if (options->after) gw_feed_stand(feed, 0, gw_str_of(options->after));
  gw_loop_timer_set(options->loop, &feed->timer, 0);
  *out_feed = feed;
  return 0;
}

void gw_feed_close(struct gw_feed *feed) {
  if (feed->is_over) return;
  feed->options.may_return = false;
  if (gw_timer_is_set(&feed->timer)) {
    gw_loop_timer_cancel(feed->options.loop, &feed->timer);
    gw_feed_ended(feed,
                  &(struct gw_feed_end){.reason = "closed", .is_final = true, .is_fine = true});
  } else {
    feed->options.kind->close(feed);
  }
}

void gw_feed_free(struct gw_feed *feed) {
  if (!feed) return;
  gw_loop_timer_cancel(feed->options.loop, &feed->timer);
  feed->options.kind->clear(feed);
  free(feed->state);
  free(feed->channels);
  free(feed);
}

/* ---- what the kinds tell ---- */

void gw_feed_opened(struct gw_feed *feed) {
  if (feed->is_open) return;
  feed->is_open = feed->has_been_open = true;
  feed->failures = 0;
  gw_feed_note(feed, "connected, %s", feed->options.kind->name);
}

void gw_feed_stand(struct gw_feed *feed, size_t channel, struct gw_str cursor) {
  char *to = feed->channels[channel].cursor;
  if (cursor.len >= GW_FEED_CURSOR_MAX) return; /* no server of ours gives such a one */
  memcpy(to, cursor.at, cursor.len);
  to[cursor.len] = '\0';
}

bool gw_feed_tell(struct gw_feed *feed, size_t channel, const struct gw_received *received) {
  if (received->cursor.at) gw_feed_stand(feed, channel, received->cursor);
  return feed->options.events->on_publication(feed, channel, received);
}

void gw_feed_gap(struct gw_feed *feed, size_t channel, const uint64_t *missed) {
  feed->options.events->on_gap(feed, channel, missed);
}

void gw_feed_presence(struct gw_feed *feed, size_t channel, bool has_joined, const char *user) {
  feed->options.events->on_presence(feed, channel, has_joined, user);
}

void gw_feed_note(struct gw_feed *feed, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  feed->options.events->on_note(feed, text);
}

/* The server's wish has an end too, and a random part, so that not all come back in one moment. */
static unsigned wait_of(const struct gw_feed *feed, const struct gw_feed_end *end) {
  unsigned first = feed->first_wait_ms ? feed->first_wait_ms : FIRST_WAIT_MS;
  unsigned wish = end->wait_ms < WISH_MAX_MS ? end->wait_ms : WISH_MAX_MS;
  unsigned ms = gw_backoff_ms(first, first > WAIT_MAX_MS ? first : WAIT_MAX_MS, feed->failures);
  return wish ? wish + gw_backoff_ms(wish / 4, wish / 4, 0) : ms;
}

void gw_feed_ended(struct gw_feed *feed, const struct gw_feed_end *end) {
  bool comes_back = feed->options.may_return && !end->is_final && feed->has_been_open;
  unsigned ms = comes_back ? wait_of(feed, end) : 0;
  feed->is_open = false;
  feed->is_over = !comes_back;
  feed->failures++;
  if (comes_back) gw_loop_timer_set(feed->options.loop, &feed->timer, ms);
  feed->options.events->on_end(feed, end, ms);
}
