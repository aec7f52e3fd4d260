/* SPDX-License-Identifier: MIT */
/* HTTP answers are read one after the other, however the bytes are cut. */
#include "cli/bench/answer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct seen {
  unsigned heads, ends, status;
  char body[64];
  size_t len;
};

static int feed(struct gw_bench_answer *answer, const char *data, size_t len, struct seen *seen) {
  struct gw_http_head head;
  struct gw_str piece;
  for (;;) {
    int got = gw_bench_answer_read(answer, GW_HTTP_GET, &data, &len, &head, &piece);
    if (got <= GW_BENCH_MORE) return got;
    if (got == GW_BENCH_HEAD) seen->status = head.status;
    seen->heads += got == GW_BENCH_HEAD;
    seen->ends += got == GW_BENCH_END;
    if (got != GW_BENCH_PIECE) continue;
    memcpy(seen->body + seen->len, piece.at, piece.len);
    seen->len += piece.len;
  }
}

static void answers_follow_one_another_wherever_the_bytes_are_cut(void **state) {
  (void)state;
  static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
                             "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
  for (size_t cut = 0; cut < sizeof text; cut++) {
    struct gw_bench_answer answer;
    struct seen seen = {0};
    gw_bench_answer_init(&answer);
    assert_int_equal(feed(&answer, text, cut, &seen), 0);
    assert_int_equal(feed(&answer, text + cut, sizeof text - 1 - cut, &seen), 0);
    assert_int_equal(seen.heads, 3);
    assert_int_equal(seen.ends, 3);
    assert_int_equal(seen.status, 201);
    assert_int_equal(seen.len, 6);
    assert_memory_equal(seen.body, "abcdef", 6);
    gw_bench_answer_clear(&answer);
  }
}

static void what_is_no_answer_is_an_error(void **state) {
  (void)state;
  static const char *const texts[] = {
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct gw_bench_answer answer;
    struct seen seen = {0};
    gw_bench_answer_init(&answer);
    assert_true(feed(&answer, texts[i], strlen(texts[i]), &seen) < 0);
    gw_bench_answer_clear(&answer);
  }
}

static void a_head_without_end_is_refused(void **state) {
  (void)state;
  struct gw_bench_answer answer;
  struct seen seen = {0};
  gw_bench_answer_init(&answer);
  int got = feed(&answer, "HTTP/1.1 200 OK\r\n", 17, &seen);
  for (int i = 0; i < 2000 && got == 0; i++)
    got = feed(&answer, "X: 0123456789\r\n", 15, &seen);
  assert_int_equal(got, GW_ERR_HTTP_HEADERS_LARGE);
  gw_bench_answer_clear(&answer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_follow_one_another_wherever_the_bytes_are_cut),
      cmocka_unit_test(what_is_no_answer_is_an_error),
      cmocka_unit_test(a_head_without_end_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
