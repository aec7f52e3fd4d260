/* SPDX-License-Identifier: MIT */
/* Ids, and the account of what other threads have posted. The connections are never looked into. */
#include "http/conn_table.h"

#include "godwit/error.h"
#include "support/alloc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct gw_conn *conn(uintptr_t n) {
  return (struct gw_conn *)(n * 16);
}

static struct gw_conn_table *table(unsigned worker, uint32_t max) {
  struct gw_conn_table *t = NULL;
  assert_int_equal(gw_conn_table_new(worker, max, &t), 0);
  return t;
}

static uint64_t add(struct gw_conn_table *t, struct gw_conn *c) {
  int64_t slot = gw_conn_table_add(t, c);
  assert_true(slot >= 0);
  return gw_conn_table_id(t, (uint32_t)slot);
}

static uint32_t slot_of(uint64_t id) {
  return (uint32_t)(id >> 32) & 0x3FFFFFF;
}

static void an_id_finds_its_connection_until_it_is_gone(void **state) {
  (void)state;
  struct gw_conn_table *t = table(63, 10);
  uint64_t a = add(t, conn(1)), b = add(t, conn(2));
  assert_true(a != 0 && a != b);
  assert_int_equal(gw_conn_id_worker(a), 63);
  assert_ptr_equal(gw_conn_table_find(t, a), conn(1));
  assert_ptr_equal(gw_conn_table_find(t, b), conn(2));
  assert_int_equal(gw_conn_table_count(t), 2);
  gw_conn_table_remove(t, slot_of(a));
  assert_null(gw_conn_table_find(t, a));
  assert_null(gw_conn_table_peek(t, a));
  assert_int_equal(gw_conn_table_count(t), 1);
  gw_conn_table_free(t);
}

static void a_slot_is_used_again_and_an_id_never(void **state) {
  (void)state;
  struct gw_conn_table *t = table(0, 1);
  uint64_t before = 0;
  for (int i = 0; i < 1000; i++) {
    uint64_t id = add(t, conn(1));
    assert_true(id > before);
    if (before) assert_null(gw_conn_table_find(t, before));
    before = id;
    gw_conn_table_remove(t, slot_of(id));
  }
  gw_conn_table_free(t);
}

static void ids_that_were_never_given_find_nothing(void **state) {
  (void)state;
  struct gw_conn_table *t = table(1, 2000);
  uint64_t id = add(t, conn(1));
  const uint64_t strange[] = {0,
                              1,
                              id ^ 1ull << 58,
                              id + 1,
                              id + 2,
                              id + (1ull << 32),
                              id + (1999ull << 32),
                              id + (2000ull << 32),
                              UINT64_MAX};
  for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
    assert_null(gw_conn_table_find(t, strange[i]));
  gw_conn_table_free(t);
}

static void a_full_table_says_so(void **state) {
  (void)state;
  struct gw_conn_table *t = table(0, 3000), *none = table(0, 0);
  for (uintptr_t i = 0; i < 3000; i++)
    add(t, conn(i + 1));
  assert_int_equal(gw_conn_table_add(t, conn(1)), GW_ERR_FULL);
  assert_int_equal(gw_conn_table_add(none, conn(1)), GW_ERR_FULL);
  gw_conn_table_remove(t, 1234);
  assert_int_equal(gw_conn_table_add(t, conn(1)), 1234);
  gw_conn_table_free(t);
  gw_conn_table_free(none);
}

static void a_walk_meets_all_that_live(void **state) {
  (void)state;
  struct gw_conn_table *t = table(0, 3000);
  for (uintptr_t i = 0; i < 2500; i++)
    add(t, conn(i + 1));
  for (uint32_t i = 0; i < 2500; i += 2)
    gw_conn_table_remove(t, i);
  uint32_t at = 0, n = 0;
  for (struct gw_conn *c; (c = gw_conn_table_next(t, &at)); n++)
    assert_ptr_equal(c, conn(2 * n + 2));
  assert_int_equal(n, 1250);
  gw_conn_table_free(t);
}

static void failing_memory_takes_nothing(void **state) {
  (void)state;
  struct gw_conn_table *t;
  alloc_fail_at(1);
  assert_int_equal(gw_conn_table_new(0, 10, &t), GW_ERR_MEMORY);
  t = table(0, 10);
  alloc_fail_at(1);
  assert_int_equal(gw_conn_table_add(t, conn(1)), GW_ERR_MEMORY);
  alloc_fail_at(0);
  assert_int_equal(gw_conn_table_count(t), 0);
  add(t, conn(1));
  gw_conn_table_free(t);
}

/* ---- the account ---- */

static void a_reserve_beyond_the_limit_takes_nothing(void **state) {
  (void)state;
  struct gw_conn_table *t = table(0, 1);
  uint64_t id = add(t, conn(1));
  struct gw_conn_slot *slot = gw_conn_table_peek(t, id);
  assert_int_equal(gw_conn_slot_reserve(slot, 60, 100), 0);
  assert_int_equal(gw_conn_slot_reserve(slot, 41, 100), GW_ERR_FULL);
  assert_int_equal(gw_conn_slot_reserve(slot, 40, 100), 60);
  assert_int_equal(gw_conn_slot_reserve(slot, 1, 100), GW_ERR_FULL);
  assert_int_equal(atomic_load(&slot->posted), 100);
  gw_conn_table_free(t);
}

static void a_drain_is_due_once_all_is_settled_and_was_owed(void **state) {
  (void)state;
  struct gw_conn_table *t = table(0, 1);
  uint64_t id = add(t, conn(1));
  struct gw_conn_slot *slot = gw_conn_table_peek(t, id);
  gw_conn_table_owe(t, id); /* nothing waits: nothing is owed */
  assert_int_equal(atomic_load(&slot->posted), 0);
  gw_conn_slot_reserve(slot, 10, 100);
  gw_conn_slot_reserve(slot, 20, 100);
  gw_conn_table_owe(t, id);
  assert_null(gw_conn_table_settle(t, id, 10));
  assert_ptr_equal(gw_conn_table_settle(t, id, 20), conn(1));
  gw_conn_slot_reserve(slot, 20, 100);
  assert_null(gw_conn_table_settle(t, id, 20)); /* paid once */
  gw_conn_table_free(t);
}

static void above_the_high_water_mark_the_stream_s_drain_pays(void **state) {
  (void)state;
  struct gw_conn_table *t = table(0, 1);
  uint64_t id = add(t, conn(1));
  struct gw_conn_slot *slot = gw_conn_table_peek(t, id);
  atomic_fetch_or(&slot->posted, GW_CONN_HIGH);
  gw_conn_slot_reserve(slot, 10, 100);
  gw_conn_table_owe(t, id);
  assert_null(gw_conn_table_settle(t, id, 10));
  assert_int_equal(atomic_load(&slot->posted), GW_CONN_HIGH | GW_CONN_OWES);
  gw_conn_table_free(t);
}

/* What was posted to a connection that has gone must not swallow what is owed to the next one in
 * its slot. */
static void a_late_post_of_a_former_connection_pays_the_present_one(void **state) {
  (void)state;
  struct gw_conn_table *t = table(0, 1);
  uint64_t old = add(t, conn(1));
  gw_conn_slot_reserve(gw_conn_table_peek(t, old), 30, 100);
  gw_conn_table_owe(t, old);
  gw_conn_table_remove(t, slot_of(old));
  uint64_t id = add(t, conn(2));
  struct gw_conn_slot *slot = gw_conn_table_peek(t, id);
  assert_int_equal(atomic_load(&slot->posted), 30); /* still on its way, owed to nobody */
  gw_conn_slot_reserve(slot, 5, 100);
  gw_conn_table_owe(t, id);
  assert_null(gw_conn_table_settle(t, id, 5));
  assert_ptr_equal(gw_conn_table_settle(t, old, 30), conn(2));
  gw_conn_slot_reserve(slot, 5, 100);
  gw_conn_table_owe(t, id);
  gw_conn_table_remove(t, slot_of(id));
  assert_null(gw_conn_table_settle(t, id, 5)); /* nobody is there */
  gw_conn_table_free(t);
}

static void *reserve_and_settle(void *arg) {
  struct gw_conn_table *t = arg;
  for (int i = 0; i < 1000; i++) {
    struct gw_conn_slot *slot = gw_conn_table_slot(t, 0);
    if (gw_conn_slot_reserve(slot, 40u << 20, 64u << 20) < 0) continue;
    gw_conn_table_settle(t, gw_conn_table_id(t, 0), 40u << 20);
  }
  return NULL;
}

/* 32 threads that want 40 MiB each would together run into the flags. */
static void many_threads_at_once_never_reach_the_flags(void **state) {
  (void)state;
  struct gw_conn_table *t = table(0, 1);
  add(t, conn(1));
  pthread_t threads[32];
  for (size_t i = 0; i < 32; i++)
    pthread_create(&threads[i], NULL, reserve_and_settle, t);
  for (size_t i = 0; i < 32; i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(atomic_load(&gw_conn_table_slot(t, 0)->posted), 0);
  gw_conn_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_id_finds_its_connection_until_it_is_gone),
      cmocka_unit_test(a_slot_is_used_again_and_an_id_never),
      cmocka_unit_test(ids_that_were_never_given_find_nothing),
      cmocka_unit_test(a_full_table_says_so),
      cmocka_unit_test(a_walk_meets_all_that_live),
      cmocka_unit_test(failing_memory_takes_nothing),
      cmocka_unit_test(a_reserve_beyond_the_limit_takes_nothing),
      cmocka_unit_test(a_drain_is_due_once_all_is_settled_and_was_owed),
      cmocka_unit_test(above_the_high_water_mark_the_stream_s_drain_pays),
      cmocka_unit_test(a_late_post_of_a_former_connection_pays_the_present_one),
      cmocka_unit_test(many_threads_at_once_never_reach_the_flags),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
