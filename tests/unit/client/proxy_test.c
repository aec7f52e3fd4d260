/* SPDX-License-Identifier: MIT */
/* CONNECT as it is written, and proxies' answers. */
#include "client/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"

static int write_request(const char *proxy, const char *host, unsigned port, bool is_ipv6,
                         char *out, size_t size) {
  struct gw_http_url url;
  assert_int_equal(gw_http_url_parse(gw_str_of(proxy), &url), 0);
  return gw_proxy_request_write(&url, host, port, is_ipv6, out, size);
}

static void connect_names_host_and_port(void **state) {
  (void)state;
  char out[512];
  const char *expected = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
  assert_int_equal(write_request("http://proxy:3128", "example.com", 443, false, out, sizeof out),
                   strlen(expected));
  assert_string_equal(out, expected);
  write_request("http://proxy:3128", "::1", 80, true, out, sizeof out);
  assert_string_equal(out, "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
}

static void credentials_are_decoded_and_sent_as_basic(void **state) {
  (void)state;
  char out[512];
  assert_true(write_request("http://Aladdin:open%20sesame@proxy", "a", 1, false, out, sizeof out) >
              0);
  assert_non_null(strstr(out, "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

static void what_does_not_fit_is_an_error(void **state) {
  (void)state;
  char out[59], url[600] = "http://";
  assert_int_equal(write_request("http://proxy", "example.com", 443, false, out, sizeof out),
                   GW_ERR_FULL);
  memset(url + 7, 'a', 400);
  memcpy(url + 407, "@proxy", 7);
  char wide[2048];
  assert_true(write_request(url, "a", 1, false, wide, sizeof wide) < 0);
  assert_true(write_request("http://a%zz@proxy", "a", 1, false, wide, sizeof wide) < 0);
}

static int read_answer(const char *text, unsigned *out_status) {
  char *copy = malloc(strlen(text) ? strlen(text) : 1); /* nothing behind it may be read */
  memcpy(copy, text, strlen(text));
  int r = gw_proxy_answer_read(copy, strlen(text), out_status);
  free(copy);
  return r;
}

static void a_2xx_answer_opens_the_way(void **state) {
  (void)state;
  unsigned status = 0;
  const char *answer = "HTTP/1.1 200 Connection established\r\nProxy-Agent: x\r\n\r\n";
  assert_int_equal(read_answer(answer, &status), strlen(answer));
  assert_int_equal(status, 200);
  /* A Content-Length means nothing here (RFC 9110 section 9.3.6). */
  answer = "HTTP/1.0 299 Fine\r\nContent-Length: 5\r\n\r\n";
  assert_int_equal(read_answer(answer, &status), strlen(answer));
}

static void part_of_an_answer_is_none_yet(void **state) {
  (void)state;
  unsigned status;
  const char *answer = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  char part[64];
  for (size_t n = 0; n < strlen(answer); n++) {
    memcpy(part, answer, n);
    part[n] = '\0';
    assert_int_equal(read_answer(part, &status), 0);
  }
}

static void others_refuse(void **state) {
  (void)state;
  unsigned status = 0;
  assert_int_equal(read_answer("HTTP/1.1 407 Who\r\n\r\n", &status), GW_ERR_PROXY);
  assert_int_equal(status, 407);
  assert_int_equal(read_answer("HTTP/1.1 101 Odd\r\n\r\n", &status), GW_ERR_PROXY);
  assert_int_equal(read_answer("HTTP/1.1 302 There\r\n\r\n", &status), GW_ERR_PROXY);
  assert_int_equal(read_answer("SSH-2.0-OpenSSH\r\n\r\n", &status), GW_ERR_HTTP_SYNTAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(connect_names_host_and_port),
      cmocka_unit_test(credentials_are_decoded_and_sent_as_basic),
      cmocka_unit_test(what_does_not_fit_is_an_error),
      cmocka_unit_test(a_2xx_answer_opens_the_way),
      cmocka_unit_test(part_of_an_answer_is_none_yet),
      cmocka_unit_test(others_refuse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
