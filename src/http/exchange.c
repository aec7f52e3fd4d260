/* SPDX-License-Identifier: MIT */
/*
 * What is the same for every carrier of an exchange: reading the request, checking a reply, the way
 * to a WebSocket, and who may come from which site. Knows no stream and no version of HTTP.
 */
#include "http/exchange.h"

#include "codec/http/text.h"
#include "codec/http/write.h"
#include "codec/ws/handshake.h"
#include "http/origin.h"

#include <stdio.h>
#include <stdlib.h>

/* Header lines that are added to one answer: they fit into a head beside all else. */
#define LINES_MAX (8 * 1024)

/* Of a handshake that is accepted later: the request's head is gone by then. */
struct gw_exchange_late {
  struct gw_ws_deflate deflate;
  int protocol;
  size_t key_len;
  char key[];
};

static struct gw_ws_slice slice(struct gw_str s) {
  return (struct gw_ws_slice){s.at, s.len};
}

struct gw_ws_slice gw_exchange_method(const struct gw_exchange *exchange) {
  return exchange->head ? slice(exchange->head->method_text) : (struct gw_ws_slice){0};
}

struct gw_ws_slice gw_exchange_path(const struct gw_exchange *exchange) {
  return exchange->head ? slice(exchange->head->path) : (struct gw_ws_slice){0};
}

struct gw_ws_slice gw_exchange_query(const struct gw_exchange *exchange) {
  return exchange->head ? slice(exchange->head->query) : (struct gw_ws_slice){0};
}

struct gw_ws_slice gw_exchange_header(const struct gw_exchange *exchange, const char *lower_name) {
  const struct gw_http_field *field =
      exchange->head ? gw_http_field(exchange->head, lower_name, 0) : NULL;
  return field ? slice(field->value) : (struct gw_ws_slice){0};
}

struct gw_ws_slice gw_exchange_body(const struct gw_exchange *exchange) {
  return slice(exchange->body);
}

const char *gw_exchange_peer(const struct gw_exchange *exchange, char *out, size_t size) {
  return gw_stream_peer(exchange->ops->stream(exchange), out, size);
}

void *gw_exchange_user_data(struct gw_exchange *exchange) {
  return exchange->conn ? gw_conn_user_data(exchange->conn) : NULL;
}

void gw_exchange_watch(struct gw_exchange *exchange, const struct gw_exchange_events *events,
                       void *user) {
  exchange->events = events;
  exchange->events_user = user;
}

/* ---- answers ---- */

/* The carrier's own: a second one would move the end of the body. */
static bool is_framing(struct gw_str name) {
  return gw_str_is_nocase(name, "content-length") || gw_str_is_nocase(name, "transfer-encoding");
}

/* Each line is a field that cannot be misread (security.md 6). */
static bool headers_are_sound(const char *headers) {
  struct gw_str rest = gw_str_of(headers ? headers : "");
  while (rest.len) {
    const char *end = memmem(rest.at, rest.len, "\r\n", 2), *colon = memchr(rest.at, ':', rest.len);
    if (!end || !colon || colon > end) return false;
    struct gw_str name = {rest.at, (size_t)(colon - rest.at)},
                  value = {colon + 1, (size_t)(end - colon - 1)};
    if (!gw_http_is_token(name) || is_framing(name) || !gw_http_is_field_value(value)) return false;
    rest.len -= (size_t)(end + 2 - rest.at);
    rest.at = end + 2;
  }
  return true;
}

int gw_exchange_add_headers(struct gw_exchange *exchange, const char *headers) {
  size_t before = exchange->lines ? strlen(exchange->lines) : 0, len = strlen(headers);
  if (exchange->is_answered) return GW_ERR_STATE;
  if (!headers_are_sound(headers)) return GW_ERR_ARGUMENT;
  if (len > LINES_MAX - before) return GW_ERR_FULL;
  char *lines = realloc(exchange->lines, before + len + 1);
  if (!lines) return GW_ERR_MEMORY;
  memcpy(lines + before, headers, len + 1);
  exchange->lines = lines;
  return 0;
}

/* It has been answered, or never will be. */
static void lines_drop(struct gw_exchange *exchange) {
  free(exchange->lines);
  exchange->lines = NULL;
}

/* It does not become a WebSocket. */
static void late_drop(struct gw_exchange *exchange) {
  if (!exchange->late) return;
  gw_conn_drop(exchange->conn);
  exchange->conn = NULL;
  free(exchange->late);
  exchange->late = NULL;
}

static void tell_gone(const struct gw_exchange *exchange) {
  const struct gw_exchange_events *events = exchange->events;
  if (events && events->on_gone) events->on_gone(exchange->events_user);
}

void gw_exchange_abandon(struct gw_exchange *exchange) {
  exchange->is_answered = true;
  exchange->is_streaming = false;
  tell_gone(exchange);
  late_drop(exchange);
  lines_drop(exchange);
}

/* Before an answer goes out. */
static int check_reply(struct gw_exchange *exchange, const struct gw_reply *reply) {
  if (exchange->is_answered) return GW_ERR_STATE;
  if (reply->status < 200 || reply->status > 599 || !headers_are_sound(reply->headers))
    return GW_ERR_ARGUMENT;
  if (reply->content_type && !gw_http_is_field_value(gw_str_of(reply->content_type)))
    return GW_ERR_ARGUMENT;
  exchange->is_answered = true;
  if (!exchange->late) return 0;
  exchange->must_close = true; /* as with any refused upgrade */
  late_drop(exchange);
  return 0;
}

int gw_exchange_answer(struct gw_exchange *exchange, const struct gw_reply *reply) {
  int r = check_reply(exchange, reply);
  if (r == 0) {
    r = exchange->ops->answer(exchange, reply);
    lines_drop(exchange);
  }
  return r;
}

void gw_exchange_problem_with(struct gw_exchange *exchange, unsigned status, const char *detail,
                              const char *headers) {
  char body[512];
  const char *title = gw_http_status_text(status);
  exchange->is_problem = !exchange->is_answered;
  int n = snprintf(body, sizeof body, "{\"title\":\"%s\",\"status\":%u%s%s%s}\n", title, status,
                   detail ? ",\"detail\":\"" : "", detail ? detail : "", detail ? "\"" : "");
  gw_exchange_answer(exchange,
                     &(struct gw_reply){.status = status,
                                        .content_type = "application/problem+json",
                                        .headers = headers,
                                        .body = body,
                                        .len = n < (int)sizeof body ? (size_t)n : sizeof body - 1});
}

void gw_exchange_problem(struct gw_exchange *exchange, unsigned status, const char *detail) {
  gw_exchange_problem_with(exchange, status, detail, NULL);
}

/* ---- bodies that go on ---- */

int gw_exchange_begin(struct gw_exchange *exchange, const struct gw_reply *reply) {
  int r = check_reply(exchange, reply);
  if (r == 0) {
    r = exchange->ops->begin(exchange, reply);
    lines_drop(exchange);
  }
  return r;
}

int gw_exchange_write(struct gw_exchange *exchange, const void *data, size_t len) {
  if (!exchange->is_streaming) return GW_ERR_CLOSED;
  return len ? exchange->ops->write(exchange, (struct gw_piece){data, len, NULL}, false) : 0;
}

int gw_exchange_write_chunk(struct gw_exchange *exchange, struct gw_bytes *made) {
  if (!exchange->is_streaming) return GW_ERR_CLOSED;
  return exchange->ops->write(exchange, (struct gw_piece){made->data, made->len, made}, true);
}

void gw_exchange_end(struct gw_exchange *exchange) {
  if (!exchange->is_streaming) return;
  exchange->is_streaming = false;
  exchange->ops->end(exchange, true);
}

void gw_exchange_abort(struct gw_exchange *exchange) {
  if (exchange->is_answered && !exchange->is_streaming) return;
  exchange->is_answered = true;
  exchange->is_streaming = false;
  late_drop(exchange);
  lines_drop(exchange);
  exchange->ops->end(exchange, false);
}

size_t gw_exchange_buffered(const struct gw_exchange *exchange) {
  return exchange->is_streaming ? gw_stream_pending(exchange->ops->stream(exchange)) : 0;
}

bool gw_exchange_is_waiting(struct gw_exchange *exchange) {
  return exchange->is_streaming && gw_stream_write(exchange->ops->stream(exchange), NULL, 0) == 1;
}

uint32_t gw_exchange_taken(const struct gw_exchange *exchange) {
  uint32_t taken;
  (void)gw_stream_untaken(exchange->ops->stream(exchange), &taken);
  return taken;
}

void gw_exchange_hold(struct gw_exchange *exchange) {
  if (!exchange->is_answered) exchange->ops->hold(exchange);
}

void gw_exchange_keep_fresh(struct gw_exchange *exchange) {
  gw_stream_keep_fresh(exchange->ops->stream(exchange));
}

void gw_exchange_drained(struct gw_exchange *exchange) {
  const struct gw_exchange_events *events = exchange->events;
  if (exchange->is_streaming && events && events->on_drain) events->on_drain(exchange->events_user);
}

/* on_gone comes first: what is ended here is no longer its watcher's. */
void gw_exchange_stop(struct gw_exchange *exchange) {
  const struct gw_exchange_events *events = exchange->events;
  if (events && events->on_stop) {
    events->on_stop(exchange->events_user);
    return;
  }
  tell_gone(exchange);
  exchange->events = NULL;
  if (exchange->is_streaming) {
    gw_exchange_end(exchange);
  } else {
    gw_exchange_problem_with(exchange, 503, "the server is stopping", "Retry-After: 1\r\n");
  }
}

/* ---- origins ---- */

bool gw_exchange_origin_is_allowed(const struct gw_exchange *exchange, const char *origins) {
  unsigned n;
  struct gw_str origin = gw_http_only(exchange->head, "origin", &n);
  if (n != 1) return n == 0; /* none: not a browser; browsers always tell */
  return gw_origin_is_listed(origin, origins,
                             &(struct gw_origin_self){exchange->head->host, exchange->is_tls});
}

/* ---- the way to a WebSocket ---- */

bool gw_exchange_wants_websocket(const struct gw_exchange *exchange) {
  const struct gw_http_field *field;
  if (!exchange->head->wants_upgrade) return false;
  for (unsigned i = 0; (field = gw_http_field(exchange->head, "upgrade", i)); i++)
    if (gw_http_list_has(field->value, "websocket")) return true;
  return false;
}

static bool offers(const struct gw_http_head *head, struct gw_str protocol) {
  const struct gw_http_field *field;
  for (unsigned i = 0; (field = gw_http_field(head, "sec-websocket-protocol", i)); i++) {
    struct gw_str rest = field->value, offered;
    while (gw_http_list_next(&rest, &offered))
      if (gw_str_eq(offered, protocol)) return true;
  }
  return false;
}

bool gw_exchange_offers_protocol(const struct gw_exchange *exchange,
                                 const struct gw_websocket *handler) {
  struct gw_str rest = gw_str_of(handler->protocols ? handler->protocols : ""), ours;
  while (gw_http_list_next(&rest, &ours))
    if (offers(exchange->head, ours)) return true;
  return false;
}

/* Nothing that came behind a refused upgrade is read as a request (security.md 4). */
static void refuse(struct gw_exchange *exchange, unsigned status, const char *detail) {
  exchange->must_close = true;
  gw_exchange_problem_with(exchange, status, detail,
                           status == 426   ? "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n"
                           : status == 405 ? "Allow: GET\r\n"
                                           : NULL);
}

static struct gw_exchange_late *late_new(const struct gw_ws_request *request, int protocol) {
  struct gw_exchange_late *late = malloc(sizeof *late + request->key.len);
  if (!late) return NULL;
  *late = (struct gw_exchange_late){request->deflate, protocol, request->key.len};
  memcpy(late->key, request->key.at, request->key.len);
  return late;
}

int gw_exchange_accept(struct gw_exchange *exchange) {
  struct gw_exchange_late *late = exchange->late;
  struct gw_conn *conn = exchange->conn;
  if (!late) return GW_ERR_STATE;
  const struct gw_websocket *handler = gw_conn_route_of(conn)->handler;
  struct gw_ws_request request = {.key = {late->key, late->key_len}, .deflate = late->deflate};
  /* Of what was offered, what was chosen. */
  if (late->protocol >= 0) request.protocols = slice(gw_conn_protocol_at(handler, late->protocol));
  exchange->late = NULL;
  exchange->conn = NULL;
  exchange->is_answered = true;
  int r = exchange->ops->upgrade(exchange, conn, &request, late->protocol);
  free(late);
  lines_drop(exchange);
  return r;
}

void gw_exchange_websocket(struct gw_exchange *exchange, struct gw_conn_route *route) {
  const struct gw_websocket *handler = route->handler;
  struct gw_ws_request request;
  if (!gw_exchange_origin_is_allowed(exchange, handler->origins)) {
    refuse(exchange, 403, "this Origin is not allowed");
    return;
  }
  int r = gw_ws_request_check(exchange->head, &route->kind.options, &request);
  if (r < 0) {
    refuse(exchange, gw_ws_error_status(r), gw_error_text(r));
    return;
  }
  struct gw_conn *conn = exchange->conn = gw_conn_new(route);
  if (!conn) {
    refuse(exchange, 503, "no more connections can be taken");
    return;
  }
  exchange->must_close = true; /* where the handler answers itself, too */
  int status = handler->on_request ? handler->on_request(exchange, handler->user) : 0;
  if (status == GW_WEBSOCKET_LATER && !exchange->is_answered) {
    exchange->late = late_new(&request, gw_conn_protocol_choose(handler, &request));
    if (exchange->late) return;
    tell_gone(exchange);
    status = 503;
  }
  exchange->conn = NULL;
  if (exchange->is_answered || status) {
    if (!exchange->is_answered)
      refuse(exchange, status >= 400 && status <= 599 ? (unsigned)status : 500, NULL);
    gw_conn_drop(conn);
    return;
  }
  exchange->is_answered = true;
  exchange->ops->upgrade(exchange, conn, &request, gw_conn_protocol_choose(handler, &request));
  lines_drop(exchange);
}
