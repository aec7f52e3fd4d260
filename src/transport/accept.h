/* SPDX-License-Identifier: MIT */
/* Which content type a request asks its answer to be (RFC 9110 section 12.5.1). */
#ifndef GW_TRANSPORT_ACCEPT_H
#define GW_TRANSPORT_ACCEPT_H

#include <stddef.h>

struct gw_http_head;

/* Of `n` types (at least one; lower case, without parameters) the one that is asked for by name,
 * with the highest quality; of equals the first in the request counts. A wildcard means the last of
 * them, as does a request for none of them. */
const char *gw_accept_choose(const struct gw_http_head *head, const char *const *types, size_t n);

#endif
