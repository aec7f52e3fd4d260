/* SPDX-License-Identifier: MIT */
/*
 * A loop that a test turns by hand and whose clock it sets: what the broker uses of loop/loop.h, in
 * place of the real one (whose objects are then not linked).
 */
#ifndef GW_TEST_FAKE_LOOP_H
#define GW_TEST_FAKE_LOOP_H

#include "loop/loop.h"

struct gw_loop {
  struct gw_wheel wheel;
  struct gw_task *posted, *deferred; /* first in, first out */
  unsigned posts;                    /* so far */
};

static inline void fake_queue(struct gw_task **at, struct gw_task *task) {
  while (*at)
    at = &(*at)->next;
  task->next = NULL;
  *at = task;
}

static inline void fake_run(struct gw_task **queue) {
  struct gw_task *task = *queue;
  *queue = NULL;
  while (task) {
    struct gw_task *next = task->next;
    task->run(task);
    task = next;
  }
}

static inline void fake_loop_init(struct gw_loop *loop) {
  *loop = (struct gw_loop){0};
  gw_wheel_init(&loop->wheel, 1000);
}

static inline void fake_loop_turn(struct gw_loop *loop) {
  fake_run(&loop->posted);
  while (loop->deferred)
    fake_run(&loop->deferred);
}

static inline void fake_loop_pass(struct gw_loop *loop, uint64_t ms) {
  gw_wheel_advance(&loop->wheel, loop->wheel.now + ms);
}

uint64_t gw_loop_now(const struct gw_loop *loop) {
  return loop->wheel.now;
}

void gw_loop_post(struct gw_loop *loop, struct gw_task *task) {
  loop->posts++;
  fake_queue(&loop->posted, task);
}

void gw_loop_defer(struct gw_loop *loop, struct gw_task *task) {
  fake_queue(&loop->deferred, task);
}

void gw_loop_timer_set(struct gw_loop *loop, struct gw_timer *timer, uint64_t ms_from_now) {
  gw_wheel_set(&loop->wheel, timer, loop->wheel.now + ms_from_now);
}

void gw_loop_timer_cancel(struct gw_loop *loop, struct gw_timer *timer) {
  gw_wheel_cancel(&loop->wheel, timer);
}

#endif
