/* SPDX-License-Identifier: MIT */
/* The grammar inside heads: lists, parameters, queries, origins and the tricks played with them,
 * URLs, base64. */
#include "codec/http/text.c"

#include "codec/http/chars.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* after the four above, which it needs */
#include <cmocka.h>

static void assert_str(struct gw_str s, const char *text) {
  if (!text) {
    assert_null(s.at);
    return;
  }
  assert_non_null(s.at);
  if (!gw_str_is(s, text)) fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, s.at, text);
}

static void characters_are_those_of_the_rfcs(void **state) {
  (void)state;
  const char *alnum = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int c = 0; c < 256; c++) {
    unsigned char u = (unsigned char)c;
    bool is_alnum = c && strchr(alnum, c);
    assert_int_equal(gw_http_char_is_token(u), is_alnum || (c && strchr("!#$%&'*+-.^_`|~", c)));
    assert_int_equal(gw_http_char_is_unreserved(u), is_alnum || (c && strchr("-._~", c)));
    assert_int_equal(gw_http_char_is_user(u), is_alnum || (c && strchr("-._~!$&'()*+,;=:%", c)));
    assert_int_equal(gw_http_char_is_field(u), c == '\t' || (c >= ' ' && c != 0x7F));
    assert_int_equal(gw_http_char_is_target(u), c > ' ' && c < 0x7F && c != '#');
  }
}

static void tokens_and_values(void **state) {
  (void)state;
  assert_true(gw_http_is_token(GW_STR("permessage-deflate")));
  assert_false(gw_http_is_token(GW_STR("")));
  assert_false(gw_http_is_token(GW_STR("a b")));
  assert_false(gw_http_is_token(GW_STR("a\0")));
  assert_true(gw_http_is_field_value(GW_STR("")));
  assert_true(gw_http_is_field_value(GW_STR("a\tb \xff")));
  assert_false(gw_http_is_field_value(GW_STR("a\r")));
  assert_false(gw_http_is_field_value(GW_STR("a\nb")));
  assert_false(gw_http_is_field_value(GW_STR("a\0b")));
  assert_false(gw_http_is_target(GW_STR("")));
  assert_str(gw_str_trim(GW_STR(" \t a b\t ")), "a b");
  assert_str(gw_str_trim(GW_STR(" \t ")), "");
  assert_str(gw_str_trim(GW_STR("")), "");
}

/* ---- lists ---- */

static void expect_list(const char *list, const char *const *elements) {
  struct gw_str rest = gw_str_of(list), out;
  for (; *elements; elements++) {
    assert_true(gw_http_list_next(&rest, &out));
    assert_str(out, *elements);
  }
  assert_false(gw_http_list_next(&rest, &out));
  assert_false(gw_http_list_next(&rest, &out));
}

static void lists_are_cut_at_commas(void **state) {
  (void)state;
  expect_list("", (const char *[]){NULL});
  expect_list(" , ,,\t", (const char *[]){NULL});
  expect_list("a", (const char *[]){"a", NULL});
  expect_list("foo ,bar,charlie", (const char *[]){"foo", "bar", "charlie", NULL});
  expect_list("foo , ,bar,charlie ,", (const char *[]){"foo", "bar", "charlie", NULL});
  expect_list(",a b ,", (const char *[]){"a b", NULL});
  expect_list("a;b=\"x,y\", c", (const char *[]){"a;b=\"x,y\"", "c", NULL});
  expect_list("\"a\\\",b\",c", (const char *[]){"\"a\\\",b\"", "c", NULL});
  expect_list("\"a\\\\\",c", (const char *[]){"\"a\\\\\"", "c", NULL});
  expect_list("a\\,b", (const char *[]){"a\\", "b", NULL});
  expect_list("\"open, b", (const char *[]){"\"open, b", NULL});
  expect_list("\"open\\", (const char *[]){"\"open\\", NULL});
}

static void lists_hold_tokens_of_any_case(void **state) {
  (void)state;
  assert_true(gw_http_list_has(GW_STR("keep-alive, Upgrade"), "upgrade"));
  assert_false(gw_http_list_has(GW_STR("keep-alive, xupgrade, upgrade2"), "upgrade"));
  assert_false(gw_http_list_has(GW_STR("\"upgrade\""), "upgrade"));
  assert_false(gw_http_list_has(GW_STR("\"a, upgrade\""), "upgrade"));
  assert_false(gw_http_list_has((struct gw_str){NULL, 0}, "upgrade"));
}

struct parameter {
  const char *name, *value;
};

static void expect_parameters(const char *text, const struct parameter *rows, int end) {
  struct gw_str rest = gw_str_of(text), name, value;
  for (; rows->name; rows++) {
    assert_int_equal(gw_http_parameter_next(&rest, &name, &value), 1);
    assert_str(name, rows->name);
    assert_str(value, rows->value);
  }
  int n = gw_http_parameter_next(&rest, &name, &value);
  if (n != end) fail_msg("%s: %d", text, n);
}

static void parameters_are_tokens_or_quoted(void **state) {
  (void)state;
  expect_parameters("", (struct parameter[]){{0}}, 0);
  expect_parameters("permessage-deflate; client_max_window_bits; server_max_window_bits=10",
                    (struct parameter[]){{"permessage-deflate", NULL},
                                         {"client_max_window_bits", NULL},
                                         {"server_max_window_bits", "10"},
                                         {0}},
                    0);
  expect_parameters("a ;\tb=\"c;d\" ; e=\"\"",
                    (struct parameter[]){{"a", NULL}, {"b", "c;d"}, {"e", ""}, {0}}, 0);
  expect_parameters("a=\"\\\"\\\\\"", (struct parameter[]){{"a", "\\\"\\\\"}, {0}}, 0);
  expect_parameters("a=\"=\"", (struct parameter[]){{"a", "="}, {0}}, 0);
  static const char *const bad[] = {";",      ";a",    "a;",    "a; ",      "a;;b",
                                    "=b",     "a=",    "a =b",  "a= b",     "a b",
                                    "a=b c",  "a=b=c", "a=\"b", "a=\"b\"c", "a=b\"c\"",
                                    "a=\"\\", "a=\"",  "\"a\"", "a=\"\\\"", "a(=b"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct gw_str rest = gw_str_of(bad[i]), name, value;
    int n;
    while ((n = gw_http_parameter_next(&rest, &name, &value)) > 0)
      ;
    if (n != GW_ERR_HTTP_SYNTAX) fail_msg("passed: %s", bad[i]);
  }
}

/* ---- targets and queries ---- */

static void targets_split_at_the_first_question_mark(void **state) {
  (void)state;
  static const struct {
    const char *target, *path, *query;
  } rows[] = {{"/a", "/a", NULL}, {"/a?", "/a", ""}, {"/a?b=c?d", "/a", "b=c?d"}, {"?x", "", "x"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct gw_str path, query;
    gw_http_target_split(gw_str_of(rows[i].target), &path, &query);
    assert_str(path, rows[i].path);
    assert_str(query, rows[i].query);
  }
}

static void queries_are_cut_at_ampersands(void **state) {
  (void)state;
  struct gw_str rest = GW_STR("&&a=1&b&=c&d==&&a=2&"), name, value;
  static const struct parameter rows[] = {{"a", "1"}, {"b", ""}, {"", "c"}, {"d", "="}, {"a", "2"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_true(gw_http_query_next(&rest, &name, &value));
    assert_str(name, rows[i].name);
    assert_str(value, rows[i].value);
  }
  assert_false(gw_http_query_next(&rest, &name, &value));
  assert_str(gw_http_query_get(GW_STR("x=0&a=1&a=2"), "a"), "1");
  assert_str(gw_http_query_get(GW_STR("x=0&aa=1"), "a"), NULL);
  assert_str(gw_http_query_get((struct gw_str){NULL, 0}, "a"), NULL);
}

static void percent_decoding_is_strict(void **state) {
  (void)state;
  char out[16];
  assert_int_equal(gw_http_percent_decode(GW_STR("a%20b+c%c3%A4"), false, out, sizeof out), 7);
  assert_memory_equal(out, "a b+c\xc3\xa4", 7);
  assert_int_equal(gw_http_percent_decode(GW_STR("a+b%2B"), true, out, sizeof out), 4);
  assert_memory_equal(out, "a b+", 4);
  assert_int_equal(gw_http_percent_decode(GW_STR(""), true, out, 0), 0);
  assert_int_equal(gw_http_percent_decode(GW_STR("%00"), true, out, 1), 1);
  assert_int_equal(gw_http_percent_decode(GW_STR("ab"), true, out, 1), GW_ERR_FULL);
  static const char *const bad[] = {"%", "%4", "a%", "%4g", "%g4", "%%41", "%+1", "% 1", "%-1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(gw_http_percent_decode(gw_str_of(bad[i]), true, out, sizeof out),
                     GW_ERR_HTTP_SYNTAX);
}

static void percent_encoding_comes_back(void **state) {
  (void)state;
  char all[256], text[3 * 256 + 1], back[256];
  for (int c = 0; c < 256; c++)
    all[c] = (char)c;
  struct gw_str bytes = {all, sizeof all};
  int n = gw_http_percent_encode(bytes, true, text, sizeof text);
  assert_true(n > 0);
  assert_int_equal(strlen(text), n);
  assert_int_equal(gw_http_percent_decode(gw_str_of(text), true, back, sizeof back), 256);
  assert_memory_equal(back, all, sizeof all);
  assert_int_equal(gw_http_percent_encode(GW_STR("a/b \n"), false, text, sizeof text), 11);
  assert_string_equal(text, "a%2Fb%20%0A");
  assert_int_equal(gw_http_percent_encode(GW_STR("a/b"), true, text, 4), 3);
  assert_int_equal(gw_http_percent_encode(GW_STR("a/b"), true, text, 3), GW_ERR_FULL);
  assert_int_equal(gw_http_percent_encode(GW_STR(" "), true, text, 3), GW_ERR_FULL);
  assert_int_equal(gw_http_percent_encode(GW_STR(""), true, text, 0), GW_ERR_FULL);
}

/* ---- origins ---- */

static void origins_are_parsed(void **state) {
  (void)state;
  struct gw_http_origin origin;
  assert_int_equal(gw_http_origin_parse(GW_STR("https://example.com"), &origin), 0);
  assert_str(origin.scheme, "https");
  assert_str(origin.host, "example.com");
  assert_int_equal(origin.port, 443);
  assert_int_equal(gw_http_origin_parse(GW_STR("http://[::1]:8000"), &origin), 0);
  assert_str(origin.host, "[::1]");
  assert_int_equal(origin.port, 8000);
  assert_int_equal(gw_http_origin_parse(GW_STR("chrome-extension://abc"), &origin), 0);
  assert_int_equal(origin.port, 0);
  static const char *const bad[] = {"",
                                    "null",
                                    "NULL",
                                    "a",
                                    "//a",
                                    "http:",
                                    "http:/a",
                                    "http://",
                                    "://a",
                                    "1http://a",
                                    "http://a/",
                                    "http://a/b",
                                    "http://a?b",
                                    "http://a#b",
                                    "http://u@a",
                                    "http://a:",
                                    "http://a:0",
                                    "http://a:65536",
                                    "http://a:8000x",
                                    "http://a b",
                                    "http://a http://b",
                                    "http://a,b",
                                    "ht tp://a",
                                    "http://\xc3\xa4",
                                    "http://[::1",
                                    "http://::1",
                                    "http://a\\b",
                                    "http://%61"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (gw_http_origin_parse(gw_str_of(bad[i]), &origin) != GW_ERR_HTTP_SYNTAX)
      fail_msg("passed: %s", bad[i]);
}

static void only_the_same_host_and_port_is_the_same_origin(void **state) {
  (void)state;
  static const struct {
    const char *origin, *host;
    bool is_tls, is_same;
  } rows[] = {
      {"http://good.example", "good.example", false, true},
      {"http://good.example:80", "good.example", false, true},
      {"http://good.example", "good.example:80", false, true},
      {"http://good.example", "good.example:", false, true},
      {"https://good.example", "good.example", true, true},
      {"https://good.example:443", "good.example", true, true},
      {"HTTP://Good.EXAMPLE", "gOOD.example", false, true},
      {"http://good.example:8000", "good.example:8000", false, true},
      {"http://[::1]:8000", "[::1]:8000", false, true},
      {"http://[2001:DB8::a]", "[2001:db8::A]", false, true},
      {"http://good.example.", "good.example.", false, true},
      /* tricks */
      {"http://good.example.evil.example", "good.example", false, false},
      {"http://evilgood.example", "good.example", false, false},
      {"http://evil.example/good.example", "good.example", false, false},
      {"http://evil.example#good.example", "good.example", false, false},
      {"http://evil.example?good.example", "good.example", false, false},
      {"http://good.example@evil.example", "good.example", false, false},
      {"http://evil.example@good.example", "good.example", false, false},
      {"http://good.example:80@evil.example", "good.example", false, false},
      {"http://good.example\\.evil.example", "good.example", false, false},
      {"http://good.example%2eevil.example", "good.example", false, false},
      {"http://good.example:8080", "good.example", false, false},
      {"http://good.example", "good.example:8080", false, false},
      {"http://good.example:800", "good.example:8000", false, false},
      {"http://good.example", "good.example", true, false},
      {"https://good.example", "good.example", false, false},
      {"http://good.example.", "good.example", false, false},
      {"http://good.example", "good.example.", false, false},
      {"http://good.exampl", "good.example", false, false},
      {"http://good.example http://good.example", "good.example", false, false},
      {" http://good.example", "good.example", false, false},
      {"null", "null", false, false},
      {"null", "good.example", false, false},
      {"", "", false, false},
      {"", "good.example", false, false},
      {"http://", "", false, false},
      {"good.example", "good.example", false, false},
      {"//good.example", "good.example", false, false},
      {"file://good.example", "good.example", false, false},
      {"ftp://good.example:80", "good.example", false, false},
      {"chrome-extension://good.example:80", "good.example", false, false},
      {"http://[::1]", "[::2]", false, false},
      {"http://[::1]", "::1", false, false},
      {"http://[::1]:8000", "[::1]:80", false, false},
      {"http://localhost:8000", "127.0.0.1:8000", false, false},
      {"http://good.example", "good.example, evil.example", false, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (gw_http_origin_is_same(gw_str_of(rows[i].origin), gw_str_of(rows[i].host),
                               rows[i].is_tls) != rows[i].is_same)
      fail_msg("%s at %s", rows[i].origin, rows[i].host);
  assert_false(gw_http_origin_is_same(GW_STR("http://good.example\0.evil.example"),
                                      GW_STR("good.example"), false));
  struct gw_http_authority authority;
  assert_int_equal(gw_http_authority_parse(GW_STR("[::1\0]"), &authority), GW_ERR_HTTP_SYNTAX);
}

/* ---- URLs ---- */

static void urls_are_cut_into_parts(void **state) {
  (void)state;
  static const struct {
    const char *url, *user, *host, *target;
    unsigned port;
    bool is_tls, is_ipv6;
  } rows[] = {
      {"ws://example.com/chat", NULL, "example.com", "/chat", 80, false, false},
      {"WSS://example.com", NULL, "example.com", "", 443, true, false},
      {"wss://example.com:80/", NULL, "example.com", "/", 80, true, false},
      {"http://127.0.0.1:8000/a/b?c=d&e", NULL, "127.0.0.1", "/a/b?c=d&e", 8000, false, false},
      {"https://[2001:db8::1]:65535/x", NULL, "2001:db8::1", "/x", 65535, true, true},
      {"ws://[::1]", NULL, "::1", "", 80, false, true},
      {"ws://a?b=/c@d", NULL, "a", "?b=/c@d", 80, false, false},
      {"ws://user:p%40ss;w@a:1/", "user:p%40ss;w", "a", "/", 1, false, false},
      {"ws://@a/", "", "a", "/", 80, false, false},
      {"ws://a:/b", NULL, "a", "/b", 80, false, false},
      {"ws://a/http://b@c:0/", NULL, "a", "/http://b@c:0/", 80, false, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct gw_http_url url;
    if (gw_http_url_parse(gw_str_of(rows[i].url), &url) != 0) fail_msg("refused: %s", rows[i].url);
    assert_str(url.user_info, rows[i].user);
    assert_str(url.host, rows[i].host);
    assert_str(url.target, rows[i].target);
    assert_int_equal(url.port, rows[i].port);
    assert_int_equal(url.is_tls, rows[i].is_tls);
    assert_int_equal(url.is_ipv6, rows[i].is_ipv6);
  }
}

static void bad_urls_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "a",
                                    "/a",
                                    "ws:a",
                                    "ws:/a",
                                    "ws//a",
                                    "://a",
                                    "ws://",
                                    "ws:///a",
                                    "ws://:80",
                                    "ws://?a",
                                    "ftp://a",
                                    "wsss://a",
                                    "ws://a#b",
                                    "ws://a/#",
                                    "ws://a/b c",
                                    "ws://a b",
                                    " ws://a",
                                    "ws://a ",
                                    "ws://a/\r\nX",
                                    "ws://a\r\n",
                                    "ws://a/\t",
                                    "ws://a/\x7f",
                                    "ws://a/\xc3\xa4",
                                    "ws://\xc3\xa4",
                                    "ws://a:0",
                                    "ws://a:65536",
                                    "ws://a:99999999999",
                                    "ws://a:-1",
                                    "ws://a:+1",
                                    "ws://a:x",
                                    "ws://a:80:80",
                                    "ws://u@v@a",
                                    "ws://u\\@a",
                                    "ws://a\\@b",
                                    "ws://[::1",
                                    "ws://::1",
                                    "ws://[]",
                                    "ws://[a]",
                                    "ws://[::1]x",
                                    "ws://[v1.a]",
                                    "ws://[::1%25lo]",
                                    "ws://u[@a",
                                    "ws://a%20b",
                                    "ws://a;b",
                                    "ws://[1.2.3.4]"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct gw_http_url url;
    if (gw_http_url_parse(gw_str_of(bad[i]), &url) != GW_ERR_ARGUMENT)
      fail_msg("passed: %s", bad[i]);
  }
  struct gw_http_url url;
  assert_int_equal(gw_http_url_parse(GW_STR("ws://a/\0"), &url), GW_ERR_ARGUMENT);
}

/* ---- base64 ---- */

static void base64_as_in_rfc_4648(void **state) {
  (void)state;
  static const struct {
    const char *bytes, *text;
  } rows[] = {{"", ""},
              {"f", "Zg=="},
              {"fo", "Zm8="},
              {"foo", "Zm9v"},
              {"foob", "Zm9vYg=="},
              {"fooba", "Zm9vYmE="},
              {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[16];
    uint8_t bytes[16];
    int len = (int)strlen(rows[i].bytes), n = (int)strlen(rows[i].text);
    assert_int_equal(gw_base64_encode(rows[i].bytes, (size_t)len, text, sizeof text), n);
    assert_string_equal(text, rows[i].text);
    assert_int_equal(gw_base64_encode(rows[i].bytes, (size_t)len, text, (size_t)n), GW_ERR_FULL);
    assert_int_equal(gw_base64_decode(gw_str_of(rows[i].text), bytes, sizeof bytes), len);
    assert_memory_equal(bytes, rows[i].bytes, (size_t)len);
    assert_int_equal(gw_base64_decode(gw_str_of(rows[i].text), bytes, (size_t)len), len);
    if (len)
      assert_int_equal(gw_base64_decode(gw_str_of(rows[i].text), bytes, (size_t)len - 1),
                       GW_ERR_FULL);
  }
}

static void base64_comes_back(void **state) {
  (void)state;
  uint8_t bytes[256], back[256];
  char text[400];
  for (int i = 0; i < 256; i++)
    bytes[i] = (uint8_t)(255 - i);
  for (size_t len = 0; len <= sizeof bytes; len++) {
    int n = gw_base64_encode(bytes, len, text, sizeof text);
    assert_true(n >= 0);
    assert_int_equal(gw_base64_decode((struct gw_str){text, (size_t)n}, back, sizeof back), len);
    assert_memory_equal(back, bytes, len);
  }
}

static void base64_has_one_spelling(void **state) {
  (void)state;
  static const char *const bad[] = {
      "Z",      "Zg",   "Zg=",    "Zh==",       "Zm9=",        "Z===", "====",
      "=Zg=",   "Zg=a", "Zm9v=",  "Zm8=Zm8=",   "Zg==Zg==",    "Zm9 ", " Zm9v",
      "Zm\n9v", "Zm-_", "Zm9v\n", "Z\xc3\xa4=", "Zg==\r\n\r\n"};
  uint8_t out[32];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (gw_base64_decode(gw_str_of(bad[i]), out, sizeof out) != GW_ERR_ARGUMENT)
      fail_msg("passed: %s", bad[i]);
  assert_int_equal(gw_base64_decode(GW_STR("Zg\0="), out, sizeof out), GW_ERR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(characters_are_those_of_the_rfcs),
      cmocka_unit_test(tokens_and_values),
      cmocka_unit_test(lists_are_cut_at_commas),
      cmocka_unit_test(lists_hold_tokens_of_any_case),
      cmocka_unit_test(parameters_are_tokens_or_quoted),
      cmocka_unit_test(targets_split_at_the_first_question_mark),
      cmocka_unit_test(queries_are_cut_at_ampersands),
      cmocka_unit_test(percent_decoding_is_strict),
      cmocka_unit_test(percent_encoding_comes_back),
      cmocka_unit_test(origins_are_parsed),
      cmocka_unit_test(only_the_same_host_and_port_is_the_same_origin),
      cmocka_unit_test(urls_are_cut_into_parts),
      cmocka_unit_test(bad_urls_are_refused),
      cmocka_unit_test(base64_as_in_rfc_4648),
      cmocka_unit_test(base64_comes_back),
      cmocka_unit_test(base64_has_one_spelling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
