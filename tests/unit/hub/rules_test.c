/* SPDX-License-Identifier: MIT */
/* Options by namespace: which line rules which channel, and what a line may say. */
#include "hub/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "support/alloc.h"

static struct gw_rules *rules;

static int setup(void **state) {
  (void)state;
  return gw_rules_new(&rules);
}

static int teardown(void **state) {
  (void)state;
  gw_rules_free(rules);
  return 0;
}

static void add(const char *text) {
  const char *problem = NULL;
  int err = gw_rules_add(rules, text, &problem);
  if (err < 0) print_error("%s: %s\n", text, problem);
  assert_int_equal(err, 0);
}

static const struct gw_channel_rules *of(const char *channel) {
  return gw_rules_of(rules, gw_str_of(channel));
}

static void without_lines_all_channels_have_the_defaults(void **state) {
  (void)state;
  const struct gw_channel_rules *lobby = of("lobby");
  assert_int_equal(lobby->history_size, 100);
  assert_int_equal(lobby->history_ms, 600000);
  assert_int_equal(lobby->history_bytes, 16 << 20);
  assert_true(lobby->has_presence);
  assert_int_equal(lobby->publishers, GW_PUBLISHERS_ANYONE);
  assert_int_equal(lobby->slow, GW_SLOW_DISCONNECT);
  assert_int_equal(lobby->home, 0);
  assert_ptr_equal(of("quiz:1"), lobby);
  assert_ptr_equal(of(":"), lobby);
}

static void every_key_is_read(void **state) {
  (void)state;
  add("ticker:*=history:1,age:90s,bytes:64K,presence:off,publish:users,slow:conflate");
  const struct gw_channel_rules *ticker = of("ticker:eur");
  assert_int_equal(ticker->history_size, 1);
  assert_int_equal(ticker->history_ms, 90000);
  assert_int_equal(ticker->history_bytes, 65536);
  assert_false(ticker->has_presence);
  assert_int_equal(ticker->publishers, GW_PUBLISHERS_USERS);
  assert_int_equal(ticker->slow, GW_SLOW_CONFLATE);
  add("ticker:*=presence:on,publish:api,slow:drop,history:0");
  assert_int_equal(ticker->history_size, 0);
  assert_int_equal(ticker->history_ms, 90000);
  assert_true(ticker->has_presence);
  assert_int_equal(ticker->publishers, GW_PUBLISHERS_API);
  assert_int_equal(ticker->slow, GW_SLOW_DROP);
  add("ticker:*=publish:anyone,slow:disconnect,age:1d,bytes:1G");
  assert_int_equal(ticker->publishers, GW_PUBLISHERS_ANYONE);
  assert_int_equal(ticker->slow, GW_SLOW_DISCONNECT);
  assert_int_equal(ticker->history_ms, 86400000);
  assert_int_equal(ticker->history_bytes, 1 << 30);
  assert_int_equal(of("lobby")->history_size, 100);
}

static void the_exact_name_rules_then_the_namespace_then_the_star(void **state) {
  (void)state;
  add("quiz:final=history:3");
  add("quiz:*=history:2");
  add("*=history:1");
  add("a=b:c=history:4"); /* the last = ends a name */
  assert_int_equal(of("quiz:final")->history_size, 3);
  assert_int_equal(of("quiz:1")->history_size, 2);
  assert_int_equal(of("quiz:")->history_size, 2);
  assert_int_equal(of("quiz:1:2")->history_size, 2);
  assert_int_equal(of("quiz")->history_size, 1);
  assert_int_equal(of("quizzes:1")->history_size, 1);
  assert_int_equal(of("a=b:c")->history_size, 4);
}

static void what_a_line_leaves_out_is_as_the_star_has_it_then(void **state) {
  (void)state;
  add("before:*=slow:drop");
  add("*=history:7,publish:api");
  add("after:*=slow:drop");
  assert_int_equal(of("before:1")->history_size, 100);
  assert_int_equal(of("after:1")->history_size, 7);
  assert_int_equal(of("after:1")->publishers, GW_PUBLISHERS_API);
}

static void a_larger_history_may_hold_more_bytes(void **state) {
  (void)state;
  add("small:*=history:10");
  add("large:*=history:1000");
  add("huge:*=history:1000000");
  add("said:*=bytes:1M,history:1000");
  assert_int_equal(of("small:1")->history_bytes, 16 << 20);
  assert_int_equal(of("large:1")->history_bytes, 1000 * 65536);
  assert_int_equal(of("huge:1")->history_bytes, 256 << 20);
  assert_int_equal(of("said:1")->history_bytes, 1 << 20);
  add("*=bytes:2M");
  add("heir:*=history:1000");
  assert_int_equal(of("heir:1")->history_bytes, 2 << 20);
}

static void inboxes_follow_the_star_but_for_presence(void **state) {
  (void)state;
  assert_false(of("inbox:ann")->has_presence);
  assert_int_equal(of("inbox:ann")->history_size, 100);
  add("*=history:5,presence:on");
  assert_false(of("inbox:ann")->has_presence);
  assert_int_equal(of("inbox:ann")->history_size, 5);
  add("inbox:*=history:9");
  add("*=history:6");
  assert_int_equal(of("inbox:ann")->history_size, 9);
  add("inbox:bob=history:2");
  assert_int_equal(of("inbox:bob")->history_size, 2);
  assert_false(of("inbox:bob")->has_presence);
}

static void a_home_is_a_worker_s_number(void **state) {
  (void)state;
  assert_int_equal(gw_rules_highest_home(rules), 0);
  static const struct {
    const char *line, *channel;
    unsigned home;
  } cases[] = {{"lab=home:2", "lab", 2},
               {"ticker:*=home:4,history:1", "ticker:eur", 4},
               {"inbox:*=home:5", "inbox:ann", 5},
               {"*=home:7", "lobby", 7}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    add(cases[i].line);
    assert_int_equal(of(cases[i].channel)->home, cases[i].home);
    assert_int_equal(gw_rules_highest_home(rules), cases[i].home);
  }
  add("*=home:1");
  assert_int_equal(gw_rules_highest_home(rules), 5);
  assert_int_equal(of("lab:1")->home, 1);
}

static void what_is_wrong_is_told_and_changes_nothing(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "",
      "lobby",
      "lobby=",
      "=history:1",
      "lobby=history",
      "lobby=history:",
      "lobby=history:-1",
      "lobby=history:1x",
      "lobby=history:1000001",
      "lobby=history:99999999999999999999999",
      "lobby=age:10",
      "lobby=age:0s",
      "lobby=age:10w",
      "lobby=age:m",
      "lobby=bytes:64",
      "lobby=bytes:0K",
      "lobby=bytes:64k",
      "lobby=presence:yes",
      "lobby=publish:all",
      "lobby=slow:wait",
      "lobby=home:0",
      "lobby=home:",
      "lobby=home:1x",
      "lobby=home:4294967296",
      "lobby=color:red",
      "lobby=history:1,",
      "lobby=,history:1",
      "lobby=history:1,slow:never",
      "/lobby=history:1",
      "lob*y=history:1",
      "a:b:*=history:1",
      ":*=history:1",
      "**=history:1",
      "*=history:1,slow:never",
      "inbox:*=presence:on",
      "inbox:ann=history:1,presence:on",
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    const char *problem = NULL;
    if (gw_rules_add(rules, wrong[i], &problem) != GW_ERR_ARGUMENT) fail_msg("%s", wrong[i]);
    assert_non_null(problem);
    assert_ptr_equal(of("lobby"), of("other"));
    assert_int_equal(of("lobby")->history_size, 100);
  }
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  unsigned failed = 0;
  for (size_t nth = 1;; nth++) {
    struct gw_rules *made = NULL;
    alloc_fail_at(nth);
    int err = gw_rules_new(&made);
    if (err == 0) err = gw_rules_add(made, "a:*=history:1", NULL);
    if (err == 0) err = gw_rules_add(made, "b=history:1", NULL);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    gw_rules_free(made);
    assert_int_equal(err, has_failed ? GW_ERR_MEMORY : 0);
    if (!has_failed) break;
    failed++;
  }
  assert_true(failed >= 7);
  gw_rules_free(NULL);
}

static void users_have_names_and_inboxes(void **state) {
  (void)state;
  char longest[GW_USER_MAX + 2], out[sizeof GW_INBOX_PREFIX + GW_USER_MAX];
  memset(longest, 'x', sizeof longest);
  assert_true(gw_user_name_is_valid((struct gw_str){longest, GW_USER_MAX}));
  assert_false(gw_user_name_is_valid((struct gw_str){longest, GW_USER_MAX + 1}));
  assert_true(gw_user_name_is_valid(GW_STR("/ann lee")));
  assert_true(gw_user_name_is_valid(GW_STR("\xED\x95\x9C")));
  assert_false(gw_user_name_is_valid(GW_STR("")));
  assert_false(gw_user_name_is_valid(GW_STR("ann/")));
  assert_false(gw_user_name_is_valid(GW_STR("a\nb")));
  assert_false(gw_user_name_is_valid(GW_STR("\xFF")));
  assert_true(gw_str_is(gw_inbox_name(GW_STR("ann"), out), "inbox:ann"));
  assert_true(gw_str_is(gw_inbox_user(GW_STR("inbox:ann")), "ann"));
  assert_null(gw_inbox_user(GW_STR("inbox")).at);
  assert_null(gw_inbox_user(GW_STR("outbox:ann")).at);
  assert_non_null(gw_inbox_user(GW_STR("inbox:")).at);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(without_lines_all_channels_have_the_defaults),
      TEST(every_key_is_read),
      TEST(the_exact_name_rules_then_the_namespace_then_the_star),
      TEST(what_a_line_leaves_out_is_as_the_star_has_it_then),
      TEST(a_larger_history_may_hold_more_bytes),
      TEST(inboxes_follow_the_star_but_for_presence),
      TEST(a_home_is_a_worker_s_number),
      TEST(what_is_wrong_is_told_and_changes_nothing),
      TEST(every_allocation_may_fail),
      TEST(users_have_names_and_inboxes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
