/* SPDX-License-Identifier: MIT */
/*
 * When something happens: readiness of descriptors, timers, work posted by other threads, and work
 * for the end of the turn. One loop belongs to one thread; only gw_loop_post and gw_loop_stop may
 * be called from others.
 *
 * A turn: wait; ready descriptors; due timers; posted tasks; deferred tasks (until none is left);
 * retired tasks. Memory that a callback of this turn may still name is freed by a retired task, so
 * nothing is freed inside its own callback.
 */
#ifndef GW_LOOP_LOOP_H
#define GW_LOOP_LOOP_H

#include "base/wheel.h"
#include "godwit/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GW_IO_READ = 1, GW_IO_WRITE = 2, GW_IO_HANGUP = 4 };

/* A watched descriptor, embedded in its owner. */
struct gw_io {
  void (*on_ready)(struct gw_io *io, unsigned events);
  int fd;
  unsigned events; /* GW_IO_READ | GW_IO_WRITE as asked for now; 0: none (errors are still told, as
                      GW_IO_HANGUP) */
};

/* A piece of work, embedded in its owner. It may be queued again once its run has begun. */
struct gw_task {
  struct gw_task *next;
  void (*run)(struct gw_task *task);
};

/* Whether the caller is the thread that runs this loop. */
bool gw_loop_is_mine(const struct gw_loop *loop);

int gw_loop_io_add(struct gw_loop *loop, struct gw_io *io, unsigned events);
int gw_loop_io_change(struct gw_loop *loop, struct gw_io *io, unsigned events);
/* No call comes after it, not even for events that this turn has already fetched; the memory must
 * live until the turn's retired tasks. */
void gw_loop_io_remove(struct gw_loop *loop, struct gw_io *io);

/* Counted from the beginning of the turn, the only time at which the clock is read. */
void gw_loop_timer_set(struct gw_loop *loop, struct gw_timer *timer, uint64_t ms_from_now);
void gw_loop_timer_cancel(struct gw_loop *loop, struct gw_timer *timer);

/* From any thread; tasks of one thread run in the order of their posts. Never fails, allocates
 * nothing. The loop must not be freed while a post is under way: join the posting threads first. */
void gw_loop_post(struct gw_loop *loop, struct gw_task *task);
/* At the end of this turn (flushes and the like). */
void gw_loop_defer(struct gw_loop *loop, struct gw_task *task);
/* After all that is deferred: freeing. */
void gw_loop_retire(struct gw_loop *loop, struct gw_task *task);

/* Something of a layer above that it wants to find again by the loop, under a key that only it has
 * (the address of something of its own); the loop does nothing with it. NULL takes it away.
 * GW_ERR_FULL. */
int gw_loop_attach(struct gw_loop *loop, const void *key, void *value);
/* NULL where there is none. */
void *gw_loop_attachment(const struct gw_loop *loop, const void *key);

#endif
