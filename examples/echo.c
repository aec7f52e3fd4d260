/* SPDX-License-Identifier: MIT */
#include <godwit/server.h>

static void echo(struct gw_conn *conn, const struct gw_message *m) {
  gw_conn_send(conn, m->type, m->data, m->len);
}

int main(void) {
  static const struct gw_websocket handler = {.on_message = echo};
  struct gw_server *server;
  if (gw_server_new(NULL, &server) < 0) return 1;
  if (gw_server_websocket(server, "/", &handler) < 0) return 1;
  if (gw_server_listen(server, "localhost:9001", NULL) < 0) return 1;
  return gw_server_run(server) < 0;
}
