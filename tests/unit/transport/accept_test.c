/* SPDX-License-Identifier: MIT */
/* What an Accept asks for. */
#include "transport/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/http/head.h"

#define SSE    "text/event-stream"
#define NDJSON "application/x-ndjson"
#define JSON   "application/json"

static void ask(const char *first, const char *second, const char *expected) {
  static const char *const types[] = {SSE, NDJSON, JSON};
  struct gw_http_head head = {.n_fields = 0};
  if (first)
    head.fields[head.n_fields++] = (struct gw_http_field){GW_STR("Accept"), gw_str_of(first)};
  if (second)
    head.fields[head.n_fields++] = (struct gw_http_field){GW_STR("accept"), gw_str_of(second)};
  assert_string_equal(gw_accept_choose(&head, types, sizeof types / sizeof *types), expected);
}

static void one_is_asked_for(void **state) {
  (void)state;
  ask(NULL, NULL, JSON);
  ask("", NULL, JSON);
  ask("text/event-stream", NULL, SSE);
  ask("Text/Event-Stream;charset=utf-8", NULL, SSE);
  ask("application/x-ndjson", NULL, NDJSON);
  ask("application/json", NULL, JSON);
  ask("*/*", NULL, JSON);
  ask("application/*", NULL, JSON);
  ask("text/*", NULL, JSON);
  ask("text/html, image/png", NULL, JSON);
  ask("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", NULL, JSON);
}

static void the_best_of_several(void **state) {
  (void)state;
  ask("text/event-stream, application/x-ndjson", NULL, SSE);
  ask("application/x-ndjson, text/event-stream", NULL, NDJSON);
  ask("application/x-ndjson", "text/event-stream", NDJSON);
  ask("text/event-stream;q=0.5, application/x-ndjson;q=0.7", NULL, NDJSON);
  ask("text/event-stream;q=0.5, */*;q=0.6", NULL, JSON);
  ask("text/event-stream;q=0.6, */*;q=0.5", NULL, SSE);
  ask("*/*, text/event-stream", NULL, SSE);
  ask("text/event-stream, */*", NULL, SSE);
  ask("text/html, text/event-stream;q=0.9", NULL, SSE);
  ask("text/event-stream; q=0.001", NULL, SSE);
  ask("text/event-stream;q=1.000", "application/json;q=0.999", SSE);
}

static void none_of_that_quality(void **state) {
  (void)state;
  ask("text/event-stream;q=0", NULL, JSON);
  ask("text/event-stream;q=0.000, */*", NULL, JSON);
  static const char *const wrong[] = {
      "text/event-stream;q=2",   "text/event-stream;q=1.1",  "text/event-stream;q=0.1234",
      "text/event-stream;q=",    "text/event-stream;q",      "text/event-stream;q=-1",
      "text/event-stream;q=.5",  "text/event-stream;;q=0.5", "text/event-stream;q=0,5;",
      "text/event-stream;q=\"1", "text/event-stream/x",      ";q=1",
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    ask(wrong[i], NULL, JSON);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_is_asked_for),
      cmocka_unit_test(the_best_of_several),
      cmocka_unit_test(none_of_that_quality),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
