/* SPDX-License-Identifier: MIT */
/* One element of a batch: what is read, what is refused, and memory that fails. */
#include "server/batch_item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "support/alloc.h"

static struct gw_batch_item item;
static const char *problem;

static int read_item(const char *text) {
  problem = NULL;
  return gw_batch_item_read(gw_str_of(text), &item, &problem);
}

static void data_is_published_as_it_is_written(void **state) {
  (void)state;
  assert_int_equal(read_item("{\"channel\":\"a\", \"data\": { \"n\" : 0.10 , \"s\":\" \" } }"), 0);
  assert_true(gw_str_is(item.channel, "a"));
  assert_null(item.user.at);
  assert_null(item.event.at);
  assert_null(item.key.at);
  assert_true(gw_str_is(item.payload, "{\"n\":0.10,\"s\":\" \"}"));
  assert_true(gw_str_is(item.content_type, "application/json"));
  assert_false(item.is_binary);
  gw_batch_item_clear(&item);
}

static void strings_lose_their_escapes(void **state) {
  (void)state;
  assert_int_equal(
      read_item("{\"us\\u0065r\":\"\\u0061nn\",\"text\":\"a\\nb\\u0000\",\"event\":\"e\","
                "\"idempotency_key\":\"k\\\"\",\"more\":[1,{\"text\":2}]}"),
      0);
  assert_true(gw_str_is(item.user, "ann"));
  assert_true(gw_str_eq(item.payload, GW_STR("a\nb\0")));
  assert_true(gw_str_is(item.event, "e"));
  assert_true(gw_str_is(item.key, "k\""));
  assert_true(gw_str_is(item.content_type, "text/plain"));
  gw_batch_item_clear(&item);
}

static void base64_is_binary(void **state) {
  (void)state;
  assert_int_equal(read_item("{\"channel\":\"a\",\"base64\":\"AP8K\"}"), 0);
  assert_true(gw_str_eq(item.payload, GW_STR("\0\xFF\n")));
  assert_true(item.is_binary);
  gw_batch_item_clear(&item);
  assert_int_equal(read_item("{\"channel\":\"a\",\"base64\":\"\"}"), 0);
  assert_int_equal(item.payload.len, 0);
  gw_batch_item_clear(&item);
}

static void what_is_no_publication_is_refused(void **state) {
  (void)state;
  const char *wrong[] = {
      "7",
      "[]",
      "{}",
      "{\"channel\":\"a\"}",
      "{\"text\":\"x\"}",
      "{\"channel\":\"a\",\"user\":\"b\",\"text\":\"x\"}",
      "{\"channel\":\"a\",\"text\":\"x\",\"data\":1}",
      "{\"channel\":\"a\",\"text\":\"x\",\"text\":\"x\"}",
      "{\"channel\":\"a\",\"text\":null}",
      "{\"channel\":{},\"text\":\"x\"}",
      "{\"channel\":\"a\",\"event\":1,\"text\":\"x\"}",
      "{\"channel\":\"a\",\"base64\":\"A\"}",
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(read_item(wrong[i]), GW_ERR_ARGUMENT);
    assert_non_null(problem);
    gw_batch_item_clear(&item);
  }
}

static void memory_that_fails(void **state) {
  (void)state;
  const char *texts[] = {"{\"ch\\u0061nnel\":\"\\u0061\",\"base64\":\"AP\\u0038K\"}",
                         "{\"channel\":\"a\",\"data\":[1]}"};
  for (size_t i = 0; i < 2; i++)
    for (size_t nth = 1;; nth++) {
      alloc_fail_at(nth);
      int err = read_item(texts[i]);
      bool has_failed = alloc_has_failed();
      alloc_fail_at(0);
      gw_batch_item_clear(&item);
      assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
      if (!has_failed) break;
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(data_is_published_as_it_is_written),
      cmocka_unit_test(strings_lose_their_escapes),
      cmocka_unit_test(base64_is_binary),
      cmocka_unit_test(what_is_no_publication_is_refused),
      cmocka_unit_test(memory_that_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
