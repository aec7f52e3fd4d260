/* SPDX-License-Identifier: MIT */
/*
 * Request and response heads of HTTP/1.x (RFC 9112), strictly: what two readers could understand
 * differently is refused. The scanner finds the end of a head as its bytes come, each byte once
 * however they are split; the parser then reads the whole head in one pass. Slices point into the
 * input.
 */
#ifndef GW_CODEC_HTTP_HEAD_H
#define GW_CODEC_HTTP_HEAD_H

#include "base/str.h"
#include "godwit/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GW_HTTP_HEAD_MAX   (16 * 1024) /* the whole head: against a peer that makes us remember */
#define GW_HTTP_LINE_MAX   (8 * 1024)  /* the request line */
#define GW_HTTP_FIELDS_MAX 100         /* header lines: against tables of tiny headers */

/* Where the search for a head's end stands; all-zero at the start. */
struct gw_http_scan {
  uint32_t at;         /* bytes seen */
  uint32_t line_start; /* of the present line */
  uint16_t lines;      /* finished lines, the first included */
  bool saw_cr;
};

/* `data`, `len`: all bytes of the head so far (those seen before, and new ones). Above 0: the
 * head's length with its blank line; 0: not whole yet; GW_ERR_HTTP_SYNTAX (bare CR or LF, NUL or
 * another control character), _TARGET_LONG (first line over 8 KiB), _HEADERS_LARGE (over 16 KiB or
 * 100 headers); each as soon as it shows. Up to two empty lines (CRLF) before a request line are
 * skipped by the caller's gw_http_scan_blank. */
int gw_http_scan(struct gw_http_scan *scan, const char *data, size_t len);
/* How many bytes of leading CRLF to drop before a request (RFC 9112 section 2.2): 0, 2 or 4. */
size_t gw_http_scan_blank(const char *data, size_t len);

enum gw_http_method {
  GW_HTTP_OTHER, /* a valid token that is none of these */
  GW_HTTP_GET,
  GW_HTTP_HEAD,
  GW_HTTP_POST,
  GW_HTTP_PUT,
  GW_HTTP_DELETE,
  GW_HTTP_OPTIONS,
  GW_HTTP_PATCH,
  GW_HTTP_CONNECT,
};

struct gw_http_field {
  struct gw_str name;  /* as sent; compare with gw_str_is_nocase */
  struct gw_str value; /* without surrounding blanks */
};

/* How the body is framed (RFC 9112 section 6.3). */
enum gw_http_framing { GW_HTTP_NO_BODY, GW_HTTP_LENGTH, GW_HTTP_CHUNKED, GW_HTTP_UNTIL_CLOSE };

struct gw_http_head {
  /* request */
  enum gw_http_method method;
  struct gw_str method_text;
  struct gw_str target; /* origin-form beginning with `/`, absolute-form reduced to its path, `*`,
                           or authority (CONNECT) */
  struct gw_str path, query; /* of the target, at its first `?`; query at NULL: none */
  struct gw_str host;        /* of the one Host header, or of an absolute target */
  /* response */
  unsigned status;
  struct gw_str reason;
  /* both */
  uint8_t minor;      /* HTTP/1.minor: 0 or 1 */
  bool keep_alive;    /* what the version and Connection say */
  bool wants_upgrade; /* Connection lists `upgrade` and there is an Upgrade field */
  bool expects_continue;
  enum gw_http_framing framing;
  uint64_t length; /* where framing is GW_HTTP_LENGTH */
  unsigned n_fields;
  struct gw_http_field fields[GW_HTTP_FIELDS_MAX];
};

/* A whole head as gw_http_scan found it. 0, or GW_ERR_HTTP_SYNTAX (security.md 4: both or differing
 * or signed lengths, obs-fold, blank before the colon, missing or double Host on 1.1 …), _VERSION
 * (not 1.0 or 1.1), _CODING (a transfer coding other than chunked). */
int gw_http_request_parse(struct gw_http_head *head, const char *data, size_t len);
/* `request`: the method that is answered (no body after HEAD, 2xx to CONNECT). */
int gw_http_response_parse(struct gw_http_head *head, const char *data, size_t len,
                           enum gw_http_method request);

/* The n-th field (0 is the first) with this lower-case name; NULL past the last. */
const struct gw_http_field *gw_http_field(const struct gw_http_head *head, const char *lower_name,
                                          unsigned n);
/* The value of the only field with that name; at NULL where there is none or more than one
 * (out_count, where not NULL, tells). */
struct gw_str gw_http_only(const struct gw_http_head *head, const char *lower_name,
                           unsigned *out_count);

#endif
