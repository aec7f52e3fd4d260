/* SPDX-License-Identifier: MIT */
/*
 * The three passes of simd.h over blocks of 64 bytes, written once for every register width. A
 * level includes this after it has said what its registers are:
 *
 *   vec, VEC                     the register type and its bytes (a divisor of 64)
 *   vec_load, vec_store          unaligned
 *   vec_part(p, len)             len < VEC bytes, then zeros
 *   vec_repeat(uint64_t)         the same 8 bytes all over
 *   vec_is_ascii(vec)            no byte has its top bit set
 *   vec_is_zero(vec)
 *   vec_cut(prev)                not zero: `prev` ends inside a code point
 *   vec_errors(cur, prev)        not zero: some byte of `cur`, which follows `prev`, is wrong for
 *                                what stands before it
 *
 * The invariant of the check: an error is seen at the byte that is wrong, looking back 3 bytes at
 * most. So a text may end inside a code point, and its last, partial block may be padded with zeros
 * where that cut code point begins.
 */
#ifndef GW_BASE_SIMD_PASS_H
#define GW_BASE_SIMD_PASS_H

#include "base/simd_short.h"
#include "base/utf8_edge.h"

enum { VECS = BLOCK / VEC };

struct pass {
  vec errors; /* of all blocks so far */
  vec prev;   /* the last register, already unmasked */
};

static inline void pass_check(struct pass *p, const vec block[VECS]) {
  vec all = block[0];
#pragma GCC unroll 4
  for (int i = 1; i < VECS; i++)
    all |= block[i];
  if (vec_is_ascii(all)) {
    p->errors |= vec_cut(p->prev);
  } else {
    p->errors |= vec_errors(block[0], p->prev);
#pragma GCC unroll 4
    for (int i = 1; i < VECS; i++)
      p->errors |= vec_errors(block[i], block[i - 1]);
  }
  p->prev = block[VECS - 1];
}

static inline void block_load(vec block[VECS], const uint8_t *src, vec key) {
#pragma GCC unroll 4
  for (int i = 0; i < VECS; i++)
    block[i] = vec_load(src + i * VEC) ^ key;
}

static inline void block_store(uint8_t *dst, const vec block[VECS]) {
#pragma GCC unroll 4
  for (int i = 0; i < VECS; i++)
    vec_store(dst + i * VEC, block[i]);
}

/* The last `len` < BLOCK bytes of a text, and at least one zero after them. */
static inline void pass_check_end(struct pass *p, const uint8_t *data, size_t len) {
  for (size_t at = 0; at <= len; at += VEC) {
    vec cur = len - at >= VEC ? vec_load(data + at) : vec_part(data + at, len - at);
    p->errors |= vec_errors(cur, p->prev);
    p->prev = cur;
  }
}

/* After the whole blocks: the `rest` bytes that are left, all or-ed together `all`, and the code
 * point that is cut at the end. */
static bool pass_end(struct pass *p, const uint8_t *text, size_t len, uint64_t all,
                     struct gw_utf8 *u) {
  size_t rest = len % BLOCK, cut = gw_utf8_cut(text, len);
  if (rest > 0 && short_is_ascii(all)) {
    p->errors |= vec_cut(p->prev);
  } else if (rest > 0 && rest >= cut) {
    pass_check_end(p, text + len - rest, rest - cut);
  }
  if (!vec_is_zero(p->errors)) return gw_utf8_spoil(u);
  return gw_utf8_steps(u, text + len - cut, cut);
}

/* From the beginning of a code point. `dst` is used where `is_masked` (a constant) only. */
static inline bool pass_text(uint8_t *dst, const uint8_t *src, size_t len, uint64_t key,
                             struct gw_utf8 *u, bool is_masked) {
  struct pass p = {0};
  size_t at = 0, rest = len % BLOCK;
  if (len >= BLOCK) {
    vec keys = vec_repeat(key), block[VECS];
    for (; at < len - rest; at += BLOCK) {
      block_load(block, src + at, keys);
      if (is_masked) block_store(dst + at, block);
      pass_check(&p, block);
    }
  }
  uint64_t all = short_pass(is_masked ? dst + at : NULL, src + at, rest, key, is_masked);
  return pass_end(&p, is_masked ? dst : src, len, all, u);
}

/* From inside a code point that an earlier piece began. */
static inline bool pass_resumed(uint8_t *dst, const uint8_t *src, size_t len, uint64_t key,
                                struct gw_utf8 *u, bool is_masked) {
  size_t head = u->missing < len ? u->missing : len;
  short_pass(dst, src, head, key, is_masked);
  if (!gw_utf8_steps(u, is_masked ? dst : src, head)) return false;
  return pass_text(is_masked ? dst + head : NULL, src + head, len - head,
                   key_word_turned(key, head), u, is_masked);
}

/* Kept out of the short paths, which then need neither a stack frame nor a wide register. */
#define OUT_OF_LINE __attribute__((noinline))

/* Less than a block, already in place, and not ASCII. */
OUT_OF_LINE static bool pass_utf8_short(const uint8_t *text, size_t len, struct gw_utf8 *u) {
  struct pass p = {0};
  return pass_end(&p, text, len, UINT64_MAX, u);
}

OUT_OF_LINE static bool pass_utf8_long(const uint8_t *data, size_t len, struct gw_utf8 *u) {
  if (u->missing > 0) return pass_resumed(NULL, data, len, 0, u, false);
  return pass_text(NULL, data, len, 0, u, false);
}

OUT_OF_LINE static bool pass_mask_utf8_long(uint8_t *dst, const uint8_t *src, size_t len,
                                            uint64_t key, struct gw_utf8 *u) {
  if (u->missing > 0) return pass_resumed(dst, src, len, key, u, true);
  return pass_text(dst, src, len, key, u, true);
}

OUT_OF_LINE static void pass_mask_long(uint8_t *dst, const uint8_t *src, size_t len, uint64_t key) {
  /* The last block overlaps the one before; it is loaded first, for dst may be src. */
  vec keys = vec_repeat(key), block[VECS], last[VECS];
  block_load(last, src + len - BLOCK, vec_repeat(key_word_turned(key, len)));
  for (size_t at = 0; at < len - BLOCK; at += BLOCK) {
    block_load(block, src + at, keys);
    block_store(dst + at, block);
  }
  block_store(dst + len - BLOCK, last);
}

static void pass_mask(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4],
                      unsigned phase) {
  uint64_t word = key_word(key, phase);
  if (len >= BLOCK) {
    pass_mask_long(dst, src, len, word);
    return;
  }
  short_pass(dst, src, len, word, true);
}

static bool pass_utf8(const uint8_t *data, size_t len, struct gw_utf8 *u) {
  if (len == 0) return !gw_utf8_is_spoilt(u);
  if (len >= BLOCK || u->missing > 0) return pass_utf8_long(data, len, u);
  if (short_is_ascii(short_pass(NULL, data, len, 0, false))) return true;
  return pass_utf8_short(data, len, u);
}

static bool pass_mask_utf8(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4],
                           unsigned phase, struct gw_utf8 *u) {
  if (len == 0) return !gw_utf8_is_spoilt(u);
  uint64_t word = key_word(key, phase);
  if (len >= BLOCK || u->missing > 0) return pass_mask_utf8_long(dst, src, len, word, u);
  if (short_is_ascii(short_pass(dst, src, len, word, true))) return true;
  return pass_utf8_short(dst, len, u);
}

#endif
