/* SPDX-License-Identifier: MIT */
/*
 * The passes in registers of 32 bytes, for x86-64 with AVX2. Only the register is said here; what
 * is done with it stands in simd_lookup.h and simd_pass.h. Nothing outside the table may be called
 * on a processor without these instructions.
 */
#include <immintrin.h>

#include "base/simd_level.h"

typedef __m256i vec;
enum { VEC = sizeof(vec) };

static inline vec vec_load(const uint8_t *p) {
  return _mm256_loadu_si256((const vec *)p);
}

static inline void vec_store(uint8_t *p, vec v) {
  _mm256_storeu_si256((vec *)p, v);
}

static inline vec vec_repeat(uint64_t word) {
  return _mm256_set1_epi64x((long long)word);
}

/* Opaque to the compiler, which would else make the constant anew in each turn of the loop. */
static inline vec vec_every(uint8_t byte) {
  vec v = _mm256_set1_epi8((char)byte);
  __asm__("" : "+x"(v));
  return v;
}

static inline bool vec_is_ascii(vec v) {
  return _mm256_movemask_epi8(v) == 0;
}

static inline bool vec_is_zero(vec v) {
  return _mm256_testz_si256(v, v);
}

static inline vec vec_table(const uint8_t table[16]) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}

static inline vec vec_lookup(vec table, vec index) {
  return _mm256_shuffle_epi8(table, index);
}

static inline vec vec_low(vec v) {
  return v & vec_every(0x0F);
}

static inline vec vec_high(vec v) {
  return vec_low(_mm256_srli_epi16(v, 4));
}

static inline vec vec_less(vec v, uint8_t n) {
  return _mm256_subs_epu8(v, vec_every(n));
}

/* alignr works within each half; the half before it comes from `prev` and `cur` (0x21). */
#define vec_before(cur, prev, n)                                                                   \
  _mm256_alignr_epi8(cur, _mm256_permute2x128_si256(prev, cur, 0x21), 16 - (n))

/* A lead in the last place, of three in the last two, of four in the last three. */
static inline vec vec_cut(vec prev) {
  static const uint8_t most[VEC] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xEF, 0xDF, 0xBF};
  return _mm256_subs_epu8(prev, vec_load(most));
}

#include "base/simd_lookup.h"
#include "base/simd_pass.h"

const struct gw_simd gw_simd_avx2 = {
    .name = "avx2", .mask = pass_mask, .utf8 = pass_utf8, .mask_utf8 = pass_mask_utf8};
