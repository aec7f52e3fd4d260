/* SPDX-License-Identifier: MIT */
/*
 * The edges of a piece of text, byte by byte: the end of a code point that an earlier piece began,
 * and the beginning of one that a later piece will end. What lies between belongs to the levels of
 * simd.h, which are the only users of this header.
 */
#ifndef GW_BASE_UTF8_EDGE_H
#define GW_BASE_UTF8_EDGE_H

#include "base/utf8.h"

/* No byte lies in this range: once false, always false. */
static inline bool gw_utf8_spoil(struct gw_utf8 *u) {
  *u = (struct gw_utf8){.missing = 1, .low = 0xFF, .high = 0x00};
  return false;
}

static inline bool gw_utf8_is_spoilt(const struct gw_utf8 *u) {
  return u->low > u->high;
}

/* A byte that begins a code point (RFC 3629 section 4, the table of the ABNF). */
static inline bool gw_utf8_begin(struct gw_utf8 *u, uint8_t byte) {
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return gw_utf8_spoil(u);
  u->missing = (uint8_t)(1 + (byte >= 0xE0) + (byte >= 0xF0));
  u->low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;  /* overlong below */
  u->high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF; /* surrogate, beyond U+10FFFF */
  return true;
}

static inline bool gw_utf8_step(struct gw_utf8 *u, uint8_t byte) {
  if (u->missing == 0) return gw_utf8_begin(u, byte);
  if (byte < u->low || byte > u->high) return gw_utf8_spoil(u);
  u->missing--;
  u->low = 0x80;
  u->high = 0xBF;
  return true;
}

static inline bool gw_utf8_steps(struct gw_utf8 *u, const uint8_t *data, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (!gw_utf8_step(u, data[i])) return false;
  return true;
}

/* How many bytes at the end of `data` (0 to 3) belong to a code point that is cut there. */
static inline size_t gw_utf8_cut(const uint8_t *data, size_t len) {
  if (len >= 1 && data[len - 1] >= 0xC0) return 1;
  if (len >= 2 && data[len - 2] >= 0xE0) return 2;
  if (len >= 3 && data[len - 3] >= 0xF0) return 3;
  return 0;
}

#endif
