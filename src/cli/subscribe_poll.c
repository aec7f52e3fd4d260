/* SPDX-License-Identifier: MIT */
/*
 * Intakes by polling, at an interval, and by long polling, where the server waits. Both begin with
 * what the history holds, as the server answers a poll without a cursor. Between two requests the
 * timer runs; it is set in exactly that time.
 */
#include "cli/subscribe_get.h"

#include "base/list.h"
#include "cli/subscribe_kinds.h"
#include "codec/json.h"
#include "godwit/error.h"

enum {
  HOLD_MS = 30000, /* as Prefer says it */
  IDLE_MS = 250,   /* after an empty answer to a long poll: against a server that does not wait */
};

struct poll {
  struct gw_get get;
  const struct gw_get_ops *ops;
  struct gw_timer timer;
  struct gw_received_reader answer, publication;
  size_t told; /* publications of the present answer */
};

static void ask(struct poll *poll, struct gw_intake *intake) {
  int r = gw_get_begin(&poll->get, intake, poll->ops);
  if (r < 0) gw_get_failed(&poll->get, r, NULL);
}

static void on_timer(struct gw_timer *timer) {
  struct poll *poll = gw_container_of(timer, struct poll, timer);
  ask(poll, poll->get.intake);
}

static int gather(struct gw_get *get, const char *data, size_t len) {
  return gw_buf_add(&get->body, data, len);
}

/* 0, GW_GET_STOP, GW_ERR_ARGUMENT. */
static int tell(struct poll *poll) {
  struct gw_intake *intake = poll->get.intake;
  struct gw_received_news news;
  struct gw_received received;
  struct gw_str element;
  int r = gw_received_news_read(
      &poll->answer, (struct gw_str){(char *)poll->get.body.data, poll->get.body.len}, &news);
  if (r != 0 || !news.cursor.at || !news.publications.at) return GW_ERR_ARGUMENT;
  if (news.is_gap) gw_intake_gap(intake, 0, news.has_missed ? &news.missed : NULL);
  poll->told = 0;
  while (gw_json_next_element(&news.publications, &element)) {
    if (gw_received_read(&poll->publication, element, &received) != 0) return GW_ERR_ARGUMENT;
    if (!gw_intake_tell(intake, 0, &received)) return GW_GET_STOP;
    poll->told++;
  }
  gw_intake_stand(intake, 0, news.cursor);
  return 0;
}

static void on_whole(struct gw_get *get) {
  struct poll *poll = gw_container_of(get, struct poll, get);
  int r = tell(poll);
  bool is_large = get->body.len >= GW_GET_LARGE, is_held = poll->ops->prefer;
  gw_buf_clear(&get->body);
  if (r < 0) gw_get_failed(get, r, "the answer is not a Godwit server's");
  if (r != 0) return;
  unsigned ms = is_held ? (poll->told ? 0 : IDLE_MS) : get->intake->options.interval_ms;
  gw_loop_timer_set(get->intake->options.loop, &poll->timer, is_large ? 0 : ms);
}

static int begin(struct gw_intake *intake, const struct gw_get_ops *ops) {
  struct poll *poll = gw_intake_state(intake);
  poll->ops = ops;
  poll->timer.on_due = on_timer;
  return gw_get_begin(&poll->get, intake, ops);
}

static int poll_begin(struct gw_intake *intake) {
  static const struct gw_get_ops ops = {.on_piece = gather, .on_whole = on_whole};
  return begin(intake, &ops);
}

static int longpoll_begin(struct gw_intake *intake) {
  static const struct gw_get_ops ops = {
      .prefer = "wait=30", .wait_ms = HOLD_MS, .on_piece = gather, .on_whole = on_whole};
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
  gw_received_reader_clear(&poll->answer);
  gw_received_reader_clear(&poll->publication);
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
