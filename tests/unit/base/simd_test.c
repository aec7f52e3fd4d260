/* SPDX-License-Identifier: MIT */
/* Masking alone and together with the check, at every level, against a loop over bytes; between two
 * pages that may not be touched. */
#include "base/simd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "support/utf8_reference.h"

enum { LONGEST = 300, ALIGNMENTS = 17 };

static const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};

/* Readable room whose last byte is followed, and whose first is preceded, by a page that is not. */
struct room {
  uint8_t *map, *first, *end;
  size_t size;
};

static void room_open(struct room *r) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  r->size = 3 * page;
  r->map = mmap(NULL, r->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(r->map != MAP_FAILED);
  assert_int_equal(mprotect(r->map + page, page, PROT_READ | PROT_WRITE), 0);
  r->first = r->map + page;
  r->end = r->first + page;
}

static void room_close(struct room *r) {
  munmap(r->map, r->size);
}

static void fill(uint8_t *data, size_t len) {
  uint32_t x = 12345;
  for (size_t i = 0; i < len; i++) {
    x = x * 1664525u + 1013904223u;
    data[i] = (uint8_t)(x >> 24);
  }
}

static void mask_by_bytes(uint8_t *dst, const uint8_t *src, size_t len, unsigned phase) {
  for (size_t i = 0; i < len; i++)
    dst[i] = src[i] ^ key[(phase + i) % 4];
}

/* `at` bytes from the end of one page, so that every alignment of both ends occurs. */
static void expect_masked(const struct gw_simd *simd, struct room *src, struct room *dst,
                          size_t len, unsigned phase, size_t at) {
  uint8_t plain[LONGEST], expected[LONGEST];
  uint8_t *from = src->end - at - len, *to = dst->end - len - at % 3;
  fill(plain, len);
  mask_by_bytes(expected, plain, len, phase);
  memcpy(from, plain, len);
  memset(to - 1, 0x5A, len + 1);
  simd->mask(to, from, len, key, phase);
  assert_memory_equal(to, expected, len);
  assert_int_equal(to[-1], 0x5A);
  assert_memory_equal(from, plain, len);
  simd->mask(from, from, len, key, phase);
  assert_memory_equal(from, expected, len);
}

static void masks_every_length_phase_and_alignment(void **state) {
  (void)state;
  struct room src, dst;
  room_open(&src);
  room_open(&dst);
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    for (size_t len = 0; simd && len <= LONGEST; len++)
      for (unsigned phase = 0; phase < 6; phase++)
        for (size_t at = 0; at < ALIGNMENTS; at++)
          expect_masked(simd, &src, &dst, len, phase, at);
  }
  room_close(&src);
  room_close(&dst);
}

static void masks_up_to_the_edges_of_a_page(void **state) {
  (void)state;
  struct room src;
  uint8_t expected[LONGEST];
  room_open(&src);
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    for (size_t len = 0; simd && len <= LONGEST; len++) {
      fill(src.first, len);
      mask_by_bytes(expected, src.first, len, 1);
      simd->mask(src.first, src.first, len, key, 1);
      assert_memory_equal(src.first, expected, len);
    }
  }
  room_close(&src);
}

/* Texts of `len` bytes: 0 ASCII, 1 and 2 other code points, 3 and 4 with a bad byte. */
static void write_text(uint8_t *text, size_t len, unsigned kind) {
  static const char *const with[] = {"text", "\xED\x95\x9C", "\xF0\x9F\x99\x82", "a\xEA\xB8\x80",
                                     "bc"};
  size_t n = strlen(with[kind]);
  for (size_t i = 0; i < len; i++)
    text[i] = (uint8_t)with[kind][i % n];
  if (kind >= 3 && len > 0) text[len * 2 / 3] = 0xC0;
}

static void expect_fused(const struct gw_simd *simd, struct room *src, struct room *dst, size_t len,
                         unsigned phase, unsigned kind) {
  uint8_t text[LONGEST];
  unsigned missing;
  uint8_t *from = src->end - len, *to = dst->end - len;
  write_text(text, len, kind);
  bool is_good = reference_prefix(text, len, &missing) == len;
  mask_by_bytes(from, text, len, phase);
  struct gw_utf8 u = {0};
  assert_int_equal(simd->mask_utf8(to, from, len, key, phase, &u), is_good);
  if (is_good) assert_memory_equal(to, text, len);
  if (is_good) assert_int_equal(gw_utf8_is_complete(&u), missing == 0);
  u = (struct gw_utf8){0};
  assert_int_equal(simd->mask_utf8(from, from, len, key, phase, &u), is_good);
  if (is_good) assert_memory_equal(from, text, len);
}

static void unmasks_and_checks_in_one_pass(void **state) {
  (void)state;
  struct room src, dst;
  room_open(&src);
  room_open(&dst);
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    for (size_t len = 0; simd && len <= LONGEST; len++)
      for (unsigned phase = 0; phase < 4; phase++)
        for (unsigned kind = 0; kind < 5; kind++)
          expect_fused(simd, &src, &dst, len, phase, kind);
  }
  room_close(&src);
  room_close(&dst);
}

static void expect_fused_in_two(const struct gw_simd *simd, size_t len, unsigned kind, size_t cut) {
  uint8_t text[LONGEST], data[LONGEST];
  unsigned missing;
  write_text(text, len, kind);
  size_t good = reference_prefix(text, len, &missing);
  mask_by_bytes(data, text, len, 3);
  struct gw_utf8 u = {0};
  assert_int_equal(simd->mask_utf8(data, data, cut, key, 3, &u), good >= cut);
  assert_int_equal(simd->mask_utf8(data + cut, data + cut, len - cut, key, (unsigned)(3 + cut), &u),
                   good == len);
  if (good < len) return;
  assert_memory_equal(data, text, len);
  assert_int_equal(gw_utf8_is_complete(&u), missing == 0);
}

static void carries_a_cut_code_point_over(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 7, 20, 63, 64, 65, 66, 127, 128, 129, 190, 257};
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    for (size_t i = 0; simd && i < sizeof lengths / sizeof lengths[0]; i++)
      for (unsigned kind = 0; kind < 5; kind++)
        for (size_t cut = 0; cut <= lengths[i]; cut++)
          expect_fused_in_two(simd, lengths[i], kind, cut);
  }
}

static void long_texts_are_moved_whole(void **state) {
  (void)state;
  enum { LONG = 20000 };
  static uint8_t text[LONG], data[LONG], out[LONG];
  for (size_t i = 0; i < LONG; i++)
    text[i] = (uint8_t) "\xED\x95\x9C"[i % 3];
  mask_by_bytes(data, text, LONG, 2);
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    if (!simd) continue;
    struct gw_utf8 u = {0};
    assert_true(simd->mask_utf8(out, data, LONG, key, 2, &u));
    assert_memory_equal(out, text, LONG);
    assert_false(gw_utf8_is_complete(&u));
    out[LONG / 2] ^= 0x40;
    assert_false(gw_utf8_valid(simd, out, LONG - LONG % 3));
    memset(out, 0, LONG);
    simd->mask(out, data, LONG, key, 2);
    assert_memory_equal(out, text, LONG);
  }
}

static void levels_have_their_names(void **state) {
  (void)state;
  static const char *const names[] = {"portable", "sse", "avx2", "avx512", "neon"};
  assert_non_null(gw_simd_at(GW_SIMD_PORTABLE));
  for (int level = 0; level < GW_SIMD_LEVELS; level++)
    if (gw_simd_at(level)) assert_string_equal(gw_simd_at(level)->name, names[level]);
}

static void the_best_is_one_of_them(void **state) {
  (void)state;
  bool is_found = false;
  for (int level = 0; level < GW_SIMD_LEVELS; level++)
    is_found |= gw_simd_at(level) == gw_simd_best();
  assert_true(is_found);
  assert_null(gw_simd_at((enum gw_simd_level)GW_SIMD_LEVELS));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(masks_every_length_phase_and_alignment),
      cmocka_unit_test(masks_up_to_the_edges_of_a_page),
      cmocka_unit_test(unmasks_and_checks_in_one_pass),
      cmocka_unit_test(carries_a_cut_code_point_over),
      cmocka_unit_test(long_texts_are_moved_whole),
      cmocka_unit_test(levels_have_their_names),
      cmocka_unit_test(the_best_is_one_of_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
