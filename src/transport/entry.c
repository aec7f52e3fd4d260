/* SPDX-License-Identifier: MIT */
/*
 * Entering. A session that is named may have to come from another worker: until then what the
 * request said is kept, and nothing is where it needs no waiting.
 *
 * Invariant: whoever comes to hear a channel here is judged by the identity that the session has.
 */
#include "transport/entry.h"

#include "godwit/error.h"
#include "transport/request.h"

#include <stdlib.h>

struct gw_entry {
  struct gw_claim claim;
  struct gw_entry **slot;
  const struct gw_place *place;
  struct gw_carrier *carrier;
  void (*on_refused)(struct gw_carrier *carrier, int err);
  struct gw_identity who;
  struct gw_cursor after;
  bool has_after;
  struct gw_str channel;
  char text[];
};

/* What an entry is for. */
struct goal {
  const struct gw_place *place;
  const struct gw_identity *who;
  struct gw_str channel;
  const struct gw_cursor *after;
};

static int go_on(struct gw_session *claimed, const struct gw_identity *who,
                 struct gw_carrier *carrier) {
  struct gw_identity now = who->user_len ? *who : gw_session_identity(claimed);
  now.is_api = who->is_api; /* where the connection comes from, whoever had it before */
  gw_session_attach(claimed, carrier);
  return gw_session_identify(claimed, &now);
}

int gw_entry_take(struct gw_session *claimed, const struct gw_place *place,
                  const struct gw_identity *who, struct gw_str channel,
                  struct gw_carrier *carrier) {
  struct gw_session *session = claimed;
  int err = claimed ? go_on(claimed, who, carrier)
                    : gw_session_open(place->sessions, who, carrier, &session);
  if (err < 0 || !channel.at) return err;
  struct gw_identity is = gw_session_identity(session);
  return gw_gate_may_hear(place->gate, &is, channel) ? 0 : GW_ERR_FORBIDDEN;
}

static int enter(struct gw_carrier *carrier, struct gw_session *claimed, const struct goal *goal) {
  int err = gw_entry_take(claimed, goal->place, goal->who, goal->channel, carrier);
  if (err == 0)
    err = gw_session_subscribe(carrier->session, goal->channel, goal->after, NULL, NULL);
  if (err < 0) gw_carrier_detach(carrier, claimed == NULL);
  return err;
}

static void entry_free(struct gw_entry *entry) {
  *entry->slot = NULL;
  free(entry);
}

static void on_claimed(struct gw_claim *claim, struct gw_session *session) {
  struct gw_entry *entry = gw_container_of(claim, struct gw_entry, claim);
  struct gw_carrier *carrier = entry->carrier;
  void (*on_refused)(struct gw_carrier *, int) = entry->on_refused;
  *entry->slot = NULL; /* from here on there is nothing to cancel, whatever the carrier does */
  const struct goal goal = {entry->place, &entry->who, entry->channel,
                            entry->has_after ? &entry->after : NULL};
  int err = enter(carrier, session, &goal);
  free(entry);
  if (err < 0) on_refused(carrier, err);
}

static int claim(struct gw_entry **slot, const struct gw_entry *made,
                 const struct gw_channel_request *request) {
  struct gw_entry *entry = malloc(sizeof *entry + request->channel.len);
  if (!entry) return GW_ERR_MEMORY;
  *entry = *made;
  entry->channel = (struct gw_str){entry->text, request->channel.len};
  memcpy(entry->text, request->channel.at, request->channel.len);
  *slot = entry;
  int err = gw_session_claim(entry->place->sessions, request->session, &entry->claim);
  if (err < 0) entry_free(entry);
  return err;
}

void gw_entry_start(struct gw_entry **entry, const struct gw_place *place,
                    struct gw_carrier *carrier, const struct gw_channel_request *request,
                    void (*on_refused)(struct gw_carrier *carrier, int err)) {
  const struct gw_entry made = {.claim.on_claimed = on_claimed,
                                .slot = entry,
                                .place = place,
                                .carrier = carrier,
                                .on_refused = on_refused,
                                .who = request->who,
                                .after = request->after,
                                .has_after = request->has_after};
  const struct goal goal = {place, &request->who, request->channel,
                            request->has_after ? &request->after : NULL};
  *entry = NULL;
  int err = request->session.at ? claim(entry, &made, request) : enter(carrier, NULL, &goal);
  if (err < 0) on_refused(carrier, err);
}

void gw_entry_cancel(struct gw_entry **entry) {
  if (!*entry) return;
  gw_session_unclaim((*entry)->place->sessions, &(*entry)->claim);
  entry_free(*entry);
}
