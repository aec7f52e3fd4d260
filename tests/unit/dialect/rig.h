/* SPDX-License-Identifier: MIT */
/*
 * A dialect on real sockets: two workers on one thread with their loops, connections, hubs and
 * sessions over the memory store; and clients that say a few lines and note what they are told. An
 * allocation fails where the test says; the clients' own do not count.
 */
#ifndef GW_TEST_DIALECT_RIG_H
#define GW_TEST_DIALECT_RIG_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/memory.h"
#include "dialect/dialect.h"
#include "godwit/error.h"
#include "http/h1.h"
#include "net/net.h"
#include "support/alloc.h"
#include "support/peer.h"

enum { WORKERS = 2, NOTES = 200, SETTLING = 12 };
enum {
  LONG = 5000,
  SHORT = 8
}; /* that a session waits: within its test, or so that it is over soon */

struct worker {
  struct gw_loop *loop;
  struct gw_net *net;
  struct gw_hub *hub;
  struct gw_ws_shared *shared;
  struct gw_conn_table *table;
  struct gw_conn_route route;
  struct gw_h1_side side;
};

static struct worker workers[WORKERS];
static struct gw_rules *rules;
static struct gw_memory *memory;
static struct gw_sessions *sessions;
static struct gw_gate gate;
static void *speaker;
static const struct gw_dialect *dialect;
static unsigned settling = SETTLING; /* turns after what a client does */

/* What a client was told: a message each, or the Close. */
struct client {
  struct peer peer;
  bool is_open, is_closed; /* 101 came; a Close or the end did */
  unsigned status, code, n;
  char session[GW_SESSION_ID_LEN + 1];
  char notes[NOTES][100];
};

/* ---- the world ---- */

static inline void on_request(struct gw_h1_side *side, struct gw_exchange *exchange) {
  struct worker *worker = side->owner;
  gw_exchange_websocket(exchange, &worker->route);
}

static inline void worker_begin(struct worker *worker, unsigned i) {
  assert_int_equal(gw_net_new(worker->loop, &(struct gw_net_options){.linger_ms = 5}, &worker->net),
                   0);
  assert_int_equal(gw_hub_new(gw_memory_store(memory, i), &worker->hub), 0);
  assert_int_equal(gw_ws_shared_new(&worker->shared), 0);
  assert_int_equal(gw_conn_table_new(i, 100, &worker->table), 0);
  gw_h1_side_init(&worker->side);
  worker->side.loop = worker->loop;
  worker->side.on_request = on_request;
  worker->side.owner = worker;
}

static inline void rig_begin(const struct gw_dialect *which, unsigned resume_ms) {
  struct gw_loop *loops[WORKERS];
  struct gw_hub *hubs[WORKERS];
  struct gw_place places[WORKERS];
  const char *problem;
  dialect = which;
  assert_int_equal(gw_rules_new(&rules), 0);
  assert_int_equal(gw_rules_add(rules, "*=history:20", &problem), 0);
  for (unsigned i = 0; i < WORKERS; i++) {
    assert_int_equal(gw_loop_new(&workers[i].loop), 0);
    loops[i] = workers[i].loop;
  }
  assert_int_equal(
      gw_memory_new(&(struct gw_memory_options){.rules = rules}, loops, WORKERS, &memory), 0);
  for (unsigned i = 0; i < WORKERS; i++) {
    worker_begin(&workers[i], i);
    hubs[i] = workers[i].hub;
  }
  const struct gw_sessions_options options = {.rules = rules, .resume_ms = resume_ms};
  assert_int_equal(gw_sessions_new(&options, loops, hubs, WORKERS, &sessions), 0);
  gate.rules = rules;
  for (unsigned i = 0; i < WORKERS; i++)
    places[i] = (struct gw_place){.loop = loops[i],
                                  .hub = hubs[i],
                                  .sessions = gw_sessions_table(sessions, i),
                                  .gate = &gate};
  assert_int_equal(dialect->make(&(struct gw_dialect_options){.max_message = 64 * 1024}, places,
                                 WORKERS, &speaker),
                   0);
  for (unsigned i = 0; i < WORKERS; i++) {
    struct gw_conn_route *route = &workers[i].route;
    gw_conn_route_init(route, dialect->handler(speaker), false);
    route->loop = workers[i].loop;
    route->kind.shared = workers[i].shared;
    route->table = workers[i].table;
  }
}

static inline void turn(void) {
  for (unsigned i = 0; i < WORKERS; i++)
    gw_loop_turn(workers[i].loop, 0);
}

/* Until what the workers have said to one another has been heard. */
static inline void settle(void) {
  for (unsigned i = 0; i < settling; i++)
    turn();
}

static inline size_t count_sessions(void) {
  size_t count = 0;
  for (unsigned i = 0; i < WORKERS; i++)
    count += gw_session_table_counts(gw_sessions_table(sessions, i)).sessions;
  return count;
}

static inline size_t count_subscribers(void) {
  size_t count = 0;
  for (unsigned i = 0; i < WORKERS; i++)
    count += gw_hub_subscriber_count(workers[i].hub);
  return count;
}

static inline size_t count_conns(void) {
  size_t count = 0;
  for (unsigned i = 0; i < WORKERS; i++)
    count += gw_conn_table_count(workers[i].table);
  return count;
}

/* Whoever was there has gone, and so has all that was theirs. */
static inline void rig_expect_nobody(void) {
  uint64_t end = peer_clock() + PEER_WAIT_MS;
  while (count_sessions() + count_subscribers() + count_conns() > 0) {
    if (peer_clock() >= end)
      fail_msg("left: %zu sessions, %zu subscribers, %zu connections", count_sessions(),
               count_subscribers(), count_conns());
    turn();
    usleep(500);
  }
}

static inline void rig_end(void) {
  gw_sessions_free(sessions);
  for (unsigned i = 0; i < WORKERS; i++)
    gw_hub_free(workers[i].hub);
  for (unsigned i = 0; i < WORKERS; i++)
    gw_h1_abort_all(&workers[i].side);
  settle();
  gw_memory_free(memory);
  for (unsigned i = 0; i < WORKERS; i++) {
    gw_net_free(workers[i].net);
    gw_loop_free(workers[i].loop);
    gw_conn_table_free(workers[i].table);
    gw_ws_shared_free(workers[i].shared);
  }
  dialect->free(speaker);
  gw_rules_free(rules);
}

/* ---- clients ---- */

static inline void note(struct client *client, const char *text, size_t len) {
  assert_true(client->n < NOTES);
  snprintf(client->notes[client->n++], sizeof client->notes[0], "%.*s", (int)len, text);
}

static inline void take_head(struct client *client) {
  static const char field[] = "Godwit-Session: ";
  const char *head = peer_head(&client->peer), *id = strstr(head, field);
  client->status = (unsigned)strtoul(head + sizeof "HTTP/1.1", NULL, 10);
  client->is_open = client->status == 101;
  client->is_closed = !client->is_open;
  if (id) memcpy(client->session, id + sizeof field - 1, GW_SESSION_ID_LEN);
}

static inline void take_frame(struct client *client) {
  const char *payload = "";
  size_t len = 0;
  int first = peer_read(&client->peer, &payload, &len);
  if (first == 0x81) note(client, payload, len);
  if (first != 0x88 && first >= 0) return;
  client->is_closed = true;
  if (first == 0x88 && len >= 2) client->code = (uint8_t)payload[0] << 8 | (uint8_t)payload[1];
}

static inline bool has_frame(const struct client *client) {
  const uint8_t *in = (const uint8_t *)client->peer.in;
  if (client->peer.len < 2) return false;
  size_t n = in[1] & 127;
  if (n == 126 && client->peer.len < 4) return false;
  if (n == 126) n = 2 + ((size_t)in[2] << 8 | in[3]);
  return client->peer.len >= 2 + n;
}

/* All that is there for it now. */
static inline void hear(struct client *client) {
  struct peer *peer = &client->peer;
  ssize_t n = 1;
  while (n > 0 && peer->fd >= 0) {
    n = recv(peer->fd, peer->in + peer->len, PEER_ROOM - peer->len, MSG_DONTWAIT);
    if (n == 0) peer->has_ended = true;
    if (n > 0) peer->len += (size_t)n;
    peer->in[peer->len] = '\0';
  }
  if (!client->status && strstr(peer->in, "\r\n\r\n")) take_head(client);
  while (client->is_open && !client->is_closed && has_frame(client))
    take_frame(client);
  if (peer->has_ended) client->is_closed = true;
}

/* Sends the request and waits for what becomes of it; `extra`: header lines, or "". */
static inline void client_open(struct client *client, unsigned worker, const char *path,
                               const char *extra) {
  unsigned port;
  struct gw_stream *stream;
  memset(client, 0, offsetof(struct client, peer.in) + 1);
  client->is_open = client->is_closed = false;
  client->status = client->code = client->n = 0;
  memset(client->session, 0, sizeof client->session);
  int listener = peer_listen(&port);
  peer_connect(&client->peer, NULL, port);
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  close(listener);
  if (gw_tcp_new(workers[worker].net, fd, &stream) < 0 ||
      gw_h1_open(&workers[worker].side, stream) < 0) {
    client->is_closed = true;
    return;
  }
  char request[500];
  int len = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Version: 13\r\n%s\r\n",
                     path, extra);
  peer_send(&client->peer, request, (size_t)len);
  settle();
  hear(client);
}

static inline void client_say(struct client *client, const char *message) {
  if (client->is_closed) return;
  peer_frame(&client->peer, 0x81, message, strlen(message));
  settle();
  hear(client);
}

static inline void client_close(struct client *client) {
  if (client->peer.fd >= 0 && client->is_open) peer_close_frame(&client->peer, 1000);
  settle();
  peer_close(&client->peer);
  settle();
}

static inline void client_cut(struct client *client) {
  peer_reset(&client->peer);
  settle();
}

/* How many of its notes begin with this, or have it somewhere. */
static inline unsigned notes_with(const struct client *client, const char *text) {
  unsigned count = 0;
  for (unsigned i = 0; i < client->n; i++)
    count += strstr(client->notes[i], text) != NULL;
  return count;
}

static inline void show(const struct client *client) {
  print_message("status %u, session %s, closed %d with %u\n", client->status, client->session,
                client->is_closed, client->code);
  for (unsigned i = 0; i < client->n; i++)
    print_message("  %s\n", client->notes[i]);
}

static inline bool is_there(const struct client *client) {
  return client->is_open && !client->is_closed;
}

/* ---- memory ---- */

struct rig_talk {
  const struct gw_dialect *dialect;
  void (*converse)(void);
  void (*expect)(void); /* memory is back */
};

/* Has the talk once for each place where an allocation may fail, and once with none; or (is_away)
 * with none given from there on. Gives the number of the places. */
static inline unsigned rig_fail_everywhere(const struct rig_talk *talk, bool *is_away) {
  unsigned n = 1;
  for (bool has_failed = true; has_failed; n += is_away ? 1 + n / 4 : 1) {
    rig_begin(talk->dialect, SHORT);
    if (is_away) *is_away = true;
    (is_away ? alloc_fail_from : alloc_fail_at)(n);
    talk->converse();
    has_failed = alloc_has_failed();
    alloc_fail_at(0);
    if (is_away) *is_away = false;
    talk->expect();
    rig_expect_nobody();
    rig_end();
  }
  return n;
}

#endif
