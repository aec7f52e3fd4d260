/* SPDX-License-Identifier: MIT */
/* The loop: its order, its door for other threads, and what may be removed when. */
#include "loop/loop.h"

#include "godwit/error.h"
#include "support/alloc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct gw_loop *loop;
static char trace[256];

static int open_loop(void **state) {
  (void)state;
  trace[0] = '\0';
  return gw_loop_new(&loop);
}

static int close_loop(void **state) {
  (void)state;
  gw_loop_free(loop);
  loop = NULL;
  return 0;
}

static void note(char what) {
  size_t len = strlen(trace);
  assert_true(len + 1 < sizeof trace);
  trace[len] = what;
  trace[len + 1] = '\0';
}

/* ---- the order of a turn ---- */

static void note_retired(struct gw_task *task) {
  (void)task;
  note('r');
}
static void note_deferred(struct gw_task *task) {
  (void)task;
  note('d');
}
static void note_posted(struct gw_task *task) {
  (void)task;
  note('p');
}
static void note_timer(struct gw_timer *timer) {
  (void)timer;
  note('t');
}

static struct gw_task retired = {.run = note_retired}, deferred = {.run = note_deferred},
                      posted = {.run = note_posted};
static struct gw_timer timer = {.on_due = note_timer};

static void order_all(struct gw_io *io, unsigned events) {
  assert_int_equal(events, GW_IO_WRITE);
  gw_loop_io_change(loop, io, 0);
  note('i');
  gw_loop_retire(loop, &retired);
  gw_loop_defer(loop, &deferred);
  gw_loop_post(loop, &posted);
  gw_loop_timer_set(loop, &timer, 0);
}

static void turn_has_its_order(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  struct gw_io io = {.on_ready = order_all, .fd = ends[0]};
  assert_int_equal(gw_loop_io_add(loop, &io, GW_IO_WRITE), 0);
  assert_int_equal(gw_loop_turn(loop, 0), 0);
  assert_string_equal(trace, "itpdr");
  assert_int_equal(gw_loop_turn(loop, 0), 0);
  assert_string_equal(trace, "itpdr");
  gw_loop_io_remove(loop, &io);
  close(ends[0]);
  close(ends[1]);
}

static void defer_again(struct gw_task *task) {
  note('a');
  if (strlen(trace) < 4) gw_loop_defer(loop, task);
}

static void deferred_tasks_run_until_none_is_left(void **state) {
  (void)state;
  struct gw_task task = {.run = defer_again};
  gw_loop_defer(loop, &task);
  gw_loop_retire(loop, &retired);
  assert_int_equal(gw_loop_turn(loop, -1), 0);
  assert_string_equal(trace, "aaaar");
}

static void free_itself(struct gw_task *task) {
  note('f');
  free(task);
}

static void free_runs_what_is_queued(void **state) {
  (void)state;
  struct gw_task *tasks[3];
  for (int i = 0; i < 3; i++) {
    tasks[i] = malloc(sizeof *tasks[i]);
    assert_non_null(tasks[i]);
    tasks[i]->run = free_itself;
  }
  gw_loop_defer(loop, tasks[0]);
  gw_loop_retire(loop, tasks[1]);
  gw_loop_post(loop, tasks[2]);
  gw_loop_free(loop);
  assert_string_equal(trace, "fff");
  loop = NULL;
}

/* ---- timers ---- */

static void wait_ends_with_the_timer(void **state) {
  (void)state;
  struct gw_timer late = {.on_due = note_timer}, soon = {.on_due = note_timer};
  gw_loop_timer_set(loop, &late, UINT64_MAX);
  gw_loop_timer_set(loop, &soon, 3);
  uint64_t start = gw_loop_now(loop);
  while (trace[0] == '\0')
    assert_int_equal(gw_loop_turn(loop, -1), 0);
  assert_true(gw_loop_now(loop) >= start + 3);
  assert_true(gw_timer_is_set(&late));
  gw_loop_timer_cancel(loop, &late);
}

/* ---- removal ---- */

struct pair {
  struct gw_io io;
  struct pair *other;
  int far_end;
};

static unsigned calls;

static void remove_the_other(struct gw_io *io, unsigned events) {
  struct pair *pair = gw_container_of(io, struct pair, io);
  (void)events;
  calls++;
  gw_loop_io_remove(loop, &pair->other->io);
  close(pair->other->io.fd);
  pair->other->io.fd = -1;
}

static void removed_descriptor_is_silent_though_its_event_was_fetched(void **state) {
  (void)state;
  struct pair pairs[2];
  calls = 0;
  for (int i = 0; i < 2; i++) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    pairs[i] = (struct pair){{.on_ready = remove_the_other, .fd = ends[0]}, &pairs[!i], ends[1]};
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(gw_loop_io_add(loop, &pairs[i].io, GW_IO_READ), 0);
  }
  assert_int_equal(gw_loop_turn(loop, 0), 0);
  assert_int_equal(calls, 1);
  for (int i = 0; i < 2; i++) {
    if (pairs[i].io.fd >= 0) {
      gw_loop_io_remove(loop, &pairs[i].io);
      close(pairs[i].io.fd);
    }
    close(pairs[i].far_end);
  }
}

static unsigned last_events;

static void note_events(struct gw_io *io, unsigned events) {
  (void)io;
  last_events = events;
}

static void hang_up_is_told_though_nothing_is_asked(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  struct gw_io io = {.on_ready = note_events, .fd = ends[0]};
  assert_int_equal(gw_loop_io_add(loop, &io, 0), 0);
  last_events = 0;
  close(ends[1]);
  assert_int_equal(gw_loop_turn(loop, 0), 0);
  assert_int_equal(last_events, GW_IO_HANGUP);
  gw_loop_io_remove(loop, &io);
  close(ends[0]);
}

static void bad_descriptor_is_an_error(void **state) {
  (void)state;
  struct gw_io io = {.on_ready = note_events, .fd = -1};
  assert_int_equal(gw_loop_io_add(loop, &io, GW_IO_READ), GW_ERR_SYSTEM);
}

/* ---- other threads ---- */

enum { POSTERS = 4, POSTS = 5000 };

struct post {
  struct gw_task task;
  int poster, number;
};

static struct post posts[POSTERS][POSTS];
static int next_number[POSTERS];
static int runs;

static void check_order(struct gw_task *task) {
  struct post *post = (struct post *)task;
  assert_true(gw_loop_is_mine(loop));
  assert_int_equal(post->number, next_number[post->poster]++);
  if (++runs == POSTERS * POSTS) gw_loop_stop(loop);
}

static void *post_all(void *arg) {
  struct post *mine = arg;
  for (int i = 0; i < POSTS; i++)
    gw_loop_post(loop, &mine[i].task);
  return NULL;
}

static void posts_of_each_thread_run_in_order(void **state) {
  (void)state;
  pthread_t threads[POSTERS];
  runs = 0;
  for (int k = 0; k < POSTERS; k++) {
    next_number[k] = 0;
    for (int i = 0; i < POSTS; i++)
      posts[k][i] = (struct post){{.run = check_order}, k, i};
    assert_int_equal(pthread_create(&threads[k], NULL, post_all, posts[k]), 0);
  }
  assert_int_equal(gw_loop_run(loop), 0);
  assert_int_equal(runs, POSTERS * POSTS);
  for (int k = 0; k < POSTERS; k++)
    pthread_join(threads[k], NULL);
}

/* One post at a time, the loop asleep before most of them: none may be lost. */
static struct post ball;
static pthread_mutex_t court = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t returned = PTHREAD_COND_INITIALIZER;
static int returns;

static void return_ball(struct gw_task *task) {
  (void)task;
  pthread_mutex_lock(&court);
  returns++;
  pthread_cond_signal(&returned);
  pthread_mutex_unlock(&court);
}

static void *play(void *arg) {
  (void)arg;
  ball.task.run = return_ball;
  for (int i = 0; i < 2000; i++) {
    gw_loop_post(loop, &ball.task);
    pthread_mutex_lock(&court);
    while (returns == i)
      pthread_cond_wait(&returned, &court);
    pthread_mutex_unlock(&court);
  }
  gw_loop_stop(loop);
  return NULL;
}

static void sleeping_loop_is_woken_by_every_post(void **state) {
  (void)state;
  pthread_t thread;
  returns = 0;
  assert_int_equal(pthread_create(&thread, NULL, play, NULL), 0);
  assert_int_equal(gw_loop_run(loop), 0);
  pthread_join(thread, NULL);
  assert_int_equal(returns, 2000);
}

static void stop_before_the_run_counts_once(void **state) {
  (void)state;
  gw_loop_stop(loop);
  assert_int_equal(gw_loop_run(loop), 0);
  gw_loop_post(loop, &posted);
  assert_int_equal(gw_loop_turn(loop, 0), 0);
  assert_string_equal(trace, "p");
}

static void *ask_whose(void *arg) {
  *(bool *)arg = gw_loop_is_mine(loop);
  return NULL;
}

static void loop_knows_its_thread(void **state) {
  (void)state;
  bool is_theirs = true;
  pthread_t thread;
  assert_false(gw_loop_is_mine(loop));
  assert_int_equal(gw_loop_turn(loop, 0), 0);
  assert_true(gw_loop_is_mine(loop));
  assert_int_equal(pthread_create(&thread, NULL, ask_whose, &is_theirs), 0);
  pthread_join(thread, NULL);
  assert_false(is_theirs);
}

static void no_memory_is_an_error(void **state) {
  (void)state;
  struct gw_loop *other = NULL;
  alloc_fail_at(1);
  assert_int_equal(gw_loop_new(&other), GW_ERR_MEMORY);
  alloc_fail_at(0);
  assert_null(other);
}

int main(void) {
#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)
  const struct CMUnitTest tests[] = {
      LOOP_TEST(turn_has_its_order),
      LOOP_TEST(deferred_tasks_run_until_none_is_left),
      LOOP_TEST(free_runs_what_is_queued),
      LOOP_TEST(wait_ends_with_the_timer),
      LOOP_TEST(removed_descriptor_is_silent_though_its_event_was_fetched),
      LOOP_TEST(hang_up_is_told_though_nothing_is_asked),
      LOOP_TEST(bad_descriptor_is_an_error),
      LOOP_TEST(posts_of_each_thread_run_in_order),
      LOOP_TEST(sleeping_loop_is_woken_by_every_post),
      LOOP_TEST(stop_before_the_run_counts_once),
      LOOP_TEST(loop_knows_its_thread),
      LOOP_TEST(no_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
