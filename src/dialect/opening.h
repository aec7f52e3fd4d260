/* SPDX-License-Identifier: MIT */
/*
 * Between a WebSocket's handshake and the session that it will carry: who asks, and whether it goes
 * on with a session that it had (`?session=`) or begins one.
 */
#ifndef GW_DIALECT_OPENING_H
#define GW_DIALECT_OPENING_H

#include "loop/loop.h"
#include "transport/place.h"
#include "transport/request.h"

struct gw_exchange;
struct gw_ending;

/* Made by gw_opening_start, freed by gw_opening_accept or _refuse, or because the client has gone
 * (before its carrier's memory goes). */
struct gw_opening {
  struct gw_task task;
  struct gw_claim claim;
  const struct gw_place *place;
  struct gw_exchange *exchange; /* NULL: the client is gone */
  struct gw_carrier *carrier;
  void (*on_session)(struct gw_opening *opening);
  struct gw_channel_request request; /* channel.at is NULL on `/ws` */
  struct gw_cursor inbox;
  bool has_inbox;   /* `?inbox=` */
  bool is_local;    /* as gw_request_is_local */
  bool is_resumed;  /* the session is one that it had */
  bool is_deferred; /* its task has not run */
};

/* In an on_request: gives what that returns. Later in the turn, or when the session has come from
 * another worker, the carrier (whose functions are set) is attached to its session, and on_session
 * told, which goes on to accept or to refuse. */
int gw_opening_start(struct gw_exchange *exchange, const struct gw_place *place,
                     struct gw_carrier *carrier, void (*on_session)(struct gw_opening *opening),
                     struct gw_opening **out_opening);
/* Answers 101 with the session's id; on_open comes inside the call, and the opening lives until it
 * returns. 0; below 0: the carrier has no session any more, and its memory is gone. */
int gw_opening_accept(struct gw_opening *opening);
/* Answers with an error of the hub's or session's; the carrier is detached, and its memory gone. */
void gw_opening_refuse(struct gw_opening *opening, int err);
/* Whether a connection's end is the end of a session that can be resumed: the client has closed it
 * in so many words. Whatever else has ended it, the client may come back. */
bool gw_opening_is_over(const struct gw_ending *ending);

#endif
