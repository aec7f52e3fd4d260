/* SPDX-License-Identifier: MIT */
/* `godwit serve`: the server with its channels and the page. */
#include "server/serve.h"
#include "cli/command.h"
#include "cli/lab/host.h"
#include "cli/run.h"

#include <unistd.h>

static int serve_run(int argc, char **argv);

const struct gw_command gw_command_serve = {
    .name = "serve",
    .operands = "",
    .summary = "Serve channels over WebSocket and HTTP, and the page to try them",
    .details = "Without a configuration it listens on loopback only, with everything allowed to "
               "programs on this machine;\n"
               "browsers may connect from its own pages, and those of --origin.\n\n"
               "A rule is PATTERN=KEY:VALUE,..., such as 'ticker:*=history:1,slow:conflate'. The "
               "pattern is a channel, a\n"
               "namespace `ns:*`, or `*` for all others; the keys: history (publications), age "
               "(90s, 10m), bytes (16M),\n"
               "presence (on, off), publish (anyone, users, api), slow (disconnect, drop, "
               "conflate),\n"
               "home (the worker that orders it).",
    .run = serve_run,
};

static uint64_t core_count(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > 64 ? 64 : (uint64_t)n;
}

/* What the command line says. */
struct settings {
  struct run_options run;
  struct gw_listen listen;
  struct gw_serve_options serve;
  bool has_no_lab;
};

/* The exit code. */
static int make(struct gw_server *server, const struct settings *settings,
                struct gw_serve **out_serve) {
  struct gw_serve_problem problem;
  int r = gw_serve_new(server, &settings->serve, out_serve, &problem);
  if (r == 0) return GW_EXIT_DONE;
  if (r == GW_ERR_ARGUMENT) {
    gw_command_say(&gw_command_serve, "--%s %s: %s", problem.option, problem.value, problem.words);
    return GW_EXIT_USAGE;
  }
  gw_command_say(&gw_command_serve, "cannot start: %s", gw_error_text(r));
  return GW_EXIT_FAILED;
}

static int serve_with(struct settings *settings) {
  const struct gw_server_options base = {.max_body = settings->serve.max_message};
  struct gw_server *server = NULL;
  struct gw_serve *serve = NULL;
  struct gw_lab_host *lab =
      settings->has_no_lab ? NULL : gw_lab_host_new(settings->listen.tls_cert != NULL);
  if (lab) {
    settings->serve.lab = (struct gw_starter){.start = gw_lab_host_start, .user = lab};
    settings->run.on_listen = gw_lab_host_aim;
    settings->run.user = lab;
  }
  int code = run_server_new(&gw_command_serve, &settings->run, &base, &server) < 0
                 ? GW_EXIT_FAILED
                 : make(server, settings, &serve);
  if (code == GW_EXIT_DONE)
    code = run_listen(&gw_command_serve, server, &settings->run, &settings->listen);
  if (code == GW_EXIT_DONE) code = run_server(&gw_command_serve, server);
  gw_lab_host_free(lab);
  gw_serve_free(serve);
  gw_server_free(server);
  return code;
}

static int serve_run(int argc, char **argv) {
  struct settings settings = {.run = {.listen = "localhost:8000", .workers = core_count()},
                              .serve.max_message = 64 * 1024};
  struct gw_option_list channels = {.n = 0};
  uint64_t resume = 30;
  const struct gw_option options[] = {
      {"listen", "HOST:PORT",
       "where; several with commas, @N behind one: worker N alone (localhost:8000)", GW_OPTION_TEXT,
       &settings.run.listen, 0, 0},
      {"workers", "N", "threads, each with its own loop (one per core)", GW_OPTION_NUMBER,
       &settings.run.workers, 1, 64},
      {"max-message", "SIZE", "the largest message or body (64K)", GW_OPTION_SIZE,
       &settings.serve.max_message, 1, 1u << 30},
      {"channel", "RULE", "what holds in a channel or namespace; may be given again",
       GW_OPTION_LIST, &channels, 0, 0},
      {"origin", "LIST", "pages of these origins may connect too, such as http://localhost:8080",
       GW_OPTION_TEXT, &settings.serve.origins, 0, 0},
      {"resume", "SECONDS", "how long a session waits for its client to come back (30)",
       GW_OPTION_NUMBER, &resume, 1, 86400},
      {"no-lab", NULL, "start no lab beside the server for the page /lab/", GW_OPTION_FLAG,
       &settings.has_no_lab, 0, 0},
      {"tls-cert", "FILE", "serve https and wss: the certificate chain, PEM", GW_OPTION_TEXT,
       &settings.listen.tls_cert, 0, 0},
      {"tls-key", "FILE", "and its key", GW_OPTION_TEXT, &settings.listen.tls_key, 0, 0},
      {"insecure", NULL, "allow an address that is not loopback", GW_OPTION_FLAG,
       &settings.listen.may_be_public, 0, 0},
  };
  int code;
  if (gw_command_options(&gw_command_serve, options, sizeof options / sizeof options[0], argc, argv,
                         0, 0, &code) < 0)
    return code;
  settings.serve.channels = channels.items;
  settings.serve.n_channels = channels.n;
  settings.serve.resume_s = (unsigned)resume;
  return serve_with(&settings);
}
