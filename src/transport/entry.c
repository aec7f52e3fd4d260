/* SPDX-License-Identifier: MIT */
/*
 * Entering. A session that is named may have to come from another worker: until then what the
 * request said is kept, and nothing is where it needs no waiting.
 */
#include "transport/entry.h"

#include "godwit/error.h"
#include "transport/request.h"

#include <stdlib.h>

struct gw_entry {
  struct gw_claim claim;
  struct gw_entry **slot;
  struct gw_session_table *table;
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
  struct gw_session_table *table;
  const struct gw_identity *who;
  struct gw_str channel;
  const struct gw_cursor *after;
};

int gw_entry_take(struct gw_session *claimed, struct gw_session_table *table,
                  const struct gw_identity *who, struct gw_carrier *carrier) {
  struct gw_session *opened;
  if (!claimed) return gw_session_open(table, who, carrier, &opened);
  struct gw_identity now = who->user_len ? *who : gw_session_identity(claimed);
  now.is_api = who->is_api; /* where the connection comes from, whoever had it before */
  gw_session_attach(claimed, carrier);
  return gw_session_identify(claimed, &now);
}

static int enter(struct gw_carrier *carrier, struct gw_session *claimed, const struct goal *goal) {
  int err = gw_entry_take(claimed, goal->table, goal->who, carrier);
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
  const struct goal goal = {entry->table, &entry->who, entry->channel,
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
  int err = gw_session_claim(entry->table, request->session, &entry->claim);
  if (err < 0) entry_free(entry);
  return err;
}

void gw_entry_start(struct gw_entry **entry, struct gw_session_table *table,
                    struct gw_carrier *carrier, const struct gw_channel_request *request,
                    void (*on_refused)(struct gw_carrier *carrier, int err)) {
  const struct gw_entry made = {.claim.on_claimed = on_claimed,
                                .slot = entry,
                                .table = table,
                                .carrier = carrier,
                                .on_refused = on_refused,
                                .who = request->who,
                                .after = request->after,
                                .has_after = request->has_after};
  const struct goal goal = {table, &request->who, request->channel,
                            request->has_after ? &request->after : NULL};
  *entry = NULL;
  int err = request->session.at ? claim(entry, &made, request) : enter(carrier, NULL, &goal);
  if (err < 0) on_refused(carrier, err);
}

void gw_entry_cancel(struct gw_entry **entry) {
  if (!*entry) return;
  gw_session_unclaim((*entry)->table, &(*entry)->claim);
  entry_free(*entry);
}
