/* SPDX-License-Identifier: MIT */
/* Timers and posts for users of the library, who do not embed them: each is allocated and frees
 * itself after its call. */
#include "loop/loop.h"

#include <stdlib.h>

struct gw_alarm {
  struct gw_timer timer;
  struct gw_loop *loop;
  void (*call)(void *user);
  void *user;
};

static void on_due(struct gw_timer *timer) {
  struct gw_alarm *alarm = gw_container_of(timer, struct gw_alarm, timer);
  void (*call)(void *user) = alarm->call;
  void *user = alarm->user;
  free(alarm);
  call(user);
}

int gw_alarm_set(struct gw_loop *loop, uint64_t ms, void (*call)(void *user), void *user,
                 struct gw_alarm **out_alarm) {
  struct gw_alarm *alarm = calloc(1, sizeof *alarm);
  if (!alarm) return GW_ERR_MEMORY;
  alarm->timer.on_due = on_due;
  alarm->loop = loop;
  alarm->call = call;
  alarm->user = user;
  gw_loop_timer_set(loop, &alarm->timer, ms);
  if (out_alarm) *out_alarm = alarm;
  return 0;
}

void gw_alarm_cancel(struct gw_alarm *alarm) {
  if (!alarm) return;
  gw_loop_timer_cancel(alarm->loop, &alarm->timer);
  free(alarm);
}

struct call {
  struct gw_task task;
  void (*call)(void *user);
  void *user;
};

static void on_call(struct gw_task *task) {
  struct call call = *gw_container_of(task, struct call, task);
  free(gw_container_of(task, struct call, task));
  call.call(call.user);
}

int gw_loop_call(struct gw_loop *loop, void (*call)(void *user), void *user) {
  struct call *c = malloc(sizeof *c);
  if (!c) return GW_ERR_MEMORY;
  *c = (struct call){.task.run = on_call, .call = call, .user = user};
  gw_loop_post(loop, &c->task);
  return 0;
}
