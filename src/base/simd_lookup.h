/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with each byte, by looking up three half bytes: the algorithm of Keiser and Lemire,
 * "Validating UTF-8 in less than one instruction per byte" (2021), for registers made of lanes of
 * 16 bytes. A level includes this after it has defined `vec` and
 *
 *   vec_table(const uint8_t[16])     the 16 bytes in every lane
 *   vec_lookup(table, index)         per byte, index < 16
 *   vec_high(v), vec_low(v)          the upper and the lower half of each byte, as a number
 *   vec_less(v, n)                   each byte minus n, not below 0
 *   vec_before(cur, prev, n)         the bytes n places earlier (n constant, 1 to 3)
 *   vec_every(byte)                  the byte all over
 */
#ifndef GW_BASE_SIMD_LOOKUP_H
#define GW_BASE_SIMD_LOOKUP_H

#include <stdint.h>

#include "base/simd_short.h"

/* A pair of bytes is wrong where all three tables have a bit in common. */
enum {
  SHORT = 1 << 0,     /* a lead not followed by a continuation */
  STRAY = 1 << 1,     /* ASCII followed by a continuation */
  OVER3 = 1 << 2,     /* E0 80..9F: overlong */
  LARGE = 1 << 3,     /* F4 90..BF, F5..FF: above U+10FFFF */
  SURROGATE = 1 << 4, /* ED A0..BF */
  OVER2 = 1 << 5,     /* C0, C1: overlong */
  OVER4 = 1 << 6,     /* F0 80..8F: overlong; and F5..FF 80..8F */
  CONTS = 1 << 7,     /* two continuations: right only two or three bytes after a lead */
  ANY = SHORT | STRAY | CONTS,
  BEYOND = ANY | LARGE | OVER4
};

static const uint8_t first_high[16] = {STRAY,
                                       STRAY,
                                       STRAY,
                                       STRAY,
                                       STRAY,
                                       STRAY,
                                       STRAY,
                                       STRAY,
                                       CONTS,
                                       CONTS,
                                       CONTS,
                                       CONTS,
                                       SHORT | OVER2,
                                       SHORT,
                                       SHORT | OVER3 | SURROGATE,
                                       SHORT | LARGE | OVER4};
static const uint8_t first_low[16] = {ANY | OVER2 | OVER3 | OVER4,
                                      ANY | OVER2,
                                      ANY,
                                      ANY,
                                      ANY | LARGE,
                                      BEYOND,
                                      BEYOND,
                                      BEYOND,
                                      BEYOND,
                                      BEYOND,
                                      BEYOND,
                                      BEYOND,
                                      BEYOND,
                                      BEYOND | SURROGATE,
                                      BEYOND,
                                      BEYOND};
static const uint8_t second_high[16] = {SHORT,
                                        SHORT,
                                        SHORT,
                                        SHORT,
                                        SHORT,
                                        SHORT,
                                        SHORT,
                                        SHORT,
                                        STRAY | CONTS | OVER2 | OVER3 | OVER4,
                                        STRAY | CONTS | OVER2 | OVER3 | LARGE,
                                        STRAY | CONTS | OVER2 | SURROGATE | LARGE,
                                        STRAY | CONTS | OVER2 | SURROGATE | LARGE,
                                        SHORT,
                                        SHORT,
                                        SHORT,
                                        SHORT};

static inline vec vec_part(const uint8_t *p, size_t len) {
  uint8_t padded[VEC] = {0};
  short_pass(padded, p, len, 0, true);
  return vec_load(padded);
}

static inline vec vec_errors(vec cur, vec prev) {
  vec first = vec_before(cur, prev, 1);
  vec pair = vec_lookup(vec_table(first_high), vec_high(first)) &
             vec_lookup(vec_table(first_low), vec_low(first)) &
             vec_lookup(vec_table(second_high), vec_high(cur));
  /* Bit 7 where a lead of three stands two places earlier, or one of four three places earlier:
   * there, and only there, the second of two continuations is right. */
  vec expected = vec_less(vec_before(cur, prev, 2), 0xE0 - 0x80) |
                 vec_less(vec_before(cur, prev, 3), 0xF0 - 0x80);
  return pair ^ (expected & vec_every(CONTS));
}

#endif
