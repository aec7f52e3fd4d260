/* SPDX-License-Identifier: MIT */
/*
 * One connection that speaks godwit.v1, and its requests that are under way; what is said to it.
 * For the files of this dialect alone.
 */
#ifndef GW_DIALECT_GODWIT_TALKER_H
#define GW_DIALECT_GODWIT_TALKER_H

#include "codec/godwit.h"
#include "dialect/flights.h"
#include "transport/place.h"

#include <assert.h>

struct gw_conn;
struct gw_errand;
struct gw_opening;

/* The user data of a connection. */
struct gw_talker {
  struct gw_carrier carrier;
  union {
    struct gw_errand *errands;
    struct gw_opening *opening; /* before it is open */
  };
  struct gw_flights flights;
  uint16_t faults; /* malformed messages in a row */
  bool is_open, is_local;
};

/* A request that has not been answered yet. */
struct gw_errand {
  struct gw_store_ask ask;
  struct gw_errand *next, **link; /* of its talker */
  struct gw_talker *talker;
  struct gw_str id, channel; /* at NULL: none */
  struct gw_cursor after;    /* history: what has been given */
  unsigned left;             /* likewise: how many may still be given */
  bool has_after, has_begun;
  bool rests, is_due;          /* likewise: it waits until the client has read; it goes on now */
  struct gw_recovery standing; /* likewise, of its beginning */
  char text[];
};

static_assert(sizeof(struct gw_talker) <= 32, "an idle connection has its price");

struct gw_conn *gw_talker_conn(const struct gw_talker *talker);
const struct gw_place *gw_talker_place(const struct gw_talker *talker);

/* ---- saying ---- */

/* Where it cannot be said, the talker leaves its session and is closed: every request gets its
 * answer, or the connection ends. */
void gw_talker_say(struct gw_talker *talker, const struct gw_godwit_line *line);
void gw_talker_send(struct gw_talker *talker, const void *message, size_t len);
void gw_talker_refuse(struct gw_talker *talker, unsigned code, struct gw_str id,
                      const char *reason);
/* The same with an error of the hub's or the session's. */
void gw_talker_fail(struct gw_talker *talker, int err, struct gw_str id);
/* Leaves its session, where it still has one, to be resumed: `bye`, then Close. */
void gw_talker_leave(struct gw_talker *talker, enum gw_close_code code);

/* ---- errands ---- */

/* Copies id and channel. NULL without memory. */
struct gw_errand *gw_errand_new(struct gw_talker *talker, struct gw_str id, struct gw_str channel);
void gw_errand_free(struct gw_errand *errand);

#endif
