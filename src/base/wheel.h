/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timer wheel that reads no clock: the caller says what time it is (milliseconds,
 * monotonic). Setting, moving and cancelling cost O(1); the timers lie inside their owners.
 */
#ifndef GW_BASE_WHEEL_H
#define GW_BASE_WHEEL_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct gw_timer;
typedef void gw_timer_fn(struct gw_timer *timer);

struct gw_timer {
  struct gw_link link; /* all-zero or self-linked: not set */
  uint64_t due;        /* ms on the wheel's clock */
  gw_timer_fn *on_due;
};

#define GW_WHEEL_BITS   6
#define GW_WHEEL_SLOTS  (1u << GW_WHEEL_BITS)
#define GW_WHEEL_LEVELS 11 /* 66 bits: every time there is, so no horizon to care about */

/* Embedded in its owner (12 KB). */
struct gw_wheel {
  uint64_t now;
  uint64_t occupied[GW_WHEEL_LEVELS]; /* a bit per slot that holds timers */
  struct gw_link overdue;             /* set to a time that had passed */
  struct gw_link slots[GW_WHEEL_LEVELS][GW_WHEEL_SLOTS];
};

void gw_wheel_init(struct gw_wheel *wheel, uint64_t now);
/* Sets or moves a timer to `due`; a time that has passed is due at the next advance. */
void gw_wheel_set(struct gw_wheel *wheel, struct gw_timer *timer, uint64_t due);
void gw_wheel_cancel(struct gw_wheel *wheel, struct gw_timer *timer);
bool gw_timer_is_set(const struct gw_timer *timer);
/* Moves the clock to `now` and calls each due timer, earliest tick first; a timer is unset before
 * its call and may set, move or cancel any timer, itself included. */
void gw_wheel_advance(struct gw_wheel *wheel, uint64_t now);
/* Milliseconds until something may be due (a lower bound), or -1 where nothing is set. */
int64_t gw_wheel_wait(const struct gw_wheel *wheel);

#endif
