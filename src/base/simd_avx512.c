/* SPDX-License-Identifier: MIT */
/*
 * The passes in registers of 64 bytes, for x86-64 with AVX-512 BW and VBMI (Ice Lake, Zen 4 and
 * later). VBMI looks up whole 6-bit numbers and moves bytes over the whole register, so the check
 * is written for it here; the passes stand in simd_pass.h. Nothing outside the table may be called
 * on a processor without these instructions.
 */
#include <immintrin.h>

#include "base/simd_level.h"

typedef __m512i vec;
enum { VEC = sizeof(vec) };

static inline vec vec_load(const uint8_t *p) {
  return _mm512_loadu_si512(p);
}

static inline void vec_store(uint8_t *p, vec v) {
  _mm512_storeu_si512(p, v);
}

static inline vec vec_repeat(uint64_t word) {
  return _mm512_set1_epi64((long long)word);
}

static inline vec vec_every(uint8_t byte) {
  return _mm512_set1_epi8((char)byte);
}

static inline bool vec_is_ascii(vec v) {
  return _mm512_movepi8_mask(v) == 0;
}

static inline bool vec_is_zero(vec v) {
  return _mm512_test_epi8_mask(v, v) == 0;
}

static inline vec vec_table(const uint8_t table[16]) {
  return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
}

static inline vec vec_lookup(vec table, vec index) {
  return _mm512_shuffle_epi8(table, index);
}

static inline vec vec_low(vec v) {
  return v & vec_every(0x0F);
}

static inline vec vec_high(vec v) {
  return vec_low(_mm512_srli_epi16(v, 4));
}

static inline vec vec_less(vec v, uint8_t n) {
  return _mm512_subs_epu8(v, vec_every(n));
}

#define vec_before(cur, prev, n)                                                                   \
  _mm512_alignr_epi8(cur, _mm512_alignr_epi64(cur, prev, 6), 16 - (n))

/* A lead in the last place, of three in the last two, of four in the last three. */
static inline vec vec_cut(vec prev) {
  return _mm512_maskz_subs_epu8(7ull << 61, prev,
                                _mm512_set1_epi64((long long)0xBFDFEFFFFFFFFFFFu));
}

#include "base/simd_lookup.h"
#include "base/simd_pass.h"

const struct gw_simd gw_simd_avx512 = {
    .name = "avx512", .mask = pass_mask, .utf8 = pass_utf8, .mask_utf8 = pass_mask_utf8};
