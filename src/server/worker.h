/* SPDX-License-Identifier: MIT */
/* One worker: a loop with all that lives on it. Made and freed on the server's own thread, run on
 * one thread of its own. */
#ifndef GW_SERVER_WORKER_H
#define GW_SERVER_WORKER_H

#include "base/log.h"
#include "http/conn_table.h"
#include "http/h1.h"
#include "net/net.h"
#include "net/tls.h"
#include "server/route.h"

#define GW_LISTENS_MAX 16

struct gw_worker;

/* One gw_server_listen on one worker. */
struct gw_entrance {
  struct gw_h1_side side;
  struct gw_listener *listener; /* NULL: closed, or another worker's */
  struct gw_tls *tls;           /* borrowed from the server; NULL: plain */
  struct gw_worker *worker;
};

struct gw_worker {
  unsigned index;
  const struct gw_server_options *options; /* with the defaults filled in */
  const struct gw_log *log;
  const struct gw_routes *routes;
  struct gw_loop *loop;
  struct gw_net *net;
  struct gw_ws_shared *shared;
  struct gw_conn_table *table;
  struct gw_conn_route *conn_routes; /* GW_ROUTE_WEBSOCKETS for each route, as many as it has
                                        handlers filled in */
  struct gw_entrance entrances[GW_LISTENS_MAX];
  unsigned n_entrances;
  size_t open; /* HTTP connections; WebSockets are counted by the table */
  uint64_t requests;
  struct gw_timer drain_timer;
  uint64_t drain_until;
  bool is_drained;
  _Atomic unsigned *draining; /* borrowed: workers that still have connections. All stop together:
                                 a request on one may need an answer from another */
  struct gw_task stop_task, cut_task;
};

int gw_worker_init(struct gw_worker *worker, unsigned index,
                   const struct gw_server_options *options, const struct gw_log *log,
                   const struct gw_routes *routes);
void gw_worker_clear(struct gw_worker *worker);
/* Opens a listener; out_port, out_errno as in net/net.h. */
int gw_worker_listen(struct gw_worker *worker, const char *address, enum gw_port_use port_use,
                     struct gw_tls *tls, unsigned *out_port, int *out_errno);
/* Takes the latest entrance back. */
void gw_worker_listen_undo(struct gw_worker *worker);
/* An entrance without a listener of its own: keeps the numbers of entrances equal on all workers.
 */
int gw_worker_listen_not(struct gw_worker *worker);
/* Routes are complete: before the loop runs. GW_ERR_MEMORY. */
int gw_worker_prepare(struct gw_worker *worker);

#endif
