/* SPDX-License-Identifier: MIT */
/*
 * The answers of an HTTP/1.1 connection: whole ones, bodies that go on (RFC 9112 section 7.1), and
 * the 101. Reads nothing.
 *
 * Invariant: while a body goes on every write leaves whole chunks behind, in one gathered write
 * each; so it can be ended at any moment, and what is shared goes out without a copy.
 */
#include "http/h1_inside.h"

#include "codec/http/text.h"
#include "codec/http/write.h"
#include "codec/ws/handshake.h"

#include <time.h>

static struct gw_h1 *h1_of(const struct gw_exchange *exchange) {
  return (struct gw_h1 *)(uintptr_t)exchange;
}

/* ---- the head ---- */

/* Channels hold anything, and no browser is to find HTML in it. */
#define STANDARD "Date: %a, %d %b %Y %H:%M:%S GMT\r\nX-Content-Type-Options: nosniff\r\n"

/* An error is nobody's page: it loads nothing and is in no frame, is not kept (RFC 9111 would allow
 * it for some), and who goes on from it does not tell the address, which may hold a token. */
#define PROBLEM                                                                                    \
  "Cache-Control: no-store\r\n"                                                                    \
  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"                        \
  "Referrer-Policy: no-referrer\r\n"

/* What every answer has, made anew once a second. */
static struct gw_str standard_lines(struct gw_h1_side *side) {
  time_t now = time(NULL);
  if (now != side->dated_s || side->standard.len == 0) {
    struct tm tm;
    gmtime_r(&now, &tm);
    size_t n = strftime(side->standard_text, sizeof side->standard_text, STANDARD, &tm);
    side->standard = (struct gw_str){side->standard_text, n};
    side->dated_s = now;
  }
  return side->standard;
}

static bool has_body(unsigned status) {
  return status != 204 && status != 304; /* RFC 9110 sections 15.3.5, 15.4.5 */
}

/* How the body's end is found. Until the connection's end: `ends` says so. */
static int write_framing(struct gw_buf *out, const struct gw_reply *reply,
                         enum gw_http_framing framing) {
  if (framing == GW_HTTP_CHUNKED) return gw_buf_add_text(out, "Transfer-Encoding: chunked\r\n");
  return framing == GW_HTTP_LENGTH ? gw_http_write_number(out, "Content-Length", reply->len) : 0;
}

static int write_head(const struct gw_h1 *h1, const struct gw_reply *reply,
                      enum gw_http_framing framing, bool ends, struct gw_buf *out) {
  int r = gw_http_write_status(out, reply->status);
  if (r == 0) r = gw_buf_add_str(out, standard_lines(h1->side));
  if (r == 0 && reply->content_type)
    r = gw_http_write_field(out, GW_STR("Content-Type"), gw_str_of(reply->content_type));
  if (r == 0 && reply->headers) r = gw_buf_add_text(out, reply->headers);
  if (r == 0 && h1->exchange.is_problem) r = gw_buf_add_str(out, GW_STR(PROBLEM));
  if (r == 0 && h1->exchange.lines) r = gw_buf_add_text(out, h1->exchange.lines);
  if (r == 0) r = write_framing(out, reply, framing);
  if (r == 0 && ends) r = gw_buf_add_text(out, "Connection: close\r\n");
  if (r == 0 && !ends && h1->is_http_1_0) r = gw_buf_add_text(out, "Connection: keep-alive\r\n");
  return r == 0 ? gw_http_write_end(out) : r;
}

/* Whether the connection ends with this answer. */
static bool is_last(const struct gw_h1 *h1) {
  return !h1->keep_alive || h1->exchange.must_close || h1->side->is_draining ||
         (h1->has_ended && gw_h1_waiting(h1) == 0);
}

static int lose(struct gw_h1 *h1, int err) {
  h1->state = GW_H1_ENDING;
  gw_stream_abort(h1->stream, err);
  return err;
}

/* The answer is out; `written`: what the last write said. */
static void answered(struct gw_h1 *h1, int written, bool ends) {
  if (ends) {
    gw_h1_close(h1);
    return;
  }
  h1->is_full = written == 1;
  if (h1->is_full) gw_stream_pause(h1->stream, true);
  h1->state = GW_H1_HEAD;
  h1->has_begun = false;
  h1->scan = (struct gw_http_scan){0};
  gw_h1_forget(h1);
  gw_loop_timer_set(h1->side->loop, &h1->timer, h1->side->keep_alive_ms);
  if (!h1->in_feed) gw_h1_resume_later(h1);
}

/* ---- whole answers ---- */

static int h1_answer(struct gw_exchange *exchange, const struct gw_reply *reply) {
  struct gw_h1 *h1 = h1_of(exchange);
  if (h1->state == GW_H1_ENDING) return GW_ERR_CLOSED;
  bool ends = is_last(h1);
  struct gw_buf head;
  gw_buf_init(&head, 2 * GW_HTTP_HEAD_MAX);
  enum gw_http_framing framing = has_body(reply->status) ? GW_HTTP_LENGTH : GW_HTTP_NO_BODY;
  int r = write_head(h1, reply, framing, ends, &head);
  struct gw_piece pieces[2] = {{head.data, head.len, NULL}, {reply->body, reply->len, NULL}};
  bool with_body = reply->len && has_body(reply->status) && !h1->is_head;
  if (r == 0) r = gw_stream_write(h1->stream, pieces, with_body ? 2 : 1);
  gw_buf_clear(&head);
  exchange->head = NULL;
  if (r < 0) return lose(h1, r);
  answered(h1, r, ends);
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

void gw_h1_refuse(struct gw_h1 *h1, int err) {
  struct gw_http_head none = {0};
  h1->exchange.head = &none;
  h1->exchange.is_answered = false;
  h1->is_head = false;
  h1->keep_alive = false;
  h1->state = GW_H1_ANSWER;
  gw_exchange_problem(&h1->exchange, status_of(err), gw_error_text(err));
}

/* ---- bodies that go on ---- */

/* The client's end is to be seen from now on, also where it goes without a word. */
static void listen_on(struct gw_h1 *h1) {
  if (!h1->is_guarded) gw_stream_guard(h1->stream);
  h1->is_guarded = true;
  if (h1->has_ended || h1->side->is_draining) gw_h1_resume_later(h1);
  if (gw_h1_waiting(h1) < GW_H1_AHEAD_MAX) gw_stream_pause(h1->stream, false);
}

static void h1_hold(struct gw_exchange *exchange) {
  struct gw_h1 *h1 = h1_of(exchange);
  if (!gw_h1_is_owed(h1)) return;
  h1->is_held = true;
  listen_on(h1);
}

enum { CHUNK_PIECES = 3 };

/* `data` as a chunk, its head line in `head`; where there are no chunks, as it is. Gives how many
 * pieces that makes. */
static unsigned chunk(const struct gw_h1 *h1, struct gw_piece data, char head[18],
                      struct gw_piece *out) {
  if (data.len == 0 || h1->is_mute) return 0; /* a chunk of nothing would end the body */
  if (!h1->is_chunked) {
    out[0] = data;
    return 1;
  }
  out[0] = (struct gw_piece){head, gw_http_chunk_head(head, data.len), NULL};
  out[1] = data;
  out[2] = (struct gw_piece){"\r\n", 2, NULL};
  return CHUNK_PIECES;
}

/* RFC 9112 section 6.1: no transfer coding towards HTTP/1.0, whose body ends with the connection,
 * and none with a status that has no body. */
static int h1_begin(struct gw_exchange *exchange, const struct gw_reply *reply) {
  struct gw_h1 *h1 = h1_of(exchange);
  if (h1->state == GW_H1_ENDING) return GW_ERR_CLOSED;
  h1->is_mute = h1->is_head || !has_body(reply->status);
  h1->is_chunked = !h1->is_http_1_0 && has_body(reply->status);
  h1->keep_alive = !is_last(h1) && !h1->is_http_1_0;
  struct gw_buf head;
  gw_buf_init(&head, 2 * GW_HTTP_HEAD_MAX);
  int r = write_head(h1, reply, h1->is_chunked ? GW_HTTP_CHUNKED : GW_HTTP_NO_BODY, !h1->keep_alive,
                     &head);
  char line[18];
  struct gw_piece pieces[1 + CHUNK_PIECES] = {{head.data, head.len, NULL}};
  unsigned n = chunk(h1, (struct gw_piece){reply->body, reply->len, NULL}, line, pieces + 1);
  if (r == 0) r = gw_stream_write(h1->stream, pieces, 1 + n);
  gw_buf_clear(&head);
  if (r < 0) return lose(h1, r);
  exchange->is_streaming = true;
  listen_on(h1);
  return r;
}

/* What is inside a chunk that is made already. */
static struct gw_piece inside(struct gw_piece made) {
  const char *at = made.data, *end = memchr(at, '\n', made.len);
  size_t head = end ? (size_t)(end + 1 - at) : 0;
  return (struct gw_piece){at + head, made.len - head - 2, made.owner};
}

static int h1_write(struct gw_exchange *exchange, struct gw_piece piece, bool is_chunk) {
  struct gw_h1 *h1 = h1_of(exchange);
  char line[18];
  struct gw_piece pieces[CHUNK_PIECES] = {piece};
  if (h1->is_mute) return 0;
  if (is_chunk && !h1->is_chunked) pieces[0] = inside(piece);
  return gw_stream_write(h1->stream, pieces, is_chunk ? 1 : chunk(h1, piece, line, pieces));
}

static void h1_end(struct gw_exchange *exchange, bool is_whole) {
  struct gw_h1 *h1 = h1_of(exchange);
  int r = is_whole ? 0 : GW_ERR_CLOSED;
  if (h1->state == GW_H1_ENDING) return;
  exchange->head = NULL;
  if (is_whole && h1->is_chunked && !h1->is_mute)
    r = gw_stream_write(h1->stream, &(struct gw_piece){"0\r\n\r\n", 5, NULL}, 1);
  if (r < 0) {
    (void)lose(h1, r);
  } else {
    answered(h1, r, is_last(h1));
  }
}

/* ---- the way to a WebSocket ---- */

/* The exchange's own lines go before the empty one. */
static int write_switch(struct gw_h1 *h1, const char *answer, size_t len) {
  const char *lines = h1->exchange.lines ? h1->exchange.lines : "";
  const struct gw_piece pieces[] = {
      {answer, len - 2, NULL}, {lines, strlen(lines), NULL}, {"\r\n", 2, NULL}};
  return gw_stream_write(h1->stream, pieces, 3);
}

static int h1_upgrade(struct gw_exchange *exchange, struct gw_conn *conn,
                      const struct gw_ws_request *request, int protocol) {
  struct gw_h1 *h1 = h1_of(exchange);
  struct gw_str name = gw_conn_protocol_at(gw_conn_route_of(conn)->handler, protocol);
  char answer[512], text[128];
  if (protocol < 0) name = (struct gw_str){0};
  if (name.len >= sizeof text) name.len = 0;
  if (name.len) memcpy(text, name.at, name.len);
  text[name.len] = '\0';
  int n = gw_ws_answer_write(request, name.len ? text : NULL, answer, sizeof answer);
  int r = n < 0 ? n : write_switch(h1, answer, (size_t)n);
  if (r >= 0 && h1->has_ended) r = GW_ERR_CLOSED;
  if (r < 0) {
    gw_exchange_abandon(exchange);
    gw_conn_drop(conn);
    gw_h1_close(h1);
    return r;
  }
  struct gw_stream *stream = h1->stream;
  h1->state = GW_H1_UPGRADED;
  if (!h1->in_feed) { /* accepted later: what came meanwhile has been kept */
    h1->side->rest_len = gw_h1_waiting(h1);
    h1->side->rest = h1->side->rest_len ? h1->kept->in.data : NULL;
    gw_stream_pause(stream, false);
  }
  gw_conn_open(conn, stream, &request->deflate, protocol < 0 ? -1 : protocol);
  if (h1->side->is_draining) gw_conn_stop(conn);
  if (h1->side->rest_len) gw_conn_feed(conn, h1->side->rest, h1->side->rest_len);
  gw_h1_release(h1);
  return 0;
}

static struct gw_stream *h1_stream(const struct gw_exchange *exchange) {
  return h1_of(exchange)->stream;
}

const struct gw_exchange_ops gw_h1_ops = {
    .answer = h1_answer,
    .begin = h1_begin,
    .write = h1_write,
    .end = h1_end,
    .hold = h1_hold,
    .upgrade = h1_upgrade,
    .stream = h1_stream,
};
