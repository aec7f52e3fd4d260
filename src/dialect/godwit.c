/* SPDX-License-Identifier: MIT */
/*
 * The subprotocol `godwit.v1` (docs/godwit.v1.md): many channels on one connection, in lines that a
 * person can type; on `/ws` with or without its name, and on `/channels/{channel}`, which is held
 * from the beginning. Here is the life of such a connection: from its handshake to a session, and
 * what its end means for that. What is said in between is godwit_requests.c's and
 * godwit_carrier.c's.
 *
 * Invariant: an open connection carries a session, or is closing.
 */
#include "dialect/dialect.h"

#include "dialect/godwit_carrier.h"
#include "dialect/godwit_history.h"
#include "dialect/godwit_inside.h"
#include "dialect/godwit_requests.h"
#include "dialect/godwit_talker.h"
#include "dialect/opening.h"
#include "http/exchange.h"
#include "http/websocket.h"
#include "transport/websocket.h"

#include <stdlib.h>

enum { PING_SECONDS = 25 };

/* ---- opening ---- */

static void on_session(struct gw_opening *opening) {
  gw_opening_accept(opening);
}

static int on_request(struct gw_exchange *exchange, void *user) {
  struct gw_talker *talker = gw_conn_user_data(exchange->conn);
  (void)user;
  talker->carrier.ops = &gw_godwit_carrier;
  return gw_opening_start(exchange, gw_talker_place(talker), &talker->carrier, on_session,
                          &talker->opening);
}

static void say_welcome(struct gw_talker *talker, bool is_resumed) {
  struct gw_godwit_line line;
  char id[GW_SESSION_ID_LEN + 1];
  gw_session_id(talker->carrier.session, id);
  gw_godwit_welcome(&line, gw_str_of(id), gw_session_user(talker->carrier.session), PING_SECONDS,
                    is_resumed);
  gw_talker_say(talker, &line);
}

/* The inbox of whoever has one, and the channel of the URL. */
static int hold(struct gw_talker *talker, const struct gw_opening *opening) {
  const struct gw_channel_request *request = &opening->request;
  struct gw_session *session = talker->carrier.session;
  int err = 0;
  if (gw_session_user(session).at)
    err = gw_session_subscribe_inbox(session, opening->has_inbox ? &opening->inbox : NULL);
  if (err == GW_ERR_STATE) err = 0; /* it comes with a new name, or was never left */
  if (err < 0 || !request->channel.at || !talker->carrier.session) return err;
  return gw_session_subscribe(session, request->channel,
                              request->has_after ? &request->after : NULL, NULL, NULL);
}

static void on_open(struct gw_conn *conn) {
  struct gw_talker *talker = gw_conn_user_data(conn);
  const struct gw_opening *opening = talker->opening;
  talker->errands = NULL;
  talker->is_open = true;
  talker->is_local = opening->is_local;
  say_welcome(talker, opening->is_resumed);
  int err = talker->carrier.session ? hold(talker, opening) : 0;
  if (err < 0) gw_talker_leave(talker, err == GW_ERR_FULL ? GW_CLOSE_TOO_MANY : GW_CLOSE_FAILED);
}

/* ---- between ---- */

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct gw_talker *talker = gw_conn_user_data(conn);
  if (!talker->carrier.session) return; /* on its way out */
  gw_godwit_request(talker, (struct gw_str){message->data, message->len},
                    message->type == GW_WS_BINARY);
}

static void on_drain(struct gw_conn *conn) {
  struct gw_talker *talker = gw_conn_user_data(conn);
  gw_flights_clog(&talker->flights, conn, false);
  gw_carrier_drained(&talker->carrier);
  gw_godwit_history_drained(talker);
}

static void on_stop(struct gw_conn *conn) {
  gw_talker_leave(gw_conn_user_data(conn), GW_CLOSE_DRAINING);
}

/* ---- the end ---- */

static void forget_errands(struct gw_talker *talker) {
  struct gw_hub *hub = gw_talker_place(talker)->hub;
  while (talker->errands) {
    gw_hub_forget(hub, &talker->errands->ask);
    gw_errand_free(talker->errands);
  }
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  struct gw_talker *talker = gw_conn_user_data(conn);
  forget_errands(talker);
  gw_carrier_detach(&talker->carrier, gw_opening_is_over(ending));
}

/* ---- life ---- */

static int godwit_new(const struct gw_dialect_options *options, const struct gw_place *places,
                      unsigned n, void **out_speaker) {
  struct gw_godwit *godwit = calloc(1, sizeof *godwit + n * sizeof godwit->places[0]);
  if (!godwit) return GW_ERR_MEMORY;
  godwit->max_message = options->max_message;
  memcpy(godwit->places, places, n * sizeof godwit->places[0]);
  size_t max_message = godwit->max_message + GW_GODWIT_LINE_MAX + 1;
  godwit->handler = (struct gw_websocket){
      .on_request = on_request,
      .on_open = on_open,
      .on_message = on_message,
      .on_drain = on_drain,
      .on_stop = on_stop,
      .on_close = on_close,
      .user = godwit,
      .user_size = sizeof(struct gw_talker),
      .protocol = {.max_message = max_message, .deflate.is_enabled = true},
      .protocols = "godwit.v1",
      .origins = options->origins,
      .ping_ms = PING_SECONDS * 1000,
      .max_buffered = GW_WAITING_MAX + max_message,
  };
  *out_speaker = godwit;
  return 0;
}

static const struct gw_websocket *godwit_handler(const void *speaker) {
  const struct gw_godwit *godwit = speaker;
  return &godwit->handler;
}

const struct gw_dialect gw_dialect_godwit = {
    .routes = {"/channels/*", "/ws"}, .make = godwit_new, .handler = godwit_handler, .free = free};
