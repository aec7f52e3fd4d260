/* SPDX-License-Identifier: MIT */
/* Requests for a channel: what is read, and what is refused. */
#include "transport/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "http/exchange.h"

static struct gw_channel_request request;

/* `target` as in a request line, `last_id` NULL for none. */
static int read_request(const char *target, const char *last_id) {
  struct gw_http_head head = {.n_fields = 0};
  if (last_id)
    head.fields[head.n_fields++] =
        (struct gw_http_field){GW_STR("Last-Event-ID"), gw_str_of(last_id)};
  struct gw_str text = gw_str_of(target);
  const char *mark = memchr(text.at, '?', text.len);
  struct gw_exchange exchange = {.head = &head, .path = text};
  if (mark) {
    exchange.path.len = (size_t)(mark - text.at);
    exchange.query = gw_str_of(mark + 1);
  }
  const char *problem = NULL;
  int err = gw_channel_request_read(&exchange, &request, &problem);
  assert_int_equal(problem == NULL, err == 0);
  return err;
}

static void channels(void **state) {
  (void)state;
  assert_int_equal(read_request("/channels/lobby", NULL), 0);
  assert_true(gw_str_is(request.channel, "lobby"));
  assert_false(request.has_after);
  assert_int_equal(request.limit, 0);
  assert_null(request.event.at);
  assert_int_equal(read_request("/channels/a/b%2Fc+d%20e", NULL), 0);
  assert_true(gw_str_is(request.channel, "a/b/c+d e"));
  const char *wrong[] = {"/channels/",
                         "/channels//a",
                         "/channels/a/",
                         "/channels/a%2f",
                         "/channels/a%0Ab",
                         "/channels/a%00",
                         "/channels/%ff",
                         "/channels/a%2",
                         "/channels/a%zz",
                         "/channels",
                         "/",
                         "/channel/a",
                         "/channels/%C2%85"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(read_request(wrong[i], NULL), GW_ERR_ARGUMENT);
  char longest[300] = "/channels/";
  memset(longest + 10, 'x', 255);
  assert_int_equal(read_request(longest, NULL), 0);
  longest[265] = 'x';
  assert_int_equal(read_request(longest, NULL), GW_ERR_ARGUMENT);
}

static void cursors(void **state) {
  (void)state;
  assert_int_equal(read_request("/channels/a?x=1&after=0aZ9bY8cX7dW%3A12&y", NULL), 0);
  assert_true(request.has_after);
  assert_int_equal(request.after.offset, 12);
  assert_int_equal(read_request("/channels/a?after=0aZ9bY8cX7dW:12", "0aZ9bY8cX7dW:13"), 0);
  assert_int_equal(request.after.offset, 13);
  assert_int_equal(read_request("/channels/a?after=0aZ9bY8cX7dW:12", ""), 0);
  assert_int_equal(request.after.offset, 12);
  assert_int_equal(read_request("/channels/a?after=", NULL), GW_ERR_ARGUMENT);
  assert_int_equal(read_request("/channels/a?after", NULL), GW_ERR_ARGUMENT);
  assert_int_equal(read_request("/channels/a?after=12", NULL), GW_ERR_ARGUMENT);
  assert_int_equal(read_request("/channels/a", "12"), GW_ERR_ARGUMENT);
  assert_int_equal(
      read_request("/channels/a?after=000000000000000000000000000000000000000000000000", NULL),
      GW_ERR_ARGUMENT);
}

static void limits_and_echo(void **state) {
  (void)state;
  assert_int_equal(read_request("/channels/a?limit=10&echo=no", NULL), 0);
  assert_int_equal(request.limit, 10);
  assert_true(request.is_silent);
  assert_int_equal(read_request("/channels/a?echo=yes", NULL), 0);
  assert_false(request.is_silent);
  const char *wrong[] = {"limit=0",
                         "limit=",
                         "limit",
                         "limit=-1",
                         "limit=1x",
                         "limit=1000000",
                         "limit=99999999999999999999",
                         "echo=",
                         "echo=maybe"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char target[64];
    snprintf(target, sizeof target, "/channels/a?%s", wrong[i]);
    assert_int_equal(read_request(target, NULL), GW_ERR_ARGUMENT);
  }
}

static void events(void **state) {
  (void)state;
  assert_int_equal(read_request("/channels/a?event=chat+message%21", NULL), 0);
  assert_true(gw_str_is(request.event, "chat message!"));
  assert_int_equal(read_request("/channels/a?event=", NULL), GW_ERR_ARGUMENT);
  assert_int_equal(read_request("/channels/a?event=a%0Ab", NULL), GW_ERR_ARGUMENT);
  assert_int_equal(read_request("/channels/a?event=%ff", NULL), GW_ERR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(channels),
      cmocka_unit_test(cursors),
      cmocka_unit_test(limits_and_echo),
      cmocka_unit_test(events),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
