/* SPDX-License-Identifier: MIT */
/*
 * While the survey travels, the exchange is watched: a client that goes takes its exchange along,
 * and the survey comes home for nothing. Only the asker's thread looks at the exchange, only the
 * thread that is visited at what is found out.
 */
#include "server/inquiry.h"

#include "http/exchange.h"

static void on_gone(void *user) {
  struct gw_inquiry *inquiry = user;
  inquiry->exchange = NULL;
}

static const struct gw_exchange_events events = {.on_gone = on_gone};

static bool visit(struct gw_survey *survey, struct gw_session_table *table) {
  struct gw_inquiry *inquiry = gw_container_of(survey, struct gw_inquiry, survey);
  unsigned i = 0;
  while (inquiry->places->at[i].sessions != table)
    i++;
  return inquiry->ops->visit(inquiry, &inquiry->places->at[i]);
}

static void done(struct gw_survey *survey) {
  struct gw_inquiry *inquiry = gw_container_of(survey, struct gw_inquiry, survey);
  struct gw_exchange *exchange = inquiry->exchange;
  atomic_fetch_sub(&inquiry->places->inquiries, 1);
  if (exchange) {
    gw_exchange_watch(exchange, NULL, NULL);
    inquiry->ops->answer(inquiry, exchange);
  }
  inquiry->ops->free(inquiry);
}

void gw_inquiry_start(struct gw_inquiry *inquiry, const struct gw_inquiry_ops *ops,
                      struct gw_exchange *exchange, struct gw_places *places) {
  inquiry->ops = ops;
  inquiry->exchange = exchange;
  inquiry->places = places;
  inquiry->survey = (struct gw_survey){.visit = visit, .done = done};
  gw_exchange_watch(exchange, &events, inquiry);
  atomic_fetch_add(&places->inquiries, 1);
  gw_survey_start(&inquiry->survey, gw_places_find(places, exchange)->sessions);
}
