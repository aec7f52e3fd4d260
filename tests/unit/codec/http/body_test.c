/* SPDX-License-Identifier: MIT */
/* Bodies: RFC 9112's example, every input in every split, and the chunk lines that must not pass.
 */
#include "codec/http/body.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* after the four above, which it needs */
#include <cmocka.h>

struct outcome {
  int end;     /* 0: more is needed; 2; or an error */
  size_t used; /* of the input */
  size_t len;
  char data[4096];
};

static void feed(struct gw_http_body *body, const char *data, size_t len, struct outcome *out) {
  struct gw_str piece;
  const char *at = data;
  while ((out->end = gw_http_body_read(body, &at, &len, &piece)) == 1) {
    assert_true(piece.len > 0);
    assert_true(out->len + piece.len <= sizeof out->data);
    memcpy(out->data + out->len, piece.at, piece.len);
    out->len += piece.len;
  }
  out->used += (size_t)(at - data);
}

static struct outcome read_split(enum gw_http_framing framing, uint64_t length, struct gw_str input,
                                 size_t first) {
  struct gw_http_head head = {.framing = framing, .length = length};
  struct gw_http_body body;
  struct outcome out = {0};
  gw_http_body_init(&body, &head);
  feed(&body, input.at, first, &out);
  if (out.end == 0) feed(&body, input.at + first, input.len - first, &out);
  return out;
}

/* In one piece, in two at every byte, and byte by byte: the same each time. */
static struct outcome read_all_ways(enum gw_http_framing framing, uint64_t length,
                                    struct gw_str input) {
  struct outcome whole = read_split(framing, length, input, input.len);
  for (size_t i = 0; i <= input.len; i++) {
    struct outcome split = read_split(framing, length, input, i);
    assert_int_equal(split.end, whole.end);
    assert_int_equal(split.used, whole.used);
    assert_int_equal(split.len, whole.len);
    assert_memory_equal(split.data, whole.data, whole.len);
  }
  struct gw_http_head head = {.framing = framing, .length = length};
  struct gw_http_body body;
  struct outcome single = {0};
  gw_http_body_init(&body, &head);
  for (size_t i = 0; i < input.len && single.end == 0; i++)
    feed(&body, input.at + i, 1, &single);
  if (input.len) assert_int_equal(single.end, whole.end);
  assert_memory_equal(single.data, whole.data, whole.len);
  return whole;
}

static void expect_body(struct outcome out, const char *data, size_t used) {
  assert_int_equal(out.end, 2);
  assert_int_equal(out.len, strlen(data));
  assert_memory_equal(out.data, data, out.len);
  assert_int_equal(out.used, used);
}

static void no_body_is_whole_at_once(void **state) {
  (void)state;
  expect_body(read_all_ways(GW_HTTP_NO_BODY, 0, GW_STR("GET /")), "", 0);
  expect_body(read_all_ways(GW_HTTP_LENGTH, 0, GW_STR("GET /")), "", 0);
}

static void a_length_takes_that_many_bytes(void **state) {
  (void)state;
  expect_body(read_all_ways(GW_HTTP_LENGTH, 5, GW_STR("helloGET /")), "hello", 5);
  struct outcome cut = read_all_ways(GW_HTTP_LENGTH, 6, GW_STR("hello"));
  assert_int_equal(cut.end, 0);
  assert_int_equal(cut.len, 5);
}

static void until_close_never_ends(void **state) {
  (void)state;
  struct outcome out = read_all_ways(GW_HTTP_UNTIL_CLOSE, 0, GW_STR("all of it\r\n\r\n"));
  assert_int_equal(out.end, 0);
  assert_int_equal(out.len, 13);
}

static void chunks_are_joined_and_trailers_dropped(void **state) {
  (void)state;
  static const struct {
    const char *input, *data;
  } rows[] = {
      {"4\r\nWiki\r\n7\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\n\r\n", "Wikipedia in \r\nchunks."},
      {"0\r\n\r\n", ""},
      {"00000000\r\n\r\n", ""},
      {"0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"},
      {"a\r\n0123456789\r\n0\r\nExpires: never\r\nX:\r\n\r\n", "0123456789"},
      {"5;name=value;q=\"a;b\"\r\nhello\r\n0;last\r\n\r\n", "hello"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char input[256];
    size_t len = strlen(rows[i].input);
    memcpy(input, rows[i].input, len);
    memcpy(input + len, "GET /", 5); /* the next request stays in the input */
    expect_body(read_all_ways(GW_HTTP_CHUNKED, 0, (struct gw_str){input, len + 5}), rows[i].data,
                len);
  }
}

static void bad_chunks_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *why, *input;
  } rows[] = {
      {"no digit", "\r\n\r\n"},
      {"no digit before an extension", ";a\r\n"},
      {"a sign", "+5\r\nhello\r\n"},
      {"a negative size", "-1\r\n"},
      {"the 0x of hex", "0x5\r\nhello\r\n"},
      {"a blank before the size", " 5\r\nhello\r\n"},
      {"a blank behind the size", "5 \r\nhello\r\n"},
      {"a blank before the extension", "5 ;a\r\nhello\r\n"},
      {"not a hex digit", "5g\r\nhello\r\n"},
      {"17 digits", "00000000000000005\r\nhello\r\n"},
      {"a size past 64 bits", "10000000000000005\r\nhello\r\n"},
      {"bare LF behind the size", "5\nhello\r\n"},
      {"bare CR behind the size", "5\rhello\r\n"},
      {"bare LF in an extension", "5;a\nhello\r\n"},
      {"a control character in an extension", "5;a\x01\r\nhello\r\n"},
      {"chunk longer than its size", "5\r\nhello!\r\n"},
      {"bare LF behind the data", "5\r\nhello\n0\r\n\r\n"},
      {"bare CR behind the data", "5\r\nhello\r0\r\n\r\n"},
      {"no CRLF behind the data", "5\r\nhello0\r\n\r\n"},
      {"bare LF at the end", "0\r\n\n"},
      {"bare CR at the end", "0\r\n\rX"},
      {"a trailer without a name", "0\r\n: a\r\n\r\n"},
      {"a trailer without a colon", "0\r\nname\r\n\r\n"},
      {"a blank before a trailer's colon", "0\r\nname : a\r\n\r\n"},
      {"a folded trailer", "0\r\na: b\r\n c\r\n\r\n"},
      {"bare LF behind a trailer", "0\r\na: b\nc: d\r\n\r\n"},
      {"a control character in a trailer", "0\r\na: b\x7f\r\n\r\n"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct gw_str input = gw_str_of(rows[i].input);
    if (read_all_ways(GW_HTTP_CHUNKED, 0, input).end != GW_ERR_HTTP_SYNTAX)
      fail_msg("passed: %s", rows[i].why);
  }
  assert_int_equal(read_all_ways(GW_HTTP_CHUNKED, 0, (struct gw_str){"0;\0\r\n\r\n", 7}).end,
                   GW_ERR_HTTP_SYNTAX);
}

/* `head`, n times `x`, `tail`. */
static struct outcome read_long(const char *head, size_t n, const char *tail) {
  size_t before = strlen(head), after = strlen(tail);
  char *input = malloc(before + n + after);
  assert_non_null(input);
  memcpy(input, head, before);
  memset(input + before, 'x', n);
  memcpy(input + before + n, tail, after);
  struct outcome out =
      read_split(GW_HTTP_CHUNKED, 0, (struct gw_str){input, before + n + after}, before);
  free(input);
  return out;
}

static void lines_and_trailers_have_caps(void **state) {
  (void)state;
  assert_int_equal(read_long("0;", SIZE_LINE_MAX - 4, "\r\n\r\n").end, 2);
  assert_int_equal(read_long("0;", SIZE_LINE_MAX - 3, "\r\n\r\n").end, GW_ERR_HTTP_SYNTAX);
  assert_int_equal(read_long("0\r\na:", TRAILERS_MAX - 6, "\r\n\r\n").end, 2);
  assert_int_equal(read_long("0\r\na:", TRAILERS_MAX - 5, "\r\n\r\n").end, GW_ERR_HTTP_SYNTAX);
  /* A cap shows when it is reached, not when the line ends. */
  assert_int_equal(read_long("0;", 100000, "").end, GW_ERR_HTTP_SYNTAX);
  assert_int_equal(read_long("0;", 100000, "").used, SIZE_LINE_MAX);
}

static void trailers_are_capped_together(void **state) {
  (void)state;
  struct gw_http_head head = {.framing = GW_HTTP_CHUNKED};
  struct gw_http_body body;
  struct outcome out = {0};
  gw_http_body_init(&body, &head);
  feed(&body, "0\r\n", 3, &out);
  for (int i = 0; i < 10000 && out.end == 0; i++)
    feed(&body, "a:b\r\n", 5, &out);
  assert_int_equal(out.end, GW_ERR_HTTP_SYNTAX);
  assert_int_equal(out.used, 3 + TRAILERS_MAX);
}

static void the_largest_size_does_not_overflow(void **state) {
  (void)state;
  struct outcome out = read_all_ways(GW_HTTP_CHUNKED, 0, GW_STR("ffffffffffffffff\r\nabc"));
  assert_int_equal(out.end, 0);
  assert_int_equal(out.len, 3);
}

static void many_chunks_each_have_their_own_line_cap(void **state) {
  (void)state;
  struct gw_http_head head = {.framing = GW_HTTP_CHUNKED};
  struct gw_http_body body;
  struct outcome out = {0};
  gw_http_body_init(&body, &head);
  for (int i = 0; i < 4000; i++)
    feed(&body, "1;x\r\na\r\n", 8, &out);
  feed(&body, "0\r\n\r\n", 5, &out);
  assert_int_equal(out.end, 2);
  assert_int_equal(out.len, 4000);
}

static void chunk_heads_are_plain_hex(void **state) {
  (void)state;
  static const struct {
    size_t len;
    const char *text;
  } rows[] = {
      {1, "1\r\n"},
      {15, "f\r\n"},
      {16, "10\r\n"},
      {255, "ff\r\n"},
      {4096, "1000\r\n"},
      {65537, "10001\r\n"},
      {SIZE_MAX, "ffffffffffffffff\r\n"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char out[18];
    size_t n = gw_http_chunk_head(out, rows[i].len);
    assert_int_equal(n, strlen(rows[i].text));
    assert_memory_equal(out, rows[i].text, n);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_body_is_whole_at_once),
      cmocka_unit_test(a_length_takes_that_many_bytes),
      cmocka_unit_test(until_close_never_ends),
      cmocka_unit_test(chunks_are_joined_and_trailers_dropped),
      cmocka_unit_test(bad_chunks_are_refused),
      cmocka_unit_test(lines_and_trailers_have_caps),
      cmocka_unit_test(trailers_are_capped_together),
      cmocka_unit_test(the_largest_size_does_not_overflow),
      cmocka_unit_test(many_chunks_each_have_their_own_line_cap),
      cmocka_unit_test(chunk_heads_are_plain_hex),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
