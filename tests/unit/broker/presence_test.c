/* SPDX-License-Identifier: MIT */
/* Coming, going and lingering in two channels, against plain numbers. */
#include "broker/presence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/alloc.h"

enum { CHANNELS = 2, USERS = 20 };

static struct gw_presences all;
static struct gw_presence *presence[CHANNELS];
/* Two addresses that no one looks behind. */
static uint64_t addresses[CHANNELS];

static struct gw_home_channel *at(unsigned i) {
  return (struct gw_home_channel *)(void *)&addresses[i];
}

static int setup(void **state) {
  (void)state;
  gw_presences_init(&all);
  for (unsigned i = 0; i < CHANNELS; i++)
    presence[i] = gw_presence_new(&all);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  for (unsigned i = 0; i < CHANNELS; i++)
    gw_presence_free(&all, presence[i]);
  assert_int_equal(all.n_lingering, 0);
  return 0;
}

static bool come(unsigned channel, const char *user, uint64_t since) {
  struct gw_str name = {user, user ? strlen(user) : 0};
  return gw_presence_come(&all, presence[channel], name, since);
}

static void go(unsigned channel, const char *user, uint64_t due) {
  struct gw_str name = {user, user ? strlen(user) : 0};
  struct gw_present *gone = gw_presence_go(&all, at(channel), presence[channel], name, due);
  if (gone) gw_presence_end(&all, presence[channel], gone);
}

static void a_user_is_another_in_another_channel(void **state) {
  (void)state;
  assert_true(come(0, "ann", 1));
  assert_true(come(1, "ann", 2));
  assert_false(come(0, "ann", 3));
  go(1, "ann", 50);
  const struct gw_lingering *oldest = gw_presences_oldest(&all);
  assert_ptr_equal(oldest->channel, at(1));
  assert_true(gw_str_is(gw_present_user(oldest->present), "ann"));
  gw_presence_end(&all, presence[1], oldest->present);
  assert_true(gw_presence_is_empty(presence[1]));
  assert_false(gw_presence_is_empty(presence[0]));
  assert_int_equal(presence[0]->sessions, 2);
}

static void numbers_are_those_of_plain_counting(void **state) {
  (void)state;
  unsigned sessions[USERS] = {0};
  bool is_lingering[USERS] = {false};
  unsigned anonymous = 0;
  srandom(7);
  for (unsigned step = 0; step < 20000; step++) {
    unsigned i = (unsigned)random() % USERS;
    char user[] = {(char)('a' + i), '\0'};
    switch (random() % 5) {
    case 0:
    case 1:
      assert_int_equal(come(0, user, step), sessions[i] == 0 && !is_lingering[i]);
      sessions[i]++;
      is_lingering[i] = false;
      break;
    case 2:
    case 3:
      if (sessions[i] == 0 && anonymous > 0) anonymous--;
      if (sessions[i] == 1) is_lingering[i] = true;
      if (sessions[i] > 0) sessions[i]--;
      go(0, user, step);
      break;
    default:
      if (random() % 2) {
        come(0, NULL, step);
        anonymous++;
        break;
      }
      const struct gw_lingering *oldest = gw_presences_oldest(&all);
      if (!oldest) break;
      unsigned who = (unsigned)(gw_present_user(oldest->present).at[0] - 'a');
      assert_true(is_lingering[who]);
      is_lingering[who] = false;
      gw_presence_end(&all, presence[0], oldest->present);
    }
    unsigned users = 0, sum = 0;
    for (unsigned k = 0; k < USERS; k++) {
      users += sessions[k] > 0 || is_lingering[k];
      sum += sessions[k] > 0 ? sessions[k] : is_lingering[k];
    }
    assert_int_equal(presence[0]->users.count, users);
    assert_int_equal(presence[0]->sessions, sum);
    assert_int_equal(presence[0]->anonymous, anonymous);
  }
}

static void the_list_is_in_the_order_of_coming(void **state) {
  (void)state;
  come(0, "eve", 10), come(0, "ann", 20), come(0, "bob", 20), come(0, NULL, 40);
  come(0, "ann", 50);
  go(0, "eve", 99);
  struct gw_members *members = gw_presence_list(presence[0]);
  assert_int_equal(members->n, 3);
  assert_int_equal(members->users, 3);
  assert_int_equal(members->sessions, 5);
  assert_true(gw_str_is(members->at[0].user, "eve"));
  assert_int_equal(members->at[0].sessions, 1);
  assert_int_equal(members->at[0].since, 10);
  assert_true(gw_str_is(members->at[1].user, "ann"));
  assert_int_equal(members->at[1].sessions, 2);
  assert_true(gw_str_is(members->at[2].user, "bob"));
  free(members);
  members = gw_presence_list(NULL);
  assert_int_equal(members->users + members->sessions + members->n, 0);
  free(members);
}

static void without_memory_a_session_is_nobodys(void **state) {
  (void)state;
  for (size_t nth = 1; nth <= 2; nth++) {
    alloc_fail_at(nth);
    assert_false(come(0, "ann", 1));
    alloc_fail_at(0);
    assert_int_equal(presence[0]->anonymous, 1);
    assert_int_equal(presence[0]->users.count, 0);
    go(0, "ann", 5);
    assert_true(gw_presence_is_empty(presence[0]));
    assert_null(gw_presences_oldest(&all));
  }
  go(0, "ann", 5);
  assert_true(gw_presence_is_empty(presence[0]));
  come(0, "ann", 6); /* who cannot linger goes at once */
  alloc_fail_at(1);
  go(0, "ann", 7);
  assert_true(gw_presence_is_empty(presence[0]));
  alloc_fail_at(1);
  assert_null(gw_presence_list(presence[0]));
  alloc_fail_at(1);
  assert_null(gw_presence_new(&all));
  alloc_fail_at(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_user_is_another_in_another_channel),
      TEST(numbers_are_those_of_plain_counting),
      TEST(the_list_is_in_the_order_of_coming),
      TEST(without_memory_a_session_is_nobodys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
