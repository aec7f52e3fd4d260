/* SPDX-License-Identifier: MIT */
/*
 * A request is written whole before anything is tried, so what cannot be sent is refused by the
 * call. Then: dial, perhaps TLS, write, read heads until the final one, read the body.
 *
 * Invariant: between a request that was taken and its on_end `is_asked` is set, and the timer runs.
 * `stage` changes whenever the state that a callback was called from is over: who has called one
 * looks at it before going on.
 */
#include "client/http.h"

#include "base/buf.h"
#include "client/side.h"
#include "codec/http/body.h"
#include "codec/http/text.h"
#include "codec/http/write.h"
#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  TIMEOUT_MS = 10000,
  QUIET_MS = 30000,
  INFORMATIONAL_MAX = 16 /* heads before the final one: against an answer that never comes */
};

enum phase { HEAD, BODY };

struct gw_http_client {
  struct gw_http_client_options options;
  const struct gw_http_client_events *events;
  void *owner;
  struct gw_loop *loop;
  struct gw_client_side *side;
  struct gw_tls *tls;
  struct gw_timer timer;
  struct gw_task retire;
  /* the connection */
  char host[256];
  unsigned port;
  bool is_tls, is_open; /* open: writable, TLS handshake done */
  struct gw_dial *dial;
  struct gw_stream *stream;
  /* the request */
  struct gw_buf request;
  enum gw_http_method method;
  unsigned timeout_ms, quiet_ms;
  bool may_repeat, is_asked;
  bool is_kept; /* it went out on a connection that had served another before */
  /* the answer */
  enum phase phase;
  struct gw_buf in;
  struct gw_http_scan scan;
  struct gw_http_body body;
  unsigned informational;
  bool stays_open;
  /* life */
  unsigned stage;
  unsigned streams; /* of ours whose end has not been told yet */
  bool is_freed, is_retired;
};

static int begin_dial(struct gw_http_client *client);

/* ---- the end of a request ---- */

static void drop_connection(struct gw_http_client *client) {
  struct gw_stream *stream = client->stream;
  if (client->dial) gw_dial_cancel(client->dial);
  client->dial = NULL;
  client->stream = NULL;
  client->is_open = false;
  if (stream) gw_stream_abort(stream, 0);
}

static void forget_request(struct gw_http_client *client) {
  client->stage++;
  client->is_asked = false;
  gw_loop_timer_cancel(client->loop, &client->timer);
  gw_buf_clear(&client->request);
  gw_buf_clear(&client->in);
}

static void end_request(struct gw_http_client *client, int err, const char *reason) {
  char text[200]; /* the reason may lie in what is freed here */
  snprintf(text, sizeof text, "%s", reason && *reason ? reason : gw_error_text(err));
  if (err < 0 || !client->stays_open) drop_connection(client);
  if (!client->is_asked) return;
  forget_request(client);
  client->events->on_end(client->owner, err, text);
}

/* The connection has ended with no answer, or in the middle of one. */
static void connection_lost(struct gw_http_client *client, int err, const char *reason) {
  bool is_untouched = client->phase == HEAD && client->in.len == 0;
  if (client->is_asked && client->is_kept && client->may_repeat && is_untouched) {
    client->is_kept = false;
    err = begin_dial(client);
    if (err == 0) return;
  }
  client->stays_open = false;
  end_request(client, err, reason);
}

static void on_timer(struct gw_timer *timer) {
  end_request(gw_container_of(timer, struct gw_http_client, timer), GW_ERR_TIMEOUT, NULL);
}

/* ---- the answer ---- */

static void begin_answer(struct gw_http_client *client) {
  client->phase = HEAD;
  client->scan = (struct gw_http_scan){0};
  client->informational = 0;
  client->stays_open = false;
  gw_buf_clear(&client->in);
}

static void read_body(struct gw_http_client *client, const char *data, size_t len) {
  unsigned stage = client->stage;
  struct gw_str piece;
  int r;
  gw_loop_timer_set(client->loop, &client->timer, client->quiet_ms);
  while ((r = gw_http_body_read(&client->body, &data, &len, &piece)) == 1) {
    client->events->on_body(client->owner, piece.at, piece.len);
    if (client->stage != stage) return;
  }
  if (r == 0) return;
  if (len > 0) client->stays_open = false; /* nobody asked for more */
  end_request(client, r < 0 ? r : 0, NULL);
}

/* A whole head of `size` bytes: 1: the final one; 0: a 1xx, dropped; below 0 an error. */
static int read_head(struct gw_http_client *client, size_t size) {
  struct gw_http_head head;
  int r = gw_http_response_parse(&head, (char *)client->in.data, size, client->method);
  if (r < 0) return r;
  if (head.status < 200) {
    gw_buf_drop(&client->in, size);
    client->scan = (struct gw_http_scan){0};
    /* 101 answers what was not asked (RFC 9110 section 15.2.2) */
    bool is_wrong = head.status == 101 || client->informational++ == INFORMATIONAL_MAX;
    return is_wrong ? GW_ERR_HTTP_SYNTAX : 0;
  }
  unsigned stage = client->stage;
  gw_http_body_init(&client->body, &head);
  client->phase = BODY;
  client->stays_open = head.keep_alive && head.framing != GW_HTTP_UNTIL_CLOSE;
  client->events->on_head(client->owner, &head);
  return client->stage == stage ? 1 : 0;
}

/* Gathers up to the end of the final head: its length, with *data and *len behind what was taken;
 * 0: not whole yet, or the request is over; below 0 an error. */
static int gather_head(struct gw_http_client *client, const char **data, size_t *len) {
  unsigned stage = client->stage;
  for (;;) {
    size_t room = client->in.cap - client->in.len, n = *len < room ? *len : room;
    int r = gw_buf_add(&client->in, *data, n);
    *data += n;
    *len -= n;
    if (r == 0) r = gw_http_scan(&client->scan, (char *)client->in.data, client->in.len);
    if (r == 0 && client->in.len == client->in.cap) r = GW_ERR_HTTP_HEADERS_LARGE;
    if (r < 0) return r;
    if (r == 0 && *len == 0) return 0;
    int size = r;
    if (r > 0) r = read_head(client, (size_t)size);
    if (r != 0) return r < 0 ? r : size;
    if (client->stage != stage) return 0;
  }
}

/* Heads are gathered, bodies are read where they lie. */
static void read_answer(struct gw_http_client *client, const char *data, size_t len) {
  unsigned stage = client->stage;
  int size = gather_head(client, &data, &len);
  if (size < 0) end_request(client, size, NULL);
  if (size <= 0) return;
  struct gw_buf in = client->in; /* what is behind the head may cause the next request */
  gw_buf_init(&client->in, GW_HTTP_HEAD_MAX);
  read_body(client, (char *)in.data + size, in.len - (size_t)size);
  if (client->stage == stage && len > 0) read_body(client, data, len);
  gw_buf_clear(&in);
}

/* ---- the stream ---- */

static void on_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  struct gw_http_client *client = stream->owner;
  if (client->stream != stream) return;
  if (!client->is_asked) {
    drop_connection(client); /* an answer without a question would be taken for the next one's */
  } else if (client->phase == HEAD) {
    read_answer(client, (char *)data, len);
  } else {
    read_body(client, (char *)data, len);
  }
}

/* A body without a length ends here (RFC 9112 section 6.3, rule 8). */
static void on_end(struct gw_stream *stream) {
  struct gw_http_client *client = stream->owner;
  if (client->stream != stream) return;
  bool is_whole =
      client->is_asked && client->phase == BODY && client->body.framing == GW_HTTP_UNTIL_CLOSE;
  drop_connection(client);
  if (is_whole)
    end_request(client, 0, NULL);
  else
    connection_lost(client, GW_ERR_RESET, NULL);
}

static void free_if_over(struct gw_http_client *client) {
  if (!client->is_freed || client->streams || client->is_retired) return;
  client->is_retired = true;
  gw_loop_retire(client->loop, &client->retire);
}

static void on_close(struct gw_stream *stream, int err) {
  struct gw_http_client *client = stream->owner;
  client->streams--;
  if (client->stream == stream) {
    bool is_shaking = client->is_tls && !client->is_open;
    char reason[200];
    snprintf(reason, sizeof reason, "%s", is_shaking ? gw_tls_stream_reason(stream) : "");
    client->stream = NULL;
    client->is_open = false;
    connection_lost(client, err < 0 ? err : GW_ERR_RESET, reason);
  }
  free_if_over(client);
}

static int send_request(struct gw_http_client *client) {
  client->is_open = true;
  begin_answer(client);
  int r = gw_stream_write(client->stream,
                          &(struct gw_piece){client->request.data, client->request.len, NULL}, 1);
  return r < 0 ? r : 0;
}

static void on_open(struct gw_stream *stream) {
  struct gw_http_client *client = stream->owner;
  if (client->stream != stream || !client->is_asked) return;
  int r = send_request(client);
  if (r < 0) end_request(client, r, NULL);
}

static const struct gw_stream_events stream_events = {
    .on_open = on_open, .on_data = on_data, .on_end = on_end, .on_close = on_close};

static void on_connected(void *owner, struct gw_stream *stream) {
  struct gw_http_client *client = owner;
  client->dial = NULL;
  int r = 0;
  if (client->is_tls)
    r = gw_tls_stream_new(client->tls, stream, client->host, client->timeout_ms, &stream);
  if (r < 0) {
    end_request(client, r, NULL);
    return;
  }
  client->stream = stream;
  client->streams++;
  gw_stream_own(stream, &stream_events, client);
  if (!client->is_tls) on_open(stream);
}

static void on_failed(void *owner, int err) {
  struct gw_http_client *client = owner;
  client->dial = NULL;
  end_request(client, err, NULL);
}

static const struct gw_dial_events dial_events = {.on_connected = on_connected,
                                                  .on_failed = on_failed};

static int begin_dial(struct gw_http_client *client) {
  const char *path = client->options.unix_path;
  return gw_dial_open(client->side->net,
                      &(struct gw_dial_options){.host = path ? path : client->host,
                                                .port = path ? 0 : client->port,
                                                .timeout_ms = client->timeout_ms},
                      &dial_events, client, &client->dial);
}

/* ---- the request ---- */

static enum gw_http_method method_of(struct gw_str method) {
  return gw_str_is(method, "HEAD") ? GW_HTTP_HEAD : GW_HTTP_OTHER;
}

/* How the message is framed is not the caller's to say: two that disagree are how a request is
 * smuggled. */
static bool is_ours(struct gw_str name) {
  static const char *const names[] = {"host", "connection", "content-length", "transfer-encoding"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (gw_str_is_nocase(name, names[i])) return true;
  return false;
}

/* The Host field names the port where it is not the scheme's own (RFC 9110 section 7.2). */
static int write_host(struct gw_buf *out, const struct gw_http_url *url) {
  char host[300];
  int n = snprintf(host, sizeof host, url->is_ipv6 ? "[%.*s]" : "%.*s", (int)url->host.len,
                   url->host.at);
  if (url->port != (url->is_tls ? 443 : 80))
    n += snprintf(host + n, sizeof host - (size_t)n, ":%u", url->port);
  return gw_http_write_field(out, GW_STR("Host"), (struct gw_str){host, (size_t)n});
}

static int write_target(struct gw_buf *out, struct gw_str method, const struct gw_http_url *url) {
  struct gw_buf target;
  gw_buf_init(&target, GW_HTTP_LINE_MAX);
  int r = 0;
  if (url->target.len == 0 || url->target.at[0] != '/') r = gw_buf_add_text(&target, "/");
  if (r == 0) r = gw_buf_add_str(&target, url->target);
  if (r == 0)
    r = gw_http_write_request(out, method, (struct gw_str){(char *)target.data, target.len});
  gw_buf_clear(&target);
  return r;
}

static int write_request(struct gw_buf *out, const struct gw_http_ask *ask, struct gw_str method,
                         const struct gw_http_url *url) {
  int r = write_target(out, method, url);
  if (r == 0) r = write_host(out, url);
  for (unsigned i = 0; i < ask->n_fields && r == 0; i++)
    r = is_ours(ask->fields[i].name)
            ? GW_ERR_ARGUMENT
            : gw_http_write_field(out, ask->fields[i].name, ask->fields[i].value);
  if (r == 0 && ask->body.at) r = gw_http_write_number(out, "Content-Length", ask->body.len);
  if (r == 0) r = gw_http_write_end(out);
  if (r == 0 && out->len > GW_HTTP_HEAD_MAX) r = GW_ERR_ARGUMENT;
  return r == 0 && ask->body.len ? gw_buf_add_str(out, ask->body) : r;
}

static int make_tls(struct gw_http_client *client) {
  if (client->tls) return 0;
  return gw_tls_new(&(struct gw_tls_options){.is_client = true,
                                             .ca_file = client->options.ca_file,
                                             .verify_peer_off = client->options.is_insecure,
                                             .alpn = "http/1.1"},
                    &client->tls, NULL, 0);
}

static bool is_same_server(const struct gw_http_client *client, const struct gw_http_url *url) {
  return client->stream && client->is_open && client->port == url->port &&
         client->is_tls == url->is_tls && gw_str_is(url->host, client->host);
}

static int connect_to(struct gw_http_client *client, const struct gw_http_url *url) {
  client->is_kept = is_same_server(client, url);
  if (client->is_kept && send_request(client) == 0) return 0;
  client->is_kept = false;
  drop_connection(client);
  memcpy(client->host, url->host.at, url->host.len);
  client->host[url->host.len] = '\0';
  client->port = url->port;
  client->is_tls = url->is_tls;
  begin_answer(client);
  return begin_dial(client);
}

int gw_http_client_ask(struct gw_http_client *client, const struct gw_http_ask *ask) {
  struct gw_http_url url;
  struct gw_str method = ask->method.at ? ask->method : GW_STR("GET");
  if (client->is_asked) return GW_ERR_STATE;
  int r = gw_http_url_parse(ask->url, &url);
  if (r == 0 && (url.host.len == 0 || url.host.len >= sizeof client->host)) r = GW_ERR_ARGUMENT;
  if (r == 0) r = write_request(&client->request, ask, method, &url);
  if (r == 0 && url.is_tls) r = make_tls(client);
  client->method = method_of(method);
  client->may_repeat = ask->may_repeat;
  client->timeout_ms = ask->timeout_ms ? ask->timeout_ms : TIMEOUT_MS;
  client->quiet_ms = ask->quiet_ms ? ask->quiet_ms : QUIET_MS;
  if (r == 0) r = connect_to(client, &url);
  if (r < 0) {
    gw_buf_clear(&client->request);
    return r;
  }
  client->is_asked = true;
  gw_loop_timer_set(client->loop, &client->timer, client->timeout_ms);
  return 0;
}

/* ---- life ---- */

static void on_destroy(struct gw_task *task) {
  struct gw_http_client *client = gw_container_of(task, struct gw_http_client, retire);
  gw_tls_unref(client->tls);
  gw_client_side_put(client->side);
  free(client);
}

/* A turn later: the net may go with this client, and has its own streams of this turn to free. */
static void on_retire(struct gw_task *task) {
  struct gw_http_client *client = gw_container_of(task, struct gw_http_client, retire);
  client->retire.run = on_destroy;
  gw_loop_retire(client->loop, &client->retire);
}

int gw_http_client_new(struct gw_loop *loop, const struct gw_http_client_options *options,
                       const struct gw_http_client_events *events, void *owner,
                       struct gw_http_client **out_client) {
  struct gw_http_client *client = calloc(1, sizeof *client);
  if (!client) return GW_ERR_MEMORY;
  client->options = options ? *options : (struct gw_http_client_options){0};
  client->events = events;
  client->owner = owner;
  client->loop = loop;
  client->timer.on_due = on_timer;
  client->retire.run = on_retire;
  gw_buf_init(&client->request, SIZE_MAX); /* the head is checked, the body is the caller's */
  gw_buf_init(&client->in, GW_HTTP_HEAD_MAX);
  int r = gw_client_side_get(loop, &client->side);
  if (r < 0) {
    free(client);
    return r;
  }
  *out_client = client;
  return 0;
}

void gw_http_client_cancel(struct gw_http_client *client) {
  drop_connection(client);
  forget_request(client);
}

void gw_http_client_free(struct gw_http_client *client) {
  if (!client || client->is_freed) return;
  gw_http_client_cancel(client);
  client->is_freed = true;
  free_if_over(client);
}
