/* SPDX-License-Identifier: MIT */
/* Who is believed, and what they may. */
#include "session/rig.h"

static struct gw_identity admit(const char *token, const char *user, bool is_local) {
  struct gw_gate gate = {rules};
  struct gw_credentials credentials = {.is_local = is_local};
  if (token) credentials.token = gw_str_of(token);
  if (user) credentials.user = gw_str_of(user);
  struct gw_identity who;
  assert_int_equal(gw_gate_admit(&gate, &credentials, &who), 0);
  return who;
}

static void names_are_believed(void **state) {
  (void)state;
  struct gw_identity who = admit(NULL, NULL, false);
  assert_null(gw_identity_user(&who).at);
  assert_false(who.is_api);
  who = admit(NULL, "ann", true);
  assert_true(gw_str_is(gw_identity_user(&who), "ann"));
  assert_true(who.is_api);
  who = admit("bob", "ann", false);
  assert_true(gw_str_is(gw_identity_user(&who), "bob"));
}

static void but_not_every_text_is_a_name(void **state) {
  (void)state;
  struct gw_gate gate = {rules};
  struct gw_identity who;
  char long_name[GW_USER_MAX + 2] = {0};
  memset(long_name, 'n', GW_USER_MAX + 1);
  const char *const names[] = {"", "a\nb", "a/", "\xff", long_name};
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct gw_credentials credentials = {.user = gw_str_of(names[i])};
    assert_int_equal(gw_gate_admit(&gate, &credentials, &who), GW_ERR_ARGUMENT);
  }
}

struct row {
  const char *user;
  bool is_local;
  const char *channel;
  bool may_hear, may_publish;
};

static void rules_decide_by_name(void **state) {
  (void)state;
  struct gw_gate gate = {rules};
  static const struct row rows[] = {
      {NULL, false, "x", true, true},           {NULL, false, "staff:1", true, false},
      {"ann", false, "staff:1", true, true},    {NULL, true, "staff:1", true, false},
      {NULL, false, "news:1", true, false},     {"ann", true, "news:1", true, false},
      {NULL, true, "news:1", true, true},       {NULL, false, "inbox:ann", false, false},
      {"ann", false, "inbox:ann", true, false}, {"bob", true, "inbox:ann", false, false},
      {NULL, true, "inbox:ann", true, true},
  };
  for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct gw_identity who = admit(NULL, rows[i].user, rows[i].is_local);
    struct gw_str channel = gw_str_of(rows[i].channel);
    assert_int_equal(gw_gate_may_hear(&gate, &who, channel), rows[i].may_hear);
    assert_int_equal(gw_gate_may_publish(&gate, &who, channel), rows[i].may_publish);
  }
}

static void who_has_a_name_may_send_to_a_user(void **state) {
  (void)state;
  struct gw_gate gate = {rules};
  for (unsigned round = 0; round < 2; round++) {
    struct gw_identity stranger = admit(NULL, NULL, false), ben = admit(NULL, "ben", false);
    struct gw_identity here = admit(NULL, "ben", true), api = admit(NULL, NULL, true);
    bool is_open = round == 0;
    assert_false(gw_gate_may_send(&gate, &stranger, GW_STR("ann")));
    assert_true(gw_gate_may_send(&gate, &ben, GW_STR("ann")) == is_open);
    assert_true(gw_gate_may_send(&gate, &here, GW_STR("ann")) == is_open);
    assert_true(gw_gate_may_send(&gate, &ben, GW_STR("bob")));
    assert_true(gw_gate_may_send(&gate, &api, GW_STR("ann")));
    assert_false(gw_gate_may_send(&gate, &ben, GW_STR("")));
    assert_int_equal(gw_rules_add(rules, "inbox:ann=publish:api", NULL), 0);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
  const struct CMUnitTest tests[] = {
      TEST(names_are_believed),
      TEST(but_not_every_text_is_a_name),
      TEST(rules_decide_by_name),
      TEST(who_has_a_name_may_send_to_a_user),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
