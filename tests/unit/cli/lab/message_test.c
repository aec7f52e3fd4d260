/* SPDX-License-Identifier: MIT */
/* A message of exactly so many bytes, and read back; what is none is none. */
#include "cli/lab/message.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_message_has_its_length_and_reads_back(void **state) {
  (void)state;
  static const struct gw_lab_message cases[] = {
      {1, 1795292273618004}, {999999999, 1795292273618999}, {UINT64_MAX, 1795292273618000}};
  static char out[16384 + 1];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (size_t len = GW_LAB_MESSAGE_MIN; len < sizeof out; len = len * 3 / 2) {
      struct gw_lab_message read = {0};
      memset(out, '!', sizeof out);
      gw_lab_message_write(out, len, &cases[i]);
      assert_int_equal(out[len], '!');
      assert_null(memchr(out, '!', len));
      assert_true(gw_lab_message_read((struct gw_str){out, len}, &read));
      assert_int_equal(read.seq, cases[i].seq);
      assert_int_equal(read.at_us, cases[i].at_us);
    }
}

static void it_looks_as_it_should(void **state) {
  (void)state;
  char out[GW_LAB_MESSAGE_MIN];
  gw_lab_message_write(out, sizeof out, &(struct gw_lab_message){7, 1795292273618004});
  assert_memory_equal(out, "7 1795292273618.004 ", 20);
  for (size_t i = 20; i < sizeof out; i++)
    assert_in_range(out[i], 'a', 'z');
}

static void what_is_none_is_none(void **state) {
  (void)state;
  static const char *const cases[] = {"",
                                      " ",
                                      "hello",
                                      "1",
                                      "1 2",
                                      "1 2.345",
                                      "0 2.345 x",
                                      "-1 2.345 x",
                                      "1 2.34 x",
                                      "1 2.3456 x",
                                      "1 2,345 x",
                                      "1  2.345 x",
                                      " 1 2.345 x",
                                      "1 2.34a x",
                                      "1 a.345 x",
                                      "1.0 2.345 x",
                                      "1 .345 x",
                                      "1 2. x",
                                      "99999999999999999999 2.345 x",
                                      "1 18446744073709551615.345 x"};
  struct gw_lab_message out = {42, 42};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_false(gw_lab_message_read(gw_str_of(cases[i]), &out));
  assert_false(gw_lab_message_read((struct gw_str){NULL, 0}, &out));
  assert_int_equal(out.seq, 42);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_message_has_its_length_and_reads_back),
      cmocka_unit_test(it_looks_as_it_should),
      cmocka_unit_test(what_is_none_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
