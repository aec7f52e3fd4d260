/* SPDX-License-Identifier: MIT */
/* Answers that are given alike whatever was asked. */
#ifndef GW_TRANSPORT_ANSWER_H
#define GW_TRANSPORT_ANSWER_H

#include "session/carrier.h"

struct gw_buf;
struct gw_exchange;

/* What an error of the hub's or a session's is in HTTP: 503 where trying again may help, else
 * 400, 403 or 500. */
unsigned gw_answer_status(int err);
/* That, as a problem in the error's words. */
void gw_answer_error(struct gw_exchange *exchange, int err);
/* The session has ended before its answer could begin: 503, in the words of the code. */
void gw_answer_ended(struct gw_exchange *exchange, enum gw_close_code code);
/* This status (2xx), with JSON that nobody may keep; where `err` is below 0, what has been written
 * is not whole, and the error is the answer. Clears `json`. */
void gw_answer_json(struct gw_exchange *exchange, unsigned status, int err, struct gw_buf *json);

#endif
