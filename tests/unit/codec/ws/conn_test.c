/* SPDX-License-Identifier: MIT */
/* A connection's size and life, and what stands by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec/ws/conn.h"
#include "support/alloc.h"
#include "support/ws_kind.h"

static const struct gw_ws_options options;

static void an_idle_connection_is_small(void **state) {
  (void)state;
  assert_true(sizeof(struct gw_ws) <= 64);
}

static void lives_and_goes(void **state) {
  (void)state;
  struct gw_ws_shared *shared = NULL;
  struct gw_ws *ws = NULL;
  alloc_fail_at(1);
  assert_int_equal(gw_ws_shared_new(&shared), GW_ERR_MEMORY);
  assert_int_equal(gw_ws_shared_new(&shared), 0);
  alloc_fail_at(1);
  assert_int_equal(gw_ws_new(&options, shared, NULL, &ws), GW_ERR_MEMORY);
  alloc_fail_at(0);
  assert_null(ws);
  alloc_count_reset();
  assert_int_equal(gw_ws_new(&options, shared, NULL, &ws), 0);
  assert_int_equal(alloc_count(), 1);
  assert_false(gw_ws_has_got_close(ws) || gw_ws_has_sent_close(ws));
  gw_ws_free(ws);
  gw_ws_free(NULL);
  struct gw_ws nothing = {0};
  gw_ws_clear(&nothing);
  gw_ws_shared_free(shared);
  gw_ws_shared_free(NULL);
}

static void agreements_are_kept(void **state) {
  (void)state;
  struct gw_ws ws;
  gw_ws_init(&ws, ws_kind(options, NULL), &(struct gw_ws_deflate){.is_on = false});
  assert_false(gw_ws_has_deflate(&ws));
  gw_ws_init(&ws, ws_kind(options, NULL),
             &(struct gw_ws_deflate){
                 .is_on = true, .server_no_context_takeover = true, .client_max_window_bits = 9});
  assert_true(gw_ws_has_deflate(&ws));
  assert_int_equal(ws.bits, 0x9F);
  assert_true(ws.client_keeps && !ws.server_keeps);
}

static void masks_as_the_rfc_says(void **state) {
  (void)state;
  static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d}; /* section 5.7 */
  uint8_t out[5];
  gw_ws_mask(out, (const uint8_t *)"Hello", 5, key, 0);
  assert_memory_equal(out, "\x7f\x9f\x4d\x51\x58", 5);
  gw_ws_mask(out + 2, out + 2, 3, key, 2);
  assert_memory_equal(out, "\x7f\x9fllo", 5);
}

static void tells_utf8(void **state) {
  (void)state;
  assert_true(gw_ws_utf8_is_valid("\xCE\xBA\xE1\xBD\xB9", 5));
  assert_true(gw_ws_utf8_is_valid("", 0));
  assert_false(gw_ws_utf8_is_valid("\xCE\xBA\xE1\xBD", 4));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_idle_connection_is_small),
      cmocka_unit_test(lives_and_goes),
      cmocka_unit_test(agreements_are_kept),
      cmocka_unit_test(masks_as_the_rfc_says),
      cmocka_unit_test(tells_utf8),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
