/* SPDX-License-Identifier: MIT */
/* Who is in the channels of a home: sessions that come and go, and who hears of it. */
#ifndef GW_BROKER_ATTEND_H
#define GW_BROKER_ATTEND_H

#include "broker/desk.h"

/* A session of `user` (at NULL: of nobody known) is in the channel, or is no more. */
void gw_attend_come(struct gw_desk *home, struct gw_str channel, struct gw_str user);
void gw_attend_go(struct gw_desk *home, struct gw_str channel, struct gw_str user);
/* What the home's `linger` timer runs. */
void gw_attend_on_due(struct gw_timer *timer);

#endif
