/* SPDX-License-Identifier: MIT */
/* A long poll between an exchange that notes its answer and a session that does what the test says.
 */
#include "transport/longpoll.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake_session.h"
#include "support/alloc.h"

/* ---- an exchange ---- */

static struct gw_loop *loop;
static struct gw_http_head head;
static struct gw_exchange exchange;
static unsigned status, answers, held;
static char body[2000], headers[500];

static int fake_answer(struct gw_exchange *e, const struct gw_reply *reply) {
  (void)e;
  answers++;
  status = reply->status;
  snprintf(headers, sizeof headers, "%s", reply->headers ? reply->headers : "");
  snprintf(body, sizeof body, "%.*s", (int)reply->len, (const char *)reply->body);
  return 0;
}

static void fake_hold(struct gw_exchange *e) {
  (void)e;
  held++;
}

static const struct gw_exchange_ops exchange_ops = {.answer = fake_answer, .hold = fake_hold};

/* ---- a session ---- */

void gw_carrier_detach(struct gw_carrier *c, bool is_over) {
  (void)c;
  if (carrier) was_over = is_over;
  carrier = NULL;
}

/* ---- */

static int set_up(void **state) {
  (void)state;
  assert_int_equal(gw_loop_new(&loop), 0);
  head = (struct gw_http_head){.method = GW_HTTP_GET};
  exchange = (struct gw_exchange){.ops = &exchange_ops, .head = &head, .loop = loop};
  status = answers = held = 0;
  carrier = NULL;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  gw_loop_turn(loop, 0);
  gw_loop_free(loop);
  return 0;
}

static struct gw_channel_request request;

static void ask(unsigned wait, unsigned limit) {
  const struct gw_place place = {.loop = loop};
  request = (struct gw_channel_request){
      .channel = GW_STR("a"), .has_after = true, .has_wait = true, .wait = wait, .limit = limit};
  assert_true(gw_transport_longpoll.is_asked(&exchange, &request));
  gw_transport_longpoll.serve(&exchange, &place, &request);
}

static const struct gw_recovery nothing = {.cursor = {"000000000000", 7}, .is_recovered = true};

static void ask_at_7(unsigned wait, unsigned limit) {
  ask(wait, limit);
  assert_int_equal(held, 1);
  carrier->ops->on_subscribed(carrier, NULL, 0, &nothing);
}

static int push_offset(uint64_t offset, const char *payload) {
  struct gw_publication *publication = gw_publication_new(
      &(struct gw_publication_parts){.channel = GW_STR("a"), .payload = gw_str_of(payload)});
  assert_non_null(publication);
  publication->cursor = (struct gw_cursor){"000000000000", offset};
  int given = carrier->ops->push(carrier, NULL, publication);
  gw_publication_unref(publication);
  return given;
}

/* What is told before the list. */
static void expect(const char *told) {
  assert_int_equal(status, 200);
  assert_int_equal(answers, 1);
  assert_memory_equal(body, told, strlen(told));
}

/* ---- tests ---- */

static void what_comes_in_one_turn_is_one_answer(void **state) {
  (void)state;
  ask_at_7(30, 0);
  gw_loop_turn(loop, 0);
  assert_int_equal(answers, 0);
  assert_int_equal(push_offset(8, "x"), 0);
  assert_int_equal(push_offset(9, "y"), 0);
  assert_int_equal(answers, 0);
  gw_loop_turn(loop, 0);
  expect("{\"channel\":\"a\",\"cursor\":\"000000000000:9\",\"recovered\":true,\"publications\":[");
  assert_non_null(strstr(body, "\"text\":\"x\""));
  assert_non_null(strstr(body, "\"text\":\"y\""));
  assert_non_null(strstr(headers, "Preference-Applied: wait=30\r\n"));
  assert_non_null(strstr(headers, "Godwit-Session: AbC-_9AbC-_9AbC-_9AbC-_9\r\n"));
  assert_true(was_over);
}

static void the_wait_is_over(void **state) {
  (void)state;
  ask_at_7(1, 0);
  for (uint64_t end = gw_loop_now(loop) + 10000; answers == 0 && gw_loop_now(loop) < end;)
    gw_loop_turn(loop, 50);
  expect(
      "{\"channel\":\"a\",\"cursor\":\"000000000000:7\",\"recovered\":true,\"publications\":[]}");
}

static void what_was_missed_is_answered_at_once(void **state) {
  (void)state;
  ask(30, 0);
  const struct gw_recovery lost = {
      .cursor = {"000000000000", 7}, .is_missed_known = true, .missed = 4, .n = 1};
  carrier->ops->on_subscribed(carrier, NULL, 0, &lost);
  push_offset(8, "x");
  gw_loop_turn(loop, 0);
  expect("{\"channel\":\"a\",\"cursor\":\"000000000000:8\",\"recovered\":false,\"missed\":4,");
}

static void a_cursor_that_is_lost_is_answered_though_nothing_is_kept(void **state) {
  (void)state;
  ask(30, 0);
  const struct gw_recovery lost = {.cursor = {"000000000000", 0}};
  carrier->ops->on_subscribed(carrier, NULL, 0, &lost);
  gw_loop_turn(loop, 0);
  expect(
      "{\"channel\":\"a\",\"cursor\":\"000000000000:0\",\"recovered\":false,\"publications\":[]}");
}

/* Who has no cursor but will come back gets all that is kept, at once. */
static void a_session_begins_without_a_cursor(void **state) {
  (void)state;
  const struct gw_place place = {.loop = loop};
  request = (struct gw_channel_request){
      .channel = GW_STR("a"), .has_wait = true, .wait = 30, .will_resume = true};
  gw_transport_longpoll.serve(&exchange, &place, &request);
  const struct gw_recovery all = {.cursor = {"000000000000", 7}};
  carrier->ops->on_subscribed(carrier, NULL, 0, &all);
  push_offset(8, "x");
  gw_loop_turn(loop, 0);
  expect("{\"channel\":\"a\",\"cursor\":\"000000000000:8\",\"recovered\":true,\"publications\":[{");
  assert_false(was_over);
}

static void no_more_than_the_limit(void **state) {
  (void)state;
  ask_at_7(30, 2);
  push_offset(8, "x");
  assert_non_null(carrier);
  push_offset(9, "y");
  assert_null(carrier); /* the session stands behind what is given */
  gw_loop_turn(loop, 0);
  expect("{\"channel\":\"a\",\"cursor\":\"000000000000:9\"");
}

static void no_more_than_fits(void **state) {
  (void)state;
  static char payload[300 * 1024];
  memset(payload, 'x', sizeof payload - 1);
  ask_at_7(30, 0);
  for (unsigned i = 0; i < 4; i++)
    push_offset(8 + i, payload);
  assert_null(carrier);
  gw_loop_turn(loop, 0);
  expect("{\"channel\":\"a\",\"cursor\":\"000000000000:11\"");
}

static void a_gap_stands_before_the_list_only(void **state) {
  (void)state;
  const struct gw_recovery gap = {
      .cursor = {"000000000000", 12}, .is_missed_known = true, .missed = 5};
  ask_at_7(30, 0);
  assert_true(carrier->ops->on_gap(carrier, NULL, &gap));
  push_offset(13, "x");
  assert_false(carrier->ops->on_gap(carrier, NULL, &gap));
  assert_false(carrier->ops->is_waiting(carrier));
  gw_loop_turn(loop, 0);
  expect("{\"channel\":\"a\",\"cursor\":\"000000000000:13\",\"recovered\":false,\"missed\":5,");
}

static void a_client_that_goes_is_not_answered(void **state) {
  (void)state;
  ask_at_7(30, 0);
  push_offset(8, "x");
  exchange.events->on_gone(exchange.events_user);
  assert_null(carrier);
  gw_loop_turn(loop, 0);
  assert_int_equal(answers, 0);
}

static void a_server_that_stops_answers_at_once(void **state) {
  (void)state;
  ask_at_7(30, 0);
  push_offset(8, "x");
  exchange.events->on_stop(exchange.events_user);
  expect("{\"channel\":\"a\",\"cursor\":\"000000000000:8\"");
  gw_loop_turn(loop, 0);
  assert_int_equal(answers, 1);
}

static void before_the_subscription_stands_an_end_is_a_problem(void **state) {
  (void)state;
  ask(30, 0);
  exchange.events->on_stop(exchange.events_user);
  assert_int_equal(status, 503);
  exchange = (struct gw_exchange){.ops = &exchange_ops, .head = &head, .loop = loop};
  ask(30, 0);
  carrier->ops->on_subscribed(carrier, NULL, GW_ERR_MEMORY, NULL);
  assert_int_equal(status, 503);
  assert_null(carrier);
}

static void is_asked_where_there_is_something_to_wait_for(void **state) {
  (void)state;
  request = (struct gw_channel_request){.has_wait = true, .wait = 5, .has_after = true};
  assert_true(gw_transport_longpoll.is_asked(&exchange, &request));
  request.has_after = false;
  assert_false(gw_transport_longpoll.is_asked(&exchange, &request));
  request.will_resume = true;
  assert_true(gw_transport_longpoll.is_asked(&exchange, &request));
  head.method = GW_HTTP_HEAD;
  assert_false(gw_transport_longpoll.is_asked(&exchange, &request));
  head.method = GW_HTTP_GET;
  request.wait = 0;
  assert_false(gw_transport_longpoll.is_asked(&exchange, &request));
}

static void without_memory(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    exchange = (struct gw_exchange){.ops = &exchange_ops, .head = &head, .loop = loop};
    status = answers = held = 0;
    struct gw_publication *publication = gw_publication_new(
        &(struct gw_publication_parts){.channel = GW_STR("a"), .payload = GW_STR("x")});
    publication->cursor = (struct gw_cursor){"000000000000", 8};
    alloc_fail_at(nth);
    ask(30, 0);
    int given = 0;
    if (carrier) {
      carrier->ops->on_subscribed(carrier, NULL, 0, &nothing);
      given = carrier->ops->push(carrier, NULL, publication);
    }
    if (given < 0) carrier->ops->end(carrier, GW_CLOSE_FAILED);
    gw_loop_turn(loop, 0);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    gw_publication_unref(publication);
    assert_int_equal(answers, 1);
    assert_int_equal(status, has_failed ? 503 : 200);
    if (!has_failed) break;
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(what_comes_in_one_turn_is_one_answer),
      TEST(the_wait_is_over),
      TEST(what_was_missed_is_answered_at_once),
      TEST(a_cursor_that_is_lost_is_answered_though_nothing_is_kept),
      TEST(a_session_begins_without_a_cursor),
      TEST(no_more_than_the_limit),
      TEST(no_more_than_fits),
      TEST(a_gap_stands_before_the_list_only),
      TEST(a_client_that_goes_is_not_answered),
      TEST(a_server_that_stops_answers_at_once),
      TEST(before_the_subscription_stands_an_end_is_a_problem),
      TEST(is_asked_where_there_is_something_to_wait_for),
      TEST(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
