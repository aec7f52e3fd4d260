/* SPDX-License-Identifier: MIT */
/*
 * Puts the API's resources on the server's routes, and lets nobody in who may not use it. As long
 * as no key is configured that is whoever is on this machine (session/gate.h).
 */
#include "server/api.h"

#include "codec/http/text.h"
#include "godwit/server.h"
#include "http/exchange.h"
#include "transport/request.h"

#include <stdlib.h>

#define RESOURCE(name) &gw_api_##name,
static const struct gw_api_resource *const resources[] = {GW_API_RESOURCES(RESOURCE)};
#undef RESOURCE

enum { RESOURCES = sizeof resources / sizeof *resources };

struct entry {
  struct gw_http http;
  const struct gw_api_resource *resource;
  struct gw_places *places;
};

struct gw_api {
  struct entry entries[RESOURCES];
};

static bool is_for_clients(const struct gw_api_resource *resource, struct gw_str method) {
  struct gw_str rest = gw_str_of(resource->client_methods ? resource->client_methods : ""), name;
  while (gw_http_list_next(&rest, &name))
    if (gw_str_eq(name, method)) return true;
  return false;
}

/* Whether the request may use the resource; where not, it has been answered. */
static bool admit(struct gw_exchange *exchange, const struct entry *entry,
                  struct gw_identity *out_who) {
  const char *problem;
  if (gw_request_admit(exchange, entry->places->gate, out_who, &problem) < 0)
    gw_exchange_problem(exchange, 400, problem);
  else if (!out_who->is_api && !is_for_clients(entry->resource, exchange->head->method_text))
    gw_exchange_problem(exchange, 403, "the API is open to this machine only");
  else
    return true;
  return false;
}

static void on_request(struct gw_exchange *exchange, void *user) {
  const struct entry *entry = user;
  struct gw_identity who;
  if (admit(exchange, entry, &who)) entry->resource->serve(exchange, entry->places, &who);
}

int gw_api_new(struct gw_places *places, const char *origins, struct gw_api **out_api) {
  struct gw_api *api = calloc(1, sizeof *api);
  if (!api) return GW_ERR_MEMORY;
  int err = 0;
  for (size_t i = 0; err == 0 && i < RESOURCES; i++) {
    const struct gw_api_resource *resource = resources[i];
    api->entries[i] = (struct entry){
        .http = {.on_request = on_request,
                 .user = &api->entries[i],
                 .origins = resource->client_methods ? origins : NULL,
                 .methods = resource->methods,
                 .max_body = resource->max_body ? resource->max_body : places->max_message},
        .resource = resource,
        .places = places,
    };
    err = gw_server_http(places->server, resource->path, &api->entries[i].http);
  }
  if (err < 0) {
    gw_api_free(api);
    return err;
  }
  *out_api = api;
  return 0;
}

void gw_api_free(struct gw_api *api) {
  free(api);
}
