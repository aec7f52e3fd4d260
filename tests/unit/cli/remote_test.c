/* SPDX-License-Identifier: MIT */
/* A server's URL as it is given, and the URLs and words made of it. */
#include "cli/remote.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What they print is not looked at here. */
void gw_show_escaped(FILE *out, const void *data, size_t len, bool keeps_lines) {
  (void)keeps_lines;
  fwrite(data, 1, len, out);
}
void gw_command_say(const struct gw_command *command, const char *format, ...) {
  (void)command;
  (void)format;
}

static const struct gw_command test_command = {.name = "test"};

static void expect_url(const char *base, const char *user, const char *name, const char *url) {
  struct gw_remote remote = {.url = base, .user = user};
  struct gw_buf out;
  gw_buf_init(&out, 4096);
  assert_true(gw_remote_init(&remote, &test_command));
  assert_int_equal(gw_remote_url(&remote, &out, "/channels/", gw_str_of(name)), 0);
  assert_int_equal(gw_buf_add(&out, "", 1), 0);
  assert_string_equal((char *)out.data, url);
  gw_buf_clear(&out);
}

static void urls_have_every_name_encoded(void **state) {
  (void)state;
  expect_url("http://a", NULL, "x", "http://a/channels/x");
  expect_url("https://a:8/", NULL, "x/y", "https://a:8/channels/x/y");
  expect_url("ws://[::1]:8/base//", NULL, "a b", "ws://[::1]:8/base/channels/a%20b");
  expect_url("http://a", "u&v", "?#%\xC3\xBC", "http://a/channels/%3F%23%25%C3%BC?user=u%26v");
}

static void parameters_follow_one_another(void **state) {
  (void)state;
  struct gw_buf out;
  gw_buf_init(&out, 4096);
  gw_buf_add_text(&out, "http://a/x");
  assert_int_equal(gw_remote_add_query(&out, "after", GW_STR("E:7")), 0);
  assert_int_equal(gw_remote_add_query(&out, "b", GW_STR("/+ ")), 0);
  assert_memory_equal(out.data, "http://a/x?after=E%3A7&b=%2F%2B%20", out.len);
  gw_buf_clear(&out);
}

static void a_url_that_cannot_be_a_servers_is_refused(void **state) {
  (void)state;
  static const char *const urls[] = {
      "", "x", "ftp://a", "http://", "http://a?x", "http://u@a", "http://a#", "a:80", "http://a b"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    struct gw_remote remote = {.url = urls[i]};
    if (gw_remote_init(&remote, &test_command)) fail_msg("taken: %s", urls[i]);
  }
  char token[5000];
  memset(token, 'x', sizeof token);
  token[sizeof token - 1] = '\0';
  static const char *const tokens[] = {"a\r\nX: y", "a\nb", "\x7f"};
  for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
    assert_false(
        gw_remote_init(&(struct gw_remote){.url = "http://a", .token = tokens[i]}, &test_command));
  assert_false(
      gw_remote_init(&(struct gw_remote){.url = "http://a", .token = token}, &test_command));
}

static void a_token_is_a_field(void **state) {
  (void)state;
  struct gw_http_field field = {{NULL, 0}, {NULL, 0}};
  struct gw_remote remote = {.url = "http://a", .token = "T"};
  assert_true(gw_remote_init(&remote, &test_command));
  assert_int_equal(gw_remote_field(&remote, &field), 1);
  assert_true(gw_str_is(field.value, "Bearer T"));
  remote.token = NULL;
  assert_int_equal(gw_remote_field(&remote, &field), 0);
}

static void retry_after_is_seconds(void **state) {
  (void)state;
  static const struct {
    const char *line;
    unsigned ms;
  } cases[] = {{"Retry-After: 7\r\n", 7000},
               {"Retry-After: 0\r\n", 0},
               {"Retry-After: 99999999999\r\n", 999999000},
               {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0},
               {"Retry-After: 31 Dec\r\n", 0},
               {"", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[128];
    struct gw_http_head head;
    int n =
        snprintf(text, sizeof text, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n%s\r\n", cases[i].line);
    assert_int_equal(gw_http_response_parse(&head, text, (size_t)n, GW_HTTP_GET), 0);
    assert_int_equal(gw_remote_retry_ms(&head), cases[i].ms);
  }
}

static void a_problem_is_told_in_its_own_words(void **state) {
  (void)state;
  char out[64];
  static const struct {
    const char *body, *words;
  } cases[] = {{"{\"title\":\"No\",\"detail\":\"so not\"}", "the server answered 403: so not"},
               {"{\"title\":\"No\"}", "the server answered 403: No"},
               {"{\"detail\":5}", "the server answered 403: Forbidden"},
               {"<html>", "the server answered 403: Forbidden"},
               {"", "the server answered 403: Forbidden"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(gw_remote_problem(403, gw_str_of(cases[i].body), out, sizeof out),
                        cases[i].words);
  assert_string_equal(gw_remote_problem(499, (struct gw_str){NULL, 0}, out, sizeof out),
                      "the server answered 499");
  assert_string_equal(gw_remote_problem(403, GW_STR("{\"detail\":\"long\"}"), out, 10),
                      "the serve");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(urls_have_every_name_encoded),
      cmocka_unit_test(parameters_follow_one_another),
      cmocka_unit_test(a_url_that_cannot_be_a_servers_is_refused),
      cmocka_unit_test(a_token_is_a_field),
      cmocka_unit_test(retry_after_is_seconds),
      cmocka_unit_test(a_problem_is_told_in_its_own_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
