/* SPDX-License-Identifier: MIT */
/* Questions, answered at their channel's home. */
#ifndef GW_BROKER_ANSWER_H
#define GW_BROKER_ANSWER_H

#include "broker/desk.h"

/* Takes the question (not an answer, not a delivery). Its asker is told: now, where it is on this
 * worker, else by letter. */
void gw_answer(struct gw_desk *home, struct gw_question *question);

#endif
