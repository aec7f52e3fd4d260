/* SPDX-License-Identifier: MIT */
/* `godwit bench`: the load generator's options, and whether they make sense together. */
#include "cli/bench.h"

#include <string.h>

enum {
  CONNECTIONS_MAX = 1000000,
  DEPTH_MAX = 65536,
  OUTSTANDING_MAX = 1 << 24, /* connections times depth: each has a time to remember */
  SIZE_MAX_BYTES = 256 << 20,
};

static int bench_run(int argc, char **argv);

const struct gw_command gw_command_bench = {
    .name = "bench",
    .operands = "URL",
    .summary = "Load generator for any WebSocket server",
    .details =
        "Modes:\n"
        "  echo     each connection keeps --depth messages outstanding (closed loop)\n"
        "  open     messages at a fixed --rate; latency counts from when each was due\n"
        "  fanout   all connections subscribe, one publishes, --in-flight at a time\n"
        "  idle     connections are opened and held for --hold seconds\n"
        "  connect  connections are made and closed again, --connections at a time\n\n"
        "Transports, for fanout and idle; several with commas, evenly spread:\n"
        "  raw (or websocket), godwit (the subprotocol godwit.v1), sse, ndjson, longpoll, "
        "socketio\n\n"
        "In URL and --channel {n} stands for the connection's number, from 1, and {n/K} for the\n"
        "number of its group of K, from 0: ws://localhost:8000/channels/x?user=u{n}\n\n"
        "Exit status: 0 done, 1 with any error, 2 bad usage. Ctrl-C prints what there is so far.",
    .run = bench_run,
};

static const struct gw_bench_mode *const modes[] = {
    &gw_bench_mode_echo, &gw_bench_mode_open,    &gw_bench_mode_fanout,
    &gw_bench_mode_idle, &gw_bench_mode_connect,
};
static const char *const payloads[] = {
    [GW_BENCH_ASCII] = "ascii", [GW_BENCH_MIXED] = "mixed", [GW_BENCH_BINARY] = "binary"};

static bool read_mode(struct gw_bench_plan *plan, const char *name) {
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (strcmp(modes[i]->name, name) == 0) plan->mode = modes[i];
  if (plan->mode) return true;
  gw_command_say(&gw_command_bench, "--mode %s: not one of echo, open, fanout, idle, connect",
                 name);
  return false;
}

static bool read_payload(struct gw_bench_plan *plan, const char *name) {
  for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
    if (strcmp(payloads[i], name) != 0) continue;
    plan->payload = (enum gw_bench_payload)i;
    return true;
  }
  gw_command_say(&gw_command_bench, "--payload %s: not one of ascii, mixed, binary", name);
  return false;
}

static bool read_transports(struct gw_bench_plan *plan, const char *names) {
  struct gw_str rest = gw_str_of(names), name;
  while (gw_http_list_next(&rest, &name)) {
    const struct gw_bench_transport *transport = gw_bench_transport_of(name);
    if (!transport || plan->n_transports == GW_BENCH_TRANSPORTS_MAX) {
      gw_command_say(&gw_command_bench,
                     "--transport %s: a list of at most %d of raw, godwit, sse, ndjson, longpoll, "
                     "socketio",
                     names, GW_BENCH_TRANSPORTS_MAX);
      return false;
    }
    plan->transports[plan->n_transports++] = transport;
    plan->is_marked = plan->is_marked || !transport->is_exact;
  }
  if (plan->n_transports == 0) plan->transports[plan->n_transports++] = &gw_bench_raw;
  return true;
}

static bool check_braces(const char *text) {
  char out[GW_BENCH_TARGET_MAX];
  if (gw_bench_expand(text, CONNECTIONS_MAX, out, sizeof out) == 0) return true;
  gw_command_say(&gw_command_bench, "%s: in braces there is {n} or {n/K}, or it is too long", text);
  return false;
}

static bool check_url(const char *url) {
  struct gw_bench_place place;
  if (gw_bench_place_read(url, &place) == 0) return check_braces(place.target);
  gw_command_say(&gw_command_bench, "%s: not a URL; it looks like ws://HOST:PORT/PATH", url);
  return false;
}

/* What the transports cannot do; NULL: nothing. */
static const char *check_transports(const struct gw_bench_plan *plan) {
  bool is_fanout = plan->mode == &gw_bench_mode_fanout;
  bool is_plain = plan->n_transports == 1 && !plan->is_marked;
  if (!is_plain && !is_fanout && !plan->mode->is_holding)
    return "--transport goes with --mode fanout and idle";
  if (!is_plain && (plan->has_deflate || plan->is_tcp))
    return "--deflate and --tcp go with --transport raw";
  if (is_fanout && !plan->publish_url && !plan->transports[0]->is_websocket)
    return "the first connection publishes: begin --transport with a WebSocket, or give "
           "--publish-url";
  if (plan->is_marked && (plan->payload == GW_BENCH_BINARY || plan->size < GW_BENCH_MARKER_LEN))
    return "transports other than raw are counted by a mark in the text: --size 4 at least, and "
           "not --payload binary";
  if (plan->has_takeover && !plan->has_deflate) return "--takeover goes with --deflate";
  return NULL;
}

/* What else cannot be meant. */
static const char *check_numbers(const struct gw_bench_plan *plan) {
  bool is_fanout = plan->mode == &gw_bench_mode_fanout;
  struct gw_bench_usage usage;
  if (plan->connections * plan->depth > OUTSTANDING_MAX)
    return "--connections times --depth is more than 16777216";
  if (plan->is_tcp && plan->has_deflate)
    return "--tcp speaks no WebSocket, so --deflate means nothing to it";
  if (plan->is_tcp && plan->mode->is_churning)
    return "--tcp has no handshake, so --mode connect means nothing to it";
  if (plan->publish_url && !is_fanout) return "--publish-url goes with --mode fanout";
  if (plan->slow > 0 && (!is_fanout || plan->slow >= plan->connections))
    return "--slow goes with --mode fanout, and leaves at least one connection that reads";
  if (plan->slow > 0 && plan->publish_url) return "--slow does not go with --publish-url";
  if (plan->server_pid && !gw_bench_usage_read((pid_t)plan->server_pid, &usage))
    return "--server-pid: there is no such process";
  return NULL;
}

static bool check_plan(const struct gw_bench_plan *plan) {
  const char *wrong = check_transports(plan);
  if (!wrong) wrong = check_numbers(plan);
  if (wrong) gw_command_say(&gw_command_bench, "%s", wrong);
  return !wrong && check_url(plan->url) && (!plan->publish_url || check_url(plan->publish_url)) &&
         (!plan->channel || check_braces(plan->channel));
}

static int bench_run(int argc, char **argv) {
  struct gw_bench_plan plan = {.connections = 50,
                               .depth = 1,
                               .size = 64,
                               .in_flight = 1,
                               .duration = 2,
                               .warmup = 0.5,
                               .rate = 1000,
                               .hold = 5};
  const char *mode = "echo", *payload = "ascii", *transports = "raw";
  const struct gw_option options[] = {
      {"mode", "MODE", "echo, open, fanout, idle or connect (echo)", GW_OPTION_TEXT, &mode, 0, 0},
      {"connections", "N", "connections (50)", GW_OPTION_NUMBER, &plan.connections, 1,
       CONNECTIONS_MAX},
      {"depth", "D", "echo: messages outstanding on each (1)", GW_OPTION_NUMBER, &plan.depth, 1,
       DEPTH_MAX},
      {"size", "BYTES", "payload of a message (64)", GW_OPTION_SIZE, &plan.size, 1, SIZE_MAX_BYTES},
      {"payload", "KIND", "ascii, mixed (UTF-8 of many scripts) or binary (ascii)", GW_OPTION_TEXT,
       &payload, 0, 0},
      {"duration", "SECONDS", "of measuring (2)", GW_OPTION_REAL, &plan.duration, 0, 0},
      {"warmup", "SECONDS", "of load before it (0.5)", GW_OPTION_REAL, &plan.warmup, 0, 0},
      {"rate", "N", "open: messages a second, all connections together (1000)", GW_OPTION_REAL,
       &plan.rate, 0, 0},
      {"in-flight", "N", "fanout: publications on their way at a time (1)", GW_OPTION_NUMBER,
       &plan.in_flight, 1, DEPTH_MAX},
      {"publish-url", "URL", "fanout: publish by POST to this URL", GW_OPTION_TEXT,
       &plan.publish_url, 0, 0},
      {"transport", "LIST", "fanout, idle: how the connections hear the channel, see above (raw)",
       GW_OPTION_TEXT, &transports, 0, 0},
      {"channel", "NAME", "godwit: subscribe to it (the channel that the URL names)",
       GW_OPTION_TEXT, &plan.channel, 0, 0},
      {"slow", "N", "fanout: N connections never read (0)", GW_OPTION_NUMBER, &plan.slow, 0,
       CONNECTIONS_MAX},
      {"hold", "SECONDS", "idle: how long the connections are held (5)", GW_OPTION_REAL, &plan.hold,
       0, 0},
      {"deflate", NULL, "compress, by permessage-deflate without context takeover", GW_OPTION_FLAG,
       &plan.has_deflate, 0, 0},
      {"takeover", NULL, "with --deflate: context takeover, where the server does it",
       GW_OPTION_FLAG, &plan.has_takeover, 0, 0},
      {"insecure", NULL, "wss: believe any certificate", GW_OPTION_FLAG, &plan.is_insecure, 0, 0},
      {"tcp", NULL, "no WebSocket: the same bytes over bare TCP", GW_OPTION_FLAG, &plan.is_tcp, 0,
       0},
      {"server-pid", "PID", "report the CPU time and memory of this process", GW_OPTION_NUMBER,
       &plan.server_pid, 1, INT32_MAX},
      {"json", NULL, "print one JSON object", GW_OPTION_FLAG, &plan.is_json, 0, 0},
  };
  int code;
  if (gw_command_options(&gw_command_bench, options, sizeof options / sizeof options[0], argc, argv,
                         1, 1, &code) < 0)
    return code;
  plan.url = argv[1];
  if (!read_mode(&plan, mode) || !read_payload(&plan, payload) ||
      !read_transports(&plan, transports) || !check_plan(&plan))
    return GW_EXIT_USAGE;
  return gw_bench_run(&gw_command_bench, &plan);
}
