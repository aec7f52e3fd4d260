/* SPDX-License-Identifier: MIT */
/* Puts hubs and their store on the workers of a server, and on its routes the channels and pages.
 */
#include "server/serve.h"

#include "broker/memory.h"
#include "hub/hub.h"
#include "server/channels.h"
#include "server/pages.h"

#include <stdlib.h>

struct gw_serve {
  struct gw_server *server;
  struct gw_rules *rules;
  struct gw_memory *memory;
  struct gw_channels *channels;
  unsigned n;
  struct gw_hub *hubs[];
};

static int make_rules(struct gw_serve *serve, const struct gw_serve_options *options,
                      const char **out_rule, const char **out_problem) {
  int r = gw_rules_new(&serve->rules);
  for (size_t i = 0; r == 0 && i < options->n_channels; i++) {
    *out_rule = options->channels[i];
    r = gw_rules_add(serve->rules, options->channels[i], out_problem);
  }
  return r;
}

static int make_hubs(struct gw_serve *serve) {
  struct gw_loop *loops[64];
  for (unsigned i = 0; i < serve->n; i++)
    loops[i] = gw_server_loop(serve->server, i);
  const struct gw_memory_options options = {.rules = serve->rules};
  int r = gw_memory_new(&options, loops, serve->n, &serve->memory);
  for (unsigned i = 0; r == 0 && i < serve->n; i++)
    r = gw_hub_new(gw_memory_store(serve->memory, i), &serve->hubs[i]);
  return r;
}

int gw_serve_new(struct gw_server *server, const struct gw_serve_options *options,
                 struct gw_serve **out_serve, const char **out_rule, const char **out_problem) {
  unsigned n = gw_server_worker_count(server);
  struct gw_serve *serve = calloc(1, sizeof *serve + n * sizeof serve->hubs[0]);
  if (!serve) return GW_ERR_MEMORY;
  serve->server = server;
  serve->n = n;
  int r = make_rules(serve, options, out_rule, out_problem);
  if (r == 0) r = make_hubs(serve);
  const struct gw_channels_options channels = {.max_message = options->max_message};
  if (r == 0) r = gw_channels_route(server, serve->hubs, &channels, &serve->channels);
  if (r == 0) r = gw_pages_route(server);
  if (r < 0) {
    gw_serve_free(serve);
    return r;
  }
  *out_serve = serve;
  return 0;
}

void gw_serve_free(struct gw_serve *serve) {
  if (!serve) return;
  for (unsigned i = 0; i < serve->n; i++)
    gw_hub_free(serve->hubs[i]);
  gw_channels_free(serve->channels);
  gw_memory_free(serve->memory);
  gw_rules_free(serve->rules);
  free(serve);
}
