/* SPDX-License-Identifier: MIT */
/* Log lines. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct sink {
  char text[8192];
  size_t len;
  unsigned lines;
};

static void keep(void *user, enum gw_log_level level, const char *line, size_t len) {
  struct sink *sink = user;
  (void)level;
  memcpy(sink->text, line, len + 1);
  sink->len = len;
  sink->lines++;
}

static void quoted(const char *value, const char *expected) {
  char out[100];
  assert_string_equal(gw_log_quote(out, sizeof out, gw_str_of(value)), expected);
}

static void values_are_quoted_where_needed(void **state) {
  (void)state;
  quoted("plain/value:8000", "plain/value:8000");
  quoted("", "\"\"");
  quoted("two words", "\"two words\"");
  quoted("a\"b\\c", "\"a\\\"b\\\\c\"");
  quoted("a=b", "\"a=b\"");
  quoted("line\nbreak\r\t", "\"line\\nbreak\\r\\t\"");
  quoted("\x1b[31m", "\"\\x1b[31m\"");
  quoted("안녕", "안녕");
}

static void values_are_cut_where_they_do_not_fit(void **state) {
  (void)state;
  char out[9];
  assert_string_equal(gw_log_quote(out, 4, GW_STR("abcdef")), "abc");
  assert_string_equal(gw_log_quote(out, 6, GW_STR("a b c d")), "\"a b\"");
  assert_string_equal(gw_log_quote(out, 6, GW_STR("a \n\n\n")), "\"a \"");
  assert_string_equal(gw_log_quote(out, 2, GW_STR("a b")), "");
  assert_string_equal(gw_log_quote(out, 1, GW_STR("ab")), "");
}

static void line_has_time_level_event_and_pairs(void **state) {
  (void)state;
  struct sink sink = {0};
  const struct gw_log log = {.write = keep, .user = &sink};
  gw_log_printf(&log, GW_LOG_WARN, "listening", "url=%s why=%s", "http://x", "\"no reason\"");
  assert_int_equal(sink.lines, 1);
  assert_string_equal(sink.text + 23, "Z warn listening url=http://x why=\"no reason\"");
  assert_int_equal(sink.text[4], '-');
  assert_int_equal(sink.text[10], 'T');
  assert_int_equal(sink.text[19], '.');
  gw_log_printf(&log, GW_LOG_ERROR, "stopped", "port=%d", 7);
  assert_string_equal(sink.text + 23, "Z error stopped port=7");
}

static void lines_below_the_level_are_not_made(void **state) {
  (void)state;
  struct sink sink = {0};
  struct gw_log log = {.write = keep, .user = &sink, .level = GW_LOG_WARN};
  gw_log_printf(&log, GW_LOG_INFO, "x", "a=%d", 1);
  gw_log_printf(NULL, GW_LOG_ERROR, "x", "a=%d", 1);
  log.level = GW_LOG_OFF;
  gw_log_printf(&log, GW_LOG_ERROR, "x", "a=%d", 1);
  assert_int_equal(sink.lines, 0);
}

static void long_lines_are_cut_and_still_end(void **state) {
  (void)state;
  int ends[2];
  char text[8192];
  static char value[6000];
  memset(value, 'v', sizeof value - 1);
  assert_int_equal(pipe(ends), 0);
  const struct gw_log log = {.fd = ends[1]};
  gw_log_printf(&log, GW_LOG_INFO, "long", "v=%s", value);
  ssize_t len = read(ends[0], text, sizeof text);
  assert_true(len > 4000 && len < 4200);
  assert_int_equal(text[len - 1], '\n');
  assert_null(memchr(text, '\n', (size_t)len - 1));
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_quoted_where_needed),
      cmocka_unit_test(values_are_cut_where_they_do_not_fit),
      cmocka_unit_test(line_has_time_level_event_and_pairs),
      cmocka_unit_test(lines_below_the_level_are_not_made),
      cmocka_unit_test(long_lines_are_cut_and_still_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
