/* SPDX-License-Identifier: MIT */
/*
 * A server on Godwit's own event loops: routes for WebSocket and HTTP, one thread and loop per
 * worker. An echo server:
 *
 *     static void echo(struct gw_conn *conn, const struct gw_message *m) { gw_conn_send(conn,
 * m->type, m->data, m->len); }
 *
 *     int main(void) {
 *       struct gw_server *server;
 *       if (gw_server_new(NULL, &server) < 0) return 1;
 *       gw_server_websocket(server, "/", &(struct gw_websocket){.on_message = echo});
 *       if (gw_server_listen(server, "localhost:9001", NULL) < 0) return 1;
 *       return gw_server_run(server) < 0;
 *     }
 */
#ifndef GODWIT_SERVER_H
#define GODWIT_SERVER_H

#include "godwit/exchange.h"
#include "godwit/log.h"
#include "godwit/loop.h"
#include "godwit/websocket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gw_server;

/* Zero is the default everywhere. */
struct gw_server_options {
  unsigned workers; /* threads, each with its own loop and listeners; 0: one, at most 64 */
  unsigned
      max_connections; /* per worker; 0: 1,000,000. Against an address that opens without end */
  size_t max_body;     /* bytes of an HTTP request's body; 0: 64 KiB */
  unsigned
      handshake_ms; /* for a request to be whole, from its first byte or the accept; 0: 10,000 */
  unsigned keep_alive_ms;      /* an idle HTTP connection; 0: 75,000 */
  unsigned drain_ms;           /* how long gw_server_stop waits for closes; 0: 10,000 */
  enum gw_log_level log_level; /* 0 is GW_LOG_DEBUG; use GW_LOG_OFF for silence */
  /* Where log lines go, called from any worker's thread; NULL: nothing is logged. */
  void (*log)(void *user, enum gw_log_level level, const char *line, size_t len);
  void *log_user;
};

/* Options may be NULL. GW_ERR_MEMORY, GW_ERR_SYSTEM, GW_ERR_ARGUMENT. */
GW_API int gw_server_new(const struct gw_server_options *options, struct gw_server **out_server);
/* Not while it runs. */
GW_API void gw_server_free(struct gw_server *server);

/* ---- routes, before gw_server_run ---- */

/* A path is exact, or a prefix where it ends in a slash and a star. Exact paths win, then the
 * longest prefix. The handler is borrowed until gw_server_free. GW_ERR_ARGUMENT, GW_ERR_MEMORY,
 * GW_ERR_STATE where the path has one already.
 * A path may have up to eight WebSocket handlers that share no subprotocol, one of them without
 * any: a request goes to the first, in the order of adding, that speaks one which the client
 * offers, else to the one without, else to the first. */
GW_API int gw_server_websocket(struct gw_server *server, const char *path,
                               const struct gw_websocket *handler);

/* A plain HTTP request, whole, with its body; answered by gw_exchange_answer in the call, or later
 * on the same thread. */
struct gw_http {
  void (*on_request)(struct gw_exchange *exchange, void *user);
  void *user;
  /* As in struct gw_websocket; for every request that has an Origin. Where it may be here its page
   * may read the answer (CORS; with cookies, unless the list has `*`), and preflights are answered
   * without the handler. */
  const char *origins;
  /* What the path takes, comma list: other methods get 405, OPTIONS 204, both with Allow, without
   * the handler. NULL: it gets everything. */
  const char *methods;
  size_t max_body; /* 0: the server's */
};
GW_API int gw_server_http(struct gw_server *server, const char *path,
                          const struct gw_http *handler);

/* ---- running ---- */

struct gw_listen {
  const char *tls_cert, *tls_key; /* PEM files; both or none */
  const char *tls_client_ca;      /* ask for clients' certificates, signed by these */
  bool may_be_public; /* false: an address that is not loopback is refused with GW_ERR_ADDRESS */
  unsigned worker;    /* this one alone accepts there, counted from 1; 0: all share it, but a unix
                         socket, which is the first one's */
};

/* `HOST:PORT`, `[V6]:PORT`, `:PORT`, `localhost:PORT` (both loopbacks), `unix:PATH`; a port in
 * digits alone, 0 lets the system choose. Options may be NULL. GW_ERR_ADDRESS, GW_ERR_ARGUMENT (no
 * such worker), GW_ERR_SYSTEM, GW_ERR_TLS, GW_ERR_CERTIFICATE; gw_server_problem says more. */
GW_API int gw_server_listen(struct gw_server *server, const char *address,
                            const struct gw_listen *options);
/* Why the last call failed, in words; "" where there is no more to say. */
GW_API const char *gw_server_problem(const struct gw_server *server);
/* The port of the i-th gw_server_listen; 0 for unix sockets. */
GW_API unsigned gw_server_port(const struct gw_server *server, unsigned i);
/* Serves on this thread and `workers - 1` others until gw_server_stop and the last close. */
GW_API int gw_server_run(struct gw_server *server);
/* From any thread and from a signal handler: no new connections; every WebSocket is told (on_stop,
 * or Close 1001), and so is every body that goes on, or it is ended; requests under way are
 * answered; after drain_ms what is left is cut. A second call cuts at once. */
GW_API void gw_server_stop(struct gw_server *server);
/* From any thread: reads certificates again; connections stay. */
GW_API int gw_server_reload(struct gw_server *server);
GW_API unsigned gw_server_worker_count(const struct gw_server *server);
/* The loop of worker i, for gw_loop_call. */
GW_API struct gw_loop *gw_server_loop(const struct gw_server *server, unsigned i);

/* ---- connections by id, from any thread ---- */

/* As gw_conn_send; what another thread sends is copied and posted to the connection's own, in
 * order. 0, 1 (backpressure: more than 1 MiB waits for this peer), GW_ERR_GONE, GW_ERR_FULL,
 * GW_ERR_MEMORY. Where it then finds no room after all (max_buffered), the connection is closed
 * with 1008: no message is lost in silence. */
GW_API int gw_server_send(struct gw_server *server, uint64_t id, enum gw_ws_opcode type,
                          const void *data, size_t len);
GW_API int gw_server_close_conn(struct gw_server *server, uint64_t id, unsigned code,
                                const char *reason);

#ifdef __cplusplus
}
#endif

#endif
