/* SPDX-License-Identifier: MIT */
/* Values as JSON: what jansson reads back is what was written. */
#include "codec/json_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "godwit/error.h"
#include "support/alloc.h"

static struct gw_buf out;

static void expect(const char *text) {
  assert_int_equal(out.len, strlen(text));
  assert_memory_equal(out.data, text, out.len);
  gw_buf_clear(&out);
}

/* Every byte that may stand in a text, at the beginning, in the middle, at the end. */
static void every_character_comes_back(void **state) {
  (void)state;
  for (int c = 0; c < 0x80; c++) {
    const char text[] = {(char)c, 'a', (char)c, (char)c, 'b', (char)c};
    gw_buf_init(&out, 1024);
    assert_int_equal(gw_json_add_string(&out, (struct gw_str){text, sizeof text}), 0);
    json_t *read = json_loadb((char *)out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_true(json_is_string(read));
    assert_int_equal(json_string_length(read), sizeof text);
    assert_memory_equal(json_string_value(read), text, sizeof text);
    json_decref(read);
    gw_buf_clear(&out);
  }
}

/* RFC 4648 section 10. */
static void bytes_are_base64(void **state) {
  (void)state;
  static const char *const expected[] = {"\"\"",         "\"Zg==\"",     "\"Zm8=\"",    "\"Zm9v\"",
                                         "\"Zm9vYg==\"", "\"Zm9vYmE=\"", "\"Zm9vYmFy\""};
  for (size_t n = 0; n <= 6; n++) {
    gw_buf_init(&out, 100);
    assert_int_equal(gw_json_add_base64(&out, (struct gw_str){"foobar", n}), 0);
    expect(expected[n]);
  }
}

static void a_value_is_one_line(void **state) {
  (void)state;
  gw_buf_init(&out, 100);
  assert_int_equal(gw_buf_add_text(&out, "\n"), 0); /* what was there stays */
  assert_int_equal(gw_json_add_line(&out, GW_STR("{\"a\":\r\n [1,\n\"\\n\"]}")), 0);
  expect("\n{\"a\":   [1, \"\\n\"]}");
}

static int write_all(void) {
  int err = gw_json_add_string(&out, GW_STR("a \"quote\"\n\x01"));
  if (err == 0) err = gw_json_add_base64(&out, GW_STR("some bytes that need room"));
  return err == 0 ? gw_json_add_line(&out, GW_STR("[1,\n2]")) : err;
}

static void without_memory_or_room(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    gw_buf_init(&out, 4096);
    alloc_fail_at(nth);
    int err = write_all();
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    gw_buf_clear(&out);
    if (!has_failed) break;
  }
  for (size_t room = 1; room < 60; room++) {
    gw_buf_init(&out, room);
    assert_int_equal(write_all(), GW_ERR_FULL);
    assert_true(out.len <= room);
    gw_buf_clear(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_character_comes_back),
      cmocka_unit_test(bytes_are_base64),
      cmocka_unit_test(a_value_is_one_line),
      cmocka_unit_test(without_memory_or_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
