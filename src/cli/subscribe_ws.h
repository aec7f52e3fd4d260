/* SPDX-License-Identifier: MIT */
/* What the feeds over WebSocket share: one connection for each try, and its end in words. */
#ifndef GW_CLI_SUBSCRIBE_WS_H
#define GW_CLI_SUBSCRIBE_WS_H

#include "cli/subscribe_feed.h"
#include "godwit/client.h"

/* All-zero is ready. */
struct gw_feed_ws {
  struct gw_feed *feed;
  struct gw_client *client;
  struct gw_websocket handler;
  /* Before the end of a connection becomes the end of the try: may change its words and wait.
   * Optional. */
  void (*on_ending)(struct gw_feed *feed, unsigned code, struct gw_feed_end *end);
  bool is_closing;
  char headers[4200];
};

struct gw_feed_ws_options {
  struct gw_str url;
  const char *protocols;
  void (*on_open)(struct gw_conn *conn);
  void (*on_message)(struct gw_conn *conn, const struct gw_message *message);
  void (*on_ending)(struct gw_feed *feed, unsigned code, struct gw_feed_end *end);
};

/* The feed of a connection. */
struct gw_feed *gw_feed_ws_feed(const struct gw_conn *conn);
/* Begins a try; options are borrowed until it returns. */
int gw_feed_ws_begin(struct gw_feed_ws *ws, struct gw_feed *feed,
                     const struct gw_feed_ws_options *options);
/* Ends the connection; what then is told as the end of the try is the caller's. */
void gw_feed_ws_fail(struct gw_feed_ws *ws, const struct gw_feed_end *end);
void gw_feed_ws_close(struct gw_feed_ws *ws);
void gw_feed_ws_clear(struct gw_feed_ws *ws);

#endif
