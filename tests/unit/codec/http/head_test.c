/* SPDX-License-Identifier: MIT */
/* Heads: the RFCs' examples, every head in every split, limits, and a table of heads that two
 * readers could understand differently. */
#include "codec/http/head.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* after the three above, which it needs */
#include <cmocka.h>

static struct gw_http_head head;

/* In one piece and in two at every byte: the same answer, though an error may show earlier. */
static int scan_all_ways(const char *data, size_t len) {
  struct gw_http_scan whole = {0};
  int found = gw_http_scan(&whole, data, len);
  struct gw_http_scan bytewise = {0};
  int n = 0;
  for (size_t i = 1; i <= len && n == 0; i++)
    n = gw_http_scan(&bytewise, data, i);
  assert_int_equal(n, found);
  for (size_t i = 0; i < len; i++) {
    struct gw_http_scan scan = {0};
    n = gw_http_scan(&scan, data, i);
    if (n == 0) n = gw_http_scan(&scan, data, len);
    assert_int_equal(n, found);
  }
  return found;
}

/* As a server meets it: scanned, then parsed. What follows a head does not matter. */
static int read_request(const char *text) {
  int n = scan_all_ways(text, strlen(text));
  return n <= 0 ? n : gw_http_request_parse(&head, text, (size_t)n) ?: n;
}

static int read_response(const char *text, enum gw_http_method request) {
  int n = scan_all_ways(text, strlen(text));
  return n <= 0 ? n : gw_http_response_parse(&head, text, (size_t)n, request) ?: n;
}

static void assert_str(struct gw_str s, const char *text) {
  if (!gw_str_is(s, text)) fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, s.at, text);
}

/* ---- what passes ---- */

static void a_websocket_request_is_read(void **state) {
  (void)state;
  const char *text = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
                     "Sec-WebSocket-Version: 13\r\n\r\n";
  assert_int_equal(read_request(text), strlen(text));
  assert_int_equal(head.method, GW_HTTP_GET);
  assert_str(head.method_text, "GET");
  assert_str(head.target, "/chat");
  assert_str(head.host, "server.example.com");
  assert_int_equal(head.minor, 1);
  assert_true(head.wants_upgrade);
  assert_true(head.keep_alive);
  assert_int_equal(head.framing, GW_HTTP_NO_BODY);
  assert_int_equal(head.n_fields, 7);
  unsigned count;
  assert_str(gw_http_only(&head, "sec-websocket-version", &count), "13");
  assert_int_equal(count, 1);
  assert_null(gw_http_only(&head, "cookie", &count).at);
  assert_int_equal(count, 0);
}

static void fields_are_found_by_name_and_number(void **state) {
  (void)state;
  assert_true(read_request("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a:2\r\nX-B:\r\n\r\n") > 0);
  assert_str(gw_http_field(&head, "x-a", 0)->value, "1");
  assert_str(gw_http_field(&head, "x-a", 1)->value, "2");
  assert_null(gw_http_field(&head, "x-a", 2));
  assert_null(gw_http_field(&head, "x-", 0));
  assert_str(gw_http_field(&head, "x-b", 0)->value, "");
  unsigned count;
  assert_null(gw_http_only(&head, "x-a", &count).at);
  assert_int_equal(count, 2);
  assert_null(gw_http_only(&head, "x-a", NULL).at);
}

static void blanks_around_a_value_are_no_part_of_it(void **state) {
  (void)state;
  assert_true(read_request("GET / HTTP/1.1\r\nHost: \t a \t \r\nX:  b\tc \xc3\xa4 \r\n\r\n") > 0);
  assert_str(head.host, "a");
  assert_str(head.fields[1].value, "b\tc \xc3\xa4");
}

static void methods_are_told_apart(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum gw_http_method method;
  } rows[] = {
      {"GET / HTTP/1.1", GW_HTTP_GET},
      {"HEAD / HTTP/1.1", GW_HTTP_HEAD},
      {"POST / HTTP/1.1", GW_HTTP_POST},
      {"PUT / HTTP/1.1", GW_HTTP_PUT},
      {"DELETE / HTTP/1.1", GW_HTTP_DELETE},
      {"OPTIONS / HTTP/1.1", GW_HTTP_OPTIONS},
      {"PATCH / HTTP/1.1", GW_HTTP_PATCH},
      {"CONNECT a:1 HTTP/1.1", GW_HTTP_CONNECT},
      {"get / HTTP/1.1", GW_HTTP_OTHER},
      {"PROPFIND / HTTP/1.1", GW_HTTP_OTHER},
      {"M!#$%&'*+-.^_`|~9 / HTTP/1.1", GW_HTTP_OTHER},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[128];
    snprintf(text, sizeof text, "%s\r\nHost: a\r\n\r\n", rows[i].text);
    assert_true(read_request(text) > 0);
    assert_int_equal(head.method, rows[i].method);
  }
}

static void targets_take_every_form(void **state) {
  (void)state;
  static const struct {
    const char *line, *target, *host;
  } rows[] = {
      {"GET /", "/", "h"},
      {"GET /where?q=now", "/where?q=now", "h"},
      {"GET //double/slash", "//double/slash", "h"},
      {"GET /%00|\"<>", "/%00|\"<>", "h"},
      {"GET http://www.example.org/pub/WWW/TheProject.html", "/pub/WWW/TheProject.html",
       "www.example.org"},
      {"GET HTTPS://[::1]:8443/a?b", "/a?b", "[::1]:8443"},
      {"GET http://a", "/", "a"},
      {"OPTIONS *", "*", "h"},
      {"OPTIONS http://www.example.org:8001", "*", "www.example.org:8001"},
      {"OPTIONS http://www.example.org:8001/", "/", "www.example.org:8001"},
      {"CONNECT www.example.com:80", "www.example.com:80", "h"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: h\r\n\r\n", rows[i].line);
    if (read_request(text) <= 0) fail_msg("refused: %s", rows[i].line);
    assert_str(head.target, rows[i].target);
    assert_str(head.host, rows[i].host);
  }
}

static void hosts_are_names_or_addresses(void **state) {
  (void)state;
  static const char *const hosts[] = {"a",
                                      "EXAMPLE.com.",
                                      "a:80",
                                      "a:",
                                      "127.0.0.1:1",
                                      "[::1]",
                                      "[::1]:65535",
                                      "a_b-c~d.e",
                                      "[::ffff:127.0.0.1]:8000",
                                      "xn--mgbh0fb.example"};
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    char text[128];
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
    if (read_request(text) <= 0) fail_msg("refused: %s", hosts[i]);
    assert_str(head.host, hosts[i]);
  }
}

static void connection_says_whether_it_stays(void **state) {
  (void)state;
  static const struct {
    int minor;
    const char *fields;
    bool keep_alive, wants_upgrade;
  } rows[] = {
      {1, "", true, false},
      {1, "Connection: close\r\n", false, false},
      {1, "Connection: foo, Close ,bar\r\n", false, false},
      {1, "Connection: keep-alive\r\nConnection: close\r\n", false, false},
      {1, "Connection: closed\r\n", true, false},
      {0, "", false, false},
      {0, "Connection: Keep-Alive\r\n", true, false},
      {0, "Connection: keep-alive, close\r\n", false, false},
      {1, "Connection: keep-alive, UPGRADE\r\nUpgrade: websocket\r\n", true, true},
      {1, "Connection: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n", true, true},
      {1, "Connection: ,, ,\t,upgrade,,\r\nUpgrade: h2c\r\n", true, true},
      {1, "Upgrade: websocket\r\n", true, false},
      {1, "Connection: upgrade\r\n", true, false},
      {1, "Connection: upgrade\r\nUpgrade:\r\n", true, false},
      {1, "Connection: \"upgrade\"\r\nUpgrade: websocket\r\n", true, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    snprintf(text, sizeof text, "GET / HTTP/1.%d\r\nHost: a\r\n%s\r\n", rows[i].minor,
             rows[i].fields);
    assert_true(read_request(text) > 0);
    if (head.keep_alive != rows[i].keep_alive || head.wants_upgrade != rows[i].wants_upgrade)
      fail_msg("1.%d %s", rows[i].minor, rows[i].fields);
  }
}

static void requests_are_framed_by_length_or_chunks(void **state) {
  (void)state;
  static const struct {
    const char *fields;
    enum gw_http_framing framing;
    uint64_t length;
  } rows[] = {
      {"", GW_HTTP_NO_BODY, 0},
      {"Content-Length: 0\r\n", GW_HTTP_LENGTH, 0},
      {"content-length:\t42 \r\n", GW_HTTP_LENGTH, 42},
      {"Content-Length: 9223372036854775807\r\n", GW_HTTP_LENGTH, INT64_MAX},
      {"Transfer-Encoding: chunked\r\n", GW_HTTP_CHUNKED, 0},
      {"transfer-encoding: ChUnKeD\r\n", GW_HTTP_CHUNKED, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].fields);
    assert_true(read_request(text) > 0);
    assert_int_equal(head.framing, rows[i].framing);
    assert_int_equal(head.length, rows[i].length);
  }
}

static void continue_is_expected_from_1_1_only(void **state) {
  (void)state;
  assert_true(read_request("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n") > 0);
  assert_true(head.expects_continue);
  assert_true(read_request("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n") > 0);
  assert_false(head.expects_continue);
  assert_true(read_request("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n") > 0);
  assert_false(head.expects_continue);
}

static void http_1_0_needs_no_host(void **state) {
  (void)state;
  assert_true(read_request("GET / HTTP/1.0\r\n\r\n") > 0);
  assert_int_equal(head.minor, 0);
  assert_int_equal(head.host.len, 0);
}

static void what_follows_a_head_is_left_alone(void **state) {
  (void)state;
  assert_int_equal(read_request("GET / HTTP/1.0\r\n\r\n\n\r\x01GET"), 18);
  assert_int_equal(gw_http_request_parse(&head, "GET / HTTP/1.0\r\n\r\nG", 19), GW_ERR_HTTP_SYNTAX);
}

/* ---- what does not ---- */

struct bad {
  const char *why;
  int err;
  const char *text;
};

#define SYNTAX GW_ERR_HTTP_SYNTAX
#define LINE   "POST / HTTP/1.1\r\n"
#define HOST   "Host: a\r\n"
#define END    "\r\n\r\n"

static const struct bad bad_requests[] = {
    /* line ends and control characters */
    {"bare LF behind the request line", SYNTAX, "GET / HTTP/1.1\nHost: a" END},
    {"bare LF behind a field", SYNTAX, LINE "Host: a\nX: b" END},
    {"bare LF as the empty line", SYNTAX, LINE "Host: a\r\n\n"},
    {"bare CR in the request line", SYNTAX, "GET /\rX HTTP/1.1\r\nHost: a" END},
    {"bare CR in a value hides a field", SYNTAX, LINE "Host: a\rX: b" END},
    {"CR CR LF", SYNTAX, LINE "Host: a\r\r\n\r\n"},
    {"bare CR as the empty line", SYNTAX, LINE "Host: a\r\n\rX"},
    {"vertical tab in a value", SYNTAX, LINE HOST "X: a\vb" END},
    {"form feed before the coding", SYNTAX, LINE HOST "Transfer-Encoding:\fchunked" END},
    {"vertical tab behind the coding", SYNTAX, LINE HOST "Transfer-Encoding: chunked\v" END},
    {"DEL in a value", SYNTAX, LINE HOST "X: \x7f" END},
    {"escape in a name", SYNTAX, LINE HOST "X\x1b: a" END},
    {"an empty line before the request, undropped", SYNTAX, "\r\nGET / HTTP/1.1\r\nHost: a" END},
    {"a TLS hello", SYNTAX, "\x16\x03\x01\x02"},
    /* field lines */
    {"a fold", SYNTAX, LINE HOST "X: a\r\n b" END},
    {"a fold by tab", SYNTAX, LINE HOST "X: a\r\n\tb" END},
    {"a fold before the first field", SYNTAX, LINE " Host: a" END},
    {"a line of blanks only", SYNTAX, LINE HOST " " END},
    {"a blank before the colon", SYNTAX, LINE "Host : a" END},
    {"a tab before the colon", SYNTAX, LINE HOST "Content-Length\t: 5" END},
    {"no name", SYNTAX, LINE HOST ": a" END},
    {"no colon", SYNTAX, LINE HOST "X" END},
    {"a blank in a name", SYNTAX, LINE HOST "X Y: a" END},
    {"a name that is no token: (", SYNTAX, LINE HOST "X(: a" END},
    {"a name that is no token: quotes", SYNTAX, LINE HOST "\"X\": a" END},
    {"a name above ASCII", SYNTAX, LINE HOST "\xc3\xa4: a" END},
    {"a no-break space before a name", SYNTAX, LINE HOST "\xa0X: a" END},
    /* lengths */
    {"two equal lengths", SYNTAX, LINE HOST "Content-Length: 5\r\nContent-Length: 5" END},
    {"two lengths", SYNTAX, LINE HOST "Content-Length: 5\r\nContent-Length: 6" END},
    {"a list of equal lengths", SYNTAX, LINE HOST "Content-Length: 5, 5" END},
    {"a list of lengths", SYNTAX, LINE HOST "Content-Length: 5,6" END},
    {"a length and a comma", SYNTAX, LINE HOST "Content-Length: 5," END},
    {"an empty length", SYNTAX, LINE HOST "Content-Length:" END},
    {"a negative length", SYNTAX, LINE HOST "Content-Length: -1" END},
    {"a length with a sign", SYNTAX, LINE HOST "Content-Length: +5" END},
    {"a length in hex", SYNTAX, LINE HOST "Content-Length: 0x5" END},
    {"a length with a hex digit", SYNTAX, LINE HOST "Content-Length: 1a" END},
    {"a length with a blank", SYNTAX, LINE HOST "Content-Length: 1 2" END},
    {"a length with a point", SYNTAX, LINE HOST "Content-Length: 5.0" END},
    {"a length with an exponent", SYNTAX, LINE HOST "Content-Length: 1e1" END},
    {"a length with an underscore", SYNTAX, LINE HOST "Content-Length: 1_0" END},
    {"a quoted length", SYNTAX, LINE HOST "Content-Length: \"5\"" END},
    {"a length of 2^63", SYNTAX, LINE HOST "Content-Length: 9223372036854775808" END},
    {"a length of 2^64", SYNTAX, LINE HOST "Content-Length: 18446744073709551616" END},
    {"a length of 2^64 + 5", SYNTAX, LINE HOST "Content-Length: 18446744073709551621" END},
    {"digits that are not ASCII", SYNTAX, LINE HOST "Content-Length: \xd9\xa5" END},
    /* codings */
    {"length and coding", SYNTAX, LINE HOST "Content-Length: 5\r\nTransfer-Encoding: chunked" END},
    {"coding and length", SYNTAX, LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 5" END},
    {"coding and length 0", SYNTAX,
     LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 0" END},
    {"chunked twice in a list", SYNTAX, LINE HOST "Transfer-Encoding: chunked, chunked" END},
    {"chunked twice in two lines", SYNTAX,
     LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" END},
    {"chunked is not last", SYNTAX, LINE HOST "Transfer-Encoding: chunked, gzip" END},
    {"chunked is not last over two lines", SYNTAX,
     LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity" END},
    {"chunked hides between lines", SYNTAX,
     LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x, chunked" END},
    {"xchunked", SYNTAX, LINE HOST "Transfer-Encoding: xchunked" END},
    {"chunkedx", SYNTAX, LINE HOST "Transfer-Encoding: chunkedx" END},
    {"identity", SYNTAX, LINE HOST "Transfer-Encoding: identity" END},
    {"gzip alone", SYNTAX, LINE HOST "Transfer-Encoding: gzip" END},
    {"an empty coding", SYNTAX, LINE HOST "Transfer-Encoding:" END},
    {"a comma before chunked", SYNTAX, LINE HOST "Transfer-Encoding: , chunked" END},
    {"a comma behind chunked", SYNTAX, LINE HOST "Transfer-Encoding: chunked," END},
    {"chunked in quotes", SYNTAX, LINE HOST "Transfer-Encoding: \"chunked\"" END},
    {"chunked with a parameter", SYNTAX, LINE HOST "Transfer-Encoding: chunked;a=b" END},
    {"chunked behind a blank word", SYNTAX, LINE HOST "Transfer-Encoding: x chunked" END},
    {"chunked on HTTP/1.0", SYNTAX, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked" END},
    {"gzip, chunked", GW_ERR_HTTP_CODING, LINE HOST "Transfer-Encoding: gzip, chunked" END},
    {"gzip, chunked in two lines", GW_ERR_HTTP_CODING,
     LINE HOST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked" END},
    /* hosts */
    {"no Host", SYNTAX, "GET / HTTP/1.1" END},
    {"two Hosts", SYNTAX, LINE HOST HOST "\r\n"},
    {"two Hosts apart", SYNTAX, LINE "Host: a\r\nX: y\r\nhOST: b" END},
    {"two Hosts on HTTP/1.0", SYNTAX, "GET / HTTP/1.0\r\n" HOST HOST "\r\n"},
    {"an empty Host", SYNTAX, LINE "Host:" END},
    {"a list of hosts", SYNTAX, LINE "Host: a,b" END},
    {"a blank in Host", SYNTAX, LINE "Host: a b" END},
    {"a path in Host", SYNTAX, LINE "Host: a/b" END},
    {"a user in Host", SYNTAX, LINE "Host: good@evil" END},
    {"a query in Host", SYNTAX, LINE "Host: a?b" END},
    {"a fragment in Host", SYNTAX, LINE "Host: a#b" END},
    {"a backslash in Host", SYNTAX, LINE "Host: a\\b" END},
    {"a scheme in Host", SYNTAX, LINE "Host: http://a" END},
    {"an escape in Host", SYNTAX, LINE "Host: a%2eb" END},
    {"Host above ASCII", SYNTAX, LINE "Host: \xc3\xa4.example" END},
    {"port 0", SYNTAX, LINE "Host: a:0" END},
    {"port 65536", SYNTAX, LINE "Host: a:65536" END},
    {"a port with a sign", SYNTAX, LINE "Host: a:+80" END},
    {"a port of letters", SYNTAX, LINE "Host: a:http" END},
    {"two ports", SYNTAX, LINE "Host: a:80:80" END},
    {"a port alone", SYNTAX, LINE "Host: :80" END},
    {"IPv6 without brackets", SYNTAX, LINE "Host: ::1" END},
    {"an open bracket", SYNTAX, LINE "Host: [::1" END},
    {"no IPv6 in the brackets", SYNTAX, LINE "Host: [a.example]" END},
    {"something behind the brackets", SYNTAX, LINE "Host: [::1]a" END},
    {"a zone", SYNTAX, LINE "Host: [fe80::1%25eth0]" END},
    {"a bad Host beside an absolute target", SYNTAX, "GET http://a/ HTTP/1.1\r\nHost: b/c" END},
    {"no Host beside an absolute target", SYNTAX, "GET http://a/ HTTP/1.1" END},
    /* request lines */
    {"HTTP/0.9", SYNTAX, "GET /" END},
    {"no target", SYNTAX, "GET HTTP/1.1\r\nHost: a" END},
    {"an empty target", SYNTAX, "GET  HTTP/1.1\r\nHost: a" END},
    {"two blanks before the target", SYNTAX, "GET  / HTTP/1.1\r\nHost: a" END},
    {"two blanks before the version", SYNTAX, "GET /  HTTP/1.1\r\nHost: a" END},
    {"a tab before the target", SYNTAX, "GET\t/ HTTP/1.1\r\nHost: a" END},
    {"a tab in the target", SYNTAX, "GET /\tb HTTP/1.1\r\nHost: a" END},
    {"a blank in the target", SYNTAX, "GET /a b HTTP/1.1\r\nHost: a" END},
    {"a blank behind the version", SYNTAX, "GET / HTTP/1.1 \r\nHost: a" END},
    {"a blank before the method", SYNTAX, " GET / HTTP/1.1\r\nHost: a" END},
    {"no method", SYNTAX, "/ HTTP/1.1\r\nHost: a" END},
    {"a method that is no token", SYNTAX, "G(T / HTTP/1.1\r\nHost: a" END},
    {"a fragment", SYNTAX, "GET /a#b HTTP/1.1\r\nHost: a" END},
    {"a target above ASCII", SYNTAX, "GET /\xc3\xa4 HTTP/1.1\r\nHost: a" END},
    {"a target without a slash", SYNTAX, "GET a HTTP/1.1\r\nHost: a" END},
    {"* with GET", SYNTAX, "GET * HTTP/1.1\r\nHost: a" END},
    {"more than *", SYNTAX, "OPTIONS *a HTTP/1.1\r\nHost: a" END},
    {"an authority with GET", SYNTAX, "GET a:80 HTTP/1.1\r\nHost: a" END},
    {"a path with CONNECT", SYNTAX, "CONNECT / HTTP/1.1\r\nHost: a" END},
    {"CONNECT without a port", SYNTAX, "CONNECT a HTTP/1.1\r\nHost: a" END},
    {"another scheme", SYNTAX, "GET ftp://a/ HTTP/1.1\r\nHost: a" END},
    {"an absolute target without a host", SYNTAX, "GET http:/// HTTP/1.1\r\nHost: a" END},
    {"an absolute target with a user", SYNTAX, "GET http://b@a/ HTTP/1.1\r\nHost: a" END},
    {"an absolute target with a bad port", SYNTAX, "GET http://a:0/ HTTP/1.1\r\nHost: a" END},
    {"an absolute target with a query for a path", SYNTAX,
     "GET http://a?b HTTP/1.1\r\nHost: a" END},
    /* versions */
    {"lower case", SYNTAX, "GET / http/1.1\r\nHost: a" END},
    {"another protocol", SYNTAX, "GET / HTTQ/1.1\r\nHost: a" END},
    {"one digit", SYNTAX, "GET / HTTP/1\r\nHost: a" END},
    {"three digits", SYNTAX, "GET / HTTP/1.10\r\nHost: a" END},
    {"no point", SYNTAX, "GET / HTTP/1,1\r\nHost: a" END},
    {"letters", SYNTAX, "GET / HTTP/x.y\r\nHost: a" END},
    {"HTTP/2's preface", GW_ERR_HTTP_VERSION, "PRI * HTTP/2.0" END "SM" END},
    {"HTTP/1.2", GW_ERR_HTTP_VERSION, "GET / HTTP/1.2\r\nHost: a" END},
    {"HTTP/0.9 by name", GW_ERR_HTTP_VERSION, "GET / HTTP/0.9\r\nHost: a" END},
    {"HTTP/3.0", GW_ERR_HTTP_VERSION, "GET / HTTP/3.0\r\nHost: a" END},
};

static void smuggled_heads_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof bad_requests / sizeof *bad_requests; i++) {
    int err = read_request(bad_requests[i].text);
    if (err != bad_requests[i].err) fail_msg("%s: %d", bad_requests[i].why, err);
  }
}

static void every_control_character_is_refused_everywhere(void **state) {
  (void)state;
  char text[] = "GET /ab HTTP/1.1\r\nHost: a\r\nXyz: abcdefghijklmnop\r\n\r\n";
  static const size_t places[] = {1, 5, 12, 20, 24, 27, 33, 38, 44};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    char kept = text[places[i]];
    for (int c = 0; c < 0x20; c++) {
      if (c == '\t') continue;
      text[places[i]] = (char)c;
      assert_int_equal(scan_all_ways(text, sizeof text - 1), GW_ERR_HTTP_SYNTAX);
    }
    text[places[i]] = 0x7F;
    assert_int_equal(scan_all_ways(text, sizeof text - 1), GW_ERR_HTTP_SYNTAX);
    text[places[i]] = kept;
  }
  assert_true(scan_all_ways(text, sizeof text - 1) > 0);
}

/* The parser alone reads no byte outside of what it is given. */
static void a_cut_head_is_no_head(void **state) {
  (void)state;
  const char *text = "POST http://a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n";
  size_t len = strlen(text);
  for (size_t i = 0; i < len; i++) {
    char *exact = malloc(i ? i : 1);
    assert_non_null(exact);
    memcpy(exact, text, i);
    assert_int_equal(gw_http_request_parse(&head, exact, i), GW_ERR_HTTP_SYNTAX);
    assert_int_equal(gw_http_response_parse(&head, exact, i, GW_HTTP_GET), GW_ERR_HTTP_SYNTAX);
    struct gw_http_scan scan = {0};
    assert_int_equal(gw_http_scan(&scan, exact, i), 0);
    free(exact);
  }
  assert_int_equal(gw_http_request_parse(&head, text, len), 0);
}

static void scan_errors_show_at_the_first_byte_that_tells(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t at;
  } rows[] = {{"\r\n", 2},         {"\n", 1},       {" GET", 1},
              {"GET /\n", 6},      {"GET /\rX", 7}, {"GET /\r\n X", 8},
              {"A\r\nB\r\n\t", 7}, {"A\r\n\n", 4},  {"A\r\nB: c\r\n\rX", 11}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct gw_http_scan scan = {0};
    assert_int_equal(gw_http_scan(&scan, rows[i].text, rows[i].at - 1), 0);
    assert_int_equal(gw_http_scan(&scan, rows[i].text, rows[i].at), GW_ERR_HTTP_SYNTAX);
  }
}

/* ---- limits ---- */

static char big[40000];

static void lines_over_8_kib_are_too_long_before_they_end(void **state) {
  (void)state;
  memset(big, 'a', sizeof big);
  struct gw_http_scan scan = {0};
  assert_int_equal(gw_http_scan(&scan, big, GW_HTTP_LINE_MAX), 0);
  assert_int_equal(gw_http_scan(&scan, big, GW_HTTP_LINE_MAX + 1), GW_ERR_HTTP_TARGET_LONG);
  scan = (struct gw_http_scan){0};
  assert_int_equal(gw_http_scan(&scan, big, sizeof big), GW_ERR_HTTP_TARGET_LONG);
  memcpy(big + GW_HTTP_LINE_MAX, "\r\na:b\r\n\r\n", 9);
  scan = (struct gw_http_scan){0};
  assert_int_equal(gw_http_scan(&scan, big, sizeof big), GW_HTTP_LINE_MAX + 9);
  assert_int_equal(scan_all_ways(big, GW_HTTP_LINE_MAX + 9), GW_HTTP_LINE_MAX + 9);
}

static void heads_over_16_kib_are_too_large_before_they_end(void **state) {
  (void)state;
  memset(big, 'a', sizeof big);
  memcpy(big, "GET / HTTP/1.1\r\nX: ", 19);
  struct gw_http_scan scan = {0};
  assert_int_equal(gw_http_scan(&scan, big, GW_HTTP_HEAD_MAX - 1), 0);
  assert_int_equal(gw_http_scan(&scan, big, GW_HTTP_HEAD_MAX), GW_ERR_HTTP_HEADERS_LARGE);
  scan = (struct gw_http_scan){0};
  assert_int_equal(gw_http_scan(&scan, big, sizeof big), GW_ERR_HTTP_HEADERS_LARGE);
  memcpy(big + GW_HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
  scan = (struct gw_http_scan){0};
  assert_int_equal(gw_http_scan(&scan, big, GW_HTTP_HEAD_MAX), GW_HTTP_HEAD_MAX);
}

static size_t many_fields(unsigned n) {
  size_t len = (size_t)snprintf(big, sizeof big, "GET / HTTP/1.1\r\nHost: a\r\n");
  for (unsigned i = 1; i < n; i++)
    len += (size_t)snprintf(big + len, sizeof big - len, "A:%u\r\n", i);
  memcpy(big + len, "\r\n", 3);
  return len + 2;
}

static void more_than_100_fields_are_too_many(void **state) {
  (void)state;
  size_t len = many_fields(GW_HTTP_FIELDS_MAX);
  assert_int_equal(read_request(big), len);
  assert_int_equal(head.n_fields, GW_HTTP_FIELDS_MAX);
  len = many_fields(GW_HTTP_FIELDS_MAX + 1);
  assert_int_equal(read_request(big), GW_ERR_HTTP_HEADERS_LARGE);
  assert_int_equal(gw_http_request_parse(&head, big, len), GW_ERR_HTTP_HEADERS_LARGE);
  /* The first byte of the line that is one too many is enough. */
  const char *last = strrchr(big, 'A');
  struct gw_http_scan scan = {0};
  assert_int_equal(gw_http_scan(&scan, big, (size_t)(last - big) + 1), GW_ERR_HTTP_HEADERS_LARGE);
}

static void empty_lines_before_a_request_are_dropped(void **state) {
  (void)state;
  assert_int_equal(gw_http_scan_blank("GET", 3), 0);
  assert_int_equal(gw_http_scan_blank("", 0), 0);
  assert_int_equal(gw_http_scan_blank("\r", 1), 0);
  assert_int_equal(gw_http_scan_blank("\n", 1), 0);
  assert_int_equal(gw_http_scan_blank("\r\n", 2), 2);
  assert_int_equal(gw_http_scan_blank("\r\n\r", 3), 2);
  assert_int_equal(gw_http_scan_blank("\r\n\r\n\r\n", 6), 4);
  /* Cut between CR and LF: the scanner waits, and the line can still be dropped. */
  struct gw_http_scan scan = {0};
  assert_int_equal(gw_http_scan(&scan, "\r", 1), 0);
  assert_int_equal(gw_http_scan_blank("\r\nGET", 5), 2);
  assert_int_equal(gw_http_scan(&scan, "GET", 3), 0);
}

/* ---- responses ---- */

static void a_handshake_response_is_read(void **state) {
  (void)state;
  const char *text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  assert_int_equal(read_response(text, GW_HTTP_GET), strlen(text));
  assert_int_equal(head.status, 101);
  assert_str(head.reason, "Switching Protocols");
  assert_true(head.wants_upgrade);
  assert_int_equal(head.framing, GW_HTTP_NO_BODY);
}

static void responses_are_framed_by_status_and_method(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum gw_http_method request;
    enum gw_http_framing framing;
  } rows[] = {
      {"HTTP/1.1 200 OK" END, GW_HTTP_GET, GW_HTTP_UNTIL_CLOSE},
      {"HTTP/1.1 200 \r\nContent-Length: 3" END, GW_HTTP_GET, GW_HTTP_LENGTH},
      {"HTTP/1.1 200\r\nContent-Length: 3" END, GW_HTTP_GET, GW_HTTP_LENGTH},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked" END, GW_HTTP_GET, GW_HTTP_CHUNKED},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3" END, GW_HTTP_HEAD, GW_HTTP_NO_BODY},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked" END, GW_HTTP_HEAD, GW_HTTP_NO_BODY},
      {"HTTP/1.1 204 No Content" END, GW_HTTP_GET, GW_HTTP_NO_BODY},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3" END, GW_HTTP_GET, GW_HTTP_NO_BODY},
      {"HTTP/1.1 100 Continue" END, GW_HTTP_POST, GW_HTTP_NO_BODY},
      {"HTTP/1.1 200 Connection established" END, GW_HTTP_CONNECT, GW_HTTP_NO_BODY},
      {"HTTP/1.1 407 No\r\nContent-Length: 3" END, GW_HTTP_CONNECT, GW_HTTP_LENGTH},
      {"HTTP/1.0 200 OK" END, GW_HTTP_GET, GW_HTTP_UNTIL_CLOSE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (read_response(rows[i].text, rows[i].request) <= 0) fail_msg("refused: %s", rows[i].text);
    if (head.framing != rows[i].framing) fail_msg("framing: %s", rows[i].text);
  }
}

static void bad_responses_are_refused(void **state) {
  (void)state;
  static const struct bad rows[] = {
      {"no status", SYNTAX, "HTTP/1.1" END},
      {"no status behind the blank", SYNTAX, "HTTP/1.1 " END},
      {"two digits", SYNTAX, "HTTP/1.1 20" END},
      {"two digits and a blank", SYNTAX, "HTTP/1.1 20 " END},
      {"four digits", SYNTAX, "HTTP/1.1 2000 OK" END},
      {"no number", SYNTAX, "HTTP/1.1 2x0 OK" END},
      {"a sign", SYNTAX, "HTTP/1.1 +20 OK" END},
      {"below 100", SYNTAX, "HTTP/1.1 099 OK" END},
      {"two blanks", SYNTAX, "HTTP/1.1  200 OK" END},
      {"lower case", SYNTAX, "http/1.1 200 OK" END},
      {"HTTP/2", GW_ERR_HTTP_VERSION, "HTTP/2.0 200 OK" END},
      {"another protocol", SYNTAX, "ICY 200 OK" END},
      {"two lengths", SYNTAX, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1" END},
      {"length and coding", SYNTAX,
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked" END},
      {"chunked on HTTP/1.0", SYNTAX, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked" END},
      {"a coding without chunked", SYNTAX, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip" END},
      {"gzip, chunked", GW_ERR_HTTP_CODING,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked" END},
      {"a fold", SYNTAX, "HTTP/1.1 200 OK\r\nX: a\r\n b" END},
      {"a blank before the colon", SYNTAX, "HTTP/1.1 200 OK\r\nX : a" END},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int err = read_response(rows[i].text, GW_HTTP_GET);
    if (err != rows[i].err) fail_msg("%s: %d", rows[i].why, err);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_websocket_request_is_read),
      cmocka_unit_test(fields_are_found_by_name_and_number),
      cmocka_unit_test(blanks_around_a_value_are_no_part_of_it),
      cmocka_unit_test(methods_are_told_apart),
      cmocka_unit_test(targets_take_every_form),
      cmocka_unit_test(hosts_are_names_or_addresses),
      cmocka_unit_test(connection_says_whether_it_stays),
      cmocka_unit_test(requests_are_framed_by_length_or_chunks),
      cmocka_unit_test(continue_is_expected_from_1_1_only),
      cmocka_unit_test(http_1_0_needs_no_host),
      cmocka_unit_test(what_follows_a_head_is_left_alone),
      cmocka_unit_test(smuggled_heads_are_refused),
      cmocka_unit_test(every_control_character_is_refused_everywhere),
      cmocka_unit_test(a_cut_head_is_no_head),
      cmocka_unit_test(scan_errors_show_at_the_first_byte_that_tells),
      cmocka_unit_test(lines_over_8_kib_are_too_long_before_they_end),
      cmocka_unit_test(heads_over_16_kib_are_too_large_before_they_end),
      cmocka_unit_test(more_than_100_fields_are_too_many),
      cmocka_unit_test(empty_lines_before_a_request_are_dropped),
      cmocka_unit_test(a_handshake_response_is_read),
      cmocka_unit_test(responses_are_framed_by_status_and_method),
      cmocka_unit_test(bad_responses_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
