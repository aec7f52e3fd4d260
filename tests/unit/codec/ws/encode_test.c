/* SPDX-License-Identifier: MIT */
/* Frames as a server and a client write them; what a client writes is read back by a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec/ws/conn.h"
#include "support/alloc.h"
#include "support/ws_kind.h"
#include "support/ws_talk.h"

static const struct gw_ws_options server_options, client_options = {.is_client = true};
static struct gw_ws_shared *shared;
static struct gw_ws server, client;
static struct gw_ws_wire wire;
static struct ws_story story;

static int set_up(void **state) {
  (void)state;
  if (gw_ws_shared_new(&shared) < 0) return -1;
  gw_ws_init(&server, ws_kind(server_options, shared), NULL);
  gw_ws_init(&client, ws_kind(client_options, shared), NULL);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  gw_ws_clear(&server);
  gw_ws_clear(&client);
  gw_ws_shared_free(shared);
  return 0;
}

static int encode(struct gw_ws *ws, unsigned opcode, bool is_partial, const void *data,
                  size_t len) {
  struct gw_ws_frame frame = {.opcode = opcode, .is_partial = is_partial, .data = data, .len = len};
  return gw_ws_encode(ws, &frame, &wire);
}

/* Lets the other side read what was encoded. */
static const char *read_back(struct gw_ws *reader) {
  static struct ws_bytes bytes;
  bytes.len = 0;
  ws_bytes_add(&bytes, wire.head, wire.head_len);
  ws_bytes_add(&bytes, wire.body, wire.body_len);
  ws_tell(reader, &bytes, 0, 0, &story);
  return story.text;
}

static void a_server_lends_the_payload_as_it_is(void **state) {
  (void)state;
  static const char text[] = "Hello";
  alloc_count_reset();
  assert_int_equal(encode(&server, GW_WS_TEXT, false, text, 5), 0);
  assert_int_equal(wire.head_len, 2);
  assert_memory_equal(wire.head, "\x81\x05", 2); /* RFC 6455 section 5.7 */
  assert_ptr_equal(wire.body, text);
  assert_int_equal(wire.body_len, 5);
  assert_int_equal(alloc_count(), 0);
}

static void lengths_take_their_shortest_form(void **state) {
  (void)state;
  static const uint8_t data[65536];
  static const struct {
    size_t len;
    const char *head;
    uint8_t head_len;
  } cases[] = {
      {0, "\x82\x00", 2},
      {125, "\x82\x7D", 2},
      {126, "\x82\x7E\x00\x7E", 4},
      {256, "\x82\x7E\x01\x00", 4},
      {65535, "\x82\x7E\xFF\xFF", 4},
      {65536, "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(encode(&server, GW_WS_BINARY, false, data, cases[i].len), 0);
    assert_int_equal(wire.head_len, cases[i].head_len);
    assert_memory_equal(wire.head, cases[i].head, wire.head_len);
    assert_int_equal(encode(&client, GW_WS_BINARY, false, data, cases[i].len), 0);
    assert_int_equal(wire.head_len, cases[i].head_len + 4);
    char expected[20];
    snprintf(expected, sizeof expected, "binary %zu ", cases[i].len);
    assert_memory_equal(read_back(&server), expected, strlen(expected));
  }
}

static void a_client_masks_with_fresh_keys(void **state) {
  (void)state;
  uint8_t last[4] = {0};
  for (int i = 0; i < 300; i++) { /* more than one batch of keys */
    assert_int_equal(encode(&client, GW_WS_TEXT, false, "Hello", 5), 0);
    assert_int_equal(wire.head[1], 0x85);
    assert_memory_not_equal(last, wire.head + 2, 4);
    memcpy(last, wire.head + 2, 4);
    assert_string_equal(read_back(&server), "text 5 \"Hello\"\n");
  }
}

static void messages_are_sent_in_parts(void **state) {
  (void)state;
  assert_int_equal(encode(&server, GW_WS_CONTINUATION, false, "x", 1), GW_ERR_STATE);
  assert_int_equal(encode(&server, GW_WS_TEXT, true, "Hel", 3), 0);
  assert_memory_equal(wire.head, "\x01\x03", 2);
  assert_string_equal(read_back(&client), "");
  assert_int_equal(encode(&server, GW_WS_TEXT, false, "x", 1), GW_ERR_STATE);
  assert_int_equal(encode(&server, GW_WS_PING, false, "?", 1), 0);
  assert_string_equal(read_back(&client), "ping 1 \"?\"\n");
  assert_int_equal(encode(&server, GW_WS_CONTINUATION, true, "l", 1), 0);
  assert_memory_equal(wire.head, "\x00\x01", 2);
  assert_string_equal(read_back(&client), "");
  assert_int_equal(encode(&server, GW_WS_CONTINUATION, false, "o", 1), 0);
  assert_memory_equal(wire.head, "\x80\x01", 2);
  assert_string_equal(read_back(&client), "text 5 \"Hello\"\n");
  assert_int_equal(encode(&server, GW_WS_CONTINUATION, false, "x", 1), GW_ERR_STATE);
}

static void control_frames_are_small_and_whole(void **state) {
  (void)state;
  static const char data[126];
  assert_int_equal(encode(&server, GW_WS_PONG, false, data, 125), 0);
  assert_int_equal(encode(&server, GW_WS_PONG, false, data, 126), GW_ERR_ARGUMENT);
  assert_int_equal(encode(&server, GW_WS_PING, true, data, 1), GW_ERR_ARGUMENT);
  assert_int_equal(encode(&server, GW_WS_CLOSE, false, data, 0), GW_ERR_ARGUMENT);
  assert_int_equal(encode(&server, 3, false, data, 0), GW_ERR_ARGUMENT);
  assert_int_equal(encode(&server, 0xB, false, data, 0), GW_ERR_ARGUMENT);
}

static void close_is_sent_once_and_is_the_last(void **state) {
  (void)state;
  assert_int_equal(gw_ws_encode_close(&server, 1005, "x", 1, &wire), GW_ERR_ARGUMENT);
  assert_int_equal(gw_ws_encode_close(&server, 1006, NULL, 0, &wire), GW_ERR_ARGUMENT);
  assert_int_equal(gw_ws_encode_close(&server, 2000, NULL, 0, &wire), GW_ERR_ARGUMENT);
  assert_false(gw_ws_has_sent_close(&server));
  assert_int_equal(gw_ws_encode_close(&server, 1001, "bye", 3, &wire), 0);
  assert_true(gw_ws_has_sent_close(&server));
  assert_string_equal(read_back(&client), "close 1001 3 \"bye\"\n");
  assert_true(gw_ws_has_got_close(&client));
  assert_int_equal(gw_ws_encode_close(&server, 1000, NULL, 0, &wire), GW_ERR_CLOSED);
  assert_int_equal(encode(&server, GW_WS_TEXT, false, "x", 1), GW_ERR_CLOSED);
  assert_int_equal(encode(&server, GW_WS_PONG, false, "x", 1), GW_ERR_CLOSED);
  assert_int_equal(gw_ws_encode_close(&client, 1005, NULL, 0, &wire), 0);
  assert_string_equal(read_back(&server), "close 1005 0 \"\"\n");
}

static void a_long_reason_is_cut_at_a_code_point(void **state) {
  (void)state;
  char reason[130];
  memset(reason, 'a', sizeof reason);
  memcpy(reason + 121, "\xF0\x9F\x98\x80", 4); /* over the edge at 123 */
  assert_int_equal(gw_ws_encode_close(&server, 4000, reason, sizeof reason, &wire), 0);
  assert_int_equal(wire.body_len, 2 + 121);
  assert_memory_equal(read_back(&client), "close 4000 121 ", 15);
}

static void no_memory_changes_nothing(void **state) {
  (void)state;
  alloc_fail_at(1);
  assert_int_equal(encode(&client, GW_WS_TEXT, true, "Hel", 3), GW_ERR_MEMORY);
  assert_int_equal(encode(&client, GW_WS_TEXT, true, "Hel", 3), 0);
  alloc_fail_at(0);
  assert_string_equal(read_back(&server), "");
  static const uint8_t large[300 * 1024];
  assert_int_equal(encode(&client, GW_WS_CONTINUATION, true, large, sizeof large), 0);
  assert_string_equal(read_back(&server), "");
  alloc_fail_at(1); /* the large scratch is given back, and there is none for the small one */
  assert_int_equal(gw_ws_encode_close(&client, 1000, NULL, 0, &wire), GW_ERR_MEMORY);
  assert_false(gw_ws_has_sent_close(&client));
  assert_int_equal(gw_ws_encode_close(&client, 1000, NULL, 0, &wire), 0);
  alloc_fail_at(0);
  assert_string_equal(read_back(&server), "close 1000 0 \"\"\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_server_lends_the_payload_as_it_is),  TEST(lengths_take_their_shortest_form),
      TEST(a_client_masks_with_fresh_keys),       TEST(messages_are_sent_in_parts),
      TEST(control_frames_are_small_and_whole),   TEST(close_is_sent_once_and_is_the_last),
      TEST(a_long_reason_is_cut_at_a_code_point), TEST(no_memory_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
