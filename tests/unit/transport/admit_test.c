/* SPDX-License-Identifier: MIT */
/* Who asks: what a request says of it, and where its connection comes from. */
#include "transport/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "http/exchange.h"
#include "support/peer.h"

static int fd = -1;
static struct gw_stream *lower(const struct gw_stream *stream) {
  (void)stream;
  return NULL;
}
static int fd_of(const struct gw_stream *stream) {
  (void)stream;
  return fd;
}
static const struct gw_stream_ops stream_ops = {.lower = lower, .fd = fd_of};
static struct gw_stream stream = {.ops = &stream_ops};
static struct gw_stream *stream_of(const struct gw_exchange *exchange) {
  (void)exchange;
  return &stream;
}
static const struct gw_exchange_ops exchange_ops = {.stream = stream_of};

static struct gw_identity who;

static const char *origin; /* NULL: none */

static int admit(const char *query, const char *first, const char *second) {
  struct gw_rules *rules;
  struct gw_http_head head = {.n_fields = 0, .host = GW_STR("localhost:8000")};
  if (origin)
    head.fields[head.n_fields++] = (struct gw_http_field){GW_STR("Origin"), gw_str_of(origin)};
  struct gw_exchange exchange = {.ops = &exchange_ops, .head = &head};
  const char *problem = NULL;
  if (query) head.query = gw_str_of(query);
  if (first)
    head.fields[head.n_fields++] =
        (struct gw_http_field){GW_STR("Authorization"), gw_str_of(first)};
  if (second)
    head.fields[head.n_fields++] =
        (struct gw_http_field){GW_STR("authorization"), gw_str_of(second)};
  assert_int_equal(gw_rules_new(&rules), 0);
  const struct gw_gate gate = {.rules = rules};
  int err = gw_request_admit(&exchange, &gate, &who, &problem);
  assert_int_equal(problem == NULL, err == 0);
  gw_rules_free(rules);
  return err;
}

static void expect_user(const char *user) {
  struct gw_str found = gw_identity_user(&who);
  assert_int_equal(found.len, strlen(user));
  if (found.len > 0) assert_memory_equal(found.at, user, found.len);
}

static void names(void **state) {
  (void)state;
  assert_int_equal(admit(NULL, NULL, NULL), 0);
  expect_user("");
  assert_int_equal(admit("a=b&user=ann%20b+c%C3%A9", NULL, NULL), 0);
  expect_user("ann b c\xC3\xA9");
  char query[200] = "user=";
  memset(query + 5, 'x', GW_USER_MAX);
  assert_int_equal(admit(query, NULL, NULL), 0);
  expect_user(query + 5);
  query[5 + GW_USER_MAX] = 'x';
  assert_int_equal(admit(query, NULL, NULL), GW_ERR_ARGUMENT);
  const char *wrong[] = {"user", "user=", "user=%", "user=%ff", "user=a%0Ab", "user=a/"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(admit(wrong[i], NULL, NULL), GW_ERR_ARGUMENT);
}

static void bearers(void **state) {
  (void)state;
  assert_int_equal(admit(NULL, "Bearer ann", NULL), 0);
  expect_user("ann");
  assert_int_equal(admit(NULL, "bEARER   ann", NULL), 0);
  expect_user("ann");
  const char *others[] = {"Basic YTpi", "Bearerann", "", "Digest x"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_int_equal(admit(NULL, others[i], NULL), 0);
    expect_user("");
  }
  assert_int_equal(admit(NULL, "Bearer", NULL), GW_ERR_ARGUMENT);
  assert_int_equal(admit(NULL, "Bearer  ", NULL), GW_ERR_ARGUMENT);
  assert_int_equal(admit(NULL, "Bearer ann", "Bearer bob"), GW_ERR_ARGUMENT);
}

/* Development mode: the API is open to this machine. */
static void peers(void **state) {
  (void)state;
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  fd = pair[0];
  assert_int_equal(admit(NULL, NULL, NULL), 0);
  assert_true(who.is_api);
  origin = "http://localhost:8000"; /* a page of our own in a browser here, and one of others */
  assert_int_equal(admit(NULL, NULL, NULL), 0);
  assert_true(who.is_api);
  origin = "http://localhost:8080";
  assert_int_equal(admit(NULL, NULL, NULL), 0);
  assert_false(who.is_api);
  origin = NULL;
  close(pair[0]);
  close(pair[1]);

  unsigned port;
  static struct peer peer;
  int listener = peer_listen(&port);
  peer_connect(&peer, NULL, port);
  fd = peer.fd;
  assert_int_equal(admit(NULL, NULL, NULL), 0);
  assert_true(who.is_api);
  peer_close(&peer);
  close(listener);

  fd = -1; /* a peer that cannot be told */
  assert_int_equal(admit(NULL, NULL, NULL), 0);
  assert_false(who.is_api);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      cmocka_unit_test(bearers),
      cmocka_unit_test(peers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
