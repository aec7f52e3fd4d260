/* SPDX-License-Identifier: MIT */
/*
 * The server as godwit/server.h promises it: options, routes, listening, threads, and the door for
 * other threads. What happens on a worker is worker.c's.
 */
#include "server/server.h"

#include "http/websocket.h"
#include "net/address.h"
#include "server/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct gw_server {
  struct gw_server_options options;
  struct gw_log log;
  struct gw_routes routes;
  struct gw_tls *tls[GW_LISTENS_MAX]; /* NULL: plain */
  unsigned ports[GW_LISTENS_MAX];
  unsigned n_listens;
  _Atomic unsigned stops;
  _Atomic unsigned draining; /* workers that a stop still waits for */
  bool is_prepared;
  char problem[256];
  unsigned n_workers;
  struct gw_worker workers[];
};

/* ---- life ---- */

static void fill_defaults(struct gw_server_options *options) {
  if (!options->workers) options->workers = 1;
  if (!options->max_connections) options->max_connections = 1000000;
  if (!options->max_body) options->max_body = 64 * 1024;
  if (!options->handshake_ms) options->handshake_ms = 10000;
  if (!options->keep_alive_ms) options->keep_alive_ms = 75000;
  if (!options->drain_ms) options->drain_ms = 10000;
}

int gw_server_new(const struct gw_server_options *options, struct gw_server **out_server) {
  struct gw_server_options filled = options ? *options : (struct gw_server_options){0};
  fill_defaults(&filled);
  if (filled.workers > GW_WORKERS_MAX || filled.max_connections > 1u << 26) return GW_ERR_ARGUMENT;
  struct gw_server *server = calloc(1, sizeof *server + filled.workers * sizeof server->workers[0]);
  if (!server) return GW_ERR_MEMORY;
  server->options = filled;
  server->log = (struct gw_log){.level = filled.log ? filled.log_level : GW_LOG_OFF,
                                .write = filled.log,
                                .user = filled.log_user};
  int r = 0;
  while (r == 0 && server->n_workers < filled.workers) {
    unsigned i = server->n_workers++;
    r = gw_worker_init(&server->workers[i], i, &server->options, &server->log, &server->routes);
  }
  if (r < 0) {
    gw_server_free(server);
    return r;
  }
  *out_server = server;
  return 0;
}

void gw_server_free(struct gw_server *server) {
  if (!server) return;
  for (unsigned i = 0; i < server->n_workers; i++)
    gw_worker_clear(&server->workers[i]);
  for (unsigned i = 0; i < server->n_listens; i++)
    gw_tls_unref(server->tls[i]);
  gw_routes_clear(&server->routes);
  free(server);
}

__attribute__((format(printf, 3, 4))) static int problem(struct gw_server *server, int err,
                                                         const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(server->problem, sizeof server->problem, format, args);
  va_end(args);
  return err;
}

const char *gw_server_problem(const struct gw_server *server) {
  return server->problem;
}

/* ---- routes ---- */

int gw_server_websocket(struct gw_server *server, const char *path,
                        const struct gw_websocket *handler) {
  return server->is_prepared ? GW_ERR_STATE : gw_routes_add(&server->routes, path, handler, NULL);
}

int gw_server_http(struct gw_server *server, const char *path, const struct gw_http *handler) {
  return server->is_prepared ? GW_ERR_STATE : gw_routes_add(&server->routes, path, NULL, handler);
}

/* ---- listening ---- */

static int make_tls(struct gw_server *server, const struct gw_listen *options,
                    struct gw_tls **out_tls) {
  *out_tls = NULL;
  if (!options->tls_cert && !options->tls_key) return 0;
  if (!options->tls_cert || !options->tls_key)
    return problem(server, GW_ERR_ARGUMENT, "TLS needs both a certificate and a key");
  return gw_tls_new(&(struct gw_tls_options){.cert_file = options->tls_cert,
                                             .key_file = options->tls_key,
                                             .ca_file = options->tls_client_ca,
                                             .want_client_cert = options->tls_client_ca != NULL,
                                             .alpn = "http/1.1"},
                    out_tls, server->problem, sizeof server->problem);
}

/* `host:0` with the port that the first worker was given. */
static const char *with_port(const char *address, unsigned port, char *out, size_t size) {
  const char *colon = strrchr(address, ':');
  if (!colon || strcmp(colon, ":0") != 0) return address;
  snprintf(out, size, "%.*s:%u", (int)(colon - address), address, port);
  return out;
}

/* Who accepts at the address: one worker, counted from 1, or all of them (0). A unix socket cannot
 * be shared as a port can. */
static unsigned acceptor(const char *address, const struct gw_listen *options) {
  if (options->worker) return options->worker;
  return strncmp(address, "unix:", 5) == 0 ? 1 : 0;
}

static enum gw_port_use port_use(const struct gw_server *server, unsigned only, unsigned i) {
  if (only || server->n_workers == 1) return GW_PORT_ALONE;
  return i == 0 ? GW_PORT_SHARE : GW_PORT_JOIN;
}

static int listen_all(struct gw_server *server, const char *address, struct gw_tls *tls,
                      unsigned only, unsigned *out_port) {
  char text[300];
  int err = 0, r = 0;
  for (unsigned i = 0; r == 0 && i < server->n_workers; i++)
    r = only && only != i + 1 ? gw_worker_listen_not(&server->workers[i])
                              : gw_worker_listen(&server->workers[i],
                                                 with_port(address, *out_port, text, sizeof text),
                                                 port_use(server, only, i), tls, out_port, &err);
  if (r == 0) return 0;
  for (unsigned i = 0; i < server->n_workers; i++)
    if (server->workers[i].n_entrances > server->n_listens)
      gw_worker_listen_undo(&server->workers[i]);
  return problem(server, r, "%s: %s", address, err ? strerror(err) : gw_error_text(r));
}

/* `workers=N`: so many accept there, or `worker=N`: that one alone. */
static void say_listening(struct gw_server *server, const char *address, bool is_tls, unsigned only,
                          unsigned port) {
  char text[300], quoted[300];
  bool is_unix = strncmp(address, "unix:", 5) == 0;
  snprintf(text, sizeof text, "%s%s",
           is_unix  ? ""
           : is_tls ? "https://"
                    : "http://",
           with_port(address, port, quoted, sizeof quoted));
  char value[320];
  gw_log_printf(&server->log, GW_LOG_INFO, "listening", "url=%s %s=%u",
                gw_log_quote(value, sizeof value, gw_str_of(text)), only ? "worker" : "workers",
                only ? only : server->n_workers);
}

int gw_server_listen(struct gw_server *server, const char *address,
                     const struct gw_listen *options) {
  static const struct gw_listen none;
  struct gw_tls *tls = NULL;
  unsigned port = 0;
  if (!options) options = &none;
  server->problem[0] = '\0';
  if (server->n_listens == GW_LISTENS_MAX)
    return problem(server, GW_ERR_FULL, "at most %d addresses", GW_LISTENS_MAX);
  int r = gw_address_is_loopback(address);
  if (r < 0) {
    const char *words = gw_address_problem(address);
    return problem(server, r, "%s: %s", address, words ? words : "no such host is known here");
  }
  if (options->worker > server->n_workers)
    return problem(server, GW_ERR_ARGUMENT, "%s: there is no worker %u, but %u of them", address,
                   options->worker, server->n_workers);
  if (r == 0 && !options->may_be_public)
    return problem(server, GW_ERR_ADDRESS, "%s: not a loopback address", address);
  unsigned only = acceptor(address, options);
  r = make_tls(server, options, &tls);
  if (r == 0) r = listen_all(server, address, tls, only, &port);
  if (r < 0) {
    gw_tls_unref(tls);
    return r;
  }
  server->tls[server->n_listens] = tls;
  server->ports[server->n_listens++] = port;
  say_listening(server, address, tls != NULL, only, port);
  return 0;
}

unsigned gw_server_port(const struct gw_server *server, unsigned i) {
  return i < server->n_listens ? server->ports[i] : 0;
}

int gw_server_reload(struct gw_server *server) {
  int result = 0;
  char reason[200], quoted[220];
  for (unsigned i = 0; i < server->n_listens; i++) {
    int r = server->tls[i] ? gw_tls_reload(server->tls[i], reason, sizeof reason) : 0;
    if (r == 0) continue;
    result = r;
    gw_log_printf(&server->log, GW_LOG_ERROR, "certificate not reloaded", "reason=%s",
                  gw_log_quote(quoted, sizeof quoted, gw_str_of(reason)));
  }
  if (result == 0) gw_log_printf(&server->log, GW_LOG_INFO, "reloaded", "certificates=ok");
  return result;
}

/* ---- running ---- */

static void *run_worker(void *arg) {
  struct gw_worker *worker = arg;
  gw_loop_run(worker->loop);
  return NULL;
}

int gw_server_run(struct gw_server *server) {
  pthread_t threads[GW_WORKERS_MAX];
  unsigned started = 1;
  int r = 0;
  if (server->is_prepared) return GW_ERR_STATE;
  server->is_prepared = true;
  atomic_init(&server->draining, server->n_workers);
  for (unsigned i = 0; r == 0 && i < server->n_workers; i++) {
    server->workers[i].draining = &server->draining;
    r = gw_worker_prepare(&server->workers[i]);
  }
  if (r < 0) return r;
  while (started < server->n_workers &&
         pthread_create(&threads[started], NULL, run_worker, &server->workers[started]) == 0)
    started++;
  if (started < server->n_workers) { /* no thread to be had: the others end at once */
    r = GW_ERR_SYSTEM;
    atomic_fetch_sub(&server->draining, server->n_workers - started);
    gw_server_stop(server);
  }
  run_worker(&server->workers[0]);
  for (unsigned i = 1; i < started; i++)
    pthread_join(threads[i], NULL);
  gw_log_printf(&server->log, GW_LOG_INFO, "stopped", "workers=%u", server->n_workers);
  return r;
}

/* Only atomics and posts: a signal handler may call it. */
void gw_server_stop(struct gw_server *server) {
  unsigned n = atomic_fetch_add(&server->stops, 1);
  if (n > 1) return;
  for (unsigned i = 0; i < server->n_workers; i++)
    gw_loop_post(server->workers[i].loop,
                 n == 0 ? &server->workers[i].stop_task : &server->workers[i].cut_task);
}

unsigned gw_server_worker_count(const struct gw_server *server) {
  return server->n_workers;
}

struct gw_loop *gw_server_loop(const struct gw_server *server, unsigned i) {
  return i < server->n_workers ? server->workers[i].loop : NULL;
}

struct gw_worker_counts gw_server_counts(const struct gw_server *server, unsigned i) {
  const struct gw_worker *worker = &server->workers[i];
  struct gw_net_counts bytes = gw_net_counts(worker->net);
  struct timespec cpu = {0};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return (struct gw_worker_counts){.cpu_ns =
                                       (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec,
                                   .connections = worker->open + gw_conn_table_count(worker->table),
                                   .requests = worker->requests,
                                   .received = bytes.received,
                                   .sent = bytes.sent};
}

/* ---- the door for other threads ---- */

#define POSTED_HIGH (1u << 20)
#define REASON_MAX  124 /* one more than a Close takes: it is cut there, at a code point */
#define POSTED_MAX                                                                                 \
  (64u << 20) /* bytes on their way to one connection: against a sender faster than its worker */

struct posted {
  struct gw_task task;
  struct gw_worker *worker;
  uint64_t id;
  unsigned what; /* opcode; GW_WS_CLOSE: a close with `code` */
  unsigned code;
  size_t len;
  char data[]; /* NUL behind it */
};

static struct gw_worker *worker_by_id(struct gw_server *server, uint64_t id) {
  unsigned i = gw_conn_id_worker(id);
  return i < server->n_workers ? &server->workers[i] : NULL;
}

/* What a post weighs: empty messages take memory too. */
static uint32_t cost_of(size_t len) {
  return (uint32_t)(len + sizeof(struct posted));
}

/* Its sender has been told that the message is on its way: the connection ends rather than that
 * one is missing. */
static void lose(struct gw_conn *conn, int err) {
  if (err == GW_ERR_FULL) {
    gw_conn_close(conn, GW_WS_CODE_POLICY, "too slow for what is sent");
  } else if (err != GW_ERR_CLOSED) {
    gw_conn_close(conn, GW_WS_CODE_INTERNAL_ERROR, gw_error_text(err));
  }
}

static void on_posted(struct gw_task *task) {
  struct posted *posted = gw_container_of(task, struct posted, task);
  struct gw_conn_table *table = posted->worker->table;
  struct gw_conn *conn = gw_conn_table_find(table, posted->id);
  if (posted->what == GW_WS_CLOSE) {
    if (conn) gw_conn_close(conn, posted->code, posted->len ? posted->data : NULL);
  } else {
    int r = conn ? gw_conn_send(conn, posted->what, posted->data, posted->len) : 0;
    if (r < 0) lose(conn, r);
    gw_conn_posted_done(table, posted->id, cost_of(posted->len));
  }
  free(posted);
}

static int post(struct gw_worker *worker, uint64_t id, unsigned what, unsigned code,
                const void *data, size_t len) {
  struct posted *posted = malloc(sizeof *posted + len + 1);
  if (!posted) return GW_ERR_MEMORY;
  *posted = (struct posted){
      .task.run = on_posted, .worker = worker, .id = id, .what = what, .code = code, .len = len};
  if (len) memcpy(posted->data, data, len);
  posted->data[len] = '\0';
  gw_loop_post(worker->loop, &posted->task);
  return 0;
}

int gw_server_send(struct gw_server *server, uint64_t id, enum gw_ws_opcode type, const void *data,
                   size_t len) {
  struct gw_worker *worker = worker_by_id(server, id);
  if (type != GW_WS_TEXT && type != GW_WS_BINARY) return GW_ERR_ARGUMENT;
  if (!worker) return GW_ERR_GONE;
  if (gw_loop_is_mine(worker->loop)) {
    struct gw_conn *conn = gw_conn_table_find(worker->table, id);
    return conn ? gw_conn_send(conn, type, data, len) : GW_ERR_GONE;
  }
  if (len > POSTED_MAX - sizeof(struct posted)) return GW_ERR_FULL;
  struct gw_conn_slot *slot = gw_conn_table_peek(worker->table, id);
  if (!slot) return GW_ERR_GONE;
  int64_t before = gw_conn_slot_reserve(slot, cost_of(len), POSTED_MAX);
  if (before < 0) return (int)before;
  int r = post(worker, id, type, 0, data, len);
  if (r < 0) {
    atomic_fetch_sub(&slot->posted, cost_of(len));
    return r;
  }
  if (!(before & GW_CONN_HIGH) && (before & GW_CONN_POSTED_MASK) + cost_of(len) <= POSTED_HIGH)
    return 0;
  gw_conn_table_owe(worker->table, id);
  return 1;
}

int gw_server_close_conn(struct gw_server *server, uint64_t id, unsigned code, const char *reason) {
  struct gw_worker *worker = worker_by_id(server, id);
  if (!worker) return GW_ERR_GONE;
  if (gw_loop_is_mine(worker->loop)) {
    struct gw_conn *conn = gw_conn_table_find(worker->table, id);
    return conn ? gw_conn_close(conn, code, reason) : GW_ERR_GONE;
  }
  if (!gw_conn_table_peek(worker->table, id)) return GW_ERR_GONE;
  if (code && code != GW_WS_CODE_NO_STATUS && !gw_ws_code_is_sendable(code)) return GW_ERR_ARGUMENT;
  size_t len = reason ? strnlen(reason, REASON_MAX) : 0;
  if (len && (!code || code == GW_WS_CODE_NO_STATUS)) return GW_ERR_ARGUMENT;
  return post(worker, id, GW_WS_CLOSE, code, reason, len);
}
