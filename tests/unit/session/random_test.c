/* SPDX-License-Identifier: MIT */
/*
 * Random lives on three workers, whose loops turn in any order: clients subscribe, read slowly,
 * vanish, come back elsewhere, and are replaced, while stores refuse and histories are dropped.
 * Whatever happens, what a client is pushed follows what it knows.
 */
#include "session/rig.h"

enum { LIVES = 5, CHANNELS = 6, STEPS = 1500, SEEDS = 60 };

static const char *const channels[CHANNELS] = {"x", "y", "room:1", "drop:1", "tick:1", "short:1"};

/* What a client knows, wherever it is. */
struct life {
  char id[GW_SESSION_ID_LEN + 1];
  bool is_known[CHANNELS]; /* held, and it has been told where it stands */
  struct gw_cursor last[CHANNELS];
};

/* One connection of it. */
struct body {
  struct gw_carrier carrier;
  struct gw_claim claim;
  struct life *life;
  char claimed[GW_SESSION_ID_LEN + 1]; /* whom it asks for */
  bool is_waiting, is_asking;
  unsigned room;
};

static struct life lives[LIVES];
static struct body bodies[LIVES][WORKERS];
static uint64_t chance;
static unsigned pushed, gaps, resumed;

static unsigned any(unsigned n) {
  chance ^= chance << 13, chance ^= chance >> 7, chance ^= chance << 17;
  return (unsigned)(chance % n);
}

static unsigned number_of(const struct gw_subscription *subscription) {
  for (unsigned i = 0; i < CHANNELS; i++)
    if (gw_str_is(gw_subscription_channel(subscription), channels[i])) return i;
  fail_msg("no such channel");
  return 0;
}

static bool is_same_epoch(const struct gw_cursor *a, const struct gw_cursor *b) {
  return memcmp(a->epoch, b->epoch, sizeof a->epoch) == 0;
}

static void leave_sometimes(struct body *body) {
  if (any(40) > 0 || !body->carrier.session) return;
  if (any(3) > 0)
    gw_carrier_detach(&body->carrier, false);
  else if (any(2) > 0)
    gw_session_unsubscribe(gw_session_first(body->carrier.session));
}

static void on_subscribed(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                          const struct gw_recovery *recovery) {
  struct body *body = gw_container_of(carrier, struct body, carrier);
  unsigned i = number_of(subscription);
  assert_ptr_equal(carrier->session, subscription->session);
  if (err == 0 && recovery->is_recovered && body->life->is_known[i])
    assert_memory_equal(&recovery->cursor, &body->life->last[i], sizeof recovery->cursor);
  body->life->is_known[i] = err == 0;
  if (err == 0) body->life->last[i] = recovery->cursor;
  leave_sometimes(body);
}

static int push(struct gw_carrier *carrier, struct gw_subscription *subscription,
                struct gw_publication *publication) {
  struct body *body = gw_container_of(carrier, struct body, carrier);
  unsigned i = number_of(subscription);
  struct gw_cursor *last = &body->life->last[i], is = publication->cursor;
  assert_ptr_equal(carrier->session, subscription->session);
  assert_true(body->life->is_known[i]);
  if (body->room == 0 && any(3) == 0) {
    body->is_waiting = true;
    int err = any(20) > 0 ? GW_ERR_FULL : GW_ERR_MEMORY;
    leave_sometimes(body);
    return err;
  }
  uint64_t before = is_same_epoch(&is, last) ? last->offset : 0;
  if (subscription->slow == GW_SLOW_CONFLATE)
    assert_true(is.offset > before);
  else
    assert_int_equal(is.offset, before + 1);
  *last = is;
  pushed++;
  if (body->room > 0) body->room--;
  if (body->room == 0) body->is_waiting = true;
  bool is_waiting = body->is_waiting;
  leave_sometimes(body);
  return is_waiting;
}

static bool on_gap(struct gw_carrier *carrier, struct gw_subscription *subscription,
                   const struct gw_recovery *recovery) {
  struct body *body = gw_container_of(carrier, struct body, carrier);
  unsigned i = number_of(subscription);
  struct gw_cursor *last = &body->life->last[i];
  bool is_same = is_same_epoch(&recovery->cursor, last);
  if (is_same) assert_true(recovery->cursor.offset > last->offset);
  assert_int_equal(recovery->is_missed_known, is_same);
  if (is_same) assert_int_equal(recovery->missed, recovery->cursor.offset - last->offset);
  if (any(4) == 0) return false;
  *last = recovery->cursor;
  gaps++;
  return true;
}

static bool is_waiting(struct gw_carrier *carrier) {
  return gw_container_of(carrier, struct body, carrier)->is_waiting;
}

static void on_end(struct gw_carrier *carrier, enum gw_close_code code) {
  (void)code;
  if (any(2) > 0) gw_carrier_detach(carrier, false);
}

static const struct gw_carrier_ops ops = {.on_subscribed = on_subscribed,
                                          .push = push,
                                          .on_gap = on_gap,
                                          .is_waiting = is_waiting,
                                          .end = on_end};

static void forget(struct life *life) {
  memset(life->is_known, 0, sizeof life->is_known);
}

static void open_anew(struct body *body, unsigned worker) {
  struct gw_identity who = who_is(any(2) ? "ann" : "");
  struct gw_session *session;
  forget(body->life);
  assert_int_equal(gw_session_open(table(worker), &who, &body->carrier, &session), 0);
  gw_session_id(session, body->life->id);
}

static void on_claimed(struct gw_claim *claim, struct gw_session *session) {
  struct body *body = gw_container_of(claim, struct body, claim);
  body->is_asking = false;
  if (!session) {
    if (strcmp(body->claimed, body->life->id) == 0) *body->life->id = '\0';
    return;
  }
  resumed++;
  body->is_waiting = false, body->room = any(30);
  gw_session_attach(session, &body->carrier);
}

static void ask(struct body *body, unsigned worker) {
  if (body->carrier.session || body->is_asking) return;
  if (!*body->life->id) {
    open_anew(body, worker);
    return;
  }
  body->is_asking = true;
  memcpy(body->claimed, body->life->id, sizeof body->claimed);
  assert_int_equal(gw_session_claim(table(worker), gw_str_of(body->life->id), &body->claim), 0);
}

static void hold_or_leave(struct body *body) {
  struct gw_session *session = body->carrier.session;
  unsigned i = any(CHANNELS);
  if (!session) return;
  struct gw_subscription *held = gw_session_find(session, gw_str_of(channels[i]));
  bool is_parked = held && held->state == GW_SUBSCRIPTION_PARKED;
  if (held && !is_parked) {
    if (any(4) > 0) return;
    gw_session_unsubscribe(held);
    body->life->is_known[i] = false;
    return;
  }
  if (!held) body->life->is_known[i] = false;
  /* from where it stands, or somewhat before: it hears these again */
  struct gw_cursor after;
  bool has_after = is_parked && held->epoch[0] && any(2) > 0;
  if (has_after) {
    after = gw_subscription_cursor(held);
    uint64_t back = any(5);
    after.offset = after.offset > back ? after.offset - back : 0;
  }
  /* Said once, that is where it stands, answered or not. */
  struct gw_cursor last = body->life->last[i];
  if (has_after) body->life->last[i] = after;
  int err =
      gw_session_subscribe(session, gw_str_of(channels[i]), has_after ? &after : NULL, NULL, NULL);
  if (err < 0) body->life->last[i] = last;
}

static void drain_it(struct body *body) {
  body->is_waiting = false;
  body->room = any(12);
  gw_carrier_drained(&body->carrier);
}

static bool is_anywhere(const struct life *life) {
  for (unsigned i = 0; i < WORKERS; i++)
    if (bodies[life - lives][i].carrier.session) return true;
  return false;
}

/* Where its client is now, mostly. */
static unsigned where(unsigned i) {
  for (unsigned k = 0; k < WORKERS; k++)
    if (bodies[i][k].carrier.session && any(6) > 0) return k;
  return any(WORKERS);
}

static void step(void) {
  unsigned i = any(LIVES), worker = where(i);
  struct body *body = &bodies[i][worker];
  switch (any(16)) {
  case 0:
  case 1:
  case 2:
    for (unsigned n = any(6); n > 0; n--)
      publish_on(any(WORKERS), channels[any(CHANNELS)], "x");
    break;
  case 3:
  case 4:
    if (!is_anywhere(body->life) || any(12) == 0) ask(body, worker);
    break;
  case 5:
    if (any(5) == 0) gw_carrier_detach(&body->carrier, false);
    break;
  case 6:
  case 7:
  case 8: hold_or_leave(body); break;
  case 9:
  case 10: drain_it(body); break;
  case 11: refuse_attend = any(4) ? 0 : GW_ERR_FULL; break;
  case 12: refuse_subscribe = any(6) ? 0 : GW_ERR_FULL; break;
  case 13:
    if (any(8) > 0) break;
    if (body->carrier.session) gw_session_end(body->carrier.session, GW_CLOSE_FORBIDDEN);
    break;
  case 14:
    if (body->is_asking && any(3) == 0) {
      gw_session_unclaim(table(worker), &body->claim);
      body->is_asking = false;
    }
    break;
  default:
    if (any(4) == 0)
      (void)gw_hub_remove(hubs[any(WORKERS)], gw_str_of(channels[any(CHANNELS)]), NULL);
  }
  for (unsigned turns = any(4); turns > 0; turns--)
    fake_loop_turn(&loops[any(WORKERS)]);
}

/* Whoever is still there, and reads, gets everything. */
static void all_is_given_in_the_end(void) {
  refuse_attend = refuse_subscribe = 0;
  pass(1000);
  for (unsigned i = 0; i < LIVES; i++)
    for (unsigned k = 0; k < WORKERS; k++)
      for (unsigned times = 0; times < 40; times++) {
        struct body *body = &bodies[i][k];
        body->is_waiting = false, body->room = 1000;
        gw_carrier_drained(&body->carrier);
        settle_all();
      }
  for (unsigned i = 0; i < LIVES; i++)
    for (unsigned k = 0; k < WORKERS; k++) {
      const struct gw_session *session = bodies[i][k].carrier.session;
      if (!session || session->is_leaving) continue;
      for (struct gw_subscription *held = gw_session_first(session); held; held = held->next)
        assert_true(held->state == GW_SUBSCRIPTION_LIVE || held->state == GW_SUBSCRIPTION_PARKED);
    }
}

static void nothing_is_left(void) {
  for (unsigned i = 0; i < LIVES; i++)
    for (unsigned k = 0; k < WORKERS; k++)
      gw_carrier_detach(&bodies[i][k].carrier, true);
  settle_all();
  pass(RESUME_MS);
  pass(1000);
  for (unsigned i = 0; i < WORKERS; i++) {
    assert_int_equal(table(i)->held.count + table(i)->away.count + table(i)->awaited.count, 0);
    assert_int_equal(table(i)->users.count, 0);
    assert_int_equal(table(i)->parked_count, 0);
    assert_null(table(i)->owed);
    assert_int_equal(gw_hub_subscriber_count(hubs[i]), 0);
  }
}

static void whatever_happens_nothing_is_missed_or_repeated(void **state) {
  pushed = gaps = resumed = 0;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    chance = seed * UINT64_C(0x9E3779B97F4A7C15);
    for (unsigned i = 0; i < LIVES; i++) {
      lives[i] = (struct life){.id = ""};
      for (unsigned k = 0; k < WORKERS; k++)
        bodies[i][k] = (struct body){
            .carrier.ops = &ops, .claim.on_claimed = on_claimed, .life = &lives[i], .room = 20};
    }
    for (unsigned i = 0; i < STEPS; i++)
      step();
    all_is_given_in_the_end();
    nothing_is_left();
    assert_int_equal(rig_teardown(state), 0);
    assert_int_equal(rig_setup(state), 0);
  }
  print_message("%u pushed, %u gaps, %u resumed\n", pushed, gaps, resumed);
  assert_true(pushed > 1000 && gaps > 10 && resumed > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
      whatever_happens_nothing_is_missed_or_repeated, rig_setup, rig_teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
