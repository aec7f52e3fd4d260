/* SPDX-License-Identifier: MIT */
/*
 * Letters as such: their memory, their way out (all of a turn in one post per lane), and the calls
 * into the worker's hub, which never nest. The memory store lives until its owner and the last post
 * that names it have let go.
 */
#include "broker/desk.h"

#include <stdlib.h>

void gw_question_clear(struct gw_question *question) {
  gw_publication_unref(question->publication);
  for (unsigned i = 0; i < question->recovery.n; i++)
    gw_publication_unref(question->recovery.publications[i]);
  free((void *)(uintptr_t)question->recovery.publications);
  free((void *)(uintptr_t)question->recovery.members);
  if (question->letter.lane) free(question); /* else it lies on the stack of a plain call */
}

void gw_delivery_free(struct gw_delivery *delivery) {
  gw_publication_unref(delivery->publication);
  free(delivery);
}

void gw_memory_unref(struct gw_memory *memory) {
  if (atomic_fetch_sub_explicit(&memory->refs, 1, memory_order_acq_rel) != 1) return;
  for (unsigned i = 0; i < memory->n; i++)
    free(memory->desks[i]);
  gw_rules_free(memory->own_rules);
  free(memory);
}

/* ---- letters that leave ---- */

void gw_desk_flush(struct gw_task *task) {
  struct gw_desk *desk = gw_container_of(task, struct gw_desk, flush);
  struct gw_memory *memory = desk->memory;
  desk->is_flush_set = false;
  for (unsigned i = 0; i < memory->n && !memory->is_closed; i++) {
    atomic_fetch_add_explicit(&memory->refs, 1, memory_order_relaxed);
    if (!gw_lane_flush(&desk->lanes[i]))
      atomic_fetch_sub_explicit(&memory->refs, 1, memory_order_relaxed);
  }
  gw_memory_unref(memory);
}

void gw_desk_send(struct gw_desk *desk, struct gw_lane *lane, struct gw_letter *letter) {
  gw_lane_put(lane, letter);
  if (desk->is_flush_set) return;
  desk->is_flush_set = true;
  atomic_fetch_add_explicit(&desk->memory->refs, 1, memory_order_relaxed);
  gw_loop_defer(desk->loop, &desk->flush);
}

bool gw_desk_is_full(const struct gw_desk *from, const struct gw_desk *to) {
  return gw_lane_queued(&from->lanes[to->index]) >= from->memory->queue_bytes;
}

/* ---- what a hub is told ---- */

void gw_desk_tell(struct gw_desk *desk, struct gw_publication *publication) {
  if (!desk->store.on_publication) return;
  desk->is_calling = true;
  desk->store.on_publication(&desk->store, publication);
  desk->is_calling = false;
}

void gw_desk_conclude(struct gw_desk *desk, struct gw_question *question) {
  struct gw_store_ask *ask = question->ask;
  if (ask) {
    ask->held = NULL;
    desk->is_calling = true;
    ask->on_answer(ask, question->err, question->err < 0 ? NULL : &question->recovery);
    desk->is_calling = false;
  }
  gw_question_clear(question);
}
