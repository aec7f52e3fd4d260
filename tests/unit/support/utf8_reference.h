/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 as RFC 3629 says it in words, decoded by numbers and as slowly as one likes: the judge that
 * src/base/utf8.c and the levels of simd.h are compared with.
 */
#ifndef GW_TEST_UTF8_REFERENCE_H
#define GW_TEST_UTF8_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether some code point that is no surrogate lies in [low, high] and needs this many bytes. */
static inline bool reference_is_reachable(uint32_t low, uint32_t high, unsigned bytes) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  static const uint32_t most[] = {0, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
  if (low < least[bytes]) low = least[bytes];
  if (high > most[bytes]) high = most[bytes];
  if (low > high) return false;
  return low < 0xD800 || high > 0xDFFF;
}

static inline unsigned reference_bytes(uint8_t lead) {
  unsigned ones = 0;
  while (ones < 8 && (lead & (0x80u >> ones)))
    ones++;
  return ones == 0 ? 1 : ones == 1 || ones > 4 ? 0 : ones;
}

/* How many bytes can still become valid UTF-8: `len`, or the index of the first bad byte.
 * `out_missing`: the bytes that the code point at the end lacks (0 after a bad byte). */
static inline size_t reference_prefix(const uint8_t *data, size_t len, unsigned *out_missing) {
  *out_missing = 0;
  for (size_t at = 0; at < len;) {
    unsigned bytes = reference_bytes(data[at]), seen = 0;
    if (bytes == 0) return at;
    uint32_t value = 0;
    for (; seen < bytes && at + seen < len; seen++) {
      uint8_t byte = data[at + seen];
      if (seen > 0 && byte >> 6 != 2) return at + seen;
      value = seen > 0 ? value << 6 | (byte & 0x3Fu) : bytes == 1 ? byte : byte & (0x7Fu >> bytes);
      unsigned open = 6 * (bytes - seen - 1);
      if (!reference_is_reachable(value << open, (value << open) + ((1u << open) - 1), bytes))
        return at + seen;
    }
    *out_missing = bytes - seen;
    at += seen;
  }
  return len;
}

#endif
