/* SPDX-License-Identifier: MIT */
/* Headers by themselves: what is written is read, and what is wrong is known as early as can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/ws/head.h"
#include "support/ws_kind.h"

static const struct gw_ws_options server = {.max_message = SIZE_MAX / 4},
                                  client = {.is_client = true, .max_message = SIZE_MAX / 4};

static void what_is_written_is_read(void **state) {
  (void)state;
  static const uint64_t lengths[] = {0,     1,        125,        126,       65535,
                                     65536, 1u << 31, 1ull << 32, 1ull << 61};
  static const uint8_t key[4] = {1, 2, 3, 4};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for (int is_client = 0; is_client < 2; is_client++) {
      uint8_t bytes[GW_WS_HEAD_MAX];
      struct gw_ws ws;
      struct gw_ws_head head;
      gw_ws_init(&ws, ws_kind(is_client ? client : server, NULL), NULL);
      int size =
          gw_ws_head_write(bytes, GW_WS_FIN | GW_WS_BINARY, lengths[i], is_client ? NULL : key);
      for (size_t have = 0; have < (size_t)size; have++)
        assert_int_equal(gw_ws_head_read(&ws, bytes, have, &head), 0);
      assert_int_equal(gw_ws_head_read(&ws, bytes, sizeof bytes, &head), size);
      assert_int_equal(head.opcode, GW_WS_BINARY);
      assert_true(head.is_final && !head.is_compressed);
      assert_true(head.length == lengths[i]);
      if (!is_client) assert_memory_equal(ws.key, key, 4);
    }
}

static void errors_need_no_more_bytes_than_they_take(void **state) {
  (void)state;
  static const struct {
    size_t bytes;
    int err;
    uint8_t head[10];
  } cases[] = {
      {1, GW_ERR_WS_PROTOCOL, {0x83}},
      {1, GW_ERR_WS_PROTOCOL, {0x80}},
      {1, GW_ERR_WS_PROTOCOL, {0x09}},
      {2, GW_ERR_WS_PROTOCOL, {0x82, 0x00}},
      {2, GW_ERR_WS_PROTOCOL, {0x89, 0xFE}},
      {3, GW_ERR_WS_PROTOCOL, {0x82, 0xFF, 0x80}},
      {4, GW_ERR_WS_PROTOCOL, {0x82, 0xFE, 0x00, 0x7D}},
      {4, GW_ERR_WS_TOO_BIG, {0x82, 0xFE, 0x03, 0xE9}},
      {10, GW_ERR_WS_PROTOCOL, {0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}},
      {10, GW_ERR_WS_TOO_BIG, {0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0}},
  };
  static const struct gw_ws_options small = {.max_message = 1000};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct gw_ws ws;
    struct gw_ws_head head;
    gw_ws_init(&ws, ws_kind(small, NULL), NULL);
    for (size_t have = 0; have < cases[i].bytes; have++)
      assert_int_equal(gw_ws_head_read(&ws, cases[i].head, have, &head), 0);
    assert_int_equal(gw_ws_head_read(&ws, cases[i].head, cases[i].bytes, &head), cases[i].err);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(errors_need_no_more_bytes_than_they_take),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
