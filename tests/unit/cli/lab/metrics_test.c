/* SPDX-License-Identifier: MIT */
/* What a server tells on /metrics, whole or not. */
#include "cli/lab/metrics.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char text[16384];

/* Each value is its own: 100 times the line, plus the worker. */
static void write_workers(unsigned workers) {
  size_t len = 0;
  text[0] = '\0';
  for (unsigned i = 1; i <= workers; i++)
    len += (size_t)snprintf(text + len, sizeof text - len,
                            "# HELP godwit_worker_connections {worker=\"%u\"} 0\n"
                            "godwit_worker_cpu_seconds_total{worker=\"%u\"} %u.500000000\n"
                            "godwit_worker_connections{worker=\"%u\"} %u\n"
                            "godwit_worker_requests_total{worker=\"%u\"} %u\n"
                            "godwit_worker_received_bytes_total{worker=\"%u\"} %u\n"
                            "godwit_worker_sent_bytes_total{worker=\"%u\"} %u\n",
                            i, i, 100 + i, i, 200 + i, i, 300 + i, i, 400 + i, i, 500 + i);
}

static void add_text(const char *more) {
  size_t len = strlen(text);
  snprintf(text + len, sizeof text - len, "%s", more);
}

static int read_text(struct gw_lab_metrics *out) {
  return gw_lab_metrics_read(gw_str_of(text), out);
}

static void each_worker_has_its_own(void **state) {
  (void)state;
  struct gw_lab_metrics metrics;
  write_workers(GW_LAB_WORKERS);
  add_text("godwit_allocated_bytes 123456\nprocess_resident_memory_bytes 9007199254740992\n"
           "something_else{le=\"0.1\"} 7");
  assert_int_equal(read_text(&metrics), 0);
  for (unsigned i = 1; i <= GW_LAB_WORKERS; i++) {
    const struct gw_lab_worker *w = &metrics.workers[i - 1];
    assert_true(w->cpu == 100.5 + i);
    assert_int_equal(w->connections, 200 + i);
    assert_int_equal(w->requests, 300 + i);
    assert_int_equal(w->received, 400 + i);
    assert_int_equal(w->sent, 500 + i);
  }
  assert_int_equal(metrics.allocated, 123456);
  assert_int_equal(metrics.resident, 9007199254740992);
}

static void a_worker_that_is_missing_is_missed(void **state) {
  (void)state;
  struct gw_lab_metrics metrics;
  write_workers(GW_LAB_WORKERS - 1);
  assert_int_equal(read_text(&metrics), GW_ERR_ARGUMENT);
  write_workers(GW_LAB_WORKERS);
  *strstr(text, "godwit_worker_sent") = 'x';
  assert_int_equal(read_text(&metrics), GW_ERR_ARGUMENT);
  text[0] = '\0';
  assert_int_equal(read_text(&metrics), GW_ERR_ARGUMENT);
}

static void more_workers_than_asked_for_do_no_harm(void **state) {
  (void)state;
  struct gw_lab_metrics metrics;
  write_workers(GW_LAB_WORKERS + 3);
  assert_int_equal(read_text(&metrics), 0);
}

static void garbage_is_passed_over(void **state) {
  (void)state;
  struct gw_lab_metrics metrics;
  static const char garbage[] = "\n \n{\n{} 1\na{worker=\"} 1\na{worker=\"\"} 1\n"
                                "godwit_worker_connections{worker=\"0\"} 9\n"
                                "godwit_worker_connections{worker=\"99999\"} 9\n"
                                "godwit_worker_connections{worker=\"x\"} 9\n"
                                "godwit_worker_connections 9\n"
                                "godwit_allocated_bytes NaN\ngodwit_allocated_bytes -5\n";
  write_workers(GW_LAB_WORKERS);
  add_text(garbage);
  assert_int_equal(read_text(&metrics), 0);
  assert_int_equal(metrics.workers[0].connections, 201);
  assert_int_equal(metrics.allocated, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_worker_has_its_own),
      cmocka_unit_test(a_worker_that_is_missing_is_missed),
      cmocka_unit_test(more_workers_than_asked_for_do_no_harm),
      cmocka_unit_test(garbage_is_passed_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
