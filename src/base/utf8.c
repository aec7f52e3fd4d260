/* SPDX-License-Identifier: MIT */
/*
 * The checker's face. The work is done by a level of simd.h; here is only what all of them share.
 * Between two calls nothing is kept but the state of the one code point that is cut.
 */
#include "base/utf8.h"

#include "base/simd.h"

bool gw_utf8_feed(struct gw_utf8 *u, const struct gw_simd *simd, const uint8_t *data, size_t len) {
  return simd->utf8(data, len, u);
}

bool gw_utf8_is_complete(const struct gw_utf8 *u) {
  return u->missing == 0;
}

bool gw_utf8_valid(const struct gw_simd *simd, const uint8_t *data, size_t len) {
  struct gw_utf8 u = {0};
  return simd->utf8(data, len, &u) && gw_utf8_is_complete(&u);
}
