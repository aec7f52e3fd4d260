/* SPDX-License-Identifier: MIT */
/* How publications, openings and gaps are written as events. */
#include "transport/sse.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buf.h"
#include "godwit/error.h"
#include "support/alloc.h"

static struct gw_buf out;

static void expect(const char *text) {
  assert_int_equal(out.len, strlen(text));
  assert_memory_equal(out.data, text, out.len);
  gw_buf_clear(&out);
}

static struct gw_publication *publication_new(const struct gw_publication_parts *parts) {
  struct gw_publication *made = gw_publication_new(parts);
  assert_non_null(made);
  made->cursor = (struct gw_cursor){"0aZ9bY8cX7dW", 12};
  return made;
}

static void write_parts(const struct gw_publication_parts *parts) {
  struct gw_publication *publication = publication_new(parts);
  assert_int_equal(plain.write(&out, publication), 0);
  gw_publication_unref(publication);
}

static void publications(void **state) {
  (void)state;
  write_parts(&(struct gw_publication_parts){.channel = GW_STR("a"), .payload = GW_STR("x")});
  expect("id: 0aZ9bY8cX7dW:12\ndata: x\n\n");
  write_parts(&(struct gw_publication_parts){
      .channel = GW_STR("a"), .payload = GW_STR("x\r\n\ny"), .event = GW_STR("chat: a")});
  expect("id: 0aZ9bY8cX7dW:12\nevent: chat: a\ndata: x\ndata: \ndata: y\n\n");
  write_parts(&(struct gw_publication_parts){.channel = GW_STR("a")});
  expect("id: 0aZ9bY8cX7dW:12\ndata: \n\n");
}

static void binary_ones(void **state) {
  (void)state;
  write_parts(&(struct gw_publication_parts){.channel = GW_STR("a"),
                                             .payload = GW_STR("\0\xFF\n"),
                                             .event = GW_STR("blob"),
                                             .is_binary = true});
  expect("id: 0aZ9bY8cX7dW:12\nevent: blob\ndata: AP8K\n\n");
  write_parts(&(struct gw_publication_parts){.channel = GW_STR("a"), .is_binary = true});
  expect("id: 0aZ9bY8cX7dW:12\ndata: \n\n");
}

static void openings_and_gaps(void **state) {
  (void)state;
  const struct gw_cursor cursor = {"0aZ9bY8cX7dW", 11};
  assert_int_equal(plain.open(&out, &cursor), 0);
  expect("retry: 2000\nid: 0aZ9bY8cX7dW:11\n\n");
  struct gw_recovery gap = {.cursor = cursor};
  assert_int_equal(plain.gap(&out, &gap), 0);
  expect("id: 0aZ9bY8cX7dW:11\nevent: godwit.gap\n"
         "data: {\"recovered\":false,\"cursor\":\"0aZ9bY8cX7dW:11\"}\n\n");
  gap.cursor.offset = UINT64_MAX;
  gap.is_missed_known = true;
  gap.missed = UINT64_MAX;
  assert_int_equal(plain.gap(&out, &gap), 0);
  expect("id: 0aZ9bY8cX7dW:18446744073709551615\nevent: godwit.gap\n"
         "data: {\"recovered\":false,\"missed\":18446744073709551615,"
         "\"cursor\":\"0aZ9bY8cX7dW:18446744073709551615\"}\n\n");
}

static int write_all(struct gw_publication *publication, const struct gw_recovery *gap) {
  int err = plain.open(&out, &gap->cursor);
  if (err == 0) err = plain.gap(&out, gap);
  return err == 0 ? plain.write(&out, publication) : err;
}

static void without_memory(void **state) {
  (void)state;
  const struct gw_recovery gap = {.cursor = {"0aZ9bY8cX7dW", 11}};
  struct gw_publication *publication = publication_new(&(struct gw_publication_parts){
      .channel = GW_STR("a"), .payload = GW_STR("\xFF"), .is_binary = true});
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    int err = write_all(publication, &gap);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    gw_buf_clear(&out);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    if (!has_failed) break;
  }
  gw_publication_unref(publication);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(publications),
      cmocka_unit_test(binary_ones),
      cmocka_unit_test(openings_and_gaps),
      cmocka_unit_test(without_memory),
  };
  gw_buf_init(&out, 1 << 20);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
