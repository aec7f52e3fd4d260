/* SPDX-License-Identifier: MIT */
/* Names to addresses without blocking the loop: getaddrinfo in a few threads that live only while
 * there is something to look up. One resolver per net. */
#ifndef GW_NET_RESOLVE_H
#define GW_NET_RESOLVE_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct gw_loop;
struct gw_resolver;
struct gw_lookup;

struct gw_endpoint {
  socklen_t len;
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
  } at;
};

/* Addresses kept of one answer: against a zone that lists thousands. */
enum { GW_ENDPOINTS_MAX = 16 };

/* err 0 and n > 0, or GW_ERR_RESOLVE, GW_ERR_MEMORY. The list is lent for the call. */
typedef void gw_lookup_fn(void *owner, int err, const struct gw_endpoint *list, unsigned n);

/* An address literal, or `localhost`, which never leaves the machine (RFC 6761, 6.3). Gives how
 * many addresses it filled in; 0: a name that has to be looked up. Does not block. */
unsigned gw_endpoint_literal(const char *host, unsigned port,
                             struct gw_endpoint out_list[GW_ENDPOINTS_MAX]);

int gw_resolver_new(struct gw_resolver **out_resolver);
/* All lookups must be done or cancelled; threads that are still inside getaddrinfo end by
 * themselves. */
void gw_resolver_free(struct gw_resolver *resolver);

/* `on_done` comes on the loop's thread, never inside this call. GW_ERR_ARGUMENT (no host name can
 * be so long), _MEMORY, _FULL, _SYSTEM (no thread). */
int gw_lookup_new(struct gw_resolver *resolver, struct gw_loop *loop, const char *host,
                  unsigned port, gw_lookup_fn *on_done, void *owner, struct gw_lookup **out_lookup);
/* No call comes after it. Not after on_done, which ends the lookup. */
void gw_lookup_cancel(struct gw_lookup *lookup);

#endif
