/* SPDX-License-Identifier: MIT */
/* `godwit echo`: sends every message back. For testing clients and for measuring. */
#include "cli/command.h"
#include "cli/run.h"
#include "godwit/server.h"

static void echo_message(struct gw_conn *conn, const struct gw_message *m) {
  int r = gw_conn_send(conn, m->type, m->data, m->len);
  if (r == 1) gw_conn_pause(conn, true); /* who does not read its echoes is not read from either */
  if (r < 0) gw_conn_close(conn, GW_WS_CODE_INTERNAL_ERROR, gw_error_text(r));
}

static void echo_drain(struct gw_conn *conn) {
  gw_conn_pause(conn, false);
}

static int echo_run(int argc, char **argv);

const struct gw_command gw_command_echo = {
    .name = "echo",
    .operands = "",
    .summary = "An echo server on every path, for testing clients and for measuring",
    .run = echo_run,
};

static int serve(const struct run_options *run, const struct gw_websocket *handler,
                 const struct gw_listen *listen) {
  struct gw_server *server;
  int r = run_server_new(&gw_command_echo, run, NULL, &server);
  if (r < 0) return GW_EXIT_FAILED;
  r = gw_server_websocket(server, "/*", handler);
  int code = r == 0 ? run_listen(&gw_command_echo, server, run, listen) : GW_EXIT_FAILED;
  if (code == GW_EXIT_DONE) code = run_server(&gw_command_echo, server);
  gw_server_free(server);
  return code;
}

static int echo_run(int argc, char **argv) {
  struct run_options run = {.listen = "localhost:9001", .workers = 1};
  uint64_t max_message = 64u << 20, max_fragments = 1000000;
  bool no_deflate = false, is_insecure = false;
  const char *cert = NULL, *key = NULL;
  const struct gw_option options[] = {
      {"listen", "HOST:PORT", "where; @N behind it: worker N alone (localhost:9001)",
       GW_OPTION_TEXT, &run.listen, 0, 0},
      {"workers", "N", "threads, each with its own loop (1)", GW_OPTION_NUMBER, &run.workers, 1,
       64},
      {"max-message", "SIZE", "the largest message (64M)", GW_OPTION_SIZE, &max_message, 1,
       1ull << 40},
      {"max-fragments", "N", "the most frames of one message (1000000)", GW_OPTION_NUMBER,
       &max_fragments, 1, UINT32_MAX},
      {"no-deflate", NULL, "do not offer permessage-deflate", GW_OPTION_FLAG, &no_deflate, 0, 0},
      {"tls-cert", "FILE", "serve wss: the certificate chain, PEM", GW_OPTION_TEXT, &cert, 0, 0},
      {"tls-key", "FILE", "and its key", GW_OPTION_TEXT, &key, 0, 0},
      {"insecure", NULL, "allow an address that is not loopback", GW_OPTION_FLAG, &is_insecure, 0,
       0},
  };
  int code;
  if (gw_command_options(&gw_command_echo, options, sizeof options / sizeof options[0], argc, argv,
                         0, 0, &code) < 0)
    return code;
  const struct gw_websocket handler = {
      .on_message = echo_message,
      .on_drain = echo_drain,
      .origins = "*",
      .protocol = {.max_message = max_message,
                   .max_fragments = (uint32_t)max_fragments,
                   .deflate = {.is_enabled = !no_deflate,
                               .allow_server_takeover = true,
                               .allow_client_takeover = true}},
  };
  return serve(&run, &handler,
               &(struct gw_listen){.tls_cert = cert, .tls_key = key, .may_be_public = is_insecure});
}
