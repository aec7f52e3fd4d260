/* SPDX-License-Identifier: MIT */
/*
 * The life of a session: opened with a carrier, parked without one, attached again, over. A session
 * that leaves its table can be found by nobody; only then is it taken apart, for telling that it
 * has left its channels may run the functions of other carriers.
 */
#include "godwit/error.h"
#include "session/table.h"

#include <stdlib.h>
#include <time.h>

/* ---- in a table ---- */

void gw_session_enter(struct gw_session_table *table, struct gw_session *session,
                      struct gw_user *user) {
  session->table = table;
  session->user = user;
  if (user) gw_ring_append(&user->sessions, &session->of_user);
  gw_index_add(&table->held, &session->entry);
}

static void stop_waiting(struct gw_session *session) {
  if (!session->is_waiting) return;
  if (!gw_carrier_of(session)) session->table->parked_count--;
  gw_list_remove(&session->wait->link);
}

void gw_session_leave(struct gw_session *session) {
  gw_rounds_stop(session, true);
  stop_waiting(session);
  gw_index_remove(&session->table->held, &session->entry);
  if (session->user) gw_ring_remove(&session->user->sessions, &session->of_user);
}

void gw_session_dissolve(struct gw_session_table *table, struct gw_session *session) {
  struct gw_user *user = session->user;
  for (struct gw_subscription *held; (held = gw_subscriptions_pop(session));)
    gw_subscription_free(table, held, user);
  gw_user_unref(table, user);
  gw_wait_free(session);
  gw_session_bury(table, session);
}

static uint64_t wall_clock(void) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int gw_session_open(struct gw_session_table *table, const struct gw_identity *who,
                    struct gw_carrier *carrier, struct gw_session **out_session) {
  struct gw_session *session = calloc(1, sizeof *session);
  if (!session) return GW_ERR_MEMORY;
  struct gw_user *user = NULL;
  int err = gw_id_make(&table->ids, table->number, session->entry.id);
  if (err == 0 && who->user_len > 0) {
    user = gw_user_get(table, gw_identity_user(who));
    if (!user) err = GW_ERR_MEMORY;
  }
  if (err < 0) {
    free(session);
    return err;
  }
  session->since = wall_clock() & ((UINT64_C(1) << 44) - 1);
  session->is_api = who->is_api;
  session->carried_by = carrier;
  carrier->session = session;
  gw_session_enter(table, session, user);
  *out_session = session;
  return 0;
}

/* ---- the carrier goes ---- */

static void set_carrier(struct gw_session *session, struct gw_carrier *carrier) {
  if (session->is_waiting)
    session->wait->carrier = carrier;
  else
    session->carried_by = carrier;
}

void gw_wait_free(struct gw_session *session) {
  if (!session->is_waiting) return;
  struct gw_wait *wait = session->wait;
  session->is_waiting = false;
  session->carried_by = wait->carrier;
  free(wait);
}

void gw_session_end(struct gw_session *session, enum gw_close_code code) {
  struct gw_session_table *table = session->table;
  struct gw_carrier *carrier = gw_carrier_of(session);
  bool is_told = session->is_leaving;
  gw_session_leave(session);
  gw_subscriptions_deafen(session);
  set_carrier(session, NULL);
  if (carrier) carrier->session = NULL;
  if (carrier && !is_told) carrier->ops->end(carrier, code);
  gw_session_dissolve(table, session);
}

static void arm(struct gw_session_table *table) {
  const struct gw_link *lists[] = {&table->parked, &table->resuming};
  uint64_t now = gw_loop_now(table->loop), due = UINT64_MAX;
  if (gw_timer_is_set(&table->expiry)) return;
  for (unsigned i = 0; i < 2; i++) {
    if (gw_list_is_empty(lists[i])) continue;
    const struct gw_wait *first = gw_container_of(lists[i]->next, struct gw_wait, link);
    if (first->due < due) due = first->due;
  }
  if (due < UINT64_MAX) gw_loop_timer_set(table->loop, &table->expiry, due > now ? due - now : 0);
}

static void wait_in(struct gw_link *list, struct gw_session *session) {
  struct gw_session_table *table = session->table;
  session->wait->due = gw_loop_now(table->loop) + table->sessions->options.resume_ms;
  gw_list_append(list, &session->wait->link);
  arm(table);
}

static bool wait_new(struct gw_session *session) {
  if (session->is_waiting) return true;
  struct gw_wait *wait = calloc(1, sizeof *wait);
  if (!wait) return false;
  gw_list_init(&wait->link);
  wait->session = session;
  wait->carrier = session->carried_by;
  session->wait = wait;
  session->is_waiting = true;
  return true;
}

void gw_session_wait(struct gw_session *session) {
  gw_list_remove(&session->wait->link);
  session->table->parked_count++;
  wait_in(&session->table->parked, session);
}

void gw_session_park(struct gw_session *session, enum gw_close_code code) {
  struct gw_session_table *table = session->table;
  struct gw_carrier *carrier = gw_carrier_of(session);
  bool is_told = session->is_leaving;
  char id[GW_SESSION_ID_LEN];
  memcpy(id, session->entry.id, sizeof id);
  if (!wait_new(session) || gw_subscriptions_park(session) < 0) {
    gw_session_end(session, code);
    return;
  }
  carrier->session = NULL;
  set_carrier(session, NULL);
  session->is_leaving = false;
  gw_session_wait(session);
  if (!is_told) carrier->ops->end(carrier, code);
  session = gw_session_table_find(table, (struct gw_str){id, sizeof id});
  if (session && !gw_carrier_of(session)) gw_presence_leave_parked(session);
}

void gw_carrier_detach(struct gw_carrier *carrier, bool is_over) {
  struct gw_session *session = carrier->session;
  if (!session) return;
  struct gw_session_table *table = session->table;
  session->is_leaving = true; /* whoever detaches knows that it ends */
  if (is_over)
    gw_session_end(session, GW_CLOSE_FAILED);
  else
    gw_session_park(session, GW_CLOSE_FAILED);
  gw_session_table_trim(table);
}

void gw_session_stop(struct gw_session *session, enum gw_close_code code) {
  struct gw_carrier *carrier = gw_carrier_of(session);
  if (!carrier || session->is_leaving) return;
  if (gw_subscriptions_park(session) < 0) {
    gw_session_end(session, code ? code : GW_CLOSE_FAILED);
    return;
  }
  session->is_leaving = true;
  if (code) carrier->ops->end(carrier, code);
}

/* ---- time ---- */

void gw_session_table_trim(struct gw_session_table *table) {
  while (table->parked_count > table->sessions->options.max_parked) {
    struct gw_wait *oldest = gw_container_of(table->parked.next, struct gw_wait, link);
    table->counts.expired++;
    gw_session_end(oldest->session, GW_CLOSE_FAILED);
  }
}

static struct gw_session *next_due(struct gw_session_table *table, struct gw_link *list) {
  if (gw_list_is_empty(list)) return NULL;
  struct gw_wait *first = gw_container_of(list->next, struct gw_wait, link);
  return first->due <= gw_loop_now(table->loop) ? first->session : NULL;
}

static void on_expiry(struct gw_timer *timer) {
  struct gw_session_table *table = gw_container_of(timer, struct gw_session_table, expiry);
  for (struct gw_session *session; (session = next_due(table, &table->parked));) {
    table->counts.expired++;
    gw_session_end(session, GW_CLOSE_FAILED);
  }
  for (struct gw_session *session; (session = next_due(table, &table->resuming));) {
    gw_list_remove(&session->wait->link);
    gw_wait_free(session);
    gw_subscriptions_drop_parked(session);
  }
  arm(table);
}

void gw_session_table_watch(struct gw_session_table *table) {
  table->expiry.on_due = on_expiry;
  table->retry.on_due = gw_presence_on_retry;
}

/* ---- a carrier comes ---- */

void gw_session_attach(struct gw_session *session, struct gw_carrier *carrier) {
  struct gw_session_table *table = session->table;
  stop_waiting(session);
  set_carrier(session, carrier);
  carrier->session = session;
  table->counts.resumed++;
  if (session->subscriptions) {
    wait_in(&table->resuming, session);
    return;
  }
  gw_wait_free(session);
}

/* ---- who and where ---- */

struct gw_str gw_session_user(const struct gw_session *session) {
  return gw_user_name(session->user);
}

struct gw_identity gw_session_identity(const struct gw_session *session) {
  struct gw_str user = gw_session_user(session);
  struct gw_identity who = {.is_api = session->is_api, .user_len = (uint8_t)user.len};
  if (user.len) memcpy(who.user, user.at, user.len);
  return who;
}

void gw_session_id(const struct gw_session *session, char out[GW_SESSION_ID_LEN + 1]) {
  memcpy(out, session->entry.id, GW_SESSION_ID_LEN);
  out[GW_SESSION_ID_LEN] = '\0';
}

uint64_t gw_session_since(const struct gw_session *session) {
  return session->since;
}

struct gw_carrier *gw_session_carrier(const struct gw_session *session) {
  return gw_carrier_of(session);
}
