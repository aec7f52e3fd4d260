/* SPDX-License-Identifier: MIT */
/*
 * Raw WebSocket on a channel: each frame sent is a publication, each publication arrives as one
 * frame, payload only; `?after=` and `?echo=no` as in interface.md 2. One listener is one
 * connection whose session hears one channel. There is no room in the dialect for anything but
 * payloads, so everything else is a close code: 4504 where the cursor is not reachable, 4500 for a
 * consumer that is too slow, 4403 for who may not publish, 1013 where the channel takes no more.
 *
 * Invariant: what a listener has been sent is the channel without gap from its cursor (or from the
 * head of the answer 101, which therefore waits for the subscription) on; only a channel that
 * conflates gives less.
 */
#include "dialect/dialect.h"

#include "dialect/flights.h"
#include "dialect/opening.h"
#include "godwit/error.h"
#include "http/exchange.h"
#include "http/websocket.h"
#include "transport/websocket.h"

#include <assert.h>
#include <stdlib.h>

struct raw {
  struct gw_websocket handler;
  struct gw_place places[]; /* one per worker */
};

/* The user data of a connection. */
struct listener {
  struct gw_carrier carrier;
  union {
    struct gw_opening *opening; /* until its subscription stands */
    struct gw_link *shots;      /* NULL: none */
  };
  struct gw_flights flights;
  bool is_silent : 1, will_resume : 1, is_open : 1;
};

static_assert(sizeof(struct listener) <= 32, "an idle connection has its price");

/* A publication of its own: under way, or (where it is silent) answered and not yet heard. */
struct shot {
  struct gw_store_ask ask;
  struct gw_link link;
  struct listener *listener;
  uint64_t offset; /* 0: under way */
};

static struct gw_conn *conn_of(const struct listener *listener) {
  return gw_conn_of(listener);
}

static const struct gw_place *place_of(const struct listener *listener) {
  const struct raw *raw = gw_conn_handler_user(conn_of(listener));
  return &raw->places[gw_conn_id_worker(gw_conn_id(conn_of(listener)))];
}

static struct listener *listener_of(struct gw_carrier *carrier) {
  return gw_container_of(carrier, struct listener, carrier);
}

static const struct gw_channel_rules *rules_of(const struct listener *listener,
                                               const struct gw_subscription *subscription) {
  return gw_rules_of(place_of(listener)->gate->rules, gw_subscription_channel(subscription));
}

/* ---- the end ---- */

static void shot_free(struct shot *shot) {
  gw_ring_remove(&shot->listener->shots, &shot->link);
  free(shot);
}

static void leave(struct listener *listener, enum gw_close_code code) {
  gw_carrier_detach(&listener->carrier, !listener->will_resume);
  gw_close_conn(conn_of(listener), code);
}

static void fail(struct listener *listener, int err) {
  leave(listener, err == GW_ERR_FULL ? GW_CLOSE_TRY_AGAIN : GW_CLOSE_FAILED);
}

/* Whoever has not said that it means to come back is over with its connection. */
static bool is_over(const struct listener *listener, const struct gw_ending *ending) {
  return !listener->will_resume || gw_opening_is_over(ending);
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  struct listener *listener = gw_conn_user_data(conn);
  while (listener->is_open && listener->shots) {
    struct shot *shot = gw_container_of(listener->shots, struct shot, link);
    gw_hub_forget(place_of(listener)->hub, &shot->ask);
    shot_free(shot);
  }
  gw_carrier_detach(&listener->carrier, is_over(listener, ending));
}

/* ---- hearing ---- */

/* The answer to a publication comes before the publication itself, so a silent listener knows the
 * offsets of its own. */
static bool is_own(struct listener *listener, uint64_t offset) {
  while (listener->shots) {
    struct shot *first = gw_container_of(listener->shots, struct shot, link);
    uint64_t own = first->offset;
    if (own == 0 || own > offset) return false;
    shot_free(first);
    if (own == offset) return true;
  }
  return false;
}

static const struct gw_frame_maker payload_maker = {.write = NULL};

static int push(struct gw_carrier *carrier, struct gw_subscription *subscription,
                struct gw_publication *publication) {
  struct listener *listener = listener_of(carrier);
  (void)subscription;
  if (listener->is_silent && is_own(listener, publication->cursor.offset)) return 0;
  return gw_websocket_push(conn_of(listener), publication, &payload_maker);
}

/* The opening has waited for this: what is published from now on is heard. */
static void on_subscribed(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                          const struct gw_recovery *recovery) {
  struct listener *listener = listener_of(carrier);
  struct gw_opening *opening = listener->opening;
  if (err < 0) {
    gw_opening_refuse(opening, err);
    return;
  }
  bool is_lost = !recovery->is_recovered;
  listener->shots = NULL;
  listener->is_open = true;
  if (gw_opening_accept(opening) < 0 || !carrier->session) return;
  if (is_lost)
    leave(listener, GW_CLOSE_CURSOR_LOST);
  else if (rules_of(listener, subscription)->slow != GW_SLOW_DISCONNECT)
    gw_conn_keep_fresh(conn_of(listener));
}

static bool on_gap(struct gw_carrier *carrier, struct gw_subscription *subscription,
                   const struct gw_recovery *recovery) {
  (void)carrier;
  (void)subscription;
  (void)recovery;
  return false;
}

static const char *transport(const struct gw_carrier *carrier) {
  (void)carrier;
  return "websocket";
}

static bool is_waiting(struct gw_carrier *carrier) {
  return gw_conn_is_waiting(conn_of(listener_of(carrier)));
}

static void end(struct gw_carrier *carrier, enum gw_close_code code) {
  struct listener *listener = listener_of(carrier);
  if (listener->is_open)
    leave(listener, code);
  else
    gw_opening_refuse(listener->opening, GW_ERR_FULL);
}

static const struct gw_carrier_ops carrier_ops = {.on_subscribed = on_subscribed,
                                                  .push = push,
                                                  .on_gap = on_gap,
                                                  .transport = transport,
                                                  .is_waiting = is_waiting,
                                                  .end = end};

static void on_drain(struct gw_conn *conn) {
  struct listener *listener = gw_conn_user_data(conn);
  gw_carrier_drained(&listener->carrier);
}

/* ---- publishing ---- */

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct shot *shot = gw_container_of(ask, struct shot, ask);
  struct listener *listener = shot->listener;
  if (err == 0 && listener->is_silent)
    shot->offset = recovery->cursor.offset;
  else
    shot_free(shot);
  gw_flights_end(&listener->flights, conn_of(listener));
  if (err < 0) fail(listener, err);
}

static int publish(struct listener *listener, const struct gw_publication_parts *parts) {
  struct shot *shot = malloc(sizeof *shot);
  if (!shot) return GW_ERR_MEMORY;
  struct gw_publication *publication = gw_publication_new(parts);
  if (!publication) {
    free(shot);
    return GW_ERR_MEMORY;
  }
  *shot = (struct shot){.ask.on_answer = on_answer, .listener = listener};
  gw_ring_append(&listener->shots, &shot->link);
  gw_flights_begin(&listener->flights, conn_of(listener));
  int err = gw_hub_publish(place_of(listener)->hub, publication, (struct gw_str){0}, &shot->ask);
  if (err < 0) {
    shot_free(shot);
    gw_flights_end(&listener->flights, conn_of(listener));
  }
  return err;
}

static bool may_publish(const struct listener *listener, struct gw_str channel) {
  struct gw_identity who = gw_session_identity(listener->carrier.session);
  return gw_gate_may_publish(place_of(listener)->gate, &who, channel);
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct listener *listener = gw_conn_user_data(conn);
  const struct gw_session *session = listener->carrier.session;
  const struct gw_subscription *heard = session ? gw_session_heard(session) : NULL;
  if (!heard) return; /* on its way out */
  struct gw_str channel = gw_subscription_channel(heard);
  if (!may_publish(listener, channel)) {
    gw_carrier_detach(&listener->carrier, true);
    gw_conn_close(conn, GW_CLOSE_FORBIDDEN, "this channel takes nothing from you");
    return;
  }
  const struct gw_publication_parts parts = {
      .channel = channel,
      .payload = {message->data, message->len},
      .from = gw_session_user(session),
      .is_binary = message->type == GW_WS_BINARY,
  };
  int err = publish(listener, &parts);
  if (err < 0) fail(listener, err);
}

/* ---- opening ----
 *
 * The request subscribes, and its answer 101 waits until the subscription stands: then whatever is
 * published after the head of that answer is heard. */

static void on_session(struct gw_opening *opening) {
  const struct gw_channel_request *request = &opening->request;
  int err = gw_session_subscribe(opening->carrier->session, request->channel,
                                 request->has_after ? &request->after : NULL, NULL, NULL);
  if (err < 0 && err != GW_ERR_CLOSED) gw_opening_refuse(opening, err); /* closed: it has been */
}

static int on_request(struct gw_exchange *exchange, void *user) {
  struct listener *listener = gw_conn_user_data(exchange->conn);
  (void)user;
  listener->carrier.ops = &carrier_ops;
  int status = gw_opening_start(exchange, place_of(listener), &listener->carrier, on_session,
                                &listener->opening);
  if (status != GW_WEBSOCKET_LATER) return status;
  listener->is_silent = listener->opening->request.is_silent;
  listener->will_resume = listener->opening->request.will_resume;
  return status;
}

/* ---- life ---- */

static int raw_new(const struct gw_dialect_options *options, const struct gw_place *places,
                   unsigned n, void **out_speaker) {
  struct raw *raw = calloc(1, sizeof *raw + n * sizeof raw->places[0]);
  if (!raw) return GW_ERR_MEMORY;
  memcpy(raw->places, places, n * sizeof raw->places[0]);
  raw->handler = (struct gw_websocket){
      .on_request = on_request,
      .on_message = on_message,
      .on_drain = on_drain,
      .on_close = on_close,
      .user = raw,
      .user_size = sizeof(struct listener),
      .protocol = {.max_message = options->max_message, .deflate.is_enabled = true},
      .origins = options->origins,
      .max_buffered = GW_WAITING_MAX + options->max_message,
  };
  *out_speaker = raw;
  return 0;
}

static const struct gw_websocket *raw_handler(const void *speaker) {
  const struct raw *raw = speaker;
  return &raw->handler;
}

const struct gw_dialect gw_dialect_raw = {
    .routes = {"/channels/*"}, .make = raw_new, .handler = raw_handler, .free = free};
