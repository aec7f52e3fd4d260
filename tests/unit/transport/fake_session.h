/* SPDX-License-Identifier: MIT */
/* A session that does what the test says: it takes the carrier, and has an id. Belongs behind the
 * transport's own file. */
#ifndef GW_TEST_TRANSPORT_FAKE_SESSION_H
#define GW_TEST_TRANSPORT_FAKE_SESSION_H

#include <stdbool.h>
#include <stdio.h>

#include "transport/entry.h"

static struct gw_carrier *carrier; /* of the transport; NULL: it has left */
static bool was_over;

void gw_entry_start(struct gw_entry **entry, const struct gw_place *place, struct gw_carrier *c,
                    const struct gw_channel_request *request,
                    void (*refused)(struct gw_carrier *c, int err)) {
  (void)place;
  (void)request;
  (void)refused;
  *entry = NULL;
  carrier = c;
}

void gw_entry_cancel(struct gw_entry **entry) {
  (void)entry;
}

void gw_session_id(const struct gw_session *session, char out[GW_SESSION_ID_LEN + 1]) {
  (void)session;
  snprintf(out, GW_SESSION_ID_LEN + 1, "%s", "AbC-_9AbC-_9AbC-_9AbC-_9");
}

#endif
