/* SPDX-License-Identifier: MIT */
/* The small grammar inside heads: tokens, lists, targets, queries, percent-encoding, origins, URLs,
 * base64. */
#ifndef GW_CODEC_HTTP_TEXT_H
#define GW_CODEC_HTTP_TEXT_H

#include "base/str.h"
#include "godwit/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_buf;

bool gw_http_is_token(struct gw_str s); /* RFC 9110 section 5.6.2; empty is none */
/* No CR, LF, NUL or other control characters but TAB. */
bool gw_http_is_field_value(struct gw_str s);
/* Visible ASCII without `#`, and not empty. */
bool gw_http_is_target(struct gw_str s);
/* Without the blanks and tabs at both ends. */
struct gw_str gw_str_trim(struct gw_str s);

/* Cuts the next element of a comma list off *rest (empty ones are skipped, quotes respected); false
 * at the end. */
bool gw_http_list_next(struct gw_str *rest, struct gw_str *out);
/* Likewise the next `name[=value]` of a `;` list; a quoted value comes without its quotes (escapes
 * kept), *out_value.at is NULL where there is none. 1, 0 at the end, GW_ERR_HTTP_SYNTAX for an
 * empty element, a name that is no token, and a value that is neither token nor quoted string. */
int gw_http_parameter_next(struct gw_str *rest, struct gw_str *out_name, struct gw_str *out_value);
/* Whether a comma list holds the token, any case. */
bool gw_http_list_has(struct gw_str list, const char *lower_token);

/* Splits a target at the first `?`; the query comes without it (at NULL: none). */
void gw_http_target_split(struct gw_str target, struct gw_str *out_path, struct gw_str *out_query);
/* The next `name=value` of a query, still encoded; false at the end. */
bool gw_http_query_next(struct gw_str *rest, struct gw_str *out_name, struct gw_str *out_value);
/* The value of the first parameter with that name (compared as it is sent), still encoded; at NULL:
 * none. */
struct gw_str gw_http_query_get(struct gw_str query, const char *name);
/* Decodes %XX (and + to a blank where `is_query`) into out; gives the length, GW_ERR_FULL, or
 * GW_ERR_HTTP_SYNTAX for a cut or non-hex escape. */
int gw_http_percent_decode(struct gw_str s, bool is_query, char *out, size_t size);
/* Encodes all but unreserved characters (and `/` where `keep_slash`); gives the length,
 * GW_ERR_FULL. NUL-terminates. */
int gw_http_percent_encode(struct gw_str s, bool keep_slash, char *out, size_t size);

/* host[:port], as in Host, CONNECT and origins. A host is a name or an IPv4 address of unreserved
 * characters (RFC 3986 also allows sub-delims and escapes: no name in the DNS has them, but tricks
 * do), or an IPv6 address in brackets. */
struct gw_http_authority {
  struct gw_str host; /* with its brackets */
  unsigned port;      /* 1 to 65535; 0: none given */
};
/* GW_ERR_HTTP_SYNTAX */
int gw_http_authority_parse(struct gw_str s, struct gw_http_authority *out);

/* scheme://host[:port], as Origin gives it (RFC 6454 section 7); lower-casing is the comparer's
 * task. */
struct gw_http_origin {
  struct gw_str scheme, host; /* host with its brackets where it is IPv6 */
  unsigned port;              /* filled in for http, https, ws, wss; 0 for others without one */
};
/* `null` and anything odd: GW_ERR_HTTP_SYNTAX */
int gw_http_origin_parse(struct gw_str s, struct gw_http_origin *out);
/* Whether an Origin (http or https) is of the same host and port as the Host header, whose missing
 * port is the one of `is_tls`. */
bool gw_http_origin_is_same(struct gw_str origin, struct gw_str host, bool is_tls);

/* ws, wss, http, https URLs (RFC 3986, RFC 6455 section 3: no fragment). Slices into the text. */
struct gw_http_url {
  struct gw_str scheme, user_info; /* user_info.at is NULL where there is none */
  struct gw_str host;              /* without brackets */
  struct gw_str target;            /* path and query; "" where there is none, and beginning with `?`
                                      where only the path is missing: `/` goes before it on the wire */
  unsigned port;                   /* given, or the scheme's */
  bool is_tls, is_ipv6;
};
/* GW_ERR_ARGUMENT */
int gw_http_url_parse(struct gw_str s, struct gw_http_url *out);

/* RFC 4648 section 4. Encode NUL-terminates, gives the length or GW_ERR_FULL; decode is strict
 * (padding, no spare bits). */
int gw_base64_encode(const void *data, size_t len, char *out, size_t size);
/* The same into a buffer, without the NUL. GW_ERR_FULL, GW_ERR_MEMORY. */
int gw_base64_add(struct gw_buf *out, struct gw_str bytes);
/* The length, GW_ERR_FULL, or GW_ERR_ARGUMENT. */
int gw_base64_decode(struct gw_str text, uint8_t *out, size_t size);

#endif
