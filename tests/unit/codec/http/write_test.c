/* SPDX-License-Identifier: MIT */
/* Heads written: what comes out is read back, what could be misread does not go out, and a line
 * that fails leaves nothing behind. */
#include "codec/http/write.c"

#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above, which it needs */
#include <cmocka.h>

static void assert_buf(const struct gw_buf *buf, const char *text) {
  assert_int_equal(buf->len, strlen(text));
  assert_memory_equal(buf->data, text, buf->len);
}

static void a_request_is_written_and_read_back(void **state) {
  (void)state;
  struct gw_buf buf;
  gw_buf_init(&buf, GW_HTTP_HEAD_MAX);
  assert_int_equal(gw_http_write_request(&buf, GW_STR("POST"), GW_STR("/a?b")), 0);
  assert_int_equal(gw_http_write_field(&buf, GW_STR("Host"), GW_STR("a.example:80")), 0);
  assert_int_equal(gw_http_write_field(&buf, GW_STR("X-Empty"), GW_STR("")), 0);
  assert_int_equal(gw_http_write_number(&buf, "Content-Length", UINT64_C(9007199254740993)), 0);
  assert_int_equal(gw_http_write_end(&buf), 0);
  assert_buf(&buf, "POST /a?b HTTP/1.1\r\nHost: a.example:80\r\nX-Empty: \r\n"
                   "Content-Length: 9007199254740993\r\n\r\n");
  struct gw_http_scan scan = {0};
  struct gw_http_head head;
  assert_int_equal(gw_http_scan(&scan, (char *)buf.data, buf.len), buf.len);
  assert_int_equal(gw_http_request_parse(&head, (char *)buf.data, buf.len), 0);
  assert_int_equal(head.length, UINT64_C(9007199254740993));
  gw_buf_clear(&buf);
}

static void a_status_line_has_the_registered_reason(void **state) {
  (void)state;
  struct gw_buf buf;
  gw_buf_init(&buf, 1024);
  assert_int_equal(gw_http_write_status(&buf, 101), 0);
  assert_int_equal(gw_http_write_status(&buf, 431), 0);
  assert_int_equal(gw_http_write_status(&buf, 599), 0);
  assert_buf(&buf, "HTTP/1.1 101 Switching Protocols\r\n"
                   "HTTP/1.1 431 Request Header Fields Too Large\r\nHTTP/1.1 599 \r\n");
  gw_buf_clear(&buf);
  assert_int_equal(gw_http_write_status(&buf, 99), GW_ERR_ARGUMENT);
  assert_int_equal(gw_http_write_status(&buf, 1000), GW_ERR_ARGUMENT);
  assert_string_equal(gw_http_status_text(414), "URI Too Long");
  assert_string_equal(gw_http_status_text(999), "");
}

static void what_could_be_misread_is_not_written(void **state) {
  (void)state;
  struct gw_buf buf;
  gw_buf_init(&buf, 1024);
  static const struct {
    struct gw_str name, value;
  } fields[] = {
      {{"", 0}, {"a", 1}},      {{"a b", 3}, {"", 0}},      {{"a:", 2}, {"", 0}},
      {{"a\r\nb", 4}, {"", 0}}, {{"\xc3\xa4", 2}, {"", 0}}, {{"a", 1}, {"b\r\nc: d", 7}},
      {{"a", 1}, {"b\n", 2}},   {{"a", 1}, {"\r", 1}},      {{"a", 1}, {"b\0c", 3}},
      {{"a", 1}, {"b\x7f", 2}},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    assert_int_equal(gw_http_write_field(&buf, fields[i].name, fields[i].value), GW_ERR_ARGUMENT);
  static const struct {
    struct gw_str method, target;
  } lines[] = {
      {{"", 0}, {"/", 1}},      {{"G T", 3}, {"/", 1}},         {{"GET\r\n", 5}, {"/", 1}},
      {{"GET", 3}, {"", 0}},    {{"GET", 3}, {"/a b", 4}},      {{"GET", 3}, {"/\r\nX: y", 7}},
      {{"GET", 3}, {"/#a", 3}}, {{"GET", 3}, {"/\xc3\xa4", 3}}, {{"GET", 3}, {"/\0", 2}},
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    assert_int_equal(gw_http_write_request(&buf, lines[i].method, lines[i].target),
                     GW_ERR_ARGUMENT);
  assert_int_equal(gw_http_write_number(&buf, "a b", 1), GW_ERR_ARGUMENT);
  assert_int_equal(buf.len, 0);
  gw_buf_clear(&buf);
}

static void a_line_over_the_cap_leaves_nothing_behind(void **state) {
  (void)state;
  struct gw_buf buf;
  gw_buf_init(&buf, 16);
  assert_int_equal(gw_http_write_status(&buf, 200), GW_ERR_FULL);
  assert_int_equal(gw_http_write_field(&buf, GW_STR("name"), GW_STR("012345678")), GW_ERR_FULL);
  assert_int_equal(buf.len, 0);
  assert_int_equal(gw_http_write_field(&buf, GW_STR("name"), GW_STR("01234567")), 0);
  assert_int_equal(buf.len, 16);
  assert_int_equal(gw_http_write_end(&buf), GW_ERR_FULL);
  assert_int_equal(buf.len, 16);
  gw_buf_clear(&buf);
}

static int write_all(struct gw_buf *buf) {
  int err = gw_http_write_status(buf, 200);
  for (int i = 0; i < 40 && err == 0; i++)
    err = gw_http_write_number(buf, "Some-Number", (uint64_t)i);
  return err < 0 ? err : gw_http_write_end(buf);
}

static void every_failed_allocation_is_an_error(void **state) {
  (void)state;
  for (size_t nth = 1; nth < 100; nth++) {
    struct gw_buf buf;
    gw_buf_init(&buf, 4096);
    alloc_fail_at(nth);
    int err = write_all(&buf);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    /* Whole lines, up to the one that failed. */
    if (buf.len) assert_memory_equal(buf.data + buf.len - 2, "\r\n", 2);
    gw_buf_clear(&buf);
    if (!has_failed) return;
  }
  fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_is_written_and_read_back),
      cmocka_unit_test(a_status_line_has_the_registered_reason),
      cmocka_unit_test(what_could_be_misread_is_not_written),
      cmocka_unit_test(a_line_over_the_cap_leaves_nothing_behind),
      cmocka_unit_test(every_failed_allocation_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
