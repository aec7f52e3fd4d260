/* SPDX-License-Identifier: MIT */
/*
 * The passes in registers of 16 bytes, for AArch64, where NEON is always there. Only the register
 * is said here; what is done with it stands in simd_lookup.h and simd_pass.h.
 */
#include <arm_neon.h>

#include "base/simd_level.h"

typedef uint8x16_t vec;
enum { VEC = sizeof(vec) };

static inline vec vec_load(const uint8_t *p) {
  return vld1q_u8(p);
}

static inline void vec_store(uint8_t *p, vec v) {
  vst1q_u8(p, v);
}

static inline vec vec_repeat(uint64_t word) {
  return vreinterpretq_u8_u64(vdupq_n_u64(word));
}

static inline vec vec_every(uint8_t byte) {
  return vdupq_n_u8(byte);
}

static inline bool vec_is_ascii(vec v) {
  return vmaxvq_u8(v) < 0x80;
}

static inline bool vec_is_zero(vec v) {
  return vmaxvq_u8(v) == 0;
}

static inline vec vec_table(const uint8_t table[16]) {
  return vec_load(table);
}

static inline vec vec_lookup(vec table, vec index) {
  return vqtbl1q_u8(table, index);
}

static inline vec vec_low(vec v) {
  return v & vec_every(0x0F);
}

static inline vec vec_high(vec v) {
  return vshrq_n_u8(v, 4);
}

static inline vec vec_less(vec v, uint8_t n) {
  return vqsubq_u8(v, vec_every(n));
}

#define vec_before(cur, prev, n) vextq_u8(prev, cur, VEC - (n))

/* A lead in the last place, of three in the last two, of four in the last three. */
static inline vec vec_cut(vec prev) {
  static const uint8_t most[VEC] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xEF, 0xDF, 0xBF};
  return vqsubq_u8(prev, vec_load(most));
}

#include "base/simd_lookup.h"
#include "base/simd_pass.h"

const struct gw_simd gw_simd_neon = {
    .name = "neon", .mask = pass_mask, .utf8 = pass_utf8, .mask_utf8 = pass_mask_utf8};
