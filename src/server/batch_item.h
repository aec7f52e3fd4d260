/* SPDX-License-Identifier: MIT */
/* One element of a batch (`POST /publish`), as JSON has it. */
#ifndef GW_SERVER_BATCH_ITEM_H
#define GW_SERVER_BATCH_ITEM_H

#include "base/str.h"
#include "hub/publication.h"

/* What it says, decoded; at NULL: not said. Lent until gw_batch_item_clear, and as long as the text
 * that was read. */
struct gw_batch_item {
  struct gw_str channel, user, event, key; /* as it names them, not yet looked at */
  struct gw_str payload, content_type;
  bool is_binary;
  void *held[8]; /* its own */
  unsigned n_held;
};

/* `{channel | user, event?, data | text | base64, idempotency_key?}`; other members are passed
 * over. The value is known to be JSON. 0; GW_ERR_MEMORY; GW_ERR_ARGUMENT, and in words what is
 * wrong (constant). It is to be cleared in every case. */
int gw_batch_item_read(struct gw_str value, struct gw_batch_item *out, const char **out_problem);
void gw_batch_item_clear(struct gw_batch_item *item);

#endif
