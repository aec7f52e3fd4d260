/* SPDX-License-Identifier: MIT */
/*
 * A feed between an exchange that notes what it is told and a session that does what the test says.
 */
#include "transport/feed.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fake_session.h"
#include "support/alloc.h"
#include "transport/transport.h"

/* ---- an exchange ---- */

static struct gw_loop *loop;
static struct gw_rules *rules;
static struct gw_http_head head;
static struct gw_exchange exchange;
static struct gw_buf body; /* all that was written */
static char headers[512];  /* of the answer */
static unsigned status;    /* 0: no answer yet */
static size_t pending;     /* what waits for the client */
static int begin_result;
static enum { GOES_ON, WHOLE, CUT } ending;

static int fake_answer(struct gw_exchange *e, const struct gw_reply *reply) {
  (void)e;
  status = reply->status;
  ending = WHOLE;
  return 0;
}

static int fake_begin(struct gw_exchange *e, const struct gw_reply *reply) {
  if (begin_result < 0) return begin_result;
  e->is_streaming = true;
  status = reply->status;
  snprintf(headers, sizeof headers, "%s", reply->headers);
  return gw_buf_add(&body, reply->body, reply->len);
}

static int fake_write(struct gw_exchange *e, struct gw_piece piece, bool is_chunk) {
  (void)e;
  (void)is_chunk;
  pending += piece.len;
  return gw_buf_add(&body, piece.data, piece.len);
}

static void fake_end(struct gw_exchange *e, bool is_whole) {
  (void)e;
  ending = is_whole ? WHOLE : CUT;
}

static size_t fake_pending(const struct gw_stream *stream) {
  (void)stream;
  return pending;
}

static int fake_ask(struct gw_stream *stream, const struct gw_piece *pieces, unsigned n) {
  (void)stream;
  (void)pieces;
  assert_int_equal(n, 0);
  return pending > 0;
}

static struct gw_stream *no_lower(const struct gw_stream *s) {
  (void)s;
  return NULL;
}

static int no_descriptor(const struct gw_stream *s) {
  (void)s;
  return -1;
}

static const struct gw_stream_ops stream_ops = {
    .pending = fake_pending, .write = fake_ask, .lower = no_lower, .fd = no_descriptor};
static struct gw_stream stream = {.ops = &stream_ops};

static struct gw_stream *fake_stream(const struct gw_exchange *e) {
  (void)e;
  return &stream;
}

static const struct gw_exchange_ops exchange_ops = {.answer = fake_answer,
                                                    .begin = fake_begin,
                                                    .write = fake_write,
                                                    .end = fake_end,
                                                    .stream = fake_stream};

/* ---- a session ---- */

static unsigned drained;

void gw_carrier_detach(struct gw_carrier *c, bool is_over) {
  assert_ptr_equal(c, carrier);
  carrier = NULL;
  was_over = is_over;
}

void gw_carrier_drained(struct gw_carrier *c) {
  assert_ptr_equal(c, carrier);
  drained++;
}

/* ---- a kind ---- */

static int write_plain(struct gw_buf *out, const struct gw_publication *publication) {
  return gw_buf_add_str(out, publication->payload);
}

static int open_plain(struct gw_buf *out, const struct gw_cursor *cursor) {
  return gw_buf_printf(out, "from %llu\n", (unsigned long long)cursor->offset);
}

static const struct gw_feed_kind kind = {.name = "plain",
                                         .content_type = "text/x-plain",
                                         .write = write_plain,
                                         .open = open_plain,
                                         .gap = gw_feed_add_gap,
                                         .heartbeat = {"~", 1},
                                         .heartbeat_ms = 5};

/* ---- */

static int set_up(void **state) {
  (void)state;
  assert_int_equal(gw_loop_new(&loop), 0);
  assert_int_equal(gw_rules_new(&rules), 0);
  head = (struct gw_http_head){.method = GW_HTTP_GET};
  exchange = (struct gw_exchange){.ops = &exchange_ops, .head = &head, .loop = loop};
  gw_buf_init(&body, 16 << 20);
  *headers = '\0';
  status = 0;
  pending = 0;
  begin_result = 0;
  ending = GOES_ON;
  carrier = NULL;
  drained = 0;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  gw_loop_turn(loop, 0);
  gw_loop_free(loop);
  gw_rules_free(rules);
  gw_buf_clear(&body);
  return 0;
}

static void serve(bool will_resume) {
  const struct gw_gate gate = {.rules = rules};
  const struct gw_place place = {.loop = loop, .gate = &gate};
  const struct gw_channel_request request = {.channel = GW_STR("a"), .will_resume = will_resume};
  gw_feed_serve(&exchange, &place, &request, &kind);
}

static const struct gw_recovery nothing = {.cursor = {"000000000000", 7}, .is_recovered = true};

static void begin_at_7(void) {
  serve(false);
  carrier->ops->on_subscribed(carrier, NULL, 0, &nothing);
  assert_int_equal(status, 200);
}

static struct gw_publication *publication_new(const char *payload) {
  struct gw_publication *made = gw_publication_new(
      &(struct gw_publication_parts){.channel = GW_STR("a"), .payload = gw_str_of(payload)});
  assert_non_null(made);
  made->cursor = (struct gw_cursor){"000000000000", 8};
  return made;
}

static int push_text(const char *payload) {
  struct gw_publication *publication = publication_new(payload);
  int sent = carrier->ops->push(carrier, NULL, publication);
  gw_publication_unref(publication);
  return sent;
}

static void expect_body(const char *text) {
  assert_int_equal(body.len, strlen(text));
  assert_memory_equal(body.data, text, body.len);
}

/* ---- tests ---- */

static void the_head_waits_for_the_subscription(void **state) {
  (void)state;
  serve(false);
  assert_non_null(carrier);
  assert_string_equal(carrier->ops->transport(carrier), "plain");
  assert_int_equal(status, 0);
  carrier->ops->on_subscribed(carrier, NULL, 0, &nothing);
  assert_int_equal(status, 200);
  assert_non_null(strstr(headers, "Godwit-Session: AbC-_9AbC-_9AbC-_9AbC-_9\r\n"));
  assert_non_null(strstr(headers, "Godwit-Cursor: 000000000000:7\r\n"));
  assert_non_null(strstr(headers, "Cache-Control: no-store\r\n"));
  expect_body("from 7\n");
  exchange.events->on_gone(exchange.events_user);
  assert_null(carrier);
  assert_true(was_over);
}

static void a_publication_is_a_chunk_made_once(void **state) {
  (void)state;
  begin_at_7();
  struct gw_publication *publication = publication_new("seventeen letters");
  assert_int_equal(carrier->ops->push(carrier, NULL, publication), 0);
  alloc_fail_at(1); /* nothing more is made */
  assert_int_equal(carrier->ops->push(carrier, NULL, publication), 0);
  assert_false(alloc_has_failed());
  alloc_fail_at(0);
  expect_body("from 7\n11\r\nseventeen letters\r\n11\r\nseventeen letters\r\n");
  gw_publication_unref(publication);
  exchange.events->on_gone(exchange.events_user);
}

static void what_was_recovered_comes_after_the_opening(void **state) {
  (void)state;
  struct gw_publication *kept[] = {publication_new("x")};
  const struct gw_recovery lost = {.cursor = {"000000000000", 7},
                                   .is_missed_known = true,
                                   .missed = 3,
                                   .publications = kept,
                                   .n = 1};
  serve(true);
  carrier->ops->on_subscribed(carrier, NULL, 0, &lost);
  expect_body("from 7\n{\"recovered\":false,\"missed\":3,\"cursor\":\"000000000000:7\"}");
  exchange.events->on_gone(exchange.events_user);
  assert_false(was_over); /* it said that it would resume */
  gw_publication_unref(kept[0]);
}

static void gaps_are_told(void **state) {
  (void)state;
  begin_at_7();
  const struct gw_recovery gap = {.cursor = {"000000000000", 9}};
  assert_true(carrier->ops->on_gap(carrier, NULL, &gap));
  expect_body("from 7\n{\"recovered\":false,\"cursor\":\"000000000000:9\"}");
  alloc_fail_at(1);
  assert_false(carrier->ops->on_gap(carrier, NULL, &gap));
  alloc_fail_at(0);
  exchange.events->on_gone(exchange.events_user);
}

static void heartbeats_go_on_while_nothing_waits(void **state) {
  (void)state;
  begin_at_7();
  for (uint64_t end = gw_loop_now(loop) + 5000; body.len < 10 && gw_loop_now(loop) < end;) {
    gw_loop_turn(loop, 1);
    pending = 0;
  }
  expect_body("from 7\n~~~");
  exchange.events->on_gone(exchange.events_user);
}

static void who_takes_nothing_between_two_heartbeats_is_cut(void **state) {
  (void)state;
  begin_at_7();
  push_text("x");
  for (uint64_t end = gw_loop_now(loop) + 5000; ending == GOES_ON && gw_loop_now(loop) < end;)
    gw_loop_turn(loop, 1);
  assert_int_equal(ending, CUT);
  assert_null(carrier);
}

static void who_takes_a_little_is_not(void **state) {
  (void)state;
  begin_at_7();
  for (int i = 0; i < 60; i++) {
    push_text("xx");
    pending -= 5;          /* of seven */
    gw_loop_turn(loop, 1); /* one heartbeat at the most, whatever the clock does */
  }
  assert_int_equal(ending, GOES_ON);
  exchange.events->on_gone(exchange.events_user);
}

static void more_than_may_wait_is_refused(void **state) {
  (void)state;
  begin_at_7();
  pending = GW_WAITING_MAX;
  assert_int_equal(push_text("the last one"), 0);
  assert_int_equal(push_text("one too many"), GW_ERR_FULL);
  assert_true(carrier->ops->is_waiting(carrier));
  carrier->ops->end(carrier, GW_CLOSE_SLOW);
  assert_int_equal(ending, CUT);
}

static void the_session_ends_it_in_good_order(void **state) {
  (void)state;
  begin_at_7();
  exchange.events->on_drain(exchange.events_user);
  assert_int_equal(drained, 1);
  carrier->ops->end(carrier, GW_CLOSE_FORBIDDEN);
  assert_int_equal(ending, WHOLE);
}

static void the_server_stops(void **state) {
  (void)state;
  begin_at_7();
  exchange.events->on_stop(exchange.events_user);
  assert_int_equal(ending, WHOLE);
  assert_null(carrier);
}

static void before_the_answer_an_end_is_a_problem(void **state) {
  (void)state;
  serve(false);
  carrier->ops->end(carrier, GW_CLOSE_DRAINING);
  assert_int_equal(status, 503);
}

static void a_refused_subscription_is_a_problem(void **state) {
  (void)state;
  serve(false);
  carrier->ops->on_subscribed(carrier, NULL, GW_ERR_FULL, NULL);
  assert_int_equal(status, 503);
  assert_null(carrier);
}

static void an_answer_that_cannot_begin_is_left(void **state) {
  (void)state;
  begin_result = GW_ERR_CLOSED;
  serve(false);
  carrier->ops->on_subscribed(carrier, NULL, 0, &nothing);
  assert_int_equal(status, 0);
  assert_null(carrier);
}

static void head_needs_no_session(void **state) {
  (void)state;
  head.method = GW_HTTP_HEAD;
  serve(false);
  assert_null(carrier);
  assert_int_equal(status, 200);
  assert_int_equal(ending, WHOLE);
}

static void without_memory(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    exchange = (struct gw_exchange){.ops = &exchange_ops, .head = &head, .loop = loop};
    gw_buf_clear(&body);
    gw_buf_reserve(&body, 1000);
    struct gw_publication *publication = publication_new("x");
    status = 0;
    alloc_fail_at(nth);
    serve(false);
    if (carrier) carrier->ops->on_subscribed(carrier, NULL, 0, &nothing);
    int sent = carrier ? carrier->ops->push(carrier, NULL, publication) : 0;
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_true(status == 200 || status == 503);
    if (status == 200) assert_int_equal(sent, has_failed ? GW_ERR_MEMORY : 0);
    if (carrier) exchange.events->on_gone(exchange.events_user);
    gw_publication_unref(publication);
    if (!has_failed) break;
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(the_head_waits_for_the_subscription),
      TEST(a_publication_is_a_chunk_made_once),
      TEST(what_was_recovered_comes_after_the_opening),
      TEST(gaps_are_told),
      TEST(heartbeats_go_on_while_nothing_waits),
      TEST(who_takes_nothing_between_two_heartbeats_is_cut),
      TEST(who_takes_a_little_is_not),
      TEST(more_than_may_wait_is_refused),
      TEST(the_session_ends_it_in_good_order),
      TEST(the_server_stops),
      TEST(before_the_answer_an_end_is_a_problem),
      TEST(a_refused_subscription_is_a_problem),
      TEST(an_answer_that_cannot_begin_is_left),
      TEST(head_needs_no_session),
      TEST(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
