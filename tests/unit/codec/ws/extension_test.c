/* SPDX-License-Identifier: MIT */
/* permessage-deflate negotiated: RFC 7692 section 7.1, from both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "codec/ws/extension.h"

/* What a server with these options answers to an offer; "-" where the handshake fails. */
static const char *answer(struct gw_ws_deflate_options options, const char *offer) {
  static char text[GW_WS_EXTENSION_MAX];
  struct gw_ws_deflate deflate = {0};
  options.is_enabled = true;
  if (gw_ws_extension_choose(gw_str_of(offer), &options, &deflate) < 0) return "-";
  gw_ws_extension_answer(&deflate, text);
  return text;
}

#define PMD   "permessage-deflate"
#define ALONE "; server_no_context_takeover; client_no_context_takeover"

static const struct gw_ws_deflate_options alone,
    takeover = {.allow_server_takeover = true, .allow_client_takeover = true};

static void offers_are_met(void **state) {
  (void)state;
  assert_string_equal(answer(takeover, PMD), PMD);
  assert_string_equal(answer(takeover, "PerMessage-Deflate"), PMD);
  assert_string_equal(answer(alone, PMD), PMD ALONE);
  assert_string_equal(answer(takeover, PMD "; server_no_context_takeover"),
                      PMD "; server_no_context_takeover");
  assert_string_equal(answer(takeover, PMD ";client_no_context_takeover"),
                      PMD "; client_no_context_takeover");
  assert_string_equal(answer(takeover, PMD "; client_max_window_bits"), PMD);
  assert_string_equal(answer(takeover, PMD "; server_max_window_bits=15"),
                      PMD "; server_max_window_bits=15");
  assert_string_equal(answer(takeover, PMD "; server_max_window_bits=\"10\""),
                      PMD "; server_max_window_bits=10");
  assert_string_equal(answer(takeover, PMD "; client_max_window_bits=8"),
                      PMD "; client_max_window_bits=8");
  for (unsigned bits = 9; bits <= 15; bits++) {
    char offer[100], expected[100];
    snprintf(offer, sizeof offer, PMD "; server_max_window_bits=%u", bits);
    assert_string_equal(answer(takeover, offer), offer);
    snprintf(offer, sizeof offer, PMD "; client_max_window_bits=%u", bits);
    snprintf(expected, sizeof expected, bits < 15 ? PMD "; client_max_window_bits=%u" : PMD, bits);
    assert_string_equal(answer(takeover, offer), expected);
  }
}

static void our_own_windows_count_too(void **state) {
  (void)state;
  struct gw_ws_deflate_options small = takeover;
  small.server_max_window_bits = 11;
  small.client_max_window_bits = 12;
  assert_string_equal(answer(small, PMD), PMD "; server_max_window_bits=11");
  assert_string_equal(answer(small, PMD "; client_max_window_bits"),
                      PMD "; server_max_window_bits=11; client_max_window_bits=12");
  assert_string_equal(answer(small, PMD "; client_max_window_bits=10; server_max_window_bits=9"),
                      PMD "; server_max_window_bits=9; client_max_window_bits=10");
  assert_string_equal(answer(small, PMD "; client_max_window_bits=14; server_max_window_bits=14"),
                      PMD "; server_max_window_bits=11; client_max_window_bits=12");
}

static void offers_that_break_the_rules_are_declined(void **state) {
  (void)state;
  static const char *const offers[] = {
      PMD "; server_max_window_bits",
      PMD "; server_max_window_bits=8", /* zlib cannot */
      PMD "; server_max_window_bits=7",
      PMD "; server_max_window_bits=0",
      PMD "; server_max_window_bits=16",
      PMD "; server_max_window_bits=09",
      PMD "; server_max_window_bits=010",
      PMD "; server_max_window_bits=+9",
      PMD "; server_max_window_bits=9x",
      PMD "; server_max_window_bits=100",
      PMD "; server_max_window_bits=10; server_max_window_bits=10",
      PMD "; client_max_window_bits=7",
      PMD "; client_max_window_bits=16",
      PMD "; client_max_window_bits=08",
      PMD "; client_max_window_bits; client_max_window_bits",
      PMD "; server_no_context_takeover=1",
      PMD "; server_no_context_takeover; server_no_context_takeover",
      PMD "; client_no_context_takeover=\"true\"",
      PMD "; unknown",
      PMD "; unknown=1",
      "x-webkit-deflate-frame",
      "permessage-bzip2; foo=bar; foo=bar",
      "",
  };
  for (size_t i = 0; i < sizeof offers / sizeof *offers; i++)
    assert_string_equal(answer(takeover, offers[i]), "");
}

static void the_first_offer_that_can_be_met_counts(void **state) {
  (void)state;
  assert_string_equal(answer(takeover, PMD "; server_max_window_bits=8, x-other; a=1, " PMD
                                           "; server_max_window_bits=12, " PMD),
                      PMD "; server_max_window_bits=12");
  assert_string_equal(answer(takeover, PMD "; unknown, ," PMD), PMD);
  struct gw_ws_deflate deflate = {0};
  struct gw_ws_deflate_options options = {.is_enabled = true};
  assert_int_equal(gw_ws_extension_choose(gw_str_of("x-other"), &options, &deflate), 0);
  assert_int_equal(gw_ws_extension_choose(gw_str_of(PMD), &options, &deflate), 0);
  assert_true(deflate.is_on); /* several header lines are one list */
  options.is_enabled = false;
  deflate.is_on = false;
  assert_int_equal(gw_ws_extension_choose(gw_str_of(PMD), &options, &deflate), 0);
  assert_false(deflate.is_on);
}

static void what_breaks_the_grammar_fails(void **state) {
  (void)state;
  static const char *const offers[] = {
      PMD ";", PMD "; ; x", "=1",      PMD "=1",     PMD "; a=", PMD "; a=\"b", PMD "; a b",
      "a b",   "x; y=(z)",  PMD ", /", "\"quoted\"", PMD "; =9", PMD "; a=b=c", PMD "; a=\"b\"c",
  };
  for (size_t i = 0; i < sizeof offers / sizeof *offers; i++)
    assert_string_equal(answer(takeover, offers[i]), "-");
}

/* ---- the client ---- */

static int check(struct gw_ws_deflate_options options, const char *text,
                 struct gw_ws_deflate *out) {
  options.is_enabled = true;
  *out = (struct gw_ws_deflate){0};
  return gw_ws_extension_check(gw_str_of(text), &options, out);
}

static void clients_offer_what_they_can(void **state) {
  (void)state;
  char text[GW_WS_EXTENSION_MAX];
  struct gw_ws_deflate_options options = alone;
  gw_ws_extension_offer(&options, text);
  assert_string_equal(text, "");
  options.is_enabled = true;
  gw_ws_extension_offer(&options, text);
  assert_string_equal(text, PMD ALONE "; client_max_window_bits");
  options = takeover;
  options.is_enabled = true;
  options.server_max_window_bits = 10;
  options.client_max_window_bits = 15;
  gw_ws_extension_offer(&options, text);
  assert_string_equal(text, PMD "; server_max_window_bits=10; client_max_window_bits=15");
}

static void answers_are_taken(void **state) {
  (void)state;
  struct gw_ws_deflate deflate;
  assert_int_equal(check(takeover, PMD, &deflate), 0);
  assert_true(deflate.is_on && !deflate.server_no_context_takeover);
  assert_false(deflate.client_no_context_takeover);
  assert_int_equal(check(alone, PMD, &deflate), 0);
  assert_false(deflate.server_no_context_takeover); /* it did not promise */
  assert_true(deflate.client_no_context_takeover);  /* we did */
  assert_int_equal(check(takeover, PMD ALONE "; server_max_window_bits=9", &deflate), 0);
  assert_true(deflate.server_no_context_takeover && deflate.client_no_context_takeover);
  assert_int_equal(deflate.server_max_window_bits, 9);
  assert_int_equal(deflate.client_max_window_bits, 15);
  assert_int_equal(check(takeover, PMD "; client_max_window_bits=8", &deflate), 0);
  assert_int_equal(deflate.client_max_window_bits, 8);
}

static void answers_beyond_the_offer_fail(void **state) {
  (void)state;
  struct gw_ws_deflate deflate;
  static const char *const answers[] = {
      "x-other",
      PMD ", " PMD,
      PMD "; client_max_window_bits",
      PMD "; client_max_window_bits=16",
      PMD "; client_max_window_bits=13",
      PMD "; server_max_window_bits",
      PMD "; server_max_window_bits=12",
      PMD "; server_max_window_bits=7",
      PMD "; server_no_context_takeover; server_no_context_takeover",
      PMD "; server_no_context_takeover=1",
      PMD "; unknown",
      PMD ";",
  };
  struct gw_ws_deflate_options options = takeover;
  options.server_max_window_bits = 11;
  options.client_max_window_bits = 12;
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
    assert_int_equal(check(options, answers[i], &deflate), GW_ERR_WS_HANDSHAKE);
  options.is_enabled = false;
  deflate = (struct gw_ws_deflate){0};
  assert_int_equal(gw_ws_extension_check(gw_str_of(PMD), &options, &deflate), GW_ERR_WS_HANDSHAKE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(offers_are_met),
      cmocka_unit_test(our_own_windows_count_too),
      cmocka_unit_test(offers_that_break_the_rules_are_declined),
      cmocka_unit_test(the_first_offer_that_can_be_met_counts),
      cmocka_unit_test(what_breaks_the_grammar_fails),
      cmocka_unit_test(clients_offer_what_they_can),
      cmocka_unit_test(answers_are_taken),
      cmocka_unit_test(answers_beyond_the_offer_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
