/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 on a stream, server side. A request that is whole in the read buffer is served from
 * there without a copy; only what is cut is kept. One exchange at a time: while an answer is owed,
 * reading rests and what came already waits in `in`.
 *
 * Invariant: after an error, a refused upgrade or `Connection: close` no byte behind it is read as
 * a request.
 */
#include "http/h1.h"

#include "base/buf.h"
#include "codec/http/body.h"
#include "codec/http/text.h"
#include "codec/http/write.h"
#include "codec/ws/handshake.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum state {
  HEAD,     /* a request's head is awaited */
  BODY,     /* its head is kept in `head`, its body grows in `body_bytes` */
  ANSWER,   /* its answer is owed */
  ENDING,   /* the stream is closing: nothing is read any more */
  UPGRADED, /* the stream is another's */
};

/* What may wait in `in` beside one head: requests that were sent ahead; against a peer that
 * pipelines without end. Reading rests meanwhile, so one read buffer is what can come. */
#define IN_MAX (GW_HTTP_HEAD_MAX + (1u << 20))

struct h1 {
  struct gw_exchange exchange; /* first: the ops find their way back by it */
  struct gw_h1_side *side;
  struct gw_stream *stream;
  struct gw_link link;
  struct gw_timer timer;
  struct gw_task retire, resume;
  struct gw_http_scan scan;
  struct gw_http_body body;
  struct gw_buf in, head, body_bytes;
  uint8_t state;
  bool in_feed;     /* feed() is on the stack: it goes on by itself */
  bool is_resuming; /* `resume` is queued */
  bool has_ended;   /* the peer sends no more */
  bool has_begun;   /* the time for this request runs: nothing that still comes may extend it */
  bool is_full;     /* answers wait for a peer that does not read them: no more are made */
  bool keep_alive;  /* what the present request allows */
  bool is_http_1_0;
  bool is_head;
  bool is_released;
  uint8_t *rest; /* in feed(): what lies behind the request that is being served */
  size_t rest_len;
};

/* ---- ends ---- */

static void h1_free(struct gw_task *task) {
  struct h1 *h1 = gw_container_of(task, struct h1, retire);
  gw_buf_clear(&h1->in);
  gw_buf_clear(&h1->head);
  gw_buf_clear(&h1->body_bytes);
  free(h1);
}

static void h1_release(struct h1 *h1) {
  if (h1->is_released) return;
  h1->is_released = true;
  gw_loop_timer_cancel(h1->side->loop, &h1->timer);
  gw_list_remove(&h1->link);
  if (h1->side->on_done) h1->side->on_done(h1->side);
  if (!h1->is_resuming) gw_loop_retire(h1->side->loop, &h1->retire);
}

static void on_close(struct gw_stream *stream, int err) {
  struct h1 *h1 = stream->owner;
  (void)err;
  bool was_owed = h1->state == ANSWER && !h1->exchange.is_answered;
  h1->state = ENDING;
  if (was_owed) gw_exchange_abandon(&h1->exchange);
  h1->exchange.is_answered = true;
  h1_release(h1);
}

static void h1_end(struct h1 *h1) {
  h1->state = ENDING;
  gw_loop_timer_cancel(h1->side->loop, &h1->timer);
  gw_stream_close(h1->stream);
}

/* ---- answers ---- */

static int write_date(struct gw_buf *buf) {
  char text[64];
  time_t now = time(NULL);
  struct tm tm;
  gmtime_r(&now, &tm);
  size_t n = strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
  return gw_buf_add(buf, text, n);
}

static bool has_body(unsigned status) {
  return status != 204 && status != 304; /* RFC 9110 sections 15.3.5, 15.4.5 */
}

static int write_head(const struct h1 *h1, const struct gw_reply *reply, bool ends,
                      struct gw_buf *out) {
  int r = gw_http_write_status(out, reply->status);
  if (r == 0) r = write_date(out);
  if (r == 0 && reply->content_type)
    r = gw_http_write_field(out, GW_STR("Content-Type"), gw_str_of(reply->content_type));
  if (r == 0 && reply->headers) r = gw_buf_add_text(out, reply->headers);
  if (r == 0 && has_body(reply->status))
    r = gw_http_write_number(out, "Content-Length", reply->len);
  if (r == 0 && ends) r = gw_buf_add_text(out, "Connection: close\r\n");
  if (r == 0 && !ends && h1->is_http_1_0) r = gw_buf_add_text(out, "Connection: keep-alive\r\n");
  return r == 0 ? gw_http_write_end(out) : r;
}

static void resume_later(struct h1 *h1);

static void h1_answered(struct h1 *h1, bool ends) {
  if (ends) {
    h1_end(h1);
    return;
  }
  h1->state = HEAD;
  h1->has_begun = false;
  h1->scan = (struct gw_http_scan){0};
  gw_buf_clear(&h1->head);
  gw_buf_clear(&h1->body_bytes);
  gw_loop_timer_set(h1->side->loop, &h1->timer, h1->side->keep_alive_ms);
  if (!h1->in_feed) resume_later(h1);
}

static int h1_answer(struct gw_exchange *exchange, const struct gw_reply *reply) {
  struct h1 *h1 = (struct h1 *)exchange;
  if (h1->state == ENDING) return GW_ERR_CLOSED;
  bool is_last = h1->has_ended && h1->in.len == 0;
  bool ends = !h1->keep_alive || exchange->must_close || h1->side->is_draining || is_last;
  struct gw_buf head;
  gw_buf_init(&head, 2 * GW_HTTP_HEAD_MAX);
  int r = write_head(h1, reply, ends, &head);
  struct gw_piece pieces[2] = {{head.data, head.len, NULL}, {reply->body, reply->len, NULL}};
  bool with_body = reply->len && has_body(reply->status) && !h1->is_head;
  if (r == 0) r = gw_stream_write(h1->stream, pieces, with_body ? 2 : 1);
  gw_buf_clear(&head);
  exchange->head = NULL;
  if (r < 0) {
    gw_stream_abort(h1->stream, r);
    h1->state = ENDING;
    return r;
  }
  h1->is_full = r == 1 && !ends;
  if (h1->is_full) gw_stream_pause(h1->stream, true);
  h1_answered(h1, ends);
  return 0;
}

static unsigned status_of(int err) {
  switch (err) {
  case GW_ERR_TIMEOUT: return 408;
  case GW_ERR_HTTP_BODY_LARGE: return 413;
  case GW_ERR_MEMORY: return 503;
  default: return gw_ws_error_status(err);
  }
}

/* A request that cannot be served: says so and ends. */
static void h1_refuse(struct h1 *h1, int err) {
  struct gw_http_head none = {0};
  h1->exchange.head = &none;
  h1->exchange.is_answered = false;
  h1->is_head = false;
  h1->keep_alive = false;
  h1->state = ANSWER;
  gw_exchange_problem(&h1->exchange, status_of(err), gw_error_text(err));
}

/* ---- the way to a WebSocket ---- */

static int h1_upgrade(struct gw_exchange *exchange, struct gw_conn *conn,
                      const struct gw_ws_request *request, int protocol) {
  struct h1 *h1 = (struct h1 *)exchange;
  struct gw_str name = gw_conn_protocol_at(gw_conn_route_of(conn)->handler, protocol);
  char answer[512], text[128];
  if (protocol < 0) name = (struct gw_str){0};
  if (name.len >= sizeof text) name.len = 0;
  if (name.len) memcpy(text, name.at, name.len);
  text[name.len] = '\0';
  int n = gw_ws_answer_write(request, name.len ? text : NULL, answer, sizeof answer);
  int r = n < 0 ? n : gw_stream_write(h1->stream, &(struct gw_piece){answer, (size_t)n, NULL}, 1);
  if (r >= 0 && h1->has_ended) r = GW_ERR_CLOSED;
  if (r < 0) {
    gw_exchange_abandon(exchange);
    gw_conn_drop(conn);
    h1_end(h1);
    return r;
  }
  struct gw_stream *stream = h1->stream;
  h1->state = UPGRADED;
  if (!h1->in_feed) { /* accepted later: what came meanwhile has been kept */
    h1->rest = h1->in.data;
    h1->rest_len = h1->in.len;
    gw_stream_pause(stream, false);
  }
  gw_conn_open(conn, stream, &request->deflate, protocol < 0 ? -1 : protocol);
  if (h1->side->is_draining) gw_conn_close(conn, GW_WS_CODE_GOING_AWAY, "the server is stopping");
  if (h1->rest_len) gw_conn_feed(conn, h1->rest, h1->rest_len);
  h1_release(h1);
  return 0;
}

static struct gw_stream *h1_stream(const struct gw_exchange *exchange) {
  return ((const struct h1 *)exchange)->stream;
}

static const struct gw_exchange_ops ops = {
    .answer = h1_answer, .upgrade = h1_upgrade, .stream = h1_stream};

/* ---- requests ---- */

static void begin_exchange(struct h1 *h1, const struct gw_http_head *head) {
  h1->exchange = (struct gw_exchange){
      .ops = &ops, .head = head, .loop = h1->side->loop, .is_tls = h1->side->is_tls};
  gw_http_target_split(head->target, &h1->exchange.path, &h1->exchange.query);
  h1->keep_alive = head->keep_alive;
  h1->is_http_1_0 = head->minor == 0;
  h1->is_head = head->method == GW_HTTP_HEAD;
}

static void serve(struct h1 *h1, const struct gw_http_head *head, struct gw_str body) {
  begin_exchange(h1, head);
  h1->exchange.body = body;
  h1->state = ANSWER;
  gw_loop_timer_cancel(h1->side->loop, &h1->timer);
  h1->side->on_request(h1->side, &h1->exchange);
  if (h1->state == ANSWER && !h1->exchange.is_answered) {
    h1->exchange.head = NULL;
    h1->exchange.path = h1->exchange.query = h1->exchange.body = (struct gw_str){0};
    gw_stream_pause(h1->stream, true);
  }
}

static int keep_head(struct h1 *h1, const struct gw_http_head *head, const uint8_t *data,
                     size_t len) {
  begin_exchange(h1, head);
  size_t max = h1->side->on_head ? h1->side->on_head(h1->side, &h1->exchange) : h1->side->max_body;
  if (head->framing == GW_HTTP_LENGTH && head->length > max) return GW_ERR_HTTP_BODY_LARGE;
  gw_buf_init(&h1->head, GW_HTTP_HEAD_MAX);
  gw_buf_init(&h1->body_bytes, max ? max : 1);
  int r = gw_buf_add(&h1->head, data, len);
  if (r < 0) return r;
  gw_http_body_init(&h1->body, head);
  h1->state = BODY;
  return 0;
}

/* The whole body is there: the head is read once more from where it was kept. */
static void serve_kept(struct h1 *h1) {
  struct gw_http_head head;
  int r = gw_http_request_parse(&head, (const char *)h1->head.data, h1->head.len);
  if (r < 0) {
    h1_refuse(h1, r);
  } else {
    serve(h1, &head, (struct gw_str){(const char *)h1->body_bytes.data, h1->body_bytes.len});
  }
}

/* Each step uses up some input: 1 go on, 0 more is needed. */
static int read_body(struct h1 *h1, uint8_t **data, size_t *len) {
  struct gw_str piece;
  const char *at = (const char *)*data;
  int r = gw_http_body_read(&h1->body, &at, len, &piece);
  *data = (uint8_t *)at;
  h1->rest = *data;
  h1->rest_len = *len;
  if (r == 1) {
    r = gw_buf_add(&h1->body_bytes, piece.at, piece.len);
    if (r == 0) return 1;
    if (r == GW_ERR_FULL) r = GW_ERR_HTTP_BODY_LARGE;
  }
  if (r < 0) {
    h1_refuse(h1, r);
  } else if (r == 2) {
    serve_kept(h1);
  }
  return r != 0;
}

static void say_continue(struct h1 *h1) {
  gw_stream_write(h1->stream, &(struct gw_piece){"HTTP/1.1 100 Continue\r\n\r\n", 25, NULL}, 1);
}

static int read_head(struct h1 *h1, uint8_t **data, size_t *len) {
  if (h1->scan.at == 0) {
    size_t blank = gw_http_scan_blank((const char *)*data, *len);
    *data += blank;
    *len -= blank;
    if (*len == 0) return 0;
    if (!h1->has_begun) gw_loop_timer_set(h1->side->loop, &h1->timer, h1->side->handshake_ms);
    h1->has_begun = true;
  }
  int r = gw_http_scan(&h1->scan, (const char *)*data, *len);
  if (r == 0) return 0;
  struct gw_http_head head;
  size_t n = r > 0 ? (size_t)r : 0;
  if (r > 0) r = gw_http_request_parse(&head, (const char *)*data, n);
  if (r == 0 && head.framing != GW_HTTP_NO_BODY) r = keep_head(h1, &head, *data, n);
  if (r < 0) {
    h1_refuse(h1, r);
    return 1;
  }
  h1->rest = *data + n;
  h1->rest_len = *len - n;
  if (h1->state == BODY) {
    if (head.expects_continue && h1->rest_len == 0 && head.minor == 1) say_continue(h1);
  } else {
    serve(h1, &head, (struct gw_str){0});
  }
  *data += n;
  *len -= n;
  return 1;
}

static void feed(struct h1 *h1, uint8_t **data, size_t *len) {
  h1->in_feed = true;
  int more = 1;
  while (more && !h1->is_full && (*len || h1->state == BODY))
    if (h1->state == HEAD) {
      more = read_head(h1, data, len);
    } else if (h1->state == BODY) {
      more = read_body(h1, data, len);
    } else {
      more = 0;
    }
  h1->in_feed = false;
}

/* What is not used up waits. */
static void keep_rest(struct h1 *h1, const uint8_t *data, size_t len) {
  if (h1->state == ENDING || h1->state == UPGRADED || len == 0) return;
  if (gw_buf_add(&h1->in, data, len) < 0) {
    gw_stream_abort(h1->stream, GW_ERR_MEMORY);
    h1->state = ENDING;
  }
}

static void feed_kept(struct h1 *h1) {
  uint8_t *data = h1->in.data;
  size_t len = h1->in.len;
  feed(h1, &data, &len);
  if (h1->state == UPGRADED || h1->state == ENDING) return;
  if (len == 0) {
    gw_buf_clear(&h1->in);
  } else {
    gw_buf_drop(&h1->in, h1->in.len - len);
  }
}

static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct h1 *h1 = stream->owner;
  if (h1->in.len || h1->state == ANSWER || h1->is_full) {
    keep_rest(h1, data, len);
    if (h1->state == HEAD || h1->state == BODY) feed_kept(h1);
    return;
  }
  feed(h1, &data, &len);
  keep_rest(h1, data, len);
}

/* After an answer that came later: what had been sent ahead is served, in a turn's end of its own
 * so that answers given inside calls never nest. */
static void on_resume(struct gw_task *task) {
  struct h1 *h1 = gw_container_of(task, struct h1, resume);
  h1->is_resuming = false;
  if (h1->is_released) {
    gw_loop_retire(h1->side->loop, &h1->retire);
    return;
  }
  if (h1->state != HEAD || h1->is_full) return;
  gw_stream_pause(h1->stream, false);
  if (h1->in.len) feed_kept(h1);
  if (h1->state == HEAD && h1->has_ended) h1_end(h1);
}

static void resume_later(struct h1 *h1) {
  if (h1->is_resuming) return;
  h1->is_resuming = true;
  gw_loop_defer(h1->side->loop, &h1->resume);
}

static void on_end(struct gw_stream *stream) {
  struct h1 *h1 = stream->owner;
  h1->has_ended = true;
  if (h1->state != ANSWER && !h1->is_full) h1_end(h1);
}

static void on_drain(struct gw_stream *stream) {
  struct h1 *h1 = stream->owner;
  if (!h1->is_full) return;
  h1->is_full = false;
  resume_later(h1);
}

static void on_timer(struct gw_timer *timer) {
  struct h1 *h1 = gw_container_of(timer, struct h1, timer);
  if (h1->scan.at == 0 && h1->state == HEAD) {
    h1_end(h1); /* nothing was asked: nothing to answer */
  } else {
    h1_refuse(h1, GW_ERR_TIMEOUT);
  }
}

static const struct gw_stream_events events = {
    .on_data = on_data, .on_end = on_end, .on_drain = on_drain, .on_close = on_close};

/* ---- life ---- */

void gw_h1_side_init(struct gw_h1_side *side) {
  *side = (struct gw_h1_side){.handshake_ms = 10000, .keep_alive_ms = 75000, .max_body = 64 * 1024};
  gw_list_init(&side->conns);
}

int gw_h1_open(struct gw_h1_side *side, struct gw_stream *stream) {
  struct h1 *h1 = calloc(1, sizeof *h1);
  if (!h1) {
    gw_stream_abort(stream, GW_ERR_MEMORY);
    return GW_ERR_MEMORY;
  }
  h1->side = side;
  h1->stream = stream;
  h1->retire.run = h1_free;
  h1->resume.run = on_resume;
  h1->timer.on_due = on_timer;
  h1->exchange.ops = &ops;
  h1->has_begun = true; /* from the accept on */
  gw_buf_init(&h1->in, IN_MAX);
  gw_list_append(&side->conns, &h1->link);
  gw_stream_own(stream, &events, h1);
  gw_loop_timer_set(side->loop, &h1->timer, side->handshake_ms);
  return 0;
}

void gw_h1_drain(struct gw_h1_side *side) {
  side->is_draining = true;
  for (struct gw_link *l = side->conns.next, *next; l != &side->conns; l = next) {
    struct h1 *h1 = gw_container_of(l, struct h1, link);
    next = l->next;
    if (h1->state == HEAD && h1->in.len == 0) h1_end(h1);
  }
}

void gw_h1_abort_all(struct gw_h1_side *side) {
  for (struct gw_link *l = side->conns.next; l != &side->conns; l = l->next)
    gw_stream_abort(gw_container_of(l, struct h1, link)->stream, GW_ERR_CLOSED);
}
