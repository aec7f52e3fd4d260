/* SPDX-License-Identifier: MIT */
/*
 * The memory store's part on one worker: its channels, the letters that come and go, and what its
 * hub is told. Knows how letters travel; what a question means is answer.c's.
 */
#ifndef GW_BROKER_DESK_H
#define GW_BROKER_DESK_H

#include "broker/home.h"
#include "broker/lane.h"

enum gw_letter_kind {
  GW_LETTER_PUBLISH,
  GW_LETTER_SUBSCRIBE,
  GW_LETTER_UNSUBSCRIBE,
  GW_LETTER_HISTORY,
  GW_LETTER_REMOVE,
  GW_LETTER_ATTEND,
  GW_LETTER_MEMBERS,
  GW_LETTER_ANSWER,
  GW_LETTER_DELIVERY,
};

struct gw_desk {
  struct gw_store store;
  struct gw_memory *memory;
  struct gw_loop *loop;
  unsigned index;
  bool is_calling; /* the hub, which may ask something meanwhile */
  bool is_flush_set;
  struct gw_task flush;
  struct gw_home home;
  struct gw_lane lanes[]; /* to each worker, itself included */
};

struct gw_memory {
  unsigned n;
  uint64_t seed;
  size_t queue_bytes;
  struct gw_rules *own_rules;   /* where none were given */
  const struct gw_rules *homes; /* those that were given, where they say whose some channels are */
  bool is_closed;
  atomic_uint refs; /* the owner, and what loops have queued of ours */
  struct gw_desk *desks[];
};

/* What a hub asks, then what it is answered. */
struct gw_question {
  struct gw_letter letter;
  unsigned asker, limit;
  int err;
  bool has_after;
  bool is_here;             /* attend */
  struct gw_store_ask *ask; /* the asker's thread alone reads and writes it */
  struct gw_publication *publication;
  struct gw_str channel;
  struct gw_str word; /* publish: its key; attend: the user; at NULL: none */
  struct gw_cursor after;
  struct gw_recovery recovery;
  char text[];
};

struct gw_delivery {
  struct gw_letter letter;
  struct gw_publication *publication;
};

/* Frees it too, where it is not on the stack of a plain call. */
void gw_question_clear(struct gw_question *question);
void gw_delivery_free(struct gw_delivery *delivery);
void gw_memory_unref(struct gw_memory *memory);

/* Takes the letter; it leaves at the end of the turn. */
void gw_desk_send(struct gw_desk *desk, struct gw_lane *lane, struct gw_letter *letter);
/* Whether so much is on its way already that nothing new may start. */
bool gw_desk_is_full(const struct gw_desk *from, const struct gw_desk *to);
/* Tells the worker's hub. */
void gw_desk_tell(struct gw_desk *desk, struct gw_publication *publication);
/* Takes the question, whose answer has come, and tells its asker. */
void gw_desk_conclude(struct gw_desk *desk, struct gw_question *question);
/* What the flush task of a desk runs. */
void gw_desk_flush(struct gw_task *task);

#endif
