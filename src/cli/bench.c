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

static bool check_url(const char *url) {
  struct gw_bench_place place;
  if (gw_bench_place_read(url, &place) == 0) return true;
  gw_command_say(&gw_command_bench, "%s: not a URL; it looks like ws://HOST:PORT/PATH", url);
  return false;
}

/* What cannot be meant. */
static bool check_plan(const struct gw_bench_plan *plan) {
  const char *wrong = NULL;
  bool is_fanout = plan->mode == &gw_bench_mode_fanout;
  struct gw_bench_usage usage;
  if (plan->connections * plan->depth > OUTSTANDING_MAX)
    wrong = "--connections times --depth is more than 16777216";
  else if (plan->is_tcp && plan->has_deflate)
    wrong = "--tcp speaks no WebSocket, so --deflate means nothing to it";
  else if (plan->is_tcp && plan->mode->is_churning)
    wrong = "--tcp has no handshake, so --mode connect means nothing to it";
  else if (plan->publish_url && !is_fanout)
    wrong = "--publish-url goes with --mode fanout";
  else if (plan->server_pid && !gw_bench_usage_read((pid_t)plan->server_pid, &usage))
    wrong = "--server-pid: there is no such process";
  if (wrong) gw_command_say(&gw_command_bench, "%s", wrong);
  return !wrong && check_url(plan->url) && (!plan->publish_url || check_url(plan->publish_url));
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
  const char *mode = "echo", *payload = "ascii";
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
      {"hold", "SECONDS", "idle: how long the connections are held (5)", GW_OPTION_REAL, &plan.hold,
       0, 0},
      {"deflate", NULL, "compress, by permessage-deflate without context takeover", GW_OPTION_FLAG,
       &plan.has_deflate, 0, 0},
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
  if (!read_mode(&plan, mode) || !read_payload(&plan, payload) || !check_plan(&plan))
    return GW_EXIT_USAGE;
  return gw_bench_run(&gw_command_bench, &plan);
}
