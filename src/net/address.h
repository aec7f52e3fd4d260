/* SPDX-License-Identifier: MIT */
/* Addresses as text: what a listener may be asked for, and how a peer is written. */
#ifndef GW_NET_ADDRESS_H
#define GW_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum gw_address_kind { GW_ADDRESS_ANY, GW_ADDRESS_LOCALHOST, GW_ADDRESS_HOST, GW_ADDRESS_UNIX };

enum { GW_ADDRESS_HOST_MAX = 255 }; /* the longest DNS name is shorter; a unix path too */

struct gw_address {
  enum gw_address_kind kind;
  char host[GW_ADDRESS_HOST_MAX + 1]; /* HOST: name or number, without brackets; UNIX: the path */
  unsigned port;
};

/* NULL; where the text is no address, what is wrong and what would be right. */
const char *gw_address_problem(const char *text);
/* GW_ERR_ADDRESS. */
int gw_address_parse(const char *text, struct gw_address *out_address);
/* Whether all that the address names is loopback (or unix). GW_ERR_ADDRESS where it cannot be read.
 */
int gw_address_is_loopback(const char *address);
/* `203.0.113.9:4711`, `[2001:db8::1]:4711` or `unix`; an IPv4 peer of an IPv6 socket is written as
 * IPv4. Empty where the family is another. Gives out. */
const char *gw_address_format(const struct sockaddr *address, char *out, size_t size);

#endif
