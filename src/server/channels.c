/* SPDX-License-Identifier: MIT */
/*
 * Where the channels meet the server: the routes, who may, and for each request the transport or
 * dialect that it asks for.
 */
#include "server/channels.h"

#include "dialect/dialect.h"
#include "godwit/server.h"
#include "http/exchange.h"
#include "server/presence.h"
#include "transport/accept.h"
#include "transport/answer.h"
#include "transport/pending.h"
#include "transport/publish.h"
#include "transport/transport.h"

#include <stdlib.h>

#define TRANSPORT(name) &gw_transport_##name,
static const struct gw_transport *const transports[] = {GW_TRANSPORTS(TRANSPORT)};
#undef TRANSPORT

#define DIALECT(name) &gw_dialect_##name,
static const struct gw_dialect *const dialects[] = {GW_DIALECTS(DIALECT)};
#undef DIALECT

enum {
  TRANSPORTS = sizeof transports / sizeof *transports,
  DIALECTS = sizeof dialects / sizeof *dialects,
};

struct gw_channels {
  struct gw_places *places;
  struct gw_http http;
  void *speakers[DIALECTS];
};

/* ---- requests ---- */

static bool is_asked(const struct gw_transport *transport, const char *type,
                     const struct gw_exchange *exchange, const struct gw_channel_request *request) {
  return strcmp(transport->content_type, type) == 0 &&
         (!transport->is_asked || transport->is_asked(exchange, request));
}

static const struct gw_transport *choose(const struct gw_exchange *exchange,
                                         const struct gw_channel_request *request) {
  const char *types[TRANSPORTS];
  for (unsigned i = 0; i < TRANSPORTS; i++)
    types[i] = transports[i]->content_type;
  const char *type = gw_accept_choose(exchange->head, types, TRANSPORTS);
  unsigned i = 0;
  while (i + 1 < TRANSPORTS && !is_asked(transports[i], type, exchange, request))
    i++;
  return transports[i];
}

static bool may_hear(struct gw_exchange *exchange, const struct gw_place *place,
                     const struct gw_channel_request *request) {
  bool may = gw_gate_may_hear(place->gate, &request->who, request->channel);
  if (!may) gw_exchange_problem(exchange, 403, "hearing this channel is not allowed");
  return may;
}

static void hear(struct gw_exchange *exchange, const struct gw_place *place,
                 const struct gw_channel_request *request) {
  const struct gw_transport *transport = choose(exchange, request);
  bool is_sessions = transport->has_session && exchange->head->method == GW_HTTP_GET &&
                     gw_request_is_sessions(request); /* a head alone has none */
  if (is_sessions || may_hear(exchange, place, request)) transport->serve(exchange, place, request);
}

static void on_removed(struct gw_store_ask *ask, int err, const struct gw_recovery *recovery) {
  struct gw_pending *pending = gw_container_of(ask, struct gw_pending, ask);
  struct gw_exchange *exchange = gw_pending_end(pending);
  (void)recovery;
  if (err < 0)
    gw_answer_error(exchange, err);
  else
    gw_exchange_answer(exchange, &(struct gw_reply){.status = 204});
}

static void drop_history(struct gw_exchange *exchange, const struct gw_place *place,
                         const struct gw_channel_request *request) {
  struct gw_pending *pending = gw_pending_new(exchange, place->hub, request->channel, on_removed);
  if (!pending) return;
  gw_pending_asked(pending, gw_hub_remove(place->hub, request->channel, &pending->ask));
}

static bool is_read(const struct gw_exchange *exchange) {
  return exchange->head->method == GW_HTTP_GET || exchange->head->method == GW_HTTP_HEAD;
}

static void serve(struct gw_exchange *exchange, const struct gw_place *place,
                  const struct gw_channel_request *request) {
  const struct gw_identity *who = &request->who;
  if (is_read(exchange) && !request->is_presence) {
    hear(exchange, place, request);
  } else if (is_read(exchange)) {
    if (may_hear(exchange, place, request)) gw_presence_serve(exchange, place, request);
  } else if (request->is_presence) {
    gw_exchange_problem_with(exchange, 405, "presence is only read", "Allow: GET, HEAD\r\n");
  } else if (exchange->head->method == GW_HTTP_POST) {
    if (gw_gate_may_publish(place->gate, who, request->channel))
      gw_publish_serve(exchange, place->hub, request);
    else
      gw_exchange_problem(exchange, 403, "publishing to this channel is not allowed");
  } else if (who->is_api) {
    drop_history(exchange, place, request);
  } else {
    gw_exchange_problem(exchange, 403, "the API is open to this machine only");
  }
}

static void on_request(struct gw_exchange *exchange, void *user) {
  const struct gw_channels *channels = user;
  const struct gw_place *place = gw_places_find(channels->places, exchange);
  struct gw_channel_request request;
  const char *problem;
  int err = gw_channel_request_read(exchange, &request, &problem);
  if (err == 0) err = gw_request_admit(exchange, place->gate, &request.who, &problem);
  if (err < 0)
    gw_exchange_problem(exchange, 400, problem);
  else
    serve(exchange, place, &request);
}

/* ---- life ---- */

static int add_dialect(struct gw_channels *channels, unsigned i, const char *origins) {
  const struct gw_places *places = channels->places;
  const struct gw_dialect *dialect = dialects[i];
  const struct gw_dialect_options options = {.max_message = places->max_message,
                                             .origins = origins};
  int err = dialect->make(&options, places->at, places->n, &channels->speakers[i]);
  for (const char *const *route = dialect->routes; *route && err == 0; route++)
    err = gw_server_websocket(places->server, *route, dialect->handler(channels->speakers[i]));
  return err;
}

int gw_channels_new(struct gw_places *places, const char *origins,
                    struct gw_channels **out_channels) {
  struct gw_channels *channels = calloc(1, sizeof *channels);
  if (!channels) return GW_ERR_MEMORY;
  channels->places = places;
  channels->http = (struct gw_http){
      .on_request = on_request,
      .user = channels,
      .origins = origins,
      .methods = "GET, HEAD, POST, DELETE",
      .max_body = places->max_message,
  };
  int err = gw_server_http(places->server, "/channels/*", &channels->http);
  for (unsigned i = 0; i < DIALECTS && err == 0; i++)
    err = add_dialect(channels, i, origins);
  if (err < 0) {
    gw_channels_free(channels);
    return err;
  }
  *out_channels = channels;
  return 0;
}

void gw_channels_free(struct gw_channels *channels) {
  if (!channels) return;
  for (unsigned i = 0; i < DIALECTS; i++)
    if (channels->speakers[i]) dialects[i]->free(channels->speakers[i]);
  free(channels);
}
