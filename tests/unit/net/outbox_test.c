/* SPDX-License-Identifier: MIT */
/* The outbox, against the plain bytes that should come out of it. */
#include "net/outbox.h"

#include "godwit/error.h"
#include "support/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct gw_outbox_pool pool;

static int clear_pool(void **state) {
  (void)state;
  gw_outbox_pool_clear(&pool);
  return 0;
}

static struct gw_piece borrowed(const char *text) {
  return (struct gw_piece){text, strlen(text), NULL};
}

static struct gw_piece part_of(struct gw_bytes *bytes, size_t at, size_t len) {
  return (struct gw_piece){bytes->data + at, len, bytes};
}

static void holds(const struct gw_outbox *box, const char *expected) {
  struct iovec runs[64];
  char text[256];
  size_t len = 0;
  unsigned n = gw_outbox_peek(box, runs, 64);
  for (unsigned i = 0; i < n; i++) {
    memcpy(text + len, runs[i].iov_base, runs[i].iov_len);
    len += runs[i].iov_len;
  }
  text[len] = '\0';
  assert_string_equal(text, expected);
  assert_int_equal(box->bytes, len);
}

static void small_copies_are_joined(void **state) {
  (void)state;
  struct gw_outbox *box = gw_outbox_new(&pool, NULL);
  const struct gw_piece pieces[] = {borrowed("one "), borrowed(""), borrowed("two ")};
  assert_int_equal(gw_outbox_add(box, pieces, 3, 0), 0);
  assert_int_equal(gw_outbox_add(box, pieces, 1, 0), 0);
  assert_int_equal(box->count, 1);
  holds(box, "one two one ");
  gw_outbox_drop(box, 6);
  holds(box, "o one ");
  gw_outbox_drop(box, 6);
  assert_int_equal(box->count, 0);
  gw_outbox_free(&pool, box);
}

static void shared_bytes_wait_by_reference(void **state) {
  (void)state;
  struct gw_bytes *bytes = gw_bytes_copy("0123456789", 10);
  struct gw_outbox *box = gw_outbox_new(&pool, NULL);
  const struct gw_piece pieces[] = {part_of(bytes, 0, 4), part_of(bytes, 4, 4), borrowed("-"),
                                    part_of(bytes, 8, 2)};
  assert_int_equal(gw_outbox_add(box, pieces, 4, 0), 0);
  assert_int_equal(box->count, 3); /* the first two lie side by side */
  assert_int_equal(atomic_load(&bytes->refs), 3);
  assert_ptr_equal(box->segments[0].data, bytes->data);
  holds(box, "01234567-89");
  gw_outbox_drop(box, 10);
  assert_int_equal(atomic_load(&bytes->refs), 2);
  gw_outbox_free(&pool, box);
  assert_int_equal(atomic_load(&bytes->refs), 1);
  gw_bytes_unref(bytes);
}

static void skipped_bytes_are_not_added(void **state) {
  (void)state;
  struct gw_bytes *bytes = gw_bytes_copy("cde", 3);
  const struct gw_piece pieces[] = {borrowed("ab"), part_of(bytes, 0, 3), borrowed("fg")};
  const char *const rests[] = {"abcdefg", "bcdefg", "cdefg", "defg", "efg", "fg", "g", ""};
  for (size_t skip = 0; skip < 8; skip++) {
    struct gw_outbox *box = gw_outbox_new(&pool, NULL);
    assert_int_equal(gw_outbox_add(box, pieces, 3, skip), 0);
    holds(box, rests[skip]);
    gw_outbox_free(&pool, box);
  }
  assert_int_equal(atomic_load(&bytes->refs), 1);
  gw_bytes_unref(bytes);
}

static void any_mix_comes_out_as_it_went_in(void **state) {
  (void)state;
  static uint8_t source[4096], expected[1 << 20], got[1 << 20];
  struct gw_bytes *bytes = gw_bytes_new(sizeof source);
  struct gw_outbox *box = gw_outbox_new(&pool, NULL);
  size_t in = 0, out = 0;
  srandom(7);
  for (size_t i = 0; i < sizeof source; i++)
    source[i] = bytes->data[i] = (uint8_t)random();
  while (in < sizeof expected - sizeof source) {
    size_t at = (size_t)random() % 2048, len = (size_t)random() % 2048;
    bool is_shared = random() % 2;
    struct gw_piece piece = {is_shared ? bytes->data + at : source + at, len,
                             is_shared ? bytes : NULL};
    assert_int_equal(gw_outbox_add(box, &piece, 1, 0), 0);
    memcpy(expected + in, source + at, len);
    in += len;
    struct iovec runs[8];
    unsigned n = gw_outbox_peek(box, runs, 8);
    size_t take = 0, most = (size_t)random() % 3000;
    for (unsigned i = 0; i < n && take < most; i++) {
      size_t now = runs[i].iov_len < most - take ? runs[i].iov_len : most - take;
      memcpy(got + out + take, runs[i].iov_base, now);
      take += now;
    }
    gw_outbox_drop(box, take);
    out += take;
  }
  assert_int_equal(box->bytes, in - out);
  assert_memory_equal(got, expected, out);
  gw_outbox_free(&pool, box);
  gw_bytes_unref(bytes);
}

static void failed_allocation_adds_nothing(void **state) {
  (void)state;
  struct gw_bytes *bytes = gw_bytes_copy("x", 1);
  struct gw_outbox *box = gw_outbox_new(&pool, NULL);
  const struct gw_piece first = borrowed("kept");
  struct gw_piece many[20];
  for (int i = 0; i < 20; i++)
    many[i] = i % 2 ? part_of(bytes, 0, 1)
                    : borrowed("0123456789012345678901234567890123456789"
                               "0123456789012345678901234567890123456789");
  assert_int_equal(gw_outbox_add(box, &first, 1, 0), 0);
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    int err = gw_outbox_add(box, many, 20, 0);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (!has_failed) {
      assert_int_equal(err, 0);
      assert_int_equal(nth, 3); /* the array and the chunk */
      break;
    }
    assert_int_equal(err, GW_ERR_MEMORY);
    holds(box, "kept");
    assert_int_equal(atomic_load(&bytes->refs), 1);
  }
  gw_outbox_free(&pool, box);
  gw_bytes_unref(bytes);
}

static void spare_ones_are_used_again_and_capped(void **state) {
  (void)state;
  static struct gw_outbox *boxes[3000];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 3000; i++)
      boxes[i] = gw_outbox_new(&pool, NULL);
    for (int i = 0; i < 3000; i++)
      gw_outbox_free(&pool, boxes[i]);
    assert_int_equal(pool.count, 1024);
  }
  alloc_count_reset();
  struct gw_outbox *box = gw_outbox_new(&pool, NULL);
  assert_int_equal(alloc_count(), 0);
  gw_outbox_free(&pool, box);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(small_copies_are_joined, clear_pool),
      cmocka_unit_test_teardown(shared_bytes_wait_by_reference, clear_pool),
      cmocka_unit_test_teardown(skipped_bytes_are_not_added, clear_pool),
      cmocka_unit_test_teardown(any_mix_comes_out_as_it_went_in, clear_pool),
      cmocka_unit_test_teardown(failed_allocation_adds_nothing, clear_pool),
      cmocka_unit_test_teardown(spare_ones_are_used_again_and_capped, clear_pool),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
