/* SPDX-License-Identifier: MIT */
/* What a peer sends reaches a terminal as text and as nothing else. */
#include "cli/connect/show.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* No terminal here. */
void gw_editor_hide(struct gw_editor *editor) {
  (void)editor;
}
void gw_editor_show(struct gw_editor *editor) {
  (void)editor;
}

static void assert_shown(const char *data, size_t len, bool keeps_lines, const char *wanted) {
  char *out = NULL;
  size_t size = 0;
  FILE *file = open_memstream(&out, &size);
  assert_non_null(file);
  gw_show_escaped(file, data, len, keeps_lines);
  fclose(file);
  assert_string_equal(out, wanted);
  free(out);
}

static void text_of_every_script_is_left_alone(void **state) {
  (void)state;
  const char *text = "plain \\ text, größe, 안녕하세요, 世界, 👋🏽 \U0010FFFF";
  assert_shown(text, strlen(text), false, text);
}

static void control_characters_are_escaped(void **state) {
  (void)state;
  assert_shown("a\x1b[2Jb", 6, true, "a\\x1b[2Jb");
  assert_shown("\x00\x07\x08\r\x7f", 5, true, "\\x00\\x07\\x08\\x0d\\x7f");
  assert_shown("\xc2\x9b"
               "31m",
               5, true, "\\x9b31m"); /* CSI as one C1 character */
  assert_shown("\xe2\x80\xae"
               "gpj.exe",
               10, true, "\\u202egpj.exe");
  assert_shown("\xe2\x81\xa6", 3, true, "\\u2066");
}

static void lines_and_tabs_are_kept_where_asked(void **state) {
  (void)state;
  assert_shown("a\n\tb", 4, true, "a\n  \tb"); /* set in: no line of a peer's passes for ours */
  assert_shown("a\n\tb", 4, false, "a\\x0a\\x09b");
}

static void what_is_not_utf8_is_escaped_byte_by_byte(void **state) {
  (void)state;
  assert_shown("\x9b"
               "31m",
               4, true, "\\x9b31m");
  assert_shown("\xc0\x9b", 2, true, "\\xc0\\x9b");          /* overlong */
  assert_shown("\xe0\x82\x9b", 3, true, "\\xe0\\x82\\x9b"); /* overlong */
  assert_shown("\xed\x95", 2, true, "\\xed\\x95");          /* cut */
  assert_shown("\xff\xfe", 2, true, "\\xff\\xfe");
  assert_shown("\xe2\x28\xa1", 3, true, "\\xe2(\\xa1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_of_every_script_is_left_alone),
      cmocka_unit_test(control_characters_are_escaped),
      cmocka_unit_test(lines_and_tabs_are_kept_where_asked),
      cmocka_unit_test(what_is_not_utf8_is_escaped_byte_by_byte),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
