/* SPDX-License-Identifier: MIT */
/* Close codes: the whole range, and the codes of our own errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "godwit/ws.h"

static void only_some_codes_may_be_sent(void **state) {
  (void)state;
  for (unsigned code = 0; code < 70000; code++) {
    bool is_sendable = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                       (code >= 3000 && code <= 4999);
    assert_int_equal(gw_ws_code_is_sendable(code), is_sendable);
  }
}

static void codes_have_texts(void **state) {
  (void)state;
  assert_string_equal(gw_ws_code_text(1000), "normal closure");
  assert_string_equal(gw_ws_code_text(1015), "TLS handshake failed");
  assert_string_equal(gw_ws_code_text(1004), "");
  assert_string_equal(gw_ws_code_text(4000), "");
}

static void errors_have_codes(void **state) {
  (void)state;
  assert_int_equal(gw_ws_error_code(GW_ERR_WS_PROTOCOL), 1002);
  assert_int_equal(gw_ws_error_code(GW_ERR_WS_DATA), 1007);
  assert_int_equal(gw_ws_error_code(GW_ERR_WS_POLICY), 1008);
  assert_int_equal(gw_ws_error_code(GW_ERR_WS_TOO_BIG), 1009);
  assert_int_equal(gw_ws_error_code(GW_ERR_MEMORY), 1011);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_some_codes_may_be_sent),
      cmocka_unit_test(codes_have_texts),
      cmocka_unit_test(errors_have_codes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
