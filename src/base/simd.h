/* SPDX-License-Identifier: MIT */
/*
 * The work on every payload byte, once per instruction set: unmasking (RFC 6455 5.3), checking
 * UTF-8, and both in one pass. A level is one const table; whoever needs one asks once and keeps
 * the pointer.
 */
#ifndef GW_BASE_SIMD_H
#define GW_BASE_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_utf8;

enum gw_simd_level { GW_SIMD_PORTABLE, GW_SIMD_SSE, GW_SIMD_AVX2, GW_SIMD_AVX512, GW_SIMD_NEON };
enum { GW_SIMD_LEVELS = GW_SIMD_NEON + 1 };

/* No function reads or writes a byte outside [data, data + len), and no length needs an alignment.
 */
struct gw_simd {
  const char *name;
  /* dst[i] = src[i] ^ key[(phase + i) % 4]. dst == src is fine, any other overlap is not. */
  void (*mask)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], unsigned phase);
  /* gw_utf8_feed at this level. */
  bool (*utf8)(const uint8_t *data, size_t len, struct gw_utf8 *u);
  /* `mask`, and `utf8` on what comes out, in one pass over the cache. False: not UTF-8; what dst
   * holds is then unspecified. */
  bool (*mask_utf8)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4],
                    unsigned phase, struct gw_utf8 *u);
};

/* What this processor runs best. A pure function of the processor. */
const struct gw_simd *gw_simd_best(void);
/* NULL where this processor or build lacks the level; never NULL for GW_SIMD_PORTABLE. */
const struct gw_simd *gw_simd_at(enum gw_simd_level level);

#endif
