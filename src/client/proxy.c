/* SPDX-License-Identifier: MIT */
/* CONNECT written and its answer read. Knows no stream. */
#include "client/proxy.h"

#include "codec/http/head.h"

#include <stdio.h>

/* `Proxy-Authorization: Basic …` from user:password of the URL, percent-decoded; empty where there
 * is none. */
static int credentials(const struct gw_http_url *proxy, char *out, size_t size) {
  char plain[256], encoded[400];
  out[0] = '\0';
  if (proxy->user_info.len == 0) return 0;
  int n = gw_http_percent_decode(proxy->user_info, false, plain, sizeof plain);
  if (n >= 0) n = gw_base64_encode(plain, (size_t)n, encoded, sizeof encoded);
  if (n < 0) return GW_ERR_ARGUMENT;
  n = snprintf(out, size, "Proxy-Authorization: Basic %s\r\n", encoded);
  return n < 0 || (size_t)n >= size ? GW_ERR_FULL : 0;
}

int gw_proxy_request_write(const struct gw_http_url *proxy, const char *host, unsigned port,
                           bool is_ipv6, char *out, size_t size) {
  char authorization[512], authority[300];
  int r = credentials(proxy, authorization, sizeof authorization);
  if (r < 0) return r;
  snprintf(authority, sizeof authority, is_ipv6 ? "[%s]:%u" : "%s:%u", host, port);
  int n = snprintf(out, size, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", authority, authority,
                   authorization);
  return n < 0 || (size_t)n >= size ? GW_ERR_FULL : n;
}

int gw_proxy_answer_read(const char *data, size_t len, unsigned *out_status) {
  struct gw_http_scan scan = {0};
  struct gw_http_head head;
  int n = gw_http_scan(&scan, data, len);
  if (n <= 0) return n;
  int r = gw_http_response_parse(&head, data, (size_t)n, GW_HTTP_CONNECT);
  if (r < 0) return r;
  *out_status = head.status;
  return head.status >= 200 && head.status < 300 ? n : GW_ERR_PROXY;
}
