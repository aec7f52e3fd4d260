/* SPDX-License-Identifier: MIT */
/* Addresses read and written. */
#include "net/address.h"

#include "godwit/error.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static void reads(const char *text, enum gw_address_kind kind, const char *host, unsigned port) {
  struct gw_address address;
  assert_int_equal(gw_address_parse(text, &address), 0);
  assert_int_equal(address.kind, kind);
  assert_string_equal(address.host, host);
  assert_int_equal(address.port, port);
}

static void every_form_is_read(void **state) {
  (void)state;
  reads(":8000", GW_ADDRESS_ANY, "", 8000);
  reads("127.0.0.1:0", GW_ADDRESS_HOST, "127.0.0.1", 0);
  reads("[::1]:65535", GW_ADDRESS_HOST, "::1", 65535);
  reads("example.org:80", GW_ADDRESS_HOST, "example.org", 80);
  reads("localhost:1", GW_ADDRESS_LOCALHOST, "localhost", 1);
  reads("LocalHost:1", GW_ADDRESS_LOCALHOST, "LocalHost", 1);
  reads("unix:/run/godwit.sock", GW_ADDRESS_UNIX, "/run/godwit.sock", 0);
}

static void what_is_no_address_is_refused(void **state) {
  (void)state;
  char long_path[200] = "unix:/", long_host[400];
  memset(long_path + 6, 'a', 150);
  long_path[156] = '\0';
  memset(long_host, 'a', 300);
  memcpy(long_host + 300, ":80", 4);
  const char *const wrong[] = {NULL,
                               "",
                               "8000",
                               "host",
                               "host:",
                               "host:65536",
                               "host:-1",
                               "host:+1",
                               "host:80x",
                               "host:000080",
                               "::1:80",
                               "[::1:80",
                               "[]:80",
                               "[host]:80",
                               "[1.2.3.4]:80",
                               "unix:",
                               long_path,
                               long_host,
                               "host: 80",
                               ":",
                               "host:00",
                               "host:080",
                               "host:0x50",
                               "host:\t1",
                               "127.1:80",
                               "0x7f000001:80",
                               "0177.0.0.1:80",
                               "2130706433:80",
                               "256.0.0.1:80",
                               "a.b.0x1:80",
                               " host:80",
                               "ho st:80",
                               "*:80",
                               "http://host:80",
                               "[::1]",
                               "[::1%lo]:80",
                               "[::1]x:80"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct gw_address address;
    assert_int_equal(gw_address_parse(wrong[i], &address), GW_ERR_ADDRESS);
    assert_int_equal(gw_address_is_loopback(wrong[i]), GW_ERR_ADDRESS);
    assert_non_null(gw_address_problem(wrong[i]));
  }
}

static void what_is_wrong_is_said_with_what_is_right(void **state) {
  (void)state;
  const struct {
    const char *text, *words;
  } wrong[] = {{"", "HOST:PORT"},
               {"localhost", "the port is missing, as in localhost:8000"},
               {"[::1]", "the port is missing"},
               {"localhost:70000", "from 0 to 65535"},
               {"localhost:00", "without zeros"},
               {"::1:80", "in brackets, as in [::1]:8000"},
               {"[::x]:80", "as in [::1]:8000"},
               {"http://localhost:80", "no scheme"},
               {"127.1:80", "as in 127.0.0.1"},
               {"*:80", "without one (:8000)"},
               {"unix:", "unix:/run/"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_non_null(strstr(gw_address_problem(wrong[i].text), wrong[i].words));
  const char *const right[] = {":0",         "localhost:65535", "3com.example:80",
                               "a-b_c.9x:1", "[::]:0",          "unix:a b"};
  for (size_t i = 0; i < sizeof right / sizeof *right; i++)
    assert_null(gw_address_problem(right[i]));
}

static void loopback_is_told_from_the_rest(void **state) {
  (void)state;
  const char *const inside[] = {"127.0.0.1:80", "127.9.9.9:80", "[::1]:80",
                                "localhost:80", "unix:/x/y",    "[::ffff:127.0.0.1]:80"};
  const char *const outside[] = {":80",          "0.0.0.0:80",       "[::]:80",
                                 "192.0.2.1:80", "[2001:db8::1]:80", "[::ffff:192.0.2.1]:80"};
  for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
    assert_int_equal(gw_address_is_loopback(inside[i]), 1);
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
    assert_int_equal(gw_address_is_loopback(outside[i]), 0);
}

static void writes_v6(const char *number, const char *expected) {
  char text[64];
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(4711)};
  assert_int_equal(inet_pton(AF_INET6, number, &address.sin6_addr), 1);
  assert_string_equal(gw_address_format((struct sockaddr *)&address, text, sizeof text), expected);
}

static void peers_are_written(void **state) {
  (void)state;
  char text[64];
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(4711)};
  assert_int_equal(inet_pton(AF_INET, "203.0.113.9", &v4.sin_addr), 1);
  const struct sockaddr_un local = {.sun_family = AF_UNIX};
  const struct sockaddr none = {.sa_family = AF_UNSPEC};
  assert_string_equal(gw_address_format((struct sockaddr *)&v4, text, sizeof text),
                      "203.0.113.9:4711");
  assert_string_equal(gw_address_format((struct sockaddr *)&v4, text, 6), "203.0");
  writes_v6("2001:db8::1", "[2001:db8::1]:4711");
  writes_v6("::ffff:203.0.113.9", "203.0.113.9:4711");
  assert_string_equal(gw_address_format((const struct sockaddr *)&local, text, sizeof text),
                      "unix");
  assert_string_equal(gw_address_format(&none, text, sizeof text), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_form_is_read),
      cmocka_unit_test(what_is_no_address_is_refused),
      cmocka_unit_test(what_is_wrong_is_said_with_what_is_right),
      cmocka_unit_test(loopback_is_told_from_the_rest),
      cmocka_unit_test(peers_are_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
