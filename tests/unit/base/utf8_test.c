/* SPDX-License-Identifier: MIT */
/* Every level of the checker against the reference decoder: short sequences in full, then anywhere
 * in longer text, in every cut. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/simd.h"
#include "support/utf8_reference.h"

/* Bytes at both sides of every border of the grammar. */
static const uint8_t borders[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1,
                                  0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1,
                                  0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFC, 0xFE, 0xFF};
static const uint8_t later[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0};

static const struct {
  const char *bytes;
  size_t len;
} sequences[] = {
#define SEQ(s)                                                                                     \
  { s, sizeof(s) - 1 }
    /* valid: the first and last of each row of the grammar */
    SEQ("\x7F"),
    SEQ("\xC2\x80"),
    SEQ("\xDF\xBF"),
    SEQ("\xE0\xA0\x80"),
    SEQ("\xED\x9F\xBF"),
    SEQ("\xEE\x80\x80"),
    SEQ("\xEF\xBF\xBF"),
    SEQ("\xF0\x90\x80\x80"),
    SEQ("\xF4\x8F\xBF\xBF"),
    SEQ("\xEA\xB0\x80\xED\x9E\xA3"),
    SEQ("\xF0\x9F\x98\x80\xC3\xA9"),
    /* overlong, surrogate, above U+10FFFF */
    SEQ("\xC0\x80"),
    SEQ("\xC1\xBF"),
    SEQ("\xE0\x80\x80"),
    SEQ("\xE0\x9F\xBF"),
    SEQ("\xF0\x80\x80\x80"),
    SEQ("\xF0\x8F\xBF\xBF"),
    SEQ("\xED\xA0\x80"),
    SEQ("\xED\xBF\xBF"),
    SEQ("\xF4\x90\x80\x80"),
    SEQ("\xF5\x80\x80\x80"),
    SEQ("\xF8\x88\x80\x80\x80"),
    SEQ("\xFF"),
    /* stray, absent and too many continuations */
    SEQ("\x80"),
    SEQ("\xBF\xBF"),
    SEQ("\xC2"),
    SEQ("\xC2\x41"),
    SEQ("\xE1"),
    SEQ("\xE1\x80"),
    SEQ("\xE1\x80\x41"),
    SEQ("\xF1"),
    SEQ("\xF1\x80"),
    SEQ("\xF1\x80\x80"),
    SEQ("\xF1\x80\x80\x41"),
    SEQ("\xC2\x80\x80"),
    SEQ("\xE1\x80\x80\x80"),
    SEQ("\xF1\x80\x80\x80\x80"),
    SEQ("\xF4\x90"),
    SEQ("\xE0\x80"),
    SEQ("\xED\xA0"),
    SEQ("\xF0\x80"),
    SEQ("\xE1\xC2\x80"),
    SEQ("\xF1\x80\xF1\x80\x80\x80"),
    SEQ("\xE1\xE1"),
};
enum { SEQUENCES = sizeof sequences / sizeof sequences[0], ROOM = 400 };

static const char *const backgrounds[] = {"a", "\xED\x95\x9C", "\xF0\x9F\x99\x82",
                                          "ab\xEA\xB8\x80 \xF0\x9F\x99\x82z"};
enum { BACKGROUNDS = sizeof backgrounds / sizeof backgrounds[0] };

static size_t place(uint8_t *text, const char *with, size_t len) {
  size_t n = strlen(with), at = 0;
  for (; at + n <= len; at += n)
    memcpy(text + at, with, n);
  memset(text + at, '.', len - at);
  return len;
}

/* The sequence at `offset`, then `after` bytes more of the background. */
static size_t build(uint8_t *text, const char *with, size_t offset, size_t which, size_t after) {
  size_t len = place(text, with, offset);
  memcpy(text + len, sequences[which].bytes, sequences[which].len);
  len += sequences[which].len;
  return len + place(text + len, with, after);
}

/* In memory of exactly this size: a byte read beyond it is an error under AddressSanitizer. */
static bool feed(const struct gw_simd *simd, struct gw_utf8 *u, const uint8_t *data, size_t len) {
  uint8_t *exact = malloc(len ? len : 1);
  assert_non_null(exact);
  memcpy(exact, data, len);
  bool is_good = gw_utf8_feed(u, simd, exact, len);
  free(exact);
  return is_good;
}

static void expect_judgement(const uint8_t *text, size_t len) {
  unsigned missing;
  size_t good = reference_prefix(text, len, &missing);
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    if (!simd) continue;
    struct gw_utf8 u = {0};
    assert_int_equal(feed(simd, &u, text, len), good == len);
    if (good == len) assert_int_equal(gw_utf8_is_complete(&u), missing == 0);
    assert_int_equal(gw_utf8_valid(simd, text, len), good == len && missing == 0);
  }
}

static void expect_every_split(const uint8_t *text, size_t len) {
  unsigned missing, missing_at_cut;
  size_t good = reference_prefix(text, len, &missing);
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    for (size_t cut = 0; simd && cut <= len; cut++) {
      struct gw_utf8 u = {0};
      assert_int_equal(gw_utf8_feed(&u, simd, text, cut), good >= cut);
      if (good >= cut) {
        reference_prefix(text, cut, &missing_at_cut);
        assert_int_equal(gw_utf8_is_complete(&u), missing_at_cut == 0);
      }
      assert_int_equal(gw_utf8_feed(&u, simd, text + cut, len - cut), good == len);
      if (good == len) assert_int_equal(gw_utf8_is_complete(&u), missing == 0);
    }
  }
}

static void expect_every_byte(const uint8_t *text, size_t len) {
  unsigned missing;
  size_t good = reference_prefix(text, len, &missing);
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    struct gw_utf8 u = {0};
    for (size_t i = 0; simd && i < len; i++)
      assert_int_equal(gw_utf8_feed(&u, simd, text + i, 1), i < good);
  }
}

static void the_reference_knows_the_grammar(void **state) {
  (void)state;
  unsigned missing;
  assert_int_equal(reference_prefix((const uint8_t *)"\xF4\x90", 2, &missing), 1);
  assert_int_equal(reference_prefix((const uint8_t *)"\xED\xA0", 2, &missing), 1);
  assert_int_equal(reference_prefix((const uint8_t *)"\xC1", 1, &missing), 0);
  assert_int_equal(reference_prefix((const uint8_t *)"\xED\x9F\xBF", 3, &missing), 3);
  assert_int_equal(missing, 0);
  assert_int_equal(reference_prefix((const uint8_t *)"a\xF0\x9F", 3, &missing), 3);
  assert_int_equal(missing, 2);
}

static void all_two_byte_texts(void **state) {
  (void)state;
  for (unsigned pair = 0; pair < 0x10000; pair++)
    expect_judgement((const uint8_t[]){(uint8_t)(pair >> 8), (uint8_t)pair}, 2);
}

static void all_pairs_across_a_block(void **state) {
  (void)state;
  uint8_t text[67];
  memset(text, 'a', sizeof text);
  for (unsigned pair = 0; pair < 0x10000; pair++) {
    text[63] = (uint8_t)(pair >> 8);
    text[64] = (uint8_t)pair;
    expect_judgement(text, sizeof text);
  }
}

static void borders_in_three_and_four_bytes(void **state) {
  (void)state;
  for (unsigned lead = 0xC0; lead < 0x100; lead++)
    for (size_t i = 0; i < sizeof borders; i++)
      for (size_t k = 0; k < sizeof later; k++) {
        expect_judgement((const uint8_t[]){(uint8_t)lead, borders[i], later[k]}, 3);
        for (size_t m = 0; m < sizeof later; m++)
          expect_judgement((const uint8_t[]){(uint8_t)lead, borders[i], later[k], later[m]}, 4);
      }
}

static void each_sequence_at_every_offset(void **state) {
  (void)state;
  uint8_t text[ROOM];
  for (size_t b = 0; b < BACKGROUNDS; b++)
    for (size_t which = 0; which < SEQUENCES; which++)
      for (size_t offset = 0; offset <= 130; offset++) {
        expect_judgement(text, build(text, backgrounds[b], offset, which, 0));
        expect_judgement(text, build(text, backgrounds[b], offset, which, 3));
        expect_judgement(text, build(text, backgrounds[b], offset, which, 140));
      }
}

static void each_sequence_in_every_split(void **state) {
  (void)state;
  static const size_t offsets[] = {0, 5, 62, 127};
  uint8_t text[ROOM];
  for (size_t b = 0; b < BACKGROUNDS; b++)
    for (size_t which = 0; which < SEQUENCES; which++)
      for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        expect_every_split(text, build(text, backgrounds[b], offsets[i], which, 70));
}

static void fails_at_the_first_bad_byte(void **state) {
  (void)state;
  uint8_t text[ROOM];
  for (unsigned lead = 0x80; lead < 0x100; lead++)
    for (unsigned second = 0; second < 0x100; second++)
      expect_every_byte((const uint8_t[]){(uint8_t)lead, (uint8_t)second, 0x80, 0x80, 'a'}, 5);
  for (size_t b = 0; b < BACKGROUNDS; b++)
    for (size_t which = 0; which < SEQUENCES; which++)
      expect_every_byte(text, build(text, backgrounds[b], 9, which, 9));
}

static void nothing_passes_after_a_bad_byte(void **state) {
  (void)state;
  for (int level = 0; level < GW_SIMD_LEVELS; level++) {
    const struct gw_simd *simd = gw_simd_at(level);
    if (!simd) continue;
    struct gw_utf8 u = {0};
    assert_false(gw_utf8_feed(&u, simd, (const uint8_t *)"a\xFF", 2));
    assert_false(gw_utf8_is_complete(&u));
    assert_false(gw_utf8_feed(&u, simd, (const uint8_t *)"", 0));
    assert_false(gw_utf8_feed(&u, simd, (const uint8_t *)"a", 1));
    assert_false(gw_utf8_feed(&u, simd, (const uint8_t *)"\x80", 1));
  }
}

static void an_empty_text_is_valid(void **state) {
  (void)state;
  for (int level = 0; level < GW_SIMD_LEVELS; level++)
    if (gw_simd_at(level)) assert_true(gw_utf8_valid(gw_simd_at(level), NULL, 0));
}

static void the_state_is_small(void **state) {
  (void)state;
  assert_true(sizeof(struct gw_utf8) <= 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_reference_knows_the_grammar),
      cmocka_unit_test(all_two_byte_texts),
      cmocka_unit_test(all_pairs_across_a_block),
      cmocka_unit_test(borders_in_three_and_four_bytes),
      cmocka_unit_test(each_sequence_at_every_offset),
      cmocka_unit_test(each_sequence_in_every_split),
      cmocka_unit_test(fails_at_the_first_bad_byte),
      cmocka_unit_test(nothing_passes_after_a_bad_byte),
      cmocka_unit_test(an_empty_text_is_valid),
      cmocka_unit_test(the_state_is_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
