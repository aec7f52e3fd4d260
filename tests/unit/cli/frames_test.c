/* SPDX-License-Identifier: MIT */
/* The frames of RFC 6455 section 5.7, and wrong ones, found across every split of the input. */
#include "cli/frames.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct found {
  struct gw_frame_head head;
  size_t payload;
};

/* Scans the input in two pieces, split at `split`; gives the number of whole frames. */
static size_t scan_split(const uint8_t *input, size_t len, size_t split, struct found *out) {
  struct gw_frame_scan scan = {0};
  size_t n = 0, ends[2] = {split, len}, at = 0;
  bool is_in_frame = false;
  for (int piece = 0; piece < 2; piece++) {
    const uint8_t *data = input + at;
    size_t left = ends[piece] - at;
    at = ends[piece];
    for (;;) {
      if (!is_in_frame) {
        if (!gw_frame_scan_head(&scan, &data, &left)) break;
        out[n] = (struct found){.head = scan.head};
        is_in_frame = true;
      }
      out[n].payload += gw_frame_scan_payload(&scan, &data, &left);
      if (scan.remaining > 0) break;
      is_in_frame = false;
      n++;
    }
  }
  return n;
}

static void assert_frame(const struct found *found, uint8_t first, bool is_masked, uint64_t length,
                         uint8_t size) {
  assert_int_equal(found->head.first, first);
  assert_int_equal(found->head.is_masked, is_masked);
  assert_int_equal(found->head.length, length);
  assert_int_equal(found->head.size, size);
  assert_int_equal(found->payload, length);
}

static void the_examples_of_the_rfc_are_found_at_every_split(void **state) {
  (void)state;
  static uint8_t input[70000];
  static const uint8_t start[] = {
      0x81, 0x05, 'H',  'e',  'l',  'l',  'o',                          /* text */
      0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58, /* masked */
      0x01, 0x03, 'H',  'e',  'l',  0x80, 0x02, 'l',  'o',              /* fragments */
      0x89, 0x00,                                                       /* an empty ping */
      0x82, 0x7E, 0x01, 0x00,                                           /* 256 bytes */
  };
  memcpy(input, start, sizeof start);
  size_t len = sizeof start + 256;
  const uint8_t large[] = {0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}; /* 64 KiB */
  memcpy(input + len, large, sizeof large);
  len += sizeof large + 65536;
  for (size_t split = 0; split <= len; split += split < 400 ? 1 : 997) {
    struct found found[8];
    assert_int_equal(scan_split(input, len, split, found), 7);
    assert_frame(&found[0], 0x81, false, 5, 2);
    assert_frame(&found[1], 0x81, true, 5, 6);
    assert_memory_equal(found[1].head.key, "\x37\xfa\x21\x3d", 4);
    assert_frame(&found[2], 0x01, false, 3, 2);
    assert_frame(&found[3], 0x80, false, 2, 2);
    assert_frame(&found[4], 0x89, false, 0, 2);
    assert_frame(&found[5], 0x82, false, 256, 4);
    assert_frame(&found[6], 0x82, false, 65536, 10);
  }
}

static void wrong_headers_are_shown_as_they_are(void **state) {
  (void)state;
  static const uint8_t input[] = {
      0xF3, 0x00,                  /* RSV bits, opcode 3 */
      0x81, 0x7E, 0x00, 0x01, 'x', /* a length not in its shortest form */
      0x89, 0xFF, 0,    0,    0,    0,    0,
      0,    0,    0x00, 0x01, 0x02, 0x03, 4, /* a masked ping with 64 bits */
  };
  for (size_t split = 0; split <= sizeof input; split++) {
    struct found found[8];
    assert_int_equal(scan_split(input, sizeof input, split, found), 3);
    assert_frame(&found[0], 0xF3, false, 0, 2);
    assert_frame(&found[1], 0x81, false, 1, 4);
    assert_frame(&found[2], 0x89, true, 0, 14);
    assert_memory_equal(found[2].head.key, "\x01\x02\x03\x04", 4);
  }
}

static void opcodes_have_their_names(void **state) {
  (void)state;
  assert_string_equal(gw_frame_opcode_name(0x80), "continuation");
  assert_string_equal(gw_frame_opcode_name(0xC1), "text");
  assert_string_equal(gw_frame_opcode_name(0x02), "binary");
  assert_string_equal(gw_frame_opcode_name(0x88), "close");
  assert_string_equal(gw_frame_opcode_name(0x89), "ping");
  assert_string_equal(gw_frame_opcode_name(0x8A), "pong");
  assert_string_equal(gw_frame_opcode_name(0x83), "reserved");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_examples_of_the_rfc_are_found_at_every_split),
      cmocka_unit_test(wrong_headers_are_shown_as_they_are),
      cmocka_unit_test(opcodes_have_their_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
