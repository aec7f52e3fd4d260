/* SPDX-License-Identifier: MIT */
/*
 * What carries a session to its client, as the session sees it: a table of functions that each
 * transport (or the dialect on it) fills. A carrier is embedded in whoever fills it, and belongs to
 * one worker. Sessions come and go with `attach` and `detach` (session/session.h).
 */
#ifndef GW_SESSION_CARRIER_H
#define GW_SESSION_CARRIER_H

#include "hub/hub.h"

struct gw_carrier;
struct gw_session;
struct gw_subscription;

/* Bytes that may wait for one client, the last message excepted: against one that never reads.
 * Wider than what publishers can pour out in one turn: a burst is not the client's fault. */
enum { GW_WAITING_MAX = 4 << 20 };

/* Why the server ends a session or its carrier; Godwit's own close codes (interface.md 4):
 * X(name, code, text). */
#define GW_CLOSE_CODES(X)                                                                          \
  X(UNAUTHORISED, 4401, "unauthorised")                                                            \
  X(FORBIDDEN, 4403, "ended by the API")                                                           \
  X(REPLACED, 4409, "replaced by a newer connection")                                              \
  X(TOO_MANY, 4429, "too many")                                                                    \
  X(SLOW, 4500, "slow consumer")                                                                   \
  X(DRAINING, 4501, "the server is stopping")                                                      \
  X(CURSOR_LOST, 4504, "the cursor is no longer reachable")                                        \
  X(FAILED, 1011, "the server is out of memory")                                                   \
  X(TRY_AGAIN, 1013, "the server is too busy")

enum gw_close_code {
#define GW_CLOSE_CODE_ENTRY(name, code, text) GW_CLOSE_##name = (code),
  GW_CLOSE_CODES(GW_CLOSE_CODE_ENTRY)
#undef GW_CLOSE_CODE_ENTRY
};

const char *gw_close_code_text(enum gw_close_code code);

/* A carrier's functions are called by its session only: when the hub tells it something, and inside
 * those calls of the carrier's own that have the hub tell something at once (gw_session_subscribe,
 * gw_session_identify, gw_carrier_drained, publishing). In each of them it may detach itself. */
struct gw_carrier_ops {
  /* The subscription stands: how it was recovered, and where it begins: what is pushed next comes
   * after `recovery->cursor` (recovery->publications are not for the carrier: each is pushed after
   * it). Called once for each gw_session_subscribe; err below 0: it does not, and is freed after
   * the call. */
  void (*on_subscribed)(struct gw_carrier *carrier, struct gw_subscription *subscription, int err,
                        const struct gw_recovery *recovery);
  /* The channel's next publication, borrowed. 0: given; 1: given, and much waits for this client:
   * gw_carrier_drained follows; below 0: not given: GW_ERR_FULL (more than may wait),
   * GW_ERR_MEMORY, GW_ERR_CLOSED (it is on its way out and will detach). */
  int (*push)(struct gw_carrier *carrier, struct gw_subscription *subscription,
              struct gw_publication *publication);
  /* `recovery->missed` publications were left out: the client was too slow for a channel that
   * drops, or history does not reach back to where it stood (then `missed` may be unknown). What is
   * pushed next comes after `recovery->cursor`. False: there is no room to say that; the session is
   * ended with GW_CLOSE_CURSOR_LOST. */
  bool (*on_gap)(struct gw_carrier *carrier, struct gw_subscription *subscription,
                 const struct gw_recovery *recovery);
  /* Somebody joins or leaves. Optional. */
  void (*on_presence)(struct gw_carrier *carrier, struct gw_subscription *subscription,
                      struct gw_publication *notice);
  /* Its name, for those who ask who is there: "websocket", "sse" … */
  const char *(*transport)(const struct gw_carrier *carrier);
  /* Whether bytes wait that the system would not take; gw_carrier_drained follows then. */
  bool (*is_waiting)(struct gw_carrier *carrier);
  /* Say why, and end. Where the session has left the carrier (ended, or replaced) it has none any
   * more. Else (SLOW, CURSOR_LOST, FAILED, TRY_AGAIN) the session pushes nothing more and waits for
   * gw_carrier_detach, now or later, which says whether this client will come back to it. */
  void (*end)(struct gw_carrier *carrier, enum gw_close_code code);
};

struct gw_carrier {
  const struct gw_carrier_ops *ops;
  struct gw_session *session; /* NULL: none; the session's to set */
};

#endif
