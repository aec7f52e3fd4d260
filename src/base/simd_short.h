/* SPDX-License-Identifier: MIT */
/*
 * Less than one block of 64 bytes, which most messages are: two or four loads that overlap in the
 * middle cover every length without a loop and without a byte outside. All loads come before the
 * first store, so that dst == src works. For the levels of simd.h alone.
 */
#ifndef GW_BASE_SIMD_SHORT_H
#define GW_BASE_SIMD_SHORT_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 64 };

/* A register of 16 bytes on every processor that has one; the compiler splits it elsewhere. */
typedef uint64_t short_vec __attribute__((vector_size(16)));

static inline uint64_t key_word_turned(uint64_t key, size_t by) {
  unsigned bits = (unsigned)(by % 4) * 8;
  return key >> bits | key << (-bits & 63);
}

/* The key, turned to start at `phase` and repeated, as a little-endian number. */
static inline uint64_t key_word(const uint8_t key[4], unsigned phase) {
  uint32_t word;
  memcpy(&word, key, sizeof word);
  word = le32toh(word);
  return key_word_turned((uint64_t)word << 32 | word, phase);
}

static inline short_vec load16(const uint8_t *p, uint64_t key) {
  short_vec v;
  memcpy(&v, p, sizeof v);
  key = htole64(key);
  return v ^ (short_vec) { key, key };
}

static inline uint64_t load8(const uint8_t *p, uint64_t key) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v ^ htole64(key);
}

static inline uint32_t load4(const uint8_t *p, uint64_t key) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return v ^ htole32((uint32_t)key);
}

static inline uint64_t short_16_to_63(uint8_t *dst, const uint8_t *src, size_t len, uint64_t key,
                                      bool is_masked) {
  uint64_t tail_key = key_word_turned(key, len);
  short_vec first = load16(src, key), last = load16(src + len - 16, tail_key), all = first | last;
  if (len > 32) {
    short_vec second = load16(src + 16, key), third = load16(src + len - 32, tail_key);
    all |= second | third;
    if (is_masked) {
      memcpy(dst + 16, &second, 16);
      memcpy(dst + len - 32, &third, 16);
    }
  }
  if (is_masked) {
    memcpy(dst, &first, 16);
    memcpy(dst + len - 16, &last, 16);
  }
  return all[0] | all[1];
}

static inline uint64_t short_4_to_15(uint8_t *dst, const uint8_t *src, size_t len, uint64_t key,
                                     bool is_masked) {
  uint64_t tail_key = key_word_turned(key, len);
  if (len >= 8) {
    uint64_t first = load8(src, key), last = load8(src + len - 8, tail_key);
    if (is_masked) {
      memcpy(dst, &first, 8);
      memcpy(dst + len - 8, &last, 8);
    }
    return first | last;
  }
  uint32_t first = load4(src, key), last = load4(src + len - 4, tail_key);
  if (is_masked) {
    memcpy(dst, &first, 4);
    memcpy(dst + len - 4, &last, 4);
  }
  return first | last;
}

static inline uint64_t short_0_to_3(uint8_t *dst, const uint8_t *src, size_t len, uint64_t key,
                                    bool is_masked) {
  uint64_t all = 0;
  for (size_t i = 0; i < len; i++, key >>= 8) {
    uint8_t byte = (uint8_t)(src[i] ^ (uint8_t)key);
    if (is_masked) dst[i] = byte;
    all |= byte;
  }
  return all;
}

/* `len` < BLOCK. Copies through the key where `is_masked` (a constant); gives all resulting bytes
 * or-ed together in its 8 lanes. */
static inline uint64_t short_pass(uint8_t *dst, const uint8_t *src, size_t len, uint64_t key,
                                  bool is_masked) {
  if (len >= 16) return short_16_to_63(dst, src, len, key, is_masked);
  if (len >= 4) return short_4_to_15(dst, src, len, key, is_masked);
  return short_0_to_3(dst, src, len, key, is_masked);
}

static inline bool short_is_ascii(uint64_t all) {
  return (all & 0x8080808080808080u) == 0;
}

#endif
