/* SPDX-License-Identifier: MIT */
/* Presence through the whole store: who is listed, who is told, and when. */
#include "broker/attend.c"
#include "broker/workers.h"

enum { NOTES = 4096 };

/* What a listener heard: publications as `.`, joins as `+user`, leaves as `-user`. */
struct witness {
  struct gw_subscriber subscriber;
  char heard[NOTES];
};

static void note(struct gw_subscriber *subscriber, char what, struct gw_str from) {
  struct witness *self = gw_container_of(subscriber, struct witness, subscriber);
  size_t at = strlen(self->heard);
  assert_true(at + from.len + 2 < NOTES);
  self->heard[at++] = what;
  memcpy(self->heard + at, from.at ? from.at : "", from.len);
  self->heard[at + from.len] = '\0';
}

static void witness_subscribed(struct gw_subscriber *subscriber, int err,
                               const struct gw_recovery *recovery) {
  (void)subscriber, (void)recovery;
  assert_int_equal(err, 0);
}

static void witness_publication(struct gw_subscriber *subscriber,
                                struct gw_publication *publication) {
  assert_int_equal(publication->kind, GW_MESSAGE);
  note(subscriber, '.', (struct gw_str){NULL, 0});
}

static struct gw_cursor notice_cursor;

static void witness_presence(struct gw_subscriber *subscriber, struct gw_publication *notice) {
  assert_int_equal(notice->payload.len, 0);
  notice_cursor = notice->cursor;
  note(subscriber, notice->kind == GW_JOIN ? '+' : '-', notice->from);
}

static const struct gw_subscriber_ops witness_ops = {.on_subscribed = witness_subscribed,
                                                     .on_publication = witness_publication,
                                                     .on_presence = witness_presence};

static struct witness witnesses[WORKERS];

static void witness_all(const char *channel) {
  for (unsigned i = 0; i < WORKERS; i++) {
    witnesses[i] = (struct witness){.subscriber.ops = &witness_ops};
    assert_int_equal(gw_hub_subscribe(hubs[i], gw_str_of(channel), NULL, &witnesses[i].subscriber),
                     0);
  }
  settle();
}

static void all_heard(const char *what) {
  for (unsigned i = 0; i < WORKERS; i++) {
    assert_string_equal(witnesses[i].heard, what);
    witnesses[i].heard[0] = '\0';
  }
}

static struct gw_str user_of(const char *name) {
  return name ? gw_str_of(name) : (struct gw_str){NULL, 0};
}

static void come(unsigned worker, const char *channel, const char *user) {
  assert_int_equal(gw_hub_attend(hubs[worker], gw_str_of(channel), user_of(user), true), 0);
  settle();
}

static void go(unsigned worker, const char *channel, const char *user) {
  assert_int_equal(gw_hub_attend(hubs[worker], gw_str_of(channel), user_of(user), false), 0);
  settle();
}

/* ---- who is listed ---- */

struct list {
  struct gw_store_ask ask;
  int answers, err;
  unsigned n, users, sessions;
  char text[NOTES]; /* `user*sessions ` … */
  uint64_t since;   /* of the last */
};

static void note_list(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct list *list = gw_container_of(ask, struct list, ask);
  list->answers++;
  list->err = err;
  if (err < 0) return;
  const struct gw_members *members = recovery->members;
  list->n = members->n, list->users = members->users, list->sessions = members->sessions;
  for (unsigned i = 0; i < members->n && members->n < 50; i++) {
    size_t at = strlen(list->text);
    snprintf(list->text + at, NOTES - at, "%.*s*%u ", (int)members->at[i].user.len,
             members->at[i].user.at, members->at[i].sessions);
    list->since = members->at[i].since;
  }
}

static struct list list_of(unsigned worker, const char *channel) {
  struct list list = {.ask.on_answer = note_list};
  assert_int_equal(gw_hub_members(hubs[worker], gw_str_of(channel), &list.ask), 0);
  settle();
  assert_int_equal(list.answers, 1);
  assert_int_equal(list.err, 0);
  return list;
}

static void listed(const char *channel, const char *text, unsigned sessions) {
  for (unsigned i = 0; i < WORKERS; i++) {
    struct list list = list_of(i, channel);
    assert_string_equal(list.text, text);
    assert_int_equal(list.sessions, sessions);
    assert_int_equal(list.users, list.n);
  }
}

/* ---- tests ---- */

static void every_worker_lists_and_hears_who_is_there(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  listed(channel, "", 0);
  assert_int_equal(channels_alive(), 0);
  witness_all(channel);
  come(0, channel, "ann");
  come(1, channel, "bob");
  come(2, channel, "ann");
  come(1, channel, NULL);
  all_heard("+ann+bob");
  listed(channel, "ann*2 bob*1 ", 4);
  assert_int_equal(list_of(1, channel).since, wall);
  go(1, channel, NULL);
  go(0, channel, "ann");
  all_heard("");
  listed(channel, "ann*1 bob*1 ", 2);
}

static void the_last_session_lingers(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  witness_all(channel);
  come(1, channel, "ann"), come(1, channel, "ann");
  uint64_t since = wall;
  pass(100);
  come(2, channel, "bob");
  all_heard("+ann+bob");
  go(1, channel, "ann"), go(1, channel, "ann");
  pass(GW_LINGER_MS - 1);
  all_heard("");
  listed(channel, "ann*1 bob*1 ", 2);
  come(0, channel, "ann"); /* within the time: it was never away */
  pass(GW_LINGER_MS);
  all_heard("");
  listed(channel, "ann*1 bob*1 ", 2);
  go(0, channel, "ann");
  pass(GW_LINGER_MS);
  all_heard("-ann");
  listed(channel, "bob*1 ", 1);
  come(0, channel, "ann");
  all_heard("+ann");
  assert_true(list_of(0, channel).since > since);
}

static void each_lingers_for_its_own_time(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  witness_all(channel);
  come(0, channel, "ann"), come(0, channel, "bob"), come(0, channel, "eve");
  all_heard("+ann+bob+eve");
  go(1, channel, "ann");
  pass(2000);
  go(1, channel, "bob");
  come(1, channel, "ann");
  pass(1000);
  go(1, channel, "ann");
  go(1, channel, "eve");
  pass(3999);
  all_heard("");
  pass(1);
  all_heard("-bob");
  pass(1000);
  all_heard("-ann-eve");
}

static void a_channel_lives_while_somebody_is_in_it(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  come(1, channel, NULL);
  come(1, channel, "ann");
  assert_int_equal(channels_alive(), 1);
  go(1, channel, NULL);
  go(1, channel, "ann");
  assert_int_equal(channels_alive(), 1);
  pass(GW_LINGER_MS);
  assert_int_equal(channels_alive(), 0);
  listed(channel, "", 0);
}

static void who_never_came_cannot_go(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  go(0, channel, "ann"), go(1, channel, NULL);
  assert_int_equal(channels_alive(), 0);
  come(1, channel, "bob");
  go(0, channel, "ann"), go(1, channel, NULL);
  listed(channel, "bob*1 ", 1);
  go(1, channel, "bob"), go(1, channel, "bob"), go(2, channel, "bob");
  listed(channel, "bob*1 ", 1);
  pass(GW_LINGER_MS);
  listed(channel, "", 0);
}

static void notices_are_in_order_and_not_kept(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  witness_all(channel);
  struct gw_cursor cursor = publish_some(1, channel, 1);
  come(2, channel, "ann");
  assert_int_equal(notice_cursor.offset, cursor.offset);
  assert_string_equal(notice_cursor.epoch, cursor.epoch);
  struct query query;
  publish_len(1, channel, 1, &query);
  gw_hub_attend(hubs[1], gw_str_of(channel), GW_STR("bob"), true);
  struct query other;
  publish_len(1, channel, 1, &other);
  settle();
  all_heard(".+ann.+bob.");
  assert_int_equal(ask_history(0, channel, NULL, 0).recovery.n, 3);
}

static void nobody_hears_its_own_join(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  for (unsigned i = 0; i < WORKERS; i++) {
    char user[] = {(char)('a' + i), '\0'};
    witnesses[i] = (struct witness){.subscriber.ops = &witness_ops};
    assert_int_equal(gw_hub_attend(hubs[i], gw_str_of(channel), gw_str_of(user), true), 0);
    gw_hub_subscribe(hubs[i], gw_str_of(channel), NULL, &witnesses[i].subscriber);
    settle();
  }
  assert_string_equal(witnesses[0].heard, "+b+c");
  assert_string_equal(witnesses[1].heard, "+c");
  assert_string_equal(witnesses[2].heard, "");
}

static void huge_channels_have_numbers_only(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  char user[16];
  for (unsigned i = 0; i < GW_MEMBERS_SHOWN; i++) {
    snprintf(user, sizeof user, "u%u", i);
    come(i % WORKERS, channel, user);
  }
  struct list list = list_of(1, channel);
  assert_int_equal(list.n, GW_MEMBERS_SHOWN);
  witness_all(channel);
  come(1, channel, "one too many"), come(2, channel, NULL);
  all_heard("");
  list = list_of(1, channel);
  assert_int_equal(list.n, 0);
  assert_int_equal(list.users, GW_MEMBERS_SHOWN + 1);
  assert_int_equal(list.sessions, GW_MEMBERS_SHOWN + 2);
  go(1, channel, "u0");
  pass(GW_LINGER_MS);
  all_heard("");
  go(1, channel, "u1");
  pass(GW_LINGER_MS);
  all_heard("-u1");
  list = list_of(2, channel);
  assert_int_equal(list.n, GW_MEMBERS_SHOWN - 1);
}

static void names_that_come_and_go_linger_in_bounds(void **state) {
  (void)state;
  const char *channel = channel_at_0();
  for (unsigned i = 0; i <= MAX_LINGERING; i++) {
    char user[16];
    int len = snprintf(user, sizeof user, "u%u", i);
    struct gw_str name = {user, (size_t)len};
    gw_attend_come(memory->desks[0], gw_str_of(channel), name);
    gw_attend_go(memory->desks[0], gw_str_of(channel), name);
  }
  settle();
  struct list list = list_of(1, channel);
  assert_int_equal(list.users, MAX_LINGERING);
}

static void a_worker_that_does_not_keep_up_misses_notices_alone(void **state) {
  (void)state;
  restart(&(struct gw_memory_options){.queue_bytes = 3000});
  const char *channel = channel_at_0();
  witness_all(channel);
  unsigned told = 0;
  for (char user[] = "a"; user[0] <= 'z'; user[0]++) {
    gw_hub_attend(hubs[0], gw_str_of(channel), gw_str_of(user), true);
    fake_loop_turn(&loops[0]), fake_loop_turn(&loops[2]);
  }
  settle();
  told = (unsigned)strlen(witnesses[1].heard) / 2;
  assert_in_range(told, 2, 25);
  assert_int_equal(strlen(witnesses[0].heard), 26 * 2);
  assert_int_equal(strlen(witnesses[2].heard), 26 * 2);
  assert_int_equal(list_of(1, channel).users, 26);
}

static void going_is_never_refused(void **state) {
  (void)state;
  restart(&(struct gw_memory_options){.queue_bytes = 2000});
  const char *channel = channel_at_0();
  unsigned came = 0;
  while (gw_hub_attend(hubs[1], gw_str_of(channel), (struct gw_str){0}, true) == 0)
    came++;
  assert_in_range(came, 2, 50);
  for (unsigned i = 0; i < came; i++)
    assert_int_equal(gw_hub_attend(hubs[1], gw_str_of(channel), (struct gw_str){0}, false), 0);
  settle();
  assert_int_equal(channels_alive(), 0);
}

static void users_are_checked(void **state) {
  (void)state;
  assert_int_equal(gw_hub_attend(hubs[0], GW_STR("a"), GW_STR("a/"), true), GW_ERR_ARGUMENT);
  assert_int_equal(gw_hub_attend(hubs[0], GW_STR("/a"), GW_STR("a"), true), GW_ERR_ARGUMENT);
  assert_int_equal(gw_hub_members(hubs[0], GW_STR(""), NULL), GW_ERR_ARGUMENT);
}

/* Two users and a nobody come and go, on two workers; gives what is listed between. */
static struct list a_visit(const char *channel, bool *is_good) {
  static const char *const users[] = {"ann", "bob", NULL, "ann"};
  bool is_in[4];
  struct list list = {.ask.on_answer = note_list};
  for (unsigned i = 0; i < 4; i++)
    is_in[i] = gw_hub_attend(hubs[i % 2], gw_str_of(channel), user_of(users[i]), true) == 0;
  settle();
  if (gw_hub_members(hubs[2], gw_str_of(channel), &list.ask) < 0) list.err = GW_ERR_MEMORY;
  settle();
  *is_good = list.err == 0 && list.n == 2 && list.sessions == 4;
  for (unsigned i = 0; i < 4; i++)
    while (is_in[i] && gw_hub_attend(hubs[i % 2], gw_str_of(channel), user_of(users[i]), false) < 0)
      ;
  settle();
  return list;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  unsigned failed = 0;
  for (size_t nth = 1;; nth++) {
    const char *channel = channel_at_0();
    bool is_good;
    witness_all(channel);
    alloc_fail_at(nth);
    struct list list = a_visit(channel, &is_good);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (!has_failed) {
      assert_true(is_good);
      all_heard("+ann+bob");
      break;
    }
    failed++;
    assert_true(list.sessions <= 4);
    pass(GW_LINGER_MS);
    listed(channel, "", 0); /* nobody stays behind */
    for (unsigned i = 0; i < WORKERS; i++)
      gw_hub_unsubscribe(hubs[i], &witnesses[i].subscriber);
    settle();
    assert_int_equal(channels_alive(), 0);
  }
  assert_true(failed > 10);
}

static void freeing_forgets_who_is_there(void **state) {
  (void)state;
  come(0, channel_at_0(), "ann");
  come(1, channel_at_0(), "bob");
  go(1, channel_at_0(), "bob");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_worker_lists_and_hears_who_is_there),
      TEST(the_last_session_lingers),
      TEST(each_lingers_for_its_own_time),
      TEST(a_channel_lives_while_somebody_is_in_it),
      TEST(who_never_came_cannot_go),
      TEST(notices_are_in_order_and_not_kept),
      TEST(nobody_hears_its_own_join),
      TEST(huge_channels_have_numbers_only),
      TEST(names_that_come_and_go_linger_in_bounds),
      TEST(a_worker_that_does_not_keep_up_misses_notices_alone),
      TEST(going_is_never_refused),
      TEST(users_are_checked),
      TEST(every_allocation_may_fail),
      TEST(freeing_forgets_who_is_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
