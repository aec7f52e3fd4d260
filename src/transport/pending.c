/* SPDX-License-Identifier: MIT */
/*
 * Between a request and its answer lies the way to the channel's home and back. The client may go
 * meanwhile: then nobody is left to be answered.
 */
#include "transport/pending.h"

#include "godwit/error.h"
#include "http/exchange.h"

#include <stdlib.h>

static void on_gone(void *user) {
  struct gw_pending *pending = user;
  gw_hub_forget(pending->hub, &pending->ask);
  free(pending);
}

static const struct gw_exchange_events events = {.on_gone = on_gone};

struct gw_pending *gw_pending_new(struct gw_exchange *exchange, struct gw_hub *hub,
                                  struct gw_str channel,
                                  void (*on_answer)(struct gw_store_ask *ask, int err,
                                                    const struct gw_recovery *recovery)) {
  struct gw_pending *pending = malloc(sizeof *pending + channel.len);
  if (!pending) return NULL;
  *pending = (struct gw_pending){
      .ask.on_answer = on_answer, .exchange = exchange, .hub = hub, .channel.len = channel.len};
  memcpy(pending->text, channel.at, channel.len);
  pending->channel.at = pending->text;
  gw_exchange_watch(exchange, &events, pending);
  return pending;
}

void gw_pending_end(struct gw_pending *pending) {
  gw_exchange_watch(pending->exchange, NULL, NULL);
  free(pending);
}

void gw_pending_refuse(struct gw_exchange *exchange, int err) {
  switch (err) {
  case GW_ERR_FULL:
  case GW_ERR_MEMORY:
    gw_exchange_problem_with(exchange, 503, gw_error_text(err), "Retry-After: 1\r\n");
    break;
  case GW_ERR_ARGUMENT: gw_exchange_problem(exchange, 400, gw_error_text(err)); break;
  default: gw_exchange_problem(exchange, 500, gw_error_text(err)); break;
  }
}
