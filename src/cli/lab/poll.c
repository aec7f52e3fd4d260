/* SPDX-License-Identifier: MIT */
/* Polls of which the lab says when: so those of many clients are spread over the interval, and a
 * new interval holds at once. */
#include "cli/lab/kinds.h"

#include "base/list.h"
#include "cli/subscribe/get.h"
#include "godwit/error.h"

struct poll {
  struct gw_get get;
  bool is_asking;
};

static bool is_naive(const struct gw_intake *intake) {
  return intake->options.kind == &gw_lab_poll_naive;
}

static void on_whole(struct gw_get *get);

static int ask(struct gw_intake *intake) {
  static const struct gw_get_ops ops = {.on_piece = gw_get_gather, .on_whole = on_whole};
  struct poll *poll = gw_intake_state(intake);
  if (is_naive(intake)) gw_intake_stand(intake, 0, GW_STR(""));
  int r = gw_get_begin(&poll->get, intake, &ops);
  poll->is_asking = r == 0;
  return r;
}

static void ask_again(struct gw_intake *intake) {
  struct poll *poll = gw_intake_state(intake);
  int r = ask(intake);
  if (r < 0) gw_get_failed(&poll->get, r, NULL);
}

static void on_whole(struct gw_get *get) {
  struct poll *poll = gw_container_of(get, struct poll, get);
  bool is_large = get->body.len >= GW_GET_LARGE;
  size_t told;
  int r = gw_get_tell(get, &told);
  gw_buf_clear(&get->body);
  poll->is_asking = false;
  if (r < 0)
    gw_get_failed(get, r, "the answer is not a Godwit server's");
  else if (is_large && !is_naive(get->intake))
    ask_again(get->intake);
}

bool gw_lab_poll_ask(struct gw_intake *intake) {
  struct poll *poll = gw_intake_state(intake);
  if (!intake->is_open || poll->is_asking) return false;
  ask_again(intake);
  return true;
}

static void poll_close(struct gw_intake *intake) {
  struct poll *poll = gw_intake_state(intake);
  gw_get_close(&poll->get);
}

static void poll_clear(struct gw_intake *intake) {
  struct poll *poll = gw_intake_state(intake);
  gw_get_clear(&poll->get);
}

const struct gw_intake_kind gw_lab_poll = {.name = "poll",
                                           .size = sizeof(struct poll),
                                           .begin = ask,
                                           .close = poll_close,
                                           .clear = poll_clear};

const struct gw_intake_kind gw_lab_poll_naive = {.name = "poll",
                                                 .size = sizeof(struct poll),
                                                 .begin = ask,
                                                 .close = poll_close,
                                                 .clear = poll_clear};
