/* SPDX-License-Identifier: MIT */
/* How publications and gaps are written as lines. */
#include "transport/ndjson.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "support/alloc.h"

static struct gw_buf out;

static void expect(const char *text) {
  assert_int_equal(out.len, strlen(text));
  assert_memory_equal(out.data, text, out.len);
  gw_buf_clear(&out);
}

static struct gw_publication *publication_new(const char *payload, const char *type) {
  struct gw_publication *made = gw_publication_new(&(struct gw_publication_parts){
      .channel = GW_STR("a"), .payload = gw_str_of(payload), .content_type = gw_str_of(type)});
  assert_non_null(made);
  made->cursor = (struct gw_cursor){"0aZ9bY8cX7dW", 12};
  return made;
}

static void a_publication_is_one_line(void **state) {
  (void)state;
  static const struct {
    const char *payload, *type, *line;
  } cases[] = {
      {"x\ny", "text/plain", "\"text\":\"x\\ny\"}\n"},
      {"{\n\"a\":\r\n1}", "application/json", "\"data\":{ \"a\":  1}}\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct gw_publication *publication = publication_new(cases[i].payload, cases[i].type);
    char line[200];
    snprintf(
        line, sizeof line,
        "{\"offset\":12,\"cursor\":\"0aZ9bY8cX7dW:12\",\"time\":\"1970-01-01T00:00:00.000Z\",%s",
        cases[i].line);
    assert_int_equal(kind.write(&out, publication), 0);
    expect(line);
    gw_publication_unref(publication);
  }
}

static void gaps(void **state) {
  (void)state;
  struct gw_recovery gap = {.cursor = {"0aZ9bY8cX7dW", 11}};
  assert_int_equal(kind.gap(&out, &gap), 0);
  expect("{\"recovered\":false,\"cursor\":\"0aZ9bY8cX7dW:11\"}\n");
  gap.is_missed_known = true;
  gap.missed = 4;
  assert_int_equal(kind.gap(&out, &gap), 0);
  expect("{\"recovered\":false,\"missed\":4,\"cursor\":\"0aZ9bY8cX7dW:11\"}\n");
}

static void without_memory(void **state) {
  (void)state;
  const struct gw_recovery gap = {.cursor = {"0aZ9bY8cX7dW", 11}};
  struct gw_publication *publication = publication_new("x", "text/plain");
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    int err = kind.write(&out, publication);
    if (err == 0) err = kind.gap(&out, &gap);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    gw_buf_clear(&out);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    if (!has_failed) break;
  }
  gw_publication_unref(publication);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_publication_is_one_line),
      cmocka_unit_test(gaps),
      cmocka_unit_test(without_memory),
  };
  gw_buf_init(&out, 1 << 20);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
