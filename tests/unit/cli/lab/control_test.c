/* SPDX-License-Identifier: MIT */
/* Nothing that a page says can make the lab do what it must not. */
#include "cli/lab/control.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct gw_lab_settings settings;
static struct gw_lab_control control;

static bool read_text(const char *text) {
  return gw_lab_control_read(gw_str_of(text), &settings, &control);
}

static int begin(void **state) {
  (void)state;
  settings = gw_lab_defaults;
  return 0;
}

static void what_is_set_holds_and_the_rest_stays(void **state) {
  (void)state;
  assert_true(read_text("{\"set\":{\"rate\":0.5,\"payload\":1000,\"cursor\":false}}"));
  assert_true(control.sets && !control.starts && !control.stops);
  assert_int_equal(control.cut_ms, 0);
  assert_true(settings.rate == 0.5);
  assert_int_equal(settings.payload, 1000);
  assert_int_equal(settings.interval_ms, gw_lab_defaults.interval_ms);
  assert_int_equal(settings.clients, gw_lab_defaults.clients);
  assert_false(settings.has_cursor);
}

static void numbers_are_moved_into_their_range(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double rate;
    unsigned payload, interval_ms, clients;
  } cases[] = {
      {"{\"set\":{\"rate\":0,\"payload\":0,\"interval\":0,\"clients\":0}}", 0.2, 48, 100, 1},
      {"{\"set\":{\"rate\":-1,\"payload\":-9e99,\"interval\":-3,\"clients\":-7}}", 0.2, 48, 100, 1},
      {"{\"set\":{\"rate\":201,\"payload\":16385,\"interval\":10001,\"clients\":201}}", 200, 16384,
       10000, 200},
      {"{\"set\":{\"rate\":1e300,\"payload\":1e300,\"interval\":9223372036854775807,"
       "\"clients\":4294967297}}",
       200, 16384, 10000, 200},
      {"{\"set\":{\"rate\":7,\"payload\":99.9,\"interval\":250.5,\"clients\":2.9}}", 7, 99, 250, 2},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_true(read_text(cases[i].text));
    assert_true(settings.rate == cases[i].rate);
    assert_int_equal(settings.payload, cases[i].payload);
    assert_int_equal(settings.interval_ms, cases[i].interval_ms);
    assert_int_equal(settings.clients, cases[i].clients);
  }
}

static void what_is_no_number_changes_nothing(void **state) {
  (void)state;
  assert_true(read_text("{\"set\":{\"rate\":\"9\",\"payload\":null,\"interval\":[1],\"clients\":{},"
                        "\"cursor\":0}}"));
  assert_memory_equal(&settings, &gw_lab_defaults, sizeof settings);
}

static void what_is_no_control_is_none(void **state) {
  (void)state;
  static const char *const cases[] = {"",
                                      "x",
                                      "{",
                                      "[]",
                                      "7",
                                      "null",
                                      "\"start\"",
                                      "{}",
                                      "{\"set\":7}",
                                      "{\"set\":[]}",
                                      "{\"start\":1}",
                                      "{\"start\":\"true\"}",
                                      "{\"stop\":false}",
                                      "{\"cut\":\"700\"}",
                                      "{\"cut\":null}",
                                      "{\"lab\":\"x\"}",
                                      "{\"lab\":7,\"since\":7}",
                                      "{\"lab\":\"x\",\"since\":-1}",
                                      "{\"start\":true} and more"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_false(read_text(cases[i]));
    assert_memory_equal(&settings, &gw_lab_defaults, sizeof settings);
  }
}

static void a_book_is_not_read(void **state) {
  (void)state;
  static char text[CONTROL_MAX + 64];
  memset(text, ' ', sizeof text - 1);
  memcpy(text, "{\"start\":true}", sizeof "{\"start\":true}" - 1);
  text[CONTROL_MAX] = '\0';
  assert_true(read_text(text));
  text[CONTROL_MAX] = ' ';
  assert_false(read_text(text));
}

static void starts_stops_and_cuts(void **state) {
  (void)state;
  assert_true(read_text("{\"start\":true}"));
  assert_true(control.starts && !control.stops && !control.sets);
  assert_true(read_text("{\"stop\":true}"));
  assert_true(control.stops && !control.starts);
  assert_true(read_text("{\"cut\":700}"));
  assert_int_equal(control.cut_ms, 700);
  assert_true(read_text("{\"cut\":1}"));
  assert_int_equal(control.cut_ms, 500);
  assert_true(read_text("{\"cut\":1e12}"));
  assert_int_equal(control.cut_ms, 10000);
}

static void another_lab_says_who_it_is(void **state) {
  (void)state;
  assert_true(read_text("{\"lab\":\"abc\",\"since\":1795292273618}"));
  assert_string_equal(control.lab, "abc");
  assert_int_equal(control.since_ms, 1795292273618);
  assert_true(read_text("{\"lab\":\"0123456789012345678901234567890123456789long\",\"since\":1}"));
  assert_int_equal(strlen(control.lab), sizeof control.lab - 1);
}

static void the_rate_is_one_that_the_machine_can_do(void **state) {
  (void)state;
  struct gw_lab_settings wished = {
      .rate = 200, .payload = 48, .interval_ms = 100, .clients = 200, .has_cursor = true};
  struct gw_lab_settings fit = gw_lab_settings_fit(&wished);
  assert_true(fit.rate == 50);
  wished.payload = 16384;
  fit = gw_lab_settings_fit(&wished);
  assert_true(fit.rate * 1000 * (16384 + ENVELOPE) <= DELIVERED_MAX + 1);
  assert_int_equal(fit.payload, 16384);
  assert_true(gw_lab_settings_fit(&gw_lab_defaults).rate == gw_lab_defaults.rate);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(what_is_set_holds_and_the_rest_stays, begin),
      cmocka_unit_test_setup(numbers_are_moved_into_their_range, begin),
      cmocka_unit_test_setup(what_is_no_number_changes_nothing, begin),
      cmocka_unit_test_setup(what_is_no_control_is_none, begin),
      cmocka_unit_test_setup(a_book_is_not_read, begin),
      cmocka_unit_test_setup(starts_stops_and_cuts, begin),
      cmocka_unit_test_setup(another_lab_says_who_it_is, begin),
      cmocka_unit_test(the_rate_is_one_that_the_machine_can_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
