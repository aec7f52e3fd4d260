/* SPDX-License-Identifier: MIT */
/*
 * A lane is a list that its sender fills and a post that carries the list over; the count of what
 * is on its way is the only thing that both ends touch. Nothing here allocates, so what has been
 * put arrives. Order: posts between two loops are FIFO, and so is each batch.
 */
#include "broker/lane.h"

void gw_lane_init(struct gw_lane *lane, struct gw_loop *to) {
  *lane = (struct gw_lane){.to = to};
  lane->end = &lane->first;
  atomic_init(&lane->queued, 0);
}

void gw_lane_put(struct gw_lane *lane, struct gw_letter *letter) {
  letter->lane = lane;
  letter->next = NULL;
  *lane->end = letter;
  lane->end = &letter->next;
  atomic_fetch_add_explicit(&lane->queued, letter->cost, memory_order_relaxed);
}

size_t gw_lane_queued(const struct gw_lane *lane) {
  return atomic_load_explicit(&lane->queued, memory_order_relaxed);
}

static void hand_over(struct gw_lane *lane, struct gw_letter *letter) {
  while (letter) {
    struct gw_letter *next = letter->next;
    atomic_fetch_sub_explicit(&lane->queued, letter->cost, memory_order_relaxed);
    lane->on_letter(lane, letter);
    letter = next;
  }
}

static void arrive(struct gw_task *task) {
  struct gw_letter *letter = gw_container_of(task, struct gw_letter, task);
  struct gw_lane *lane = letter->lane;
  hand_over(lane, letter);
  lane->on_batch_end(lane);
}

static struct gw_letter *take_all(struct gw_lane *lane) {
  struct gw_letter *first = lane->first;
  lane->first = NULL;
  lane->end = &lane->first;
  return first;
}

bool gw_lane_flush(struct gw_lane *lane) {
  struct gw_letter *first = take_all(lane);
  if (!first) return false;
  first->task.run = arrive;
  gw_loop_post(lane->to, &first->task);
  return true;
}

void gw_lane_drain(struct gw_lane *lane) {
  hand_over(lane, take_all(lane));
}
