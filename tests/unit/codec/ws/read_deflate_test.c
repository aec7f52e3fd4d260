/* SPDX-License-Identifier: MIT */
/* Compressed messages as they are read: RFC 7692's own examples, what zlib can produce, and what
 * nobody should send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec/ws/partial.h"
#include "support/alloc.h"
#include "support/ws_kind.h"
#include "support/ws_talk.h"

#define HEX(text) (const uint8_t *)(text), sizeof(text) - 1

static struct ws_bytes input;
static struct ws_story story;

static const struct gw_ws_options client = {.is_client = true};
static const struct gw_ws_deflate takeover = {.is_on = true},
                                  alone = {.is_on = true,
                                           .server_no_context_takeover = true,
                                           .client_no_context_takeover = true};

/* A scenario with these agreed parameters, assembled and streamed. */
static void expect_with(struct gw_ws_options options, const struct gw_ws_deflate *deflate,
                        const char *expected) {
  for (int is_streaming = 0; is_streaming < 2; is_streaming++) {
    options.is_streaming = is_streaming;
    ws_expect(&options, deflate, &input, expected);
  }
}

/* With takeover and without, where that makes no difference. */
static void expect(struct gw_ws_options options, const char *expected) {
  expect_with(options, &alone, expected);
  expect_with(options, &takeover, expected);
  input.len = 0;
}

/* DEFLATE as a peer would send it. */
static size_t compress_raw(int bits, int flush, const void *data, size_t len, uint8_t *out,
                           size_t room) {
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = (uint8_t *)data;
  stream.avail_in = (unsigned)len;
  stream.next_out = out;
  stream.avail_out = (unsigned)room;
  deflate(&stream, flush);
  size_t size = room - stream.avail_out;
  deflateEnd(&stream);
  return flush == Z_SYNC_FLUSH ? size - 4 : size;
}

/* ---- RFC 7692 section 7.2.3 ---- */

static void reads_the_examples_of_the_rfc(void **state) {
  (void)state;
  const char *hello = "text 5 \"Hello\"\n";
  /* 7.2.3.1: one block, whole and in two fragments */
  ws_bytes_add(&input, HEX("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"));
  expect(client, hello);
  ws_bytes_add(&input, HEX("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"));
  expect(client, hello);
  /* 7.2.3.3: a block without compression */
  ws_bytes_add(&input, HEX("\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"));
  expect(client, hello);
  /* 7.2.3.4: a block with BFINAL set */
  ws_bytes_add(&input, HEX("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"));
  expect(client, hello);
  /* 7.2.3.5: two blocks in one message */
  ws_bytes_add(&input, HEX("\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"));
  expect(client, hello);
  /* 7.2.3.6: an empty message */
  ws_bytes_add(&input, HEX("\xc1\x01\x00"));
  expect(client, "text 0 \"\"\n");
}

static void the_window_goes_on_with_takeover(void **state) {
  (void)state;
  /* 7.2.3.2: the second one refers to the first */
  ws_bytes_add(&input, HEX("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00"));
  expect_with(client, &takeover, "text 5 \"Hello\"\ntext 5 \"Hello\"\n");
  expect_with(client, &alone, "text 5 \"Hello\"\nerror -35\n");
  input.len = 0;
  /* and over a block with BFINAL set */
  ws_bytes_add(&input, HEX("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00\xc1\x05\xf2\x00\x11\x00\x00"));
  expect_with(client, &takeover, "text 5 \"Hello\"\ntext 5 \"Hello\"\n");
  input.len = 0;
}

static void plain_and_compressed_messages_alternate(void **state) {
  (void)state;
  ws_bytes_add(&input, HEX("\x81\x02hi"));
  ws_bytes_add(&input, HEX("\x41\x03\xf2\x48\xcd\x89\x00\x80\x04\xc9\xc9\x07\x00"));
  ws_bytes_add(&input, HEX("\x01\x01h\x80\x01i"));
  ws_bytes_add(&input, HEX("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"));
  expect(client, "text 2 \"hi\"\nping 0 \"\"\ntext 5 \"Hello\"\ntext 2 \"hi\"\ntext 5 \"Hello\"\n");
}

/* ---- section 6: RSV1 ---- */

static void rsv1_stands_on_first_frames_only(void **state) {
  (void)state;
  ws_bytes_add(&input, HEX("\x41\x03\xf2\x48\xcd\xC0"));
  expect(client, "error -34\n");
  ws_bytes_add(&input, HEX("\xC9"));
  expect(client, "error -34\n");
  ws_bytes_add(&input, HEX("\x01\x01h\xC0"));
  expect(client, "error -34\n");
}

/* ---- security.md 12 ---- */

static void corrupt_data_fails(void **state) {
  (void)state;
  static const struct {
    const uint8_t *bytes;
    size_t len;
  } cases[] = {
      {HEX("\xc2\x01\x06")},                     /* block type 3 */
      {HEX("\xc2\x05\x00\x05\x00\xfa\xfe")},     /* a stored length and no complement */
      {HEX("\xc2\x03\xf2\x48\xcd")},             /* cut inside a block */
      {HEX("\xc2\x06\x00\x09\x00\xf6\xff\x48")}, /* cut inside a stored block */
      {HEX("\xc2\x05\xf2\x00\x11\x00\x00")},     /* refers to before the beginning */
      {HEX("\xc2\x0a\xf3\x48\xcd\xc9\xc9\x07\x00\x06\x00\x00")}, /* rubbish after BFINAL */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ws_bytes_add(&input, cases[i].bytes, cases[i].len);
    expect(client, "error -35\n");
  }
  /* text that is not UTF-8 once it is decompressed: a stored block of F4 90 */
  ws_bytes_add(&input, HEX("\xc1\x08\x00\x02\x00\xfd\xff\xf4\x90\x00"));
  expect(client, "error -35\n");
  /* and text that is cut inside a code point */
  ws_bytes_add(&input, HEX("\xc1\x08\x00\x02\x00\xfd\xff\x61\xc3\x00"));
  expect(client, "error -35\n");
}

static void what_says_that_it_ends_has_ended(void **state) {
  (void)state;
  ws_bytes_add(&input, HEX("\xc2\x00")); /* no bytes at all */
  expect(client, "binary 0 \"\"\n");
  ws_bytes_add(&input, HEX("\xc2\x07\xf3\x48\xcd\xc9\xc9\x07\x00")); /* BFINAL and nothing behind */
  expect(client, "binary 5 \"Hello\"\n");
  /* two streams, each with its BFINAL */
  ws_bytes_add(&input, HEX("\xc2\x0f\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"));
  expect(client, "binary 10 \"HelloHello\"\n");
}

static void reads_every_window_size(void **state) {
  (void)state;
  static uint8_t data[100000], packed[100000];
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (uint8_t)(i * i >> 9);
  memset(data + 200, 'x', 30000);
  for (int bits = 9; bits <= 15; bits++)
    for (int is_client = 0; is_client < 2; is_client++) {
      struct gw_ws_options options = {.is_client = is_client};
      struct gw_ws_deflate deflate = alone;
      deflate.server_max_window_bits = deflate.client_max_window_bits = (uint8_t)bits;
      size_t len = compress_raw(bits, Z_SYNC_FLUSH, data, sizeof data, packed, sizeof packed);
      ws_bytes_frame(&input, !is_client, 0xC2, packed, len);
      char expected[100];
      snprintf(expected, sizeof expected, "%s",
               ws_tell_fresh(&options, &deflate, &input, 0, 0, &story));
      assert_memory_equal(expected, "binary 100000 #", 15);
      static char first_seen[100];
      if (bits == 9 && !is_client) memcpy(first_seen, expected, sizeof expected);
      assert_string_equal(expected, first_seen);
      if (bits % 3 == 0) expect_with(options, &deflate, expected);
      input.len = 0;
    }
}

static void large_messages_are_inflated_as_they_come(void **state) {
  (void)state;
  /* 300 KB that do not shrink: more than is assembled, in one frame and in several */
  static uint8_t data[300000], packed[310000];
  uint32_t seed = 7;
  for (size_t i = 0; i < sizeof data; i++) {
    seed = seed * 1664525 + 1013904223;
    data[i] = (uint8_t)(seed >> 24);
  }
  struct gw_ws_options options = {.max_message = sizeof data};
  size_t len = compress_raw(15, Z_SYNC_FLUSH, data, sizeof data, packed, sizeof packed);
  ws_bytes_frame(&input, true, 0x82, data, sizeof data);
  char expected[100];
  snprintf(expected, sizeof expected, "%s", ws_tell_fresh(&options, NULL, &input, 0, 0, &story));
  input.len = 0;
  ws_bytes_frame(&input, true, 0xC2, packed, len);
  expect(options, expected);
  ws_bytes_frame(&input, true, 0x42, packed, 1000);
  ws_bytes_frame(&input, true, 0x00, packed + 1000, 0);
  ws_bytes_frame(&input, true, 0x00, packed + 1000, 100000);
  ws_bytes_frame(&input, true, 0x80, packed + 101000, len - 101000);
  expect(options, expected);
}

static void limits_hold_for_what_comes_out(void **state) {
  (void)state;
  static uint8_t data[5000], packed[5100];
  memset(data, 'a', sizeof data);
  size_t len = compress_raw(15, Z_SYNC_FLUSH, data, sizeof data, packed, sizeof packed);
  struct gw_ws_options options = {.max_message = 5000};
  ws_bytes_frame(&input, true, 0xC2, packed, len);
  const char *all = ws_tell_fresh(&options, &alone, &input, 0, 0, &story);
  assert_memory_equal(all, "binary 5000 #", 13);
  char expected[100];
  snprintf(expected, sizeof expected, "%s", all);
  expect(options, expected);
  options.max_message = 4999;
  ws_bytes_frame(&input, true, 0xC2, packed, len);
  expect(options, "error -36\n");
}

static void a_bomb_costs_the_limit_and_a_window(void **state) {
  (void)state;
  /* 64 MiB of zeros in 64 KB, nested nowhere: a single frame */
  static uint8_t packed[100000];
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  static const uint8_t zeros[1 << 20];
  stream.next_out = packed;
  stream.avail_out = sizeof packed;
  for (int i = 0; i < 80; i++) {
    stream.next_in = (uint8_t *)zeros;
    stream.avail_in = sizeof zeros;
    deflate(&stream, Z_NO_FLUSH);
  }
  deflate(&stream, Z_SYNC_FLUSH);
  size_t len = sizeof packed - stream.avail_out - 4;
  deflateEnd(&stream);
  assert_true(len > GW_WS_CONTROL_MAX && len < 90000);
  struct gw_ws_options options = {.max_message = 1 << 20};
  for (int is_streaming = 0; is_streaming < 2; is_streaming++)
    for (size_t size = 20000; size <= len; size += len - 20000) {
      options.is_streaming = is_streaming;
      ws_bytes_frame(&input, true, 0xC2, packed, size);
      struct gw_ws_shared *shared;
      struct gw_ws ws;
      assert_int_equal(gw_ws_shared_new(&shared), 0);
      gw_ws_init(&ws, ws_kind(options, shared), &alone);
      alloc_count_reset();
      ws_tell(&ws, &input, 0, 1000, &story);
      assert_string_equal(story.text, "error -36\n");
      assert_true(alloc_largest() <= (1 << 20) + 64);
      assert_null(ws.partial);
      gw_ws_clear(&ws);
      gw_ws_shared_free(shared);
      input.len = 0;
    }
}

static void many_messages_leave_nothing_behind(void **state) {
  (void)state;
  static const struct gw_ws_options server;
  struct gw_ws_shared *shared;
  struct gw_ws ws[6];
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  static uint8_t data[90000], packed[100000];
  uint32_t seed = 1;
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
  size_t len = compress_raw(15, Z_SYNC_FLUSH, data, sizeof data, packed, sizeof packed);
  assert_true(len > 70000);
  ws_bytes_frame(&input, true, 0xC2, packed, len);
  /* six connections in the middle of a message at once, more than the pool keeps */
  for (int i = 0; i < 6; i++) {
    gw_ws_init(&ws[i], ws_kind(server, shared), &alone);
    uint8_t *at = input.at;
    static uint8_t copy[sizeof input.at];
    memcpy(copy, input.at, input.len);
    at = copy;
    size_t n = 70000;
    struct gw_ws_event event;
    assert_int_equal(gw_ws_read(&ws[i], &at, &n, &event), 0);
    assert_non_null(ws[i].flate);
  }
  for (int i = 0; i < 6; i++) {
    static struct ws_bytes rest;
    rest.len = 0;
    ws_bytes_add(&rest, input.at + 70000, input.len - 70000);
    ws_tell(&ws[i], &rest, 0, 3000, &story);
    assert_memory_equal(story.text, "binary 90000 #", 14);
    assert_null(ws[i].partial);
    assert_null(ws[i].flate);
  }
  gw_ws_shared_free(shared);
  input.len = 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_the_examples_of_the_rfc),
      cmocka_unit_test(the_window_goes_on_with_takeover),
      cmocka_unit_test(plain_and_compressed_messages_alternate),
      cmocka_unit_test(rsv1_stands_on_first_frames_only),
      cmocka_unit_test(corrupt_data_fails),
      cmocka_unit_test(what_says_that_it_ends_has_ended),
      cmocka_unit_test(reads_every_window_size),
      cmocka_unit_test(large_messages_are_inflated_as_they_come),
      cmocka_unit_test(limits_hold_for_what_comes_out),
      cmocka_unit_test(a_bomb_costs_the_limit_and_a_window),
      cmocka_unit_test(many_messages_leave_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
