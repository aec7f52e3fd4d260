/* SPDX-License-Identifier: MIT */
/* The server as its users see it: limits, stops, and connections named by id. Most tests turn the
 * one worker themselves; those that need threads run it on one. */
#include "server/server.c"

#include "support/alloc.h"
#include "support/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SOON_MS = 5000 }; /* a stop that waits for nobody; else it waits ten seconds, or sixty */

struct place {
  struct gw_server *server;
  struct gw_loop *loop; /* the first worker's */
  struct gw_websocket handler;
  pthread_t thread;
  struct gw_exchange *late;
  _Atomic uint64_t id; /* of the newest connection */
  _Atomic unsigned opened, closed, drains, messages, code;
  _Atomic bool by_peer;
};

static struct place place;

static void on_open(struct gw_conn *conn) {
  atomic_store(&place.id, gw_conn_id(conn));
  atomic_fetch_add(&place.opened, 1);
}

static void on_message(struct gw_conn *conn, const struct gw_message *m) {
  atomic_fetch_add(&place.messages, 1);
  gw_conn_send(conn, m->type, m->data, m->len);
}

static void on_drain(struct gw_conn *conn) {
  (void)conn;
  atomic_fetch_add(&place.drains, 1);
}

static void on_close(struct gw_conn *conn, const struct gw_ending *ending) {
  (void)conn;
  atomic_store(&place.code, ending->code);
  atomic_store(&place.by_peer, ending->by_peer);
  atomic_fetch_add(&place.closed, 1);
}

static void on_http(struct gw_exchange *exchange, void *user) {
  (void)user;
  struct gw_ws_slice path = gw_exchange_path(exchange);
  if (path.len == 6 && memcmp(path.at, "/later", 6) == 0) {
    place.late = exchange;
    return;
  }
  if (path.len == 5 && memcmp(path.at, "/hold", 5) == 0) {
    gw_exchange_hold(exchange);
    return;
  }
  if (path.len == 7 && memcmp(path.at, "/stream", 7) == 0) {
    gw_exchange_begin(exchange, &(struct gw_reply){.status = 200});
    return;
  }
  gw_exchange_answer(exchange, &(struct gw_reply){.status = 200, .body = path.at, .len = path.len});
}

static const struct gw_http http = {.on_request = on_http};

static struct place *begin(struct gw_server_options options) {
  struct place *p = &place;
  *p = (struct place){.handler = {.on_open = on_open,
                                  .on_message = on_message,
                                  .on_drain = on_drain,
                                  .on_close = on_close,
                                  .close_ms = 50}};
  assert_int_equal(gw_server_new(&options, &p->server), 0);
  p->loop = gw_server_loop(p->server, 0);
  assert_int_equal(gw_server_websocket(p->server, "/ws", &p->handler), 0);
  assert_int_equal(gw_server_http(p->server, "/*", &http), 0);
  assert_int_equal(gw_server_listen(p->server, "127.0.0.1:0", NULL), 0);
  return p;
}

/* Ready to be turned by hand. */
static struct place *begin_here(struct gw_server_options options) {
  struct place *p = begin(options);
  p->server->is_prepared = true;
  atomic_init(&p->server->draining, 1);
  p->server->workers[0].draining = &p->server->draining;
  assert_int_equal(gw_worker_prepare(&p->server->workers[0]), 0);
  return p;
}

static void connect_to(struct place *p, struct peer *peer) {
  peer_connect(peer, p->loop, gw_server_port(p->server, 0));
}

static bool is_empty(const struct place *p) {
  const struct gw_worker *w = &p->server->workers[0];
  return w->open == 0 && gw_conn_table_count(w->table) == 0;
}

static void end_here(struct place *p) {
  PEER_UNTIL(p->loop, is_empty(p));
  gw_loop_turn(p->loop, 0);
  gw_server_free(p->server);
}

static struct peer peer, other;

/* ---- which route ---- */

static void a_path_may_be_both_and_others_are_404(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  assert_int_equal(gw_server_websocket(p->server, "/more", &p->handler), GW_ERR_STATE);
  connect_to(p, &peer);
  peer_say(&peer, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_memory_equal(peer_head(&peer), "HTTP/1.1 200 ", 13);
  peer_take(&peer, 2);
  peer_say(&peer, "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n"); /* a WebSocket's alone */
  assert_memory_equal(peer_head(&peer), "HTTP/1.1 400 ", 13);
  peer_close(&peer);
  connect_to(p, &peer);
  peer_upgrade(&peer, "/ws", NULL);
  peer_frame(&peer, 0x81, "hi", 2);
  peer_expect(&peer, 0x81, "hi");
  peer_close(&peer);
  end_here(p);
  assert_int_equal(p->opened, 1);
  assert_int_equal(p->closed, 1);
}

static void an_upgrade_where_no_websocket_is_ends_the_connection(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  connect_to(p, &peer);
  peer_say(&peer, "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                  "GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_non_null(strstr(peer_head(&peer), "Connection: close\r\n"));
  peer_take(&peer, 2);
  peer_expect_end(&peer);
  peer_close(&peer);
  end_here(p);
}

static void another_site_s_page_gets_403(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  connect_to(p, &peer);
  peer_say(&peer, "GET /a HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n"
                  "GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
  const char *head = peer_head(&peer);
  assert_memory_equal(head, "HTTP/1.1 403 ", 13);
  assert_non_null(strstr(head, "Connection: close\r\n"));
  peer_close(&peer);
  end_here(p);
}

static int be_late(struct gw_exchange *exchange, void *user) {
  (void)user;
  place.late = exchange;
  return GW_WEBSOCKET_LATER;
}

static void a_late_acceptance_keeps_the_subprotocol_and_the_frames(void **state) {
  (void)state;
  struct place *p = begin((struct gw_server_options){0});
  p->handler.on_request = be_late;
  p->handler.protocols = "b, a";
  p->server->is_prepared = true;
  p->server->workers[0].draining = &p->server->draining;
  assert_int_equal(gw_worker_prepare(&p->server->workers[0]), 0);
  connect_to(p, &peer);
  peer_say(&peer, "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: x, a\r\n\r\n");
  peer_frame(&peer, 0x81, "eager", 5);
  PEER_UNTIL(p->loop, p->late);
  gw_loop_turn(p->loop, 2);
  assert_int_equal(gw_exchange_add_headers(p->late, "X: 1\r\n\r\n"), GW_ERR_ARGUMENT);
  assert_int_equal(gw_exchange_add_headers(p->late, "X: 1\r\n"), 0);
  assert_int_equal(gw_exchange_accept(p->late), 0);
  const char *head = peer_head(&peer);
  assert_memory_equal(head, "HTTP/1.1 101 ", 13);
  assert_non_null(strstr(head, "\r\nX: 1\r\n\r\n"));
  assert_non_null(strstr(head, "Sec-WebSocket-Protocol: a\r\n"));
  peer_expect(&peer, 0x81, "eager");
  peer_close(&peer);
  end_here(p);
}

static int name_yourself(struct gw_exchange *exchange, void *user) {
  assert_int_equal(gw_exchange_add_headers(exchange, "Name: x"), GW_ERR_ARGUMENT);
  assert_int_equal(gw_exchange_add_headers(exchange, user), 0);
  assert_int_equal(gw_exchange_add_headers(exchange, "More: 1\r\n"), 0);
  return strcmp(user, "Name: c\r\n") == 0 ? 403 : 0;
}

/* Which handler a client meets that offers these, and what is agreed on. */
static void expect_handler(struct place *p, const char *offer, unsigned status, const char *name,
                           const char *protocol) {
  char line[100];
  connect_to(p, &peer);
  peer_say(&peer, "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  "Sec-WebSocket-Version: 13\r\n");
  peer_say(&peer, offer);
  peer_say(&peer, "\r\n");
  const char *head = peer_head(&peer), *agreed = strstr(head, "Sec-WebSocket-Protocol: ");
  assert_int_equal(strtol(head + 9, NULL, 10), status);
  snprintf(line, sizeof line, "\r\nName: %s\r\nMore: 1\r\n", name);
  assert_non_null(strstr(head, line));
  assert_int_equal(agreed != NULL, protocol != NULL);
  if (agreed) assert_memory_equal(agreed + 24, protocol, strlen(protocol));
  peer_close(&peer);
}

static void handlers_of_one_path_are_chosen_by_subprotocol(void **state) {
  (void)state;
  struct place *p = begin((struct gw_server_options){0});
  struct gw_websocket any = {.on_request = name_yourself, .user = "Name: any\r\n"},
                      ab = {.on_request = name_yourself,
                            .user = "Name: ab\r\n",
                            .protocols = "a,b"},
                      c = {.on_request = name_yourself, .user = "Name: c\r\n", .protocols = "c"};
  p->handler =
      (struct gw_websocket){.on_request = name_yourself, .user = "Name: z\r\n", .protocols = "z"};
  assert_int_equal(gw_server_websocket(p->server, "/ws", &c), 0);
  assert_int_equal(gw_server_websocket(p->server, "/ws", &ab), 0);
  p->server->is_prepared = true;
  p->server->workers[0].draining = &p->server->draining;
  assert_int_equal(gw_worker_prepare(&p->server->workers[0]), 0);
  expect_handler(p, "Sec-WebSocket-Protocol: x, b\r\n", 101, "ab", "b");
  expect_handler(p, "Sec-WebSocket-Protocol: b, c\r\n", 403, "c", NULL);
  expect_handler(p, "Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: a\r\n", 101, "ab", "a");
  expect_handler(p, "", 101, "z", NULL); /* without one that needs none: the first */
  expect_handler(p, "Sec-WebSocket-Protocol: A\r\n", 101, "z", NULL);
  end_here(p);

  p = begin((struct gw_server_options){0});
  p->handler = ab;
  assert_int_equal(gw_server_websocket(p->server, "/ws", &any), 0);
  p->server->is_prepared = true;
  p->server->workers[0].draining = &p->server->draining;
  assert_int_equal(gw_worker_prepare(&p->server->workers[0]), 0);
  expect_handler(p, "", 101, "any", NULL);
  expect_handler(p, "Sec-WebSocket-Protocol: c\r\n", 101, "any", NULL);
  expect_handler(p, "Sec-WebSocket-Protocol: b\r\n", 101, "ab", "b");
  end_here(p);
}

/* ---- limits ---- */

static void more_than_max_connections_are_cut(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){.max_connections = 2});
  static struct peer third;
  connect_to(p, &peer);
  peer_upgrade(&peer, "/ws", NULL);
  connect_to(p, &other);
  peer_upgrade(&other, "/ws", NULL);
  connect_to(p, &third);
  peer_expect_end(&third);
  peer_close(&third);
  peer_close(&other);
  PEER_UNTIL(p->loop, p->closed == 1);
  gw_loop_turn(p->loop, 0);
  connect_to(p, &third);
  peer_upgrade(&third, "/ws", NULL);
  peer_close(&third);
  peer_close(&peer);
  end_here(p);
}

static void a_slow_handshake_is_ended(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){.handshake_ms = 50});
  connect_to(p, &peer);
  const char *request =
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nX: aaaaaaaaaaa";
  uint64_t begun = peer_clock();
  size_t i = 0;
  for (; request[i] && !peer.has_ended && peer.len == 0; i++) {
    peer_send(&peer, request + i, 1);
    for (uint64_t end = peer_clock() + 3; peer_clock() < end && peer_more(&peer, end);)
      continue;
  }
  assert_true(request[i]); /* its bytes do not make the time longer */
  peer.len = 0;            /* 408 */
  peer_expect_end(&peer);
  assert_true(peer_clock() - begun >= 45);
  peer_close(&peer);
  end_here(p);
  assert_int_equal(p->opened, 0);
}

static void a_message_larger_than_64_mib_is_echoed_where_it_is_allowed(void **state) {
  (void)state;
  struct place *p = begin((struct gw_server_options){0});
  size_t len = (66u << 20), got = 0;
  p->handler.protocol.max_message = len;
  p->server->is_prepared = true;
  p->server->workers[0].draining = &p->server->draining;
  assert_int_equal(gw_worker_prepare(&p->server->workers[0]), 0);
  connect_to(p, &peer);
  peer_upgrade(&peer, "/ws", NULL);
  char *data = calloc(1, len);
  peer_frame(&peer, 0x82, data, len);
  free(data);
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  while (got < len + 10 && peer_more(&peer, until)) {
    got += peer.len;
    peer.len = 0;
  }
  assert_int_equal(got, len + 10);
  peer_close(&peer);
  end_here(p);
}

/* ---- listening ---- */

static void what_cannot_be_listened_on_is_told(void **state) {
  (void)state;
  struct gw_server *server;
  assert_int_equal(gw_server_new(&(struct gw_server_options){.workers = 65}, &server),
                   GW_ERR_ARGUMENT);
  assert_int_equal(gw_server_new(NULL, &server), 0);
  assert_int_equal(gw_server_listen(server, "nonsense", NULL), GW_ERR_ADDRESS);
  assert_string_not_equal(gw_server_problem(server), "");
  assert_int_equal(gw_server_listen(server, "0.0.0.0:0", NULL), GW_ERR_ADDRESS);
  assert_non_null(strstr(gw_server_problem(server), "loopback"));
  assert_int_equal(gw_server_listen(server, ":0", NULL), GW_ERR_ADDRESS);
  assert_int_equal(
      gw_server_listen(server, "127.0.0.1:0", &(struct gw_listen){.tls_cert = "/nowhere"}),
      GW_ERR_ARGUMENT);
  assert_int_equal(gw_server_listen(server, "127.0.0.1:0",
                                    &(struct gw_listen){.tls_cert = "/nowhere", .tls_key = "/no"}),
                   GW_ERR_CERTIFICATE);
  assert_int_equal(gw_server_port(server, 0), 0);
  gw_server_free(server);
  gw_server_free(NULL);
}

/* The port is another's: what some workers had opened is taken back, and the next listen is the
 * first. */
static void a_listen_that_fails_leaves_nothing_behind(void **state) {
  (void)state;
  unsigned port;
  int taken = peer_listen(&port);
  struct gw_server *server;
  char address[32];
  snprintf(address, sizeof address, "127.0.0.1:%u", port);
  assert_int_equal(gw_server_new(&(struct gw_server_options){.workers = 3}, &server), 0);
  assert_int_equal(gw_server_listen(server, address, NULL), GW_ERR_SYSTEM);
  for (size_t nth = 1; nth < 12; nth++) {
    alloc_fail_at(nth);
    int r = gw_server_listen(server, "127.0.0.1:0", NULL);
    alloc_fail_at(0);
    if (r == 0) break;
    assert_true(r < 0);
    for (unsigned i = 0; i < 3; i++)
      assert_int_equal(server->workers[i].n_entrances, 0);
  }
  if (server->n_listens == 0) gw_server_listen(server, "127.0.0.1:0", NULL);
  for (unsigned i = 0; i < 3; i++)
    assert_int_equal(server->workers[i].n_entrances, 1);
  assert_true(gw_server_port(server, 0) > 0);
  gw_server_free(server);
  close(taken);
}

/* One worker's listener alone is open, and no other port is another worker's. */
static void an_address_may_be_one_workers(void **state) {
  (void)state;
  struct gw_server *server;
  assert_int_equal(gw_server_new(&(struct gw_server_options){.workers = 3}, &server), 0);
  assert_int_equal(gw_server_listen(server, "127.0.0.1:0", &(struct gw_listen){.worker = 4}),
                   GW_ERR_ARGUMENT);
  assert_non_null(strstr(gw_server_problem(server), "worker 4"));
  for (unsigned worker = 3; worker > 0; worker--)
    assert_int_equal(gw_server_listen(server, "localhost:0", &(struct gw_listen){.worker = worker}),
                     0);
  for (unsigned i = 0; i < 3; i++)
    for (unsigned at = 0; at < 3; at++)
      assert_true((server->workers[i].entrances[at].listener != NULL) == (at == 2 - i));
  assert_int_not_equal(gw_server_port(server, 0), gw_server_port(server, 1));
  char address[32];
  snprintf(address, sizeof address, "localhost:%u", gw_server_port(server, 0));
  assert_int_equal(gw_server_listen(server, address, &(struct gw_listen){.worker = 1}),
                   GW_ERR_SYSTEM);
  for (unsigned i = 0; i < 3; i++)
    assert_int_equal(server->workers[i].n_entrances, 3);
  gw_server_free(server);
}

static void a_stop_without_a_run_harms_nothing(void **state) {
  (void)state;
  struct place *p = begin((struct gw_server_options){.workers = 2});
  gw_server_stop(p->server);
  gw_server_stop(p->server);
  gw_server_stop(p->server);
  gw_server_free(p->server);
}

/* ---- the graceful end ---- */

static void *run(void *arg) {
  struct place *p = arg;
  assert_int_equal(gw_server_run(p->server), 0);
  return NULL;
}

static struct place *begin_thread(struct gw_server_options options) {
  struct place *p = begin(options);
  pthread_create(&p->thread, NULL, run, p);
  p->loop = NULL; /* not ours to turn */
  return p;
}

static void end_thread(struct place *p) {
  pthread_join(p->thread, NULL);
  assert_int_equal(gw_server_run(p->server), GW_ERR_STATE);
  gw_server_free(p->server);
  assert_int_equal(p->opened, p->closed);
}

static void a_stop_says_1001_to_everybody_and_waits_for_them(void **state) {
  (void)state;
  struct place *p = begin_thread((struct gw_server_options){.workers = 2});
  static struct peer peers[8], idle, late;
  for (size_t i = 0; i < 8; i++) {
    connect_to(p, &peers[i]);
    peer_upgrade(&peers[i], "/ws", NULL);
  }
  connect_to(p, &idle);
  connect_to(p, &late);
  peer_say(&late,
           "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  peer_head(&late); /* the request is under way */
  gw_server_stop(p->server);
  for (size_t i = 0; i < 8; i++) {
    peer_expect_close(&peers[i], 1001);
    peer_close_frame(&peers[i], 1001);
    peer_expect_end(&peers[i]);
    peer_close(&peers[i]);
  }
  peer_expect_end(&idle);
  peer_close(&idle);
  peer_say(&late, "ab");
  assert_non_null(strstr(peer_head(&late), "Connection: close\r\n"));
  peer_take(&late, 2);
  peer_expect_end(&late);
  peer_close(&late);
  end_thread(p);
  assert_int_equal(p->closed, 8);
}

static void a_stop_does_not_wait_for_what_could_go_on_for_ever(void **state) {
  (void)state;
  struct place *p = begin_thread((struct gw_server_options){.workers = 1});
  static struct peer stream, held;
  connect_to(p, &stream);
  peer_say(&stream, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_non_null(strstr(peer_head(&stream), "Transfer-Encoding: chunked\r\n"));
  connect_to(p, &held);
  peer_say(&held, "GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
  peer_head(&held);
  peer_take(&held, 6);
  uint64_t begun = peer_clock();
  gw_server_stop(p->server);
  assert_string_equal(peer_take(&stream, 5), "0\r\n\r\n");
  peer_expect_end(&stream);
  peer_close(&stream);
  assert_memory_equal(peer_head(&held), "HTTP/1.1 503 ", 13);
  peer_close(&held);
  end_thread(p);
  assert_true(peer_clock() - begun < SOON_MS);
}

/* Whoever does not answer, and whoever closed but does not go, is cut at the deadline. */
static void the_deadline_cuts_what_is_left(void **state) {
  (void)state;
  struct place *p = begin((struct gw_server_options){.drain_ms = 100});
  p->handler.close_ms = 60000;
  pthread_create(&p->thread, NULL, run, p);
  p->loop = NULL;
  static struct peer silent, closed, owed;
  connect_to(p, &silent);
  peer_upgrade(&silent, "/ws", NULL);
  connect_to(p, &closed);
  peer_upgrade(&closed, "/ws", NULL);
  peer_close_frame(&closed, 1000);
  peer_expect_close(&closed, 1000);
  connect_to(p, &owed);
  peer_say(&owed, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  uint64_t begun = peer_clock();
  gw_server_stop(p->server);
  peer_expect_close(&silent, 1001);
  end_thread(p);
  assert_in_range(peer_clock() - begun, 90, SOON_MS);
  peer_close(&silent);
  peer_close(&closed);
  peer_close(&owed);
}

static void a_second_stop_cuts_at_once(void **state) {
  (void)state;
  struct place *p = begin((struct gw_server_options){.drain_ms = 60000});
  p->handler.close_ms = 60000;
  pthread_create(&p->thread, NULL, run, p);
  p->loop = NULL;
  connect_to(p, &peer);
  peer_upgrade(&peer, "/ws", NULL);
  connect_to(p, &other);
  peer_upgrade(&other, "/ws", NULL);
  peer_close_frame(&other, 1000);
  peer_expect_close(&other, 1000);
  gw_server_stop(p->server);
  peer_expect_close(&peer, 1001);
  uint64_t begun = peer_clock();
  gw_server_stop(p->server);
  end_thread(p);
  assert_true(peer_clock() - begun < SOON_MS);
  peer_close(&peer);
  peer_close(&other);
}

/* ---- by id, from other threads ---- */

static uint64_t open_one(struct place *p, struct peer *to) {
  unsigned before = p->opened;
  connect_to(p, to);
  peer_upgrade(to, "/ws", NULL);
  PEER_UNTIL(p->loop, p->opened > before);
  return p->id;
}

enum { SENDERS = 4, EACH = 200 };

struct sender {
  struct gw_server *server;
  uint64_t id;
  char name;
};

static void *send_numbers(void *arg) {
  struct sender *s = arg;
  char text[16];
  for (int i = 0; i < EACH; i++) {
    int n = snprintf(text, sizeof text, "%c%d", s->name, i);
    assert_true(gw_server_send(s->server, s->id, GW_WS_TEXT, text, (size_t)n) >= 0);
  }
  return NULL;
}

static void each_thread_s_messages_come_in_its_order(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  uint64_t id = open_one(p, &peer);
  struct sender senders[SENDERS];
  pthread_t threads[SENDERS];
  for (int i = 0; i < SENDERS; i++) {
    senders[i] = (struct sender){p->server, id, (char)('a' + i)};
    pthread_create(&threads[i], NULL, send_numbers, &senders[i]);
  }
  int next[SENDERS] = {0};
  for (int i = 0; i < SENDERS * EACH; i++) {
    const char *text;
    size_t len;
    assert_int_equal(peer_read(&peer, &text, &len), 0x81);
    assert_int_equal(strtol(text + 1, NULL, 10), next[text[0] - 'a']++);
  }
  for (int i = 0; i < SENDERS; i++)
    pthread_join(threads[i], NULL);
  peer_close(&peer);
  end_here(p);
}

/* A thread of its own for one call: what it gives. */
struct call {
  struct gw_server *server;
  uint64_t id;
  const char *data;
  size_t len;
  unsigned code;
  const char *reason;
  int result;
};

static void *call_send(void *arg) {
  struct call *c = arg;
  c->result = gw_server_send(c->server, c->id, GW_WS_BINARY, c->data, c->len);
  return NULL;
}

static void *call_close(void *arg) {
  struct call *c = arg;
  c->result = gw_server_close_conn(c->server, c->id, c->code, c->reason);
  return NULL;
}

static int elsewhere(void *(*run_call)(void *), struct call call) {
  pthread_t thread;
  pthread_create(&thread, NULL, run_call, &call);
  pthread_join(thread, NULL);
  return call.result;
}

static int send_elsewhere(struct place *p, uint64_t id, const char *data, size_t len) {
  return elsewhere(call_send, (struct call){p->server, id, data, len, 0, NULL, 0});
}

static int close_elsewhere(struct place *p, uint64_t id, unsigned code, const char *reason) {
  return elsewhere(call_close, (struct call){p->server, id, NULL, 0, code, reason, 0});
}

static void after_its_end_an_id_is_gone_for_all_threads(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  uint64_t id = open_one(p, &peer);
  assert_int_equal(gw_server_send(p->server, id, GW_WS_PING, "a", 1), GW_ERR_ARGUMENT);
  assert_int_equal(gw_server_send(p->server, id, GW_WS_TEXT, "here", 4), 0);
  assert_int_equal(send_elsewhere(p, id, "there", 5), 0);
  peer_expect(&peer, 0x81, "here");
  peer_expect(&peer, 0x82, "there");
  assert_int_equal(send_elsewhere(p, id, "too late", 8), 0); /* on its way when the peer goes */
  peer_reset(&peer);
  PEER_UNTIL(p->loop, is_empty(p));
  uint64_t next = open_one(p, &peer);
  assert_true(next != id);
  const uint64_t gone[] = {id, 0, UINT64_MAX, id ^ 1ull << 58};
  for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
    assert_int_equal(gw_server_send(p->server, gone[i], GW_WS_TEXT, "x", 1), GW_ERR_GONE);
    assert_int_equal(send_elsewhere(p, gone[i], "x", 1), GW_ERR_GONE);
    assert_int_equal(gw_server_close_conn(p->server, gone[i], 1000, ""), GW_ERR_GONE);
    assert_int_equal(close_elsewhere(p, gone[i], 1000, ""), GW_ERR_GONE);
  }
  peer_frame(&peer, 0x81, "untouched", 9);
  peer_expect(&peer, 0x81, "untouched");
  peer_close(&peer);
  end_here(p);
}

static void backpressure_from_elsewhere_owes_a_drain(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  uint64_t id = open_one(p, &peer);
  size_t len = 700 * 1024;
  char *data = calloc(1, len);
  assert_int_equal(send_elsewhere(p, id, data, len), 0);
  assert_int_equal(send_elsewhere(p, id, data, len), 1);
  for (int i = 0; i < 2; i++)
    for (size_t left = len + 10; left;) {
      size_t n = left < PEER_ROOM / 2 ? left : PEER_ROOM / 2;
      peer_take(&peer, n);
      left -= n;
    }
  PEER_UNTIL(p->loop, p->drains == 1);
  assert_int_equal(send_elsewhere(p, id, data, 10), 0);
  peer_take(&peer, 12);
  assert_int_equal(p->drains, 1);
  free(data);
  peer_close(&peer);
  end_here(p);
}

static void too_much_from_elsewhere_is_full(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  uint64_t id = open_one(p, &peer);
  char *data = calloc(1, 60u << 20);
  assert_int_equal(send_elsewhere(p, id, data, 65u << 20), GW_ERR_FULL);
  assert_int_equal(send_elsewhere(p, id, data, 60u << 20), 1);
  assert_int_equal(send_elsewhere(p, id, data, 8u << 20), GW_ERR_FULL);
  /* Empty messages weigh too. */
  unsigned n = 0;
  while (n < 200000 && gw_conn_table_peek(p->server->workers[0].table, id) &&
         gw_conn_slot_reserve(gw_conn_table_peek(p->server->workers[0].table, id), cost_of(0),
                              POSTED_MAX) >= 0)
    n++;
  assert_in_range(n, 1000, 100000);
  free(data);
  peer_reset(&peer);
  end_here(p);
}

/* It was told 0 or 1, and then there is no room: the connection ends rather than lose one. */
static void a_posted_message_is_never_lost_in_silence(void **state) {
  (void)state;
  struct place *p = begin((struct gw_server_options){0});
  p->handler.max_buffered = 2 << 20;
  p->server->is_prepared = true;
  p->server->workers[0].draining = &p->server->draining;
  assert_int_equal(gw_worker_prepare(&p->server->workers[0]), 0);
  uint64_t id = open_one(p, &peer);
  char *data = calloc(1, 1 << 20);
  int r;
  for (int i = 0; i < 40 && (r = send_elsewhere(p, id, data, 1 << 20)) >= 0; i++)
    gw_loop_turn(p->loop, 0);
  assert_true(r >= 0 || r == GW_ERR_FULL || r == GW_ERR_GONE);
  PEER_UNTIL(p->loop, p->closed);
  assert_false(p->by_peer);
  free(data);
  peer_close(&peer);
  end_here(p);
}

static void a_close_from_elsewhere_has_its_code_and_reason(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  uint64_t id = open_one(p, &peer);
  assert_int_equal(close_elsewhere(p, id, 999, ""), GW_ERR_ARGUMENT);
  assert_int_equal(close_elsewhere(p, id, 0, "why"), GW_ERR_ARGUMENT);
  char reason[129] = {0};
  for (int i = 0; i < 61; i++)
    memcpy(reason + 2 * i, "é", 2);
  memcpy(reason + 122, "€€", 6); /* the first one would be cut in two */
  assert_int_equal(close_elsewhere(p, id, 4403, reason), 0);
  const char *got;
  size_t len;
  assert_int_equal(peer_read(&peer, &got, &len), 0x88);
  assert_int_equal(len, 2 + 122);
  assert_true(gw_ws_utf8_is_valid(got + 2, len - 2));
  peer_close_frame(&peer, 4403);
  peer_expect_end(&peer);
  peer_close(&peer);
  end_here(p);
  assert_int_equal(p->code, 4403);
}

static void a_close_from_elsewhere_without_a_code(void **state) {
  (void)state;
  struct place *p = begin_here((struct gw_server_options){0});
  uint64_t id = open_one(p, &peer);
  assert_int_equal(close_elsewhere(p, id, 0, NULL), 0);
  peer_expect_close(&peer, 1005);
  peer_close(&peer);
  end_here(p);
}

/* ---- without memory ---- */

static void any_allocation_may_fail_in_a_connection_s_life(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    struct place *p = begin_here((struct gw_server_options){0});
    connect_to(p, &peer);
    alloc_fail_at(nth);
    peer_say(&peer, "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Sec-WebSocket-Ver");
    gw_loop_turn(p->loop, 1);
    peer_say(&peer, "sion: 13\r\n\r\n");
    peer_frame(&peer, 0x81, "echo", 4);
    gw_server_send(p->server, p->id, GW_WS_TEXT, "x", 1);
    peer_close_frame(&peer, 1000);
    uint64_t until = peer_clock() + PEER_WAIT_MS;
    while (peer_more(&peer, until))
      continue;
    assert_true(peer.has_ended);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    peer_close(&peer);
    /* and the next one is served */
    connect_to(p, &peer);
    peer_upgrade(&peer, "/ws", NULL);
    peer_close(&peer);
    end_here(p);
    assert_int_equal(p->opened, p->closed);
    if (!has_failed) break;
  }
}

static void any_allocation_may_fail_in_a_server_s_making(void **state) {
  (void)state;
  for (size_t nth = 1;; nth++) {
    struct gw_server *server = NULL;
    alloc_fail_at(nth);
    int r = gw_server_new(&(struct gw_server_options){.workers = 2}, &server);
    if (r == 0) r = gw_server_http(server, "/", &http);
    if (r == 0) r = gw_server_listen(server, "127.0.0.1:0", NULL);
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    gw_server_free(server);
    assert_true(has_failed ? r < 0 : r == 0);
    if (!has_failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_path_may_be_both_and_others_are_404),
      cmocka_unit_test(an_upgrade_where_no_websocket_is_ends_the_connection),
      cmocka_unit_test(another_site_s_page_gets_403),
      cmocka_unit_test(a_late_acceptance_keeps_the_subprotocol_and_the_frames),
      cmocka_unit_test(handlers_of_one_path_are_chosen_by_subprotocol),
      cmocka_unit_test(more_than_max_connections_are_cut),
      cmocka_unit_test(a_slow_handshake_is_ended),
      cmocka_unit_test(a_message_larger_than_64_mib_is_echoed_where_it_is_allowed),
      cmocka_unit_test(what_cannot_be_listened_on_is_told),
      cmocka_unit_test(a_listen_that_fails_leaves_nothing_behind),
      cmocka_unit_test(an_address_may_be_one_workers),
      cmocka_unit_test(a_stop_without_a_run_harms_nothing),
      cmocka_unit_test(a_stop_says_1001_to_everybody_and_waits_for_them),
      cmocka_unit_test(a_stop_does_not_wait_for_what_could_go_on_for_ever),
      cmocka_unit_test(the_deadline_cuts_what_is_left),
      cmocka_unit_test(a_second_stop_cuts_at_once),
      cmocka_unit_test(each_thread_s_messages_come_in_its_order),
      cmocka_unit_test(after_its_end_an_id_is_gone_for_all_threads),
      cmocka_unit_test(backpressure_from_elsewhere_owes_a_drain),
      cmocka_unit_test(too_much_from_elsewhere_is_full),
      cmocka_unit_test(a_posted_message_is_never_lost_in_silence),
      cmocka_unit_test(a_close_from_elsewhere_has_its_code_and_reason),
      cmocka_unit_test(a_close_from_elsewhere_without_a_code),
      cmocka_unit_test(any_allocation_may_fail_in_a_connection_s_life),
      cmocka_unit_test(any_allocation_may_fail_in_a_server_s_making),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
