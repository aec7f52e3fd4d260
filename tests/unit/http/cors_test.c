/* SPDX-License-Identifier: MIT */
/* Which page may read which answer, preflights, and methods, without a socket: the carrier is the
 * test. */
#include "http/cors.h"

#include "codec/http/text.h"
#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct carrier {
  struct gw_exchange exchange; /* first */
  struct gw_http_head head;
  unsigned status;
  char headers[20000]; /* of the answer: the reply's, and the exchange's own */
  char request[16000];
};

static struct carrier carrier;

static int on_answer(struct gw_exchange *exchange, const struct gw_reply *reply) {
  struct carrier *c = (struct carrier *)exchange;
  c->status = reply->status;
  snprintf(c->headers, sizeof c->headers, "%s%s", reply->headers ? reply->headers : "",
           exchange->lines ? exchange->lines : "");
  return 0;
}

static const struct gw_exchange_ops ops = {.answer = on_answer};

/* Whether the handler gets it. */
static bool admits(const char *origins, const char *methods, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool admits(const char *origins, const char *methods, const char *format, ...) {
  struct carrier *c = &carrier;
  free(c->exchange.lines);
  *c = (struct carrier){.exchange = {.ops = &ops, .head = &c->head}};
  va_list args;
  va_start(args, format);
  int n = vsnprintf(c->request, sizeof c->request, format, args);
  va_end(args);
  assert_true(n > 0 && n < (int)sizeof c->request);
  assert_int_equal(gw_http_request_parse(&c->head, c->request, (size_t)n), 0);
  bool is_admitted = gw_cors_admit(&c->exchange, origins, methods);
  assert_int_equal(is_admitted, !c->exchange.is_answered);
  return is_admitted;
}

static bool says(const char *line) {
  const char *lines = carrier.exchange.lines ? carrier.exchange.lines : carrier.headers;
  const char *at = strstr(lines, line);
  return at && (at == lines || at[-1] == '\n') && memcmp(at + strlen(line), "\r\n", 2) == 0;
}

static int end(void **state) {
  (void)state;
  free(carrier.exchange.lines);
  carrier.exchange.lines = NULL;
  return 0;
}

#define FROM(method, origin) method " / HTTP/1.1\r\nHost: a.com\r\nOrigin: " origin "\r\n"

static void an_allowed_page_may_read(void **state) {
  (void)state;
  assert_true(admits("https://b.com", NULL, FROM("GET", "https://b.com") "\r\n"));
  assert_true(says("Access-Control-Allow-Origin: https://b.com"));
  assert_true(says("Access-Control-Allow-Credentials: true"));
  assert_true(says("Vary: Origin"));
  assert_true(says("Access-Control-Expose-Headers: Godwit-Session, Godwit-Cursor, "
                   "Preference-Applied, Retry-After"));
  assert_true(admits(NULL, NULL, FROM("GET", "http://a.com") "\r\n")); /* the same host */
  assert_true(says("Access-Control-Allow-Origin: http://a.com"));
  assert_true(admits(NULL, NULL, "GET / HTTP/1.1\r\nHost: a.com\r\n\r\n"));
  assert_null(carrier.exchange.lines); /* not a page */
}

/* Fetch standard, section 3.2.5: nobody's cookies for everybody. */
static void where_anyone_may_cookies_do_not_count(void **state) {
  (void)state;
  static const char *const lists[] = {"*", "https://c.com, *"};
  for (size_t i = 0; i < 2; i++) {
    assert_true(admits(lists[i], NULL, FROM("GET", "https://c.com") "\r\n"));
    assert_true(says("Access-Control-Allow-Origin: https://c.com"));
    assert_null(strstr(carrier.exchange.lines, "Credentials"));
    assert_true(admits(lists[i], NULL, FROM("GET", "null") "\r\n"));
    assert_true(says("Access-Control-Allow-Origin: null"));
  }
}

static void another_is_refused_and_may_not_read_that(void **state) {
  (void)state;
  static const char *const methods[] = {"GET", "OPTIONS"};
  for (size_t i = 0; i < 2; i++) {
    assert_false(admits(NULL, "GET",
                        "%s / HTTP/1.1\r\nHost: a.com\r\nOrigin: https://b.com\r\n"
                        "Access-Control-Request-Method: GET\r\n\r\n",
                        methods[i]));
    assert_int_equal(carrier.status, 403);
    assert_true(carrier.exchange.must_close);
    assert_string_equal(carrier.headers, "");
  }
}

static void a_preflight_is_answered_without_the_handler(void **state) {
  (void)state;
  static const char *const methods[] = {"GET, POST", NULL};
  for (size_t i = 0; i < 2; i++) {
    assert_false(admits("*", methods[i],
                        FROM("OPTIONS", "https://b.com") "Access-Control-Request-Method: PUT\r\n"
                                                         "Access-Control-Request-Headers: "
                                                         "content-type,x-a\r\n\r\n"));
    assert_int_equal(carrier.status, 204);
    assert_true(says("Access-Control-Allow-Origin: https://b.com"));
    assert_true(
        says(i ? "Access-Control-Allow-Methods: PUT" : "Access-Control-Allow-Methods: GET, POST"));
    assert_true(says("Access-Control-Allow-Headers: content-type,x-a"));
    assert_true(says("Access-Control-Max-Age: 7200"));
  }
  assert_false(admits(
      "*", NULL, FROM("OPTIONS", "https://b.com") "Access-Control-Request-Method: PUT\r\n\r\n"));
  assert_null(strstr(carrier.headers, "Allow-Headers"));
}

static void a_preflight_that_is_none_is_400(void **state) {
  (void)state;
  static const char *const bad[] = {
      "Access-Control-Request-Method: A B\r\n", "Access-Control-Request-Method:\r\n",
      "Access-Control-Request-Method: A\r\nAccess-Control-Request-Method: B\r\n",
      "Access-Control-Request-Method: A\r\nAccess-Control-Request-Headers: a b\r\n",
      "Access-Control-Request-Method: A\r\nAccess-Control-Request-Headers: \"a\"\r\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(admits("*", NULL, FROM("OPTIONS", "https://b.com") "%s\r\n", bad[i]));
    assert_int_equal(carrier.status, 400);
  }
}

static void methods_are_decided_here(void **state) {
  (void)state;
  assert_true(admits(NULL, "GET, HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert_false(admits(NULL, "GET, HEAD", "POST / HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert_int_equal(carrier.status, 405);
  assert_true(says("Allow: GET, HEAD, OPTIONS"));
  assert_false(admits(NULL, "GET", "get / HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert_int_equal(carrier.status, 405);
  assert_false(admits(NULL, "GET,OPTIONS", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert_int_equal(carrier.status, 204);
  assert_true(says("Allow: GET,OPTIONS"));
  assert_true(admits(NULL, NULL, "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert_false(admits("*", "GET", FROM("PUT", "https://b.com") "\r\n"));
  assert_true(says("Access-Control-Allow-Origin: https://b.com")); /* it may read why */
}

static void what_would_come_back_too_long_is_refused(void **state) {
  (void)state;
  static char name[8100];
  memset(name, 'x', sizeof name - 1);
  assert_false(admits("*", NULL, FROM("GET", "%s") "\r\n", name));
  assert_int_equal(carrier.status, 431);
  assert_false(admits("*", NULL,
                      FROM("OPTIONS", "https://b.com") "Access-Control-Request-Method: PUT\r\n"
                                                       "Access-Control-Request-Headers: %s\r\n\r\n",
                      name));
  assert_int_equal(carrier.status, 431);
}

static void without_memory_it_is_503(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    bool is_admitted = admits(
        "*", "GET", FROM("OPTIONS", "https://b.com") "Access-Control-Request-Method: GET\r\n\r\n");
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_false(is_admitted);
    assert_int_equal(carrier.status, has_failed ? 503 : 204);
    if (!has_failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(an_allowed_page_may_read, end),
      cmocka_unit_test_teardown(where_anyone_may_cookies_do_not_count, end),
      cmocka_unit_test_teardown(another_is_refused_and_may_not_read_that, end),
      cmocka_unit_test_teardown(a_preflight_is_answered_without_the_handler, end),
      cmocka_unit_test_teardown(a_preflight_that_is_none_is_400, end),
      cmocka_unit_test_teardown(methods_are_decided_here, end),
      cmocka_unit_test_teardown(what_would_come_back_too_long_is_refused, end),
      cmocka_unit_test_teardown(without_memory_it_is_503, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
