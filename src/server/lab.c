/* SPDX-License-Identifier: MIT */
/* `/lab/start`: has whoever runs this server start the lab beside it. The server itself knows of no
 * processes. */
#include "server/api.h"

#include "base/buf.h"
#include "godwit/error.h"
#include "http/exchange.h"
#include "transport/answer.h"

static void answer(struct gw_exchange *exchange, bool is_started) {
  struct gw_buf json;
  gw_buf_init(&json, 64);
  int err = gw_buf_printf(&json, "{\"started\":%s}\n", is_started ? "true" : "false");
  gw_answer_json(exchange, is_started ? 202 : 200, err, &json);
}

static void serve(struct gw_exchange *exchange, struct gw_places *places,
                  const struct gw_identity *who) {
  const struct gw_starter *lab = &places->lab;
  (void)who;
  int r = lab->start ? lab->start(lab->user) : GW_ERR_ADDRESS;
  if (r == GW_ERR_ADDRESS)
    gw_exchange_problem(exchange, 501, "this server has no lab; godwit lab URL runs one");
  else if (r < 0)
    gw_answer_error(exchange, r);
  else
    answer(exchange, r == 0);
}

const struct gw_api_resource gw_api_lab = {.path = "/lab/start", .methods = "POST", .serve = serve};
