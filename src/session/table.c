/* SPDX-License-Identifier: MIT */
/*
 * The sessions of each worker, found by id and by user. Each table is used on its worker's thread;
 * the struct of all of them is counted, for what is posted between the loops may run after its
 * owner has freed it.
 */
#include "session/table.h"

#include "godwit/error.h"

#include <stdlib.h>

/* ---- users ---- */

struct gw_str gw_user_name(const struct gw_user *user) {
  if (!user) return (struct gw_str){NULL, 0};
  return (struct gw_str){user->name, user->name_len};
}

struct gw_user *gw_user_ref(struct gw_user *user) {
  if (user) user->refs++;
  return user;
}

struct gw_user *gw_user_get(struct gw_session_table *table, struct gw_str name) {
  struct gw_user *user = gw_map_get(&table->users, name);
  if (user) return gw_user_ref(user);
  user = malloc(offsetof(struct gw_user, name) + name.len);
  if (!user) return NULL;
  user->sessions = NULL;
  user->refs = 1;
  user->name_len = (uint8_t)name.len;
  memcpy(user->name, name.at, name.len);
  if (gw_map_add(&table->users, user) == 0) return user;
  free(user);
  return NULL;
}

void gw_user_unref(struct gw_session_table *table, struct gw_user *user) {
  if (!user || --user->refs > 0) return;
  gw_map_remove(&table->users, gw_user_name(user));
  free(user);
}

/* ---- finding ---- */

struct gw_session *gw_session_table_find(const struct gw_session_table *table, struct gw_str id) {
  if (id.len != GW_SESSION_ID_LEN) return NULL;
  struct gw_index_entry *entry = gw_index_find(&table->held, id.at);
  return entry ? gw_container_of(entry, struct gw_session, entry) : NULL;
}

static struct gw_session *first_of(const struct gw_user *user) {
  return user->sessions ? gw_container_of(user->sessions, struct gw_session, of_user) : NULL;
}

struct gw_session *gw_session_table_user(const struct gw_session_table *table, struct gw_str name) {
  const struct gw_user *user = gw_map_get(&table->users, name);
  return user ? first_of(user) : NULL;
}

struct gw_session *gw_session_next_of_user(const struct gw_session *session) {
  if (!session->user || session->of_user.next == session->user->sessions) return NULL;
  return gw_container_of(session->of_user.next, struct gw_session, of_user);
}

struct gw_session *gw_session_table_next_user(const struct gw_session_table *table, size_t *at) {
  for (const struct gw_user *user; (user = gw_map_next(&table->users, at));) {
    struct gw_session *first = first_of(user);
    if (first) return first;
  }
  return NULL;
}

/* ---- what there is ---- */

struct gw_session_table *gw_sessions_table(struct gw_sessions *sessions, unsigned i) {
  return sessions->tables[i];
}

struct gw_session_counts gw_session_table_counts(const struct gw_session_table *table) {
  struct gw_session_counts counts = table->counts;
  counts.sessions = table->held.count;
  counts.parked = table->parked_count;
  return counts;
}

/* ---- life ---- */

static struct gw_str user_key(const void *value) {
  return gw_user_name(value);
}

void gw_sessions_ref(struct gw_sessions *sessions) {
  atomic_fetch_add_explicit(&sessions->refs, 1, memory_order_relaxed);
}

void gw_sessions_unref(struct gw_sessions *sessions) {
  if (atomic_fetch_sub_explicit(&sessions->refs, 1, memory_order_acq_rel) != 1) return;
  for (unsigned i = 0; i < sessions->n; i++)
    free(sessions->tables[i]);
  free(sessions);
}

static int table_new(struct gw_sessions *sessions, unsigned number, struct gw_loop *loop,
                     struct gw_hub *hub) {
  struct gw_session_table *table = calloc(1, sizeof *table);
  if (!table) return GW_ERR_MEMORY;
  table->sessions = sessions;
  table->number = number;
  table->loop = loop;
  table->hub = hub;
  gw_index_init(&table->held);
  gw_index_init(&table->away);
  gw_index_init(&table->awaited);
  gw_map_init(&table->users, user_key);
  gw_list_init(&table->parked);
  gw_list_init(&table->resuming);
  gw_session_table_watch(table);
  sessions->tables[number] = table;
  return 0;
}

static struct gw_sessions_options with_defaults(struct gw_sessions_options options) {
  if (options.resume_ms == 0) options.resume_ms = 30000;
  if (options.max_subscriptions == 0) options.max_subscriptions = 128;
  if (options.max_subscriptions > UINT16_MAX - 1) options.max_subscriptions = UINT16_MAX - 1;
  if (options.max_parked == 0) options.max_parked = 100000;
  return options;
}

int gw_sessions_new(const struct gw_sessions_options *options, struct gw_loop *const *loops,
                    struct gw_hub *const *hubs, unsigned n, struct gw_sessions **out_sessions) {
  struct gw_sessions *sessions =
      calloc(1, sizeof *sessions + n * sizeof(struct gw_session_table *));
  if (!sessions) return GW_ERR_MEMORY;
  sessions->options = with_defaults(*options);
  sessions->n = n;
  atomic_init(&sessions->refs, 1);
  int err = 0;
  for (unsigned i = 0; i < n && err == 0; i++)
    err = table_new(sessions, i, loops[i], hubs[i]);
  if (err < 0) {
    gw_sessions_unref(sessions);
    return err;
  }
  *out_sessions = sessions;
  return 0;
}

/* Without leaving anything: the server stops. */
static void session_discard(struct gw_session_table *table, struct gw_session *session) {
  struct gw_carrier *carrier = gw_carrier_of(session);
  if (carrier) carrier->session = NULL;
  for (struct gw_subscription *held; (held = gw_subscriptions_pop(session));)
    gw_subscription_discard(table, held);
  gw_user_unref(table, session->user);
  gw_wait_free(session);
  free(session);
}

static void table_clear(struct gw_session_table *table) {
  gw_loop_timer_cancel(table->loop, &table->expiry);
  gw_loop_timer_cancel(table->loop, &table->retry);
  struct gw_index_entry *entry = gw_index_take_all(&table->held);
  while (entry) {
    struct gw_index_entry *next = entry->next;
    session_discard(table, gw_container_of(entry, struct gw_session, entry));
    entry = next;
  }
  while (table->owed) {
    struct gw_subscription *next = table->owed->next;
    gw_user_unref(table, table->owed->user);
    gw_subscription_discard(table, table->owed);
    table->owed = next;
  }
  gw_map_clear(&table->users);
}

void gw_sessions_free(struct gw_sessions *sessions) {
  if (!sessions) return;
  sessions->is_closed = true;
  for (unsigned i = 0; i < sessions->n; i++) {
    gw_claims_clear(sessions->tables[i]);
    table_clear(sessions->tables[i]);
  }
  gw_sessions_unref(sessions);
}
