/* SPDX-License-Identifier: MIT */
/*
 * A client that says one thing and prints what it hears, coming back when the connection breaks.
 *
 *     client ws://localhost:8000/channels/lobby 'hello'
 */
#include <godwit/client.h>

#include <stdio.h>
#include <string.h>

static void on_open(struct gw_conn *conn) {
  const char *text = gw_conn_handler_user(conn);
  if (text) gw_conn_send(conn, GW_WS_TEXT, text, strlen(text));
}

static void on_message(struct gw_conn *conn, const struct gw_message *m) {
  (void)conn;
  if (m->type == GW_WS_TEXT) printf("%.*s\n", (int)m->len, (const char *)m->data);
  fflush(stdout);
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  fprintf(stderr, "closed: %u %s\n", ending->code, ending->reason);
  if (ending->code == GW_WS_CODE_NORMAL) gw_loop_stop(gw_client_user(gw_conn_client(conn)));
}

static void on_failure(struct gw_client *client, const struct gw_client_failure *failure) {
  (void)client;
  fprintf(stderr, "%s; again in %u ms\n", failure->reason, failure->retry_ms);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  struct gw_websocket handler = {.on_open = on_open,
                                 .on_message = on_message,
                                 .on_close = on_close,
                                 .user = argc > 2 ? argv[2] : NULL};
  struct gw_loop *loop;
  struct gw_client *client;
  if (gw_loop_new(&loop) < 0) return 1;
  const struct gw_client_options options = {.url = argv[1],
                                            .handler = &handler,
                                            .may_reconnect = true,
                                            .on_failure = on_failure,
                                            .user = loop};
  if (gw_client_open(loop, &options, &client) < 0) return 1;
  int r = gw_loop_run(loop);
  gw_client_free(client);
  gw_loop_free(loop);
  return r < 0;
}
