/* SPDX-License-Identifier: MIT */
/* Frames and messages as a server and a client read them: each scenario whole, cut at every byte,
 * byte by byte, and with every allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codec/ws/partial.h"
#include "support/alloc.h"
#include "support/ws_kind.h"
#include "support/ws_talk.h"

#define HEX(text) (const uint8_t *)(text), sizeof(text) - 1

static struct ws_bytes input;
static struct ws_story story;

static const struct gw_ws_options server, client = {.is_client = true};

static const char *tell(const struct gw_ws_options *options) {
  return ws_tell_fresh(options, NULL, &input, 0, 0, &story);
}

/* The whole of a scenario, in both forms. */
static void expect(struct gw_ws_options options, const char *expected) {
  for (int is_streaming = 0; is_streaming < 2; is_streaming++) {
    options.is_streaming = is_streaming;
    ws_expect(&options, NULL, &input, expected);
  }
  input.len = 0;
}

static void expect_bytes(struct gw_ws_options options, const uint8_t *bytes, size_t len,
                         const char *expected) {
  ws_bytes_add(&input, bytes, len);
  expect(options, expected);
}

/* ---- RFC 6455 section 5.7 ---- */

static void reads_the_examples_of_the_rfc(void **state) {
  (void)state;
  expect_bytes(client, HEX("\x81\x05\x48\x65\x6c\x6c\x6f"), "text 5 \"Hello\"\n");
  expect_bytes(server, HEX("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "text 5 \"Hello\"\n");
  expect_bytes(client, HEX("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f"), "text 5 \"Hello\"\n");
  expect_bytes(client, HEX("\x89\x05\x48\x65\x6c\x6c\x6f"), "ping 5 \"Hello\"\n");
  expect_bytes(server, HEX("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "pong 5 \"Hello\"\n");
}

static void reads_lengths_at_their_boundaries(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 124, 125, 126, 127, 65535, 65536, 65537};
  static uint8_t payload[65537];
  for (size_t i = 0; i < sizeof payload; i++)
    payload[i] = (uint8_t)(i * 7 + (i >> 8));
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for (int is_client = 0; is_client < 2; is_client++) {
      ws_bytes_frame(&input, !is_client, 0x82, payload, lengths[i]);
      ws_bytes_frame(&input, !is_client, 0x8A, "end", 3);
      struct gw_ws_options options = {.is_client = is_client};
      static char expected[200];
      snprintf(expected, sizeof expected, "%s", tell(&options));
      char start[32];
      snprintf(start, sizeof start, "binary %zu ", lengths[i]);
      assert_memory_equal(expected, start, strlen(start));
      assert_non_null(strstr(expected, "\npong 3 \"end\"\n"));
      expect(options, expected);
    }
}

static void reads_many_frames_of_one_input(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    ws_bytes_frame(&input, true, 0x81, "one", 3);
    ws_bytes_frame(&input, true, 0x82, "", 0);
    ws_bytes_frame(&input, true, 0x89, "?", 1);
  }
  expect(server, "text 3 \"one\"\nbinary 0 \"\"\nping 1 \"?\"\n"
                 "text 3 \"one\"\nbinary 0 \"\"\nping 1 \"?\"\n"
                 "text 3 \"one\"\nbinary 0 \"\"\nping 1 \"?\"\n");
}

static void control_frames_come_between_fragments(void **state) {
  (void)state;
  ws_bytes_frame(&input, true, 0x01, "a", 1);
  ws_bytes_frame(&input, true, 0x89, "ping one", 8);
  ws_bytes_frame(&input, true, 0x00, "", 0);
  ws_bytes_frame(&input, true, 0x8A, "", 0);
  ws_bytes_frame(&input, true, 0x00, "b", 1);
  ws_bytes_frame(&input, true, 0x80, "c", 1);
  ws_bytes_frame(&input, true, 0x81, "next", 4);
  expect(server, "ping 8 \"ping one\"\npong 0 \"\"\ntext 3 \"abc\"\ntext 4 \"next\"\n");
}

static void an_empty_fragmented_message_is_a_message(void **state) {
  (void)state;
  ws_bytes_frame(&input, false, 0x02, "", 0);
  ws_bytes_frame(&input, false, 0x00, "", 0);
  ws_bytes_frame(&input, false, 0x80, "", 0);
  expect(client, "binary 0 \"\"\n");
}

/* ---- security.md 7: fail 1002 ---- */

static void broken_headers_fail(void **state) {
  (void)state;
  static const struct {
    const struct gw_ws_options *options;
    const uint8_t *bytes;
    size_t len;
  } cases[] = {
      {&server, HEX("\x81\x01")}, /* unmasked from a client */
      {&client, HEX("\x81\x81")}, /* masked from a server */
      {&server, HEX("\x83")},
      {&server, HEX("\x84")}, /* reserved opcodes */
      {&server, HEX("\x85")},
      {&server, HEX("\x86")}, /* */
      {&server, HEX("\x87")},
      {&server, HEX("\x8B")}, /* */
      {&server, HEX("\x8C")},
      {&server, HEX("\x8D")}, /* */
      {&server, HEX("\x8E")},
      {&server, HEX("\x8F")}, /* */
      {&server, HEX("\xC1")},
      {&server, HEX("\xA1")}, /* RSV1, RSV2, RSV3 */
      {&server, HEX("\x91")},
      {&server, HEX("\xC9")}, /* and on a ping */
      {&server, HEX("\x09")},
      {&server, HEX("\x0A")}, /* fragmented control */
      {&server, HEX("\x08")},
      {&server, HEX("\x89\xFE")}, /* and over-long */
      {&server, HEX("\x88\xFF")}, /* */
      {&server, HEX("\x80")},
      {&server, HEX("\x00")},                                     /* nothing to continue */
      {&server, HEX("\x01\x81\x00\x00\x00\x00\x61\x81")},         /* a message inside one */
      {&server, HEX("\x01\x80\x00\x00\x00\x00\x02")},             /* */
      {&server, HEX("\x81\xFE\x00\x7D")},                         /* not the shortest form */
      {&server, HEX("\x81\xFE\x00\x00")},                         /* */
      {&server, HEX("\x81\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF")}, /* */
      {&server, HEX("\x81\xFF\x80")},                             /* bit 63 */
      {&client, HEX("\x82\x7F\xFF")},                             /* */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_bytes(*cases[i].options, cases[i].bytes, cases[i].len, "error -34\n");
}

static void a_failed_connection_stays_failed(void **state) {
  (void)state;
  struct gw_ws_shared *shared;
  struct gw_ws *ws;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  assert_int_equal(gw_ws_new(&server, shared, NULL, &ws), 0);
  ws_bytes_add(&input, HEX("\x83"));
  ws_tell(ws, &input, 0, 0, &story);
  input.len = 0;
  ws_bytes_frame(&input, true, 0x81, "fine", 4);
  ws_tell(ws, &input, 0, 0, &story);
  assert_string_equal(story.text, "error -34\n");
  input.len = 0;
  gw_ws_free(ws);
  gw_ws_shared_free(shared);
}

/* ---- security.md 8: fail 1009 from the header alone ---- */

static void lies_about_length_cost_nothing(void **state) {
  (void)state;
  static const uint64_t lies[] = {1024 * 1024 + 1,       (1ull << 31) - 1, 1ull << 31,
                                  (1ull << 31) + 1,      (1ull << 32) - 1, 1ull << 32,
                                  (1ull << 32) + 65536,  (1ull << 62),     (1ull << 63) - 1,
                                  (1ull << 63) - 1 - 14, (1ull << 63) - 4};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    uint8_t head[10] = {0x82, 0xFF};
    for (int j = 0; j < 8; j++)
      head[2 + j] = (uint8_t)(lies[i] >> (56 - 8 * j));
    expect_bytes(server, head, sizeof head, "error -36\n");
    /* as the second fragment: added to what was there before */
    ws_bytes_frame(&input, true, 0x02, "abc", 3);
    head[0] = 0x80;
    expect_bytes(server, head, sizeof head, "error -36\n");
  }
}

static void a_true_length_is_allocated_as_it_comes(void **state) {
  (void)state;
  struct gw_ws_shared *shared;
  struct gw_ws ws;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  gw_ws_init(&ws, ws_kind(server, shared), NULL);
  ws_bytes_add(&input, HEX("\x82\xFF\x00\x00\x00\x00\x00\x0F\xFF\xFF\x01\x02\x03\x04six by"));
  alloc_count_reset();
  ws_tell(&ws, &input, 0, 0, &story);
  assert_true(alloc_largest() <= 8192);
  input.len = 0;
  gw_ws_clear(&ws);
  gw_ws_shared_free(shared);
}

static void limits_hold_to_the_byte(void **state) {
  (void)state;
  struct gw_ws_options options = {.max_message = 10};
  ws_bytes_frame(&input, true, 0x82, "0123456789", 10);
  ws_bytes_frame(&input, true, 0x82, "0123456789A", 11);
  expect(options, "binary 10 \"0123456789\"\nerror -36\n");
  ws_bytes_frame(&input, true, 0x02, "01234", 5);
  ws_bytes_frame(&input, true, 0x80, "56789", 5);
  ws_bytes_frame(&input, true, 0x02, "01234", 5);
  ws_bytes_frame(&input, true, 0x80, "56789A", 6);
  expect(options, "binary 10 \"0123456789\"\nerror -36\n");
  options = (struct gw_ws_options){.max_frame = 4};
  ws_bytes_frame(&input, true, 0x02, "0123", 4);
  ws_bytes_frame(&input, true, 0x80, "4567", 4);
  ws_bytes_frame(&input, true, 0x89, "a long ping", 11);
  ws_bytes_frame(&input, true, 0x82, "01234", 5);
  expect(options, "binary 8 \"01234567\"\nping 11 \"a long ping\"\nerror -36\n");
}

/* ---- security.md 9: fail 1007 at the first bad byte ---- */

static void text_is_utf8(void **state) {
  (void)state;
  static const struct {
    const uint8_t *bytes;
    size_t len;
  } bad[] = {
      {HEX("\xC0\x80")},
      {HEX("\xC1")},
      {HEX("\xED\xA0")},
      {HEX("\xE0\x80")},
      {HEX("\xF0\x80")},
      {HEX("\xF4\x90")},
      {HEX("\xF5")},
      {HEX("\x80")},
      {HEX("abc\xFF")},
      {HEX("\xCE\xBA\xE1\xBD")},
      {HEX("\xF0\x9F\x98")},
      {HEX("a\xC3")},
      {HEX("\xE2\x82"
           "a")},
      {HEX("0123456789\xED\xBF")},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    for (int is_client = 0; is_client < 2; is_client++) {
      struct gw_ws_options options = {.is_client = is_client};
      ws_bytes_frame(&input, !is_client, 0x81, bad[i].bytes, bad[i].len);
      expect(options, "error -35\n");
    }
    ws_bytes_frame(&input, true, 0x82, bad[i].bytes, bad[i].len); /* binary may be anything */
    assert_memory_equal(tell(&server), "binary", 6);
    input.len = 0;
  }
}

static void text_fails_at_the_first_bad_byte(void **state) {
  (void)state;
  struct gw_ws_shared *shared;
  struct gw_ws ws;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  gw_ws_init(&ws, ws_kind(client, shared), NULL);
  ws_bytes_add(&input, HEX("\x81\x7E\x10\x00\xF4\x90")); /* of 4096 bytes, the second is bad */
  ws_tell(&ws, &input, 0, 1, &story);
  assert_string_equal(story.text, "error -35\n");
  input.len = 0;
  gw_ws_shared_free(shared);
}

static void a_code_point_may_be_cut_by_frames(void **state) {
  (void)state;
  static const char text[] = "\xCE\xBA\xE1\xBD\xB9\xF0\x9F\x98\x80!";
  for (size_t cut = 0; cut < sizeof text; cut++) {
    ws_bytes_frame(&input, true, 0x01, text, cut);
    ws_bytes_frame(&input, true, 0x89, "", 0);
    ws_bytes_frame(&input, true, 0x80, text + cut, sizeof text - 1 - cut);
    expect(server, "ping 0 \"\"\ntext 10 \"\\xce\\xba\\xe1\\xbd\\xb9\\xf0\\x9f\\x98\\x80!\"\n");
    if (cut == 1 || cut == 6) {
      ws_bytes_frame(&input, true, 0x01, text, cut);
      ws_bytes_frame(&input, true, 0x80, "", 0);
      expect(server, "error -35\n");
    }
  }
}

/* ---- security.md 10: Close ---- */

static void reads_close(void **state) {
  (void)state;
  ws_bytes_frame(&input, true, 0x88, "", 0);
  ws_bytes_frame(&input, true, 0x83, "ignored from here", 17);
  expect(server, "close 1005 0 \"\"\n");
  ws_bytes_frame(&input, true, 0x88, "\x03\xE8", 2);
  expect(server, "close 1000 0 \"\"\n");
  ws_bytes_frame(&input, false, 0x88, "\x11\x94slow consumer", 15);
  ws_bytes_frame(&input, false, 0x81, "late", 4);
  expect(client, "close 4500 13 \"slow consumer\"\n");
  ws_bytes_frame(&input, true, 0x01, "unfinished", 10);
  ws_bytes_frame(&input, true, 0x88, "\x03\xE9", 2);
  expect(server, "close 1001 0 \"\"\n");
}

static void broken_close_fails(void **state) {
  (void)state;
  static const unsigned bad[] = {0,    1,    999,  1004, 1005, 1006, 1015,
                                 1016, 1100, 2000, 2999, 5000, 65535};
  ws_bytes_frame(&input, true, 0x88, "\x03", 1);
  expect(server, "error -34\n");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint8_t code[2] = {(uint8_t)(bad[i] >> 8), (uint8_t)bad[i]};
    ws_bytes_frame(&input, true, 0x88, code, 2);
    expect(server, "error -34\n");
  }
  ws_bytes_frame(&input, true, 0x88, "\x03\xE8\xCE", 3);
  expect(server, "error -35\n");
}

/* ---- security.md 11 ---- */

static void fragments_are_counted(void **state) {
  (void)state;
  struct gw_ws_options options = {.max_fragments = 3};
  ws_bytes_frame(&input, true, 0x02, "", 0);
  ws_bytes_frame(&input, true, 0x00, "", 0);
  ws_bytes_frame(&input, true, 0x80, "", 0);
  ws_bytes_frame(&input, true, 0x02, "", 0);
  ws_bytes_frame(&input, true, 0x00, "", 0);
  ws_bytes_frame(&input, true, 0x00, "", 0);
  ws_bytes_frame(&input, true, 0x80, "", 0);
  expect(options, "binary 0 \"\"\nerror -37\n");
}

static void an_idle_connection_owns_nothing(void **state) {
  (void)state;
  struct gw_ws_shared *shared;
  struct gw_ws ws;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  gw_ws_init(&ws, ws_kind(server, shared), NULL);
  static uint8_t payload[100000];
  ws_bytes_frame(&input, true, 0x02, payload, sizeof payload);
  ws_bytes_frame(&input, true, 0x80, payload, sizeof payload);
  ws_tell(&ws, &input, 1, 1000, &story);
  assert_null(ws.partial);
  input.len = 0;
  ws_bytes_frame(&input, true, 0x82, payload, sizeof payload);
  alloc_count_reset();
  ws_tell(&ws, &input, 0, 0, &story);
  assert_int_equal(alloc_count(), 0); /* whole in the input: read where it lies */
  input.len = 0;
  gw_ws_shared_free(shared);
}

/* ---- streaming ---- */

static void streaming_gives_parts_as_they_come(void **state) {
  (void)state;
  struct gw_ws_options options = {.is_streaming = true, .max_message = 1u << 31};
  struct gw_ws_shared *shared;
  struct gw_ws ws;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  gw_ws_init(&ws, ws_kind(options, shared), NULL);
  /* 1 GiB declared and sent, with a buffer of 64 KiB */
  static uint8_t piece[65536];
  uint8_t head[14] = {0x82, 0xFF, 0, 0, 0, 0, 0x40};
  uint8_t *at = head;
  size_t len = sizeof head, parts = 0;
  uint64_t total = 0;
  struct gw_ws_event event = {0};
  alloc_count_reset();
  assert_int_equal(gw_ws_read(&ws, &at, &len, &event), 0);
  for (int i = 0; i < 16384; i++) {
    at = piece;
    len = sizeof piece;
    assert_int_equal(gw_ws_read(&ws, &at, &len, &event), 1);
    assert_int_equal(event.is_first, i == 0);
    assert_int_equal(event.is_last, i == 16383);
    assert_int_equal(len, 0);
    total += event.len;
    parts++;
    if (i == 8) i = 16370; /* the middle is like the rest, so the header's claim is cut down */
    if (i == 16370) ws.remaining = (16383 - 16370) * sizeof piece;
  }
  assert_int_equal(total, parts * sizeof piece);
  assert_true(alloc_count() == 1 && alloc_largest() < 512);
  gw_ws_clear(&ws);
  gw_ws_shared_free(shared);
}

/* ---- the I/O layer's shortcuts ---- */

static void large_payloads_are_received_in_place(void **state) {
  (void)state;
  struct gw_ws_shared *shared;
  struct gw_ws ws;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  gw_ws_init(&ws, ws_kind(server, shared), NULL);
  static uint8_t payload[300000];
  for (size_t i = 0; i < sizeof payload; i++)
    payload[i] = (uint8_t)('a' + i % 26);
  ws_bytes_frame(&input, true, 0x81, payload, sizeof payload);
  uint8_t *at = input.at;
  size_t len = 50001, done = len;
  struct gw_ws_event event;
  assert_int_equal(gw_ws_read(&ws, &at, &len, &event), 0);
  int got = 0;
  for (size_t room; (room = gw_ws_direct(&ws, &at)) > 0 && got == 0; done += room) {
    if (room > 30011) room = 30011;
    memcpy(at, input.at + done, room);
    got = gw_ws_direct_done(&ws, room, &event);
  }
  if (got == 0) { /* the end is small: through the read buffer */
    at = input.at + done;
    len = input.len - done;
    got = gw_ws_read(&ws, &at, &len, &event);
  }
  assert_int_equal(got, 1);
  assert_int_equal(event.len, sizeof payload);
  assert_memory_equal(event.data, payload, sizeof payload);
  struct gw_bytes *bytes = gw_ws_take_bytes(&ws);
  assert_ptr_equal(bytes->data, event.data);
  assert_int_equal(bytes->len, event.len);
  assert_null(gw_ws_take_bytes(&ws));
  len = 0;
  assert_int_equal(gw_ws_read(&ws, &at, &len, &event), 0);
  assert_memory_equal(bytes->data, payload, sizeof payload);
  gw_bytes_unref(bytes);
  assert_null(ws.partial);
  input.len = 0;
  gw_ws_shared_free(shared);
}

static void direct_receiving_checks_utf8(void **state) {
  (void)state;
  struct gw_ws_shared *shared;
  struct gw_ws ws;
  struct gw_ws_event event;
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  gw_ws_init(&ws, ws_kind(client, shared), NULL);
  uint8_t head[] = {0x81, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}, *at = head;
  size_t len = sizeof head;
  assert_int_equal(gw_ws_read(&ws, &at, &len, &event), 0);
  assert_true(gw_ws_direct(&ws, &at) >= 2);
  memcpy(at, "\xF4\x90", 2);
  assert_int_equal(gw_ws_direct_done(&ws, 2, &event), GW_ERR_WS_DATA);
  assert_int_equal(gw_ws_direct(&ws, &at), 0);
  gw_ws_clear(&ws);
  gw_ws_shared_free(shared);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_the_examples_of_the_rfc),
      cmocka_unit_test(reads_lengths_at_their_boundaries),
      cmocka_unit_test(reads_many_frames_of_one_input),
      cmocka_unit_test(control_frames_come_between_fragments),
      cmocka_unit_test(an_empty_fragmented_message_is_a_message),
      cmocka_unit_test(broken_headers_fail),
      cmocka_unit_test(a_failed_connection_stays_failed),
      cmocka_unit_test(lies_about_length_cost_nothing),
      cmocka_unit_test(a_true_length_is_allocated_as_it_comes),
      cmocka_unit_test(limits_hold_to_the_byte),
      cmocka_unit_test(text_is_utf8),
      cmocka_unit_test(text_fails_at_the_first_bad_byte),
      cmocka_unit_test(a_code_point_may_be_cut_by_frames),
      cmocka_unit_test(reads_close),
      cmocka_unit_test(broken_close_fails),
      cmocka_unit_test(fragments_are_counted),
      cmocka_unit_test(an_idle_connection_owns_nothing),
      cmocka_unit_test(streaming_gives_parts_as_they_come),
      cmocka_unit_test(large_payloads_are_received_in_place),
      cmocka_unit_test(direct_receiving_checks_utf8),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
