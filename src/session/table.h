/* SPDX-License-Identifier: MIT */
/* What the files of this folder know of one another: the structs, and who does what to them. */
#ifndef GW_SESSION_TABLE_H
#define GW_SESSION_TABLE_H

#include "base/map.h"
#include "session/index.h"

#include <assert.h>
#include <stdatomic.h>

/* A name of somebody, with all sessions that the user has on this worker. */
struct gw_user {
  struct gw_link *sessions; /* by of_user; NULL: none */
  unsigned refs;            /* its sessions, and presence that is owed under its name */
  uint8_t name_len;
  char name[];
};

/* A session that is parked, or that has channels which have not been asked for again. */
struct gw_wait {
  struct gw_link link; /* table->parked or ->resuming; both in the order of `due` */
  uint64_t due;
  struct gw_session *session;
  struct gw_carrier *carrier; /* the session's; NULL: parked */
};

struct gw_name {
  void *asked; /* until on_subscribed: gw_subscription_asked */
  uint8_t len;
  char text[];
};

struct gw_session {
  struct gw_index_entry entry;
  struct gw_session_table *table; /* NULL: it moves */
  union {
    struct gw_carrier *carried_by;
    struct gw_wait *wait; /* is_waiting: this has its carrier */
  };
  struct gw_user *user; /* NULL: nobody known */
  struct gw_link of_user;
  struct gw_subscription *subscriptions;
  uint64_t since : 44;
  uint64_t count : 16; /* of its subscriptions */
  uint64_t is_api : 1;
  uint64_t is_leaving : 1; /* its carrier has been told to end, and has not detached yet */
  uint64_t is_waiting : 1;
};

/* Idle connections are the many: what each costs is counted. */
static_assert(sizeof(struct gw_session) <= 88, "a session has grown");
static_assert(sizeof(struct gw_subscription) <= 88, "a subscription has grown");

/* NULL: parked. */
static inline struct gw_carrier *gw_carrier_of(const struct gw_session *session) {
  return session->is_waiting ? session->wait->carrier : session->carried_by;
}

enum gw_subscription_state {
  GW_SUBSCRIPTION_OPENING,    /* asked for; the hub has not answered */
  GW_SUBSCRIPTION_RECOVERING, /* what the answer holds is being pushed */
  GW_SUBSCRIPTION_LIVE,
  GW_SUBSCRIPTION_BEHIND,   /* not in the hub until the carrier has drained */
  GW_SUBSCRIPTION_CATCHING, /* asked for again after that */
  GW_SUBSCRIPTION_PARKED,
  GW_SUBSCRIPTION_OWED, /* of no session any more: its leaving is to be told */
};

/* While a carrier's function runs that may end anything: NULL when the subscription has been freed
 * or has moved. */
struct gw_guard {
  struct gw_subscription *subscription;
  struct gw_guard *outer;
};

/* Likewise over all subscriptions of a session: `next` is NULL when the session has left its
 * carrier, `session` when it has gone. */
struct gw_round {
  struct gw_session *session;
  struct gw_subscription *next;
  struct gw_round *outer;
};

struct gw_session_table {
  struct gw_sessions *sessions;
  struct gw_loop *loop;
  struct gw_hub *hub;
  unsigned number;
  struct gw_index held;    /* struct gw_session, by entry */
  struct gw_index away;    /* where those born here are: claim.c */
  struct gw_index awaited; /* claims of this worker that are on their way: claim.c */
  struct gw_map users;
  struct gw_link parked, resuming;
  size_t parked_count;
  struct gw_subscription *owed;
  struct gw_timer expiry, retry;
  struct gw_guard *guards;
  struct gw_round *rounds;
  struct gw_session_counts counts;
  struct gw_id_source ids;
};

struct gw_sessions {
  struct gw_sessions_options options;
  unsigned n;
  bool is_closed;   /* the loops do not run any more: what they still hold is dropped */
  atomic_uint refs; /* the owner, and what is posted */
  struct gw_session_table *tables[];
};

/* ---- table.c ---- */

void gw_sessions_ref(struct gw_sessions *sessions);
void gw_sessions_unref(struct gw_sessions *sessions);
/* One reference more; NULL without memory. */
struct gw_user *gw_user_get(struct gw_session_table *table, struct gw_str name);
struct gw_user *gw_user_ref(struct gw_user *user);                        /* NULL is fine */
void gw_user_unref(struct gw_session_table *table, struct gw_user *user); /* NULL is fine */
struct gw_str gw_user_name(const struct gw_user *user);                   /* of NULL: at NULL */

/* ---- session.c ---- */

/* Into a table, with its user (takes the reference; NULL: nobody). */
void gw_session_enter(struct gw_session_table *table, struct gw_session *session,
                      struct gw_user *user);
/* Out of it; it keeps its user. */
void gw_session_leave(struct gw_session *session);
/* Frees what is in no table any more (but still has its user), and tells the worker of its birth.
 */
void gw_session_dissolve(struct gw_session_table *table, struct gw_session *session);
/* Lets go of its carrier, which is told the code unless it knows that it ends, and waits; without
 * memory it ends. Carriers' functions may run: afterwards it may have gone. */
void gw_session_park(struct gw_session *session, enum gw_close_code code);
/* Among the parked ones, from now on; without a carrier. */
void gw_session_wait(struct gw_session *session);
/* It is in neither list, if it was. */
void gw_wait_free(struct gw_session *session);
/* The oldest parked ones end where there are too many. */
void gw_session_table_trim(struct gw_session_table *table);
/* Sets what the table's timers do. */
void gw_session_table_watch(struct gw_session_table *table);
/* The carrier cannot go on: the session pushes nothing more and waits for its detach. Code 0: it
 * knows that it ends. */
void gw_session_stop(struct gw_session *session, enum gw_close_code code);

/* ---- subscription.c ---- */

struct gw_name *gw_name_new(struct gw_str text); /* NULL without memory */
/* They hear nothing any more; for a session that ends. */
void gw_subscriptions_deafen(struct gw_session *session);
/* All leave the hub and keep their names. GW_ERR_MEMORY: some do, some do not. */
int gw_subscriptions_park(struct gw_session *session);
/* Drops what has not been asked for again. */
void gw_subscriptions_drop_parked(struct gw_session *session);
/* Frees it (or keeps it as owed); it is in no session's list any more. */
void gw_subscription_free(struct gw_session_table *table, struct gw_subscription *subscription,
                          struct gw_user *user);
/* Without a word to anybody. */
void gw_subscription_discard(struct gw_session_table *table, struct gw_subscription *subscription);
/* Its first subscription, out of its list. */
struct gw_subscription *gw_subscriptions_pop(struct gw_session *session);
/* Visits them one after the other; a visit may end anything. */
void gw_subscriptions_each(struct gw_session *session,
                           void (*visit)(struct gw_subscription *subscription));
/* The session has left its carrier, or has gone: no visit follows, and where it has gone no guard
 * finds a subscription of its. */
void gw_rounds_stop(struct gw_session *session, bool has_gone);

/* ---- presence.c: any of these may make other carriers' functions run ---- */

/* Where its channel has presence. The caller guards the subscription. */
int gw_presence_join(struct gw_subscription *subscription);
/* All that attend and are parked. */
void gw_presence_leave_parked(struct gw_session *session);
/* Tells that a subscription, which is in no session's list any more, leaves its channel. Takes it:
 * where that could not be told it is owed, and tried again until it can. */
void gw_presence_leave_or_owe(struct gw_session_table *table, struct gw_subscription *subscription,
                              struct gw_user *user);
void gw_presence_on_retry(struct gw_timer *timer);

/* ---- claim.c ---- */

/* A session of this id has ended here: whoever keeps a note of where it is forgets it. Takes the
 * session's memory. */
void gw_session_bury(struct gw_session_table *table, struct gw_session *session);
/* Forgets all claims and notes of a table, at the end. */
void gw_claims_clear(struct gw_session_table *table);

#endif
