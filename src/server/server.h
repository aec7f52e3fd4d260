/* SPDX-License-Identifier: MIT */
/* Of a server (godwit/server.h), what its own folder asks. */
#ifndef GW_SERVER_SERVER_H
#define GW_SERVER_SERVER_H

#include "godwit/server.h"

#define GW_WORKERS_MAX 64 /* of one server: as many cores as it is made for */

/* Connections that worker i has open, HTTP and WebSocket; on its thread. */
size_t gw_server_connection_count(const struct gw_server *server, unsigned i);

#endif
