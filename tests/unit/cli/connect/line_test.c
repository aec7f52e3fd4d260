/* SPDX-License-Identifier: MIT */
#include "cli/connect/line.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char text[1024];

static struct gw_line line_of(const char *typed) {
  struct gw_line line;
  size_t len = strlen(typed);
  memcpy(text, typed, len);
  gw_line_read(text, len, &line);
  return line;
}

static void assert_line(const char *typed, enum gw_line_kind kind, const void *data, size_t len) {
  struct gw_line line = line_of(typed);
  assert_int_equal(line.kind, kind);
  assert_int_equal(line.len, len);
  assert_memory_equal(line.data, data, len);
}

static void assert_wrong(const char *typed, const char *words) {
  struct gw_line line = line_of(typed);
  assert_int_equal(line.kind, GW_LINE_WRONG);
  assert_non_null(strstr(line.problem, words));
}

static void what_begins_without_a_slash_is_text(void **state) {
  (void)state;
  assert_line("hello /ping", GW_LINE_TEXT, "hello /ping", 11);
  assert_line("", GW_LINE_TEXT, "", 0);
  assert_line(" /close", GW_LINE_TEXT, " /close", 7);
}

static void two_slashes_stand_for_one(void **state) {
  (void)state;
  assert_line("//", GW_LINE_TEXT, "/", 1);
  assert_line("//ping", GW_LINE_TEXT, "/ping", 5);
  assert_line("///", GW_LINE_TEXT, "//", 2);
}

static void text_takes_the_rest_as_it_is(void **state) {
  (void)state;
  assert_line("/text  /two blanks ", GW_LINE_TEXT, " /two blanks ", 13);
  assert_line("/text", GW_LINE_TEXT, "", 0);
  assert_line("/text ", GW_LINE_TEXT, "", 0);
}

static void binary_reads_hexadecimal_digits(void **state) {
  (void)state;
  assert_line("/binary 00ff10", GW_LINE_BINARY, "\0\xff\x10", 3);
  assert_line("/binary 00 fF  1 0", GW_LINE_BINARY, "\0\xff\x10", 3);
  assert_line("/binary", GW_LINE_BINARY, "", 0);
  assert_line("/binary 80818283848586878889", GW_LINE_BINARY,
              "\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89", 10);
  assert_wrong("/binary 0", "two hexadecimal digits");
  assert_wrong("/binary 0g", "hexadecimal digits");
  assert_wrong("/binary 0x00", "hexadecimal digits");
}

static void pings_and_pongs_carry_what_a_control_frame_can(void **state) {
  (void)state;
  char typed[200] = "/ping ";
  assert_line("/ping", GW_LINE_PING, "", 0);
  assert_line("/pong a b", GW_LINE_PONG, "a b", 3);
  memset(typed + 6, 'x', 125);
  assert_int_equal(line_of(typed).kind, GW_LINE_PING);
  typed[131] = 'x';
  assert_wrong(typed, "125 bytes");
}

static void close_reads_code_and_reason(void **state) {
  (void)state;
  struct gw_line line = line_of("/close");
  assert_int_equal(line.kind, GW_LINE_CLOSE);
  assert_int_equal(line.code, 1000);
  assert_int_equal(line.len, 0);
  line = line_of("/close 4001 good bye");
  assert_int_equal(line.code, 4001);
  assert_int_equal(line.len, 8);
  assert_memory_equal(line.data, "good bye", 8);
  line = line_of("/close 3000 ");
  assert_int_equal(line.code, 3000);
  assert_int_equal(line.len, 0);
}

static void close_refuses_what_may_not_be_sent(void **state) {
  (void)state;
  static const char *const codes[] = {"/close 0",    "/close 999",  "/close 1004",
                                      "/close 1005", "/close 1006", "/close 1015",
                                      "/close 2999", "/close 5000", "/close 999999"};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
    assert_wrong(codes[i], "the code is one of");
  assert_wrong("/close bye", "a code and a reason");
  assert_wrong("/close 1000bye", "a code and a reason");
  assert_wrong("/close 18446744073709552616", "a code and a reason");
  char typed[200] = "/close 1000 ";
  memset(typed + 12, 'x', 123);
  assert_int_equal(line_of(typed).kind, GW_LINE_CLOSE);
  typed[135] = 'x';
  assert_wrong(typed, "123 bytes");
}

static void other_commands_are_wrong(void **state) {
  (void)state;
  assert_wrong("/", "no such command");
  assert_wrong("/pin", "/pin: no such command");
  assert_wrong("/pingx", "no such command");
  assert_wrong("/ ping", "no such command");
  assert_int_equal(line_of("/help").kind, GW_LINE_HELP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_begins_without_a_slash_is_text),
      cmocka_unit_test(two_slashes_stand_for_one),
      cmocka_unit_test(text_takes_the_rest_as_it_is),
      cmocka_unit_test(binary_reads_hexadecimal_digits),
      cmocka_unit_test(pings_and_pongs_carry_what_a_control_frame_can),
      cmocka_unit_test(close_reads_code_and_reason),
      cmocka_unit_test(close_refuses_what_may_not_be_sent),
      cmocka_unit_test(other_commands_are_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
