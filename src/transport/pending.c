/* SPDX-License-Identifier: MIT */
/*
 * Between a request and its answer lies the way to the channel's home and back. The client may go
 * meanwhile: then nobody is left to be answered.
 */
#include "transport/pending.h"

#include "godwit/error.h"
#include "http/exchange.h"
#include "transport/answer.h"

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
  if (!pending) {
    gw_answer_error(exchange, GW_ERR_MEMORY);
    return NULL;
  }
  *pending = (struct gw_pending){
      .ask.on_answer = on_answer, .exchange = exchange, .hub = hub, .channel.len = channel.len};
  memcpy(pending->text, channel.at, channel.len);
  pending->channel.at = pending->text;
  gw_exchange_watch(exchange, &events, pending);
  return pending;
}

void gw_pending_asked(struct gw_pending *pending, int err) {
  if (err < 0) gw_answer_error(gw_pending_end(pending), err);
}

struct gw_exchange *gw_pending_end(struct gw_pending *pending) {
  struct gw_exchange *exchange = pending->exchange;
  gw_exchange_watch(exchange, NULL, NULL);
  free(pending);
  return exchange;
}
