/* SPDX-License-Identifier: MIT */
/*
 * Sessions on three workers whose loops a test turns by hand, over the memory store, and carriers
 * that do as the test says and check what they are given.
 */
#ifndef GW_TEST_SESSION_RIG_H
#define GW_TEST_SESSION_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "broker/fake_loop.h"
#include "broker/memory.h"
#include "godwit/error.h"
#include "session/table.h"
#include "support/alloc.h"

enum { WORKERS = 3, NOTES = 256, RESUME_MS = 30000 };

enum note_kind { SUBSCRIBED, REFUSED, PUSHED, GAP, JOINED, LEFT, ENDED };

/* What a carrier was told. */
struct note_of {
  enum note_kind kind;
  uint64_t offset; /* pushed; or where it begins; or the close code */
  uint64_t missed;
  bool is_recovered;
  char channel[32], user[32], payload[32];
};

struct client {
  struct gw_carrier carrier;
  struct note_of notes[NOTES];
  unsigned n;
  int push_answer;    /* what push gives; below 0 nothing is noted */
  unsigned push_room; /* with `is_bounded`: pushes until it gives 1 */
  bool is_bounded, is_waiting, has_no_room_for_gaps;
  void (*act)(struct client *self, enum note_kind kind); /* within each function */
  struct gw_subscription *subscription;                  /* for the act */
  bool has_acted;
};

static struct gw_loop loops[WORKERS];
static struct gw_hub *hubs[WORKERS];
static struct gw_memory *memory;
static struct gw_rules *rules;
static struct gw_sessions *sessions;
static struct gw_sessions_options options;
static int refuse_attend; /* what attend gives; 0: goes through */
static int refuse_subscribe;
static int answer_subscribe; /* what a subscription is answered with; 0: as the store does */
static struct gw_store_ops refusing[WORKERS];
static const struct gw_store_ops *plain;

static inline struct gw_session_table *table(unsigned i) {
  return gw_sessions_table(sessions, i);
}

/* ---- the store, which can be told to refuse ---- */

static inline int attend_or_not(struct gw_store *store, struct gw_str channel, struct gw_str user,
                                bool is_here) {
  return refuse_attend ? refuse_attend : plain->attend(store, channel, user, is_here);
}

static inline int subscribe_or_not(struct gw_store *store, struct gw_str channel,
                                   const struct gw_cursor *after, struct gw_store_ask *ask) {
  if (refuse_subscribe) return refuse_subscribe;
  if (!answer_subscribe) return plain->subscribe(store, channel, after, ask);
  ask->on_answer(ask, answer_subscribe, NULL);
  return 0;
}

/* ---- the carrier ---- */

static inline struct note_of *note(struct client *client, enum note_kind kind,
                                   const struct gw_subscription *subscription) {
  assert_true(client->n < NOTES);
  struct note_of *noted = &client->notes[client->n++];
  *noted = (struct note_of){.kind = kind};
  if (!subscription) return noted;
  struct gw_str channel = gw_subscription_channel(subscription);
  assert_true(channel.len > 0 && channel.len < sizeof noted->channel);
  memcpy(noted->channel, channel.at, channel.len);
  return noted;
}

static inline void act(struct client *client, enum note_kind kind) {
  if (client->act) client->act(client, kind);
}

static inline void on_subscribed_note(struct gw_carrier *carrier,
                                      struct gw_subscription *subscription, int err,
                                      const struct gw_recovery *recovery) {
  struct client *client = gw_container_of(carrier, struct client, carrier);
  struct note_of *noted = note(client, err < 0 ? REFUSED : SUBSCRIBED, subscription);
  noted->offset = err < 0 ? (uint64_t)-err : recovery->cursor.offset;
  noted->is_recovered = err == 0 && recovery->is_recovered;
  noted->missed = err == 0 ? recovery->missed : 0;
  client->subscription = subscription;
  act(client, noted->kind);
}

static inline int push_note(struct gw_carrier *carrier, struct gw_subscription *subscription,
                            struct gw_publication *publication) {
  struct client *client = gw_container_of(carrier, struct client, carrier);
  client->subscription = subscription;
  if (client->push_answer < 0) {
    int answer = client->push_answer;
    act(client, PUSHED);
    return answer;
  }
  struct note_of *noted = note(client, PUSHED, subscription);
  noted->offset = publication->cursor.offset;
  if (publication->payload.len < sizeof noted->payload)
    memcpy(noted->payload, publication->payload.at, publication->payload.len);
  if (client->is_bounded) {
    if (client->push_room > 0) client->push_room--;
    client->is_waiting = client->push_room == 0;
  }
  bool is_waiting = client->is_waiting;
  act(client, PUSHED);
  return is_waiting;
}

static inline bool on_gap_note(struct gw_carrier *carrier, struct gw_subscription *subscription,
                               const struct gw_recovery *recovery) {
  struct client *client = gw_container_of(carrier, struct client, carrier);
  struct note_of *noted = note(client, GAP, subscription);
  noted->offset = recovery->cursor.offset;
  noted->missed = recovery->missed;
  client->subscription = subscription;
  act(client, GAP);
  return !client->has_no_room_for_gaps;
}

static inline void on_presence_note(struct gw_carrier *carrier,
                                    struct gw_subscription *subscription,
                                    struct gw_publication *notice) {
  struct client *client = gw_container_of(carrier, struct client, carrier);
  enum note_kind kind = notice->kind == GW_JOIN ? JOINED : LEFT;
  struct note_of *noted = note(client, kind, subscription);
  memcpy(noted->user, notice->from.at, notice->from.len);
  client->subscription = subscription;
  act(client, kind);
}

static inline bool is_waiting_now(struct gw_carrier *carrier) {
  return gw_container_of(carrier, struct client, carrier)->is_waiting;
}

static inline void on_end_note(struct gw_carrier *carrier, enum gw_close_code code) {
  struct client *client = gw_container_of(carrier, struct client, carrier);
  note(client, ENDED, NULL)->offset = code;
  act(client, ENDED);
}

static inline const char *transport_name(const struct gw_carrier *carrier) {
  (void)carrier;
  return "test";
}

static const struct gw_carrier_ops client_ops = {
    .transport = transport_name,
    .on_subscribed = on_subscribed_note,
    .push = push_note,
    .on_gap = on_gap_note,
    .on_presence = on_presence_note,
    .is_waiting = is_waiting_now,
    .end = on_end_note,
};

static inline void client_init(struct client *client) {
  *client = (struct client){.carrier.ops = &client_ops};
}

static inline void drain(struct client *client, unsigned room) {
  client->is_waiting = false;
  client->push_room = room;
  gw_carrier_drained(&client->carrier);
}

static inline unsigned count_of(const struct client *client, enum note_kind kind) {
  unsigned count = 0;
  for (unsigned i = 0; i < client->n; i++)
    count += client->notes[i].kind == kind;
  return count;
}

static inline const struct note_of *last_of(const struct client *client, enum note_kind kind) {
  for (unsigned i = client->n; i > 0; i--)
    if (client->notes[i - 1].kind == kind) return &client->notes[i - 1];
  fail_msg("nothing of the kind was noted");
  return NULL;
}

/* The pushes of all channels are first, first + 1 … last. */
static inline void pushed_exactly(const struct client *client, uint64_t first, uint64_t last) {
  uint64_t next = first;
  for (unsigned i = 0; i < client->n; i++) {
    if (client->notes[i].kind != PUSHED) continue;
    assert_int_equal(client->notes[i].offset, next);
    next++;
  }
  assert_int_equal(next, last + 1);
}

/* ---- the world ---- */

static inline void settle_all(void) {
  for (unsigned round = 0; round < 24; round++)
    for (unsigned i = 0; i < WORKERS; i++)
      fake_loop_turn(&loops[i]);
}

static inline void pass(uint64_t ms) {
  for (unsigned i = 0; i < WORKERS; i++)
    fake_loop_pass(&loops[i], ms);
  settle_all();
}

static inline int rig_setup(void **state) {
  (void)state;
  const char *problem;
  struct gw_loop *all[WORKERS];
  refuse_attend = refuse_subscribe = answer_subscribe = 0;
  for (unsigned i = 0; i < WORKERS; i++) {
    fake_loop_init(&loops[i]);
    all[i] = &loops[i];
  }
  if (gw_rules_new(&rules) < 0) return -1;
  static const char *const lines[] = {
      "*=presence:off,history:20", "room:*=presence:on", "drop:*=slow:drop", "tick:*=slow:conflate",
      "staff:*=publish:users",     "news:*=publish:api", "short:*=history:3"};
  for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
    if (gw_rules_add(rules, lines[i], &problem) < 0) return -1;
  struct gw_memory_options memory_options = {.rules = rules};
  if (gw_memory_new(&memory_options, all, WORKERS, &memory) < 0) return -1;
  for (unsigned i = 0; i < WORKERS; i++) {
    struct gw_store *store = gw_memory_store(memory, i);
    plain = store->ops;
    refusing[i] = *plain;
    refusing[i].attend = attend_or_not;
    refusing[i].subscribe = subscribe_or_not;
    if (gw_hub_new(store, &hubs[i]) < 0) return -1;
  }
  for (unsigned i = 0; i < WORKERS; i++)
    gw_memory_store(memory, i)->ops = &refusing[i];
  options = (struct gw_sessions_options){.rules = rules, .resume_ms = RESUME_MS};
  return gw_sessions_new(&options, all, hubs, WORKERS, &sessions);
}

static inline int rig_teardown(void **state) {
  (void)state;
  alloc_fail_at(0);
  gw_sessions_free(sessions);
  for (unsigned i = 0; i < WORKERS; i++)
    gw_hub_free(hubs[i]);
  gw_memory_free(memory);
  settle_all();
  gw_rules_free(rules);
  return 0;
}

static inline struct gw_identity who_is(const char *name) {
  struct gw_identity who = {.user_len = (uint8_t)strlen(name)};
  memcpy(who.user, name, who.user_len);
  return who;
}

static inline struct gw_session *open_as(unsigned worker, struct client *client, const char *name) {
  struct gw_session *session = NULL;
  struct gw_identity who = who_is(name);
  client_init(client);
  assert_int_equal(gw_session_open(table(worker), &who, &client->carrier, &session), 0);
  return session;
}

static inline struct gw_subscription *hold(struct gw_session *session, const char *channel,
                                           const struct gw_cursor *after) {
  struct gw_subscription *subscription = NULL;
  assert_int_equal(gw_session_subscribe(session, gw_str_of(channel), after, NULL, &subscription),
                   0);
  settle_all();
  return subscription;
}

static inline void publish_on(unsigned worker, const char *channel, const char *payload) {
  struct gw_publication_parts parts = {.channel = gw_str_of(channel),
                                       .payload = gw_str_of(payload)};
  assert_int_equal(
      gw_hub_publish(hubs[worker], gw_publication_new(&parts), (struct gw_str){0}, NULL), 0);
}

static inline void publish(const char *channel, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    publish_on(i % WORKERS, channel, "x"), settle_all();
}

/* A channel of a prefix whose home is a worker. */
static inline const char *channel_at(unsigned worker, const char *prefix) {
  static char names[8][32];
  static unsigned at;
  char *name = names[at++ % 8];
  for (unsigned i = 0; i < 1000; i++) {
    snprintf(name, sizeof names[0], "%s%u", prefix, i);
    unsigned posts[WORKERS];
    for (unsigned k = 0; k < WORKERS; k++)
      posts[k] = loops[k].posts;
    publish_on(worker, name, "first");
    bool is_here = true;
    settle_all();
    for (unsigned k = 0; k < WORKERS; k++)
      is_here = is_here && loops[k].posts == posts[k];
    if (is_here) return name;
  }
  fail_msg("no channel there");
  return NULL;
}

/* ---- claims ---- */

struct asker {
  struct gw_claim claim;
  struct client client;
  struct gw_session *session;
  unsigned answers;
};

static inline void on_claimed_attach(struct gw_claim *claim, struct gw_session *session) {
  struct asker *asker = gw_container_of(claim, struct asker, claim);
  asker->answers++;
  asker->session = session;
  if (session) gw_session_attach(session, &asker->client.carrier);
}

static inline void ask_for(struct asker *asker, unsigned worker, const char *id) {
  *asker = (struct asker){.claim.on_claimed = on_claimed_attach};
  client_init(&asker->client);
  assert_int_equal(gw_session_claim(table(worker), gw_str_of(id), &asker->claim), 0);
}

#endif
