/* SPDX-License-Identifier: MIT */
/* A server and a client that agree on compression, for tests of what one encodes and the other
 * reads. A test program includes it once, after cmocka. */
#ifndef GW_TEST_WS_PAIR_H
#define GW_TEST_WS_PAIR_H

#include "codec/ws/conn.h"
#include "support/ws_kind.h"
#include "support/ws_talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct gw_ws_options server_options, client_options;
static struct gw_ws_shared *shared;
static struct gw_ws server, client;
static struct gw_ws_wire wire;
static struct ws_story story;
static uint8_t text[200000];

static void set_up(const struct gw_ws_deflate *deflate) {
  server_options = (struct gw_ws_options){.deflate.is_enabled = true};
  client_options = (struct gw_ws_options){.is_client = true, .deflate.is_enabled = true};
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  gw_ws_init(&server, ws_kind(server_options, shared), deflate);
  gw_ws_init(&client, ws_kind(client_options, shared), deflate);
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = (uint8_t)("the quick brown fox"[(i * i / 7) % 19]);
}

static void tear_down(void) {
  gw_ws_clear(&server);
  gw_ws_clear(&client);
  gw_ws_shared_free(shared);
}

static int encode(struct gw_ws *ws, unsigned opcode, bool is_partial, const void *data,
                  size_t len) {
  struct gw_ws_frame frame = {.opcode = opcode, .is_partial = is_partial, .data = data, .len = len};
  return gw_ws_encode(ws, &frame, &wire);
}

static const char *read_back(struct gw_ws *reader) {
  static struct ws_bytes bytes;
  bytes.len = 0;
  ws_bytes_add(&bytes, wire.head, wire.head_len);
  ws_bytes_add(&bytes, wire.body, wire.body_len);
  ws_tell(reader, &bytes, 0, 0, &story);
  return story.text;
}

/* The story of a plain text message. */
static void expect_text(const char *told, const uint8_t *data, size_t len) {
  static struct ws_bytes bytes;
  static struct ws_story plain;
  static const struct gw_ws_options options = {.is_client = true};
  bytes.len = 0;
  ws_bytes_frame(&bytes, false, 0x81, data, len);
  assert_string_equal(told, ws_tell_fresh(&options, NULL, &bytes, 0, 0, &plain));
}

#endif
