/* SPDX-License-Identifier: MIT */
/* Publications, channel names and cursors. */
#include "hub/publication.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "support/alloc.h"

static void everything_is_copied_into_one_allocation(void **state) {
  (void)state;
  char payload[] = "hello";
  struct gw_publication_parts parts = {
      .channel = GW_STR("room"), .payload = {payload, 5}, .event = GW_STR("")};
  alloc_count_reset();
  struct gw_publication *made = gw_publication_new(&parts);
  assert_int_equal(alloc_count(), 1);
  payload[0] = 'j';
  assert_true(gw_str_is(made->channel, "room"));
  assert_true(gw_str_is(made->payload, "hello"));
  assert_null(made->content_type.at);
  assert_non_null(made->event.at);
  assert_int_equal(made->event.len, 0);
  assert_int_equal(made->cursor.offset, 0);
  assert_int_equal(gw_publication_size(made), sizeof *made + 9);
  assert_ptr_equal(gw_publication_ref(made), made);
  gw_publication_unref(made);
  gw_publication_unref(made);
  gw_publication_unref(NULL);
}

static void no_memory_no_publication(void **state) {
  (void)state;
  struct gw_publication_parts parts = {.channel = GW_STR("room")};
  alloc_fail_at(1);
  assert_null(gw_publication_new(&parts));
  alloc_fail_at(0);
}

static unsigned made_encodings;
static const char keys[4]; /* their addresses */

static struct gw_bytes *encode(const struct gw_publication *publication, void *how) {
  (void)how;
  made_encodings++;
  return gw_bytes_copy(publication->payload.at, publication->payload.len);
}

static struct gw_publication *slow_one; /* whose encoding another thread makes meanwhile */

static struct gw_bytes *encode_too_late(const struct gw_publication *publication, void *how) {
  gw_publication_encoding(slow_one, &keys[1], encode, how);
  return encode(publication, how);
}

static void encoding_is_made_once(void **state) {
  (void)state;
  struct gw_publication_parts parts = {.channel = GW_STR("c"), .payload = GW_STR("xyz")};
  struct gw_publication *made = gw_publication_new(&parts);
  made_encodings = 0;
  for (int nth = 1; nth <= 2; nth++) {
    alloc_fail_at(nth);
    assert_null(gw_publication_encoding(made, &keys[3], encode, NULL));
    alloc_fail_at(0);
  }
  struct gw_bytes *bytes = gw_publication_encoding(made, &keys[3], encode, NULL);
  assert_memory_equal(bytes->data, "xyz", 3);
  assert_ptr_equal(gw_publication_encoding(made, &keys[3], encode, NULL), bytes);
  assert_int_equal(made_encodings, 2);
  slow_one = made;
  struct gw_bytes *first = gw_publication_encoding(made, &keys[1], encode_too_late, NULL);
  assert_ptr_equal(gw_publication_encoding(made, &keys[1], encode, NULL), first);
  assert_int_equal(made_encodings, 4);
  gw_publication_unref(made);
}

static bool is_valid(const char *name) {
  return gw_channel_name_is_valid(gw_str_of(name));
}

static void channel_names(void **state) {
  (void)state;
  assert_true(is_valid("a"));
  assert_true(is_valid("chat:room/1 with blanks?"));
  assert_true(is_valid("gr\xc3\xbc\xc3\x9f"));
  assert_true(is_valid("\xc2\xa0"));
  assert_false(is_valid(""));
  assert_false(is_valid("/a"));
  assert_false(is_valid("a/"));
  assert_false(is_valid("/"));
  assert_false(is_valid("a\nb"));
  assert_false(is_valid("a\x7f"));
  assert_false(is_valid("a\xc2\x85"));
  assert_false(is_valid("\xc3"));
  assert_false(is_valid("\xed\xa0\x80"));
  assert_false(gw_channel_name_is_valid((struct gw_str){"a\0b", 3}));
  char longest[256];
  memset(longest, 'x', sizeof longest);
  assert_true(gw_channel_name_is_valid((struct gw_str){longest, 255}));
  assert_false(gw_channel_name_is_valid((struct gw_str){longest, 256}));
}

static void event_names(void **state) {
  (void)state;
  char longest[256];
  memset(longest, 'x', sizeof longest);
  assert_true(gw_event_name_is_valid((struct gw_str){longest, 255}));
  assert_false(gw_event_name_is_valid((struct gw_str){longest, 256}));
  const char *good[] = {"tick",        "news flash", "gr\xc3\xbc\xc3\x9f", "godwit",
                        "godwits.gap", "a.godwit.",  "Godwit.gap"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_true(gw_event_name_is_valid(gw_str_of(good[i])));
  const char *bad[] = {"", "a\nb", "\x7f", "\xc3", "godwit.", "godwit.gap"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(gw_event_name_is_valid(gw_str_of(bad[i])));
}

static void cursor_reads_what_it_writes(void **state) {
  (void)state;
  const uint64_t offsets[] = {0, 1, 9, 10, 4711, UINT64_MAX};
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
    struct gw_cursor cursor = {"0aZ9bY8cX7dW", offsets[i]}, read;
    char text[GW_CURSOR_TEXT];
    assert_ptr_equal(gw_cursor_write(&cursor, text), text);
    assert_int_equal(gw_cursor_parse(gw_str_of(text), &read), 0);
    assert_string_equal(read.epoch, cursor.epoch);
    assert_true(read.offset == cursor.offset);
  }
}

static void malformed_cursors_are_refused(void **state) {
  (void)state;
  const char *texts[] = {"",
                         ":",
                         "0aZ9bY8cX7dW",
                         "0aZ9bY8cX7dW:",
                         "0aZ9bY8cX7dW:x",
                         "0aZ9bY8cX7dW:01",
                         "0aZ9bY8cX7dW:-1",
                         "0aZ9bY8cX7dW:+1",
                         "0aZ9bY8cX7dW: 1",
                         "0aZ9bY8cX7dW:1 ",
                         "0aZ9bY8cX7d:12",
                         "0aZ9bY8cX7dWW:1",
                         "0aZ9bY8cX7d-:1",
                         "0aZ9bY8cX7dW:18446744073709551616",
                         "0aZ9bY8cX7dW:99999999999999999999999"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct gw_cursor cursor = {"untouched", 7};
    assert_int_equal(gw_cursor_parse(gw_str_of(texts[i]), &cursor), GW_ERR_ARGUMENT);
    assert_string_equal(cursor.epoch, "untouched");
  }
  struct gw_cursor cursor;
  assert_int_equal(gw_cursor_parse((struct gw_str){"0aZ9bY8cX7dW:1\0", 15}, &cursor),
                   GW_ERR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_is_copied_into_one_allocation),
      cmocka_unit_test(no_memory_no_publication),
      cmocka_unit_test(encoding_is_made_once),
      cmocka_unit_test(channel_names),
      cmocka_unit_test(event_names),
      cmocka_unit_test(cursor_reads_what_it_writes),
      cmocka_unit_test(malformed_cursors_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
