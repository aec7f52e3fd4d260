/* SPDX-License-Identifier: MIT */
/* The transports that there are; subscribe.c lists them. */
#ifndef GW_CLI_SUBSCRIBE_KINDS_H
#define GW_CLI_SUBSCRIBE_KINDS_H

#include "cli/subscribe_feed.h"

extern const struct gw_feed_kind gw_feed_websocket, gw_feed_raw, gw_feed_sse, gw_feed_ndjson,
    gw_feed_longpoll, gw_feed_poll;

#endif
