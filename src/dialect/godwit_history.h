/* SPDX-License-Identifier: MIT */
/* The answer to `history`: as many messages as there are, at the pace of who reads them. */
#ifndef GW_DIALECT_GODWIT_HISTORY_H
#define GW_DIALECT_GODWIT_HISTORY_H

#include "codec/godwit.h"
#include "hub/publication.h"

struct gw_talker;

/* `after` NULL: from the oldest that is kept. */
void gw_godwit_history(struct gw_talker *talker, const struct gw_godwit_request *request,
                       const struct gw_cursor *after);
/* All that waited for the client has gone: histories go on. */
void gw_godwit_history_drained(struct gw_talker *talker);

#endif
