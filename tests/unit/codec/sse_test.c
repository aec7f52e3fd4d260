/* SPDX-License-Identifier: MIT */
/* Events as they are written, and as a reader that follows WHATWG HTML 9.2.6 makes them out. */
#include "codec/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "support/alloc.h"

static struct gw_buf out;

static int set_up(void **state) {
  (void)state;
  gw_buf_init(&out, 1 << 20);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  gw_buf_clear(&out);
  return 0;
}

static void expect(const char *text) {
  assert_int_equal(out.len, strlen(text));
  assert_memory_equal(out.data, text, out.len);
  gw_buf_clear(&out);
}

static void write_data(struct gw_str data) {
  gw_buf_clear(&out);
  assert_int_equal(gw_sse_add(&out, &(struct gw_sse_event){.data = data}), 0);
}

/* ---- a reader, step by step as the standard has it ---- */

struct reader {
  char data[256], type[64], id[64], last_id[64];
  size_t data_len;
  unsigned retry, dispatched;
  char event_data[256], event_type[64];
  size_t event_len;
};

static void read_field(struct reader *r, struct gw_str name, struct gw_str value) {
  if (gw_str_is(name, "event")) {
    snprintf(r->type, sizeof r->type, "%.*s", (int)value.len, value.at);
  } else if (gw_str_is(name, "data")) {
    memcpy(r->data + r->data_len, value.at, value.len);
    r->data_len += value.len;
    r->data[r->data_len++] = '\n';
  } else if (gw_str_is(name, "id") && !memchr(value.at, 0, value.len)) {
    snprintf(r->id, sizeof r->id, "%.*s", (int)value.len, value.at);
  } else if (gw_str_is(name, "retry")) {
    r->retry = (unsigned)strtoul(value.at, NULL, 10);
  }
}

static void dispatch(struct reader *r) {
  memcpy(r->last_id, r->id, sizeof r->id);
  if (r->data_len > 0) {
    r->event_len = r->data_len - 1;
    memcpy(r->event_data, r->data, r->event_len);
    snprintf(r->event_type, sizeof r->event_type, "%s", *r->type ? r->type : "message");
    r->dispatched++;
  }
  r->data_len = 0;
  r->type[0] = '\0';
}

static void read_line(struct reader *r, struct gw_str line) {
  const char *colon = line.len > 0 ? memchr(line.at, ':', line.len) : NULL;
  if (line.len == 0) {
    dispatch(r);
    return;
  }
  if (colon == line.at) return; /* a comment */
  struct gw_str name = {line.at, colon ? (size_t)(colon - line.at) : line.len}, value = {"", 0};
  if (colon) value = (struct gw_str){colon + 1, line.len - name.len - 1};
  if (value.len > 0 && *value.at == ' ') value = (struct gw_str){value.at + 1, value.len - 1};
  read_field(r, name, value);
}

/* Reads all that was written: lines that end in CRLF, LF or CR, behind a BOM that is left out. */
static void read_all(struct reader *r) {
  *r = (struct reader){.retry = 0};
  const char *text = (const char *)out.data;
  size_t at = out.len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, from = at;
  for (; at < out.len; at++) {
    if (text[at] != '\n' && text[at] != '\r') continue;
    read_line(r, (struct gw_str){text + from, at - from});
    if (text[at] == '\r' && at + 1 < out.len && text[at + 1] == '\n') at++;
    from = at + 1;
  }
  assert_int_equal(from, out.len);
}

/* ---- tests ---- */

/* The streams of section 9.2.6, as this writer has them. */
static void examples_of_the_standard(void **state) {
  (void)state;
  write_data(GW_STR("YHOO\n+2\n10"));
  expect("data: YHOO\ndata: +2\ndata: 10\n\n");
  const struct gw_sse_event first = {.id = GW_STR("1"), .data = GW_STR("first event")};
  assert_int_equal(gw_sse_add(&out, &first), 0);
  expect("id: 1\ndata: first event\n\n");
  write_data(GW_STR(" third event")); /* the blank that the standard's example keeps */
  expect("data:  third event\n\n");
  write_data(GW_STR("")); /* dispatched, unlike an event that has no data at all */
  expect("data: \n\n");
  write_data(GW_STR("\n"));
  expect("data: \ndata: \n\n");
  const struct gw_sse_event add = {.event = GW_STR("add"), .data = GW_STR("73857293")};
  assert_int_equal(gw_sse_add(&out, &add), 0);
  expect("event: add\ndata: 73857293\n\n");
}

static void every_field(void **state) {
  (void)state;
  const struct gw_sse_event all = {GW_STR("e:7"), GW_STR("tick"), GW_STR("x"), 2000};
  assert_int_equal(gw_sse_add(&out, &all), 0);
  expect("retry: 2000\nid: e:7\nevent: tick\ndata: x\n\n");
  const struct gw_sse_event opening = {.id = GW_STR("e:7"), .retry_ms = 2000};
  assert_int_equal(gw_sse_add(&out, &opening), 0);
  struct reader reader;
  read_all(&reader);
  assert_int_equal(reader.dispatched, 0);
  assert_string_equal(reader.last_id, "e:7");
  assert_int_equal(reader.retry, 2000);
}

/* What arrives is the payload, with LF for each of its line ends. */
static void payloads_arrive(void **state) {
  (void)state;
  static const struct {
    struct gw_str payload, arrives;
  } cases[] = {
      {GW_STR(""), GW_STR("")},
      {GW_STR("x"), GW_STR("x")},
      {GW_STR("\n"), GW_STR("\n")},
      {GW_STR("\r"), GW_STR("\n")},
      {GW_STR("\r\n"), GW_STR("\n")},
      {GW_STR("\n\r"), GW_STR("\n\n")},
      {GW_STR("\n\n\n"), GW_STR("\n\n\n")},
      {GW_STR("\r\r\n\n"), GW_STR("\n\n\n")},
      {GW_STR("a\nb\rc\r\nd"), GW_STR("a\nb\nc\nd")},
      {GW_STR("a\n"), GW_STR("a\n")},
      {GW_STR("\na"), GW_STR("\na")},
      {GW_STR(" a\n  b"), GW_STR(" a\n  b")},
      {GW_STR(":comment"), GW_STR(":comment")},
      {GW_STR("data: x\n\nid: 7\n\nevent: y"), GW_STR("data: x\n\nid: 7\n\nevent: y")},
      {GW_STR("\xEF\xBB\xBFx"), GW_STR("\xEF\xBB\xBFx")},
      {GW_STR("a\0b"), GW_STR("a\0b")},
      {GW_STR("\0"), GW_STR("\0")},
      {GW_STR("\xE2\x80\xA8\xC2\x85\v\f"), GW_STR("\xE2\x80\xA8\xC2\x85\v\f")},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct reader reader;
    write_data(cases[i].payload);
    read_all(&reader);
    assert_int_equal(reader.dispatched, 1);
    assert_int_equal(reader.event_len, cases[i].arrives.len);
    assert_memory_equal(reader.event_data, cases[i].arrives.at, reader.event_len);
    assert_string_equal(reader.event_type, "message");
    assert_string_equal(reader.last_id, "");
  }
}

static void one_after_the_other(void **state) {
  (void)state;
  struct reader reader;
  assert_int_equal(
      gw_sse_add(&out, &(struct gw_sse_event){GW_STR("1"), GW_STR("a b"), GW_STR("x"), 0}), 0);
  read_all(&reader);
  assert_int_equal(reader.dispatched, 1);
  assert_string_equal(reader.event_type, "a b");
  assert_string_equal(reader.last_id, "1");
  assert_int_equal(gw_sse_add(&out, &(struct gw_sse_event){.data = GW_STR("y")}), 0);
  read_all(&reader);
  assert_int_equal(reader.dispatched, 2);
  assert_string_equal(reader.event_type, "message");
  assert_string_equal(reader.last_id, "1");
}

static void a_name_is_no_line(void **state) {
  (void)state;
  const struct gw_str wrong[] = {GW_STR("a\nb"), GW_STR("\r"), GW_STR("a\0")};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(gw_sse_add(&out, &(struct gw_sse_event){.id = wrong[i]}), GW_ERR_ARGUMENT);
    assert_int_equal(gw_sse_add(&out, &(struct gw_sse_event){.event = wrong[i]}), GW_ERR_ARGUMENT);
    assert_int_equal(out.len, 0);
  }
}

static void without_memory(void **state) {
  (void)state;
  static char long_data[300];
  memset(long_data, 'x', sizeof long_data);
  const struct gw_sse_event event = {GW_STR("e:7"), GW_STR("tick"), {long_data, 300}, 2000};
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    int err = gw_sse_add(&out, &event);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    gw_buf_clear(&out);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    if (!has_failed) break;
  }
  gw_buf_init(&out, 10);
  assert_int_equal(gw_sse_add(&out, &event), GW_ERR_FULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(examples_of_the_standard, set_up, tear_down),
      cmocka_unit_test_setup_teardown(every_field, set_up, tear_down),
      cmocka_unit_test_setup_teardown(payloads_arrive, set_up, tear_down),
      cmocka_unit_test_setup_teardown(one_after_the_other, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_name_is_no_line, set_up, tear_down),
      cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
