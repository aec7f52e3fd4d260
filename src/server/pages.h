/* SPDX-License-Identifier: MIT */
/* The embedded pages (server/assets.h) over HTTP, /healthz and /readyz. */
#ifndef GW_SERVER_PAGES_H
#define GW_SERVER_PAGES_H

#include "godwit/server.h"

/* Every file of web/ at its path, `/` among them, `/healthz` and `/readyz`. */
int gw_pages_route(struct gw_server *server);

#endif
