/* SPDX-License-Identifier: MIT */
/* Which content type a request asks its answer to be (RFC 9110 section 12.5.1). */
#ifndef GW_TRANSPORT_ACCEPT_H
#define GW_TRANSPORT_ACCEPT_H

#include <stdbool.h>

struct gw_http_head;

/* Whether, of the types that a channel can answer with, this one is asked for by name, and no other
 * with a higher quality; of equals the first counts. A wildcard means JSON. */
bool gw_accept_asks(const struct gw_http_head *head, const char *type);

#endif
