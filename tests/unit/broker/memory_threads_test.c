/* SPDX-License-Identifier: MIT */
/*
 * The memory store between real threads: four workers publish to the same channels at once. All of
 * them hear everything, in one order; and whoever joins meanwhile with a cursor gets every
 * publication since then, once. A user of each worker comes and goes all the time: everybody hears
 * of it at most once, since nobody stays away for long.
 */
#include "broker/memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "godwit/error.h"
#include "hub/hub.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { EACH = 5000 };
#else
enum { EACH = 25000 };
#endif
enum { WORKERS = 4, CHANNELS = 3, ALL = WORKERS * EACH, SHOTS = 50, STAY = 300 };

/* What a publication carries. */
struct mark {
  unsigned publisher, n;
};

/* Hears a channel from the beginning to the end. */
struct witness {
  struct gw_subscriber subscriber;
  struct worker *worker;
  unsigned count;
  struct mark *heard; /* offset - 1 is the place */
  unsigned joins[WORKERS];
};

/* Comes with a cursor, stays for a while, comes again. */
struct joiner {
  struct gw_subscriber subscriber;
  struct worker *worker;
  unsigned channel, here, joined, recovered;
  struct gw_cursor cursor; /* of the last that it heard, in this stay or one before */
};

/* Publishes one after the other. */
struct shot {
  struct gw_store_ask ask;
  struct worker *worker;
  unsigned n;
  bool is_flying, is_refused;
};

/* Comes and goes, and asks who is there. */
struct visitor {
  struct gw_store_ask ask;
  struct worker *worker;
  char user[8];
  bool is_here, is_asking;
  unsigned answers;
};

struct worker {
  struct run *run;
  pthread_t thread;
  unsigned index, published, refused, heard, errors;
  bool is_reloading;
  struct shot shots[SHOTS];
  struct gw_loop *loop;
  struct gw_hub *hub;
  struct gw_task task;
  struct witness witnesses[CHANNELS];
  struct joiner joiners[CHANNELS];
  struct visitor visitor;
};

struct run {
  struct gw_rules *rules;
  struct gw_memory *memory;
  atomic_uint ready, done;
  struct worker workers[WORKERS];
};

static struct gw_str channel_of(unsigned i) {
  static const char *const names[CHANNELS] = {"alpha", "beta", "gamma"};
  return gw_str_of(names[i]);
}

static void expect(struct worker *worker, bool is_right) {
  if (!is_right) worker->errors++;
}

/* ---- publishing: each shot is one publication under way; a refused one is fired again ---- */

static void reload(struct worker *worker) {
  if (worker->is_reloading) return;
  worker->is_reloading = true;
  gw_loop_post(worker->loop, &worker->task);
}

static void shot_answered(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct shot *shot = gw_container_of(ask, struct shot, ask);
  (void)recovery;
  expect(shot->worker, err == 0 || err == GW_ERR_FULL);
  shot->is_flying = false;
  shot->is_refused = err < 0;
  shot->worker->refused += err < 0;
  reload(shot->worker);
}

static void fire(struct shot *shot) {
  struct worker *worker = shot->worker;
  if (!shot->is_refused) shot->n = worker->published++;
  struct mark mark = {worker->index, shot->n};
  struct gw_publication_parts parts = {
      .channel = channel_of(shot->n % CHANNELS),
      .payload = {(const char *)&mark, sizeof mark},
  };
  struct gw_publication *made = gw_publication_new(&parts);
  shot->is_flying = true;
  int err =
      made ? gw_hub_publish(worker->hub, made, (struct gw_str){0}, &shot->ask) : GW_ERR_MEMORY;
  if (err < 0) shot_answered(&shot->ask, err, NULL);
}

/* ---- presence ---- */

static void visitor_answered(struct gw_store_ask *ask, int err,
                             const struct gw_recovery *recovery) {
  struct visitor *visitor = gw_container_of(ask, struct visitor, ask);
  visitor->is_asking = false;
  expect(visitor->worker, err == 0 || err == GW_ERR_FULL);
  if (err < 0) return;
  visitor->answers++;
  const struct gw_members *members = recovery->members;
  expect(visitor->worker, members->n == members->users && members->users <= WORKERS);
  expect(visitor->worker, members->sessions == members->users);
  for (unsigned i = 0; i < members->n; i++)
    expect(visitor->worker, members->at[i].user.at[0] == 'u' && members->at[i].sessions == 1);
}

static void visit(struct visitor *visitor) {
  struct gw_hub *hub = visitor->worker->hub;
  struct gw_str user = gw_str_of(visitor->user);
  if (gw_hub_attend(hub, channel_of(0), user, !visitor->is_here) == 0)
    visitor->is_here = !visitor->is_here;
  if (!visitor->is_asking && gw_hub_members(hub, channel_of(0), &visitor->ask) == 0)
    visitor->is_asking = visitor->ask.held != NULL;
}

static void witness_presence(struct gw_subscriber *subscriber, struct gw_publication *notice) {
  struct witness *witness = gw_container_of(subscriber, struct witness, subscriber);
  unsigned who = (unsigned)(notice->from.at[1] - '0');
  expect(witness->worker, notice->kind == GW_JOIN && who < WORKERS);
  expect(witness->worker, who < WORKERS && ++witness->joins[who] == 1);
}

static void fire_all(struct gw_task *task) {
  struct worker *worker = gw_container_of(task, struct worker, task);
  worker->is_reloading = false;
  if (!worker->hub) return;
  visit(&worker->visitor);
  for (unsigned i = 0; i < SHOTS; i++) {
    struct shot *shot = &worker->shots[i];
    if (!shot->is_flying && (shot->is_refused || worker->published < EACH)) fire(shot);
  }
}

/* ---- witnesses ---- */

static void witness_subscribed(struct gw_subscriber *subscriber, int err,
                               const struct gw_recovery *recovery) {
  struct witness *witness = gw_container_of(subscriber, struct witness, subscriber);
  expect(witness->worker, err == 0 && recovery->cursor.offset == 0);
  struct run *run = witness->worker->run;
  if (atomic_fetch_add(&run->ready, 1) + 1 < WORKERS * CHANNELS) return;
  for (unsigned i = 0; i < WORKERS; i++)
    gw_loop_post(run->workers[i].loop, &run->workers[i].task);
}

static void witness_publication(struct gw_subscriber *subscriber,
                                struct gw_publication *publication) {
  struct witness *witness = gw_container_of(subscriber, struct witness, subscriber);
  struct worker *worker = witness->worker;
  expect(worker, publication->cursor.offset == witness->count + 1);
  memcpy(&witness->heard[witness->count++], publication->payload.at, sizeof(struct mark));
  struct run *run = worker->run;
  if (++worker->heard < ALL || atomic_fetch_add(&run->done, 1) + 1 < WORKERS) return;
  for (unsigned i = 0; i < WORKERS; i++)
    gw_loop_stop(run->workers[i].loop);
}

static const struct gw_subscriber_ops witness_ops = {.on_subscribed = witness_subscribed,
                                                     .on_publication = witness_publication,
                                                     .on_presence = witness_presence};

/* ---- joiners ---- */

static void join(struct joiner *joiner) {
  joiner->here = 0;
  expect(joiner->worker, gw_hub_subscribe(joiner->worker->hub, channel_of(joiner->channel),
                                          joiner->cursor.epoch[0] ? &joiner->cursor : NULL,
                                          &joiner->subscriber) == 0);
}

static void joiner_hears(struct joiner *joiner, const struct gw_publication *publication) {
  expect(joiner->worker, publication->cursor.offset == joiner->cursor.offset + 1);
  joiner->cursor.offset = publication->cursor.offset;
  joiner->here++;
}

static void joiner_subscribed(struct gw_subscriber *subscriber, int err,
                              const struct gw_recovery *recovery) {
  struct joiner *joiner = gw_container_of(subscriber, struct joiner, subscriber);
  if (err == GW_ERR_FULL) return; /* the next publication that its witness hears brings it back */
  expect(joiner->worker, err == 0);
  joiner->joined++;
  if (!joiner->cursor.epoch[0] || !recovery->is_recovered)
    joiner->cursor = recovery->cursor;
  else
    for (unsigned i = 0; i < recovery->n; i++)
      joiner_hears(joiner, recovery->publications[i]);
  joiner->recovered += joiner->here;
  expect(joiner->worker, joiner->cursor.offset == recovery->cursor.offset);
}

static void joiner_publication(struct gw_subscriber *subscriber,
                               struct gw_publication *publication) {
  struct joiner *joiner = gw_container_of(subscriber, struct joiner, subscriber);
  joiner_hears(joiner, publication);
  if (joiner->here < STAY) return;
  struct gw_hub *hub = joiner->worker->hub;
  gw_hub_unsubscribe(hub, subscriber);
  /* once from where it stopped, once from a good way before: it hears these again */
  if (joiner->joined % 2 && joiner->cursor.offset > STAY) joiner->cursor.offset -= STAY / 2;
  join(joiner);
}

static const struct gw_subscriber_ops joiner_ops = {.on_subscribed = joiner_subscribed,
                                                    .on_publication = joiner_publication};

/* ---- the run ---- */

static void *work(void *arg) {
  struct worker *worker = arg;
  for (unsigned i = 0; i < CHANNELS; i++) {
    expect(worker, gw_hub_subscribe(worker->hub, channel_of(i), NULL,
                                    &worker->witnesses[i].subscriber) == 0);
    join(&worker->joiners[i]);
  }
  gw_loop_run(worker->loop);
  return NULL;
}

static void prepare(struct run *run) {
  struct gw_loop *loops[WORKERS];
  for (unsigned i = 0; i < WORKERS; i++)
    assert_int_equal(gw_loop_new(&loops[i]), 0);
  assert_int_equal(gw_rules_new(&run->rules), 0);
  assert_int_equal(gw_rules_add(run->rules, "*=history:4096,bytes:16M", NULL), 0);
  struct gw_memory_options options = {.rules = run->rules, .queue_bytes = 256 * 1024};
  assert_int_equal(gw_memory_new(&options, loops, WORKERS, &run->memory), 0);
  for (unsigned i = 0; i < WORKERS; i++) {
    struct worker *worker = &run->workers[i];
    *worker = (struct worker){.run = run, .index = i, .loop = loops[i], .task.run = fire_all};
    for (unsigned k = 0; k < SHOTS; k++)
      worker->shots[k] = (struct shot){.ask.on_answer = shot_answered, .worker = worker};
    assert_int_equal(gw_hub_new(gw_memory_store(run->memory, i), &worker->hub), 0);
    worker->visitor = (struct visitor){.ask.on_answer = visitor_answered, .worker = worker};
    snprintf(worker->visitor.user, sizeof worker->visitor.user, "u%u", i);
    for (unsigned k = 0; k < CHANNELS; k++) {
      worker->witnesses[k] = (struct witness){.subscriber.ops = &witness_ops, .worker = worker};
      worker->witnesses[k].heard = calloc(ALL, sizeof(struct mark));
      worker->joiners[k] =
          (struct joiner){.subscriber.ops = &joiner_ops, .worker = worker, .channel = k};
    }
  }
}

static void end(struct run *run) {
  for (unsigned i = 0; i < WORKERS; i++) {
    gw_hub_free(run->workers[i].hub);
    run->workers[i].hub = NULL; /* a task that is still posted finds none */
    for (unsigned k = 0; k < CHANNELS; k++)
      free(run->workers[i].witnesses[k].heard);
  }
  gw_memory_free(run->memory);
  gw_rules_free(run->rules);
  for (unsigned i = 0; i < WORKERS; i++)
    gw_loop_free(run->workers[i].loop);
}

static void all_heard_the_same(const struct run *run) {
  static unsigned char times[WORKERS][EACH];
  for (unsigned k = 0; k < CHANNELS; k++) {
    const struct witness *first = &run->workers[0].witnesses[k];
    for (unsigned i = 1; i < WORKERS; i++) {
      const struct witness *other = &run->workers[i].witnesses[k];
      assert_int_equal(other->count, first->count);
      assert_memory_equal(other->heard, first->heard, first->count * sizeof(struct mark));
    }
    for (unsigned at = 0; at < first->count; at++)
      times[first->heard[at].publisher][first->heard[at].n]++;
  }
  for (unsigned publisher = 0; publisher < WORKERS; publisher++)
    for (unsigned n = 0; n < EACH; n++)
      assert_int_equal(times[publisher][n], 1);
}

static void four_threads_hear_one_order_and_joiners_miss_nothing(void **state) {
  (void)state;
  static struct run run;
  prepare(&run);
  for (unsigned i = 0; i < WORKERS; i++)
    assert_int_equal(pthread_create(&run.workers[i].thread, NULL, work, &run.workers[i]), 0);
  for (unsigned i = 0; i < WORKERS; i++)
    pthread_join(run.workers[i].thread, NULL);
  unsigned joined = 0, recovered = 0;
  for (unsigned i = 0; i < WORKERS; i++) {
    assert_int_equal(run.workers[i].errors, 0);
    assert_int_equal(run.workers[i].heard, ALL);
    assert_true(run.workers[i].visitor.answers > 0);
    for (unsigned k = 0; k < CHANNELS; k++) {
      joined += run.workers[i].joiners[k].joined;
      recovered += run.workers[i].joiners[k].recovered;
    }
  }
  all_heard_the_same(&run);
  assert_true(joined > 2 * WORKERS * CHANNELS);
  assert_true(recovered > 0);
  end(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(four_threads_hear_one_order_and_joiners_miss_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
