/* SPDX-License-Identifier: MIT */
/* The answer of a poll, and of a long poll. */
#ifndef GW_TRANSPORT_POLL_H
#define GW_TRANSPORT_POLL_H

#include "hub/store.h"

struct gw_exchange;

/* What the head of an answer tells besides. */
struct gw_poll_words {
  bool has_wait; /* the request asked to wait: how long it might have, in seconds */
  unsigned wait;
  const char *session; /* NULL: none */
};
/* Answers 200 with JSON `{channel, cursor, recovered, missed?, publications}`: as many of them as
 * fit. */
void gw_poll_answer(struct gw_exchange *exchange, struct gw_str channel,
                    const struct gw_recovery *recovery, const struct gw_poll_words *words);

#endif
