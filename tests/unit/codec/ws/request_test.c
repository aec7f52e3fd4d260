/* SPDX-License-Identifier: MIT */
/* The server's side of the opening handshake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "codec/ws/handshake.h"

#define START   "GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13     "Sec-WebSocket-Version: 13\r\n"
#define REQUEST START UPGRADE KEY V13

static const struct gw_ws_options options = {.deflate.is_enabled = true};
static struct gw_ws_request request;

static int read_text(const char *text) {
  return gw_ws_request_read(text, strlen(text), &options, &request);
}

static bool is(struct gw_ws_slice s, const char *text) {
  return s.at && s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* RFC 6455 section 1.3. */
static void answers_the_example_of_the_rfc(void **state) {
  (void)state;
  char accept[29], out[512];
  gw_ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==", 24, accept);
  assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  static const char text[] = REQUEST "Origin: http://example.com\r\n"
                                     "Sec-WebSocket-Protocol: chat, superchat\r\n\r\n";
  assert_int_equal(read_text(text), 1);
  assert_int_equal(request.head_len, sizeof text - 1);
  assert_true(is(request.target, "/chat"));
  assert_true(is(request.host, "server.example.com"));
  assert_true(is(request.origin, "http://example.com"));
  assert_false(request.deflate.is_on);
  int n = gw_ws_answer_write(&request, "chat", out, sizeof out);
  assert_string_equal(out, "HTTP/1.1 101 Switching Protocols\r\n"
                           "Upgrade: websocket\r\n"
                           "Connection: Upgrade\r\n"
                           "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                           "Sec-WebSocket-Protocol: chat\r\n\r\n");
  assert_int_equal(n, strlen(out));
  assert_int_equal(gw_ws_answer_write(&request, "chat", out, (size_t)n), GW_ERR_FULL);
  assert_int_equal(gw_ws_answer_write(&request, "other", out, sizeof out), GW_ERR_ARGUMENT);
  assert_int_equal(gw_ws_answer_write(&request, "cha", out, sizeof out), GW_ERR_ARGUMENT);
}

static void a_request_may_come_byte_by_byte(void **state) {
  (void)state;
  static const char text[] = "\r\n" REQUEST "\r\nframes";
  for (size_t len = 0; len < sizeof text - 7; len++)
    assert_int_equal(gw_ws_request_read(text, len, &options, &request), 0);
  assert_int_equal(read_text(text), 1);
  assert_int_equal(request.head_len, sizeof text - 7);
  assert_null(request.origin.at);
}

static void tokens_are_compared_in_any_case(void **state) {
  (void)state;
  assert_int_equal(
      read_text(START "upgrade: WebSocket\r\nCONNECTION: keep-alive, UPGRADE\r\n" KEY V13 "\r\n"),
      1);
  assert_int_equal(read_text(START "Upgrade: h2c, websocket\r\nConnection: upgrade\r\n" KEY V13
                                   "Content-Length: 0\r\n\r\n"),
                   1);
}

static void wrong_requests_are_refused(void **state) {
  (void)state;
  static const struct {
    int err;
    unsigned status;
    const char *text;
  } cases[] = {
      {GW_ERR_WS_METHOD, 405, "POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY V13 "\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, "GET / HTTP/1.0\r\nHost: a\r\n" UPGRADE KEY V13 "\r\n"},
      {GW_ERR_HTTP_SYNTAX, 400, "GET / HTTP/1.1\r\n" UPGRADE KEY V13 "\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, START "Connection: Upgrade\r\n" KEY V13 "\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, START "Upgrade: websocket\r\n" KEY V13 "\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, START "Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY V13 "\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400,
       START "Upgrade: websocketx\r\nConnection: Upgrade\r\n" KEY V13 "\r\n"},
      {GW_ERR_WS_VERSION, 426, START UPGRADE KEY "\r\n"},
      {GW_ERR_WS_VERSION, 426, START UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n"},
      {GW_ERR_WS_VERSION, 426, START UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n"},
      {GW_ERR_WS_VERSION, 426, START UPGRADE KEY V13 V13 "\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, START UPGRADE V13 "\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, REQUEST KEY "\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, START UPGRADE V13 "Sec-WebSocket-Key: \r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, START UPGRADE V13 "Sec-WebSocket-Key: dGhlIHNhbXBs\r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400,
       START UPGRADE V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEy\r\n\r\n"}, /* 18 bytes */
      {GW_ERR_WS_HANDSHAKE, 400,
       START UPGRADE V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=-\r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400,
       START UPGRADE V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n\r\n"}, /* spare bits */
      {GW_ERR_WS_HANDSHAKE, 400, REQUEST "Content-Length: 5\r\n\r\nhello"},
      {GW_ERR_WS_HANDSHAKE, 400, REQUEST "Transfer-Encoding: chunked\r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, REQUEST "Sec-WebSocket-Protocol: chat, chat\r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, REQUEST "Sec-WebSocket-Protocol: a b\r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, REQUEST "Sec-WebSocket-Protocol: \r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400,
       REQUEST "Sec-WebSocket-Protocol: a\r\nX: y\r\nSec-WebSocket-Protocol: b, a\r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, REQUEST "Sec-WebSocket-Extensions: permessage-deflate;\r\n\r\n"},
      {GW_ERR_WS_HANDSHAKE, 400, REQUEST "Origin: http://a\r\nOrigin: http://b\r\n\r\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(read_text(cases[i].text), cases[i].err);
    assert_int_equal(gw_ws_error_status(cases[i].err), cases[i].status);
  }
}

static void subprotocols_come_in_several_headers(void **state) {
  (void)state;
  assert_int_equal(read_text(REQUEST "Sec-WebSocket-Protocol: one ,,two\r\n"
                                     "X-Between: sec-websocket-protocol: no\r\n"
                                     "sec-websocket-protocol:three,\r\n"
                                     "X-After: four\r\n\r\n"),
                   1);
  struct gw_ws_slice protocol;
  static const char *const names[] = {"one", "two", "three"};
  for (size_t i = 0; i < 3; i++) {
    assert_true(gw_ws_request_protocol(&request, i, &protocol));
    assert_true(is(protocol, names[i]));
  }
  assert_false(gw_ws_request_protocol(&request, 3, &protocol));
  char out[512];
  assert_true(gw_ws_answer_write(&request, "three", out, sizeof out) > 0);
  assert_int_equal(read_text(REQUEST "\r\n"), 1);
  assert_false(gw_ws_request_protocol(&request, 0, &protocol));
}

static void thousands_of_subprotocols_are_refused(void **state) {
  (void)state;
  static char text[16000];
  size_t len = (size_t)snprintf(text, sizeof text, REQUEST "Sec-WebSocket-Protocol: p");
  for (int i = 0; len < sizeof text - 20; i++)
    len += (size_t)snprintf(text + len, sizeof text - len, ",%x", i);
  memcpy(text + len, "\r\n\r\n", 5);
  assert_int_equal(read_text(text), GW_ERR_WS_HANDSHAKE);
}

static void compression_is_answered(void **state) {
  (void)state;
  assert_int_equal(
      read_text(REQUEST "Sec-WebSocket-Extensions: x-other\r\n"
                        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                        "\r\n"),
      1);
  assert_true(request.deflate.is_on);
  char out[512];
  assert_true(gw_ws_answer_write(&request, NULL, out, sizeof out) > 0);
  assert_non_null(strstr(out, "\r\nSec-WebSocket-Extensions: permessage-deflate; "
                              "server_no_context_takeover; client_no_context_takeover\r\n\r\n"));
  assert_null(strstr(out, "Sec-WebSocket-Protocol"));
}

static void a_parsed_head_serves_as_well(void **state) {
  (void)state;
  static const char text[] = REQUEST "\r\n";
  static struct gw_http_head head;
  assert_int_equal(gw_http_request_parse(&head, text, sizeof text - 1), 0);
  assert_true(gw_ws_request_is(&head));
  assert_int_equal(gw_ws_request_check(&head, &options, &request), 0);
  assert_true(is(request.key, "dGhlIHNhbXBsZSBub25jZQ=="));
  static const char plain[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  assert_int_equal(gw_http_request_parse(&head, plain, sizeof plain - 1), 0);
  assert_false(gw_ws_request_is(&head));
}

static void errors_have_statuses(void **state) {
  (void)state;
  assert_int_equal(gw_ws_error_status(GW_ERR_HTTP_TARGET_LONG), 414);
  assert_int_equal(gw_ws_error_status(GW_ERR_HTTP_HEADERS_LARGE), 431);
  assert_int_equal(gw_ws_error_status(GW_ERR_HTTP_VERSION), 505);
  assert_int_equal(gw_ws_error_status(GW_ERR_HTTP_CODING), 501);
  assert_int_equal(gw_ws_error_status(GW_ERR_HTTP_BODY_LARGE), 413);
  assert_int_equal(gw_ws_error_status(GW_ERR_WS_ORIGIN), 403);
  assert_int_equal(gw_ws_error_status(GW_ERR_MEMORY), 500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_the_example_of_the_rfc),
      cmocka_unit_test(a_request_may_come_byte_by_byte),
      cmocka_unit_test(tokens_are_compared_in_any_case),
      cmocka_unit_test(wrong_requests_are_refused),
      cmocka_unit_test(subprotocols_come_in_several_headers),
      cmocka_unit_test(thousands_of_subprotocols_are_refused),
      cmocka_unit_test(compression_is_answered),
      cmocka_unit_test(a_parsed_head_serves_as_well),
      cmocka_unit_test(errors_have_statuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
