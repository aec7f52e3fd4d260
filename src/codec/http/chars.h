/* SPDX-License-Identifier: MIT */
/* Which characters may stand where in HTTP, as sets of bits over ASCII. */
#ifndef GW_CODEC_HTTP_CHARS_H
#define GW_CODEC_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

/* 64 characters from 0x00 in `low`, 64 from 0x40 in `high`; none above ASCII. */
static inline bool gw_http_char_is_in(unsigned char c, uint64_t low, uint64_t high) {
  uint64_t set = c < 64 ? low : high;
  return c < 128 && (set >> (c & 63) & 1);
}

/* tchar of RFC 9110 section 5.6.2: letters, digits and !#$%&'*+-.^_`|~ */
static inline bool gw_http_char_is_token(unsigned char c) {
  return gw_http_char_is_in(c, 0x03ff6cfa00000000u, 0x57ffffffc7fffffeu);
}

/* What a field value may hold (RFC 9110 section 5.5): visible, blank, tab, and bytes above ASCII,
 * which are opaque. */
static inline bool gw_http_char_is_field(unsigned char c) {
  return (c >= 0x20 && c != 0x7F) || c == '\t';
}

/* What may stand in a request target: visible ASCII. More than RFC 3986 allows (`|`, `"`), since
 * browsers send it; never a blank, a fragment, or a byte above ASCII. */
static inline bool gw_http_char_is_target(unsigned char c) {
  return c > 0x20 && c < 0x7F && c != '#';
}

/* unreserved of RFC 3986 section 2.3: letters, digits and -._~ */
static inline bool gw_http_char_is_unreserved(unsigned char c) {
  return gw_http_char_is_in(c, 0x03ff600000000000u, 0x47fffffe87fffffeu);
}

/* userinfo of RFC 3986 section 3.2.1: unreserved, sub-delims, `:` and the `%` of an escape. */
static inline bool gw_http_char_is_user(unsigned char c) {
  return gw_http_char_is_in(c, 0x2fff7ff200000000u, 0x47fffffe87fffffeu);
}

#endif
