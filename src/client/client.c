/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket client: dial, perhaps a proxy's CONNECT, perhaps TLS, the opening handshake, then a
 * gw_conn; and again, after a jittered wait, where that was asked for. Each step of a try is one of
 * the states below.
 *
 * Invariant: `stream` is ours from the dial's end until gw_conn_open; a try ends in exactly one of
 * conn or try_failed.
 */
#include "godwit/client.h"

#include "base/buf.h"
#include "client/backoff.h"
#include "client/client.h"
#include "client/proxy.h"
#include "client/side.h"
#include "codec/http/text.h"
#include "http/websocket.h"
#include "net/net.h"
#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>

enum state { IDLE, DIALLING, TUNNELLING, SECURING, SHAKING, OPEN };

#define ANSWER_MAX                                                                                 \
  32768 /* bytes of a handshake's answer that are read: against a server that never ends it */

struct gw_client {
  struct gw_client_options options; /* strings are our own copies */
  struct gw_http_url url, proxy;
  char host[256], proxy_host[256]; /* NUL-terminated */
  struct gw_loop *loop;
  struct gw_client_side *side;
  struct gw_tls *tls;
  struct gw_websocket handler; /* a copy of the user's; silenced when the client is freed */
  struct gw_conn_route route;
  struct gw_timer timer; /* a try's end, or the next try's beginning */
  struct gw_task retire;
  struct gw_dial *dial;
  struct gw_stream *stream;
  struct gw_conn *conn;
  struct gw_ws_offer offer;
  struct gw_buf in;
  struct gw_client_tap tap;
  enum state state;
  unsigned failures;
  unsigned streams; /* of ours whose end has not been told yet */
  unsigned conns;   /* whose memory has not been given back yet */
  bool is_closed;   /* the user wants no more */
  bool is_freed, is_retired;
};

static void begin_try(struct gw_client *client);

/* ---- the end of a try ---- */

static unsigned backoff(const struct gw_client *client) {
  const struct gw_client_options *o = &client->options;
  return gw_backoff_ms(o->backoff_ms ? o->backoff_ms : 500,
                       o->backoff_max_ms ? o->backoff_max_ms : 30000, client->failures);
}

static void wait_and_try(struct gw_client *client, unsigned ms) {
  client->failures++;
  gw_loop_timer_set(client->loop, &client->timer, ms);
}

static void try_failed(struct gw_client *client, int err, unsigned status, const char *reason) {
  bool again = client->options.may_reconnect && !client->is_closed && err != GW_ERR_ARGUMENT;
  struct gw_client_failure failure = {err, status, reason ? reason : gw_error_text(err),
                                      again ? backoff(client) : 0};
  client->state = IDLE;
  gw_buf_clear(&client->in);
  gw_loop_timer_cancel(client->loop, &client->timer);
  if (again) wait_and_try(client, failure.retry_ms);
  if (client->options.on_failure) client->options.on_failure(client, &failure);
}

/* While a step is under way its stream is ours; ended here, its own end is told to nobody. */
static void drop_stream(struct gw_client *client) {
  struct gw_stream *stream = client->stream;
  client->stream = NULL;
  if (stream) gw_stream_abort(stream, 0);
}

static void step_failed(struct gw_client *client, int err, unsigned status, const char *reason) {
  char text[200]; /* the reason may lie in what is freed here */
  snprintf(text, sizeof text, "%s", reason ? reason : gw_error_text(err));
  if (client->dial) gw_dial_cancel(client->dial);
  client->dial = NULL;
  drop_stream(client);
  try_failed(client, err, status, text);
}

/* ---- the opening handshake ---- */

static void send_text(struct gw_client *client, const char *text, size_t len) {
  gw_stream_write(client->stream, &(struct gw_piece){text, len, NULL}, 1);
}

static void begin_handshake(struct gw_client *client) {
  struct gw_buf out;
  gw_buf_init(&out, ANSWER_MAX);
  client->state = SHAKING;
  gw_buf_clear(&client->in);
  int r = gw_buf_reserve(&out, ANSWER_MAX / 2);
  if (r == 0) r = gw_ws_offer_write(&client->offer, (char *)out.data, out.room);
  if (r > 0) send_text(client, (char *)out.data, (size_t)r);
  gw_buf_clear(&out);
  if (r < 0) step_failed(client, r, 0, NULL);
}

/* `rest` are bytes that came behind those in `in`: frames. */
static void on_answer(struct gw_client *client, const struct gw_ws_answer *answer, uint8_t *rest,
                      size_t len) {
  struct gw_conn *conn = gw_conn_new(&client->route);
  if (!conn) {
    step_failed(client, GW_ERR_MEMORY, 0, NULL);
    return;
  }
  int protocol = -1;
  struct gw_str name;
  for (int i = 0;
       answer->protocol.at && (name = gw_conn_protocol_at(client->options.handler, i)).at; i++)
    if (gw_str_eq(name, (struct gw_str){answer->protocol.at, answer->protocol.len})) protocol = i;
  struct gw_stream *stream = client->stream;
  struct gw_buf in =
      client->in; /* frames may lie behind the head; the client may be freed by what they cause */
  size_t head_len = answer->head_len;
  gw_loop_timer_cancel(client->loop, &client->timer);
  gw_buf_init(&client->in, ANSWER_MAX);
  client->stream = NULL;
  client->streams--;
  client->conns++;
  client->state = OPEN;
  client->conn = conn;
  client->failures = 0;
  if (client->tap.wrap)
    stream = client->tap.wrap(client->tap.user, stream, in.data + head_len, in.len - head_len);
  gw_conn_open(conn, stream, &answer->deflate, protocol);
  if (in.len > head_len) gw_conn_feed(conn, in.data + head_len, in.len - head_len);
  if (len) gw_conn_feed(conn, rest, len);
  gw_buf_clear(&in);
}

static void read_answer(struct gw_client *client, uint8_t *rest, size_t len) {
  struct gw_ws_answer answer = {0};
  int r = gw_ws_answer_read((const char *)client->in.data, client->in.len, &client->offer, &answer);
  if (r == 0 && len) r = GW_ERR_HTTP_HEADERS_LARGE;
  if (r == 0) return;
  if (r > 0) {
    on_answer(client, &answer, rest, len);
    return;
  }
  char text[64];
  snprintf(text, sizeof text, "the server answered %u", answer.status);
  step_failed(client, r, answer.status, r == GW_ERR_HTTP_STATUS ? text : NULL);
}

/* ---- the steps before it ---- */

static unsigned timeout_of(const struct gw_client *client) {
  return client->options.timeout_ms ? client->options.timeout_ms : 10000;
}

static void secure_or_shake(struct gw_client *client);

static void read_tunnel(struct gw_client *client) {
  unsigned status = 0;
  int r = gw_proxy_answer_read((const char *)client->in.data, client->in.len, &status);
  if (r == 0) return;
  if (r > 0 && (size_t)r == client->in.len) {
    gw_buf_clear(&client->in);
    secure_or_shake(client);
    return;
  }
  char text[64];
  snprintf(text, sizeof text, "the proxy answered %u", status);
  step_failed(client, r < 0 ? r : GW_ERR_PROXY, status, r == GW_ERR_PROXY ? text : NULL);
}

static void begin_tunnel(struct gw_client *client) {
  char request[2048];
  int n = gw_proxy_request_write(&client->proxy, client->host, client->url.port,
                                 client->url.is_ipv6, request, sizeof request);
  client->state = TUNNELLING;
  if (n < 0) {
    step_failed(client, n, 0, NULL);
  } else {
    send_text(client, request, (size_t)n);
  }
}

static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct gw_client *client = stream->owner;
  if (!client->stream) return;
  /* A head ends within the cap; what is behind it may be longer. */
  size_t room = client->in.cap - client->in.len, n = len < room ? len : room;
  if (gw_buf_add(&client->in, data, n) < 0) {
    step_failed(client, GW_ERR_MEMORY, 0, NULL);
  } else if (client->state == TUNNELLING) {
    read_tunnel(client);
  } else if (client->state == SHAKING) {
    read_answer(client, data + n, len - n);
  }
}

static void on_open(struct gw_stream *stream) {
  struct gw_client *client = stream->owner;
  if (client->stream && client->state == SECURING) begin_handshake(client);
}

static void on_end(struct gw_stream *stream) {
  struct gw_client *client = stream->owner;
  if (client->stream) step_failed(client, GW_ERR_RESET, 0, NULL);
}

static void free_if_over(struct gw_client *client) {
  if (!client->is_freed || client->streams || client->conns || client->is_retired) return;
  client->is_retired = true;
  gw_loop_retire(client->loop, &client->retire);
}

static void on_close(struct gw_stream *stream, int err) {
  struct gw_client *client = stream->owner;
  client->streams--;
  if (client->stream == stream) {
    char text[200];
    const char *reason = client->state == SECURING ? gw_tls_stream_reason(stream) : "";
    snprintf(text, sizeof text, "%s", reason);
    client->stream = NULL;
    try_failed(client, err < 0 ? err : GW_ERR_RESET, 0, *text ? text : NULL);
  }
  free_if_over(client);
}

static const struct gw_stream_events stream_events = {
    .on_open = on_open, .on_data = on_data, .on_end = on_end, .on_close = on_close};

static void begin_tls(struct gw_client *client) {
  struct gw_stream *lower = client->stream;
  client->state = SECURING;
  client->stream = NULL;
  client->streams--;
  int r = gw_tls_stream_new(client->tls, lower, client->host, timeout_of(client), &client->stream);
  if (r < 0) {
    try_failed(client, r, 0, NULL);
    return;
  }
  client->streams++;
  gw_stream_own(client->stream, &stream_events, client);
}

static void secure_or_shake(struct gw_client *client) {
  if (client->url.is_tls) {
    begin_tls(client);
  } else {
    begin_handshake(client);
  }
}

static void on_connected(void *owner, struct gw_stream *stream) {
  struct gw_client *client = owner;
  client->dial = NULL;
  client->stream = stream;
  client->streams++;
  gw_stream_own(stream, &stream_events, client);
  if (client->options.proxy) {
    begin_tunnel(client);
  } else {
    secure_or_shake(client);
  }
}

static void on_dial_failed(void *owner, int err) {
  struct gw_client *client = owner;
  client->dial = NULL;
  try_failed(client, err, 0, NULL);
}

static const struct gw_dial_events dial_events = {.on_connected = on_connected,
                                                  .on_failed = on_dial_failed};

static void begin_try(struct gw_client *client) {
  bool by_proxy = client->options.proxy != NULL;
  client->state = DIALLING;
  gw_loop_timer_set(client->loop, &client->timer, timeout_of(client));
  int r = gw_dial_open(
      client->side->net,
      &(struct gw_dial_options){.host = by_proxy ? client->proxy_host : client->host,
                                .port = by_proxy ? client->proxy.port : client->url.port,
                                .timeout_ms = timeout_of(client)},
      &dial_events, client, &client->dial);
  if (r < 0) try_failed(client, r, 0, NULL);
}

static void on_timer(struct gw_timer *timer) {
  struct gw_client *client = gw_container_of(timer, struct gw_client, timer);
  if (client->state == IDLE) {
    begin_try(client);
  } else {
    step_failed(client, GW_ERR_TIMEOUT, 0, NULL);
  }
}

/* ---- the connection's end ---- */

static void on_conn_closed(struct gw_conn *conn, const struct gw_ending *ending) {
  struct gw_client *client = gw_conn_client(conn);
  client->conn = NULL;
  client->state = IDLE;
  if (client->is_closed || client->is_freed || !client->options.may_reconnect ||
      !gw_backoff_is_allowed(ending->code))
    return;
  wait_and_try(client, backoff(client));
}

static void on_conn_released(struct gw_conn_route *route) {
  struct gw_client *client = route->owner;
  client->conns--;
  free_if_over(client);
}

/* ---- life ---- */

static void client_destroy(struct gw_client *client) {
  struct gw_client_options *o = &client->options;
  const char *texts[] = {o->url,      o->origin,          o->headers,
                         o->proxy,    o->ca_file,         o->cert_file,
                         o->key_file, client->offer.host, client->offer.target};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    free((char *)texts[i]);
  gw_tls_unref(client->tls);
  if (client->side) gw_client_side_put(client->side);
  free(client);
}

static void on_destroy(struct gw_task *task) {
  client_destroy(gw_container_of(task, struct gw_client, retire));
}

/* A turn later: the net may go with this client, and has its own streams of this turn to free. */
static void on_retire(struct gw_task *task) {
  struct gw_client *client = gw_container_of(task, struct gw_client, retire);
  client->retire.run = on_destroy;
  gw_loop_retire(client->loop, &client->retire);
}

static int copy_text(const char **text) {
  if (!*text) return 0;
  *text = strdup(*text);
  return *text ? 0 : GW_ERR_MEMORY;
}

/* Every text is replaced by a copy or, after the first failure, by nothing. */
static int copy_texts(struct gw_client_options *o) {
  const char **texts[] = {&o->url,     &o->origin,    &o->headers, &o->proxy,
                          &o->ca_file, &o->cert_file, &o->key_file};
  int r = 0;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (r < 0 || (r = copy_text(texts[i])) < 0) *texts[i] = NULL;
  return r;
}

static int copy_host(const struct gw_http_url *url, char *out, size_t size) {
  if (url->host.len == 0 || url->host.len >= size) return GW_ERR_ARGUMENT;
  memcpy(out, url->host.at, url->host.len);
  out[url->host.len] = '\0';
  return 0;
}

static int read_urls(struct gw_client *client) {
  int r = gw_http_url_parse(gw_str_of(client->options.url), &client->url);
  if (r == 0) r = copy_host(&client->url, client->host, sizeof client->host);
  if (r < 0 || !client->options.proxy) return r;
  r = gw_http_url_parse(gw_str_of(client->options.proxy), &client->proxy);
  if (r == 0 && client->proxy.is_tls) r = GW_ERR_ARGUMENT; /* the way to the proxy is plain */
  return r == 0 ? copy_host(&client->proxy, client->proxy_host, sizeof client->proxy_host) : r;
}

/* The Host field names the port where it is not the scheme's own (RFC 9110 section 7.2). */
static int fill_offer(struct gw_client *client) {
  const struct gw_http_url *url = &client->url;
  char host[300], *target = NULL;
  bool is_own_port = url->port == (url->is_tls ? 443 : 80);
  int n = snprintf(host, sizeof host, url->is_ipv6 ? "[%s]" : "%s", client->host);
  if (!is_own_port) snprintf(host + n, sizeof host - (size_t)n, ":%u", url->port);
  if (asprintf(&target, "%s%.*s", url->target.len && url->target.at[0] == '/' ? "" : "/",
               (int)url->target.len, url->target.len ? url->target.at : "") < 0)
    return GW_ERR_MEMORY;
  client->offer = (struct gw_ws_offer){.host = strdup(host),
                                       .target = target,
                                       .origin = client->options.origin,
                                       .protocols = client->handler.protocols,
                                       .headers = client->options.headers,
                                       .options = &client->route.kind.options};
  return client->offer.host ? 0 : GW_ERR_MEMORY;
}

/* What can never be sent is refused before anything is tried. */
static int check_offer(struct gw_client *client) {
  struct gw_buf out;
  gw_buf_init(&out, ANSWER_MAX);
  int r = gw_buf_reserve(&out, ANSWER_MAX / 2);
  if (r == 0) r = gw_ws_offer_write(&client->offer, (char *)out.data, out.room);
  gw_buf_clear(&out);
  return r < 0 ? r : 0;
}

static int make_tls(struct gw_client *client) {
  const struct gw_client_options *o = &client->options;
  if (!client->url.is_tls) return 0;
  return gw_tls_new(&(struct gw_tls_options){.is_client = true,
                                             .cert_file = o->cert_file,
                                             .key_file = o->key_file,
                                             .ca_file = o->ca_file,
                                             .verify_peer_off = o->is_insecure,
                                             .alpn = "http/1.1"},
                    &client->tls, NULL, 0);
}

static void fill_route(struct gw_client *client) {
  gw_conn_route_init(&client->route, &client->handler, true);
  client->route.loop = client->loop;
  client->route.kind.shared = client->side->shared;
  client->route.table = client->side->table;
  client->route.on_closed = on_conn_closed;
  client->route.on_released = on_conn_released;
  client->route.owner = client;
}

int gw_client_open(struct gw_loop *loop, const struct gw_client_options *options,
                   struct gw_client **out_client) {
  if (!options->url || !options->handler) return GW_ERR_ARGUMENT;
  struct gw_client *client = calloc(1, sizeof *client);
  if (!client) return GW_ERR_MEMORY;
  client->loop = loop;
  client->options = *options;
  client->handler = *options->handler;
  client->timer.on_due = on_timer;
  client->retire.run = on_retire;
  gw_buf_init(&client->in, ANSWER_MAX);
  int r = copy_texts(&client->options);
  if (r == 0) r = read_urls(client);
  if (r == 0) r = gw_client_side_get(loop, &client->side);
  if (r == 0) {
    fill_route(client);
    r = fill_offer(client);
  }
  if (r == 0) r = check_offer(client);
  if (r == 0) r = make_tls(client);
  if (r < 0) {
    client_destroy(client);
    return r;
  }
  gw_loop_timer_set(loop, &client->timer, 0);
  *out_client = client;
  return 0;
}

void gw_client_close(struct gw_client *client, unsigned code, const char *reason) {
  client->is_closed = true;
  if (client->conn) {
    gw_conn_close(client->conn, code, reason);
    return;
  }
  gw_loop_timer_cancel(client->loop, &client->timer);
  if (client->dial) gw_dial_cancel(client->dial);
  client->dial = NULL;
  drop_stream(client);
  client->state = IDLE;
}

/* Also those that are closed and whose streams still linger. */
static void abort_conns(struct gw_client *client) {
  unsigned left = client->conns;
  uint32_t at = 0;
  struct gw_conn *conn;
  while (left && (conn = gw_conn_table_next(client->side->table, &at))) {
    if (gw_conn_route_of(conn) != &client->route) continue;
    gw_conn_abort(conn);
    left--;
  }
}

void gw_client_free(struct gw_client *client) {
  if (!client || client->is_freed) return;
  gw_client_close(client, GW_WS_CODE_GOING_AWAY, NULL);
  client->is_freed = true;
  client->handler = (struct gw_websocket){.user = client->handler.user};
  client->options.on_failure = NULL;
  abort_conns(client);
  gw_buf_clear(&client->in);
  free_if_over(client);
}

struct gw_conn *gw_client_conn(const struct gw_client *client) {
  return client->conn;
}

struct gw_client *gw_conn_client(const struct gw_conn *conn) {
  return gw_conn_route_of(conn)->owner;
}

void *gw_client_user(const struct gw_client *client) {
  return client->options.user;
}

void gw_client_tap(struct gw_client *client, const struct gw_client_tap *tap) {
  client->tap = *tap;
}

bool gw_client_is_trying(const struct gw_client *client) {
  return client->state != IDLE || gw_timer_is_set(&client->timer);
}
