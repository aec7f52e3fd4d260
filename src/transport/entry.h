/* SPDX-License-Identifier: MIT */
/* The way of a request's carrier into a session, and of the session into the request's channel,
 * where it may hear that. */
#ifndef GW_TRANSPORT_ENTRY_H
#define GW_TRANSPORT_ENTRY_H

#include "transport/place.h"

struct gw_channel_request;
struct gw_entry; /* one that still waits for its session to come */

/* The session that has been claimed, where there is one (else NULL: a new one), with this carrier.
 * A request may say on the way back who it is, or leave it at who it was; GW_ERR_FORBIDDEN: as that
 * it may not hear the channel (at NULL: there is none to hear). GW_ERR_MEMORY, _SYSTEM: the carrier
 * has none; those of gw_session_identify. */
int gw_entry_take(struct gw_session *claimed, const struct gw_place *place,
                  const struct gw_identity *who, struct gw_str channel, struct gw_carrier *carrier);

/* The session that the request names, where there still is one, else a new one. The carrier's
 * on_subscribed follows, perhaps at once, or `on_refused` (the carrier has no session then): either
 * is the last that is done here. *entry is not NULL in between; the carrier and *entry must stay
 * where they are for so long. Borrows the request. */
void gw_entry_start(struct gw_entry **entry, const struct gw_place *place,
                    struct gw_carrier *carrier, const struct gw_channel_request *request,
                    void (*on_refused)(struct gw_carrier *carrier, int err));
/* The asker goes away. *entry may be NULL. */
void gw_entry_cancel(struct gw_entry **entry);

#endif
