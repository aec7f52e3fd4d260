/* SPDX-License-Identifier: MIT */
/*
 * The passes in registers of 16 bytes, for x86-64 with SSSE3 and SSE4.1. Only the register is said
 * here; what is done with it stands in simd_lookup.h and simd_pass.h. Nothing outside the table may
 * be called on a processor without these instructions.
 */
#include <immintrin.h>

#include "base/simd_level.h"

typedef __m128i vec;
enum { VEC = sizeof(vec) };

static inline vec vec_load(const uint8_t *p) {
  return _mm_loadu_si128((const vec *)p);
}

static inline void vec_store(uint8_t *p, vec v) {
  _mm_storeu_si128((vec *)p, v);
}

static inline vec vec_repeat(uint64_t word) {
  return _mm_set1_epi64x((long long)word);
}

/* Opaque to the compiler, which would else make the constant anew in each turn of the loop. */
static inline vec vec_every(uint8_t byte) {
  vec v = _mm_set1_epi8((char)byte);
  __asm__("" : "+x"(v));
  return v;
}

static inline bool vec_is_ascii(vec v) {
  return _mm_movemask_epi8(v) == 0;
}

static inline bool vec_is_zero(vec v) {
  return _mm_testz_si128(v, v);
}

static inline vec vec_table(const uint8_t table[16]) {
  return vec_load(table);
}

static inline vec vec_lookup(vec table, vec index) {
  return _mm_shuffle_epi8(table, index);
}

static inline vec vec_low(vec v) {
  return v & vec_every(0x0F);
}

static inline vec vec_high(vec v) {
  return vec_low(_mm_srli_epi16(v, 4));
}

static inline vec vec_less(vec v, uint8_t n) {
  return _mm_subs_epu8(v, vec_every(n));
}

#define vec_before(cur, prev, n) _mm_alignr_epi8(cur, prev, VEC - (n))

/* A lead in the last place, of three in the last two, of four in the last three. */
static inline vec vec_cut(vec prev) {
  return _mm_subs_epu8(prev, _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                           (char)0xEF, (char)0xDF, (char)0xBF));
}

#include "base/simd_lookup.h"
#include "base/simd_pass.h"

const struct gw_simd gw_simd_sse = {
    .name = "sse", .mask = pass_mask, .utf8 = pass_utf8, .mask_utf8 = pass_mask_utf8};
