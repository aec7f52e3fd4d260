/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 (RFC 3629) checked as the bytes come, whatever pieces they come in: a text message must
 * fail at its first bad byte (RFC 6455 8.1), and a good code point may be cut anywhere.
 */
#ifndef GW_BASE_UTF8_H
#define GW_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_simd;

/* The incomplete code point at the end of what came so far; all-zero is the initial state. */
struct gw_utf8 {
  uint8_t missing;   /* continuation bytes still to come */
  uint8_t low, high; /* what the next of them must lie in */
};

/* Feeds bytes. False as soon as the bytes so far cannot be the beginning of valid UTF-8 any more
 * (overlong, surrogate, above U+10FFFF, stray or absent continuation): "\xF4\x90" is already false.
 * After that every further byte is false too. */
bool gw_utf8_feed(struct gw_utf8 *u, const struct gw_simd *simd, const uint8_t *data, size_t len);

/* Whether no code point is cut. */
bool gw_utf8_is_complete(const struct gw_utf8 *u);

/* Whether a whole text is valid. */
bool gw_utf8_valid(const struct gw_simd *simd, const uint8_t *data, size_t len);

#endif
