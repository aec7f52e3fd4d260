/* SPDX-License-Identifier: MIT */
/* What is said to a proxy before the connection goes through it (CONNECT, RFC 9110 section 9.3.6).
 */
#ifndef GW_CLIENT_PROXY_H
#define GW_CLIENT_PROXY_H

#include "codec/http/text.h"

/* The request, with Basic credentials from the proxy's URL. Its length; GW_ERR_FULL,
 * GW_ERR_ARGUMENT. */
int gw_proxy_request_write(const struct gw_http_url *proxy, const char *host, unsigned port,
                           bool is_ipv6, char *out, size_t size);
/* Above 0: a 2xx answer's length; 0: not whole yet; GW_ERR_PROXY where it refused (out_status
 * tells), GW_ERR_HTTP_*. */
int gw_proxy_answer_read(const char *data, size_t len, unsigned *out_status);

#endif
