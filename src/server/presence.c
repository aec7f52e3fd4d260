/* SPDX-License-Identifier: MIT */
/* Who is there is known at the channel's home, which makes a list of at most as many as one may
 * show; the numbers are of all. */
#include "server/presence.h"

#include "http/exchange.h"
#include "server/report.h"
#include "transport/answer.h"
#include "transport/pending.h"

static int write_members(struct gw_buf *out, const struct gw_members *members) {
  int err = gw_buf_add_text(out, "{\"users\":[");
  for (unsigned i = 0; i < members->n && err == 0; i++) {
    if (i > 0) err = gw_buf_add_text(out, ",\n ");
    if (err == 0)
      err = gw_report_user(out, members->at[i].user, members->at[i].sessions, members->at[i].since);
  }
  return err == 0 ? gw_buf_printf(out, "],\"count\":%u,\"sessions\":%u}\n", members->users,
                                  members->sessions)
                  : err;
}

static void on_answer(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_pending *pending = gw_container_of(ask, struct gw_pending, ask);
  struct gw_buf out;
  gw_buf_init(&out, SIZE_MAX); /* the list has a limit */
  if (err == 0) err = write_members(&out, recovery->members);
  gw_answer_json(gw_pending_end(pending), 200, err, &out);
}

void gw_presence_serve(struct gw_exchange *exchange, const struct gw_place *place,
                       const struct gw_channel_request *request) {
  if (!gw_rules_of(place->gate->rules, request->channel)->has_presence) {
    gw_exchange_problem(exchange, 404, "this channel has no presence");
    return;
  }
  struct gw_pending *pending = gw_pending_new(exchange, place->hub, request->channel, on_answer);
  if (pending)
    gw_pending_asked(pending, gw_hub_members(place->hub, request->channel, &pending->ask));
}
