/* SPDX-License-Identifier: MIT */
/*
 * Which status an error is, and which header lines belong to an answer, is said here once for all
 * transports, dialects and resources.
 */
#include "transport/answer.h"

#include "base/buf.h"
#include "godwit/error.h"
#include "http/exchange.h"

unsigned gw_answer_status(int err) {
  switch (err) {
  case GW_ERR_FULL:
  case GW_ERR_MEMORY: return 503;
  case GW_ERR_ARGUMENT: return 400;
  case GW_ERR_FORBIDDEN: return 403;
  default: return 500;
  }
}

static void answer_problem(struct gw_exchange *exchange, unsigned status, const char *detail) {
  gw_exchange_problem_with(exchange, status, detail, status == 503 ? "Retry-After: 1\r\n" : NULL);
}

void gw_answer_error(struct gw_exchange *exchange, int err) {
  answer_problem(exchange, gw_answer_status(err), gw_error_text(err));
}

void gw_answer_ended(struct gw_exchange *exchange, enum gw_close_code code) {
  answer_problem(exchange, 503, gw_close_code_text(code));
}

void gw_answer_json(struct gw_exchange *exchange, unsigned status, int err, struct gw_buf *json) {
  if (err < 0)
    gw_answer_error(exchange, err);
  else
    gw_exchange_answer(exchange, &(struct gw_reply){.status = status,
                                                    .content_type = "application/json",
                                                    .headers = "Cache-Control: no-store\r\n",
                                                    .body = json->data,
                                                    .len = json->len});
  gw_buf_clear(json);
}
