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
#include <strings.h>
#include <sys/un.h>

/* These give NULL, or what is wrong. */

static const char *parse_port(const char *text, unsigned *out_port) {
  uint64_t port = 0;
  if (!gw_str_decimal(gw_str_of(text), 65535, &port))
    return "a port is a number from 0 to 65535, in digits alone and without zeros before it; 0 "
           "lets the system choose";
  *out_port = (unsigned)port;
  return NULL;
}

static const char *parse_unix(const char *path, struct gw_address *address) {
  size_t len = strlen(path);
  if (len == 0) return "behind unix: stands a path, as in unix:/run/godwit.sock";
  if (len >= sizeof((struct sockaddr_un *)0)->sun_path)
    return "the path of a unix socket has at most 107 bytes";
  memcpy(address->host, path, len + 1);
  address->kind = GW_ADDRESS_UNIX;
  return NULL;
}

static bool is_in_name(char c) {
  return (c >= '0' && c <= '9') || (gw_char_lower(c) >= 'a' && gw_char_lower(c) <= 'z') ||
         c == '.' || c == '-' || c == '_';
}

/* What ends in a number is an IPv4 address, and written in one way only: a resolver would take
 * `127.1`, `0x7f000001` and `0177.0.0.1` too. */
static bool ends_in_number(const char *host) {
  const char *dot = strrchr(host, '.'), *last = dot ? dot + 1 : host;
  size_t digits = strspn(last, "0123456789");
  return digits > 0 && (last[digits] == '\0' || strncasecmp(last, "0x", 2) == 0);
}

static const char *check_name(struct gw_str host, const char *text) {
  struct in_addr number;
  for (size_t i = 0; i < host.len; i++)
    if (!is_in_name(host.at[i]))
      return "a host is a name, an IPv4 address, or an IPv6 address in brackets; without one "
             "(:8000) "
             "it is every address of this machine";
  return ends_in_number(text) && inet_pton(AF_INET, text, &number) != 1
             ? "an IPv4 address is four numbers from 0 to 255, as in 127.0.0.1"
             : NULL;
}

/* The host's text without its brackets; a bare IPv6 number is refused, for `::1:80` says nothing
 * clearly. */
static const char *parse_host(struct gw_str host, struct gw_address *address) {
  bool has_brackets = host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
  struct in6_addr number;
  if (has_brackets) host = (struct gw_str){host.at + 1, host.len - 2};
  if (host.len > GW_ADDRESS_HOST_MAX) return "a host has at most 255 bytes";
  memcpy(address->host, host.at, host.len);
  address->host[host.len] = '\0';
  if (has_brackets && inet_pton(AF_INET6, address->host, &number) != 1)
    return "in the brackets stands an IPv6 address, as in [::1]:8000";
  if (!has_brackets && memchr(host.at, ':', host.len))
    return "an IPv6 address stands in brackets, as in [::1]:8000";
  if (host.len == 0)
    address->kind = GW_ADDRESS_ANY;
  else if (gw_str_is_nocase(host, "localhost"))
    address->kind = GW_ADDRESS_LOCALHOST;
  else
    address->kind = GW_ADDRESS_HOST;
  return has_brackets ? NULL : check_name(host, address->host);
}

static const char *parse(const char *text, struct gw_address *address) {
  if (!text || !*text) return "an address is HOST:PORT, [V6]:PORT, :PORT or unix:PATH";
  if (strncmp(text, "unix:", 5) == 0) return parse_unix(text + 5, address);
  if (strstr(text, "://")) return "an address has no scheme: HOST:PORT, as in localhost:8000";
  const char *colon = strrchr(text, ':');
  if (!colon || strchr(colon, ']')) return "the port is missing, as in localhost:8000";
  const char *problem = parse_port(colon + 1, &address->port);
  return problem ? problem : parse_host((struct gw_str){text, (size_t)(colon - text)}, address);
}

const char *gw_address_problem(const char *text) {
  struct gw_address address = {0};
  return parse(text, &address);
}

int gw_address_parse(const char *text, struct gw_address *out_address) {
  struct gw_address address = {0};
  if (parse(text, &address)) return GW_ERR_ADDRESS;
  *out_address = address;
  return 0;
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
