/* SPDX-License-Identifier: MIT */
/*
 * Addresses read and written. Names are asked of the system's resolver, which may block: only a
 * listener's own address is, at start.
 */
#include "net/address.h"

#include "base/str.h"
#include "godwit/error.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static int parse_port(const char *text, unsigned *out_port) {
  struct gw_str digits = gw_str_of(text);
  uint64_t port = 0;
  if (digits.len > 5 || !gw_str_number(digits, 65535, &port)) return GW_ERR_ADDRESS;
  *out_port = (unsigned)port;
  return 0;
}

static int parse_unix(const char *path, struct gw_address *address) {
  size_t len = strlen(path);
  if (len == 0 || len >= sizeof((struct sockaddr_un *)0)->sun_path) return GW_ERR_ADDRESS;
  memcpy(address->host, path, len + 1);
  address->kind = GW_ADDRESS_UNIX;
  return 0;
}

/* The host's text without its brackets; a bare IPv6 number is refused, for `::1:80` says nothing
 * clearly. */
static int parse_host(struct gw_str host, struct gw_address *address) {
  bool has_brackets = host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
  if (has_brackets) host = (struct gw_str){host.at + 1, host.len - 2};
  if (host.len > GW_ADDRESS_HOST_MAX) return GW_ERR_ADDRESS;
  if (host.len == 0 && has_brackets) return GW_ERR_ADDRESS;
  if (memchr(host.at, ':', host.len) && !has_brackets) return GW_ERR_ADDRESS;
  memcpy(address->host, host.at, host.len);
  address->host[host.len] = '\0';
  struct in6_addr number;
  if (has_brackets && inet_pton(AF_INET6, address->host, &number) != 1) return GW_ERR_ADDRESS;
  if (host.len == 0)
    address->kind = GW_ADDRESS_ANY;
  else if (gw_str_is_nocase(host, "localhost"))
    address->kind = GW_ADDRESS_LOCALHOST;
  else
    address->kind = GW_ADDRESS_HOST;
  return 0;
}

int gw_address_parse(const char *text, struct gw_address *out_address) {
  struct gw_address address = {0};
  int err;
  if (!text) return GW_ERR_ADDRESS;
  if (strncmp(text, "unix:", 5) == 0) {
    err = parse_unix(text + 5, &address);
  } else {
    const char *colon = strrchr(text, ':');
    if (!colon) return GW_ERR_ADDRESS;
    err = parse_port(colon + 1, &address.port);
    if (err == 0) err = parse_host((struct gw_str){text, (size_t)(colon - text)}, &address);
  }
  if (err == 0) *out_address = address;
  return err;
}

static bool is_loopback_v4(const struct in_addr *number) {
  return ntohl(number->s_addr) >> 24 == 127;
}

static bool is_loopback(const struct sockaddr *address) {
  if (address->sa_family == AF_INET)
    return is_loopback_v4(&((const struct sockaddr_in *)(const void *)address)->sin_addr);
  if (address->sa_family != AF_INET6) return false;
  const struct in6_addr *number = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
  if (IN6_IS_ADDR_LOOPBACK(number)) return true;
  return IN6_IS_ADDR_V4MAPPED(number) && number->s6_addr[12] == 127;
}

int gw_address_is_loopback(const char *text) {
  struct gw_address address;
  int err = gw_address_parse(text, &address);
  if (err < 0) return err;
  if (address.kind == GW_ADDRESS_ANY) return 0;
  if (address.kind != GW_ADDRESS_HOST) return 1;
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *found;
  if (getaddrinfo(address.host, NULL, &hints, &found) != 0) return GW_ERR_ADDRESS;
  int all = 1;
  for (const struct addrinfo *info = found; info; info = info->ai_next)
    if (!is_loopback(info->ai_addr)) all = 0;
  freeaddrinfo(found);
  return all;
}

static void format_v4(const struct in_addr *number, unsigned port, char *out, size_t size) {
  char host[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, number, host, sizeof host);
  snprintf(out, size, "%s:%u", host, port);
}

static void format_v6(const struct sockaddr_in6 *address, char *out, size_t size) {
  unsigned port = ntohs(address->sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
    struct in_addr number;
    memcpy(&number, &address->sin6_addr.s6_addr[12], sizeof number);
    format_v4(&number, port, out, size);
    return;
  }
  char host[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof host);
  snprintf(out, size, "[%s]:%u", host, port);
}

const char *gw_address_format(const struct sockaddr *address, char *out, size_t size) {
  if (size == 0) return out;
  out[0] = '\0';
  if (address->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const void *)address;
    format_v4(&v4->sin_addr, ntohs(v4->sin_port), out, size);
  } else if (address->sa_family == AF_INET6) {
    format_v6((const void *)address, out, size);
  } else if (address->sa_family == AF_UNIX) {
    snprintf(out, size, "unix");
  }
  return out;
}
