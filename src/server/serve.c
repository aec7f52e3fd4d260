/* SPDX-License-Identifier: MIT */
/*
 * Makes what a server with channels is made of, from the bottom up, and frees it from the top down:
 * sessions hold channels of the hubs, hubs ask the store.
 */
#include "server/serve.h"

#include "broker/memory.h"
#include "http/origin.h"
#include "hub/hub.h"
#include "server/api.h"
#include "server/channels.h"
#include "server/pages.h"
#include "server/places.h"
#include "server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gw_serve {
  struct gw_server *server;
  struct gw_rules *rules;
  struct gw_gate gate;
  struct gw_memory *memory;
  struct gw_sessions *sessions;
  struct gw_places *places;
  struct gw_channels *channels;
  struct gw_api *api;
  char *origins; /* of pages that may connect; NULL: the server's own */
  unsigned n;
  struct gw_hub *hubs[];
};

/* Inboxes are not the pages' alone: a rule for all channels holds for them too. */
static bool has_rule(const struct gw_serve_options *options, const char *rule) {
  size_t pattern = strcspn(rule, "=") + 1;
  bool is_inbox = strncmp(rule, "inbox:", strlen("inbox:")) == 0;
  for (size_t i = 0; i < options->n_channels; i++)
    if (strncmp(options->channels[i], rule, pattern) == 0 ||
        (is_inbox && strncmp(options->channels[i], "*=", 2) == 0))
      return true;
  return false;
}

static int add_rule(struct gw_serve *serve, const char *rule,
                    struct gw_serve_problem *out_problem) {
  *out_problem = (struct gw_serve_problem){.option = "channel", .value = rule};
  int r = gw_rules_add(serve->rules, rule, &out_problem->words);
  if (r < 0 || gw_rules_highest_home(serve->rules) <= serve->n) return r;
  out_problem->words = "home: there are not so many workers (--workers)";
  return GW_ERR_ARGUMENT;
}

/* The pages' rules come last, so that they begin with what the user wants for all channels. */
static int make_rules(struct gw_serve *serve, const struct gw_serve_options *options,
                      struct gw_serve_problem *out_problem) {
  int r = gw_rules_new(&serve->rules);
  for (size_t i = 0; r == 0 && i < options->n_channels; i++)
    r = add_rule(serve, options->channels[i], out_problem);
  for (const char *const *rule = gw_pages_rules; r == 0 && *rule; rule++)
    if (!has_rule(options, *rule)) r = add_rule(serve, *rule, out_problem);
  serve->gate.rules = serve->rules;
  return r;
}

/* The server's own pages stay among them. */
static int make_origins(struct gw_serve *serve, const struct gw_serve_options *options,
                        struct gw_serve_problem *out_problem) {
  if (!options->origins) return 0;
  if (!gw_origin_list_is_valid(options->origins)) {
    *out_problem = (struct gw_serve_problem){
        .option = "origin",
        .value = options->origins,
        .words = "an origin is such as https://example.com, https://*.example.com or "
                 "http://localhost:8080, without a path; * is everyone"};
    return GW_ERR_ARGUMENT;
  }
  size_t size = sizeof "self," + strlen(options->origins);
  serve->origins = malloc(size);
  if (!serve->origins) return GW_ERR_MEMORY;
  snprintf(serve->origins, size, "self,%s", options->origins);
  return 0;
}

static int make_workers(struct gw_serve *serve, const struct gw_serve_options *options) {
  struct gw_loop *loops[GW_WORKERS_MAX];
  const struct gw_memory_options memory = {.rules = serve->rules};
  const struct gw_sessions_options sessions = {.rules = serve->rules,
                                               .resume_ms = options->resume_s * 1000};
  for (unsigned i = 0; i < serve->n; i++)
    loops[i] = gw_server_loop(serve->server, i);
  int r = gw_memory_new(&memory, loops, serve->n, &serve->memory);
  for (unsigned i = 0; r == 0 && i < serve->n; i++)
    r = gw_hub_new(gw_memory_store(serve->memory, i), &serve->hubs[i]);
  return r == 0 ? gw_sessions_new(&sessions, loops, serve->hubs, serve->n, &serve->sessions) : r;
}

static int make_places(struct gw_serve *serve, const struct gw_serve_options *options) {
  struct gw_places *places = serve->places = gw_places_new(serve->server);
  if (!places) return GW_ERR_MEMORY;
  places->memory = serve->memory;
  places->gate = &serve->gate;
  places->lab = options->lab;
  places->max_message = options->max_message ? options->max_message : 64 * 1024;
  for (unsigned i = 0; i < serve->n; i++) {
    places->at[i].hub = serve->hubs[i];
    places->at[i].sessions = gw_sessions_table(serve->sessions, i);
    places->at[i].gate = &serve->gate;
  }
  return 0;
}

int gw_serve_new(struct gw_server *server, const struct gw_serve_options *options,
                 struct gw_serve **out_serve, struct gw_serve_problem *out_problem) {
  unsigned n = gw_server_worker_count(server);
  struct gw_serve *serve = calloc(1, sizeof *serve + n * sizeof serve->hubs[0]);
  if (!serve) return GW_ERR_MEMORY;
  serve->server = server;
  serve->n = n;
  int r = make_rules(serve, options, out_problem);
  if (r == 0) r = make_origins(serve, options, out_problem);
  if (r == 0) r = make_workers(serve, options);
  if (r == 0) r = make_places(serve, options);
  if (r == 0) r = gw_channels_new(serve->places, serve->origins, &serve->channels);
  if (r == 0) r = gw_api_new(serve->places, serve->origins, &serve->api);
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
  gw_places_free(serve->places);
  gw_channels_free(serve->channels);
  gw_api_free(serve->api);
  gw_sessions_free(serve->sessions);
  for (unsigned i = 0; i < serve->n; i++)
    gw_hub_free(serve->hubs[i]);
  gw_memory_free(serve->memory);
  gw_rules_free(serve->rules);
  free(serve->origins);
  free(serve);
}
