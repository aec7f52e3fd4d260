/* SPDX-License-Identifier: MIT */
/*
 * One listener is one connection that hears one channel. There is no room in the dialect for
 * anything but payloads, so everything else is a close code: 4504 where the cursor is not
 * reachable, 4500 for a consumer that is too slow, 1013 where the channel takes no more.
 *
 * Invariant: what a listener has been sent is the channel without gap from its cursor (or from the
 * head of the answer 101, which therefore waits for the subscription) on. Where a recovery is more
 * than may wait for its peer, it stops hearing the channel, remembers where it stands (`behind`)
 * and subscribes from there once its outbox has drained.
 */
#include "dialect/raw.h"

#include "godwit/error.h"
#include "http/exchange.h"
#include "http/websocket.h"
#include "transport/pending.h"
#include "transport/request.h"
#include "transport/websocket.h"

#include <stdlib.h>

/* Publications of one connection on their way to the channel's home: above the first it is not read
 * from until they are below the second. Against a publisher that is faster than its channel. */
enum { FLYING_HIGH = 64, FLYING_LOW = 32 };

enum { BUFFERED_MAX = 4 << 20 }; /* against a consumer that never reads */

static const struct gw_frame_maker maker = {.kind = GW_ENCODING_RAW};

struct gw_raw {
  struct gw_websocket handler;
  struct gw_place places[]; /* one per worker */
};

/* The user data of a connection. */
struct listener {
  struct gw_subscriber subscriber;
  struct gw_conn *conn;
  struct gw_link shots;
  struct behind *behind;
  struct gw_exchange *exchange; /* while its opening waits for the subscription */
  uint16_t flying;
  bool is_silent, is_paused, has_after, is_open, is_lost;
};

/* A publication of its own: under way, or (where it is silent) answered and not yet heard. */
struct shot {
  struct gw_store_ask ask;
  struct gw_link link;
  struct listener *listener;
  uint64_t offset; /* 0: under way */
};

struct behind {
  struct gw_cursor cursor;
  struct gw_str channel;
  char text[];
};

static struct gw_hub *hub_of(const struct listener *listener) {
  const struct gw_raw *raw = gw_conn_handler_user(listener->conn);
  return raw->places[gw_conn_id_worker(gw_conn_id(listener->conn))].hub;
}

/* ---- the end ---- */

static void shot_free(struct shot *shot) {
  gw_list_remove(&shot->link);
  free(shot);
}

static void stop_hearing(struct listener *listener) {
  gw_hub_unsubscribe(hub_of(listener), &listener->subscriber);
  free(listener->behind);
  listener->behind = NULL;
}

static void fail(struct listener *listener, int err) {
  stop_hearing(listener);
  switch (err) {
  case GW_ERR_FULL: gw_conn_close(listener->conn, GW_WS_CODE_TRY_AGAIN, gw_error_text(err)); break;
  default: gw_conn_close(listener->conn, GW_WS_CODE_INTERNAL_ERROR, gw_error_text(err)); break;
  }
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  struct listener *listener = gw_conn_user_data(conn);
  (void)ending;
  stop_hearing(listener);
  while (!gw_list_is_empty(&listener->shots)) {
    struct shot *shot = gw_container_of(listener->shots.next, struct shot, link);
    gw_hub_forget(hub_of(listener), &shot->ask);
    shot_free(shot);
  }
}

/* ---- hearing ---- */

/* Stops hearing the channel, to go on later. GW_ERR_MEMORY: it hears it still. */
static int fall_behind(struct listener *listener, const struct gw_cursor *cursor) {
  struct gw_str channel = gw_subscriber_channel(&listener->subscriber);
  struct behind *behind = malloc(sizeof *behind + channel.len);
  if (!behind) return GW_ERR_MEMORY;
  *behind = (struct behind){*cursor, {behind->text, channel.len}};
  memcpy(behind->text, channel.at, channel.len);
  gw_hub_unsubscribe(hub_of(listener), &listener->subscriber);
  listener->behind = behind;
  return 0;
}

static void catch_up(struct listener *listener) {
  struct behind *behind = listener->behind;
  if (!behind) return;
  listener->behind = NULL;
  int err =
      gw_hub_subscribe(hub_of(listener), behind->channel, &behind->cursor, &listener->subscriber);
  free(behind);
  if (err < 0) fail(listener, err);
}

static void on_drain(struct gw_conn *conn) {
  catch_up(gw_conn_user_data(conn));
}

/* The answer to a publication comes before the publication itself, so a silent listener knows the
 * offsets of its own. */
static bool is_own(struct listener *listener, uint64_t offset) {
  while (!gw_list_is_empty(&listener->shots)) {
    struct shot *first = gw_container_of(listener->shots.next, struct shot, link);
    uint64_t own = first->offset;
    if (own == 0 || own > offset) return false;
    shot_free(first);
    if (own == offset) return true;
  }
  return false;
}

static void push_all(struct listener *listener, const struct gw_recovery *recovery) {
  int sent = 0;
  for (unsigned i = 0; i < recovery->n && sent >= 0; i++) {
    struct gw_publication *publication = recovery->publications[i];
    if (listener->is_silent && is_own(listener, publication->cursor.offset)) continue;
    sent = gw_websocket_push(listener->conn, publication, &maker);
    if (sent != 1 || i + 1 == recovery->n) continue;
    sent = fall_behind(listener, &publication->cursor);
    break;
  }
  if (sent < 0) fail(listener, sent);
}

static void lose(struct listener *listener) {
  stop_hearing(listener);
  gw_close_conn(listener->conn, GW_CLOSE_CURSOR_LOST);
}

static void on_ready(struct listener *listener, int err, const struct gw_recovery *recovery);

static void on_subscribed(struct gw_subscriber *subscriber, int err,
                          const struct gw_recovery *recovery) {
  struct listener *listener = gw_container_of(subscriber, struct listener, subscriber);
  bool is_lost = err == 0 && listener->has_after && !recovery->is_recovered;
  if (!listener->is_open) {
    listener->is_lost = is_lost;
    on_ready(listener, err, recovery);
  } else if (err < 0) {
    fail(listener, err);
  } else if (is_lost) {
    lose(listener);
  } else {
    push_all(listener, recovery);
  }
}

static void on_publication(struct gw_subscriber *subscriber, struct gw_publication *publication) {
  struct listener *listener = gw_container_of(subscriber, struct listener, subscriber);
  if (listener->is_silent && is_own(listener, publication->cursor.offset)) return;
  int sent = gw_websocket_push(listener->conn, publication, &maker);
  if (sent >= 0) return;
  if (sent != GW_ERR_FULL) {
    fail(listener, sent);
    return;
  }
  stop_hearing(listener);
  gw_close_conn(listener->conn, GW_CLOSE_SLOW);
}

static const struct gw_subscriber_ops subscriber_ops = {.on_subscribed = on_subscribed,
                                                        .on_publication = on_publication};

/* ---- publishing ---- */

static void pause_or_go_on(struct listener *listener) {
  bool is_paused = listener->flying >= (listener->is_paused ? FLYING_LOW : FLYING_HIGH);
  if (is_paused == listener->is_paused) return;
  listener->is_paused = is_paused;
  gw_conn_pause(listener->conn, is_paused);
}

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct shot *shot = gw_container_of(ask, struct shot, ask);
  struct listener *listener = shot->listener;
  if (err == 0 && listener->is_silent)
    shot->offset = recovery->cursor.offset;
  else
    shot_free(shot);
  listener->flying--;
  if (err < 0) fail(listener, err);
  pause_or_go_on(listener);
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
  gw_list_append(&listener->shots, &shot->link);
  listener->flying++;
  int err = gw_hub_publish(hub_of(listener), publication, (struct gw_str){0}, &shot->ask);
  if (err < 0) {
    listener->flying--;
    shot_free(shot);
  }
  return err;
}

static struct gw_str channel_of(const struct listener *listener) {
  if (listener->behind) return listener->behind->channel;
  return gw_subscriber_channel(&listener->subscriber);
}

static void on_message(struct gw_conn *conn, const struct gw_message *message) {
  struct listener *listener = gw_conn_user_data(conn);
  const struct gw_publication_parts parts = {
      .channel = channel_of(listener),
      .payload = {message->data, message->len},
      .is_binary = message->type == GW_WS_BINARY,
  };
  int err = publish(listener, &parts);
  if (err < 0)
    fail(listener, err);
  else
    pause_or_go_on(listener);
}

/* ---- opening ----
 *
 * The request subscribes, and its answer 101 waits until the subscription has been answered: then
 * whatever is published after the head of that answer is heard. Nothing can be sent before the
 * opening; where there is something to recover it is asked for again then. */

static void on_gone(void *user) {
  stop_hearing(user);
}

static const struct gw_exchange_events exchange_events = {.on_gone = on_gone};

/* The subscription has been answered, before (no exchange) or after on_request has returned. */
static void on_ready(struct listener *listener, int err, const struct gw_recovery *recovery) {
  struct gw_exchange *exchange = listener->exchange;
  listener->exchange = NULL;
  if (err == 0 && recovery->n > 0 && !listener->is_lost) {
    struct gw_cursor before = {.offset = recovery->publications[0]->cursor.offset - 1};
    memcpy(before.epoch, recovery->cursor.epoch, sizeof before.epoch);
    err = fall_behind(listener, &before);
  }
  if (err < 0) stop_hearing(listener);
  if (!exchange) return;
  if (err < 0)
    gw_pending_refuse(exchange, err);
  else
    gw_exchange_accept(exchange);
}

/* Or is about to. */
static bool listens(const struct listener *listener) {
  return listener->subscriber.channel || listener->behind;
}

static int on_request(struct gw_exchange *exchange, void *user) {
  struct gw_channel_request request;
  const char *problem;
  (void)user;
  exchange->must_close = true; /* what comes behind is frames, not a request (security.md 4) */
  if (gw_channel_request_read(exchange, &request, &problem) < 0) {
    gw_exchange_problem(exchange, 400, problem);
    return 400;
  }
  struct listener *listener = gw_conn_user_data(exchange->conn);
  listener->subscriber.ops = &subscriber_ops;
  listener->conn = exchange->conn;
  listener->is_silent = request.is_silent;
  listener->has_after = request.has_after;
  gw_list_init(&listener->shots);
  const struct gw_cursor *after = request.has_after ? &request.after : NULL;
  int err = gw_hub_subscribe(hub_of(listener), request.channel, after, &listener->subscriber);
  if (err < 0 || !listens(listener)) {
    gw_pending_refuse(exchange, err < 0 ? err : GW_ERR_MEMORY);
    return 503;
  }
  gw_exchange_watch(exchange, &exchange_events, listener);
  if (!listener->subscriber.pending) return 0;
  listener->exchange = exchange;
  return GW_WEBSOCKET_LATER;
}

static void on_open(struct gw_conn *conn) {
  struct listener *listener = gw_conn_user_data(conn);
  listener->is_open = true;
  if (listener->is_lost)
    lose(listener);
  else
    catch_up(listener);
}

/* ---- life ---- */

int gw_raw_new(const struct gw_raw_options *options, const struct gw_place *places, unsigned n,
               struct gw_raw **out_raw) {
  struct gw_raw *raw = calloc(1, sizeof *raw + n * sizeof raw->places[0]);
  if (!raw) return GW_ERR_MEMORY;
  size_t max_message = options->max_message ? options->max_message : 64 * 1024;
  memcpy(raw->places, places, n * sizeof raw->places[0]);
  raw->handler = (struct gw_websocket){
      .on_request = on_request,
      .on_open = on_open,
      .on_message = on_message,
      .on_drain = on_drain,
      .on_close = on_close,
      .user = raw,
      .user_size = sizeof(struct listener),
      .protocol.max_message = max_message,
      .origins = options->origins,
      .max_buffered = options->max_buffered ? options->max_buffered : BUFFERED_MAX + max_message,
  };
  *out_raw = raw;
  return 0;
}

void gw_raw_free(struct gw_raw *raw) {
  free(raw);
}

const struct gw_websocket *gw_raw_handler(const struct gw_raw *raw) {
  return &raw->handler;
}
