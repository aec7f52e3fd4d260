/* SPDX-License-Identifier: MIT */
/*
 * The way from one worker to another: letters put on it in one turn leave in one post and arrive in
 * their order. Each end belongs to its own thread.
 */
#ifndef GW_BROKER_LANE_H
#define GW_BROKER_LANE_H

#include "loop/loop.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct gw_lane;

/* The head of everything that travels. */
struct gw_letter {
  struct gw_task task;    /* of the first of a batch: carries all of it */
  struct gw_letter *next; /* behind it in its batch */
  struct gw_lane *lane;   /* that it was put on last; NULL: none yet */
  size_t cost;            /* bytes of memory that it holds */
  unsigned kind;          /* the owner's */
};

struct gw_lane {
  struct gw_loop *to; /* borrowed */
  /* On the receiver's thread, takes the letter. */
  void (*on_letter)(struct gw_lane *lane, struct gw_letter *letter);
  /* On the receiver's thread, after the batch's last letter. */
  void (*on_batch_end)(struct gw_lane *lane);
  void *owner;
  struct gw_letter *first, **end; /* put and not yet flushed; the sender's thread */
  atomic_size_t queued;           /* cost of what was put and has not been taken by on_letter */
};

void gw_lane_init(struct gw_lane *lane, struct gw_loop *to);
/* Takes the letter, whose cost is set. */
void gw_lane_put(struct gw_lane *lane, struct gw_letter *letter);
/* Posts what was put since the last flush. Gives whether there was anything. */
bool gw_lane_flush(struct gw_lane *lane);
/* From either end. */
size_t gw_lane_queued(const struct gw_lane *lane);
/* Hands what was put and not flushed to `on_letter`, without a post. For the end. */
void gw_lane_drain(struct gw_lane *lane);

#endif
