/* SPDX-License-Identifier: MIT */
/* Short questions to the measured server, one at a time: its answers are whole and small. */
#ifndef GW_CLI_LAB_ASK_H
#define GW_CLI_LAB_ASK_H

#include "base/buf.h"
#include "loop/loop.h"

struct gw_lab_ask;

/* What came of it, in the order of the questions; err below 0, or a status with the body (lent).
 * Inside it the next may be asked. */
typedef void gw_lab_answered(void *owner, int err, unsigned status, struct gw_str body);

/* Of the server at 127.0.0.1:port. GW_ERR_MEMORY, GW_ERR_SYSTEM. */
int gw_lab_ask_new(struct gw_loop *loop, unsigned port, void *owner, struct gw_lab_ask **out_ask);
/* Asks for a path. GW_ERR_STATE while a question is open; GW_ERR_MEMORY. */
int gw_lab_ask(struct gw_lab_ask *ask, const char *method, const char *path,
               gw_lab_answered *on_answer);
bool gw_lab_ask_is_open(const struct gw_lab_ask *ask);
void gw_lab_ask_free(struct gw_lab_ask *ask); /* NULL is fine */

#endif
