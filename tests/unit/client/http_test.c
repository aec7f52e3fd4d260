/* SPDX-License-Identifier: MIT */
/* A client against servers made of bytes: answers of every framing split at every byte, kept
 * connections, every way to fail, and deeds inside every event. One thread. */
#include "client/http.c"

#include "support/alloc.h"
#include "support/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum event { AT_NONE, AT_HEAD, AT_BODY, AT_END };
enum deed { CANCEL, FREE };

static struct place {
  struct gw_loop *loop;
  struct gw_http_client *client;
  struct peer peer;
  int listener;
  unsigned port;
  char url[64];
  enum event at;
  enum deed deed;
  unsigned heads, ends, status;
  int err;
  char body[256], reason[200];
  size_t body_len;
} place;

static bool do_deed(enum event at) {
  struct place *p = &place;
  if (p->at != at || !p->client) return false;
  if (p->deed == CANCEL) gw_http_client_cancel(p->client);
  if (p->deed == FREE) gw_http_client_free(p->client);
  if (p->deed == FREE) p->client = NULL;
  return true;
}

static void on_test_head(void *owner, const struct gw_http_head *head) {
  assert_ptr_equal(owner, &place);
  place.heads++;
  place.status = head->status;
  do_deed(AT_HEAD);
}

static void on_test_body(void *owner, const char *data, size_t len) {
  (void)owner;
  assert_true(len > 0 && place.body_len + len < sizeof place.body);
  memcpy(place.body + place.body_len, data, len);
  place.body_len += len;
  place.body[place.body_len] = '\0';
  do_deed(AT_BODY);
}

static void on_test_end(void *owner, int err, const char *reason) {
  (void)owner;
  place.ends++;
  place.err = err;
  snprintf(place.reason, sizeof place.reason, "%s", reason);
  do_deed(AT_END);
}

static const struct gw_http_client_events test_events = {
    .on_head = on_test_head, .on_body = on_test_body, .on_end = on_test_end};

static struct place *begin(void) {
  struct place *p = &place;
  *p = (struct place){.peer.fd = -1};
  assert_int_equal(gw_loop_new(&p->loop), 0);
  p->listener = peer_listen(&p->port);
  snprintf(p->url, sizeof p->url, "http://127.0.0.1:%u/path?q", p->port);
  assert_int_equal(gw_http_client_new(p->loop, NULL, &test_events, p, &p->client), 0);
  return p;
}

static void finish(struct place *p) {
  gw_http_client_free(p->client);
  while (gw_client_side_is_used(p->loop))
    gw_loop_turn(p->loop, 1);
  gw_loop_free(p->loop);
  peer_close(&p->peer);
  close(p->listener);
}

static struct gw_http_ask get(const struct place *p) {
  return (struct gw_http_ask){.url = gw_str_of(p->url)};
}

static void ask(struct place *p, struct gw_http_ask ask) {
  p->status = 0;
  p->body_len = 0;
  p->body[0] = '\0';
  assert_int_equal(gw_http_client_ask(p->client, &ask), 0);
}

static void wait_end(struct place *p, unsigned ends) {
  PEER_UNTIL(p->loop, p->ends == ends);
}

/* ---- the good way ---- */

static void a_request_says_what_it_was_told_to(void **state) {
  (void)state;
  struct place *p = begin();
  const struct gw_http_field fields[] = {{GW_STR("Accept"), GW_STR("x/y")},
                                         {GW_STR("X-A"), GW_STR("b c")}};
  ask(p, (struct gw_http_ask){.method = GW_STR("POST"),
                              .url = gw_str_of(p->url),
                              .fields = fields,
                              .n_fields = 2,
                              .body = GW_STR("the body")});
  assert_int_equal(gw_http_client_ask(p->client, &(struct gw_http_ask){.url = gw_str_of(p->url)}),
                   GW_ERR_STATE);
  peer_accept(&p->peer, p->loop, p->listener);
  char expected[256];
  snprintf(expected, sizeof expected,
           "POST /path?q HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: x/y\r\nX-A: b c\r\n"
           "Content-Length: 8\r\n\r\n",
           p->port);
  assert_string_equal(peer_head(&p->peer), expected);
  assert_string_equal(peer_take(&p->peer, 8), "the body");
  peer_say(&p->peer, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
  wait_end(p, 1);
  assert_int_equal(p->err, 0);
  assert_int_equal(p->status, 201);
  assert_string_equal(p->body, "ok");
  finish(p);
}

static void answers_of_every_framing_split_at_every_byte(void **state) {
  (void)state;
  static const char *const answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: "
      "v\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  };
  struct place *p = begin();
  unsigned asked = 0;
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    size_t len = strlen(answers[i]);
    for (size_t at = 0; at <= len; at++) { /* all on one connection */
      ask(p, get(p));
      if (asked++ == 0) peer_accept(&p->peer, p->loop, p->listener);
      peer_head(&p->peer);
      peer_send(&p->peer, answers[i], at);
      gw_loop_turn(p->loop, 0);
      gw_loop_turn(p->loop, 0);
      peer_send(&p->peer, answers[i] + at, len - at);
      wait_end(p, asked);
      assert_int_equal(p->err, 0);
      assert_int_equal(p->status, 200);
      assert_string_equal(p->body, "hello");
    }
  }
  assert_int_equal(p->heads, asked);
  finish(p);
}

static void a_body_may_go_on_until_the_end(void **state) {
  (void)state;
  struct place *p = begin();
  ask(p, get(p));
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\n\r\nhel");
  PEER_UNTIL(p->loop, p->body_len == 3);
  peer_say(&p->peer, "lo");
  peer_close(&p->peer);
  wait_end(p, 1);
  assert_int_equal(p->err, 0);
  assert_string_equal(p->body, "hello");
  finish(p);
}

static void answers_without_a_body(void **state) {
  (void)state;
  struct place *p = begin();
  ask(p, (struct gw_http_ask){.method = GW_STR("HEAD"), .url = gw_str_of(p->url)});
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  wait_end(p, 1);
  ask(p, get(p));
  peer_head(&p->peer);
  peer_say(&p->peer, "HTTP/1.1 204 No Content\r\n\r\n");
  wait_end(p, 2);
  assert_int_equal(p->err, 0);
  finish(p);
}

static void a_unix_socket_serves_as_well(void **state) {
  (void)state;
  struct place *p = begin();
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/tmp/godwit-http-%d", (int)getpid());
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(listener, 1), 0);
  gw_http_client_free(p->client);
  const struct gw_http_client_options options = {.unix_path = address.sun_path};
  assert_int_equal(gw_http_client_new(p->loop, &options, &test_events, p, &p->client), 0);
  ask(p, (struct gw_http_ask){.url = GW_STR("http://name/x")});
  peer_accept(&p->peer, p->loop, listener);
  assert_string_equal(peer_head(&p->peer), "GET /x HTTP/1.1\r\nHost: name\r\n\r\n");
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  wait_end(p, 1);
  assert_string_equal(p->body, "ok");
  close(listener);
  unlink(address.sun_path);
  finish(p);
}

/* ---- kept connections ---- */

static void a_connection_that_says_close_is_not_kept(void **state) {
  (void)state;
  struct place *p = begin();
  for (unsigned i = 1; i <= 2; i++) {
    ask(p, get(p));
    peer_accept(&p->peer, p->loop, p->listener);
    peer_head(&p->peer);
    peer_say(&p->peer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    wait_end(p, i);
    peer_expect_end(&p->peer);
    peer_close(&p->peer);
  }
  finish(p);
}

static void a_kept_connection_that_is_dead_is_replaced(void **state) {
  (void)state;
  struct place *p = begin();
  ask(p, get(p));
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  wait_end(p, 1);
  struct gw_http_ask again = get(p);
  again.may_repeat = true;
  ask(p, again); /* before the end below is seen */
  peer_close(&p->peer);
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
  wait_end(p, 2);
  assert_int_equal(p->err, 0);
  ask(p, get(p)); /* not without leave */
  peer_head(&p->peer);
  peer_close(&p->peer);
  wait_end(p, 3);
  assert_int_equal(p->err, GW_ERR_RESET);
  finish(p);
}

static void bytes_behind_an_answer_are_no_answer(void **state) {
  (void)state;
  struct place *p = begin();
  static const char *const late[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 666 x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
  for (unsigned i = 0; i < 2; i++) {
    ask(p, get(p));
    peer_accept(&p->peer, p->loop, p->listener);
    peer_head(&p->peer);
    peer_say(&p->peer, late[i]);
    wait_end(p, i + 1);
    assert_int_equal(p->status, 200);
    if (i == 1) peer_say(&p->peer, "HTTP/1.1 666 x\r\n\r\n"); /* while nothing is asked */
    while (!p->peer.has_ended)
      peer_more(&p->peer, peer_clock() + PEER_WAIT_MS);
    peer_close(&p->peer);
  }
  finish(p);
}

/* ---- what cannot be asked for (security.md 6) ---- */

static void what_would_break_the_head_is_refused(void **state) {
  (void)state;
  struct place *p = begin();
  static const char *const urls[] = {"",
                                     "nonsense",
                                     "ftp://a/",
                                     "http://",
                                     "http://a:99999/",
                                     "http://a/\r\nX: y",
                                     "http://a/ b",
                                     "http://a/#f",
                                     "http://a/\x01"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
    if (gw_http_client_ask(p->client, &(struct gw_http_ask){.url = gw_str_of(urls[i])}) !=
        GW_ERR_ARGUMENT)
      fail_msg("taken: %s", urls[i]);
  static const struct gw_http_field fields[] = {{GW_STR("X"), GW_STR("a\r\nY: z")},
                                                {GW_STR("X"), GW_STR("a\n")},
                                                {GW_STR("X\r\n"), GW_STR("a")},
                                                {GW_STR("X Y"), GW_STR("a")},
                                                {GW_STR(""), GW_STR("a")},
                                                {GW_STR("X"), GW_STR("a\0b")},
                                                {GW_STR("Host"), GW_STR("evil")},
                                                {GW_STR("content-length"), GW_STR("5")},
                                                {GW_STR("Transfer-Encoding"), GW_STR("chunked")},
                                                {GW_STR("Connection"), GW_STR("close")}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    struct gw_http_ask bad = get(p);
    bad.fields = &fields[i];
    bad.n_fields = 1;
    assert_int_equal(gw_http_client_ask(p->client, &bad), GW_ERR_ARGUMENT);
  }
  struct gw_http_ask bad = get(p);
  bad.method = GW_STR("GET /x HTTP/1.1\r\nX:");
  assert_int_equal(gw_http_client_ask(p->client, &bad), GW_ERR_ARGUMENT);
  for (int i = 0; i < 5; i++)
    gw_loop_turn(p->loop, 1);
  assert_int_equal(recv(p->listener, p->body, 1, MSG_DONTWAIT), -1);
  assert_int_equal(p->ends, 0);
  finish(p);
}

/* ---- what goes wrong ---- */

static void wrong_answers_are_errors(void **state) {
  (void)state;
  static const struct {
    const char *answer;
    int err;
  } cases[] = {
      {"nonsense\r\n\r\n", GW_ERR_HTTP_SYNTAX},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", GW_ERR_HTTP_SYNTAX},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", GW_ERR_HTTP_SYNTAX},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", GW_ERR_HTTP_SYNTAX},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", GW_ERR_HTTP_SYNTAX},
      {"HTTP/2.0 200 OK\r\n\r\n", GW_ERR_HTTP_VERSION},
  };
  struct place *p = begin();
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    ask(p, get(p));
    peer_accept(&p->peer, p->loop, p->listener);
    peer_head(&p->peer);
    peer_say(&p->peer, cases[i].answer);
    wait_end(p, i + 1);
    if (p->err != cases[i].err) fail_msg("%d for %s", p->err, cases[i].answer);
    peer_close(&p->peer);
  }
  finish(p);
}

static void heads_without_end_are_refused(void **state) {
  (void)state;
  struct place *p = begin();
  char line[1002];
  ask(p, get(p));
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  memset(line, 'x', sizeof line);
  memcpy(line, "X: ", 3);
  memcpy(line + 1000, "\r\n", 2);
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 17; i++)
    peer_send(&p->peer, line, sizeof line);
  wait_end(p, 1);
  assert_int_equal(p->err, GW_ERR_HTTP_HEADERS_LARGE);
  peer_close(&p->peer);
  ask(p, get(p));
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  for (int i = 0; i < 20; i++)
    peer_say(&p->peer, "HTTP/1.1 102 Processing\r\n\r\n");
  wait_end(p, 2);
  assert_int_equal(p->err, GW_ERR_HTTP_SYNTAX);
  finish(p);
}

static void a_connection_cut_at_any_byte_is_an_error(void **state) {
  (void)state;
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell";
  struct place *p = begin();
  unsigned n = 0;
  for (size_t at = 0; at < sizeof answer; at += 5) {
    ask(p, get(p));
    peer_accept(&p->peer, p->loop, p->listener);
    peer_head(&p->peer);
    peer_send(&p->peer, answer, at);
    if (at % 2)
      peer_close(&p->peer);
    else
      peer_reset(&p->peer);
    wait_end(p, ++n);
    assert_int_equal(p->err, GW_ERR_RESET);
  }
  finish(p);
}

static void a_server_that_is_silent_is_given_up(void **state) {
  (void)state;
  struct place *p = begin();
  struct gw_http_ask quick = get(p);
  quick.timeout_ms = 20;
  quick.quiet_ms = 20;
  ask(p, quick);
  wait_end(p, 1);
  assert_int_equal(p->err, GW_ERR_TIMEOUT);
  peer_accept(&p->peer, p->loop, p->listener);
  peer_close(&p->peer);
  quick.timeout_ms = 5000;
  ask(p, quick);
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh");
  wait_end(p, 2);
  assert_int_equal(p->err, GW_ERR_TIMEOUT);
  assert_string_equal(p->body, "h");
  finish(p);
}

static void nobody_there_is_an_error(void **state) {
  (void)state;
  struct place *p = begin();
  close(p->listener);
  ask(p, get(p));
  wait_end(p, 1);
  assert_int_equal(p->err, GW_ERR_CONNECT);
  p->listener = peer_listen(&p->port);
  finish(p);
}

/* ---- deeds ---- */

static void cancel_and_free_are_safe_in_every_event(void **state) {
  (void)state;
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (int at = AT_NONE; at <= AT_END; at++)
    for (int deed = CANCEL; deed <= FREE; deed++)
      for (size_t cut = 0; cut < sizeof answer; cut += 13) {
        struct place *p = begin();
        p->at = (enum event)at;
        p->deed = (enum deed)deed;
        ask(p, get(p));
        peer_accept(&p->peer, p->loop, p->listener);
        peer_head(&p->peer);
        peer_send(&p->peer, answer, cut);
        gw_loop_turn(p->loop, 0);
        gw_loop_turn(p->loop, 0);
        peer_send(&p->peer, answer + cut, sizeof answer - 1 - cut);
        if (at == AT_NONE || at == AT_END)
          wait_end(p, 1);
        else
          PEER_UNTIL(p->loop, at == AT_HEAD ? p->heads == 1 : p->body_len > 0);
        if (at == AT_HEAD || at == AT_BODY) assert_int_equal(p->ends, 0);
        finish(p);
      }
}

static void a_cancelled_client_can_be_asked_again(void **state) {
  (void)state;
  struct place *p = begin();
  ask(p, get(p));
  gw_http_client_cancel(p->client); /* while it dials */
  ask(p, get(p));
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  gw_http_client_cancel(p->client);
  peer_expect_end(&p->peer);
  peer_close(&p->peer);
  ask(p, get(p));
  peer_accept(&p->peer, p->loop, p->listener);
  peer_head(&p->peer);
  peer_say(&p->peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  wait_end(p, 1);
  assert_int_equal(p->err, 0);
  finish(p);
}

static void a_failed_allocation_is_an_error(void **state) {
  (void)state;
  for (unsigned n = 1;; n++) {
    struct place *p = begin();
    alloc_fail_at(n);
    int r = gw_http_client_ask(p->client, &(struct gw_http_ask){.url = gw_str_of(p->url)});
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (has_failed) assert_int_equal(r, GW_ERR_MEMORY);
    finish(p);
    if (!has_failed) return;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_says_what_it_was_told_to),
      cmocka_unit_test(answers_of_every_framing_split_at_every_byte),
      cmocka_unit_test(a_body_may_go_on_until_the_end),
      cmocka_unit_test(answers_without_a_body),
      cmocka_unit_test(a_unix_socket_serves_as_well),
      cmocka_unit_test(a_connection_that_says_close_is_not_kept),
      cmocka_unit_test(a_kept_connection_that_is_dead_is_replaced),
      cmocka_unit_test(bytes_behind_an_answer_are_no_answer),
      cmocka_unit_test(what_would_break_the_head_is_refused),
      cmocka_unit_test(wrong_answers_are_errors),
      cmocka_unit_test(heads_without_end_are_refused),
      cmocka_unit_test(a_connection_cut_at_any_byte_is_an_error),
      cmocka_unit_test(a_server_that_is_silent_is_given_up),
      cmocka_unit_test(nobody_there_is_an_error),
      cmocka_unit_test(cancel_and_free_are_safe_in_every_event),
      cmocka_unit_test(a_cancelled_client_can_be_asked_again),
      cmocka_unit_test(a_failed_allocation_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
