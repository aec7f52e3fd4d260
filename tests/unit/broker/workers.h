/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the memory store stand on: workers on one thread (three, where the test has not
 * said how many), whose loops the test turns, with its own clocks; askers and listeners that note
 * what they are told.
 */
#ifndef GW_TEST_WORKERS_H
#define GW_TEST_WORKERS_H

#include "broker/memory.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "broker/fake_loop.h"
#include "hub/hub.h"
#include "support/alloc.h"

#ifndef TEST_WORKERS
#define TEST_WORKERS 3
#endif
enum { WORKERS = TEST_WORKERS, HEARD = 512 };

static struct gw_loop loops[WORKERS];
static struct gw_memory *memory;
static struct gw_hub *hubs[WORKERS];
static struct gw_rules *rules; /* NULL: the store's own */
static uint64_t wall;

static inline uint64_t fake_wall_clock(void) {
  return wall;
}

static inline void start(const struct gw_memory_options *given) {
  struct gw_memory_options options = given ? *given : (struct gw_memory_options){0};
  options.wall_clock = fake_wall_clock;
  options.rules = rules;
  wall = 1700000000000;
  struct gw_loop *at[WORKERS];
  for (unsigned i = 0; i < WORKERS; i++) {
    fake_loop_init(&loops[i]);
    at[i] = &loops[i];
  }
  assert_int_equal(gw_memory_new(&options, at, WORKERS, &memory), 0);
  for (unsigned i = 0; i < WORKERS; i++)
    assert_int_equal(gw_hub_new(gw_memory_store(memory, i), &hubs[i]), 0);
}

static inline void stop(void) {
  for (unsigned i = 0; i < WORKERS; i++)
    gw_hub_free(hubs[i]);
  gw_memory_free(memory);
  for (unsigned round = 0; round < 2; round++)
    for (unsigned i = 0; i < WORKERS; i++)
      fake_loop_turn(&loops[i]);
  gw_rules_free(rules);
  rules = NULL;
}

static inline int setup(void **state) {
  (void)state;
  start(NULL);
  return 0;
}

static inline int teardown(void **state) {
  (void)state;
  stop();
  return 0;
}

static inline void restart(const struct gw_memory_options *options) {
  stop();
  start(options);
}

static inline void restart_with(const char *line) {
  stop();
  assert_int_equal(gw_rules_new(&rules), 0);
  assert_int_equal(gw_rules_add(rules, line, NULL), 0);
  start(NULL);
}

/* Until nothing is under way. */
static inline void settle(void) {
  for (bool is_busy = true; is_busy;) {
    is_busy = false;
    for (unsigned i = 0; i < WORKERS; i++) {
      is_busy |= loops[i].posted || loops[i].deferred;
      fake_loop_turn(&loops[i]);
    }
  }
}

static inline void pass(uint64_t ms) {
  wall += ms;
  for (unsigned i = 0; i < WORKERS; i++)
    fake_loop_pass(&loops[i], ms);
  settle();
}

static inline size_t channels_alive(void) {
  size_t sum = 0;
  for (unsigned i = 0; i < WORKERS; i++)
    sum += gw_memory_channel_count(memory, i);
  return sum;
}

/* A channel that lives on worker 0; the others are remote to it. */
static inline const char *channel_at_0(void) {
  static char name[16];
  for (unsigned i = 0;; i++) {
    snprintf(name, sizeof name, "room%u", i);
    if (home_of(memory, gw_str_of(name)) == memory->desks[0]) return name;
  }
}

/* ---- asking ---- */

struct query {
  struct gw_store_ask ask;
  int answers, err;
  struct gw_recovery recovery; /* without the publications, whose offsets are from … to */
  uint64_t from, to;
};

static inline void note_answer(struct gw_store_ask *ask, int err,
                               const struct gw_recovery *recovery) {
  struct query *query = gw_container_of(ask, struct query, ask);
  query->answers++;
  query->err = err;
  assert_int_equal(recovery == NULL, err < 0);
  if (!recovery) return;
  query->recovery = *recovery;
  for (unsigned i = 0; i < recovery->n; i++) {
    uint64_t offset = recovery->publications[i]->cursor.offset;
    if (i == 0) query->from = offset;
    assert_int_equal(offset, query->from + i);
    query->to = offset;
  }
}

static inline int publish_len(unsigned worker, const char *channel, size_t len,
                              struct query *query) {
  static const char bytes[70000];
  *query = (struct query){.ask.on_answer = note_answer};
  struct gw_publication_parts parts = {.channel = gw_str_of(channel), .payload = {bytes, len}};
  struct gw_publication *made = gw_publication_new(&parts);
  if (!made) return GW_ERR_MEMORY;
  return gw_hub_publish(hubs[worker], made, (struct gw_str){0}, &query->ask);
}

static inline struct gw_cursor publish_some(unsigned worker, const char *channel, unsigned n) {
  struct query query = {.recovery.cursor.offset = 0};
  for (unsigned i = 0; i < n; i++) {
    assert_int_equal(publish_len(worker, channel, 3, &query), 0);
    settle();
    assert_int_equal(query.answers, 1);
    assert_int_equal(query.err, 0);
  }
  return query.recovery.cursor;
}

static inline struct query ask_history(unsigned worker, const char *channel,
                                       const struct gw_cursor *after, unsigned limit) {
  struct query query = {.ask.on_answer = note_answer};
  assert_int_equal(gw_hub_history(hubs[worker], gw_str_of(channel), after, limit, &query.ask), 0);
  settle();
  assert_int_equal(query.answers, 1);
  assert_int_equal(query.err, 0);
  assert_null(query.ask.held);
  return query;
}

/* ---- listening ---- */

struct listener {
  struct gw_subscriber subscriber;
  int answers, err;
  struct gw_recovery recovery;
  uint64_t heard[HEARD];
  unsigned n;
  void (*act)(struct listener *self, const struct gw_publication *publication);
};

static inline void hear(struct listener *self, const struct gw_publication *publication) {
  assert_true(self->n < HEARD);
  self->heard[self->n++] = publication->cursor.offset;
}

static inline void note_subscribed(struct gw_subscriber *subscriber, int err,
                                   const struct gw_recovery *recovery) {
  struct listener *self = gw_container_of(subscriber, struct listener, subscriber);
  self->answers++;
  self->err = err;
  if (!recovery) return;
  self->recovery = *recovery;
  for (unsigned i = 0; i < recovery->n; i++)
    hear(self, recovery->publications[i]);
}

static inline void note_publication(struct gw_subscriber *subscriber,
                                    struct gw_publication *publication) {
  struct listener *self = gw_container_of(subscriber, struct listener, subscriber);
  hear(self, publication);
  if (self->act) self->act(self, publication);
}

static const struct gw_subscriber_ops ops_of_listener = {.on_subscribed = note_subscribed,
                                                         .on_publication = note_publication};

static inline int listen_to(struct listener *self, unsigned worker, const char *channel,
                            const struct gw_cursor *after) {
  *self = (struct listener){.subscriber.ops = &ops_of_listener};
  return gw_hub_subscribe(hubs[worker], gw_str_of(channel), after, &self->subscriber);
}

static inline void heard_exactly(const struct listener *self, uint64_t from, uint64_t to) {
  assert_int_equal(self->n, to - from + 1);
  for (unsigned i = 0; i < self->n; i++)
    assert_int_equal(self->heard[i], from + i);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
