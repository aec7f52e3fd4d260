/* SPDX-License-Identifier: MIT */
/*
 * The loop: one turn after the other, each in the fixed order of loop.h. It reads the clock once a
 * turn. The door for other threads is `posted`, a stack that they push to without a lock and that
 * the loop takes whole and turns round; nothing else here is touched by two threads.
 *
 * Waking costs a system call, so it is spared where it would wake nobody: the loop says `is_asleep`
 * before it looks at the posts for the last time, a poster pushes before it looks at `is_asleep`;
 * with sequential consistency at least one of them sees the other.
 */
#include "loop/loop.h"

#include "godwit/error.h"
#include "loop/epoll.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* First in, first out. */
struct queue {
  struct gw_task *first, **end;
};

#define ATTACHMENTS 4 /* one for each layer that has something per loop */

struct attachment {
  const void *key; /* NULL: free */
  void *value;
};

struct gw_loop {
  uint64_t now;
  struct queue deferred, retired;
  _Atomic(struct gw_task *) posted; /* latest first */
  atomic_bool is_asleep, is_stopping;
  _Atomic(pthread_t) thread; /* the one that turned it last */
  atomic_bool has_thread;
  struct gw_wheel wheel;
  struct gw_epoll epoll;
  struct attachment attachments[ATTACHMENTS];
};

static uint64_t read_clock(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- queues of tasks ---- */

static void queue_init(struct queue *queue) {
  queue->first = NULL;
  queue->end = &queue->first;
}

static void queue_add(struct queue *queue, struct gw_task *task) {
  task->next = NULL;
  *queue->end = task;
  queue->end = &task->next;
}

/* A task may be queued again, or freed, by its own run. */
static void run_list(struct gw_task *task) {
  while (task) {
    struct gw_task *next = task->next;
    task->run(task);
    task = next;
  }
}

/* Runs those that are queued now; gives whether there were any. */
static bool queue_run(struct queue *queue) {
  struct gw_task *first = queue->first;
  queue_init(queue);
  run_list(first);
  return first != NULL;
}

static bool run_posted(struct gw_loop *loop) {
  if (!atomic_load_explicit(&loop->posted, memory_order_relaxed)) return false;
  struct gw_task *task = atomic_exchange(&loop->posted, NULL);
  struct gw_task *in_order = NULL;
  while (task) {
    struct gw_task *next = task->next;
    task->next = in_order;
    in_order = task;
    task = next;
  }
  run_list(in_order);
  return true;
}

/* ---- life ---- */

int gw_loop_new(struct gw_loop **out_loop) {
  struct gw_loop *loop = calloc(1, sizeof *loop);
  if (!loop) return GW_ERR_MEMORY;
  int err = gw_epoll_open(&loop->epoll);
  if (err < 0) {
    free(loop);
    return err;
  }
  queue_init(&loop->deferred);
  queue_init(&loop->retired);
  atomic_init(&loop->posted, NULL);
  atomic_init(&loop->is_asleep, false);
  atomic_init(&loop->is_stopping, false);
  atomic_init(&loop->has_thread, false);
  loop->now = read_clock();
  gw_wheel_init(&loop->wheel, loop->now);
  *out_loop = loop;
  return 0;
}

static void claim(struct gw_loop *loop) {
  atomic_store_explicit(&loop->thread, pthread_self(), memory_order_relaxed);
  atomic_store_explicit(&loop->has_thread, true, memory_order_release);
}

void gw_loop_free(struct gw_loop *loop) {
  if (!loop) return;
  claim(loop);
  while (run_posted(loop) || queue_run(&loop->deferred) || queue_run(&loop->retired))
    continue;
  gw_epoll_close(&loop->epoll);
  free(loop);
}

bool gw_loop_is_mine(const struct gw_loop *loop) {
  return atomic_load_explicit(&loop->has_thread, memory_order_acquire) &&
         pthread_equal(atomic_load_explicit(&loop->thread, memory_order_relaxed), pthread_self());
}

uint64_t gw_loop_now(const struct gw_loop *loop) {
  return loop->now;
}

/* ---- a turn ---- */

/* How long this turn may wait, at most `wait_ms`. */
static int patience(const struct gw_loop *loop, int wait_ms) {
  if (loop->deferred.first || loop->retired.first) return 0;
  int64_t due = gw_wheel_wait(&loop->wheel);
  if (due < 0 || (wait_ms >= 0 && due > wait_ms)) return wait_ms;
  return due > INT_MAX ? INT_MAX : (int)due;
}

static int wait_for_events(struct gw_loop *loop, int wait_ms) {
  wait_ms = patience(loop, wait_ms);
  if (wait_ms != 0) {
    atomic_store(&loop->is_asleep, true);
    if (atomic_load(&loop->posted) || atomic_load(&loop->is_stopping)) wait_ms = 0;
  }
  int err = gw_epoll_wait(&loop->epoll, wait_ms);
  atomic_store_explicit(&loop->is_asleep, false, memory_order_relaxed);
  return err;
}

static int turn(struct gw_loop *loop, int wait_ms) {
  int err = wait_for_events(loop, wait_ms);
  if (err < 0) return err;
  loop->now = read_clock();
  gw_epoll_dispatch(&loop->epoll);
  gw_wheel_advance(&loop->wheel, loop->now);
  run_posted(loop);
  while (queue_run(&loop->deferred))
    continue;
  queue_run(&loop->retired);
  return 0;
}

int gw_loop_turn(struct gw_loop *loop, int wait_ms) {
  claim(loop);
  return turn(loop, wait_ms);
}

int gw_loop_run(struct gw_loop *loop) {
  claim(loop);
  while (!atomic_load_explicit(&loop->is_stopping, memory_order_relaxed)) {
    int err = turn(loop, -1);
    if (err < 0) return err;
  }
  atomic_store(&loop->is_stopping, false);
  return 0;
}

static void wake(struct gw_loop *loop) {
  if (atomic_load(&loop->is_asleep)) gw_epoll_wake(&loop->epoll);
}

void gw_loop_stop(struct gw_loop *loop) {
  atomic_store(&loop->is_stopping, true);
  wake(loop);
}

/* ---- what the owners ask for ---- */

int gw_loop_io_add(struct gw_loop *loop, struct gw_io *io, unsigned events) {
  io->events = events;
  return gw_epoll_add(&loop->epoll, io);
}

int gw_loop_io_change(struct gw_loop *loop, struct gw_io *io, unsigned events) {
  if (io->events == events) return 0;
  unsigned before = io->events;
  io->events = events;
  int err = gw_epoll_change(&loop->epoll, io);
  if (err < 0) io->events = before;
  return err;
}

void gw_loop_io_remove(struct gw_loop *loop, struct gw_io *io) {
  gw_epoll_remove(&loop->epoll, io);
  io->events = 0;
}

void gw_loop_timer_set(struct gw_loop *loop, struct gw_timer *timer, uint64_t ms_from_now) {
  uint64_t due = ms_from_now > UINT64_MAX - loop->now ? UINT64_MAX : loop->now + ms_from_now;
  gw_wheel_set(&loop->wheel, timer, due);
}

void gw_loop_timer_cancel(struct gw_loop *loop, struct gw_timer *timer) {
  gw_wheel_cancel(&loop->wheel, timer);
}

void gw_loop_post(struct gw_loop *loop, struct gw_task *task) {
  struct gw_task *before = atomic_load_explicit(&loop->posted, memory_order_relaxed);
  do
    task->next = before;
  while (!atomic_compare_exchange_weak(&loop->posted, &before, task));
  /* Whoever filled the empty queue has woken the loop, or is about to. */
  if (!before) wake(loop);
}

void gw_loop_defer(struct gw_loop *loop, struct gw_task *task) {
  queue_add(&loop->deferred, task);
}

void gw_loop_retire(struct gw_loop *loop, struct gw_task *task) {
  queue_add(&loop->retired, task);
}

/* ---- attachments ---- */

int gw_loop_attach(struct gw_loop *loop, const void *key, void *value) {
  struct attachment *free_one = NULL;
  for (int i = 0; i < ATTACHMENTS; i++) {
    struct attachment *a = &loop->attachments[i];
    if (a->key == key) {
      *a = (struct attachment){value ? key : NULL, value};
      return 0;
    }
    if (!a->key) free_one = a;
  }
  if (!value) return 0;
  if (!free_one) return GW_ERR_FULL;
  *free_one = (struct attachment){key, value};
  return 0;
}

void *gw_loop_attachment(const struct gw_loop *loop, const void *key) {
  for (int i = 0; i < ATTACHMENTS; i++)
    if (loop->attachments[i].key == key) return loop->attachments[i].value;
  return NULL;
}
