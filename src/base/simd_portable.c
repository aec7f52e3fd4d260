/* SPDX-License-Identifier: MIT */
/*
 * The passes without any instruction of a particular processor: what runs where nothing else does,
 * and what the other levels are compared with. Works by words of 8 bytes; text that is not ASCII is
 * decoded code point by code point.
 */
#include "base/simd_level.h"
#include "base/simd_short.h"
#include "base/utf8_edge.h"

/* What mask_utf8 unmasks before it checks: small enough to still be in the first cache. */
enum { PIECE = 4096 };

static bool is_continuation(uint8_t byte) {
  return (byte & 0xC0) == 0x80;
}

/* The length of the code point that begins `p`, or 0 where it is wrong or longer than `left`. */
static size_t code_point(const uint8_t *p, size_t left) {
  struct gw_utf8 u = {0};
  if (!gw_utf8_begin(&u, p[0]) || u.missing >= left) return 0;
  if (u.missing >= 1 && (p[1] < u.low || p[1] > u.high)) return 0;
  if (u.missing >= 2 && !is_continuation(p[2])) return 0;
  if (u.missing >= 3 && !is_continuation(p[3])) return 0;
  return 1u + u.missing;
}

/* Whole code points only. */
static bool is_whole(const uint8_t *p, size_t len) {
  for (size_t at = 0, step; at < len; at += step) {
    if (len - at >= 16 && short_is_ascii(load8(p + at, 0) | load8(p + at + 8, 0))) {
      step = 16;
      continue;
    }
    step = code_point(p + at, len - at);
    if (step == 0) return false;
  }
  return true;
}

static void mask(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4],
                 unsigned phase) {
  uint64_t word = key_word(key, phase);
  size_t at = 0;
  for (; len - at >= BLOCK; at += 16) {
    short_vec v = load16(src + at, word);
    memcpy(dst + at, &v, sizeof v);
  }
  if (len > at) short_pass(dst + at, src + at, len - at, word, true);
}

static bool utf8(const uint8_t *data, size_t len, struct gw_utf8 *u) {
  size_t head = u->missing < len ? u->missing : len;
  if (!gw_utf8_steps(u, data, head)) return false;
  if (head == len) return !gw_utf8_is_spoilt(u);
  size_t cut = gw_utf8_cut(data + head, len - head);
  if (!is_whole(data + head, len - head - cut)) return gw_utf8_spoil(u);
  return gw_utf8_steps(u, data + len - cut, cut);
}

static bool mask_utf8(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4],
                      unsigned phase, struct gw_utf8 *u) {
  bool is_good = !gw_utf8_is_spoilt(u);
  for (size_t at = 0, n; at < len && is_good; at += n) {
    n = len - at < PIECE ? len - at : PIECE;
    mask(dst + at, src + at, n, key, phase);
    is_good = utf8(dst + at, n, u);
  }
  return is_good;
}

const struct gw_simd gw_simd_portable = {
    .name = "portable", .mask = mask, .utf8 = utf8, .mask_utf8 = mask_utf8};
