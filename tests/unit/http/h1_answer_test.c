/* SPDX-License-Identifier: MIT */
/* Bodies that go on, on a real socket: their framing, who ends them, and who hears of it. */
#include "http/h1_place.h"
#include "support/alloc.h"

static unsigned drained, stopped;
static void (*in_drain)(struct place *p);
static void (*in_stop)(struct place *p);

static void on_gone(void *user) {
  ((struct place *)user)->gone++;
  ((struct place *)user)->owed = NULL;
}

static void on_drain(void *user) {
  drained++;
  if (in_drain) in_drain(user);
}

static void on_stop(void *user) {
  stopped++;
  if (in_stop) in_stop(user);
}

static const struct gw_exchange_events all_events = {
    .on_gone = on_gone, .on_drain = on_drain, .on_stop = on_stop};
static const struct gw_exchange_events gone_event = {.on_gone = on_gone};

static int begin(struct gw_exchange *exchange, const char *body) {
  return gw_exchange_begin(exchange,
                           &(struct gw_reply){.status = 200, .body = body, .len = strlen(body)});
}

static void write_text(struct place *p, const char *text) {
  assert_true(gw_exchange_write(p->owed, text, strlen(text)) >= 0);
}

static void end(struct place *p) {
  gw_exchange_end(p->owed);
  p->owed = NULL;
}

static void cut(struct place *p) {
  gw_exchange_abort(p->owed);
  p->owed = NULL;
}

/* `/stream` begins, `/empty` has no body, `/once` begins and ends in the call, `/hold` is held,
 * `/later` is owed; the rest is answered. */
static void on_request(struct gw_h1_side *side, struct gw_exchange *exchange) {
  struct place *p = side->owner;
  struct gw_ws_slice path = gw_exchange_path(exchange);
  p->requests++;
  snprintf(p->last, sizeof p->last, "%.*s", (int)path.len, path.at);
  gw_exchange_watch(exchange, &all_events, p);
  p->owed = exchange;
  if (strcmp(p->last, "/stream") == 0) {
    if (begin(exchange, "one") < 0) p->owed = NULL;
  } else if (strcmp(p->last, "/empty") == 0) {
    gw_exchange_begin(exchange, &(struct gw_reply){.status = 204});
  } else if (strcmp(p->last, "/once") == 0) {
    begin(exchange, "");
    write_text(p, "all");
    end(p);
  } else if (strcmp(p->last, "/hold") == 0) {
    gw_exchange_hold(exchange);
  } else if (strcmp(p->last, "/later") != 0) {
    p->owed = NULL;
    answer(exchange, p->last);
  }
}

static struct place *place_open(void) {
  drained = stopped = 0;
  in_drain = in_stop = NULL;
  return place_open_with(on_request);
}

/* What comes next is this. */
static void expect(struct place *p, const char *text) {
  assert_string_equal(peer_take(&p->peer, strlen(text)), text);
}

static struct place *place_streaming(void) {
  struct place *p = place_open();
  peer_say(&p->peer, GET("/stream"));
  assert_non_null(strstr(peer_head(&p->peer), "Transfer-Encoding: chunked\r\n"));
  expect(p, "3\r\none\r\n");
  return p;
}

/* ---- framing (RFC 9112 section 7.1) ---- */

static void a_body_that_goes_on_comes_in_chunks_and_the_connection_stays(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, GET("/stream"));
  const char *head = peer_head(&p->peer);
  assert_non_null(strstr(head, "Transfer-Encoding: chunked\r\n"));
  assert_null(strstr(head, "Content-Length"));
  assert_null(strstr(head, "Connection: close"));
  expect(p, "3\r\none\r\n");
  char large[300];
  memset(large, 'x', sizeof large);
  assert_int_equal(gw_exchange_write(p->owed, large, sizeof large), 0);
  assert_int_equal(gw_exchange_write(p->owed, NULL, 0), 0);
  expect(p, "12c\r\nxxx");
  peer_take(&p->peer, 297 + 2);
  end(p);
  expect(p, "0\r\n\r\n");
  peer_say(&p->peer, GET("/once") GET("/next"));
  peer_head(&p->peer);
  expect(p, "3\r\nall\r\n0\r\n\r\n");
  peer_head(&p->peer);
  expect(p, "/next");
  assert_int_equal(p->gone, 0);
  place_end(p);
}

static void a_chunk_that_is_shared_goes_out_as_it_is(void **state) {
  (void)state;
  struct place *p = place_streaming();
  struct gw_bytes *made = gw_bytes_copy("5\r\nhello\r\n", 10);
  assert_int_equal(gw_exchange_write_chunk(p->owed, made), 0);
  assert_int_equal(made->refs, 2); /* by reference */
  expect(p, "5\r\nhello\r\n");
  assert_int_equal(made->refs, 1);
  gw_bytes_unref(made);
  end(p);
  expect(p, "0\r\n\r\n");
  place_end(p);
}

static void http_1_0_gets_the_bytes_and_then_the_end(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const char *head = peer_head(&p->peer);
  assert_non_null(strstr(head, "Connection: close\r\n"));
  assert_null(strstr(head, "Transfer-Encoding"));
  struct gw_bytes *made = gw_bytes_copy("5\r\nhello\r\n", 10);
  gw_exchange_write_chunk(p->owed, made);
  gw_bytes_unref(made);
  write_text(p, "more");
  end(p);
  expect(p, "onehellomore");
  peer_expect_end(&p->peer);
  place_end(p);
}

static void an_answer_without_a_body_stays_without_one(void **state) {
  (void)state;
  static const char *const requests[] = {"HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n", GET("/empty")};
  for (size_t i = 0; i < 2; i++) {
    struct place *p = place_open();
    peer_say(&p->peer, requests[i]);
    const char *head = peer_head(&p->peer);
    assert_true((strstr(head, "Transfer-Encoding") != NULL) == (i == 0)); /* RFC 9112, 6.1 */
    struct gw_bytes *made = gw_bytes_copy("5\r\nhello\r\n", 10);
    assert_int_equal(gw_exchange_write_chunk(p->owed, made), 0);
    gw_bytes_unref(made);
    write_text(p, "more");
    end(p);
    peer_say(&p->peer, GET("/next"));
    assert_memory_equal(peer_head(&p->peer), "HTTP/1.1 200", 12);
    expect(p, "/next");
    place_end(p);
  }
}

static void what_cannot_be_sent_is_refused(void **state) {
  (void)state;
  struct place *p = place_open();
  peer_say(&p->peer, GET("/later"));
  PEER_UNTIL(p->loop, p->owed);
  assert_int_equal(gw_exchange_write(p->owed, "a", 1), GW_ERR_CLOSED);
  assert_false(gw_exchange_is_waiting(p->owed));
  gw_exchange_end(p->owed); /* nothing has begun */
  assert_int_equal(gw_exchange_begin(p->owed, &(struct gw_reply){.status = 99}), GW_ERR_ARGUMENT);
  assert_int_equal(
      gw_exchange_begin(p->owed, &(struct gw_reply){.status = 200, .headers = "Content-Length: 1"}),
      GW_ERR_ARGUMENT);
  assert_int_equal(begin(p->owed, "late"), 0);
  assert_int_equal(begin(p->owed, "again"), GW_ERR_STATE);
  assert_int_equal(gw_exchange_answer(p->owed, &(struct gw_reply){.status = 200}), GW_ERR_STATE);
  peer_head(&p->peer);
  expect(p, "4\r\nlate\r\n");
  end(p);
  expect(p, "0\r\n\r\n");
  place_end(p);
}

/* ---- slow readers ---- */

/* Until the peer's end is full. */
static void fill(struct place *p) {
  static char big[256 * 1024];
  memset(big, 'b', sizeof big);
  for (int r = 0; r == 0;) {
    r = gw_exchange_write(p->owed, big, sizeof big);
    assert_true(r >= 0);
    gw_loop_turn(p->loop, 0);
  }
  assert_true(gw_exchange_is_waiting(p->owed));
  assert_true(gw_exchange_buffered(p->owed) > 1 << 20);
}

static bool is_over;

/* Reads until the drain has been told and `text`, where there is one, has come. */
static void read_on(struct place *p, const char *text) {
  struct peer *peer = &p->peer;
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  while (!is_over || (text && !strstr(peer->in, text))) {
    if (!peer_more(peer, until)) fail_msg("never came: %s", text ? text : "the drain");
    if (peer->len < PEER_ROOM / 2) continue;
    memmove(peer->in, peer->in + peer->len - 100, 101); /* only the end of it matters */
    peer->len = 100;
  }
}

static void end_in_drain(struct place *p) {
  is_over = true;
  end(p);
}

static void cut_in_drain(struct place *p) {
  is_over = true;
  cut(p);
}

static void a_drain_is_told_and_may_end_or_cut(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    struct place *p = place_streaming();
    fill(p);
    is_over = false;
    in_drain = i ? cut_in_drain : end_in_drain;
    if (!i) peer_say(&p->peer, GET("/next"));
    read_on(p, i ? NULL : "/next");
    assert_int_equal(drained, 1);
    place_end(p);
    assert_int_equal(p->gone, 0);
  }
}

/* ---- the client's end ---- */

static void a_client_that_ends_or_resets_is_gone(void **state) {
  (void)state;
  static const char *const requests[] = {GET("/stream"), GET("/hold")};
  for (int i = 0; i < 4; i++) {
    struct place *p = place_open();
    peer_say(&p->peer, requests[i % 2]);
    PEER_UNTIL(p->loop, p->owed);
    if (i < 2)
      peer_shut(&p->peer);
    else
      peer_reset(&p->peer);
    PEER_UNTIL(p->loop, p->gone);
    place_end(p);
    assert_int_equal(p->gone, 1);
  }
}

static void what_is_begun_or_held_later_hears_of_the_end_too(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    struct place *p = place_open();
    peer_say(&p->peer, GET("/later"));
    peer_shut(&p->peer);
    PEER_UNTIL(p->loop, p->owed);
    turn_for(p, 5);
    assert_int_equal(p->gone, 0); /* only its last has been said */
    if (i)
      gw_exchange_hold(p->owed);
    else
      begin(p->owed, "x");
    assert_int_equal(p->gone, 0); /* never inside the call */
    PEER_UNTIL(p->loop, p->gone);
    place_end(p);
    assert_int_equal(p->gone, 1);
  }
}

static void after_the_end_nobody_is_gone(void **state) {
  (void)state;
  void (*const ways[])(struct place * p) = {end, cut};
  for (size_t i = 0; i < 2; i++) {
    struct place *p = place_streaming();
    ways[i](p);
    peer_reset(&p->peer);
    place_end(p);
    assert_int_equal(p->gone, 0);
  }
  struct place *p = place_open(); /* before an answer has begun */
  peer_say(&p->peer, GET("/later"));
  PEER_UNTIL(p->loop, p->owed);
  cut(p);
  peer_expect_end(&p->peer);
  place_end(p);
  assert_int_equal(p->gone, 0);
}

static void what_is_sent_ahead_waits_and_is_bounded(void **state) {
  (void)state;
  struct place *p = place_streaming();
  peer_say(&p->peer, GET("/ahead"));
  turn_for(p, 5);
  assert_int_equal(p->requests, 1);
  static char filler[8000];
  memset(filler, 'f', sizeof filler);
  size_t sent = 0;
  for (int i = 0; i < 4000; i++) { /* reading rests sooner or later */
    ssize_t n = send(p->peer.fd, filler, sizeof filler, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += (size_t)n;
    gw_loop_turn(p->loop, 0);
  }
  assert_true(sent < 4000 * sizeof filler);
  write_text(p, "still");
  expect(p, "5\r\nstill\r\n");
  end(p);
  expect(p, "0\r\n\r\n");
  peer_head(&p->peer);
  expect(p, "/ahead");
  place_end(p);
}

/* ---- the server's end ---- */

static void answer_in_stop(struct place *p) {
  answer(p->owed, "enough");
  p->owed = NULL;
}

static void a_stop_is_told_and_the_body_is_ended(void **state) {
  (void)state;
  struct place *p = place_streaming();
  in_stop = end;
  gw_h1_drain(&p->side);
  expect(p, "0\r\n\r\n");
  peer_expect_end(&p->peer);
  assert_int_equal(stopped, 1);
  place_end(p);
  assert_int_equal(p->gone, 0);

  p = place_open();
  in_stop = answer_in_stop;
  peer_say(&p->peer, GET("/hold"));
  PEER_UNTIL(p->loop, p->owed);
  gw_h1_drain(&p->side);
  peer_head(&p->peer);
  expect(p, "enough");
  peer_expect_end(&p->peer);
  place_end(p);
}

static void who_does_not_listen_for_the_stop_is_ended(void **state) {
  (void)state;
  struct place *p = place_streaming();
  gw_exchange_watch(p->owed, &gone_event, p);
  gw_h1_drain(&p->side);
  expect(p, "0\r\n\r\n");
  peer_expect_end(&p->peer);
  place_end(p);
  assert_int_equal(p->gone, 1);

  p = place_open();
  peer_say(&p->peer, GET("/hold"));
  PEER_UNTIL(p->loop, p->owed);
  gw_exchange_watch(p->owed, &gone_event, p);
  gw_h1_drain(&p->side);
  assert_memory_equal(peer_head(&p->peer), "HTTP/1.1 503", 12);
  place_end(p);
  assert_int_equal(p->gone, 1);
}

static void what_begins_after_the_stop_is_told_too(void **state) {
  (void)state;
  struct place *p = place_open();
  in_stop = end;
  peer_say(&p->peer, GET("/later"));
  PEER_UNTIL(p->loop, p->owed);
  gw_h1_drain(&p->side);
  assert_int_equal(stopped, 0);
  begin(p->owed, "x");
  assert_int_equal(stopped, 0);
  assert_non_null(strstr(peer_head(&p->peer), "Connection: close\r\n"));
  expect(p, "1\r\nx\r\n0\r\n\r\n");
  peer_expect_end(&p->peer);
  place_end(p);
  assert_int_equal(stopped, 1);
}

static void a_cut_tells_once(void **state) {
  (void)state;
  struct place *p = place_streaming();
  gw_h1_abort_all(&p->side);
  PEER_UNTIL(p->loop, p->done);
  place_end(p);
  assert_int_equal(p->gone, 1);
}

/* ---- any deed at any moment ---- */

enum deed { END, CUT, ANSWER, BEGIN, WRITE, HOLD, ADD, ASK, DEEDS };

static struct gw_exchange *target;
static unsigned deed;

static void do_deed(void) {
  switch (deed) {
  case END: gw_exchange_end(target); break;
  case CUT: gw_exchange_abort(target); break;
  case ANSWER: answer(target, "deed"); break;
  case BEGIN: begin(target, "deed"); break;
  case WRITE: gw_exchange_write(target, "deed", 4); break;
  case HOLD: gw_exchange_hold(target); break;
  case ADD: gw_exchange_add_headers(target, "Deed: 1\r\n"); break;
  default: gw_exchange_is_waiting(target); gw_exchange_buffered(target);
  }
}

static void deed_in_callback(void *user) {
  (void)user;
  do_deed();
}

static const struct gw_exchange_events deed_events = {
    .on_gone = deed_in_callback, .on_drain = deed_in_callback, .on_stop = deed_in_callback};

static unsigned requests;

static void on_deed_request(struct gw_h1_side *side, struct gw_exchange *exchange) {
  (void)side;
  char what = gw_exchange_path(exchange).at[1];
  requests++;
  target = exchange;
  gw_exchange_watch(exchange, &deed_events, NULL);
  if (what == 's') begin(exchange, "one");
  if (what == 'h') gw_exchange_hold(exchange);
  if (what == 'd') do_deed(); /* in the handler */
}

/* What happens once the request is there. */
static void happen(struct place *p, unsigned what) {
  static char big[256 * 1024];
  switch (what) {
  case 0: peer_shut(&p->peer); break;
  case 1: peer_reset(&p->peer); break;
  case 2: gw_h1_drain(&p->side); break;
  case 3: gw_h1_abort_all(&p->side); break;
  case 4: peer_say(&p->peer, GET("/ahead")); break;
  case 5: do_deed(); break;
  default: /* a drain, where a body goes on */
    if (!target->is_streaming) return;
    while (target->is_streaming && gw_exchange_write(target, big, sizeof big) == 0)
      gw_loop_turn(p->loop, 0);
    for (uint64_t until = peer_clock() + 15; peer_more(&p->peer, until);)
      p->peer.len = 0;
  }
}

static void any_deed_at_any_moment_is_safe(void **state) {
  (void)state;
  static const char *const paths[] = {GET("/s") GET("/x"), GET("/h") GET("/x"), GET("/d"),
                                      GET("/plain")};
  for (size_t path = 0; path < sizeof paths / sizeof *paths; path++)
    for (deed = 0; deed < DEEDS; deed++)
      for (unsigned what = 0; what < 7; what++) {
        struct place *p = place_open_with(on_deed_request);
        requests = 0;
        peer_say(&p->peer, paths[path]);
        PEER_UNTIL(p->loop, requests);
        if (!p->done) happen(p, what);
        gw_loop_turn(p->loop, 0);
        gw_loop_turn(p->loop, 0);
        if (!p->done) gw_h1_abort_all(&p->side);
        place_end(p);
      }
}

static void any_allocation_may_fail(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    struct place *p = place_open();
    alloc_fail_at(nth);
    peer_say(&p->peer, GET("/stream") GET("/behind"));
    uint64_t until = peer_clock() + PEER_WAIT_MS;
    while (!p->requests && peer_more(&p->peer, until))
      continue;
    if (p->owed) gw_exchange_write(p->owed, "more", 4);
    gw_loop_turn(p->loop, 0);
    if (p->owed) end(p);
    peer_shut(&p->peer);
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
      cmocka_unit_test(a_body_that_goes_on_comes_in_chunks_and_the_connection_stays),
      cmocka_unit_test(a_chunk_that_is_shared_goes_out_as_it_is),
      cmocka_unit_test(http_1_0_gets_the_bytes_and_then_the_end),
      cmocka_unit_test(an_answer_without_a_body_stays_without_one),
      cmocka_unit_test(what_cannot_be_sent_is_refused),
      cmocka_unit_test(a_drain_is_told_and_may_end_or_cut),
      cmocka_unit_test(a_client_that_ends_or_resets_is_gone),
      cmocka_unit_test(what_is_begun_or_held_later_hears_of_the_end_too),
      cmocka_unit_test(after_the_end_nobody_is_gone),
      cmocka_unit_test(what_is_sent_ahead_waits_and_is_bounded),
      cmocka_unit_test(a_stop_is_told_and_the_body_is_ended),
      cmocka_unit_test(who_does_not_listen_for_the_stop_is_ended),
      cmocka_unit_test(what_begins_after_the_stop_is_told_too),
      cmocka_unit_test(a_cut_tells_once),
      cmocka_unit_test(any_deed_at_any_moment_is_safe),
      cmocka_unit_test(any_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
