/* SPDX-License-Identifier: MIT */
/*
 * A feed over a raw WebSocket, where a frame is a publication and nothing else is said. Where the
 * channel stands is found by a poll; from there every message is the channel's next one, so the
 * cursors are counted. A cursor that the history does not reach is a Close with 4504: then the
 * next try begins with what comes, and counts no cursors.
 */
#include "cli/subscribe_get.h"
#include "cli/subscribe_kinds.h"
#include "cli/subscribe_ws.h"

#include <stdio.h>
#include <stdlib.h>

enum { CODE_UNREACHABLE = 4504 };

struct raw {
  struct gw_get get;
  struct gw_feed_ws ws;
  bool is_blind;   /* the connection's messages have no cursors: their end leaves a gap */
  bool is_lost;    /* the cursor was not reachable: begin anywhere */
  bool is_polling; /* which of the two a close is for */
};

/* `EPOCH:7` becomes `EPOCH:8`. */
static void count(char *cursor, size_t size) {
  char *colon = strrchr(cursor, ':');
  if (!colon) return;
  unsigned long long offset = strtoull(colon + 1, NULL, 10);
  snprintf(colon + 1, size - (size_t)(colon + 1 - cursor), "%llu", offset + 1);
}

static void on_open(struct gw_conn *conn) {
  gw_feed_opened(gw_feed_ws_feed(conn));
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct gw_feed *feed = gw_feed_ws_feed(conn);
  struct gw_received received = {.kind = message->type == GW_WS_TEXT ? GW_PAYLOAD_TEXT
                                                                     : GW_PAYLOAD_BINARY,
                                 .payload = {message->len ? message->data : "", message->len}};
  char cursor[GW_FEED_CURSOR_MAX];
  if (*feed->channels[0].cursor) {
    snprintf(cursor, sizeof cursor, "%s", feed->channels[0].cursor);
    count(cursor, sizeof cursor);
    received.cursor = gw_str_of(cursor);
  }
  (void)gw_feed_tell(feed, 0, &received); /* what comes after the last is passed over there */
}

static void on_ending(struct gw_feed *feed, unsigned code, struct gw_feed_end *end) {
  struct raw *raw = gw_feed_state(feed);
  if (code != CODE_UNREACHABLE) return;
  raw->is_lost = true;
  gw_feed_stand(feed, 0, GW_STR(""));
  gw_feed_gap(feed, 0, NULL);
  end->wait_ms = 1;
}

static int begin_socket(struct gw_feed *feed) {
  struct raw *raw = gw_feed_state(feed);
  const struct gw_feed_channel *channel = &feed->channels[0];
  struct gw_buf url;
  gw_buf_init(&url, GW_HTTP_LINE_MAX);
  raw->is_polling = raw->is_lost = false;
  raw->is_blind = !*channel->cursor;
  int r = gw_remote_url(feed->options.remote, &url, "/channels/", gw_str_of(channel->name));
  if (r == 0 && *channel->cursor)
    r = gw_remote_add_query(&url, "after", gw_str_of(channel->cursor));
  if (r == 0)
    r = gw_feed_ws_begin(&raw->ws, feed,
                         &(struct gw_feed_ws_options){.url = {(char *)url.data, url.len},
                                                      .on_open = on_open,
                                                      .on_message = on_message,
                                                      .on_ending = on_ending});
  gw_buf_clear(&url);
  return r;
}

static int raw_begin(struct gw_feed *feed) {
  struct raw *raw = gw_feed_state(feed);
  if (*feed->channels[0].cursor || raw->is_lost) return begin_socket(feed);
  if (raw->is_blind) gw_feed_gap(feed, 0, NULL);
  raw->is_blind = false;
  raw->is_polling = true;
  return gw_get_find_start(&raw->get, feed, begin_socket);
}

static void raw_close(struct gw_feed *feed) {
  struct raw *raw = gw_feed_state(feed);
  if (raw->is_polling)
    gw_get_close(&raw->get);
  else
    gw_feed_ws_close(&raw->ws);
}

static void raw_clear(struct gw_feed *feed) {
  struct raw *raw = gw_feed_state(feed);
  gw_get_clear(&raw->get);
  gw_feed_ws_clear(&raw->ws);
}

const struct gw_feed_kind gw_feed_raw = {.name = "raw",
                                         .size = sizeof(struct raw),
                                         .begin = raw_begin,
                                         .close = raw_close,
                                         .clear = raw_clear};
