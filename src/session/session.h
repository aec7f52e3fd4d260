/* SPDX-License-Identifier: MIT */
/*
 * One logical client: who it is, which channels it holds, and where it stands in each. It outlives
 * its connection: carriers attach and detach. Without one it is parked: it hears nothing, keeps its
 * cursors, and ends after `resume_ms`. What it missed comes from the channels' histories.
 *
 * A session lives on one worker and is used on its thread only. A carrier on another worker claims
 * it, and it moves there.
 *
 * Whose is what: a session is freed where it ends (gw_session_end, the detach of a carrier that is
 * over, too long parked), at once, though never while one of its own functions goes on without
 * looking again. A carrier is its transport's: the two point at each other from gw_session_open or
 * _attach until detach or end, and whichever goes first clears both pointers; so a carrier looks at
 * `carrier->session` after each call. A subscription is its session's, and goes with it, when it is
 * unsubscribed, or after an on_subscribed with an error.
 */
#ifndef GW_SESSION_SESSION_H
#define GW_SESSION_SESSION_H

#include "loop/loop.h"
#include "session/carrier.h"
#include "session/gate.h"

struct gw_sessions;      /* of all workers */
struct gw_session_table; /* of one */
struct gw_name;

/* ---- all of them ---- */

struct gw_sessions_options {
  const struct gw_rules *rules; /* borrowed */
  unsigned resume_ms;           /* 0: 30,000 */
  unsigned max_subscriptions;   /* of one session, its inbox not counted; 0: 128. Against a client
                                   that holds ever more channels */
  unsigned max_parked; /* per worker, the oldest go first; 0: 100,000. Against a client that
                          opens and leaves without end */
};

/* `loops` and `hubs`: one per worker, borrowed. GW_ERR_MEMORY, GW_ERR_SYSTEM. */
int gw_sessions_new(const struct gw_sessions_options *options, struct gw_loop *const *loops,
                    struct gw_hub *const *hubs, unsigned n, struct gw_sessions **out_sessions);
/* After the loops' runs have ended, and before the hubs and the loops are freed; carriers are told
 * nothing, but have no session any more. Claims are forgotten, surveys under way are `done` when
 * their loop is freed. */
void gw_sessions_free(struct gw_sessions *sessions);
/* The table of worker i. */
struct gw_session_table *gw_sessions_table(struct gw_sessions *sessions, unsigned i);

/* What has happened on one worker since its start; on its thread. */
struct gw_session_counts {
  size_t sessions, parked; /* now; parked ones are among the sessions */
  uint64_t slow_disconnected, slow_dropped, slow_conflated; /* sessions; publications */
  uint64_t resumed, expired;
};
struct gw_session_counts gw_session_table_counts(const struct gw_session_table *table);

/* ---- life ---- */

/* [0-9A-Za-z_-]: where it was born, and 126 random bits: who knows it may resume it. */
#define GW_SESSION_ID_LEN 24

/* A session of this identity with this carrier attached. GW_ERR_MEMORY, GW_ERR_SYSTEM. */
int gw_session_open(struct gw_session_table *table, const struct gw_identity *who,
                    struct gw_carrier *carrier, struct gw_session **out_session);
/* The carrier is gone. Is it `over`, the session ends with it; else it is parked. Where the carrier
 * has no session: nothing. */
void gw_carrier_detach(struct gw_carrier *carrier, bool is_over);
/* It is over, and its carrier's end function is told; the carrier has no session then. */
void gw_session_end(struct gw_session *session, enum gw_close_code code);
/* After a push or is_waiting has told so, all that waited has gone. */
void gw_carrier_drained(struct gw_carrier *carrier);

/* Who it is from now on. The channels that it holds stay held, under the new name; inboxes other
 * than its own are left. GW_ERR_MEMORY, GW_ERR_FULL: it is who it was. */
int gw_session_identify(struct gw_session *session, const struct gw_identity *who);
/* Lent as long as the session lives and is not identified anew. */
struct gw_str gw_session_user(const struct gw_session *session); /* at NULL: nobody known */
/* With whether it may use the API: for the gate. */
struct gw_identity gw_session_identity(const struct gw_session *session);
void gw_session_id(const struct gw_session *session, char out[GW_SESSION_ID_LEN + 1]);
uint64_t gw_session_since(const struct gw_session *session);             /* ms since 1970 */
struct gw_carrier *gw_session_carrier(const struct gw_session *session); /* NULL: parked */

/* ---- resuming ---- */

/* A question for a session, embedded in the asker. */
struct gw_claim {
  /* On the asker's thread, perhaps before gw_session_claim returns. It is parked and on the asker's
   * worker now (another carrier that it had has been ended with GW_CLOSE_REPLACED): attach to it in
   * the call, or it stays parked. NULL: there is none of that id. */
  void (*on_claimed)(struct gw_claim *claim, struct gw_session *session);
  void *held; /* the sessions' own */
};
/* GW_ERR_MEMORY: no answer follows. */
int gw_session_claim(struct gw_session_table *table, struct gw_str id, struct gw_claim *claim);
/* The asker goes away: a session that was on its way stays parked. Harmless after the answer. */
void gw_session_unclaim(struct gw_session_table *table, struct gw_claim *claim);
/* To a parked one. Its subscriptions stay parked until each is asked for again
 * (gw_session_subscribe); those that are not within resume_ms are dropped. */
void gw_session_attach(struct gw_session *session, struct gw_carrier *carrier);

/* ---- channels ---- */

struct gw_user;

struct gw_subscription {
  struct gw_subscriber subscriber;
  union {
    struct gw_session *session;
    struct gw_user *user; /* of no session any more: presence.c */
  };
  struct gw_subscription *next; /* of its session */
  uint64_t offset; /* with `epoch`: of the last publication that was pushed, or where it began */
  char epoch[GW_EPOCH_LEN]; /* all-zero: nowhere */
  uint8_t state, slow;      /* the session's own, as all that follows */
  bool is_inbox, is_attending;
  union {
    struct gw_name *name;          /* while it is not live: the hub need not know it */
    struct gw_publication *newest; /* live: of those that wait or were left out; NULL: none */
  };
};

/* Holds a channel: on_subscribed follows (perhaps at once), then what came after `after` (NULL:
 * where the channel stands now; for a parked one: where it stood), then what comes. A subscription
 * that has been parked is the same one again. GW_ERR_STATE (it is held and not parked, or the
 * session has no carrier), GW_ERR_FULL (as many as a session may hold, or the store is too busy),
 * GW_ERR_ARGUMENT (the name), GW_ERR_MEMORY, GW_ERR_CLOSED (the session has gone meanwhile): no
 * on_subscribed. out_subscription (may be NULL) is set before on_subscribed is called, and to NULL
 * where the subscription has gone by the time of the return. */
int gw_session_subscribe(struct gw_session *session, struct gw_str channel,
                         const struct gw_cursor *after, void *asked,
                         struct gw_subscription **out_subscription);
/* The same for the inbox of its user, from what it keeps on (NULL). GW_ERR_STATE: nobody known, or
 * held already. */
int gw_session_subscribe_inbox(struct gw_session *session, const struct gw_cursor *after);
/* May be called in every function of a carrier. */
void gw_session_unsubscribe(struct gw_subscription *subscription); /* freed */
/* What gw_session_subscribe was given, until on_subscribed takes it. Where the subscription goes
 * before that (unsubscribe, detach, end) nobody is told: memory of one's own is kept elsewhere too.
 */
void *gw_subscription_asked(const struct gw_subscription *subscription);
void *gw_subscription_take_asked(struct gw_subscription *subscription);
struct gw_cursor gw_subscription_cursor(const struct gw_subscription *subscription);
struct gw_subscription *gw_session_find(const struct gw_session *session, struct gw_str channel);
struct gw_subscription *gw_session_first(const struct gw_session *session);
/* The first that is not parked; NULL. A carrier of one channel has it by this. */
struct gw_subscription *gw_session_heard(const struct gw_session *session);
/* The name; in every state. */
struct gw_str gw_subscription_channel(const struct gw_subscription *subscription);

/* ---- asking every worker ---- */

/* Goes from worker to worker, then back; embedded in the asker, who keeps it until `done`. */
struct gw_survey {
  struct gw_task task; /* the survey's own */
  struct gw_sessions *sessions;
  unsigned at, home;
  /* On each worker's thread, one after the other. True: enough, go back. A session that moves from
   * one worker to another at that very moment may be seen by none of the visits. */
  bool (*visit)(struct gw_survey *survey, struct gw_session_table *table);
  void (*done)(struct gw_survey *survey); /* on the asker's thread, never inside gw_survey_start */
};
void gw_survey_start(struct gw_survey *survey, struct gw_session_table *from);

/* In a visit: the session of that id, where it is here; NULL. */
struct gw_session *gw_session_table_find(const struct gw_session_table *table, struct gw_str id);
/* In a visit: the first session of a user that is here, and the next; NULL. */
struct gw_session *gw_session_table_user(const struct gw_session_table *table, struct gw_str user);
struct gw_session *gw_session_next_of_user(const struct gw_session *session);
/* In a visit: walks over the users with sessions here (start with *at = 0): the first session of
 * each; NULL at the end. */
struct gw_session *gw_session_table_next_user(const struct gw_session_table *table, size_t *at);

#endif
