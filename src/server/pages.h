/* SPDX-License-Identifier: MIT */
/* The embedded pages (server/assets.h) over HTTP, /healthz and /readyz. */
#ifndef GW_SERVER_PAGES_H
#define GW_SERVER_PAGES_H

#include "godwit/server.h"

/* What holds in the pages' channels, as gw_rules_add reads it; NULL is the last. */
extern const char *const gw_pages_rules[];

/* Every file of web/ at its path, `/` among them, `/healthz` and `/readyz`. */
int gw_pages_route(struct gw_server *server);

#endif
