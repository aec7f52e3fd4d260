/* SPDX-License-Identifier: MIT */
/* Compressed messages as they are sent: what one side encodes the other reads, for every agreement
 * of windows and takeover. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codec/ws/conn.h"
#include "codec/ws/pool.h"
#include "support/alloc.h"
#include "support/ws_pair.h"

static void there_and_back_for_every_agreement(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 63, 126, 1024, 4096, 4097, 20000, 66000, 200000};
  for (unsigned i = 0; i < 4 * 8; i++) {
    uint8_t bits = (uint8_t)(8 + i / 4);
    struct gw_ws_deflate deflate = {.is_on = true,
                                    .server_no_context_takeover = i & 1,
                                    .client_no_context_takeover = i & 2,
                                    .server_max_window_bits = bits,
                                    .client_max_window_bits = bits};
    set_up(&deflate);
    for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
      size_t len = lengths[j];
      bool is_packed = len >= 64 && bits > 8;
      assert_int_equal(encode(&server, GW_WS_TEXT, false, text, len), 0);
      assert_int_equal(wire.head[0], is_packed ? 0xC1 : 0x81);
      if (is_packed) assert_true(wire.body_len < len);
      expect_text(read_back(&client), text, len);
      assert_int_equal(encode(&client, GW_WS_TEXT, false, text, len), 0);
      assert_int_equal(wire.head[0], is_packed ? 0xC1 : 0x81);
      expect_text(read_back(&server), text, len);
    }
    assert_null(server.partial);
    bool owns = !(i & 1) || !(i & 2);
    if (bits > 8) assert_int_equal(server.flate != NULL, owns);
    tear_down();
  }
}

static void takeover_uses_what_went_before(void **state) {
  (void)state;
  set_up(&(struct gw_ws_deflate){.is_on = true});
  assert_int_equal(encode(&server, GW_WS_TEXT, false, text, 500), 0);
  size_t first = wire.body_len;
  expect_text(read_back(&client), text, 500);
  assert_int_equal(encode(&server, GW_WS_TEXT, false, text, 500), 0);
  assert_true(wire.body_len < first / 4);
  expect_text(read_back(&client), text, 500);
  tear_down();
}

/* Decompresses with no larger a window than was agreed, as a peer may. */
static void expect_inflates(const uint8_t *packed, size_t len, unsigned bits, size_t expected) {
  static uint8_t out[sizeof text];
  z_stream stream = {.next_in = (uint8_t *)(uintptr_t)packed,
                     .avail_in = (unsigned)len,
                     .next_out = out,
                     .avail_out = sizeof out};
  assert_int_equal(inflateInit2(&stream, -(int)bits), Z_OK);
  assert_int_equal(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
  assert_int_equal(stream.total_out, expected);
  assert_memory_equal(out, text, expected);
  inflateEnd(&stream);
}

static void no_match_reaches_beyond_the_window(void **state) {
  (void)state;
  enum { N = 200 };
  for (int level = 0; level < 2; level++)
    for (unsigned bits = 9; bits <= 15; bits++) {
      set_up(&(struct gw_ws_deflate){0});
      size_t window = (size_t)1 << bits;
      uint32_t seed = 3;
      for (size_t i = 0; i < N; i++)
        text[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
      memset(text + N, 'x', window);
      memcpy(text + N + window, text, N);
      const uint8_t *packed;
      size_t packed_len;
      assert_int_equal(gw_ws_deflate_alone(shared, level, bits, text, window + 2 * (size_t)N,
                                           &packed, &packed_len),
                       1);
      expect_inflates(packed, packed_len, bits, window + 2 * (size_t)N);
      tear_down();
    }
}

static void what_does_not_shrink_goes_plain(void **state) {
  (void)state;
  set_up(&(struct gw_ws_deflate){
      .is_on = true, .server_no_context_takeover = true, .client_no_context_takeover = true});
  uint32_t seed = 3;
  for (size_t i = 0; i < 10000; i++)
    text[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
  for (size_t len = 64; len < 10000; len = len * 3 + 1) {
    assert_int_equal(encode(&server, GW_WS_BINARY, false, text, len), 0);
    assert_int_equal(wire.head[0], 0x82);
    assert_ptr_equal(wire.body, text);
    assert_int_equal(encode(&client, GW_WS_BINARY, false, text, len), 0);
    assert_int_equal(wire.head[0], 0x82);
    assert_memory_equal(read_back(&server), "binary", 6);
  }
  tear_down();
  /* with takeover it may grow a little, and is still read */
  set_up(&(struct gw_ws_deflate){.is_on = true});
  for (size_t i = 0; i < 100000; i++)
    text[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
  assert_int_equal(encode(&server, GW_WS_BINARY, false, text, 100000), 0);
  assert_int_equal(wire.head[0], 0xC2);
  assert_memory_equal(read_back(&client), "binary 100000 #", 15);
  tear_down();
}

static void small_and_plain_ones_are_left_alone(void **state) {
  (void)state;
  set_up(&(struct gw_ws_deflate){.is_on = true});
  assert_int_equal(encode(&server, GW_WS_TEXT, false, text, 63), 0);
  assert_int_equal(wire.head[0], 0x81);
  struct gw_ws_frame frame = {.opcode = GW_WS_TEXT, .is_plain = true, .data = text, .len = 500};
  assert_int_equal(gw_ws_encode(&server, &frame, &wire), 0);
  assert_int_equal(wire.head[0], 0x81);
  server_options.deflate.min_size = 1000;
  server.kind = ws_kind(server_options, shared);
  assert_int_equal(encode(&server, GW_WS_TEXT, false, text, 999), 0);
  assert_int_equal(wire.head[0], 0x81);
  assert_int_equal(encode(&server, GW_WS_TEXT, false, text, 1000), 0);
  assert_int_equal(wire.head[0], 0xC1);
  tear_down();
}

static void parts_are_compressed_as_one_message(void **state) {
  (void)state;
  for (int keeps = 0; keeps < 2; keeps++) {
    struct gw_ws_deflate deflate = {
        .is_on = true, .server_no_context_takeover = !keeps, .client_no_context_takeover = !keeps};
    set_up(&deflate);
    for (int round = 0; round < 3; round++) {
      assert_int_equal(encode(&server, GW_WS_TEXT, true, text, 1000), 0);
      assert_int_equal(wire.head[0], 0x41);
      assert_string_equal(read_back(&client), "");
      assert_int_equal(encode(&server, GW_WS_PING, false, text, 100), 0); /* never compressed */
      assert_int_equal(wire.head[0], 0x89);
      read_back(&client);
      assert_int_equal(encode(&server, GW_WS_CONTINUATION, true, NULL, 0), 0);
      assert_int_equal(wire.head[0], 0x00);
      assert_string_equal(read_back(&client), "");
      assert_int_equal(encode(&server, GW_WS_CONTINUATION, true, text + 1000, 5000), 0);
      assert_string_equal(read_back(&client), "");
      assert_int_equal(encode(&server, GW_WS_CONTINUATION, false, text + 6000, round), 0);
      assert_int_equal(wire.head[0], 0x80);
      expect_text(read_back(&client), text, 6000 + (size_t)round);
    }
    tear_down();
  }
}

static void no_memory_never_breaks_the_peer(void **state) {
  (void)state;
  for (int keeps = 0; keeps < 2; keeps++)
    for (size_t nth = 1, failures = 1; failures > 0; nth++) {
      struct gw_ws_deflate deflate = {.is_on = true,
                                      .server_no_context_takeover = !keeps,
                                      .client_no_context_takeover = !keeps};
      set_up(&deflate);
      failures = 0;
      alloc_fail_at(nth);
      for (size_t len = 100; len < 100000; len *= 4) {
        int err = encode(&client, GW_WS_TEXT, false, text, len);
        if (err < 0) {
          assert_int_equal(err, GW_ERR_MEMORY);
          failures++;
          assert_int_equal(encode(&client, GW_WS_TEXT, false, text, len), 0);
        }
        const char *told = read_back(&server);
        if (strcmp(told, "error -1\n") == 0) {
          failures++;
          break;
        }
        char expected[30];
        snprintf(expected, sizeof expected, "text %zu ", len);
        assert_memory_equal(told, expected, strlen(expected));
      }
      if (alloc_has_failed()) failures++;
      alloc_fail_at(0);
      tear_down();
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(there_and_back_for_every_agreement),
      cmocka_unit_test(takeover_uses_what_went_before),
      cmocka_unit_test(no_match_reaches_beyond_the_window),
      cmocka_unit_test(what_does_not_shrink_goes_plain),
      cmocka_unit_test(small_and_plain_ones_are_left_alone),
      cmocka_unit_test(parts_are_compressed_as_one_message),
      cmocka_unit_test(no_memory_never_breaks_the_peer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
