/* SPDX-License-Identifier: MIT */
/* The figures are the JSON that the page reads. */
#include "cli/lab/figures.c"

#include "cli/lab/transport.c"
#include "godwit/error.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct gw_lab_figures example(void) {
  struct gw_lab_figures f = {
      .run = 7,
      .sent = 12345,
      .at_us = 1795292273618004,
      .phase = GW_LAB_RUNNING,
      .settings = {.rate = 0.2, .payload = 256, .interval_ms = 1000, .clients = 10},
      .cpu = 0.0625,
      .resident = 8388608,
  };
  for (unsigned i = 0; i < GW_LAB_TRANSPORTS; i++)
    f.transports[i] = (struct gw_lab_transport_figures){
        .port = 40000 + i,
        .spent = {.cpu = 0.25, .connections = 10, .requests = 20, .received = 30, .sent = 40},
        .memory = 897,
        .counts = {1, 2, 3, 4},
        .has_delays = true,
        .p50_us = 400005,
        .p99_us = 987654};
  return f;
}

static json_t *written(const struct gw_lab_figures *figures) {
  struct gw_buf out;
  gw_buf_init(&out, 8192);
  assert_int_equal(gw_lab_figures_write(&out, figures), 0);
  json_t *root = json_loadb((char *)out.data, out.len, 0, NULL);
  assert_non_null(root);
  gw_buf_clear(&out);
  return root;
}

static double number_at(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  assert_true(json_is_number(value));
  return json_number_value(value);
}

static void it_is_json_with_all_in_its_place(void **state) {
  (void)state;
  struct gw_lab_figures f = example();
  json_t *root = written(&f), *settings = json_object_get(root, "settings");
  assert_true(number_at(root, "run") == 7 && number_at(root, "sent") == 12345);
  assert_true(number_at(root, "at") == 1795292273618.004);
  assert_string_equal(json_string_value(json_object_get(root, "phase")), "running");
  assert_string_equal(json_string_value(json_object_get(root, "channel")), "lab");
  assert_null(json_object_get(root, "until"));
  assert_true(json_is_false(json_object_get(root, "behind")));
  assert_true(number_at(settings, "rate") == 0.2 && number_at(settings, "payload") == 256);
  assert_true(number_at(settings, "interval") == 1000 && number_at(settings, "clients") == 10);
  assert_true(json_is_false(json_object_get(settings, "cursor")));
  assert_true(number_at(json_object_get(root, "server"), "cpu") == 0.0625);
  assert_true(number_at(json_object_get(root, "server"), "memory") == 8388608);
  json_decref(root);
}

static void each_transport_is_told_of(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double value;
  } numbers[] = {{"connections", 10}, {"requests", 20}, {"bytes_in", 30}, {"bytes_out", 40},
                 {"cpu", 0.25},       {"memory", 897},  {"messages", 1},  {"lost", 2},
                 {"repeated", 3},     {"recovered", 4}, {"p50", 400.005}, {"p99", 987.654}};
  struct gw_lab_figures f = example();
  json_t *root = written(&f), *transports = json_object_get(root, "transports");
  assert_int_equal(json_array_size(transports), GW_LAB_TRANSPORTS);
  for (size_t i = 0; i < GW_LAB_TRANSPORTS; i++) {
    const json_t *t = json_array_get(transports, i);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", 40000 + (unsigned)i);
    assert_string_equal(json_string_value(json_object_get(t, "name")), gw_lab_names[i]);
    assert_string_equal(json_string_value(json_object_get(t, "url")), url);
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
      assert_true(number_at(t, numbers[k].name) == numbers[k].value);
  }
  json_decref(root);
}

static void what_is_not_known_is_null(void **state) {
  (void)state;
  struct gw_lab_figures f = example();
  f.transports[0].memory = -1;
  f.transports[0].has_delays = false;
  json_t *root = written(&f);
  const json_t *poll = json_array_get(json_object_get(root, "transports"), 0);
  assert_true(json_is_null(json_object_get(poll, "memory")));
  assert_true(json_is_null(json_object_get(poll, "p50")));
  assert_true(json_is_null(json_object_get(poll, "p99")));
  json_decref(root);
}

static void a_cut_says_until_when(void **state) {
  (void)state;
  struct gw_lab_figures f = example();
  f.phase = GW_LAB_CUT;
  f.until_us = 1795292274000000;
  f.is_behind = true;
  json_t *root = written(&f);
  assert_string_equal(json_string_value(json_object_get(root, "phase")), "cut");
  assert_true(number_at(root, "until") == 1795292274000);
  assert_true(json_is_true(json_object_get(root, "behind")));
  json_decref(root);
}

static void the_largest_numbers_fit(void **state) {
  (void)state;
  struct gw_lab_figures f = example();
  f.run = f.sent = UINT64_MAX / 2;
  for (unsigned i = 0; i < GW_LAB_TRANSPORTS; i++) {
    struct gw_lab_transport_figures *t = &f.transports[i];
    t->spent = (struct gw_lab_worker){1e9, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    t->counts = (struct gw_lab_counts){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    t->memory = INT64_MAX;
    t->p50_us = t->p99_us = INT64_MAX;
  }
  json_decref(written(&f));
}

static void a_buffer_that_is_full_is_an_error(void **state) {
  (void)state;
  struct gw_lab_figures f = example();
  struct gw_buf out;
  gw_buf_init(&out, SIZE_MAX);
  assert_int_equal(gw_lab_figures_write(&out, &f), 0);
  size_t whole = out.len;
  gw_buf_clear(&out);
  for (size_t cap = 1; cap < whole; cap += 7) {
    gw_buf_init(&out, cap);
    assert_int_equal(gw_lab_figures_write(&out, &f), GW_ERR_FULL);
    gw_buf_clear(&out);
  }
}

static void spent_is_the_difference_and_connections_are_now(void **state) {
  (void)state;
  struct gw_lab_worker now = {2.5, 7, 100, 1000, 10000}, since = {1, 3, 40, 500, 6000};
  struct gw_lab_worker spent = gw_lab_spent(&now, &since);
  assert_true(spent.cpu == 1.5);
  assert_int_equal(spent.connections, 7);
  assert_int_equal(spent.requests, 60);
  assert_int_equal(spent.received, 500);
  assert_int_equal(spent.sent, 4000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_json_with_all_in_its_place),
      cmocka_unit_test(each_transport_is_told_of),
      cmocka_unit_test(what_is_not_known_is_null),
      cmocka_unit_test(a_cut_says_until_when),
      cmocka_unit_test(the_largest_numbers_fit),
      cmocka_unit_test(a_buffer_that_is_full_is_an_error),
      cmocka_unit_test(spent_is_the_difference_and_connections_are_now),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
