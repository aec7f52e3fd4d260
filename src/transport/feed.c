/* SPDX-License-Identifier: MIT */
/*
 * A feed is the carrier of a session on an exchange whose body goes on. The head of the answer
 * waits until the subscription stands, so that whatever is published after the client has seen it
 * is heard. A publication is a chunk that is made once for all feeds of its kind.
 *
 * Invariant: a feed lives from gw_feed_serve to `leave`, which is reached exactly once: the client
 * has gone, the session has, or the server stops. After it nobody calls it any more.
 */
#include "transport/feed.h"

#include "base/buf.h"
#include "godwit/error.h"
#include "http/exchange.h"
#include "transport/answer.h"
#include "transport/entry.h"
#include "transport/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Neither kept nor gathered on the way: nginx heeds the second. */
#define UNCACHED "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n"

struct feed {
  struct gw_carrier carrier;
  const struct gw_feed_kind *kind;
  struct gw_exchange *exchange; /* NULL: it has left */
  struct gw_loop *loop;
  struct gw_entry *entry;
  union {
    struct gw_timer heartbeat;
    struct gw_task retire; /* once it has left */
  };
  uint32_t taken;   /* what the client had taken at the last heartbeat (gw_stream_untaken) */
  bool was_waiting; /* at the last heartbeat */
  bool will_resume;
};

static_assert(sizeof(struct feed) <= 104, "a client that hears has its price");

static void feed_free(struct gw_task *task) {
  free(gw_container_of(task, struct feed, retire));
}

/* The feed is over, and its exchange is whoever's ends it. */
static struct gw_exchange *leave(struct feed *feed) {
  struct gw_exchange *exchange = feed->exchange;
  feed->exchange = NULL;
  gw_entry_cancel(&feed->entry);
  gw_carrier_detach(&feed->carrier, !feed->will_resume);
  gw_loop_timer_cancel(feed->loop, &feed->heartbeat);
  feed->retire.run = feed_free;
  gw_loop_retire(feed->loop, &feed->retire);
  return exchange;
}

/* ---- out ---- */

static bool has_begun(const struct feed *feed) {
  return feed->exchange->is_answered;
}

static int write_text(struct feed *feed, struct gw_str text) {
  return gw_exchange_write(feed->exchange, text.at, text.len);
}

/* A chunk of HTTP/1.1 (RFC 9112 section 7.1) around what the kind writes. */
static struct gw_bytes *make_chunk(const struct gw_publication *publication, void *how) {
  const struct gw_feed_kind *kind = how;
  struct gw_buf text;
  gw_buf_init(&text, SIZE_MAX); /* a few times the publication, which has a cap */
  struct gw_bytes *made = NULL;
  if (kind->write(&text, publication) == 0) {
    char head[20];
    size_t head_len = (size_t)snprintf(head, sizeof head, "%zx\r\n", text.len);
    made = gw_bytes_new(head_len + text.len + 2);
    if (made) {
      memcpy(made->data, head, head_len);
      memcpy(made->data + head_len, text.data, text.len);
      memcpy(made->data + head_len + text.len, "\r\n", 2);
    }
  }
  gw_buf_clear(&text);
  return made;
}

static int push(struct gw_carrier *carrier, struct gw_subscription *subscription,
                struct gw_publication *publication) {
  struct feed *feed = gw_container_of(carrier, struct feed, carrier);
  (void)subscription;
  if (gw_exchange_buffered(feed->exchange) > GW_WAITING_MAX)
    (void)gw_exchange_is_waiting(feed->exchange); /* what waits for the end of the turn goes now */
  if (gw_exchange_buffered(feed->exchange) > GW_WAITING_MAX) return GW_ERR_FULL;
  struct gw_bytes *chunk =
      gw_publication_encoding(publication, feed->kind, make_chunk, (void *)feed->kind);
  if (!chunk) return GW_ERR_MEMORY;
  return gw_exchange_write_chunk(feed->exchange, chunk);
}

static bool on_gap(struct gw_carrier *carrier, struct gw_subscription *subscription,
                   const struct gw_recovery *gap) {
  struct feed *feed = gw_container_of(carrier, struct feed, carrier);
  struct gw_buf text;
  (void)subscription;
  gw_buf_init(&text, 1024); /* a line with a cursor */
  int err = feed->kind->gap(&text, gap);
  if (err == 0) err = write_text(feed, (struct gw_str){(const char *)text.data, text.len});
  gw_buf_clear(&text);
  return err >= 0;
}

static const char *transport(const struct gw_carrier *carrier) {
  return gw_container_of(carrier, const struct feed, carrier)->kind->name;
}

static bool is_waiting(struct gw_carrier *carrier) {
  return gw_exchange_is_waiting(gw_container_of(carrier, struct feed, carrier)->exchange);
}

/* A proxy on the way needs to see something now and then, and so do we: a client that has taken
 * nothing of what waits since the last time takes nothing any more. */
static void on_heartbeat(struct gw_timer *timer) {
  struct feed *feed = gw_container_of(timer, struct feed, heartbeat);
  size_t waiting = gw_exchange_buffered(feed->exchange);
  uint32_t taken = gw_exchange_taken(feed->exchange);
  if (feed->was_waiting && waiting > 0 && taken == feed->taken) {
    gw_exchange_abort(leave(feed));
    return;
  }
  feed->was_waiting = waiting > 0;
  feed->taken = taken;
  gw_loop_timer_set(feed->loop, timer, feed->kind->heartbeat_ms);
  if (waiting == 0)
    (void)write_text(feed, feed->kind->heartbeat); /* where it fails, on_gone comes */
}

/* ---- the beginning ---- */

/* Where its session has ended meanwhile it has been told so already. */
static void on_refused(struct gw_carrier *carrier, int err) {
  struct feed *feed = gw_container_of(carrier, struct feed, carrier);
  if (feed->exchange) gw_answer_error(leave(feed), err);
}

static int write_opening(const struct feed *feed, const struct gw_recovery *recovery,
                         struct gw_buf *out) {
  const struct gw_feed_kind *kind = feed->kind;
  int err = kind->open ? kind->open(out, &recovery->cursor) : 0;
  return err == 0 && !recovery->is_recovered ? kind->gap(out, recovery) : err;
}

static int begin(struct feed *feed, const struct gw_recovery *recovery) {
  char id[GW_SESSION_ID_LEN + 1], cursor[GW_CURSOR_TEXT], headers[256];
  struct gw_buf text;
  gw_session_id(feed->carrier.session, id);
  snprintf(headers, sizeof headers, UNCACHED "Godwit-Session: %s\r\nGodwit-Cursor: %s\r\n", id,
           gw_cursor_write(&recovery->cursor, cursor));
  gw_buf_init(&text, 1024); /* a few lines with a cursor */
  int err = write_opening(feed, recovery, &text);
  const struct gw_reply reply = {.status = 200,
                                 .content_type = feed->kind->content_type,
                                 .headers = headers,
                                 .body = text.data,
                                 .len = text.len};
  if (err == 0) err = gw_exchange_begin(feed->exchange, &reply);
  gw_buf_clear(&text);
  return err;
}

static void on_subscribed(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                          const struct gw_recovery *recovery) {
  struct feed *feed = gw_container_of(carrier, struct feed, carrier);
  (void)subscription;
  if (err == 0) err = begin(feed, recovery);
  if (err >= 0) {
    gw_loop_timer_set(feed->loop, &feed->heartbeat, feed->kind->heartbeat_ms);
    return;
  }
  bool is_lost = has_begun(feed); /* a head that could not be sent: the exchange is no more */
  struct gw_exchange *exchange = leave(feed);
  if (!is_lost) gw_answer_error(exchange, err);
}

/* ---- the end ---- */

/* The session's. Nobody waits for a client that does not read. */
static void end(struct gw_carrier *carrier, enum gw_close_code code) {
  struct feed *feed = gw_container_of(carrier, struct feed, carrier);
  bool begun = has_begun(feed);
  struct gw_exchange *exchange = leave(feed);
  if (!begun)
    gw_answer_ended(exchange, code);
  else if (code == GW_CLOSE_SLOW)
    gw_exchange_abort(exchange);
  else
    gw_exchange_end(exchange);
}

static const struct gw_carrier_ops carrier_ops = {.on_subscribed = on_subscribed,
                                                  .push = push,
                                                  .on_gap = on_gap,
                                                  .transport = transport,
                                                  .is_waiting = is_waiting,
                                                  .end = end};

static void on_gone(void *user) {
  (void)leave(user);
}

static void on_drain(void *user) {
  struct feed *feed = user;
  gw_carrier_drained(&feed->carrier);
}

static void on_stop(void *user) {
  struct feed *feed = user;
  end(&feed->carrier, GW_CLOSE_DRAINING);
}

static const struct gw_exchange_events events = {
    .on_gone = on_gone, .on_drain = on_drain, .on_stop = on_stop};

/* A head alone needs no session. */
static void answer_head(struct gw_exchange *exchange, const struct gw_feed_kind *kind) {
  const struct gw_reply reply = {
      .status = 200, .content_type = kind->content_type, .headers = UNCACHED};
  if (gw_exchange_begin(exchange, &reply) >= 0) gw_exchange_end(exchange);
}

void gw_feed_serve(struct gw_exchange *exchange, const struct gw_place *place,
                   const struct gw_channel_request *request, const struct gw_feed_kind *kind) {
  if (exchange->head->method == GW_HTTP_HEAD) {
    answer_head(exchange, kind);
    return;
  }
  struct feed *feed = malloc(sizeof *feed);
  if (!feed) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return;
  }
  *feed = (struct feed){.carrier.ops = &carrier_ops,
                        .kind = kind,
                        .exchange = exchange,
                        .loop = exchange->loop,
                        .heartbeat.on_due = on_heartbeat,
                        .will_resume = request->will_resume};
  /* Who drops or conflates must know early that a client is slow. */
  if (gw_rules_of(place->gate->rules, request->channel)->slow != GW_SLOW_DISCONNECT)
    gw_exchange_keep_fresh(exchange);
  gw_exchange_watch(exchange, &events, feed);
  gw_entry_start(&feed->entry, place, &feed->carrier, request, on_refused);
}

int gw_feed_add_gap(struct gw_buf *out, const struct gw_recovery *gap) {
  int err = gw_buf_add_text(out, "{\"recovered\":false,");
  if (err == 0 && gap->is_missed_known)
    err = gw_buf_printf(out, "\"missed\":%llu,", (unsigned long long)gap->missed);
  if (err == 0) err = gw_json_add_cursor(out, "cursor", &gap->cursor);
  return err == 0 ? gw_buf_add(out, "}", 1) : err;
}
