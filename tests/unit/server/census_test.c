/* SPDX-License-Identifier: MIT */
/* Who is counted as online, over several workers. */
#include "server/census.c"

#include "session/rig.h"

static struct client clients[6];
static struct gw_census census;

static void count_all(void) {
  gw_census_init(&census);
  for (unsigned i = 0; i < WORKERS; i++)
    gw_census_add(&census, table(i));
}

static void came(struct gw_session *session, uint64_t since) {
  session->since = since & ((UINT64_C(1) << 44) - 1);
}

static void a_user_is_counted_once_over_all_workers(void **state) {
  (void)state;
  came(open_as(0, &clients[0], "zoe"), 2000);
  came(open_as(1, &clients[1], "ann"), 5000);
  came(open_as(2, &clients[2], "ann"), 3000);
  came(open_as(2, &clients[3], "bob"), 3000);
  came(open_as(1, &clients[4], ""), 1000);
  count_all();
  assert_int_equal(census.err, 0);
  assert_int_equal(census.sessions, 5);
  assert_int_equal(census.users.count, 3);
  static const char *const names[] = {"zoe", "ann", "bob"};
  static const unsigned sessions_of[] = {1, 2, 1};
  struct gw_census_user **list = gw_census_list(&census);
  assert_non_null(list);
  for (unsigned i = 0; i < 3; i++) {
    assert_true(gw_str_is(list[i]->name, names[i]));
    assert_int_equal(list[i]->sessions, sessions_of[i]);
    assert_int_equal(list[i]->since, i ? 3000 : 2000);
  }
  free(list);
  gw_census_clear(&census);
}

static void who_is_parked_is_not_online(void **state) {
  (void)state;
  open_as(0, &clients[0], "ann");
  open_as(0, &clients[1], "bob");
  gw_carrier_detach(&clients[0].carrier, false);
  count_all();
  assert_int_equal(census.sessions, 1);
  assert_int_equal(census.users.count, 1);
  gw_census_clear(&census);
}

static void nobody_is_no_list(void **state) {
  (void)state;
  count_all();
  assert_int_equal(census.users.count, 0);
  assert_null(gw_census_list(&census));
  gw_census_clear(&census);
}

/* Not complete is said; there is never a user too many, and nothing is lost. */
static void without_memory(void **state) {
  (void)state;
  open_as(0, &clients[0], "ann");
  open_as(1, &clients[1], "bob");
  open_as(1, &clients[2], "ann");
  for (size_t nth = 1;; nth++) {
    alloc_fail_at(nth);
    count_all();
    struct gw_census_user **list = gw_census_list(&census);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_true(census.err == 0 || (census.err == GW_ERR_MEMORY && has_failed));
    if (census.err == 0) assert_int_equal(census.users.count, 2);
    if (!has_failed) assert_non_null(list);
    free(list);
    gw_census_clear(&census);
    if (!has_failed) break;
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_user_is_counted_once_over_all_workers),
      TEST(who_is_parked_is_not_online),
      TEST(nobody_is_no_list),
      TEST(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
