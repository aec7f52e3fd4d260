/* SPDX-License-Identifier: MIT */
/* Sessions that move between workers, and those that ask for them at the same time. */
#include "session/rig.h"

static struct client a;
static char id[GW_SESSION_ID_LEN + 1];

static struct gw_session *born_at(unsigned worker, const char *user) {
  struct gw_session *session = open_as(worker, &a, user);
  gw_session_id(session, id);
  return session;
}

static size_t all_sessions(void) {
  size_t count = 0;
  for (unsigned i = 0; i < WORKERS; i++)
    count += gw_session_table_counts(table(i)).sessions;
  return count;
}

static size_t all_notes(void) {
  size_t count = 0;
  for (unsigned i = 0; i < WORKERS; i++)
    count += table(i)->away.count + table(i)->awaited.count;
  return count;
}

static void a_session_moves_with_all_it_has(void **state) {
  (void)state;
  struct gw_session *session = born_at(0, "ann");
  hold(session, "x", NULL);
  publish("x", 3);
  gw_carrier_detach(&a.carrier, false);
  publish("x", 3);
  struct asker asker;
  ask_for(&asker, 1, id);
  settle_all();
  assert_int_equal(asker.answers, 1);
  assert_ptr_equal(asker.session->table, table(1));
  assert_true(gw_str_is(gw_session_user(asker.session), "ann"));
  assert_null(gw_session_table_user(table(0), GW_STR("ann")));
  hold(asker.session, "x", NULL);
  pushed_exactly(&asker.client, 4, 6);
}

static void a_session_in_use_is_replaced(void **state) {
  (void)state;
  born_at(0, "");
  struct asker here, there;
  ask_for(&here, 0, id);
  assert_int_equal(last_of(&a, ENDED)->offset, 4409);
  ask_for(&there, 2, id);
  settle_all();
  assert_int_equal(last_of(&here.client, ENDED)->offset, 4409);
  assert_null(here.client.carrier.session);
  assert_non_null(there.session);
}

static void a_session_moves_back_and_forth(void **state) {
  (void)state;
  born_at(0, "ann");
  struct asker askers[9];
  for (unsigned i = 0; i < 9; i++) {
    ask_for(&askers[i], (i * 2 + 1) % WORKERS, id);
    settle_all();
    assert_non_null(askers[i].session);
    assert_int_equal(all_sessions(), 1);
  }
  gw_carrier_detach(&askers[8].client.carrier, true);
  settle_all();
  assert_int_equal(all_sessions(), 0);
  assert_int_equal(all_notes(), 0);
}

static void of_many_at_once_the_last_has_it(void **state) {
  (void)state;
  for (unsigned birth = 0; birth < WORKERS; birth++) {
    for (unsigned first = 0; first < WORKERS; first++) {
      born_at(birth, "ann");
      struct asker askers[8];
      for (unsigned i = 0; i < 8; i++)
        ask_for(&askers[i], (first + i * (1 + first)) % WORKERS, id);
      settle_all();
      unsigned holders = 0;
      for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(askers[i].answers, 1);
        assert_non_null(askers[i].session);
        bool holds = askers[i].client.carrier.session != NULL;
        assert_int_equal(count_of(&askers[i].client, ENDED), holds ? 0 : 1);
        holders += holds;
      }
      assert_int_equal(holders, 1);
      assert_int_equal(all_sessions(), 1);
      for (unsigned i = 0; i < 8; i++)
        gw_carrier_detach(&askers[i].client.carrier, true);
      settle_all();
      assert_int_equal(all_sessions() + all_notes(), 0);
    }
  }
}

static void who_is_not_there_is_not_found(void **state) {
  (void)state;
  static const char *const ids[] = {"",
                                    "short",
                                    "000aaaaaaaaaaaaaaaaaaaaa",
                                    "001aaaaaaaaaaaaaaaaaaaaa",
                                    "zzzaaaaaaaaaaaaaaaaaaaaa",
                                    "000aaaaaaaaaaaaaaaaaaaa!"};
  for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    struct asker asker;
    ask_for(&asker, 0, ids[i]);
    settle_all();
    assert_int_equal(asker.answers, 1);
    assert_null(asker.session);
  }
  assert_int_equal(all_notes(), 0);
}

static void an_expired_one_is_not_found(void **state) {
  (void)state;
  born_at(0, "");
  struct asker there;
  ask_for(&there, 1, id);
  settle_all();
  gw_carrier_detach(&there.client.carrier, false);
  pass(RESUME_MS);
  assert_int_equal(all_sessions() + all_notes(), 0);
  ask_for(&there, 2, id);
  settle_all();
  assert_null(there.session);
}

static void ended_while_it_is_asked_for(void **state) {
  (void)state;
  struct gw_session *session = born_at(0, "");
  struct asker there, other;
  ask_for(&there, 1, id);
  settle_all();
  ask_for(&other, 2, id);
  session = there.client.carrier.session;
  gw_session_end(session, GW_CLOSE_FORBIDDEN);
  settle_all();
  assert_int_equal(other.answers, 1);
  assert_null(other.session);
  assert_int_equal(all_sessions() + all_notes(), 0);
}

static void an_asker_that_goes_leaves_it_parked(void **state) {
  (void)state;
  born_at(0, "");
  struct asker gone, later;
  ask_for(&gone, 1, id);
  gw_session_unclaim(table(1), &gone.claim);
  settle_all();
  assert_int_equal(gone.answers, 0);
  assert_int_equal(gw_session_table_counts(table(1)).parked, 1);
  ask_for(&later, 0, id);
  settle_all();
  assert_non_null(later.session);
  gw_session_unclaim(table(0), &later.claim);
}

static void end_in_the_call(struct gw_claim *claim, struct gw_session *session) {
  struct asker *asker = gw_container_of(claim, struct asker, claim);
  asker->answers++;
  if (session) gw_session_end(session, GW_CLOSE_FORBIDDEN);
}

static void ended_within_the_answer(void **state) {
  (void)state;
  born_at(0, "");
  struct asker first = {.claim.on_claimed = end_in_the_call}, second, third;
  assert_int_equal(gw_session_claim(table(1), gw_str_of(id), &first.claim), 0);
  ask_for(&second, 1, id);
  ask_for(&third, 2, id);
  settle_all();
  assert_int_equal(first.answers, 1);
  assert_int_equal(second.answers, 1);
  assert_int_equal(third.answers, 1);
  assert_int_equal(all_sessions() + all_notes(), 0);
}

static void without_memory_there_is_no_lie(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    born_at(0, "ann");
    hold(a.carrier.session, "room:1", NULL);
    struct asker asker = {.claim.on_claimed = on_claimed_attach};
    client_init(&asker.client);
    alloc_fail_at(nth);
    int err = gw_session_claim(table(1), gw_str_of(id), &asker.claim);
    settle_all();
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    assert_int_equal(asker.answers, err < 0 ? 0 : 1);
    if (!has_failed) assert_non_null(asker.session);
    gw_carrier_detach(&a.carrier, true);
    gw_carrier_detach(&asker.client.carrier, true);
    pass(RESUME_MS);
    pass(GW_LINGER_MS);
    assert_int_equal(all_sessions() + all_notes(), 0);
    if (!has_failed) break;
  }
}

/* Nothing is left behind wherever the loops have stopped: the sanitizer watches. */
static void stopped_at_any_moment(void **state) {
  for (unsigned turns = 0; turns < 12; turns++) {
    born_at(0, "ann");
    hold(a.carrier.session, "x", NULL);
    struct asker askers[4];
    for (unsigned i = 0; i < 4; i++)
      ask_for(&askers[i], (i + 1) % WORKERS, id);
    for (unsigned i = 0; i < turns; i++)
      fake_loop_turn(&loops[i % WORKERS]);
    assert_int_equal(rig_teardown(state), 0);
    for (unsigned i = 0; i < 4; i++) {
      assert_null(askers[i].client.carrier.session);
      gw_session_unclaim(NULL, &askers[i].claim);
    }
    assert_int_equal(rig_setup(state), 0);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_session_moves_with_all_it_has), TEST(a_session_in_use_is_replaced),
      TEST(a_session_moves_back_and_forth),  TEST(of_many_at_once_the_last_has_it),
      TEST(who_is_not_there_is_not_found),   TEST(an_expired_one_is_not_found),
      TEST(ended_while_it_is_asked_for),     TEST(an_asker_that_goes_leaves_it_parked),
      TEST(ended_within_the_answer),         TEST(without_memory_there_is_no_lie),
      TEST(stopped_at_any_moment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
