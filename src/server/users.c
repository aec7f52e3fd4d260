/* SPDX-License-Identifier: MIT */
/* `/users`: who is online, over all workers. */
#include "server/api.h"

#include "http/exchange.h"
#include "server/census.h"
#include "server/inquiry.h"
#include "server/report.h"
#include "transport/answer.h"
#include "transport/request.h"

#include <stdlib.h>

enum {
  LIST_MAX = 1000
}; /* against an answer that takes all of the memory; `count` tells the rest */

struct roll {
  struct gw_inquiry inquiry;
  struct gw_census census;
  unsigned limit;
};

static bool visit(struct gw_inquiry *inquiry, const struct gw_place *place) {
  struct roll *roll = gw_container_of(inquiry, struct roll, inquiry);
  gw_census_add(&roll->census, place->sessions);
  return roll->census.err < 0;
}

static int write_list(struct gw_buf *out, const struct roll *roll) {
  size_t count = roll->census.users.count;
  struct gw_census_user **users = gw_census_list(&roll->census);
  if (!users && count > 0) return GW_ERR_MEMORY;
  int err = gw_buf_add_text(out, "{\"users\":[");
  for (size_t i = 0; i < count && i < roll->limit && err == 0; i++) {
    if (i > 0) err = gw_buf_add_text(out, ",\n ");
    if (err == 0) err = gw_report_user(out, users[i]->name, users[i]->sessions, users[i]->since);
  }
  free(users);
  return err == 0 ? gw_buf_printf(out, "],\"count\":%zu,\"sessions\":%zu}\n", count,
                                  roll->census.sessions)
                  : err;
}

static void answer(struct gw_inquiry *inquiry, struct gw_exchange *exchange) {
  const struct roll *roll = gw_container_of(inquiry, struct roll, inquiry);
  struct gw_buf out;
  gw_buf_init(&out, SIZE_MAX); /* LIST_MAX users */
  int err = roll->census.err < 0 ? roll->census.err : write_list(&out, roll);
  gw_answer_json(exchange, 200, err, &out);
}

static void roll_free(struct gw_inquiry *inquiry) {
  struct roll *roll = gw_container_of(inquiry, struct roll, inquiry);
  gw_census_clear(&roll->census);
  free(roll);
}

static const struct gw_inquiry_ops ops = {visit, answer, roll_free};

static void serve(struct gw_exchange *exchange, struct gw_places *places,
                  const struct gw_identity *who) {
  unsigned limit = LIST_MAX;
  (void)who;
  if (gw_request_limit(exchange, &limit) < 0) {
    gw_exchange_problem(exchange, 400, "limit is a number from 1 to 999999");
    return;
  }
  struct roll *roll = calloc(1, sizeof *roll);
  if (!roll) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return;
  }
  roll->limit = limit < LIST_MAX ? limit : LIST_MAX;
  gw_census_init(&roll->census);
  gw_inquiry_start(&roll->inquiry, &ops, exchange, places);
}

const struct gw_api_resource gw_api_users = {
    .path = "/users", .methods = "GET, HEAD", .serve = serve};
