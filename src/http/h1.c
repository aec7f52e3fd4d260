/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 on a stream, server side: its life and its requests (the answers are h1_answer.c's). A
 * request that is whole in the read buffer is served from there without a copy; only what is cut is
 * kept. One exchange at a time: while an answer is owed, reading rests and what came already waits
 * in `in`; only where the client's end is to be seen (a body that goes on, an exchange that is
 * held) it goes on as far as GW_H1_AHEAD_MAX.
 *
 * Invariant: after an error, a refused upgrade or `Connection: close` no byte behind it is read as
 * a request.
 */
#include "http/h1.h"

#include "codec/http/text.h"
#include "http/h1_inside.h"

#include <stdlib.h>

/* What may wait in `in` beside one head: requests that were sent ahead; against a peer that
 * pipelines without end. Reading rests meanwhile, so one read buffer is what can come. */
#define IN_MAX (GW_HTTP_HEAD_MAX + (1u << 20))

/* ---- ends ---- */

void gw_h1_forget(struct gw_h1 *h1) {
  if (!h1->kept) return;
  gw_buf_clear(&h1->kept->head);
  gw_buf_clear(&h1->kept->body_bytes);
}

static int keep(struct gw_h1 *h1) {
  if (h1->kept) return 0;
  h1->kept = calloc(1, sizeof *h1->kept);
  if (!h1->kept) return GW_ERR_MEMORY;
  gw_buf_init(&h1->kept->in, IN_MAX);
  return 0;
}

static void kept_free(struct gw_h1 *h1) {
  if (!h1->kept) return;
  gw_h1_forget(h1);
  gw_buf_clear(&h1->kept->in);
  free(h1->kept);
  h1->kept = NULL;
}

static void h1_free(struct gw_task *task) {
  struct gw_h1 *h1 = gw_container_of(task, struct gw_h1, task);
  free(h1->exchange.lines);
  kept_free(h1);
  free(h1);
}

static void retire(struct gw_h1 *h1) {
  h1->task.run = h1_free;
  gw_loop_retire(h1->side->loop, &h1->task);
}

void gw_h1_release(struct gw_h1 *h1) {
  if (h1->is_released) return;
  h1->is_released = true;
  gw_loop_timer_cancel(h1->side->loop, &h1->timer);
  gw_list_remove(&h1->link);
  if (h1->side->on_done) h1->side->on_done(h1->side);
  if (!h1->is_resuming) retire(h1);
}

/* Nothing is answered any more; whoever counts on the exchange is told. Not inside a call of
 * theirs. */
static void abandon(struct gw_h1 *h1) {
  bool was_owed = gw_h1_is_owed(h1);
  h1->state = GW_H1_ENDING;
  if (was_owed) gw_exchange_abandon(&h1->exchange);
  h1->exchange.is_answered = true;
}

static void on_close(struct gw_stream *stream, int err) {
  struct gw_h1 *h1 = stream->owner;
  (void)err;
  abandon(h1);
  gw_h1_release(h1);
}

void gw_h1_close(struct gw_h1 *h1) {
  h1->state = GW_H1_ENDING;
  gw_loop_timer_cancel(h1->side->loop, &h1->timer);
  gw_stream_close(h1->stream);
}

/* ---- requests ---- */

static void begin_exchange(struct gw_h1 *h1, const struct gw_http_head *head) {
  free(h1->exchange.lines);
  h1->exchange = (struct gw_exchange){
      .ops = &gw_h1_ops, .head = head, .loop = h1->side->loop, .is_tls = h1->side->is_tls};
  h1->keep_alive = head->keep_alive;
  h1->is_http_1_0 = head->minor == 0;
  h1->is_head = head->method == GW_HTTP_HEAD;
  h1->is_held = h1->is_stopped = false;
}

static void serve(struct gw_h1 *h1, const struct gw_http_head *head, struct gw_str body) {
  begin_exchange(h1, head);
  h1->exchange.body = body;
  h1->state = GW_H1_ANSWER;
  gw_loop_timer_cancel(h1->side->loop, &h1->timer);
  h1->side->on_request(h1->side, &h1->exchange);
  if (!gw_h1_is_owed(h1)) return;
  h1->exchange.head = NULL;
  h1->exchange.body = (struct gw_str){0};
  gw_h1_forget(h1); /* the answer may take long */
  if (!gw_h1_listens(h1)) gw_stream_pause(h1->stream, true);
}

static int keep_head(struct gw_h1 *h1, const struct gw_http_head *head, const uint8_t *data,
                     size_t len) {
  begin_exchange(h1, head);
  size_t max = h1->side->on_head ? h1->side->on_head(h1->side, &h1->exchange) : h1->side->max_body;
  if (head->framing == GW_HTTP_LENGTH && head->length > max) return GW_ERR_HTTP_BODY_LARGE;
  int r = keep(h1);
  if (r < 0) return r;
  gw_buf_init(&h1->kept->head, GW_HTTP_HEAD_MAX);
  gw_buf_init(&h1->kept->body_bytes, max ? max : 1);
  r = gw_buf_add(&h1->kept->head, data, len);
  if (r < 0) return r;
  gw_http_body_init(&h1->kept->body, head);
  h1->state = GW_H1_BODY;
  return 0;
}

/* The whole body is there: the head is read once more from where it was kept. */
static void serve_kept(struct gw_h1 *h1) {
  struct gw_http_head head;
  const struct gw_h1_kept *kept = h1->kept;
  int r = gw_http_request_parse(&head, (const char *)kept->head.data, kept->head.len);
  if (r < 0) {
    gw_h1_refuse(h1, r);
  } else {
    serve(h1, &head, (struct gw_str){(const char *)kept->body_bytes.data, kept->body_bytes.len});
  }
}

/* Each step uses up some input: 1 go on, 0 more is needed. */
static int read_body(struct gw_h1 *h1, uint8_t **data, size_t *len) {
  struct gw_str piece;
  const char *at = (const char *)*data;
  int r = gw_http_body_read(&h1->kept->body, &at, len, &piece);
  *data = (uint8_t *)at;
  h1->side->rest = *data;
  h1->side->rest_len = *len;
  if (r == 1) {
    r = gw_buf_add(&h1->kept->body_bytes, piece.at, piece.len);
    if (r == 0) return 1;
    if (r == GW_ERR_FULL) r = GW_ERR_HTTP_BODY_LARGE;
  }
  if (r < 0) {
    gw_h1_refuse(h1, r);
  } else if (r == 2) {
    serve_kept(h1);
  }
  return r != 0;
}

static void say_continue(struct gw_h1 *h1) {
  gw_stream_write(h1->stream, &(struct gw_piece){"HTTP/1.1 100 Continue\r\n\r\n", 25, NULL}, 1);
}

static int read_head(struct gw_h1 *h1, uint8_t **data, size_t *len) {
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
    gw_h1_refuse(h1, r);
    return 1;
  }
  h1->side->rest = *data + n;
  h1->side->rest_len = *len - n;
  if (h1->state == GW_H1_BODY) {
    if (head.expects_continue && h1->side->rest_len == 0 && head.minor == 1) say_continue(h1);
  } else {
    serve(h1, &head, (struct gw_str){0});
  }
  *data += n;
  *len -= n;
  return 1;
}

static void feed(struct gw_h1 *h1, uint8_t **data, size_t *len) {
  h1->in_feed = true;
  int more = 1;
  while (more && !h1->is_full && (*len || h1->state == GW_H1_BODY))
    if (h1->state == GW_H1_HEAD) {
      more = read_head(h1, data, len);
    } else if (h1->state == GW_H1_BODY) {
      more = read_body(h1, data, len);
    } else {
      more = 0;
    }
  h1->in_feed = false;
}

/* Nothing waits and no body is awaited: the usual case. */
static void kept_trim(struct gw_h1 *h1) {
  if (gw_h1_waiting(h1) == 0 && h1->state != GW_H1_BODY) kept_free(h1);
}

/* What is not used up waits. */
static void keep_rest(struct gw_h1 *h1, const uint8_t *data, size_t len) {
  if (h1->state == GW_H1_ENDING || h1->state == GW_H1_UPGRADED || len == 0) return;
  if (keep(h1) < 0 || gw_buf_add(&h1->kept->in, data, len) < 0) {
    gw_stream_abort(h1->stream, GW_ERR_MEMORY);
    abandon(h1);
  } else if (gw_h1_listens(h1) && gw_h1_waiting(h1) >= GW_H1_AHEAD_MAX) {
    gw_stream_pause(h1->stream, true);
  }
}

static void feed_kept(struct gw_h1 *h1) {
  struct gw_buf *in = &h1->kept->in;
  uint8_t *data = in->data;
  size_t len = in->len;
  feed(h1, &data, &len);
  if (h1->state == GW_H1_UPGRADED || h1->state == GW_H1_ENDING) return;
  if (len == 0) {
    gw_buf_clear(in);
  } else {
    gw_buf_drop(in, in->len - len);
  }
  kept_trim(h1);
}

static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct gw_h1 *h1 = stream->owner;
  if (gw_h1_waiting(h1) || h1->state == GW_H1_ANSWER || h1->is_full) {
    keep_rest(h1, data, len);
    if (h1->state == GW_H1_HEAD || h1->state == GW_H1_BODY) feed_kept(h1);
    return;
  }
  feed(h1, &data, &len);
  keep_rest(h1, data, len);
  kept_trim(h1);
}

static void go(struct gw_h1 *h1) {
  abandon(h1);
  gw_h1_close(h1);
}

/* An exchange that may take as long as it likes hears of the stop. */
static void stop(struct gw_h1 *h1) {
  if (!gw_h1_listens(h1) || h1->is_stopped) return;
  h1->is_stopped = true;
  gw_exchange_stop(&h1->exchange);
}

/* After an answer that came later: what had been sent ahead is served, in a turn's end of its own
 * so that answers given inside calls never nest. */
static void on_resume(struct gw_task *task) {
  struct gw_h1 *h1 = gw_container_of(task, struct gw_h1, task);
  h1->is_resuming = false;
  if (h1->is_released) {
    retire(h1);
    return;
  }
  if (gw_h1_listens(h1) && h1->has_ended) go(h1);
  if (h1->side->is_draining) stop(h1);
  if (h1->state != GW_H1_HEAD || h1->is_full) return;
  gw_stream_pause(h1->stream, false);
  if (gw_h1_waiting(h1)) feed_kept(h1);
  if (h1->state == GW_H1_HEAD && h1->has_ended) gw_h1_close(h1);
}

void gw_h1_resume_later(struct gw_h1 *h1) {
  if (h1->is_resuming || h1->is_released) return;
  h1->is_resuming = true;
  h1->task.run = on_resume;
  gw_loop_defer(h1->side->loop, &h1->task);
}

static void on_end(struct gw_stream *stream) {
  struct gw_h1 *h1 = stream->owner;
  h1->has_ended = true;
  if (gw_h1_listens(h1)) {
    go(h1);
  } else if (h1->state != GW_H1_ANSWER && !h1->is_full) {
    gw_h1_close(h1);
  }
}

static void on_drain(struct gw_stream *stream) {
  struct gw_h1 *h1 = stream->owner;
  if (h1->state == GW_H1_ANSWER) gw_exchange_drained(&h1->exchange);
  if (!h1->is_full) return;
  h1->is_full = false;
  gw_h1_resume_later(h1);
}

static void on_timer(struct gw_timer *timer) {
  struct gw_h1 *h1 = gw_container_of(timer, struct gw_h1, timer);
  if (h1->scan.at == 0 && h1->state == GW_H1_HEAD) {
    gw_h1_close(h1); /* nothing was asked: nothing to answer */
  } else {
    gw_h1_refuse(h1, GW_ERR_TIMEOUT);
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
  struct gw_h1 *h1 = calloc(1, sizeof *h1);
  if (!h1) {
    gw_stream_abort(stream, GW_ERR_MEMORY);
    return GW_ERR_MEMORY;
  }
  h1->side = side;
  h1->stream = stream;
  h1->timer.on_due = on_timer;
  h1->exchange.ops = &gw_h1_ops;
  h1->has_begun = true; /* from the accept on */
  gw_list_append(&side->conns, &h1->link);
  gw_stream_own(stream, &events, h1);
  gw_loop_timer_set(side->loop, &h1->timer, side->handshake_ms);
  return 0;
}

static void drain(struct gw_h1 *h1) {
  if (h1->state == GW_H1_HEAD && gw_h1_waiting(h1) == 0) {
    gw_h1_close(h1);
  } else {
    stop(h1);
  }
}

/* What is told of the stop may end any connection: each is taken out of the list before its turn.
 */
void gw_h1_drain(struct gw_h1_side *side) {
  struct gw_link seen;
  gw_list_init(&seen);
  side->is_draining = true;
  while (!gw_list_is_empty(&side->conns)) {
    struct gw_link *link = side->conns.next;
    gw_list_remove(link);
    gw_list_append(&seen, link);
    drain(gw_container_of(link, struct gw_h1, link));
  }
  while (!gw_list_is_empty(&seen)) {
    struct gw_link *link = seen.next;
    gw_list_remove(link);
    gw_list_append(&side->conns, link);
  }
}

void gw_h1_abort_all(struct gw_h1_side *side) {
  for (struct gw_link *l = side->conns.next; l != &side->conns; l = l->next)
    gw_stream_abort(gw_container_of(l, struct gw_h1, link)->stream, GW_ERR_CLOSED);
}
