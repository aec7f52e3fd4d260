/* SPDX-License-Identifier: MIT */
/* Intakes that only the lab has: polling at the beat of the lab, and clients that keep no cursor.
 */
#ifndef GW_CLI_LAB_KINDS_H
#define GW_CLI_LAB_KINDS_H

#include "cli/subscribe/intake.h"

/* Polls once when it begins, and then when it is told to; the second one never says where it
 * stands, so each answer holds the whole history. */
extern const struct gw_intake_kind gw_lab_poll, gw_lab_poll_naive;
/* False: the answer before has not come yet, or there is no connection. */
bool gw_lab_poll_ask(struct gw_intake *intake);

/* A WebSocket whose frames are payloads, from whenever it is open. */
extern const struct gw_intake_kind gw_lab_raw;

#endif
