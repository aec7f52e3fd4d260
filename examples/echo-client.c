/* SPDX-License-Identifier: MIT */
/*
 * Connects to the URLs that it is given, one after the other, and sends back every message until
 * the server closes: the client's side of an echo, as conformance suites ask for it.
 *
 *     echo-client [-k] URL...         -k: believe any certificate
 */
#include <godwit/client.h>

#include <stdio.h>
#include <string.h>

struct run {
  struct gw_loop *loop;
  struct gw_client *client;
  bool has_failed;
};

static void echo(struct gw_conn *conn, const struct gw_message *m) {
  if (gw_conn_send(conn, m->type, m->data, m->len) == 1) gw_conn_pause(conn, true);
}

static void go_on(struct gw_conn *conn) {
  gw_conn_pause(conn, false);
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  struct run *run = gw_conn_handler_user(conn);
  (void)ending;
  gw_loop_stop(run->loop);
}

static void on_failure(struct gw_client *client, const struct gw_client_failure *failure) {
  struct run *run = gw_client_user(client);
  fprintf(stderr, "echo-client: %s\n", failure->reason);
  run->has_failed = true;
  gw_loop_stop(run->loop);
}

static int visit(struct run *run, const char *url, bool is_insecure) {
  const struct gw_websocket handler = {
      .on_message = echo,
      .on_drain = go_on,
      .on_close = on_close,
      .user = run,
      .protocol = {.max_message = 64u << 20,
                   .max_fragments = 1000000,
                   .deflate = {.is_enabled = true,
                               .allow_server_takeover = true,
                               .allow_client_takeover = true}},
  };
  int r = gw_client_open(run->loop,
                         &(struct gw_client_options){.url = url,
                                                     .handler = &handler,
                                                     .is_insecure = is_insecure,
                                                     .on_failure = on_failure,
                                                     .user = run},
                         &run->client);
  if (r == 0) r = gw_loop_run(run->loop);
  if (r < 0) fprintf(stderr, "echo-client: %s: %s\n", url, gw_error_text(r));
  gw_client_free(run->client);
  run->client = NULL;
  return r;
}

int main(int argc, char **argv) {
  struct run run = {0};
  bool is_insecure = argc > 1 && strcmp(argv[1], "-k") == 0;
  if (gw_loop_new(&run.loop) < 0) return 1;
  for (int i = is_insecure ? 2 : 1; i < argc; i++)
    if (visit(&run, argv[i], is_insecure) < 0) run.has_failed = true;
  gw_loop_free(run.loop);
  return run.has_failed;
}
