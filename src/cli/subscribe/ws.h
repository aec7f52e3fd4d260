/* SPDX-License-Identifier: MIT */
/* What the intakes over WebSocket share: one connection for each try, and its end in words. */
#ifndef GW_CLI_SUBSCRIBE_WS_H
#define GW_CLI_SUBSCRIBE_WS_H

#include "cli/subscribe/intake.h"
#include "godwit/client.h"

/* All-zero is ready. */
struct gw_intake_ws {
  struct gw_intake *intake;
  struct gw_client *client;
  struct gw_websocket handler;
  /* Before the end of a connection becomes the end of the try: may change its words and wait.
   * Optional. */
  void (*on_ending)(struct gw_intake *intake, unsigned code, struct gw_intake_end *end);
  bool is_closing;
  char headers[4200];
};

struct gw_intake_ws_options {
  struct gw_str url;
  const char *protocols;
  void (*on_open)(struct gw_conn *conn);
  void (*on_message)(struct gw_conn *conn, const struct gw_message *message);
  void (*on_ending)(struct gw_intake *intake, unsigned code, struct gw_intake_end *end);
};

/* The intake of a connection. */
struct gw_intake *gw_intake_of_conn(const struct gw_conn *conn);
/* Begins a try; options are borrowed until it returns. */
int gw_intake_ws_begin(struct gw_intake_ws *ws, struct gw_intake *intake,
                       const struct gw_intake_ws_options *options);
/* Ends the connection; what then is told as the end of the try is the caller's. */
void gw_intake_ws_fail(struct gw_intake_ws *ws, const struct gw_intake_end *end);
void gw_intake_ws_close(struct gw_intake_ws *ws);
void gw_intake_ws_clear(struct gw_intake_ws *ws);

#endif
