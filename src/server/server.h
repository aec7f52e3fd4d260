/* SPDX-License-Identifier: MIT */
/* Of a server (godwit/server.h), what its own folder asks. */
#ifndef GW_SERVER_SERVER_H
#define GW_SERVER_SERVER_H

#include "godwit/server.h"

#define GW_WORKERS_MAX 64 /* of one server: as many cores as it is made for */

/* Of one worker, since its start. */
struct gw_worker_counts {
  uint64_t cpu_ns;
  uint64_t connections; /* that are open, HTTP and WebSocket */
  uint64_t requests;    /* that were whole, WebSocket handshakes among them */
  uint64_t received, sent;
};
/* On the thread of worker i. */
struct gw_worker_counts gw_server_counts(const struct gw_server *server, unsigned i);

#endif
