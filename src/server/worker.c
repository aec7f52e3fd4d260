/* SPDX-License-Identifier: MIT */
/*
 * From an accepted stream to the handler of its route, and the graceful end. All on the worker's
 * own thread; the two tasks are what other threads may post.
 */
#include "server/worker.h"

#include "codec/http/text.h"
#include "http/cors.h"

#include <stdlib.h>

/* ---- requests ---- */

static struct gw_worker *worker_of(struct gw_h1_side *side) {
  return ((struct gw_entrance *)side->owner)->worker;
}

/* A page may read why its body is refused. */
static size_t on_head(struct gw_h1_side *side, struct gw_exchange *exchange) {
  struct gw_worker *worker = worker_of(side);
  int i = gw_routes_find(worker->routes, exchange->head->path);
  const struct gw_http *http = i < 0 ? NULL : worker->routes->at[i].http;
  if (http) (void)gw_cors_mark(exchange, http->origins);
  return http && http->max_body ? http->max_body : side->max_body;
}

/* Who the request is for: the first that speaks what the client offers, else the one that needs no
 * subprotocol, else the first. */
static unsigned choose_websocket(const struct gw_route *route, const struct gw_exchange *exchange) {
  unsigned without = 0;
  for (unsigned i = 0; i < route->n_websockets && route->n_websockets > 1; i++) {
    if (gw_exchange_offers_protocol(exchange, route->websockets[i])) return i;
    if (!route->websockets[i]->protocols) without = i;
  }
  return without;
}

static void serve_websocket(struct gw_worker *worker, unsigned i, struct gw_exchange *exchange) {
  unsigned k = choose_websocket(&worker->routes->at[i], exchange);
  gw_exchange_websocket(exchange, &worker->conn_routes[i * GW_ROUTE_WEBSOCKETS + k]);
}

/* `OPTIONS *` asks whether the server is there (RFC 9110 section 9.3.7). */
static bool is_to_all(const struct gw_exchange *exchange) {
  return exchange->head->method == GW_HTTP_OPTIONS && gw_str_is(exchange->head->path, "*");
}

static void on_request(struct gw_h1_side *side, struct gw_exchange *exchange) {
  struct gw_worker *worker = worker_of(side);
  worker->requests++;
  int i = gw_routes_find(worker->routes, exchange->head->path);
  const struct gw_route *route = i < 0 ? NULL : &worker->routes->at[i];
  if (is_to_all(exchange)) {
    gw_exchange_answer(exchange, &(struct gw_reply){.status = 204});
  } else if (!route) {
    exchange->must_close = exchange->head->wants_upgrade;
    gw_exchange_problem(exchange, 404, "nothing is at this path");
  } else if (route->n_websockets && gw_exchange_wants_websocket(exchange)) {
    serve_websocket(worker, (unsigned)i, exchange);
  } else if (route->http) {
    exchange->must_close = gw_exchange_wants_websocket(exchange);
    if (gw_cors_admit(exchange, route->http->origins, route->http->methods))
      route->http->on_request(exchange, route->http->user);
  } else if (gw_cors_admit(exchange, route->websockets[0]->origins, "GET")) {
    serve_websocket(worker, (unsigned)i, exchange); /* says what is missing */
  }
}

static void on_done(struct gw_h1_side *side) {
  worker_of(side)->open--;
}

/* ---- connections ---- */

static void on_accept(struct gw_listener *listener, struct gw_stream *stream) {
  struct gw_entrance *entrance = gw_listener_owner(listener);
  struct gw_worker *worker = entrance->worker;
  if (worker->open + gw_conn_table_count(worker->table) >= worker->options->max_connections) {
    gw_stream_abort(stream, GW_ERR_FULL);
    return;
  }
  if (entrance->tls &&
      gw_tls_stream_new(entrance->tls, stream, NULL, worker->options->handshake_ms, &stream) < 0)
    return;
  if (gw_h1_open(&entrance->side, stream) == 0) worker->open++;
}

static void on_accept_pause(struct gw_listener *listener, int err) {
  struct gw_entrance *entrance = gw_listener_owner(listener);
  const struct gw_log *log = entrance->worker->log;
  if (err < 0) {
    gw_log_printf(log, GW_LOG_WARN, "accept paused", "worker=%u reason=\"no descriptors left\"",
                  entrance->worker->index);
  } else {
    gw_log_printf(log, GW_LOG_INFO, "accept resumed", "worker=%u", entrance->worker->index);
  }
}

static const struct gw_listen_events listen_events = {.on_accept = on_accept,
                                                      .on_pause = on_accept_pause};

int gw_worker_listen_not(struct gw_worker *worker) {
  if (worker->n_entrances == GW_LISTENS_MAX) return GW_ERR_FULL;
  struct gw_entrance *entrance = &worker->entrances[worker->n_entrances++];
  const struct gw_server_options *options = worker->options;
  gw_h1_side_init(&entrance->side);
  entrance->worker = worker;
  entrance->side.loop = worker->loop;
  entrance->side.handshake_ms = options->handshake_ms;
  entrance->side.keep_alive_ms = options->keep_alive_ms;
  entrance->side.max_body = options->max_body;
  entrance->side.on_head = on_head;
  entrance->side.on_request = on_request;
  entrance->side.on_done = on_done;
  entrance->side.owner = entrance;
  return 0;
}

int gw_worker_listen(struct gw_worker *worker, const char *address, enum gw_port_use port_use,
                     struct gw_tls *tls, unsigned *out_port, int *out_errno) {
  int r = gw_worker_listen_not(worker);
  if (r < 0) return r;
  struct gw_entrance *entrance = &worker->entrances[worker->n_entrances - 1];
  entrance->tls = tls;
  entrance->side.is_tls = tls != NULL;
  r = gw_listener_open(worker->net,
                       &(struct gw_listen_options){.address = address, .port_use = port_use},
                       &listen_events, entrance, &entrance->listener, out_errno);
  if (r < 0) {
    worker->n_entrances--;
    return r;
  }
  *out_port = gw_listener_port(entrance->listener);
  return 0;
}

void gw_worker_listen_undo(struct gw_worker *worker) {
  struct gw_entrance *entrance = &worker->entrances[--worker->n_entrances];
  if (entrance->listener) gw_listener_close(entrance->listener);
  entrance->listener = NULL;
}

/* ---- the graceful end ---- */

static void close_listeners(struct gw_worker *worker) {
  for (unsigned i = 0; i < worker->n_entrances; i++) {
    if (worker->entrances[i].listener) gw_listener_close(worker->entrances[i].listener);
    worker->entrances[i].listener = NULL;
    gw_h1_drain(&worker->entrances[i].side);
  }
}

static void each_conn(struct gw_worker *worker, bool is_cut) {
  uint32_t at = 0;
  struct gw_conn *conn;
  while ((conn = gw_conn_table_next(worker->table, &at)))
    if (is_cut) {
      gw_conn_abort(conn);
    } else {
      gw_conn_stop(conn);
    }
}

static void cut(struct gw_worker *worker) {
  each_conn(worker, true);
  for (unsigned i = 0; i < worker->n_entrances; i++)
    gw_h1_abort_all(&worker->entrances[i].side);
}

#define DRAIN_TICK_MS 10

/* Looks, until all is gone, on the other workers too; at the deadline what is left is cut. */
static void on_drain_tick(struct gw_timer *timer) {
  struct gw_worker *worker = gw_container_of(timer, struct gw_worker, drain_timer);
  bool is_empty = worker->open == 0 && gw_conn_table_count(worker->table) == 0;
  if (is_empty && !worker->is_drained) {
    worker->is_drained = true;
    atomic_fetch_sub(worker->draining, 1);
  }
  if (atomic_load(worker->draining) == 0) {
    gw_loop_stop(worker->loop);
    return;
  }
  if (gw_loop_now(worker->loop) >= worker->drain_until) cut(worker);
  gw_loop_timer_set(worker->loop, timer, DRAIN_TICK_MS);
}

static void on_stop(struct gw_task *task) {
  struct gw_worker *worker = gw_container_of(task, struct gw_worker, stop_task);
  gw_net_hurry(worker->net);
  close_listeners(worker);
  each_conn(worker, false);
  worker->drain_until = gw_loop_now(worker->loop) + worker->options->drain_ms;
  gw_loop_timer_set(worker->loop, &worker->drain_timer, 0);
}

static void on_cut(struct gw_task *task) {
  struct gw_worker *worker = gw_container_of(task, struct gw_worker, cut_task);
  worker->drain_until = 0;
  cut(worker);
}

/* ---- life ---- */

int gw_worker_init(struct gw_worker *worker, unsigned index,
                   const struct gw_server_options *options, const struct gw_log *log,
                   const struct gw_routes *routes) {
  *worker = (struct gw_worker){.index = index, .options = options, .log = log, .routes = routes};
  worker->stop_task.run = on_stop;
  worker->cut_task.run = on_cut;
  worker->drain_timer.on_due = on_drain_tick;
  int r = gw_loop_new(&worker->loop);
  /* What may wait for one peer is limited per route (max_buffered), and one HTTP answer at a time.
   */
  const struct gw_net_options unlimited = {.outbox_cap = SIZE_MAX / 2};
  if (r == 0) r = gw_net_new(worker->loop, &unlimited, &worker->net);
  if (r == 0) r = gw_ws_shared_new(&worker->shared);
  if (r == 0) r = gw_conn_table_new(index, options->max_connections, &worker->table);
  return r;
}

int gw_worker_prepare(struct gw_worker *worker) {
  const struct gw_routes *routes = worker->routes;
  if (routes->n == 0) return 0;
  worker->conn_routes = calloc(routes->n, GW_ROUTE_WEBSOCKETS * sizeof *worker->conn_routes);
  if (!worker->conn_routes) return GW_ERR_MEMORY;
  for (unsigned i = 0; i < routes->n; i++)
    for (unsigned k = 0; k < routes->at[i].n_websockets; k++) {
      struct gw_conn_route *conn_route = &worker->conn_routes[i * GW_ROUTE_WEBSOCKETS + k];
      gw_conn_route_init(conn_route, routes->at[i].websockets[k], false);
      conn_route->loop = worker->loop;
      conn_route->kind.shared = worker->shared;
      conn_route->table = worker->table;
    }
  return 0;
}

void gw_worker_clear(struct gw_worker *worker) {
  while (worker->n_entrances)
    gw_worker_listen_undo(worker);
  if (worker->loop) gw_loop_turn(worker->loop, 0);
  if (worker->net) gw_net_free(worker->net);
  gw_loop_free(worker->loop);
  gw_ws_shared_free(worker->shared);
  gw_conn_table_free(worker->table);
  free(worker->conn_routes);
}
