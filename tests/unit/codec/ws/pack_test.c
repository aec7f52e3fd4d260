/* SPDX-License-Identifier: MIT */
/* Frames made once for many receivers, between messages of the receivers' own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec/ws/pack.h"
#include "support/alloc.h"
#include "support/ws_kind.h"
#include "support/ws_pair.h"

static void a_packing_fits_many_connections(void **state) {
  (void)state;
  set_up(&(struct gw_ws_deflate){.is_on = true});
  struct gw_ws_frame frame = {.opcode = GW_WS_TEXT, .data = text, .len = 3000};
  struct gw_bytes *packed;
  static struct ws_bytes bytes;
  assert_int_equal(gw_ws_pack_bits(&server), 15);
  assert_int_equal(gw_ws_pack(shared, &server_options.deflate, 15, &frame, &packed), 0);
  assert_int_equal(packed->data[0], 0xC1);
  bytes.len = 0;
  ws_bytes_add(&bytes, packed->data, packed->len);
  /* between messages of its own, whose window goes on */
  for (int i = 0; i < 4; i++) {
    assert_int_equal(encode(&server, GW_WS_TEXT, false, text + i, 2000), 0);
    expect_text(read_back(&client), text + i, 2000);
    assert_int_equal(gw_ws_pack_send(&server), 0);
    ws_tell(&client, &bytes, 0, 0, &story);
    expect_text(story.text, text, 3000);
  }
  gw_bytes_unref(packed);
  /* for a connection without compression */
  struct gw_ws plain;
  gw_ws_init(&plain, ws_kind(client_options, shared), NULL);
  assert_int_equal(gw_ws_pack_bits(&plain), 0);
  assert_int_equal(gw_ws_pack(shared, &server_options.deflate, 0, &frame, &packed), 0);
  bytes.len = 0;
  ws_bytes_add(&bytes, packed->data, packed->len);
  ws_tell(&plain, &bytes, 0, 0, &story);
  expect_text(story.text, text, 3000);
  gw_bytes_unref(packed);
  tear_down();
}

static void a_packing_keeps_the_order_of_frames(void **state) {
  (void)state;
  set_up(NULL);
  struct gw_ws_frame frame = {.opcode = GW_WS_PING};
  struct gw_bytes *packed;
  assert_int_equal(gw_ws_pack(shared, &server_options.deflate, 0, &frame, &packed),
                   GW_ERR_ARGUMENT);
  assert_int_equal(encode(&server, GW_WS_TEXT, true, text, 5), 0);
  assert_int_equal(gw_ws_pack_send(&server), GW_ERR_STATE);
  assert_int_equal(gw_ws_encode_close(&server, 1000, NULL, 0, &wire), 0);
  assert_int_equal(gw_ws_pack_send(&server), GW_ERR_CLOSED);
  frame = (struct gw_ws_frame){.opcode = GW_WS_TEXT, .data = text, .len = 100};
  for (size_t nth = 1; nth < 12; nth++) {
    alloc_fail_at(nth);
    int err = gw_ws_pack(shared, &server_options.deflate, 12, &frame, &packed);
    alloc_fail_at(0);
    if (err == 0)
      gw_bytes_unref(packed);
    else
      assert_int_equal(err, GW_ERR_MEMORY);
  }
  tear_down();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_packing_fits_many_connections),
      cmocka_unit_test(a_packing_keeps_the_order_of_frames),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
