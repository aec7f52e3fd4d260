/* SPDX-License-Identifier: MIT */
/*
 * Nothing happens inside on_request but reading: the rest is deferred to the end of the turn, so
 * that whatever answers at once finds an exchange that can be accepted.
 *
 * Invariant: while the opening lives, its exchange is watched; whoever goes before the 101 leaves
 * no session behind that it had not had before.
 */
#include "dialect/opening.h"

#include "godwit/error.h"
#include "godwit/websocket.h"
#include "http/exchange.h"
#include "transport/answer.h"
#include "transport/entry.h"

#include <stdio.h>
#include <stdlib.h>

static void opening_free(struct gw_opening *opening) {
  opening->exchange = NULL;
  if (!opening->is_deferred) free(opening);
}

/* ---- the client goes ---- */

static void on_gone(void *user) {
  struct gw_opening *opening = user;
  gw_session_unclaim(opening->place->sessions, &opening->claim);
  gw_carrier_detach(opening->carrier, !opening->is_resumed);
  opening_free(opening);
}

static const struct gw_exchange_events events = {.on_gone = on_gone};

/* ---- reading ---- */

/* What is wrong with it; NULL: nothing. */
static const char *read_request(const struct gw_exchange *exchange, struct gw_opening *opening) {
  static const char channels[] = "/channels/";
  struct gw_str path = exchange->head->path;
  const char *problem = NULL;
  int inbox = gw_request_cursor(exchange, "inbox", &opening->inbox);
  if (inbox < 0) return "the cursor (inbox) is not one that this server gives";
  opening->has_inbox = inbox == 1;
  if (path.len >= sizeof channels - 1 && memcmp(path.at, channels, sizeof channels - 1) == 0)
    gw_channel_request_read(exchange, &opening->request, &problem);
  else
    gw_session_request_read(exchange, &opening->request, &problem);
  if (!problem && opening->request.is_presence) problem = "presence has no WebSocket";
  if (!problem) gw_request_admit(exchange, opening->place->gate, &opening->request.who, &problem);
  opening->is_local = gw_request_is_local(exchange);
  return problem;
}

/* Where that is not the session's to say (gw_entry_take). */
static bool may_hear(const struct gw_opening *opening) {
  const struct gw_channel_request *request = &opening->request;
  return !request->channel.at || gw_request_is_sessions(request) ||
         gw_gate_may_hear(opening->place->gate, &request->who, request->channel);
}

/* ---- the session ---- */

/* NULL: it has had none, or has none any more. */
static void take(struct gw_opening *opening, struct gw_session *claimed) {
  opening->is_resumed = claimed != NULL;
  const struct gw_channel_request *request = &opening->request;
  int err =
      gw_entry_take(claimed, opening->place, &request->who, request->channel, opening->carrier);
  if (err == 0)
    opening->on_session(opening);
  else if (err != GW_ERR_CLOSED) /* it has been ended meanwhile, and its carrier told */
    gw_opening_refuse(opening, err);
}

static void on_claimed(struct gw_claim *claim, struct gw_session *session) {
  take(gw_container_of(claim, struct gw_opening, claim), session);
}

static void run(struct gw_task *task) {
  struct gw_opening *opening = gw_container_of(task, struct gw_opening, task);
  opening->is_deferred = false;
  if (!opening->exchange) {
    free(opening);
    return;
  }
  if (!opening->request.session.at) {
    take(opening, NULL);
    return;
  }
  int err = gw_session_claim(opening->place->sessions, opening->request.session, &opening->claim);
  if (err < 0) gw_opening_refuse(opening, err);
}

/* ---- from here to there ---- */

int gw_opening_start(struct gw_exchange *exchange, const struct gw_place *place,
                     struct gw_carrier *carrier, void (*on_session)(struct gw_opening *opening),
                     struct gw_opening **out_opening) {
  exchange->must_close = true; /* what comes behind is frames, not a request (security.md 4) */
  struct gw_opening *opening = calloc(1, sizeof *opening);
  if (!opening) return 503;
  *opening = (struct gw_opening){.task.run = run,
                                 .claim.on_claimed = on_claimed,
                                 .place = place,
                                 .exchange = exchange,
                                 .carrier = carrier,
                                 .on_session = on_session};
  const char *problem = read_request(exchange, opening);
  if (problem || !may_hear(opening)) {
    int status = problem ? 400 : 403;
    gw_exchange_problem(exchange, (unsigned)status,
                        problem ? problem : "this channel is not yours to hear");
    free(opening);
    return status;
  }
  gw_exchange_watch(exchange, &events, opening);
  opening->is_deferred = true;
  gw_loop_defer(place->loop, &opening->task);
  *out_opening = opening;
  return GW_WEBSOCKET_LATER;
}

int gw_opening_accept(struct gw_opening *opening) {
  char id[GW_SESSION_ID_LEN + 1], header[64];
  gw_session_id(opening->carrier->session, id);
  snprintf(header, sizeof header, "Godwit-Session: %s\r\n", id);
  int err = gw_exchange_add_headers(opening->exchange, header);
  if (err < 0) {
    gw_opening_refuse(opening, err);
    return err;
  }
  err = gw_exchange_accept(opening->exchange);
  if (err == 0) opening_free(opening); /* else on_gone has been told */
  return err;
}

void gw_opening_refuse(struct gw_opening *opening, int err) {
  struct gw_exchange *exchange = opening->exchange;
  gw_exchange_watch(exchange, NULL, NULL);
  gw_carrier_detach(opening->carrier, !opening->is_resumed);
  opening_free(opening);
  gw_answer_error(exchange, err);
}

bool gw_opening_is_over(const struct gw_ending *ending) {
  return ending->by_peer && ending->is_clean &&
         (ending->code == GW_WS_CODE_NORMAL || ending->code == GW_WS_CODE_GOING_AWAY ||
          ending->code == GW_WS_CODE_NO_STATUS);
}
