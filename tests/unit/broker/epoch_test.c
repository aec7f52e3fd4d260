/* SPDX-License-Identifier: MIT */
/* Epochs: of the right form, steady while nothing is freed, new afterwards. */
#include "broker/epoch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "support/alloc.h"

typedef char epoch_text[GW_EPOCH_LEN + 1];

static void write_epoch(const struct gw_epochs *epochs, struct gw_str name, epoch_text out) {
  gw_epochs_write(epochs, name, gw_epochs_life(epochs, name), out);
}

static void epochs_make_cursors(void **state) {
  (void)state;
  struct gw_epochs epochs;
  assert_int_equal(gw_epochs_init(&epochs), 0);
  for (unsigned i = 0; i < 1000; i++) {
    char name[32], text[GW_CURSOR_TEXT];
    struct gw_cursor cursor = {.offset = i}, read;
    snprintf(name, sizeof name, "room %u", i);
    write_epoch(&epochs, gw_str_of(name), cursor.epoch);
    assert_int_equal(strlen(cursor.epoch), GW_EPOCH_LEN);
    assert_int_equal(gw_cursor_parse(gw_str_of(gw_cursor_write(&cursor, text)), &read), 0);
  }
  gw_epochs_clear(&epochs);
}

static void epoch_holds_until_the_name_is_freed(void **state) {
  (void)state;
  struct gw_epochs epochs;
  assert_int_equal(gw_epochs_init(&epochs), 0);
  struct gw_str room = GW_STR("room");
  enum { LIVES = 1000 };
  static epoch_text seen[LIVES];
  for (unsigned life = 0; life < LIVES; life++) {
    epoch_text again;
    write_epoch(&epochs, room, seen[life]);
    write_epoch(&epochs, room, again);
    assert_string_equal(again, seen[life]);
    for (unsigned before = 0; before < life; before++)
      assert_string_not_equal(seen[before], seen[life]);
    gw_epochs_retire(&epochs, room);
  }
  gw_epochs_clear(&epochs);
}

static void names_and_processes_differ(void **state) {
  (void)state;
  struct gw_epochs one, two;
  epoch_text a, b, c;
  assert_int_equal(gw_epochs_init(&one), 0);
  assert_int_equal(gw_epochs_init(&two), 0);
  write_epoch(&one, GW_STR("a"), a);
  write_epoch(&one, GW_STR("b"), b);
  write_epoch(&two, GW_STR("a"), c);
  assert_string_not_equal(a, b);
  assert_string_not_equal(a, c);
  gw_epochs_clear(&one);
  gw_epochs_clear(&two);
}

static void no_memory_no_epochs(void **state) {
  (void)state;
  struct gw_epochs epochs;
  alloc_fail_at(1);
  assert_int_equal(gw_epochs_init(&epochs), GW_ERR_MEMORY);
  alloc_fail_at(0);
  gw_epochs_clear(&epochs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(epochs_make_cursors),
      cmocka_unit_test(epoch_holds_until_the_name_is_freed),
      cmocka_unit_test(names_and_processes_differ),
      cmocka_unit_test(no_memory_no_epochs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
