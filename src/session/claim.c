/* SPDX-License-Identifier: MIT */
/*
 * How a session comes to the worker where its client has come back. A ticket travels: from the
 * asker to the worker of the session's birth, from there to where the session is, and home with it.
 *
 * Invariant: the worker of its birth knows where a session is or will be next (`away`; no note: at
 * home), and so puts all tickets for it in one order. A ticket that comes to a worker before the
 * session does waits behind the one of that worker which will bring it (`awaited`). A note lives as
 * long as its session: whoever ends it elsewhere sends word.
 *
 * Only the asker's thread touches a ticket's `entry.next`, `claim` and `queue`.
 */
#include "godwit/error.h"
#include "session/table.h"

#include <stdlib.h>

struct note {
  struct gw_index_entry entry;
  unsigned where;
};

struct ticket {
  struct gw_index_entry entry; /* in awaited */
  struct gw_task task;
  struct gw_sessions *sessions;
  struct gw_claim *claim; /* NULL: nobody asks any more */
  struct ticket *queue;   /* those that wait for this one, in their order */
  struct ticket *behind;  /* it in such a queue */
  unsigned holder;        /* where the session stays */
  unsigned asker, at;     /* whose it is, and to whom it is posted */
  void (*step)(struct gw_session_table *table, struct ticket *ticket); /* what it is for there */
  struct note *note; /* for the worker of its birth, which may need one */
  struct gw_session *session;
  uint8_t user_len;
  char user[GW_USER_MAX]; /* of the session that it carries */
};

static struct gw_str id_of(const struct ticket *ticket) {
  return (struct gw_str){ticket->entry.id, GW_SESSION_ID_LEN};
}

static struct gw_session_table *birthplace(const struct gw_sessions *sessions, const char *id) {
  return sessions->tables[gw_id_birth((struct gw_str){id, GW_SESSION_ID_LEN})];
}

/* ---- tickets ---- */

static struct ticket *ticket_new(struct gw_session_table *table, struct gw_str id,
                                 struct gw_claim *claim) {
  struct ticket *ticket = calloc(1, sizeof *ticket);
  struct note *note = calloc(1, sizeof *note);
  if (!ticket || !note) {
    free(ticket);
    free(note);
    return NULL;
  }
  memcpy(ticket->entry.id, id.at, GW_SESSION_ID_LEN);
  memcpy(note->entry.id, id.at, GW_SESSION_ID_LEN);
  ticket->sessions = table->sessions;
  ticket->asker = table->number;
  ticket->note = note;
  ticket->claim = claim;
  claim->held = ticket;
  return ticket;
}

/* What it carries has parked, so no hub knows of it. */
static void passenger_free(struct gw_session *session) {
  if (!session) return;
  for (struct gw_subscription *held; (held = gw_subscriptions_pop(session));) {
    free(held->name);
    free(held);
  }
  gw_wait_free(session);
  free(session);
}

static void ticket_free(struct ticket *ticket) {
  passenger_free(ticket->session);
  free(ticket->note);
  free(ticket);
}

/* With all that wait for it. */
static void ticket_abandon(struct ticket *ticket) {
  while (ticket->queue) {
    struct ticket *next = ticket->queue->behind;
    ticket_abandon(ticket->queue);
    ticket->queue = next;
  }
  ticket_free(ticket);
}

static struct ticket *awaited(const struct gw_session_table *table, const char *id) {
  struct gw_index_entry *entry = gw_index_find(&table->awaited, id);
  return entry ? gw_container_of(entry, struct ticket, entry) : NULL;
}

static void wait_behind(struct ticket *first, struct ticket *ticket) {
  struct ticket **at = &first->queue;
  while (*at)
    at = &(*at)->behind;
  ticket->behind = NULL;
  *at = ticket;
}

/* ---- the ways of a ticket ---- */

/* A ticket has come to a worker; or the loops have stopped, and it goes no further. */
static void arrive(struct gw_task *task) {
  struct ticket *ticket = gw_container_of(task, struct ticket, task);
  struct gw_sessions *sessions = ticket->sessions;
  if (sessions->is_closed)
    ticket_abandon(ticket);
  else
    ticket->step(sessions->tables[ticket->at], ticket);
  gw_sessions_unref(sessions);
}

static void send(struct ticket *ticket, unsigned to,
                 void (*step)(struct gw_session_table *table, struct ticket *ticket)) {
  ticket->at = to;
  ticket->step = step;
  ticket->task.run = arrive;
  gw_sessions_ref(ticket->sessions);
  gw_loop_post(ticket->sessions->tables[to]->loop, &ticket->task);
}

static void at_asker(struct gw_session_table *table, struct ticket *ticket);

static void send_home(struct ticket *ticket) {
  send(ticket, ticket->asker, at_asker);
}

/* ---- where the session is ---- */

/* The session of that id, where it is here, and parked: a carrier that it had has been replaced. */
static struct gw_session *take_over(struct gw_session_table *table, struct gw_str id) {
  struct gw_session *session = gw_session_table_find(table, id);
  if (!session || !gw_carrier_of(session)) return session;
  gw_session_park(session, GW_CLOSE_REPLACED);
  session = gw_session_table_find(table, id);
  return session && !gw_carrier_of(session) ? session : NULL;
}

/* What still counts as present here has to leave from here. */
static bool may_move(const struct gw_session *session) {
  for (const struct gw_subscription *held = session->subscriptions; held; held = held->next)
    if (held->is_attending) return false;
  return true;
}

static void note_where(struct gw_session_table *birth, struct ticket *ticket) {
  struct gw_index_entry *known = gw_index_find(&birth->away, ticket->entry.id);
  if (known) {
    gw_container_of(known, struct note, entry)->where = ticket->asker;
    return;
  }
  struct note *note = ticket->note;
  ticket->note = NULL;
  note->where = ticket->asker;
  gw_index_add(&birth->away, &note->entry);
}

static void depart(struct gw_session_table *table, struct gw_session *session,
                   struct ticket *ticket) {
  struct gw_user *user = session->user;
  struct gw_str name = gw_user_name(user);
  ticket->user_len = (uint8_t)name.len;
  if (name.at) memcpy(ticket->user, name.at, name.len);
  gw_session_leave(session);
  gw_user_unref(table, user);
  session->user = NULL;
  session->table = NULL;
  ticket->session = session;
  if (birthplace(table->sessions, ticket->entry.id) == table) note_where(table, ticket);
  send_home(ticket);
}

/* It has found the session, which stays where it is. */
static void at_birth_refused(struct gw_session_table *table, struct ticket *ticket) {
  struct gw_index_entry *known = gw_index_find(&table->away, ticket->entry.id);
  struct note *note = known ? gw_container_of(known, struct note, entry) : NULL;
  if (note && note->where == ticket->asker) note->where = ticket->holder;
  send_home(ticket);
}

static void refuse(struct gw_session_table *table, struct ticket *ticket) {
  ticket->holder = table->number;
  send(ticket, birthplace(table->sessions, ticket->entry.id)->number, at_birth_refused);
}

static void at_holder(struct gw_session_table *table, struct ticket *ticket) {
  struct gw_session *session = take_over(table, id_of(ticket));
  struct ticket *first = awaited(table, ticket->entry.id);
  if (session && may_move(session))
    depart(table, session, ticket);
  else if (session)
    refuse(table, ticket);
  else if (first && first != ticket) /* itself, where the worker of its birth was mistaken */
    wait_behind(first, ticket);
  else
    send_home(ticket);
}

/* ---- where it was born ---- */

static void at_birth(struct gw_session_table *table, struct ticket *ticket) {
  struct gw_index_entry *known = gw_index_find(&table->away, ticket->entry.id);
  if (gw_session_table_find(table, id_of(ticket))) {
    at_holder(table, ticket);
    return;
  }
  /* Neither here nor away: it has ended. To wait for another ticket now could be for one that waits
   * for this one. */
  if (!known) {
    send_home(ticket);
    return;
  }
  struct note *note = gw_container_of(known, struct note, entry);
  unsigned where = note->where;
  note->where = ticket->asker;
  if (where != table->number)
    send(ticket, where, at_holder);
  else
    at_holder(table, ticket);
}

static void forget_note(struct gw_session_table *birth, const char *id) {
  struct gw_index_entry *known = gw_index_find(&birth->away, id);
  if (!known) return;
  gw_index_remove(&birth->away, known);
  free(gw_container_of(known, struct note, entry));
}

/* ---- at home again ---- */

/* The session that it brings lives here now. NULL: it brings none, or there is no memory for its
 * user. */
static struct gw_session *settle(struct gw_session_table *table, struct ticket *ticket) {
  struct gw_session *session = ticket->session;
  ticket->session = NULL;
  if (!session) return NULL;
  struct gw_str name = {ticket->user, ticket->user_len};
  struct gw_user *user = name.len > 0 ? gw_user_get(table, name) : NULL;
  if (name.len > 0 && !user) {
    gw_session_dissolve(table, session);
    return NULL;
  }
  gw_session_enter(table, session, user);
  gw_session_wait(session);
  struct gw_index_entry *known = gw_index_find(&table->away, ticket->entry.id);
  if (known && gw_container_of(known, struct note, entry)->where == table->number)
    forget_note(table, ticket->entry.id);
  return session;
}

/* Frees the ticket. */
static void answer(struct gw_session_table *table, struct ticket *ticket,
                   struct gw_session *session) {
  struct gw_claim *claim = ticket->claim;
  ticket_free(ticket);
  if (claim) {
    claim->held = NULL;
    claim->on_claimed(claim, session);
  }
  gw_session_table_trim(table);
}

/* A ticket of this worker sets out. */
static void start(struct gw_session_table *table, struct ticket *ticket) {
  struct gw_session *session = take_over(table, id_of(ticket));
  if (session) {
    answer(table, ticket, session);
    return;
  }
  struct ticket *first = awaited(table, ticket->entry.id);
  if (first) {
    wait_behind(first, ticket);
    return;
  }
  gw_index_add(&table->awaited, &ticket->entry);
  const struct gw_session_table *birth = birthplace(table->sessions, ticket->entry.id);
  if (birth == table && gw_index_find(&table->away, ticket->entry.id))
    at_birth(table, ticket);
  else if (birth == table)
    send_home(ticket);
  else
    send(ticket, birth->number, at_birth);
}

/* What it has waited for has come, or has not: it waits for nothing else. */
static void after_waiting(struct gw_session_table *table, struct ticket *ticket) {
  if (gw_session_table_find(table, id_of(ticket)))
    at_holder(table, ticket);
  else
    send_home(ticket);
}

static void at_asker(struct gw_session_table *table, struct ticket *ticket) {
  gw_index_remove(&table->awaited, &ticket->entry);
  struct ticket *queue = ticket->queue;
  ticket->queue = NULL;
  answer(table, ticket, settle(table, ticket));
  while (queue) {
    struct ticket *next = queue->behind;
    queue->behind = NULL;
    if (queue->asker != table->number)
      after_waiting(table, queue);
    else if (queue->claim)
      start(table, queue);
    else
      ticket_free(queue);
    queue = next;
  }
}

/* ---- asking ---- */

int gw_session_claim(struct gw_session_table *table, struct gw_str id, struct gw_claim *claim) {
  int birth = gw_id_birth(id);
  struct gw_session *session = birth < 0 ? NULL : take_over(table, id);
  claim->held = NULL;
  if (session || birth < 0 || (unsigned)birth >= table->sessions->n) {
    claim->on_claimed(claim, session);
    gw_session_table_trim(table);
    return 0;
  }
  struct ticket *ticket = ticket_new(table, id, claim);
  if (!ticket) return GW_ERR_MEMORY;
  start(table, ticket);
  return 0;
}

void gw_session_unclaim(struct gw_session_table *table, struct gw_claim *claim) {
  (void)table;
  struct ticket *ticket = claim->held;
  if (ticket) ticket->claim = NULL;
  claim->held = NULL;
}

/* ---- the end ---- */

/* Lies in the memory of the session that has ended. */
struct farewell {
  struct gw_task task;
  struct gw_sessions *sessions;
  char id[GW_SESSION_ID_LEN];
};

static_assert(sizeof(struct farewell) <= sizeof(struct gw_session), "no room for a farewell");

static void on_farewell(struct gw_task *task) {
  struct farewell *farewell = gw_container_of(task, struct farewell, task);
  struct gw_sessions *sessions = farewell->sessions;
  if (!sessions->is_closed) forget_note(birthplace(sessions, farewell->id), farewell->id);
  free(farewell);
  gw_sessions_unref(sessions);
}

void gw_session_bury(struct gw_session_table *table, struct gw_session *session) {
  struct gw_sessions *sessions = table->sessions;
  const struct gw_session_table *birth = birthplace(sessions, session->entry.id);
  if (birth == table) {
    forget_note(table, session->entry.id);
    free(session);
    return;
  }
  struct farewell *farewell = (void *)session;
  char id[GW_SESSION_ID_LEN];
  memcpy(id, session->entry.id, sizeof id);
  *farewell = (struct farewell){.task.run = on_farewell, .sessions = sessions};
  memcpy(farewell->id, id, sizeof id);
  gw_sessions_ref(sessions);
  gw_loop_post(birth->loop, &farewell->task);
}

static void forget_claim(struct ticket *ticket) {
  if (ticket->claim) ticket->claim->held = NULL;
  ticket->claim = NULL;
}

/* The tickets themselves are freed when the loops that hold them are. */
void gw_claims_clear(struct gw_session_table *table) {
  struct gw_index_entry *entry = gw_index_take_all(&table->awaited);
  while (entry) {
    struct gw_index_entry *next = entry->next;
    struct ticket *ticket = gw_container_of(entry, struct ticket, entry);
    forget_claim(ticket);
    for (struct ticket *other = ticket->queue; other; other = other->behind)
      if (other->asker == table->number) forget_claim(other);
    entry = next;
  }
  for (entry = gw_index_take_all(&table->away); entry;) {
    struct gw_index_entry *next = entry->next;
    free(gw_container_of(entry, struct note, entry));
    entry = next;
  }
}
