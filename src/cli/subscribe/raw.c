/* SPDX-License-Identifier: MIT */
/*
 * An intake over a raw WebSocket, where a frame is a publication and nothing else is said. Where
 * the channel stands is found by a poll; from there every message is the channel's next one, so the
 * cursors are counted. A cursor that the history does not reach is a Close with 4504: then the
 * next try's poll tells what the history still holds, and the frames go on from there.
 */
#include "cli/subscribe/get.h"
#include "cli/subscribe/kinds.h"
#include "cli/subscribe/ws.h"

#include <stdio.h>
#include <stdlib.h>

enum { CODE_UNREACHABLE = 4504 };

struct raw {
  struct gw_get get;
  struct gw_intake_ws ws;
  bool is_lost;    /* the cursor was not reachable: begin with what is kept */
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
  gw_intake_opened(gw_intake_of_conn(conn));
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct gw_intake *intake = gw_intake_of_conn(conn);
  struct gw_received received = {.kind = message->type == GW_WS_TEXT ? GW_PAYLOAD_TEXT
                                                                     : GW_PAYLOAD_BINARY,
                                 .payload = {message->len ? message->data : "", message->len}};
  char cursor[GW_INTAKE_CURSOR_MAX];
  snprintf(cursor, sizeof cursor, "%s", intake->channels[0].cursor);
  count(cursor, sizeof cursor);
  received.cursor = gw_str_of(cursor);
  (void)gw_intake_tell(intake, 0, &received); /* what comes after the last is passed over there */
}

static void on_ending(struct gw_intake *intake, unsigned code, struct gw_intake_end *end) {
  struct raw *raw = gw_intake_state(intake);
  if (code != CODE_UNREACHABLE) return;
  raw->is_lost = true;
  gw_intake_stand(intake, 0, GW_STR(""));
  gw_intake_gap(intake, 0, NULL);
  end->wait_ms = 1;
}

static int begin_socket(struct gw_intake *intake) {
  struct raw *raw = gw_intake_state(intake);
  const struct gw_intake_channel *channel = &intake->channels[0];
  struct gw_buf url;
  gw_buf_init(&url, GW_HTTP_LINE_MAX);
  raw->is_polling = raw->is_lost = false;
  int r = gw_remote_url(intake->options.remote, &url, "/channels/", gw_str_of(channel->name));
  if (r == 0) r = gw_remote_add_query(&url, "after", gw_str_of(channel->cursor));
  if (r == 0)
    r = gw_intake_ws_begin(&raw->ws, intake,
                           &(struct gw_intake_ws_options){.url = {(char *)url.data, url.len},
                                                          .on_open = on_open,
                                                          .on_message = on_message,
                                                          .on_ending = on_ending});
  gw_buf_clear(&url);
  return r;
}

static int raw_begin(struct gw_intake *intake) {
  struct raw *raw = gw_intake_state(intake);
  if (*intake->channels[0].cursor) return begin_socket(intake);
  raw->is_polling = true;
  return gw_get_find_start(&raw->get, intake, raw->is_lost, begin_socket);
}

static void raw_close(struct gw_intake *intake) {
  struct raw *raw = gw_intake_state(intake);
  if (raw->is_polling)
    gw_get_close(&raw->get);
  else
    gw_intake_ws_close(&raw->ws);
}

static void raw_clear(struct gw_intake *intake) {
  struct raw *raw = gw_intake_state(intake);
  gw_get_clear(&raw->get);
  gw_intake_ws_clear(&raw->ws);
}

const struct gw_intake_kind gw_intake_raw = {.name = "raw",
                                             .size = sizeof(struct raw),
                                             .begin = raw_begin,
                                             .close = raw_close,
                                             .clear = raw_clear};
