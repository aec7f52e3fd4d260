/* SPDX-License-Identifier: MIT */
/*
 * Sessions between real threads: each is claimed again and again, by two other workers at the same
 * time, while all publish. Wherever it is, it goes on exactly where it was.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "broker/memory.h"
#include "godwit/error.h"
#include "session/session.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { EACH = 1500 };
#else
enum { EACH = 3000 };
#endif
enum { WORKERS = 3, CHANNELS = 2, SOULS = 6, STAY = 40, AT_ONCE = 4, MUCH = 5 };
enum { PER_CHANNEL = WORKERS * EACH / CHANNELS, ALL = WORKERS * EACH };

/* What moves with a session: whoever has it may touch it. */
struct soul {
  char id[GW_SESSION_ID_LEN + 1];
  unsigned heard, since_claimed;
  uint64_t last[CHANNELS];
};

/* Carries the session of a soul on one worker, now and then. */
struct body {
  struct gw_carrier carrier;
  struct gw_claim claim;
  struct gw_task ask, drain;
  struct soul *soul;
  struct worker *worker;
  bool is_asking, is_drain_set;
  atomic_bool is_asked; /* to ask */
};

struct worker {
  struct run *run;
  pthread_t thread;
  unsigned number, published, errors, claims, replaced;
  struct gw_loop *loop;
  struct gw_hub *hub;
  struct gw_task task;
  struct body bodies[SOULS];
};

struct run {
  struct gw_memory *memory;
  struct gw_rules *rules;
  struct gw_sessions *sessions;
  atomic_uint ready, done;
  struct worker workers[WORKERS];
  struct soul souls[SOULS];
};

static const char *const channels[CHANNELS] = {"alpha", "beta"};

static void expect(struct worker *worker, bool is_right) {
  if (!is_right) worker->errors++;
}

static unsigned channel_of(const struct gw_subscription *subscription) {
  return gw_str_is(gw_subscription_channel(subscription), channels[0]) ? 0 : 1;
}

/* ---- the carrier ---- */

static void on_subscribed(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                          const struct gw_recovery *recovery) {
  struct body *body = gw_container_of(carrier, struct body, carrier);
  expect(body->worker, err == 0);
  if (err < 0) return;
  expect(body->worker, recovery->is_recovered);
  expect(body->worker, recovery->cursor.offset == body->soul->last[channel_of(subscription)]);
}

/* The other two, at the same time. */
static void let_others_ask(struct body *body) {
  struct run *run = body->worker->run;
  size_t i = (size_t)(body->soul - run->souls);
  for (unsigned k = 1; k < WORKERS; k++) {
    struct worker *other = &run->workers[(body->worker->number + k) % WORKERS];
    struct body *asker = &other->bodies[i];
    if (!atomic_exchange(&asker->is_asked, true)) gw_loop_post(other->loop, &asker->ask);
  }
}

static int push(struct gw_carrier *carrier, struct gw_subscription *subscription,
                struct gw_publication *publication) {
  struct body *body = gw_container_of(carrier, struct body, carrier);
  struct soul *soul = body->soul;
  uint64_t *last = &soul->last[channel_of(subscription)];
  expect(body->worker, publication->cursor.offset == *last + 1);
  *last = publication->cursor.offset;
  bool is_much = soul->heard % MUCH == MUCH - 1;
  if (is_much && !body->is_drain_set) {
    body->is_drain_set = true;
    gw_loop_post(body->worker->loop, &body->drain);
  }
  if (++soul->heard == ALL) {
    struct run *run = body->worker->run;
    if (atomic_fetch_add(&run->done, 1) + 1 == SOULS)
      for (unsigned i = 0; i < WORKERS; i++)
        gw_loop_stop(run->workers[i].loop);
  } else if (++soul->since_claimed == STAY) {
    let_others_ask(body);
  }
  return body->is_drain_set;
}

static bool on_gap(struct gw_carrier *carrier, struct gw_subscription *subscription,
                   const struct gw_recovery *recovery) {
  (void)subscription, (void)recovery;
  expect(gw_container_of(carrier, struct body, carrier)->worker, false);
  return true;
}

static bool is_waiting(struct gw_carrier *carrier) {
  return gw_container_of(carrier, struct body, carrier)->is_drain_set;
}

static void on_end(struct gw_carrier *carrier, enum gw_close_code code) {
  struct body *body = gw_container_of(carrier, struct body, carrier);
  expect(body->worker, code == GW_CLOSE_REPLACED);
  body->worker->replaced++;
}

static const struct gw_carrier_ops ops = {.on_subscribed = on_subscribed,
                                          .push = push,
                                          .on_gap = on_gap,
                                          .is_waiting = is_waiting,
                                          .end = on_end};

static void on_drain(struct gw_task *task) {
  struct body *body = gw_container_of(task, struct body, drain);
  body->is_drain_set = false;
  gw_carrier_drained(&body->carrier);
}

/* ---- claims ---- */

static void hold_all(struct body *body) {
  for (unsigned i = 0; i < CHANNELS && body->carrier.session; i++)
    expect(body->worker, gw_session_subscribe(body->carrier.session, gw_str_of(channels[i]), NULL,
                                              NULL, NULL) == 0);
}

static void on_claimed(struct gw_claim *claim, struct gw_session *session) {
  struct body *body = gw_container_of(claim, struct body, claim);
  body->is_asking = false;
  expect(body->worker, session != NULL);
  if (!session) return;
  body->worker->claims++;
  gw_session_attach(session, &body->carrier);
  body->soul->since_claimed = 0;
  hold_all(body);
}

static void on_ask(struct gw_task *task) {
  struct body *body = gw_container_of(task, struct body, ask);
  struct worker *worker = body->worker;
  atomic_store(&body->is_asked, false);
  bool is_over = atomic_load(&worker->run->done) == SOULS; /* the loops are being freed */
  if (is_over || body->is_asking || body->carrier.session) return;
  body->is_asking = true;
  expect(worker, gw_session_claim(gw_sessions_table(worker->run->sessions, worker->number),
                                  gw_str_of(body->soul->id), &body->claim) == 0);
}

/* ---- the run ---- */

static void publish_some(struct gw_task *task) {
  struct worker *worker = gw_container_of(task, struct worker, task);
  for (unsigned i = 0; i < AT_ONCE && worker->published < EACH; i++, worker->published++) {
    struct gw_publication_parts parts = {.channel =
                                             gw_str_of(channels[worker->published % CHANNELS])};
    expect(worker,
           gw_hub_publish(worker->hub, gw_publication_new(&parts), (struct gw_str){0}, NULL) == 0);
  }
  if (worker->published < EACH) gw_loop_post(worker->loop, &worker->task);
}

/* Each soul begins on a worker of its own choice. */
static void *work(void *arg) {
  struct worker *worker = arg;
  struct run *run = worker->run;
  for (unsigned i = worker->number; i < SOULS; i += WORKERS) {
    struct body *body = &worker->bodies[i];
    struct gw_identity who = {.user_len = 1, .user = {(char)('a' + i / 2)}};
    struct gw_session *session;
    expect(worker, gw_session_open(gw_sessions_table(run->sessions, worker->number), &who,
                                   &body->carrier, &session) == 0);
    gw_session_id(session, body->soul->id);
    hold_all(body);
  }
  gw_loop_run(worker->loop);
  return NULL;
}

static void begin_publishing(struct run *run) {
  for (unsigned i = 0; i < WORKERS; i++)
    gw_loop_post(run->workers[i].loop, &run->workers[i].task);
}

/* The first publication is published when all subscriptions stand. */
static void on_first(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                     const struct gw_recovery *recovery) {
  struct body *body = gw_container_of(carrier, struct body, carrier);
  on_subscribed(carrier, subscription, err, recovery);
  if (body->soul->heard > 0 || body->soul->since_claimed > 0) return;
  struct run *run = body->worker->run;
  if (atomic_fetch_add(&run->ready, 1) + 1 == SOULS * CHANNELS) begin_publishing(run);
}

static const struct gw_carrier_ops first_ops = {.on_subscribed = on_first,
                                                .push = push,
                                                .on_gap = on_gap,
                                                .is_waiting = is_waiting,
                                                .end = on_end};

static void prepare(struct run *run) {
  struct gw_loop *loops[WORKERS];
  struct gw_hub *hubs[WORKERS];
  const char *problem;
  for (unsigned i = 0; i < WORKERS; i++)
    assert_int_equal(gw_loop_new(&loops[i]), 0);
  assert_int_equal(gw_rules_new(&run->rules), 0);
  assert_int_equal(gw_rules_add(run->rules, "*=history:20000", &problem), 0);
  struct gw_memory_options options = {.rules = run->rules};
  assert_int_equal(gw_memory_new(&options, loops, WORKERS, &run->memory), 0);
  for (unsigned i = 0; i < WORKERS; i++) {
    struct worker *worker = &run->workers[i];
    *worker = (struct worker){.run = run, .number = i, .loop = loops[i], .task.run = publish_some};
    assert_int_equal(gw_hub_new(gw_memory_store(run->memory, i), &worker->hub), 0);
    hubs[i] = worker->hub;
    for (unsigned k = 0; k < SOULS; k++)
      worker->bodies[k] = (struct body){.carrier.ops = k % WORKERS == i ? &first_ops : &ops,
                                        .claim.on_claimed = on_claimed,
                                        .ask.run = on_ask,
                                        .drain.run = on_drain,
                                        .soul = &run->souls[k],
                                        .worker = worker};
  }
  struct gw_sessions_options session_options = {.rules = run->rules};
  assert_int_equal(gw_sessions_new(&session_options, loops, hubs, WORKERS, &run->sessions), 0);
}

static void end(struct run *run) {
  gw_sessions_free(run->sessions);
  for (unsigned i = 0; i < WORKERS; i++)
    gw_hub_free(run->workers[i].hub);
  gw_memory_free(run->memory);
  for (unsigned i = 0; i < WORKERS; i++)
    gw_loop_free(run->workers[i].loop);
  gw_rules_free(run->rules);
}

static void claimed_by_all_at_once_a_session_misses_nothing(void **state) {
  (void)state;
  static struct run run;
  prepare(&run);
  for (unsigned i = 0; i < WORKERS; i++)
    assert_int_equal(pthread_create(&run.workers[i].thread, NULL, work, &run.workers[i]), 0);
  unsigned claims = 0, replaced = 0;
  for (unsigned i = 0; i < WORKERS; i++) {
    pthread_join(run.workers[i].thread, NULL);
    assert_int_equal(run.workers[i].errors, 0);
    claims += run.workers[i].claims;
    replaced += run.workers[i].replaced;
  }
  for (unsigned i = 0; i < SOULS; i++)
    for (unsigned k = 0; k < CHANNELS; k++)
      assert_int_equal(run.souls[i].last[k], PER_CHANNEL);
  print_message("%u claims, %u replaced\n", claims, replaced);
  assert_true(claims > 2 * SOULS);
  assert_true(replaced > SOULS);
  end(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(claimed_by_all_at_once_a_session_misses_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
