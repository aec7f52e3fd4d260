/* SPDX-License-Identifier: MIT */
/* `godwit subscribe`: its options. */
#include "cli/subscribe.h"

#include "cli/subscribe/kinds.h"

static int subscribe_run(int argc, char **argv);

const struct gw_command gw_command_subscribe = {
    .name = "subscribe",
    .operands = "URL CHANNEL...",
    .summary = "Print what is published in channels, over any transport",
    .details =
        "URL is the server's, such as http://localhost:8000. A connection that is lost is made\n"
        "again, and goes on where it was. Everything that is no publication goes to standard\n"
        "error: lost connections, and gaps that the server's history could not fill.\n\n"
        "Exit status: 0 after --count, an interrupt, or a good end, 1 refused, not reached or "
        "sent\n"
        "away, 2 bad usage.",
    .run = subscribe_run,
};

static const struct gw_intake_kind *const kinds[] = {&gw_intake_websocket, &gw_intake_raw,
                                                     &gw_intake_sse,       &gw_intake_ndjson,
                                                     &gw_intake_longpoll,  &gw_intake_poll};

static const struct gw_intake_kind *find_kind(const char *name) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
  return NULL;
}

static int usage(const char *problem) {
  gw_command_say(&gw_command_subscribe, "%s", problem);
  return GW_EXIT_USAGE;
}

static const char *problem_of(const struct gw_subscribe_plan *plan) {
  if (!plan->kind) return "--transport is websocket, raw, sse, ndjson, longpoll or poll";
  if (!plan->format) return "--format is payload, json or full";
  if (plan->after && plan->n > 1) return "--after is a place in one channel: give one CHANNEL";
  if (plan->after && (!*plan->after || strlen(plan->after) >= GW_INTAKE_CURSOR_MAX))
    return "--after takes a cursor, as a publication or an answer gave it";
  if (plan->shows_presence && !plan->kind->holds_many)
    return "--presence: only --transport websocket tells who comes and goes";
  for (size_t i = 0; i < plan->n; i++) {
    if (!*plan->channels[i]) return "a channel has an empty name";
    for (size_t j = 0; j < i; j++)
      if (strcmp(plan->channels[i], plan->channels[j]) == 0) return "a channel is given twice";
  }
  return NULL;
}

static int subscribe_run(int argc, char **argv) {
  struct gw_subscribe_plan plan = {.timeout_s = 10, .interval_ms = 1000};
  const char *transport = "websocket", *format = "payload";
  const struct gw_option options[] = {
      {"transport", "NAME", "websocket, raw, sse, ndjson, longpoll or poll (websocket)",
       GW_OPTION_TEXT, &transport, 0, 0},
      {"after", "CURSOR", "begin behind this place of the channel", GW_OPTION_TEXT, &plan.after, 0,
       0},
      {"count", "N", "end after so many publications", GW_OPTION_NUMBER, &plan.count, 1, 0},
      {"format", "NAME", "payload, json, or full: channel, cursor, event, from, payload (payload)",
       GW_OPTION_TEXT, &format, 0, 0},
      {"presence", NULL, "tell who joins and leaves (websocket)", GW_OPTION_FLAG,
       &plan.shows_presence, 0, 0},
      {"interval", "MS", "poll: the wait between two requests (1000)", GW_OPTION_NUMBER,
       &plan.interval_ms, 1, 86400000},
      {"user", "NAME", "subscribe as this user", GW_OPTION_TEXT, &plan.remote.user, 0, 0},
      {"token", "TOKEN", "send Authorization: Bearer TOKEN", GW_OPTION_TEXT, &plan.remote.token, 0,
       0},
      {"backoff", "MS", "the first wait for a lost connection, doubled by failures (500)",
       GW_OPTION_NUMBER, &plan.backoff_ms, 1, 86400000},
      {"no-reconnect", NULL, "end when the connection is lost", GW_OPTION_FLAG, &plan.stays_away, 0,
       0},
      {"insecure", NULL, "https, wss: believe any certificate", GW_OPTION_FLAG,
       &plan.remote.is_insecure, 0, 0},
      {"ca", "FILE", "https, wss: believe the authorities in this PEM file", GW_OPTION_TEXT,
       &plan.remote.ca_file, 0, 0},
      {"timeout", "SECONDS", "for making a connection (10)", GW_OPTION_REAL, &plan.timeout_s, 0, 0},
      {"verbose", NULL, "tell of connections and sessions", GW_OPTION_FLAG, &plan.is_verbose, 0, 0},
  };
  int code;
  int n = gw_command_options(&gw_command_subscribe, options, sizeof options / sizeof options[0],
                             argc, argv, 2, 1 + GW_SUBSCRIBE_CHANNELS_MAX, &code);
  if (n < 0) return code;
  plan.remote.url = argv[1];
  plan.channels = (const char *const *)argv + 2;
  plan.n = (size_t)n - 1;
  plan.kind = find_kind(transport);
  plan.format = gw_format_find(format);
  plan.presence_is_json = strcmp(format, "json") == 0;
  const char *problem = problem_of(&plan);
  if (problem) return usage(problem);
  if (!gw_remote_init(&plan.remote, &gw_command_subscribe)) return GW_EXIT_USAGE;
  return gw_subscribe_run(&gw_command_subscribe, &plan);
}
