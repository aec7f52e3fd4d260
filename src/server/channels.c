/* SPDX-License-Identifier: MIT */
/*
 * Where the channels meet the server: the route, and for each request the hub of its worker and the
 * transport or dialect that it asks for.
 */
#include "server/channels.h"

#include "dialect/raw.h"
#include "http/exchange.h"
#include "hub/hub.h"
#include "transport/poll.h"
#include "transport/publish.h"

#include <stdlib.h>

#define ROUTE "/channels/*"

struct gw_channels {
  struct gw_raw *raw;
  struct gw_http http;
  struct gw_place places[]; /* one per worker */
};

static struct gw_hub *hub_of(const struct gw_channels *channels,
                             const struct gw_exchange *exchange) {
  unsigned i = 0;
  while (channels->places[i].loop != exchange->loop)
    i++;
  return channels->places[i].hub;
}

static void on_request(struct gw_exchange *exchange, void *user) {
  struct gw_hub *hub = hub_of(user, exchange);
  struct gw_channel_request request;
  const char *problem;
  if (gw_channel_request_read(exchange, &request, &problem) < 0) {
    gw_exchange_problem(exchange, 400, problem);
    return;
  }
  if (request.is_presence) {
    gw_exchange_problem(exchange, 404, "nothing is at this path");
    return;
  }
  switch (exchange->head->method) {
  case GW_HTTP_GET:
  case GW_HTTP_HEAD: gw_poll_serve(exchange, hub, &request); break;
  case GW_HTTP_POST: gw_publish_serve(exchange, hub, &request); break;
  default:
    gw_exchange_problem_with(exchange, 405, "a channel takes GET, HEAD and POST",
                             "Allow: GET, HEAD, POST\r\n");
  }
}

int gw_channels_route(struct gw_server *server, struct gw_hub *const *hubs,
                      const struct gw_channels_options *options,
                      struct gw_channels **out_channels) {
  static const struct gw_channels_options defaults;
  if (!options) options = &defaults;
  unsigned n = gw_server_worker_count(server);
  struct gw_channels *channels = calloc(1, sizeof *channels + n * sizeof channels->places[0]);
  if (!channels) return GW_ERR_MEMORY;
  for (unsigned i = 0; i < n; i++)
    channels->places[i] = (struct gw_place){.loop = gw_server_loop(server, i), .hub = hubs[i]};
  channels->http = (struct gw_http){
      .on_request = on_request,
      .user = channels,
      .origins = options->origins,
      .max_body = options->max_message ? options->max_message : 64 * 1024,
  };
  const struct gw_raw_options raw = {.max_message = options->max_message,
                                     .origins = options->origins};
  int err = gw_raw_new(&raw, channels->places, n, &channels->raw);
  if (err == 0) err = gw_server_websocket(server, ROUTE, gw_raw_handler(channels->raw));
  if (err == 0) err = gw_server_http(server, ROUTE, &channels->http);
  if (err < 0) {
    gw_channels_free(channels);
    return err;
  }
  *out_channels = channels;
  return 0;
}

void gw_channels_free(struct gw_channels *channels) {
  if (!channels) return;
  gw_raw_free(channels->raw);
  free(channels);
}
