/* SPDX-License-Identifier: MIT */
/* What a session tells a client in godwit.v1, and how its publications are written. */
#ifndef GW_DIALECT_GODWIT_CARRIER_H
#define GW_DIALECT_GODWIT_CARRIER_H

#include "session/carrier.h"

struct gw_talker;

extern const struct gw_carrier_ops gw_godwit_carrier;

/* A publication of a channel as `msg`, of an inbox as `direct`; a notice as `join` or `leave`. As
 * gw_websocket_push. */
int gw_godwit_push(struct gw_talker *talker, struct gw_publication *publication, bool is_inbox);

#endif
