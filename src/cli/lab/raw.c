/* SPDX-License-Identifier: MIT */
/* The WebSocket of a program that knows nothing of cursors: it opens the channel's URL and takes
 * what comes from then on. */
#include "cli/lab/kinds.h"

#include "cli/subscribe/ws.h"
#include "codec/http/text.h"

static void on_open(struct gw_conn *conn) {
  gw_intake_opened(gw_intake_of_conn(conn));
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct gw_received received = {.payload = {message->len ? message->data : "", message->len}};
  (void)gw_intake_tell(gw_intake_of_conn(conn), 0, &received); /* the lab always wants more */
}

static int raw_begin(struct gw_intake *intake) {
  struct gw_buf url;
  gw_buf_init(&url, GW_HTTP_LINE_MAX);
  int r = gw_remote_url(intake->options.remote, &url, "/channels/",
                        gw_str_of(intake->channels[0].name));
  if (r == 0)
    r = gw_intake_ws_begin(gw_intake_state(intake), intake,
                           &(struct gw_intake_ws_options){.url = {(char *)url.data, url.len},
                                                          .on_open = on_open,
                                                          .on_message = on_message});
  gw_buf_clear(&url);
  return r;
}

static void raw_close(struct gw_intake *intake) {
  gw_intake_ws_close(gw_intake_state(intake));
}

static void raw_clear(struct gw_intake *intake) {
  gw_intake_ws_clear(gw_intake_state(intake));
}

const struct gw_intake_kind gw_lab_raw = {.name = "raw",
                                          .size = sizeof(struct gw_intake_ws),
                                          .begin = raw_begin,
                                          .close = raw_close,
                                          .clear = raw_clear};
