/* SPDX-License-Identifier: MIT */
/* The standard's own examples, and every text split at every byte. */
#include "codec/sse_read.c"

#include "godwit/error.h"
#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* All events of `text`, fed in two pieces, as `event|data|id` lines. */
static int read_split(const char *text, size_t len, size_t at, size_t max, char *out, size_t size) {
  struct gw_sse_reader reader;
  struct gw_sse_read_event event;
  size_t n = 0;
  int r = 0;
  gw_sse_reader_init(&reader, max);
  *out = '\0';
  for (int piece = 0; piece < 2 && r == 0; piece++) {
    const char *data = piece ? text + at : text;
    size_t left = piece ? len - at : at;
    while ((r = gw_sse_read(&reader, &data, &left, &event)) == 1)
      n += (size_t)snprintf(out + n, size - n, "%.*s|%.*s|%.*s\n", (int)event.event.len,
                            event.event.at, (int)event.data.len, event.data.at, (int)event.id.len,
                            event.id.at);
    if (r == 0) assert_int_equal(left, 0);
  }
  gw_sse_reader_clear(&reader);
  return r;
}

static void expect(const char *text, size_t len, const char *events) {
  char out[1024];
  for (size_t at = 0; at <= len; at++) {
    assert_int_equal(read_split(text, len, at, 4096, out, sizeof out), 0);
    assert_string_equal(out, events);
  }
}
#define EXPECT(text, events) expect((text), sizeof(text) - 1, (events))

static void the_examples_of_the_standard(void **state) {
  (void)state;
  EXPECT("data: YHOO\ndata: +2\ndata: 10\n\n", "|YHOO\n+2\n10|\n");
  EXPECT(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third "
         "event\n\n",
         "|first event|1\n|second event|\n| third event|\n");
  EXPECT("data\n\ndata\ndata\n\ndata:", "||\n|\n|\n");
  EXPECT("data:test\n\ndata: test\n\n", "|test|\n|test|\n");
}

static void line_ends_of_every_kind(void **state) {
  (void)state;
  EXPECT("data: a\r\n\r\ndata: b\r\rdata: c\n\n", "|a|\n|b|\n|c|\n");
  EXPECT("data: a\r\ndata: b\r\n\r\n", "|a\nb|\n");
  EXPECT("data: a\n\r\n", "|a|\n");
}

static void names_ids_and_what_is_none(void **state) {
  (void)state;
  EXPECT("event: add\ndata: 1\n\ndata: 2\n\n", "add|1|\n|2|\n");
  EXPECT("event: lost\n\ndata: 2\n\n", "|2|\n"); /* no data: its name is forgotten … */
  EXPECT("id: 7\n\ndata: 2\n\n", "|2|7\n");      /* … its id is not */
  EXPECT("id: 7\nid: a\0b\ndata: 2\n\n", "|2|7\n");
  EXPECT("DATA: x\ndatax: y\nretry: 1x\n: c\n:\nfoo\ndata: 2\n\n", "|2|\n");
  EXPECT("data: not dispatched\n", "");
  EXPECT("\xEF\xBB\xBF"
         "data: bom\n\n\xEF\xBB\xBF"
         "data: none\n\ndata: x\n\n",
         "|bom|\n|x|\n");
}

static void retry_is_digits(void **state) {
  (void)state;
  static const struct {
    const char *text;
    unsigned ms;
  } cases[] = {{"retry: 2500\n", 2500},   {"retry:1\n\n", 1}, {"retry: -1\n", 0},
               {"retry: 1.5\n", 0},       {"retry:\n", 0},    {"retry\n", 0},
               {"retry: 9999999999\n", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct gw_sse_reader reader;
    struct gw_sse_read_event event;
    const char *data = cases[i].text;
    size_t len = strlen(data);
    gw_sse_reader_init(&reader, 100);
    assert_int_equal(gw_sse_read(&reader, &data, &len, &event), 0);
    assert_int_equal(reader.retry_ms, cases[i].ms);
    gw_sse_reader_clear(&reader);
  }
}

static void what_never_ends_is_refused(void **state) {
  (void)state;
  char text[200], out[64];
  memset(text, 'x', sizeof text);
  assert_int_equal(read_split(text, sizeof text, 70, 100, out, sizeof out), GW_ERR_FULL);
  for (size_t i = 0; i + 10 <= sizeof text; i += 10)
    memcpy(text + i, "data: abc\n", 10);
  assert_int_equal(read_split(text, sizeof text, 5, 40, out, sizeof out), GW_ERR_FULL);
}

static void a_failed_allocation_is_an_error(void **state) {
  (void)state;
  static const char text[] = "id: 5\nevent: e\ndata: some data\n\n";
  char out[64];
  for (unsigned n = 1; n < 10; n++) {
    alloc_fail_at(n);
    int r = read_split(text, sizeof text - 1, 9, 4096, out, sizeof out);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(r, has_failed ? GW_ERR_MEMORY : 0);
    if (!has_failed) return;
  }
  fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_examples_of_the_standard),
      cmocka_unit_test(line_ends_of_every_kind),
      cmocka_unit_test(names_ids_and_what_is_none),
      cmocka_unit_test(retry_is_digits),
      cmocka_unit_test(what_never_ends_is_refused),
      cmocka_unit_test(a_failed_allocation_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
