/* SPDX-License-Identifier: MIT */
/* GET on a channel: what its history holds, at once. */
#ifndef GW_TRANSPORT_POLL_H
#define GW_TRANSPORT_POLL_H

#include "hub/hub.h"
#include "transport/request.h"

/* Answers 200 with JSON `{channel, cursor, recovered, missed?, publications}`, now or when the
 * channel's home has answered. Borrows the request. */
void gw_poll_serve(struct gw_exchange *exchange, struct gw_hub *hub,
                   const struct gw_channel_request *request);

/* What the head of an answer tells besides. */
struct gw_poll_words {
  bool has_wait; /* the request asked to wait: how long it might have, in seconds */
  unsigned wait;
  const char *session; /* NULL: none */
};
/* Answers 200 with that JSON and as many of the publications as fit. */
void gw_poll_answer(struct gw_exchange *exchange, struct gw_str channel,
                    const struct gw_recovery *recovery, const struct gw_poll_words *words);

#endif
