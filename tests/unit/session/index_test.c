/* SPDX-License-Identifier: MIT */
/* Finding by id, and the ids themselves. */
#include "session/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "support/alloc.h"

enum { MANY = 3000 };

static struct gw_index_entry entries[MANY];

static void fill(struct gw_index *index) {
  struct gw_id_source source = {0};
  gw_index_init(index);
  for (unsigned i = 0; i < MANY; i++) {
    assert_int_equal(gw_id_make(&source, i % 5000, entries[i].id), 0);
    assert_null(gw_index_find(index, entries[i].id));
    gw_index_add(index, &entries[i]);
  }
}

static void members_are_found_and_go(void **state) {
  (void)state;
  struct gw_index index;
  fill(&index);
  for (unsigned i = 0; i < MANY; i++)
    assert_ptr_equal(gw_index_find(&index, entries[i].id), &entries[i]);
  for (unsigned i = 0; i < MANY; i += 2)
    gw_index_remove(&index, &entries[i]);
  gw_index_remove(&index, &entries[0]);
  assert_int_equal(index.count, MANY / 2);
  for (unsigned i = 0; i < MANY; i++)
    assert_ptr_equal(gw_index_find(&index, entries[i].id), i % 2 ? &entries[i] : NULL);
  for (unsigned i = 1; i < MANY; i += 2)
    gw_index_remove(&index, &entries[i]);
  assert_int_equal(index.count, 0);
  assert_ptr_equal(index.buckets, index.few);
}

static void without_memory_it_still_finds(void **state) {
  (void)state;
  struct gw_index index;
  for (size_t nth = 1; nth < 6; nth++) {
    alloc_fail_at(nth);
    fill(&index);
    alloc_fail_at(0);
    for (unsigned i = 0; i < MANY; i++)
      assert_ptr_equal(gw_index_find(&index, entries[i].id), &entries[i]);
    unsigned taken = 0;
    for (struct gw_index_entry *entry = gw_index_take_all(&index); entry; entry = entry->next)
      taken++;
    assert_int_equal(taken, MANY);
    assert_int_equal(index.count, 0);
  }
}

static void an_id_tells_where_it_was_born(void **state) {
  (void)state;
  struct gw_id_source source = {0};
  char id[GW_SESSION_ID_LEN];
  static const unsigned workers[] = {0, 1, 63, 64, 4095, 4096, 262143};
  for (unsigned i = 0; i < sizeof workers / sizeof workers[0]; i++) {
    assert_int_equal(gw_id_make(&source, workers[i], id), 0);
    assert_int_equal(gw_id_birth((struct gw_str){id, sizeof id}), workers[i]);
    for (unsigned k = 0; k < sizeof id; k++)
      assert_non_null(
          strchr("_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", id[k]));
  }
  id[5] = '\0';
  assert_int_equal(gw_id_birth((struct gw_str){id, sizeof id}), GW_ERR_ARGUMENT);
  id[5] = '.';
  assert_int_equal(gw_id_birth((struct gw_str){id, sizeof id}), GW_ERR_ARGUMENT);
  assert_int_equal(gw_id_birth((struct gw_str){id, 3}), GW_ERR_ARGUMENT);
  assert_int_equal(gw_id_birth((struct gw_str){NULL, 0}), GW_ERR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_are_found_and_go),
      cmocka_unit_test(without_memory_it_still_finds),
      cmocka_unit_test(an_id_tells_where_it_was_born),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
