/* SPDX-License-Identifier: MIT */
/* Lists of origins: what `self` is, and what can be in a list. What is in one is exchange_test.c's.
 */
#include "http/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool is_listed(const char *origin, const char *origins, bool is_tls) {
  const struct gw_origin_self self = {GW_STR("example.com:8000"), is_tls};
  return gw_origin_is_listed(gw_str_of(origin), origins, &self);
}

static void self_is_whom_the_request_was_sent_to(void **state) {
  (void)state;
  static const char *const lists[] = {NULL, "self", "self,https://a.example",
                                      "https://a.example , self"};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    assert_true(is_listed("http://example.com:8000", lists[i], false));
    assert_false(is_listed("http://example.com", lists[i], false));
    assert_false(is_listed("http://self", lists[i], false));
    assert_false(is_listed("self", lists[i], false));
    assert_false(is_listed("null", lists[i], false));
    assert_true(is_listed("https://a.example", lists[i], false) == (i > 1));
  }
  assert_false(is_listed("http://example.com:8000", "https://a.example", false));
  assert_false(is_listed("http://example.com:8000", "SELF", false));
}

static void a_star_is_anyone_wherever_it_stands(void **state) {
  (void)state;
  assert_true(is_listed("null", "self,*", false));
  assert_true(is_listed("http://x.example", "https://a.example,*", false));
}

static void a_list_has_what_can_be_in_one(void **state) {
  (void)state;
  static const char *const right[] = {"*",
                                      "self",
                                      "https://example.com",
                                      "http://localhost:8080,http://127.0.0.1:8080",
                                      "https://*.example.com , http://[::1]:80,",
                                      "chrome-extension://abcdef"};
  static const char *const wrong[] = {"",
                                      ",",
                                      "localhost:8080",
                                      "http://localhost:8080/",
                                      "http://localhost:8080/page",
                                      "http://",
                                      "http://*",
                                      "http://*:80",
                                      "https://a.*.example",
                                      "http://localhost:0",
                                      "http://localhost:65536",
                                      "http://localhost:",
                                      "http://ann@localhost",
                                      "http://localhost http://example.com",
                                      "https://example.com,nonsense",
                                      "null",
                                      "same"};
  for (size_t i = 0; i < sizeof right / sizeof *right; i++)
    if (!gw_origin_list_is_valid(right[i])) fail_msg("refused: %s", right[i]);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (gw_origin_list_is_valid(wrong[i])) fail_msg("taken: %s", wrong[i]);
  char longest[700] = "https://";
  memset(longest + 8, 'x', sizeof longest - 9);
  assert_false(gw_origin_list_is_valid(longest));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(self_is_whom_the_request_was_sent_to),
      cmocka_unit_test(a_star_is_anyone_wherever_it_stands),
      cmocka_unit_test(a_list_has_what_can_be_in_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
