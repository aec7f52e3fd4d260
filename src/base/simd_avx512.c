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

static inline vec vec_part(const uint8_t *p, size_t len) {
  return _mm512_maskz_loadu_epi8((1ull << len) - 1, p);
}

static inline void vec_store(uint8_t *p, vec v) {
  _mm512_storeu_si512(p, v);
}

static inline vec vec_repeat(uint64_t word) {
  return _mm512_set1_epi64((long long)word);
}

/* Opaque to the compiler, which would else make the constant anew in each turn of the loop. */
static inline vec vec_every(uint8_t byte) {
  vec v = _mm512_set1_epi8((char)byte);
  __asm__("" : "+v"(v));
  return v;
}

static inline bool vec_is_ascii(vec v) {
  return _mm512_movepi8_mask(v) == 0;
}

static inline bool vec_is_zero(vec v) {
  return _mm512_test_epi8_mask(v, v) == 0;
}

/* Where the registers begin that lie 3, 2 and 1 bytes before `cur`: see vec_before. */
static const uint8_t places[VEC + 2] = {
    61,  62,  63,  64,  65,  66,  67,  68,  69,  70,  71,  72,  73,  74,  75,  76,  77,
    78,  79,  80,  81,  82,  83,  84,  85,  86,  87,  88,  89,  90,  91,  92,  93,  94,
    95,  96,  97,  98,  99,  100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126};

/* What the second byte of a code point is, by its lower 6 bits; and, by those of the lead, what it
 * may not be. LEAD tells that a continuation must follow. */
enum {
  FROM_80 = 1,
  FROM_90 = 2,
  FROM_A0 = 4,
  LEAD = 0x80,
  NONE = FROM_80 | FROM_90 | FROM_A0 | LEAD
};
#define TIMES_16(x) x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x

static const uint8_t seconds[VEC] = {TIMES_16(FROM_80), TIMES_16(FROM_90), TIMES_16(FROM_A0),
                                     TIMES_16(FROM_A0)};
#define AT(lead)       [(lead)-0xC0]
#define SPAN(from, to) [(from)-0xC0 ...(to) - 0xC0]
static const uint8_t leads[VEC] = {
    SPAN(0xC0, 0xC1) = NONE,                                      /* overlong */
    SPAN(0xC2, 0xDF) = LEAD, AT(0xE0) = LEAD | FROM_80 | FROM_90, /* overlong */
    SPAN(0xE1, 0xEC) = LEAD, AT(0xED) = LEAD | FROM_A0,           /* surrogate */
    SPAN(0xEE, 0xEF) = LEAD, AT(0xF0) = LEAD | FROM_80,           /* overlong */
    SPAN(0xF1, 0xF3) = LEAD, AT(0xF4) = LEAD | FROM_90 | FROM_A0, /* above U+10FFFF */
    SPAN(0xF5, 0xFF) = NONE,
};

/* The 64 bytes that begin at `from` in `prev` and run on into `cur`, whose places start at 64. */
static inline vec vec_before(vec cur, vec prev, vec from) {
  return _mm512_permutex2var_epi8(prev, from, cur);
}

static inline vec vec_errors(vec cur, vec prev) {
  vec back1 = vec_load(places + 2), back2 = vec_load(places + 1), back3 = vec_load(places);
  vec first = vec_before(cur, prev, back1);
  __mmask64 is_lead = _mm512_cmpge_epu8_mask(first, vec_every(0xC0));
  vec lead = _mm512_maskz_permutexvar_epi8(is_lead, first, vec_load(leads));
  vec second = _mm512_permutexvar_epi8(cur, vec_load(seconds));
  /* Bit 7: a lead one, of three two, or of four three places earlier wants a continuation here. */
  vec wanted = lead | _mm512_subs_epu8(vec_before(cur, prev, back2), vec_every(0xE0 - 0x80)) |
               _mm512_subs_epu8(vec_before(cur, prev, back3), vec_every(0xF0 - 0x80));
  /* Bit 7: a continuation is here. A byte added to itself has its bit 6 there. */
  vec found = ~_mm512_add_epi8(cur, cur) & cur;
  return ((wanted ^ found) & vec_every(0x80)) | (lead & second);
}

/* A lead in the last place, of three in the last two, of four in the last three. */
static inline vec vec_cut(vec prev) {
  static const uint8_t most[VEC] = {
      TIMES_16(0xFF), TIMES_16(0xFF), TIMES_16(0xFF), 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
      0xFF,           0xFF,           0xFF,           0xFF, 0xFF, 0xFF, 0xEF, 0xDF, 0xBF};
  return _mm512_subs_epu8(prev, vec_load(most));
}

#include "base/simd_pass.h"

const struct gw_simd gw_simd_avx512 = {
    .name = "avx512", .mask = pass_mask, .utf8 = pass_utf8, .mask_utf8 = pass_mask_utf8};
