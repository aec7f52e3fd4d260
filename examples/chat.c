/* SPDX-License-Identifier: MIT */
/*
 * A chat room in one page: everyone who connects to ws://localhost:9002/ hears what the others say.
 * Several workers, so the members are known by id: sending by id is safe from any thread, also to
 * one who has just left.
 */
#include <godwit/server.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 1000 /* a room of this size is full */

struct room {
  struct gw_server *server;
  pthread_mutex_t lock;
  uint64_t members[MEMBERS_MAX];
  unsigned n;
};

static void say(struct room *room, const char *text) {
  pthread_mutex_lock(&room->lock);
  for (unsigned i = 0; i < room->n; i++)
    gw_server_send(room->server, room->members[i], GW_WS_TEXT, text, strlen(text));
  pthread_mutex_unlock(&room->lock);
}

static void enter(struct gw_conn *conn) {
  struct room *room = gw_conn_handler_user(conn);
  pthread_mutex_lock(&room->lock);
  bool is_full = room->n == MEMBERS_MAX;
  if (!is_full) room->members[room->n++] = gw_conn_id(conn);
  pthread_mutex_unlock(&room->lock);
  if (is_full) {
    gw_conn_close(conn, GW_WS_CODE_TRY_AGAIN, "the room is full");
  } else {
    say(room, "* somebody has come");
  }
}

static void leave(struct gw_conn *conn, const struct gw_ending *ending) {
  struct room *room = gw_conn_handler_user(conn);
  uint64_t id = gw_conn_id(conn);
  (void)ending;
  pthread_mutex_lock(&room->lock);
  for (unsigned i = 0; i < room->n; i++)
    if (room->members[i] == id) room->members[i] = room->members[--room->n];
  pthread_mutex_unlock(&room->lock);
  say(room, "* somebody has left");
}

static void hear(struct gw_conn *conn, const struct gw_message *m) {
  char text[1100];
  if (m->type != GW_WS_TEXT) return;
  snprintf(text, sizeof text, "%.*s", (int)m->len, (const char *)m->data);
  say(gw_conn_handler_user(conn), text);
}

int main(void) {
  static struct room room = {.lock = PTHREAD_MUTEX_INITIALIZER};
  static const struct gw_websocket handler = {.on_open = enter,
                                              .on_message = hear,
                                              .on_close = leave,
                                              .user = &room,
                                              .protocol.max_message = 1024};
  if (gw_server_new(&(struct gw_server_options){.workers = 2}, &room.server) < 0) return 1;
  if (gw_server_websocket(room.server, "/", &handler) < 0) return 1;
  if (gw_server_listen(room.server, "localhost:9002", NULL) < 0) {
    fprintf(stderr, "chat: %s\n", gw_server_problem(room.server));
    return 1;
  }
  puts("chat: ws://localhost:9002/");
  int r = gw_server_run(room.server);
  gw_server_free(room.server);
  return r < 0;
}
