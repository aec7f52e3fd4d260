/* SPDX-License-Identifier: MIT */
/* Who may ask from a page of another site, and with which methods: the Fetch standard's CORS
 * protocol, and what OPTIONS and a method that is not taken are answered with. */
#ifndef GW_HTTP_CORS_H
#define GW_HTTP_CORS_H

#include "http/exchange.h"

/* Where the request has an Origin that may be here (`origins`: godwit/websocket.h), the header
 * lines that let its page read the answer are added, whatever the answer is. 1: it may be here; 0:
 * it may not; GW_ERR_MEMORY, GW_ERR_FULL. */
int gw_cors_mark(struct gw_exchange *exchange, const char *origins);
/* The same, and answers what no handler need see: an Origin that may not be here (403), a
 * preflight, OPTIONS (204) and methods that are not in the comma list `methods` (405); NULL: any
 * method, and OPTIONS is the handler's too. False: it has been answered. */
bool gw_cors_admit(struct gw_exchange *exchange, const char *origins, const char *methods);

#endif
