/* SPDX-License-Identifier: MIT */
/* `godwit serve`: the server with its channels and the page. */
#include "server/serve.h"
#include "cli/command.h"
#include "cli/run.h"

#include <unistd.h>

static int serve_run(int argc, char **argv);

const struct gw_command gw_command_serve = {
    .name = "serve",
    .operands = "",
    .summary = "Serve channels over WebSocket and HTTP, and the page to try them",
    .details = "Without a configuration it listens on loopback only, with everything allowed to "
               "programs on this machine;\n"
               "browsers may connect from its own pages only.",
    .run = serve_run,
};

static uint64_t core_count(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > 64 ? 64 : (uint64_t)n;
}

static int serve_run(int argc, char **argv) {
  struct run_options run = {.listen = "localhost:8000", .workers = core_count()};
  uint64_t max_message = 64 * 1024;
  bool is_insecure = false;
  const char *cert = NULL, *key = NULL;
  const struct gw_option options[] = {
      {"listen", "HOST:PORT", "where; several with commas (localhost:8000)", GW_OPTION_TEXT,
       &run.listen, 0, 0},
      {"workers", "N", "threads, each with its own loop (one per core)", GW_OPTION_NUMBER,
       &run.workers, 1, 64},
      {"max-message", "SIZE", "the largest message or body (64K)", GW_OPTION_SIZE, &max_message, 1,
       1u << 30},
      {"tls-cert", "FILE", "serve https and wss: the certificate chain, PEM", GW_OPTION_TEXT, &cert,
       0, 0},
      {"tls-key", "FILE", "and its key", GW_OPTION_TEXT, &key, 0, 0},
      {"insecure", NULL, "allow an address that is not loopback", GW_OPTION_FLAG, &is_insecure, 0,
       0},
  };
  int code;
  if (gw_command_options(&gw_command_serve, options, sizeof options / sizeof options[0], argc, argv,
                         0, 0, &code) < 0)
    return code;
  struct gw_server *server;
  struct gw_serve *serve = NULL;
  int r = run_server_new(&gw_command_serve, &run,
                         &(struct gw_server_options){.max_body = max_message}, &server);
  if (r < 0) return GW_EXIT_FAILED;
  r = gw_serve_new(server, &(struct gw_serve_options){.max_message = max_message}, &serve);
  if (r < 0) gw_command_say(&gw_command_serve, "cannot start: %s", gw_error_text(r));
  if (r == 0)
    r = run_listen(
        &gw_command_serve, server, &run,
        &(struct gw_listen){.tls_cert = cert, .tls_key = key, .may_be_public = is_insecure});
  code = r == 0 ? run_server(&gw_command_serve, server) : GW_EXIT_FAILED;
  gw_serve_free(serve);
  gw_server_free(server);
  return code;
}
