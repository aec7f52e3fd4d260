/* SPDX-License-Identifier: MIT */
/* Requests one after the other on a real socket: what is served, what is not, and when it ends. */
#include "http/h1_place.h"
#include "support/alloc.h"

static void on_gone(void *user) {
  ((struct place *)user)->gone++;
}

static const struct gw_exchange_events gone_events = {.on_gone = on_gone};

static void answer_big(struct gw_exchange *exchange) {
  static char big[512 * 1024];
  memset(big, 'b', sizeof big);
  gw_exchange_answer(exchange, &(struct gw_reply){.status = 200, .body = big, .len = sizeof big});
}

static void on_request(struct gw_h1_side *side, struct gw_exchange *exchange) {
  struct place *p = side->owner;
  struct gw_ws_slice path = gw_exchange_path(exchange);
  p->requests++;
  p->body_len = gw_exchange_body(exchange).len;
  snprintf(p->last, sizeof p->last, "%.*s", (int)path.len, path.at);
  if (strcmp(p->last, "/later") == 0) {
    p->owed = exchange;
    gw_exchange_watch(exchange, &gone_events, p);
  } else if (strcmp(p->last, "/big") == 0) {
    answer_big(exchange);
  } else {
    answer(exchange, p->last);
  }
}

static struct place *place_open(void) {
  return place_open_with(on_request);
}

/* The next answer has this status; gives its body. */
static const char *expect(struct place *p, unsigned status) {
  char head[1024];
  snprintf(head, sizeof head, "%s", peer_head(&p->peer));
  assert_int_equal(strtol(head + 9, NULL, 10), (long)status);
  const char *length = strstr(head, "Content-Length: ");
  return peer_take(&p->peer, length ? (size_t)strtoul(length + 16, NULL, 10) : 0);
}

/* ---- one after the other ---- */

static void requests_share_a_connection(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, GET("/one"));
  assert_string_equal(expect(p, 200), "/one");
  peer_say(&p->peer, GET("/two"));
  assert_string_equal(expect(p, 200), "/two");
  place_end(p);
}

static void pipelined_requests_are_answered_in_order_however_they_are_cut(void **state) {
  (void)state;
  static const char all[] =
      "\r\n" GET("/1") "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
                       "hello" GET("/3") "PUT /4 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                                         "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" GET("/5");
  for (size_t cut = 1; cut < sizeof all - 1; cut++) {
    struct place *p = place_open();
    peer_send(&p->peer, all, cut);
    gw_loop_turn(p->loop, 0);
    peer_send(&p->peer, all + cut, sizeof all - 1 - cut);
    for (int i = 1; i <= 5; i++) {
      const char *body = expect(p, 200);
      assert_int_equal(body[1], '0' + i);
    }
    assert_int_equal(p->requests, 5);
    place_end(p);
  }
}

static void a_later_answer_holds_back_what_comes_behind(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, GET("/later") GET("/behind"));
  PEER_UNTIL(p->loop, p->owed);
  turn_for(p, 10);
  assert_int_equal(p->requests, 1);
  assert_null(gw_exchange_header(p->owed, "host").at); /* what was lent is taken back */
  assert_null(gw_exchange_method(p->owed).at);
  answer(p->owed, "first");
  assert_string_equal(expect(p, 200), "first");
  assert_string_equal(expect(p, 200), "/behind");
  assert_int_equal(p->gone, 0);
  place_end(p);
}

static void a_client_that_goes_before_its_answer_is_told(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, GET("/later"));
  PEER_UNTIL(p->loop, p->owed);
  peer_reset(&p->peer);
  PEER_UNTIL(p->loop, p->gone);
  place_end(p);
  assert_int_equal(p->gone, 1);
}

static void a_half_closed_client_gets_its_answers(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, GET("/later") GET("/two"));
  peer_shut(&p->peer);
  PEER_UNTIL(p->loop, p->owed);
  answer(p->owed, "one");
  assert_string_equal(expect(p, 200), "one");
  assert_string_equal(expect(p, 200), "/two");
  peer_expect_end(&p->peer);
  place_end(p);
}

static void a_peer_that_reads_no_answers_gets_no_more_made(void **state) {
  (void)state;
  struct place *p = place_open();
  for (int i = 0; i < 200; i++)
    peer_say(&p->peer, GET("/big"));
  turn_for(p, 30);
  assert_true(p->requests < 40);
  unsigned before = p->requests;
  for (int i = 0; i < 200; i++)
    assert_int_equal(strlen(expect(p, 200)), 512 * 1024);
  assert_true(p->requests == 200 && before < 40);
  place_end(p);
}

/* ---- heads and bodies ---- */

static void head_gets_the_length_and_no_body(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, "HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n" GET("/two"));
  const char *head = peer_head(&p->peer);
  assert_non_null(strstr(head, "Content-Length: 4\r\n"));
  assert_string_equal(expect(p, 200), "/two");
  /* What is refused after a HEAD has its body again. */
  peer_say(&p->peer, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n");
  peer_head(&p->peer);
  assert_non_null(strstr(expect(p, 400), "\"status\":400"));
  peer_expect_end(&p->peer);
  place_end(p);
}

static void http_1_0_ends_unless_it_asks_to_stay(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  assert_non_null(strstr(peer_head(&p->peer), "Connection: keep-alive\r\n"));
  peer_take(&p->peer, 2);
  peer_say(&p->peer, "GET /b HTTP/1.0\r\n\r\n" GET("/c"));
  assert_non_null(strstr(peer_head(&p->peer), "Connection: close\r\n"));
  peer_take(&p->peer, 2);
  peer_expect_end(&p->peer);
  assert_int_equal(p->requests, 2);
  place_end(p);
}

static void expect_100_is_answered_before_the_body(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                     "Expect: 100-continue\r\n\r\n");
  assert_string_equal(peer_head(&p->peer), "HTTP/1.1 100 Continue\r\n\r\n");
  peer_say(&p->peer, "abc");
  assert_string_equal(expect(p, 200), "/x");
  assert_int_equal(p->body_len, 3);
  place_end(p);
}

static void a_body_over_the_limit_is_413_and_ends(void **state) {
  (void)state;
  static const char *const big[] = {
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"};
  char filler[1100];
  memset(filler, 'x', sizeof filler);
  for (size_t i = 0; i < sizeof big / sizeof *big; i++) {
    struct place *p = place_begin(on_request);
    p->side.max_body = 1000;
    gw_h1_open(&p->side, stream_to(p));
    peer_say(&p->peer, big[i]);
    if (i == 2) peer_send(&p->peer, filler, sizeof filler);
    long status = strtol(peer_head(&p->peer) + 9, NULL, 10);
    assert_true(status == 413 || (i == 1 && status == 400));
    assert_int_equal(p->requests, 0);
    place_end(p);
  }
}

static void nothing_behind_an_error_is_a_request(void **state) {
  (void)state;
  static const char *const bad[] = {
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;\x01\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
      "nonsense\r\n\r\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct place *p = place_open();
    peer_say(&p->peer, bad[i]);
    peer_say(&p->peer, GET("/second"));
    const char *head = peer_head(&p->peer);
    assert_true(strtol(head + 9, NULL, 10) >= 400);
    assert_non_null(strstr(head, "Connection: close\r\n"));
    turn_for(p, 5);
    assert_int_equal(p->requests, 0);
    place_end(p);
  }
}

/* ---- time (security.md 3) ---- */

static void an_idle_connection_ends_after_keep_alive(void **state) {
  (void)state;
  struct place *p = place_begin(on_request);
  p->side.keep_alive_ms = 40;
  gw_h1_open(&p->side, stream_to(p));
  peer_say(&p->peer, GET("/a"));
  expect(p, 200);
  peer_expect_end(&p->peer);
  place_end(p);
}

static void a_silent_connection_ends_after_the_handshake_time(void **state) {
  (void)state;
  struct place *p = place_begin(on_request);
  p->side.handshake_ms = 40;
  gw_h1_open(&p->side, stream_to(p));
  uint64_t begun = peer_clock();
  peer_expect_end(&p->peer);
  assert_true(peer_clock() - begun >= 35);
  place_end(p);
}

/* A byte at a time, of whatever kind, gains nobody more than the time from the first. */
static void bytes_one_by_one_do_not_extend_the_time(void **state) {
  (void)state;
  static const char *const kinds[] = {"GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                      "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
                                      GET("/first") "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
                                                    "999\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                                      GET("/first") "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    struct place *p = place_begin(on_request);
    p->side.handshake_ms = 60;
    p->side.keep_alive_ms = 60;
    gw_h1_open(&p->side, stream_to(p));
    const char *first = strstr(kinds[k], "/first"), *slow = kinds[k];
    if (first) {
      slow = strstr(kinds[k], "\r\n\r\n") + 4;
      peer_send(&p->peer, kinds[k], (size_t)(slow - kinds[k]));
      expect(p, 200);
    }
    for (size_t i = 0; !p->peer.has_ended; i++) {
      assert_true(i < 125); /* a second's */
      peer_send(&p->peer, &slow[i % strlen(slow)], 1);
      uint64_t until = peer_clock() + 8;
      while (p->peer.len == 0 && peer_more(&p->peer, until))
        continue;
      if (p->peer.len) break; /* 408 */
    }
    place_end(p);
  }
}

/* ---- the end of all ---- */

static void a_drain_lets_what_is_under_way_finish(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, "GET /half HTTP/1.1\r\nHo");
  turn_for(p, 5);
  gw_h1_drain(&p->side);
  peer_say(&p->peer, "st: a\r\n\r\n");
  assert_non_null(strstr(peer_head(&p->peer), "Connection: close\r\n"));
  place_end(p);

  p = place_open();
  turn_for(p, 5);
  gw_h1_drain(&p->side);
  peer_expect_end(&p->peer);
  place_end(p);

  p = place_open();
  peer_say(&p->peer, GET("/later"));
  PEER_UNTIL(p->loop, p->owed);
  gw_h1_drain(&p->side);
  answer(p->owed, "late");
  assert_string_equal(expect(p, 200), "late");
  peer_expect_end(&p->peer);
  place_end(p);
}

static void an_abort_tells_those_that_are_owed(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, GET("/later"));
  PEER_UNTIL(p->loop, p->owed);
  gw_h1_abort_all(&p->side);
  PEER_UNTIL(p->loop, p->done);
  assert_int_equal(p->gone, 1);
  place_end(p);
}

static void any_allocation_may_fail(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    struct place *p = place_begin(on_request);
    struct gw_stream *stream = stream_to(p);
    alloc_fail_at(nth);
    bool is_open = gw_h1_open(&p->side, stream) == 0;
    if (!is_open) p->done = 1;
    peer_say(&p->peer, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nha");
    gw_loop_turn(p->loop, 1);
    peer_say(&p->peer, "lf" GET("/behind"));
    peer_say(&p->peer, "\r\n\r\n\r\n\r\n");
    peer_shut(&p->peer);
    uint64_t until = peer_clock() + PEER_WAIT_MS;
    while (peer_more(&p->peer, until))
      continue;
    assert_true(p->peer.has_ended);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    place_end(p);
    if (!has_failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_share_a_connection),
      cmocka_unit_test(pipelined_requests_are_answered_in_order_however_they_are_cut),
      cmocka_unit_test(a_later_answer_holds_back_what_comes_behind),
      cmocka_unit_test(a_client_that_goes_before_its_answer_is_told),
      cmocka_unit_test(a_half_closed_client_gets_its_answers),
      cmocka_unit_test(a_peer_that_reads_no_answers_gets_no_more_made),
      cmocka_unit_test(head_gets_the_length_and_no_body),
      cmocka_unit_test(http_1_0_ends_unless_it_asks_to_stay),
      cmocka_unit_test(expect_100_is_answered_before_the_body),
      cmocka_unit_test(a_body_over_the_limit_is_413_and_ends),
      cmocka_unit_test(nothing_behind_an_error_is_a_request),
      cmocka_unit_test(an_idle_connection_ends_after_keep_alive),
      cmocka_unit_test(a_silent_connection_ends_after_the_handshake_time),
      cmocka_unit_test(bytes_one_by_one_do_not_extend_the_time),
      cmocka_unit_test(a_drain_lets_what_is_under_way_finish),
      cmocka_unit_test(an_abort_tells_those_that_are_owed),
      cmocka_unit_test(any_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
