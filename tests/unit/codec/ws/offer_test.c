/* SPDX-License-Identifier: MIT */
/* The client's side of the opening handshake, and both sides together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "codec/ws/handshake.h"

static const struct gw_ws_options deflating = {.is_client = true, .deflate.is_enabled = true},
                                  plain = {.is_client = true};
static struct gw_ws_answer answer;
static char text[2048];

static struct gw_ws_offer offer_of(const char *protocols) {
  return (struct gw_ws_offer){
      .host = "example.com:81", .target = "/a?b", .protocols = protocols, .options = &deflating};
}

static bool is(struct gw_ws_slice s, const char *expected) {
  return s.at && s.len == strlen(expected) && memcmp(s.at, expected, s.len) == 0;
}

/* Reads a 101 with the right Accept and these lines behind. */
static int read_answer(const struct gw_ws_offer *offer, const char *lines) {
  char accept[29];
  gw_ws_accept_key(offer->key, 24, accept);
  int n = snprintf(text, sizeof text,
                   "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: %s\r\n%s\r\n", accept,
                   lines);
  return gw_ws_answer_read(text, (size_t)n, offer, &answer);
}

#define UPGRADE "Upgrade: WebSocket\r\nConnection: upgrade\r\n"

static void both_sides_agree(void **state) {
  (void)state;
  struct gw_ws_offer offer = offer_of("chat, godwit.v1");
  offer.origin = "https://example.com";
  offer.headers = "Authorization: Bearer x.y\r\nX-Empty:\r\n";
  char out[1024], reply[512];
  int n = gw_ws_offer_write(&offer, out, sizeof out);
  assert_int_equal(n, strlen(out));
  assert_int_equal(strlen(offer.key), 24);
  assert_memory_equal(out, "GET /a?b HTTP/1.1\r\nHost: example.com:81\r\n", 41);
  assert_non_null(strstr(out, "\r\nAuthorization: Bearer x.y\r\nX-Empty:\r\n\r\n"));
  for (size_t size = 0; size <= (size_t)n; size++)
    assert_int_equal(gw_ws_offer_write(&offer, text, size), GW_ERR_FULL);
  n = gw_ws_offer_write(&offer, out, sizeof out);

  static const struct gw_ws_options server = {.deflate = {.is_enabled = true}};
  struct gw_ws_request request;
  assert_int_equal(gw_ws_request_read(out, (size_t)n, &server, &request), 1);
  assert_true(is(request.origin, "https://example.com"));
  int len = gw_ws_answer_write(&request, "godwit.v1", reply, sizeof reply);
  assert_true(len > 0);
  for (int i = 0; i < len; i++)
    assert_int_equal(gw_ws_answer_read(reply, (size_t)i, &offer, &answer), 0);
  assert_int_equal(gw_ws_answer_read(reply, (size_t)len, &offer, &answer), 1);
  assert_int_equal(answer.status, 101);
  assert_int_equal(answer.head_len, len);
  assert_true(is(answer.protocol, "godwit.v1"));
  assert_true(answer.deflate.is_on);
}

static void keys_are_fresh(void **state) {
  (void)state;
  struct gw_ws_offer a = offer_of(NULL), b = offer_of(NULL);
  assert_true(gw_ws_offer_write(&a, text, sizeof text) > 0);
  assert_true(gw_ws_offer_write(&b, text, sizeof text) > 0);
  assert_string_not_equal(a.key, b.key);
}

static void nothing_that_breaks_the_head_is_sent(void **state) {
  (void)state;
  struct gw_ws_offer offer;
#define REFUSES(field, value)                                                                      \
  offer = offer_of(NULL);                                                                          \
  offer.field = value;                                                                             \
  assert_int_equal(gw_ws_offer_write(&offer, text, sizeof text), GW_ERR_ARGUMENT)
  REFUSES(host, NULL);
  REFUSES(host, "");
  REFUSES(host, "a b");
  REFUSES(host, "a\r\nX: y");
  REFUSES(target, NULL);
  REFUSES(target, "a");
  REFUSES(target, "/a b");
  REFUSES(target, "/a\r\n");
  REFUSES(target, "/a#b");
  REFUSES(target, "/\xC3\xA9");
  REFUSES(origin, "");
  REFUSES(origin, "http://a\n");
  REFUSES(protocols, "");
  REFUSES(protocols, "a b");
  REFUSES(protocols, "a, b, a");
  REFUSES(protocols, "a\r\nX: y");
  REFUSES(headers, "X: y");
  REFUSES(headers, "X\r\n");
  REFUSES(headers, "X : y\r\n");
  REFUSES(headers, "X: y\n\r\n");
  REFUSES(headers, "\r\n");
  REFUSES(headers, "X: y\r\n\r\n");
  REFUSES(headers, "X: y\r\nno colon\r\nZ: a\r\n");
  REFUSES(headers, "Host: other\r\n");
  REFUSES(headers, "Sec-WebSocket-Key: x\r\n");
  REFUSES(headers, "sec-websocket-extensions: x\r\n");
  REFUSES(headers, "Content-Length: 3\r\n");
}

static void right_answers_are_taken(void **state) {
  (void)state;
  struct gw_ws_offer offer = offer_of("a, b");
  assert_true(gw_ws_offer_write(&offer, text, sizeof text) > 0);
  assert_int_equal(read_answer(&offer, UPGRADE), 1);
  assert_null(answer.protocol.at);
  assert_false(answer.deflate.is_on);
  assert_int_equal(read_answer(&offer, UPGRADE "Sec-WebSocket-Protocol: b\r\n"), 1);
  assert_true(is(answer.protocol, "b"));
  assert_int_equal(read_answer(&offer, UPGRADE "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
                   1);
  assert_true(answer.deflate.is_on);
}

static void wrong_answers_are_refused(void **state) {
  (void)state;
  struct gw_ws_offer offer = offer_of("a, b");
  assert_true(gw_ws_offer_write(&offer, text, sizeof text) > 0);
  static const char *const lines[] = {
      "",
      "Upgrade: websocket\r\n",
      "Connection: Upgrade\r\n",
      "Upgrade: h2c\r\nConnection: Upgrade\r\n",
      "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n",
      "Upgrade: websocket\r\nConnection: close\r\n",
      UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
      UPGRADE "Sec-WebSocket-Protocol: c\r\n",
      UPGRADE "Sec-WebSocket-Protocol: A\r\n",
      UPGRADE "Sec-WebSocket-Protocol: a, b\r\n",
      UPGRADE "Sec-WebSocket-Protocol: \r\n",
      UPGRADE "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n",
      UPGRADE "Sec-WebSocket-Extensions: x-other\r\n",
      UPGRADE "Sec-WebSocket-Extensions: permessage-deflate\r\n"
              "Sec-WebSocket-Extensions: permessage-deflate\r\n",
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    assert_int_equal(read_answer(&offer, lines[i]), GW_ERR_WS_HANDSHAKE);
  offer.protocols = NULL;
  assert_int_equal(read_answer(&offer, UPGRADE "Sec-WebSocket-Protocol: a\r\n"),
                   GW_ERR_WS_HANDSHAKE);
  offer.options = &plain;
  assert_int_equal(read_answer(&offer, UPGRADE "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
                   GW_ERR_WS_HANDSHAKE);
  static const char wrong[] =
      "HTTP/1.1 101 X\r\n" UPGRADE "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
  assert_int_equal(gw_ws_answer_read(wrong, sizeof wrong - 1, &offer, &answer),
                   GW_ERR_WS_HANDSHAKE);
}

static void other_statuses_are_told(void **state) {
  (void)state;
  struct gw_ws_offer offer = offer_of(NULL);
  static const char moved[] = "HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n";
  assert_int_equal(gw_ws_answer_read(moved, sizeof moved - 1, &offer, &answer), GW_ERR_HTTP_STATUS);
  assert_int_equal(answer.status, 302);
  assert_true(is(answer.location, "/there"));
  static const char odd[] = "HTTP/1.1 101 X\r\nA B\r\n\r\n";
  assert_int_equal(gw_ws_answer_read(odd, sizeof odd - 1, &offer, &answer), GW_ERR_HTTP_SYNTAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_sides_agree),
      cmocka_unit_test(keys_are_fresh),
      cmocka_unit_test(nothing_that_breaks_the_head_is_sent),
      cmocka_unit_test(right_answers_are_taken),
      cmocka_unit_test(wrong_answers_are_refused),
      cmocka_unit_test(other_statuses_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
