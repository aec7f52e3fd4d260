/* SPDX-License-Identifier: MIT */
/*
 * Intakes by polling, at an interval, and by long polling, where the server waits. Both begin with
 * what the history holds, as the server answers a poll without a cursor. Between two requests the
 * timer runs; it is set in exactly that time.
 */
#include "cli/subscribe/get.h"

#include "base/list.h"
#include "cli/subscribe/kinds.h"
#include "godwit/error.h"

enum {
  HOLD_MS = 30000, /* as Prefer says it */
  IDLE_MS = 250,   /* after an empty answer to a long poll: against a server that does not wait */
};

struct poll {
  struct gw_get get;
  const struct gw_get_ops *ops;
  struct gw_timer timer;
};

static void ask(struct poll *poll, struct gw_intake *intake) {
  int r = gw_get_begin(&poll->get, intake, poll->ops);
  if (r < 0) gw_get_failed(&poll->get, r, NULL);
}

static void on_timer(struct gw_timer *timer) {
  struct poll *poll = gw_container_of(timer, struct poll, timer);
  ask(poll, poll->get.intake);
}

static void on_whole(struct gw_get *get) {
  struct poll *poll = gw_container_of(get, struct poll, get);
  size_t told;
  int r = gw_get_tell(get, &told);
  bool is_large = get->body.len >= GW_GET_LARGE, is_held = poll->ops->prefer;
  gw_buf_clear(&get->body);
  if (r < 0) gw_get_failed(get, r, "the answer is not a Godwit server's");
  if (r != 0) return;
  unsigned ms = is_held ? (told > 0 ? 0 : IDLE_MS) : get->intake->options.interval_ms;
  gw_loop_timer_set(get->intake->options.loop, &poll->timer, is_large ? 0 : ms);
}

static int begin(struct gw_intake *intake, const struct gw_get_ops *ops) {
  struct poll *poll = gw_intake_state(intake);
  poll->ops = ops;
  poll->timer.on_due = on_timer;
  return gw_get_begin(&poll->get, intake, ops);
}

static int poll_begin(struct gw_intake *intake) {
  static const struct gw_get_ops ops = {.on_piece = gw_get_gather, .on_whole = on_whole};
  return begin(intake, &ops);
}

static int longpoll_begin(struct gw_intake *intake) {
  static const struct gw_get_ops ops = {
      .prefer = "wait=30", .wait_ms = HOLD_MS, .on_piece = gw_get_gather, .on_whole = on_whole};
  return begin(intake, &ops);
}

static void poll_close(struct gw_intake *intake) {
  struct poll *poll = gw_intake_state(intake);
  gw_loop_timer_cancel(intake->options.loop, &poll->timer);
  gw_get_close(&poll->get);
}

static void poll_clear(struct gw_intake *intake) {
  struct poll *poll = gw_intake_state(intake);
  gw_loop_timer_cancel(intake->options.loop, &poll->timer);
  gw_get_clear(&poll->get);
}

const struct gw_intake_kind gw_intake_poll = {.name = "poll",
                                              .size = sizeof(struct poll),
                                              .begin = poll_begin,
                                              .close = poll_close,
                                              .clear = poll_clear};

const struct gw_intake_kind gw_intake_longpoll = {.name = "longpoll",
                                                  .size = sizeof(struct poll),
                                                  .begin = longpoll_begin,
                                                  .close = poll_close,
                                                  .clear = poll_clear};
