/* SPDX-License-Identifier: MIT */
/* The transports that there are; subscribe.c lists them. */
#ifndef GW_CLI_SUBSCRIBE_KINDS_H
#define GW_CLI_SUBSCRIBE_KINDS_H

#include "cli/subscribe/intake.h"

extern const struct gw_intake_kind gw_intake_websocket, gw_intake_raw, gw_intake_sse,
    gw_intake_ndjson, gw_intake_longpoll, gw_intake_poll;

#endif
