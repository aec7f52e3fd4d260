/* SPDX-License-Identifier: MIT */
/*
 * The timer wheel. A timer lies in the level of the highest group of six bits in which its due time
 * differs from now, in the slot of that group's value. So, of all timers, those of the lowest level
 * are due first, and within a level those of the lowest slot: the next one is two bit scans away.
 * When the clock reaches a slot of a higher level, its timers move down.
 *
 * Invariant: above level l, `now` and the due times of level l agree; in group l, due is greater.
 */
#include "base/wheel.h"

static unsigned slot_of(uint64_t time, unsigned level) {
  return (unsigned)(time >> (level * GW_WHEEL_BITS)) & (GW_WHEEL_SLOTS - 1);
}

void gw_wheel_init(struct gw_wheel *wheel, uint64_t now) {
  wheel->now = now;
  gw_list_init(&wheel->overdue);
  for (unsigned level = 0; level < GW_WHEEL_LEVELS; level++) {
    wheel->occupied[level] = 0;
    for (unsigned slot = 0; slot < GW_WHEEL_SLOTS; slot++)
      gw_list_init(&wheel->slots[level][slot]);
  }
}

bool gw_timer_is_set(const struct gw_timer *timer) {
  return timer->link.next && !gw_list_is_empty(&timer->link);
}

static void insert(struct gw_wheel *wheel, struct gw_timer *timer) {
  uint64_t apart = timer->due ^ wheel->now;
  unsigned level = (63u - (unsigned)__builtin_clzll(apart)) / GW_WHEEL_BITS;
  unsigned slot = slot_of(timer->due, level);
  gw_list_append(&wheel->slots[level][slot], &timer->link);
  wheel->occupied[level] |= UINT64_C(1) << slot;
}

/* `head` was a neighbour of a link that has gone: where it is the head of a slot that is now empty,
 * the slot's bit goes too. */
static void note_removal(struct gw_wheel *wheel, const struct gw_link *head) {
  if (!gw_list_is_empty(head)) return;
  uintptr_t at = (uintptr_t)head - (uintptr_t)wheel->slots;
  if (at >= sizeof wheel->slots) return; /* a list on its way, or the overdue */
  size_t i = at / sizeof *head;
  wheel->occupied[i / GW_WHEEL_SLOTS] &= ~(UINT64_C(1) << (i % GW_WHEEL_SLOTS));
}

void gw_wheel_cancel(struct gw_wheel *wheel, struct gw_timer *timer) {
  if (!gw_timer_is_set(timer)) return;
  const struct gw_link *neighbour = timer->link.next;
  gw_list_remove(&timer->link);
  note_removal(wheel, neighbour);
}

void gw_wheel_set(struct gw_wheel *wheel, struct gw_timer *timer, uint64_t due) {
  gw_wheel_cancel(wheel, timer);
  timer->due = due;
  if (due <= wheel->now)
    gw_list_append(&wheel->overdue, &timer->link);
  else
    insert(wheel, timer);
}

/* Moves all of `from` behind `to`. */
static void splice(struct gw_link *to, struct gw_link *from) {
  if (gw_list_is_empty(from)) return;
  from->next->prev = to->prev;
  to->prev->next = from->next;
  from->prev->next = to;
  to->prev = from->prev;
  gw_list_init(from);
}

static void call_all(struct gw_link *due) {
  while (!gw_list_is_empty(due)) {
    struct gw_timer *timer = gw_container_of(due->next, struct gw_timer, link);
    gw_list_remove(&timer->link);
    timer->on_due(timer);
  }
}

/* The lowest level that holds timers, and when its first slot begins; false where none does. */
static bool next_slot(const struct gw_wheel *wheel, unsigned *out_level, uint64_t *out_begin) {
  for (unsigned level = 0; level < GW_WHEEL_LEVELS; level++) {
    if (!wheel->occupied[level]) continue;
    unsigned shift = level * GW_WHEEL_BITS;
    uint64_t slot = (uint64_t)__builtin_ctzll(wheel->occupied[level]);
    uint64_t upper =
        shift + GW_WHEEL_BITS < 64 ? ~UINT64_C(0) << (shift + GW_WHEEL_BITS) : UINT64_C(0);
    *out_level = level;
    *out_begin = (wheel->now & upper) | slot << shift;
    return true;
  }
  return false;
}

/* The clock stands at the slot's beginning: what is due is called, the rest moves down. */
static void open_slot(struct gw_wheel *wheel, unsigned level) {
  unsigned slot = slot_of(wheel->now, level);
  struct gw_link due, rest;
  gw_list_init(&due);
  gw_list_init(&rest);
  splice(&rest, &wheel->slots[level][slot]);
  wheel->occupied[level] &= ~(UINT64_C(1) << slot);
  while (!gw_list_is_empty(&rest)) {
    struct gw_timer *timer = gw_container_of(rest.next, struct gw_timer, link);
    gw_list_remove(&timer->link);
    if (timer->due <= wheel->now)
      gw_list_append(&due, &timer->link);
    else
      insert(wheel, timer);
  }
  call_all(&due);
}

void gw_wheel_advance(struct gw_wheel *wheel, uint64_t now) {
  struct gw_link overdue;
  gw_list_init(&overdue);
  splice(&overdue, &wheel->overdue);
  call_all(&overdue);
  unsigned level;
  uint64_t begin;
  while (next_slot(wheel, &level, &begin) && begin <= now) {
    wheel->now = begin;
    open_slot(wheel, level);
  }
  if (now > wheel->now) wheel->now = now;
}

int64_t gw_wheel_wait(const struct gw_wheel *wheel) {
  unsigned level;
  uint64_t begin;
  if (!gw_list_is_empty(&wheel->overdue)) return 0;
  if (!next_slot(wheel, &level, &begin)) return -1;
  uint64_t wait = begin - wheel->now;
  return wait > INT64_MAX ? INT64_MAX : (int64_t)wait;
}
