/* SPDX-License-Identifier: MIT */
/* Origins, the checks of a reply, and how an upgrade is judged, without a socket: the carrier is
 * the test. */
#include "http/exchange.h"

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
  unsigned answers, upgrades, status;
  int protocol;
  char headers[256];
  char request[4096];
};

static struct carrier carrier;

static int on_answer(struct gw_exchange *exchange, const struct gw_reply *reply) {
  struct carrier *c = (struct carrier *)exchange;
  c->answers++;
  c->status = reply->status;
  snprintf(c->headers, sizeof c->headers, "%s", reply->headers ? reply->headers : "");
  return 0;
}

static int on_upgrade(struct gw_exchange *exchange, struct gw_conn *conn,
                      const struct gw_ws_request *request, int protocol) {
  struct carrier *c = (struct carrier *)exchange;
  (void)request;
  c->upgrades++;
  c->protocol = protocol;
  gw_conn_drop(conn);
  return 0;
}

static const struct gw_exchange_ops ops = {.answer = on_answer, .upgrade = on_upgrade};

static struct gw_exchange *request(const char *format, ...) __attribute__((format(printf, 1, 2)));
static struct gw_exchange *request(const char *format, ...) {
  struct carrier *c = &carrier;
  *c = (struct carrier){.exchange = {.ops = &ops, .head = &c->head}};
  va_list args;
  va_start(args, format);
  int n = vsnprintf(c->request, sizeof c->request, format, args);
  va_end(args);
  assert_int_equal(gw_http_request_parse(&c->head, c->request, (size_t)n), 0);
  return &c->exchange;
}

static bool is_allowed(const char *host, const char *origin, const char *origins, bool is_tls) {
  struct gw_exchange *e =
      origin ? request("GET / HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n\r\n", host, origin)
             : request("GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
  e->is_tls = is_tls;
  return gw_exchange_origin_is_allowed(e, origins);
}

/* ---- origins (security.md 1) ---- */

static void by_default_the_same_host_may(void **state) {
  (void)state;
  assert_true(is_allowed("example.com", NULL, NULL, false));
  assert_true(is_allowed("example.com", "http://example.com", NULL, false));
  assert_true(is_allowed("example.com:80", "http://example.com", NULL, false));
  assert_true(is_allowed("example.com", "http://example.com:80", NULL, false));
  assert_true(is_allowed("example.com:8000", "http://example.com:8000", NULL, false));
  assert_true(is_allowed("EXAMPLE.com", "HTTP://Example.COM", NULL, false));
  assert_true(is_allowed("example.com", "https://example.com", NULL, true));
  assert_true(is_allowed("[::1]:8000", "http://[::1]:8000", NULL, false));
}

static void by_default_no_other_may(void **state) {
  (void)state;
  static const char *const others[] = {
      "http://example.com.evil.net",
      "http://evil-example.com",
      "http://evilexample.com",
      "http://www.example.com",
      "http://example.com:81",
      "https://example.com",
      "http://example.com.",
      "http://example.co",
      "http://evil.net/example.com",
      "http://example.com@evil.net",
      "http://evil.net#example.com",
      "http://evil.net?example.com",
      "http://evil.net\\example.com",
      "http://example.com/",
      "http://example.com:",
      "http://",
      "ftp://example.com:80",
      "chrome-extension://example.com:80",
      "file://",
      "null",
      "NULL",
      "*",
      "",
      "example.com",
      "//example.com",
      "http://example.com http://evil.net",
      "http://example.com, http://evil.net",
      "http://localhost",
      "http://127.0.0.1",
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (is_allowed("example.com", others[i], NULL, false)) fail_msg("allowed: %s", others[i]);
  assert_false(is_allowed("example.com", "http://example.com", NULL, true));
}

static void two_origins_are_none(void **state) {
  (void)state;
  struct gw_exchange *e =
      request("GET / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nOrigin: http://a\r\n\r\n");
  assert_false(gw_exchange_origin_is_allowed(e, NULL));
  assert_false(gw_exchange_origin_is_allowed(e, "*"));
}

static void a_list_allows_what_it_names_and_nothing_else(void **state) {
  (void)state;
  const char *list = "https://app.example.com, http://localhost:3000,https://*.example.org";
  assert_true(is_allowed("x", "https://app.example.com", list, false));
  assert_true(is_allowed("x", "https://APP.example.com:443", list, false));
  assert_true(is_allowed("x", "http://localhost:3000", list, false));
  assert_true(is_allowed("x", "https://a.example.org", list, false));
  assert_true(is_allowed("x", "https://a.b.EXAMPLE.org", list, false));
  static const char *const others[] = {
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://example.com",
      "https://xapp.example.com",
      "https://a.app.example.com",
      "http://localhost",
      "http://localhost:3001",
      "https://localhost:3000",
      "https://example.org",
      "https://evilexample.org",
      "https://a.example.org.evil",
      "https://.example.org",
      "http://a.example.org",
      "https://a.example.org:1",
      "null",
      "https://*.example.org.evil",
      "http://x",
      "https://a.example.orgx",
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (is_allowed("x", others[i], list, false)) fail_msg("allowed: %s", others[i]);
  assert_true(is_allowed("x", NULL, list, false));
}

static void a_star_allows_anyone_and_an_empty_list_nobody(void **state) {
  (void)state;
  assert_true(is_allowed("x", "https://evil.net", "*", false));
  assert_true(is_allowed("x", "null", "*", false));
  assert_true(is_allowed("x", "https://evil.net", "https://a, *", false));
  assert_false(is_allowed("x", "http://x", "", false));
  assert_false(is_allowed("x", "http://x", ",,", false));
  assert_false(is_allowed("x", "http://x", "*x", false));
  assert_false(is_allowed("x", "http://x.com", "http://*", false));
  assert_false(is_allowed("x", "http://x.com", "*.com", false));
}

/* ---- replies (security.md 6) ---- */

static int reply(unsigned status, const char *type, const char *headers) {
  struct gw_exchange *e = request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  int r = gw_exchange_answer(
      e, &(struct gw_reply){.status = status, .content_type = type, .headers = headers});
  assert_int_equal(carrier.answers, r == 0);
  return r;
}

static void a_reply_that_would_break_the_head_is_not_sent(void **state) {
  (void)state;
  assert_int_equal(reply(200, "text/plain", "A: b\r\nC: d\r\n"), 0);
  assert_int_equal(reply(599, NULL, NULL), 0);
  assert_int_equal(reply(200, NULL, ""), 0);
  assert_int_equal(reply(199, NULL, NULL), GW_ERR_ARGUMENT);
  assert_int_equal(reply(600, NULL, NULL), GW_ERR_ARGUMENT);
  assert_int_equal(reply(200, "text/plain\r\nX: y", NULL), GW_ERR_ARGUMENT);
  static const char *const bad[] = {"A: b",
                                    "A: b\n",
                                    "A: b\r\n\r\n",
                                    "A b\r\n",
                                    ": b\r\n",
                                    "A : b\r\n",
                                    "A: b\rc\r\n",
                                    "A: b\nC: d\r\n",
                                    "A: b\r\n C: d\r\n",
                                    "A: \x01\r\n",
                                    "content-length: 0\r\n",
                                    "Transfer-Encoding: chunked\r\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (reply(200, NULL, bad[i]) != GW_ERR_ARGUMENT) fail_msg("sent: %s", bad[i]);
}

static void a_second_answer_is_a_state_error(void **state) {
  (void)state;
  struct gw_exchange *e = request("GET /p?q HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n");
  assert_memory_equal(gw_exchange_query(e).at, "q", 1);
  assert_memory_equal(gw_exchange_header(e, "x-a").at, "1", 1);
  assert_null(gw_exchange_header(e, "x-b").at);
  assert_int_equal(gw_exchange_answer(e, &(struct gw_reply){.status = 200}), 0);
  assert_int_equal(gw_exchange_answer(e, &(struct gw_reply){.status = 200}), GW_ERR_STATE);
  assert_int_equal(carrier.answers, 1);
}

/* ---- upgrades ---- */

static int verdict;
static bool answers_itself;

static int judge(struct gw_exchange *exchange, void *user) {
  (void)user;
  *(int *)gw_exchange_user_data(exchange) = 7;
  if (answers_itself) gw_exchange_answer(exchange, &(struct gw_reply){.status = 302});
  return verdict;
}

static const struct gw_websocket handler = {
    .on_request = judge, .protocols = "two, one", .user_size = sizeof(int)};

static struct gw_conn_route route;
static struct gw_conn_table *table;

static struct gw_exchange *try_upgrade(const char *extra) {
  gw_conn_route_init(&route, &handler, false);
  route.table = table;
  struct gw_exchange *e =
      request("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
              extra);
  assert_true(gw_exchange_wants_websocket(e));
  gw_exchange_websocket(e, &route);
  assert_int_equal(gw_conn_table_count(table), 0);
  assert_true(e->is_answered);
  return e;
}

static int begin(void **state) {
  (void)state;
  verdict = 0;
  answers_itself = false;
  return gw_conn_table_new(0, 1, &table);
}

static int end(void **state) {
  (void)state;
  gw_conn_table_free(table);
  return 0;
}

static void the_server_s_first_subprotocol_is_chosen(void **state) {
  (void)state;
  try_upgrade("Sec-WebSocket-Protocol: one, two\r\n");
  assert_int_equal(carrier.upgrades, 1);
  assert_int_equal(carrier.protocol, 0);
  try_upgrade("Sec-WebSocket-Protocol: zero, one\r\n");
  assert_int_equal(carrier.protocol, 1);
  try_upgrade("Sec-WebSocket-Protocol: zero\r\nSec-WebSocket-Protocol: two\r\n");
  assert_int_equal(carrier.protocol, 0);
  try_upgrade("Sec-WebSocket-Protocol: ONE\r\n");
  assert_int_equal(carrier.protocol, -1);
  try_upgrade("");
  assert_int_equal(carrier.protocol, -1);
}

static void the_handler_refuses_with_its_status(void **state) {
  (void)state;
  const int statuses[][2] = {{401, 401}, {599, 599}, {200, 500}, {-1, 500}, {600, 500}};
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    verdict = statuses[i][0];
    assert_true(try_upgrade("")->must_close);
    assert_int_equal(carrier.upgrades, 0);
    assert_int_equal(carrier.status, statuses[i][1]);
  }
}

/* security.md 4: nothing is read behind a refused upgrade. */
static void the_handler_s_own_answer_ends_the_connection_too(void **state) {
  (void)state;
  answers_itself = true;
  assert_true(try_upgrade("")->must_close);
  assert_int_equal(carrier.status, 302);
  assert_int_equal(carrier.answers, 1);
  assert_int_equal(carrier.upgrades, 0);
}

static void another_site_is_403_before_the_handler_hears(void **state) {
  (void)state;
  verdict = 418;
  assert_true(try_upgrade("Origin: http://evil.net\r\n")->must_close);
  assert_int_equal(carrier.status, 403);
}

static void no_room_or_memory_is_503(void **state) {
  (void)state;
  struct gw_conn *conn;
  gw_conn_route_init(&route, &handler, false);
  route.table = table;
  assert_non_null(conn = gw_conn_new(&route));
  struct gw_exchange *e =
      request("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  gw_exchange_websocket(e, &route);
  assert_int_equal(carrier.status, 503);
  gw_conn_drop(conn);
  alloc_fail_at(1);
  try_upgrade("");
  alloc_fail_at(0);
  assert_int_equal(carrier.status, 503);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_default_the_same_host_may),
      cmocka_unit_test(by_default_no_other_may),
      cmocka_unit_test(two_origins_are_none),
      cmocka_unit_test(a_list_allows_what_it_names_and_nothing_else),
      cmocka_unit_test(a_star_allows_anyone_and_an_empty_list_nobody),
      cmocka_unit_test(a_reply_that_would_break_the_head_is_not_sent),
      cmocka_unit_test(a_second_answer_is_a_state_error),
      cmocka_unit_test_setup_teardown(the_server_s_first_subprotocol_is_chosen, begin, end),
      cmocka_unit_test_setup_teardown(the_handler_refuses_with_its_status, begin, end),
      cmocka_unit_test_setup_teardown(the_handler_s_own_answer_ends_the_connection_too, begin, end),
      cmocka_unit_test_setup_teardown(another_site_is_403_before_the_handler_hears, begin, end),
      cmocka_unit_test_setup_teardown(no_room_or_memory_is_503, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
