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

static void add_field(struct gw_http_head *head, const char *name, const char *value) {
  if (value)
    head->fields[head->n_fields++] = (struct gw_http_field){gw_str_of(name), gw_str_of(value)};
}

/* `target` as in a request line, of the fields those that are not NULL. */
static int read_with(const char *target, const char *last_id, const char *prefer,
                     const char *prefer_too) {
  struct gw_http_head head = {.n_fields = 0};
  add_field(&head, "Last-Event-ID", last_id);
  add_field(&head, "Prefer", prefer);
  add_field(&head, "Prefer", prefer_too);
  struct gw_str text = gw_str_of(target);
  const char *mark = memchr(text.at, '?', text.len);
  struct gw_exchange exchange = {.head = &head};
  head.path = text;
  if (mark) {
    head.path.len = (size_t)(mark - text.at);
    head.query = gw_str_of(mark + 1);
  }
  const char *problem = NULL;
  int err = gw_channel_request_read(&exchange, &request, &problem);
  assert_int_equal(problem == NULL, err == 0);
  return err;
}

static int read_request(const char *target, const char *last_id) {
  return read_with(target, last_id, NULL, NULL);
}

static void presence(void **state) {
  (void)state;
  assert_int_equal(read_request("/channels/a/b/presence", NULL), 0);
  assert_true(gw_str_is(request.channel, "a/b"));
  assert_true(request.is_presence);
  const char *names[] = {"/channels/presence", "/channels/a%2Fpresence", "/channels/a/presence%20",
                         "/channels/a/my-presence"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(read_request(names[i], NULL), 0);
    assert_false(request.is_presence);
  }
  assert_int_equal(read_request("/channels//presence", NULL), GW_ERR_ARGUMENT);
}

static void users(void **state) {
  (void)state;
  assert_int_equal(read_request("/users/ann%20lee?event=call", NULL), 0);
  assert_true(gw_str_is(request.channel, "inbox:ann lee"));
  assert_true(gw_str_is(request.user, "ann lee"));
  assert_true(gw_str_is(request.event, "call"));
  assert_int_equal(read_request("/users/a/presence", NULL), 0);
  assert_true(gw_str_is(request.user, "a/presence"));
  assert_int_equal(read_request("/channels/inbox:ann", NULL), 0);
  assert_null(request.user.at);
  char longest[160] = "/users/";
  memset(longest + 7, 'u', GW_USER_MAX);
  assert_int_equal(read_request(longest, NULL), 0);
  memset(longest + 7, 'u', GW_USER_MAX + 1);
  assert_int_equal(read_request(longest, NULL), GW_ERR_ARGUMENT);
  const char *wrong[] = {"/users/", "/users/a/", "/users/a%0A", "/users/%FF", "/user/a"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(read_request(wrong[i], NULL), GW_ERR_ARGUMENT);
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

/* RFC 7240: a list in one field or several, names in any case, words quoted or not, the first of
 * its kind counts, what makes no sense is passed over. */
static void preferences(void **state) {
  (void)state;
  static const struct {
    const char *prefer, *too;
    int wait; /* below 0: none */
  } cases[] = {
      {NULL, NULL, -1},
      {"wait=30", NULL, 30},
      {"respond-async, wait=10", NULL, 10}, /* section 4.3's example */
      {"respond-async", "wait=10", 10},
      {"Lenient", "respond-async;x=\"a,wait=9\" , WAIT = \"7\"; foo; wait=8", 7},
      {"wait=0", NULL, 0},
      {"wait=120", NULL, 120},
      {"wait=121", NULL, 120},
      {"wait=99999999999999999999999", NULL, 120},
      {"wait", NULL, -1},
      {"wait=", NULL, -1},
      {"wait=\"\"", NULL, -1},
      {"wait=ten", "wait=10", -1},
      {"wait=5", "wait=10", 5},
      {"wait=-1", NULL, -1},
      {"wait=1.5", NULL, -1},
      {"wait=5;", NULL, 5},
      {"waits=5, =5, ;wait=6", NULL, -1},
      {"foo=\"wait=5", NULL, -1},
      {"", ",,,", -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(read_with("/channels/a", NULL, cases[i].prefer, cases[i].too), 0);
    assert_int_equal(request.has_wait ? (int)request.wait : -1, cases[i].wait);
  }
}

static void waits(void **state) {
  (void)state;
  assert_int_equal(read_with("/channels/a?wait=30", NULL, NULL, NULL), 0);
  assert_true(request.has_wait);
  assert_int_equal(request.wait, 30);
  assert_int_equal(read_with("/channels/a?wait=300", NULL, "wait=x", NULL), 0);
  assert_int_equal(request.wait, 120);
  assert_int_equal(read_with("/channels/a?wait=30", NULL, "wait=5", NULL), 0);
  assert_int_equal(request.wait, 5);
  const char *wrong[] = {"wait", "wait=", "wait=-1", "wait=1s", "wait=%31", "wait=1.0"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char target[64];
    snprintf(target, sizeof target, "/channels/a?%s", wrong[i]);
    assert_int_equal(read_with(target, NULL, "wait=5", NULL), GW_ERR_ARGUMENT);
  }
}

static void sessions(void **state) {
  (void)state;
  assert_int_equal(read_request("/channels/a", NULL), 0);
  assert_false(request.will_resume);
  assert_null(request.session.at);
  assert_int_equal(read_request("/channels/a?session=new", NULL), 0);
  assert_true(request.will_resume);
  assert_null(request.session.at);
  assert_int_equal(read_request("/channels/a?session=AbC-_9AbC-_9AbC-_9AbC-_9", NULL), 0);
  assert_true(request.will_resume);
  assert_true(gw_str_is(request.session, "AbC-_9AbC-_9AbC-_9AbC-_9"));
  assert_int_equal(read_request("/channels/a?session=", NULL), GW_ERR_ARGUMENT);
  assert_int_equal(read_request("/channels/a?session=%zz", NULL), GW_ERR_ARGUMENT);
  char longest[100] = "/channels/a?session=";
  memset(longest + 20, 'x', 65);
  assert_int_equal(read_request(longest, NULL), GW_ERR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(presence),    cmocka_unit_test(users),           cmocka_unit_test(channels),
      cmocka_unit_test(cursors),     cmocka_unit_test(limits_and_echo), cmocka_unit_test(events),
      cmocka_unit_test(preferences), cmocka_unit_test(waits),           cmocka_unit_test(sessions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
