/* SPDX-License-Identifier: MIT */
/* Bodies of HTTP/1.1 as they come: counted, chunked (RFC 9112 section 7.1), or until the end of the
 * connection. */
#ifndef GW_CODEC_HTTP_BODY_H
#define GW_CODEC_HTTP_BODY_H

#include "codec/http/head.h"

struct gw_http_body {
  enum gw_http_framing framing;
  uint8_t state;
  uint8_t digits;     /* of the present chunk size */
  uint16_t line;      /* bytes of the present size line or trailer section: both capped */
  uint64_t remaining; /* of the length, or of the present chunk */
};

void gw_http_body_init(struct gw_http_body *body, const struct gw_http_head *head);
/* Reads from *data, advancing it and *len. 1: *out is a piece of the body (never empty); 0: all
 * input is used up, more is needed; 2: the body is whole (what is left of the input belongs to the
 * next message); GW_ERR_HTTP_SYNTAX. Call it until it gives no 1: the end shows without further
 * input. A body until the end of the connection never gives 2. Trailers are read and dropped, and
 * capped with the chunks' own lines; what the data comes to, the caller caps. */
int gw_http_body_read(struct gw_http_body *body, const char **data, size_t *len,
                      struct gw_str *out);

/* A chunk's head line for `len` > 0 bytes into out[18]; gives its length. The chunk ends with CRLF,
 * the body with `0\r\n\r\n`. */
size_t gw_http_chunk_head(char out[18], size_t len);

#endif
