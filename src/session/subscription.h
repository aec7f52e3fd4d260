/* SPDX-License-Identifier: MIT */
/* What subscription.c and delivery.c do to one subscription alike. */
#ifndef GW_SESSION_SUBSCRIPTION_H
#define GW_SESSION_SUBSCRIPTION_H

#include "session/table.h"

/* ---- where it stands ---- */

static inline void gw_subscription_stand_at(struct gw_subscription *subscription,
                                            const struct gw_cursor *cursor) {
  memcpy(subscription->epoch, cursor->epoch, GW_EPOCH_LEN);
  subscription->offset = cursor->offset;
}

static inline bool gw_subscription_stands(const struct gw_subscription *subscription) {
  return subscription->epoch[0] != '\0';
}

/* ---- guards ---- */

static inline void gw_guard_begin(struct gw_session_table *table, struct gw_guard *guard,
                                  struct gw_subscription *subscription) {
  *guard = (struct gw_guard){subscription, table->guards};
  table->guards = guard;
}

/* Whether it is there still. */
static inline bool gw_guard_end(struct gw_session_table *table, const struct gw_guard *guard) {
  table->guards = guard->outer;
  return guard->subscription != NULL;
}

/* ---- subscription.c ---- */

/* From its cursor. The answer may come within; below 0 none comes. */
int gw_subscription_enter_hub(struct gw_subscription *subscription);
/* Out of the hub. Its name is kept; not from live. */
void gw_subscription_stand_aside(struct gw_subscription *subscription,
                                 enum gw_subscription_state state);

/* ---- delivery.c ---- */

/* What a subscription of a session does with what the hub tells it. */
extern const struct gw_subscriber_ops gw_subscription_hearing;

#endif
