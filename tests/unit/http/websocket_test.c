/* SPDX-License-Identifier: MIT */
/* A WebSocket over a real socket, without a handshake: what follows from each event, who ended it,
 * and calls from inside every callback. Both ends on one thread. */
#include "http/websocket.h"

#include "base/bytes.h"
#include "net/net.h"
#include "support/alloc.h"
#include "support/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* What a callback does beside telling. */
enum event { AT_NONE, AT_OPEN, AT_MESSAGE, AT_PONG, AT_DRAIN, AT_CLOSE };
enum deed { NOTHING, SEND, CLOSE, ABORT, PAUSE, GO_ON, CLOSE_TWICE, SEND_AND_ABORT, PING, DEEDS };

struct place {
  struct gw_loop *loop;
  struct gw_net *net;
  struct gw_ws_shared *shared;
  struct gw_conn_table *table;
  struct gw_websocket handler;
  struct gw_conn_route route;
  struct gw_conn *conn;
  struct peer peer;
  enum event at;
  enum deed deed;
  unsigned opened, closed, messages, drains;
  size_t story_len;
  char story[4096];
};

static struct place *place_of(struct gw_conn *conn) {
  return gw_conn_handler_user(conn);
}

__attribute__((format(printf, 2, 3))) static void tell(struct place *p, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(p->story + p->story_len, sizeof p->story - p->story_len, format, args);
  va_end(args);
  p->story_len += n > 0 ? (size_t)n : 0;
  assert_true(p->story_len < sizeof p->story);
}

static void do_deed(struct gw_conn *conn, enum event at) {
  struct place *p = place_of(conn);
  if (p->at != at) return;
  switch (p->deed) {
  case SEND: gw_conn_send(conn, GW_WS_TEXT, "deed", 4); break;
  case CLOSE: gw_conn_close(conn, 4001, "deed"); break;
  case ABORT: gw_conn_abort(conn); break;
  case PAUSE: gw_conn_pause(conn, true); break;
  case GO_ON: gw_conn_pause(conn, false); break;
  case CLOSE_TWICE:
    gw_conn_close(conn, 4001, "deed");
    assert_int_equal(gw_conn_close(conn, 4002, ""), GW_ERR_CLOSED);
    break;
  case SEND_AND_ABORT:
    gw_conn_send(conn, GW_WS_TEXT, "deed", 4);
    gw_conn_abort(conn);
    gw_conn_abort(conn);
    break;
  case PING: gw_conn_ping(conn, "deed", 4); break;
  default: break;
  }
}

static void on_open(struct gw_conn *conn) {
  place_of(conn)->opened++;
  tell(place_of(conn), "open\n");
  do_deed(conn, AT_OPEN);
}

static void on_message(struct gw_conn *conn, const struct gw_message *m) {
  struct place *p = place_of(conn);
  p->messages++;
  if (m->len <= 40)
    tell(p, "%s %.*s%s%s\n", m->type == GW_WS_TEXT ? "text" : "binary", (int)m->len,
         (const char *)m->data, m->is_first ? "" : " later", m->is_last ? "" : " more");
  do_deed(conn, AT_MESSAGE);
}

static void on_pong(struct gw_conn *conn, const void *data, size_t len) {
  tell(place_of(conn), "pong %.*s\n", (int)len, (const char *)data);
  do_deed(conn, AT_PONG);
}

static void on_drain(struct gw_conn *conn) {
  place_of(conn)->drains++;
  do_deed(conn, AT_DRAIN);
}

static void on_close(struct gw_conn *conn, const struct gw_ending *e) {
  struct place *p = place_of(conn);
  p->closed++;
  tell(p, "close %u '%s' by %s %s %d\n", e->code, e->reason, e->by_peer ? "peer" : "us",
       e->is_clean ? "clean" : "unclean", e->err);
  do_deed(conn, AT_CLOSE);
}

static void place_begin(struct place *p) {
  *p = (struct place){.handler = {.on_open = on_open,
                                  .on_message = on_message,
                                  .on_pong = on_pong,
                                  .on_drain = on_drain,
                                  .on_close = on_close,
                                  .ping_ms = 60000,
                                  .close_ms = 50}};
  p->handler.user = p;
  assert_int_equal(gw_loop_new(&p->loop), 0);
  assert_int_equal(
      gw_net_new(p->loop, &(struct gw_net_options){.linger_ms = 50, .outbox_cap = (size_t)1 << 40},
                 &p->net),
      0);
  assert_int_equal(gw_ws_shared_new(&p->shared), 0);
  assert_int_equal(gw_conn_table_new(0, 100, &p->table), 0);
}

/* A stream whose other end is the peer. */
static struct gw_stream *stream_to(struct place *p) {
  unsigned port;
  int listener = peer_listen(&port);
  peer_connect(&p->peer, p->loop, port);
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  close(listener);
  struct gw_stream *stream;
  assert_int_equal(gw_tcp_new(p->net, fd, &stream), 0);
  return stream;
}

static void place_open_as(struct place *p, bool is_client) {
  static const struct gw_ws_deflate none;
  gw_conn_route_init(&p->route, &p->handler, is_client);
  p->route.loop = p->loop;
  p->route.kind.shared = p->shared;
  p->route.table = p->table;
  p->conn = gw_conn_new(&p->route);
  assert_non_null(p->conn);
  gw_conn_open(p->conn, stream_to(p), &none, -1);
}

static void place_open(struct place *p) {
  place_begin(p);
  place_open_as(p, false);
}

static bool is_gone(const struct place *p) {
  return gw_conn_table_count(p->table) == 0;
}

/* All of it: nothing is left behind (ASan's leak check sees the rest). */
static void place_end(struct place *p) {
  peer_close(&p->peer);
  PEER_UNTIL(p->loop, is_gone(p));
  assert_int_equal(p->opened, p->closed);
  gw_loop_turn(p->loop, 0);
  gw_net_free(p->net);
  gw_ws_shared_free(p->shared);
  gw_conn_table_free(p->table);
  gw_loop_free(p->loop);
}

static struct place place;

/* ---- messages ---- */

static void messages_pings_and_parts_go_both_ways(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  peer_frame(&p->peer, 0x81, "one", 3);
  peer_frame(&p->peer, 0x01, "tw", 2);
  peer_frame(&p->peer, 0x89, "p", 1);
  peer_frame(&p->peer, 0x80, "o", 1);
  peer_frame(&p->peer, 0x8A, "unasked", 7);
  peer_expect(&p->peer, 0x8A, "p");
  assert_int_equal(gw_conn_send(p->conn, GW_WS_BINARY, "answer", 6), 0);
  assert_int_equal(gw_conn_send_part(p->conn, GW_WS_TEXT, false, "a", 1), 0);
  assert_int_equal(gw_conn_ping(p->conn, "?", 1), 0);
  assert_int_equal(gw_conn_send(p->conn, GW_WS_TEXT, "x", 1), GW_ERR_STATE);
  assert_int_equal(gw_conn_send_part(p->conn, GW_WS_TEXT, false, "b", 1), 0);
  assert_int_equal(gw_conn_send_part(p->conn, GW_WS_TEXT, true, "", 0), 0);
  peer_expect(&p->peer, 0x82, "answer");
  peer_expect(&p->peer, 0x01, "a");
  peer_expect(&p->peer, 0x89, "?");
  peer_expect(&p->peer, 0x00, "b");
  peer_expect(&p->peer, 0x80, "");
  assert_string_equal(p->story, "open\ntext one\ntext two\npong unasked\n");
  place_end(p);
}

static void what_cannot_be_sent_is_an_argument_error(void **state) {
  (void)state;
  struct place *p = &place;
  char big[126] = {0};
  place_open(p);
  assert_int_equal(gw_conn_send(p->conn, GW_WS_PING, "x", 1), GW_ERR_ARGUMENT);
  assert_int_equal(gw_conn_send_part(p->conn, GW_WS_CLOSE, true, "x", 1), GW_ERR_ARGUMENT);
  assert_int_equal(gw_conn_ping(p->conn, big, sizeof big), GW_ERR_ARGUMENT);
  assert_int_equal(gw_conn_close(p->conn, 1005, "x"), GW_ERR_ARGUMENT);
  assert_int_equal(gw_conn_close(p->conn, 999, ""), GW_ERR_ARGUMENT);
  assert_int_equal(gw_conn_send(p->conn, GW_WS_TEXT, "still open", 10), 0);
  peer_expect(&p->peer, 0x81, "still open");
  place_end(p);
}

static void a_stream_tells_parts_as_they_come(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.protocol.is_streaming = true;
  place_open_as(p, false);
  peer_frame(&p->peer, 0x02, "a", 1);
  PEER_UNTIL(p->loop, p->messages == 1);
  peer_frame(&p->peer, 0x80, "b", 1);
  PEER_UNTIL(p->loop, strstr(p->story, "later\n"));
  assert_non_null(strstr(p->story, "binary a more\n"));
  assert_null(strstr(p->story, "a later"));
  place_end(p);
}

static void a_large_message_is_echoed_whole(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->at = AT_MESSAGE;
  place_open_as(p, false);
  char *big = malloc(200000);
  memset(big, 'x', 200000);
  peer_frame(&p->peer, 0x82, big, 200000);
  PEER_UNTIL(p->loop, p->messages == 1);
  assert_int_equal(gw_conn_send(p->conn, GW_WS_BINARY, big, 200000), 0);
  const char *got;
  size_t len;
  assert_int_equal(peer_read(&p->peer, &got, &len), 0x82);
  assert_int_equal(len, 200000);
  assert_memory_equal(got, big, len);
  free(big);
  place_end(p);
}

static void user_data_is_zeroed_and_the_id_names_it(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.user_size = 100;
  p->handler.protocols = "one, two";
  place_open_as(p, false);
  const uint8_t *data = gw_conn_user_data(p->conn);
  for (int i = 0; i < 100; i++)
    assert_int_equal(data[i], 0);
  assert_int_equal((uintptr_t)data % 8, 0);
  assert_ptr_equal(gw_conn_table_find(p->table, gw_conn_id(p->conn)), p->conn);
  char text[64];
  assert_string_equal(gw_conn_protocol(p->conn, text, sizeof text), "");
  assert_memory_equal(gw_conn_peer(p->conn, text, sizeof text), "127.0.0.1:", 10);
  assert_false(gw_conn_is_compressed(p->conn));
  place_end(p);
}

/* ---- who ended it, and how ---- */

static void the_peer_s_close_is_answered_with_its_code(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  peer_frame(&p->peer, 0x88, "\x0f\xa1why", 5);
  peer_expect_close(&p->peer, 4001);
  peer_expect_end(&p->peer);
  assert_string_equal(p->story, "open\nclose 4001 'why' by peer clean 0\n");
  place_end(p);
}

static void a_close_without_a_code_is_1005(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  peer_frame(&p->peer, 0x88, "", 0);
  peer_expect_close(&p->peer, 1005);
  assert_string_equal(p->story, "open\nclose 1005 '' by peer clean 0\n");
  place_end(p);
}

static void our_close_is_clean_once_answered(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  assert_int_equal(gw_conn_close(p->conn, 1000, "done"), 0);
  assert_int_equal(gw_conn_close(p->conn, 1000, ""), GW_ERR_CLOSED);
  assert_int_equal(gw_conn_send(p->conn, GW_WS_TEXT, "x", 1), GW_ERR_CLOSED);
  peer_expect_close(&p->peer, 1000);
  peer_frame(&p->peer, 0x81, "not told", 8);
  peer_close_frame(&p->peer, 4444);
  peer_expect_end(&p->peer);
  assert_string_equal(p->story, "open\nclose 1000 '' by us clean 0\n");
  place_end(p);
}

/* security.md 10 */
static void a_close_that_is_not_answered_ends_after_close_ms(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  uint64_t begun = peer_clock();
  gw_conn_close(p->conn, 1000, NULL);
  peer_expect_close(&p->peer, 1000);
  peer_expect_end(&p->peer);
  assert_true(peer_clock() - begun >= 45);
  assert_string_equal(p->story, "open\nclose 1006 '' by us unclean -11\n");
  place_end(p);
}

static void a_peer_that_goes_instead_of_answering_was_closed_by_us(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  gw_conn_close(p->conn, 1000, NULL);
  peer_expect_close(&p->peer, 1000);
  peer_close(&p->peer);
  PEER_UNTIL(p->loop, p->closed);
  assert_string_equal(p->story, "open\nclose 1006 '' by us unclean -12\n");
  place_end(p);
}

static void a_peer_that_vanishes_is_1006_by_peer(void **state) {
  (void)state;
  for (int is_reset = 0; is_reset < 2; is_reset++) {
    struct place *p = &place;
    place_open(p);
    if (is_reset) {
      peer_reset(&p->peer);
    } else {
      peer_close(&p->peer);
    }
    PEER_UNTIL(p->loop, p->closed);
    assert_string_equal(p->story, "open\nclose 1006 '' by peer unclean -12\n");
    place_end(p);
  }
}

static void an_abort_is_ours_and_tells_no_more_messages(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->at = AT_MESSAGE;
  p->deed = ABORT;
  place_open_as(p, false);
  peer_send(&p->peer, "\x81\x81\0\0\0\0a\x81\x81\0\0\0\0b\x88\x80\0\0\0\0", 20);
  PEER_UNTIL(p->loop, p->closed);
  assert_string_equal(p->story, "open\ntext a\nclose 1006 '' by us unclean -3\n");
  place_end(p);
}

static void a_broken_rule_fails_it_after_what_was_due(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->at = AT_MESSAGE;
  p->deed = SEND;
  place_open_as(p, false);
  peer_frame(&p->peer, 0x81, "a", 1);
  peer_frame(&p->peer, 0x83, "b", 1);
  peer_expect(&p->peer, 0x81, "deed");
  peer_expect_close(&p->peer, 1002);
  peer_expect_end(&p->peer);
  assert_non_null(strstr(p->story, "close 1002"));
  assert_non_null(strstr(p->story, "by us unclean -34\n"));
  place_end(p);
}

/* Our own Close was 1000: that is the one that counts, whatever nonsense follows it. */
static void nonsense_after_our_close_does_not_change_its_code(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  gw_conn_close(p->conn, 1000, "");
  peer_expect_close(&p->peer, 1000);
  peer_frame(&p->peer, 0x83, "b", 1);
  peer_expect_end(&p->peer);
  assert_non_null(strstr(p->story, "close 1000 "));
  assert_non_null(strstr(p->story, "by us unclean -34\n"));
  place_end(p);
}

static void a_client_waits_for_the_server_s_end(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  place_open_as(p, true);
  uint64_t begun = peer_clock(); /* before the client can begin to wait */
  peer_server_frame(&p->peer, 0x88, "\x03\xe8", 2);
  peer_expect_close(&p->peer, 1000);
  assert_string_equal(p->story, "open\nclose 1000 '' by peer clean 0\n");
  assert_false(is_gone(p));
  peer_expect_end(&p->peer); /* close_ms later it goes by itself */
  assert_true(peer_clock() - begun >= 40);
  place_end(p);
}

/* A closed connection whose stream lingers, because its peer does not go, can be cut. */
static void an_abort_cuts_a_stream_that_lingers(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.close_ms = 60000;
  place_open_as(p, true);
  peer_server_frame(&p->peer, 0x88, "", 0);
  PEER_UNTIL(p->loop, p->closed);
  gw_conn_abort(p->conn);
  PEER_UNTIL(p->loop, is_gone(p));
  place_end(p);
}

/* ---- life ---- */

static void silence_is_asked_after_and_then_ended(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.ping_ms = 30;
  p->handler.pong_ms = 30;
  place_open_as(p, false);
  peer_expect(&p->peer, 0x89, "");
  peer_expect_end(&p->peer);
  assert_string_equal(p->story, "open\nclose 1006 '' by peer unclean -11\n");
  place_end(p);
}

/* The machine may stand still for longer than a peer may: whoever lives lives at least once. */
static void expect_life(bool (*lives)(struct place *p)) {
  bool has_lived = false;
  for (int i = 0; i < 10 && !has_lived; i++) {
    place_begin(&place);
    has_lived = lives(&place);
    place_end(&place);
  }
  assert_true(has_lived);
}

static bool lives_by_answers(struct place *p) {
  p->handler.ping_ms = 20;
  p->handler.pong_ms = 40;
  place_open_as(p, false);
  for (int i = 0; i < 6; i++) {
    uint64_t until = peer_clock() + PEER_WAIT_MS;
    while (p->peer.len < 2 && !p->closed && peer_more(&p->peer, until))
      continue;
    if (p->closed) return false;
    peer_expect(&p->peer, 0x89, "");
    if (i % 2) {
      peer_frame(&p->peer, 0x8A, "", 0);
    } else {
      peer_frame(&p->peer, 0x81, "a", 1); /* any byte is a sign of life */
    }
  }
  return !p->closed;
}

static void whoever_answers_pings_stays(void **state) {
  (void)state;
  expect_life(lives_by_answers);
}

/* Turns for a while without the peer. */
static void pass(struct place *p, uint64_t ms) {
  uint64_t end = peer_clock() + ms;
  while (peer_clock() < end)
    gw_loop_turn(p->loop, 5);
}

/* Its pongs wait unread because we do not read. */
static void a_peer_that_we_paused_is_not_dead_for_its_silence(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.ping_ms = 20;
  p->handler.pong_ms = 20;
  place_open_as(p, false);
  gw_conn_pause(p->conn, true);
  pass(p, 150);
  assert_int_equal(p->closed, 0);
  peer_frame(&p->peer, 0x81, "here", 4);
  gw_conn_pause(p->conn, false);
  PEER_UNTIL(p->loop, p->messages == 1);
  place_end(p);
}

static size_t fill(struct place *p, size_t piece) {
  char *data = calloc(1, piece);
  size_t sent = 0;
  int r;
  while ((r = gw_conn_send(p->conn, GW_WS_BINARY, data, piece)) >= 0) {
    sent++;
    if (r == 1) break;
    gw_loop_turn(p->loop, 0);
  }
  free(data);
  return sent;
}

static void a_paused_peer_that_takes_nothing_is_dead(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.ping_ms = 20;
  p->handler.pong_ms = 20;
  place_open_as(p, false);
  fill(p, 1 << 19);
  gw_conn_pause(p->conn, true);
  PEER_UNTIL(p->loop, p->closed);
  assert_non_null(strstr(p->story, "close 1006 '' by peer unclean -11\n"));
  place_end(p);
}

/* The ping lies behind megabytes: whoever takes them lives. */
static bool lives_by_reading(struct place *p) {
  p->handler.ping_ms = 15;
  p->handler.pong_ms = 40;
  place_open_as(p, false);
  /* A large buffer opens its window only when a sixteenth is free, which may be more than is read.
   */
  setsockopt(p->peer.fd, SOL_SOCKET, SO_RCVBUF, &(int){128 * 1024}, sizeof(int));
  fill(p, 1 << 19);
  assert_true(gw_conn_buffered(p->conn) > 1 << 20);
  uint64_t begun = peer_clock();
  while (p->drains == 0 && !p->closed && peer_clock() - begun < PEER_WAIT_MS) {
    p->peer.len = 0;
    recv(p->peer.fd, p->peer.in, 512 * 1024, MSG_DONTWAIT);
    pass(p, 25); /* until it has taken enough it is looked after once at least */
  }
  return p->drains == 1 && !p->closed;
}

static void a_slow_reader_that_goes_on_reading_lives(void **state) {
  (void)state;
  expect_life(lives_by_reading);
}

static void a_close_while_paused_hears_the_answer(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  gw_conn_pause(p->conn, true);
  gw_conn_close(p->conn, 1000, NULL);
  peer_expect_close(&p->peer, 1000);
  peer_close_frame(&p->peer, 1000);
  PEER_UNTIL(p->loop, p->closed);
  assert_string_equal(p->story, "open\nclose 1000 '' by us clean 0\n");
  place_end(p);
}

static void a_paused_connection_tells_nothing(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  gw_conn_pause(p->conn, true);
  peer_frame(&p->peer, 0x81, "later", 5);
  pass(p, 20);
  assert_int_equal(p->messages, 0);
  gw_conn_pause(p->conn, false);
  PEER_UNTIL(p->loop, p->messages == 1);
  place_end(p);
}

/* ---- a peer that does not read (security.md 13) ---- */

static void backpressure_is_told_then_full_then_a_drain(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.max_buffered = 3 << 20;
  place_open_as(p, false);
  fill(p, 1 << 19);
  size_t at_high = gw_conn_buffered(p->conn);
  assert_true(at_high > 1 << 20 && at_high <= 3 << 20);
  char *data = calloc(1, 1 << 19);
  int r;
  while ((r = gw_conn_send(p->conn, GW_WS_BINARY, data, 1 << 19)) == 1)
    continue;
  assert_int_equal(r, GW_ERR_FULL);
  assert_true(gw_conn_buffered(p->conn) <= 3 << 20);
  assert_int_equal(p->drains, 0);
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  while (p->drains == 0 && peer_more(&p->peer, until))
    p->peer.len = 0;
  assert_int_equal(p->drains, 1);
  assert_int_equal(gw_conn_buffered(p->conn), 0);
  assert_int_equal(gw_conn_send(p->conn, GW_WS_BINARY, data, 10), 0);
  free(data);
  place_end(p);
}

static void waiting_is_what_the_system_would_not_take(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  assert_false(gw_conn_is_waiting(p->conn));
  assert_int_equal(gw_conn_send(p->conn, GW_WS_TEXT, "small", 5), 0);
  assert_false(gw_conn_is_waiting(p->conn)); /* it leaves with the turn */
  gw_conn_keep_fresh(p->conn);
  fill(p, 1 << 17);
  gw_loop_turn(p->loop, 0);
  assert_true(gw_conn_is_waiting(p->conn));
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  while (p->drains == 0 && peer_more(&p->peer, until))
    p->peer.len = 0;
  assert_int_equal(p->drains, 1);
  assert_false(gw_conn_is_waiting(p->conn));
  place_end(p);
}

/* A turn may have more for it than may wait; who takes it is not slow. */
static void much_in_one_turn_is_no_slow_reader(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.max_buffered = 20000;
  place_open_as(p, false);
  char data[1000] = {0};
  for (int i = 0; i < 60; i++)
    assert_true(gw_conn_send(p->conn, GW_WS_BINARY, data, sizeof data) >= 0);
  for (int i = 0; i < 60; i++) {
    const char *got;
    size_t len;
    assert_int_equal(peer_read(&p->peer, &got, &len), 0x82);
    assert_int_equal(len, sizeof data);
  }
  place_end(p);
}

static void a_packed_frame_is_shared_and_counts_like_any_other(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.max_buffered = 1000;
  place_open_as(p, false);
  struct gw_bytes *frame;
  assert_int_equal(gw_conn_pack_bits(p->conn), 0);
  assert_int_equal(
      gw_conn_pack(p->conn, &(struct gw_ws_frame){.opcode = GW_WS_TEXT, .data = "abc", .len = 3},
                   &frame),
      0);
  assert_int_equal(gw_conn_send_pack(p->conn, frame), 0);
  assert_int_equal(frame->refs, 2);
  peer_expect(&p->peer, 0x81, "abc");
  assert_int_equal(frame->refs, 1);
  assert_int_equal(gw_conn_send_part(p->conn, GW_WS_TEXT, false, "x", 1), 0);
  assert_int_equal(gw_conn_send_pack(p->conn, frame), GW_ERR_STATE);
  assert_int_equal(gw_conn_send_part(p->conn, GW_WS_TEXT, true, "y", 1), 0);
  int r = 0;
  while (r >= 0)
    r = gw_conn_send_pack(p->conn, frame);
  assert_int_equal(r, GW_ERR_FULL);
  gw_conn_close(p->conn, 1000, "");
  assert_int_equal(gw_conn_send_pack(p->conn, frame), GW_ERR_CLOSED);
  gw_bytes_unref(frame);
  place_end(p);
}

static void bye(struct gw_conn *conn) {
  gw_conn_send(conn, GW_WS_TEXT, "bye", 3);
  gw_conn_close(conn, 4501, "");
}

static void a_stop_closes_or_is_told(void **state) {
  (void)state;
  struct place *p = &place;
  place_open(p);
  gw_conn_stop(p->conn);
  gw_conn_stop(p->conn);
  peer_expect_close(&p->peer, 1001);
  place_end(p);
  place_begin(p);
  p->handler.on_stop = bye;
  place_open_as(p, false);
  gw_conn_stop(p->conn);
  peer_expect(&p->peer, 0x81, "bye");
  peer_expect_close(&p->peer, 4501);
  place_end(p);
}

/* A message larger than max_buffered goes where nothing waits. */
static void one_message_always_fits(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.max_buffered = 1000;
  place_open_as(p, false);
  char *data = calloc(1, 100000);
  assert_true(gw_conn_send(p->conn, GW_WS_BINARY, data, 100000) >= 0);
  free(data);
  const char *got;
  size_t len;
  assert_int_equal(peer_read(&p->peer, &got, &len), 0x82);
  assert_int_equal(len, 100000);
  place_end(p);
}

static void of_many_pings_one_pong_waits_and_it_is_the_newest_s(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.max_pings = 100000;
  place_open_as(p, false);
  fill(p, 1 << 19);
  size_t before = gw_conn_buffered(p->conn);
  for (int i = 0; i < 3000; i++) {
    char text[8];
    int n = snprintf(text, sizeof text, "%d", i);
    peer_frame(&p->peer, 0x89, text, (size_t)n);
  }
  pass(p, 30);
  assert_int_equal(gw_conn_buffered(p->conn), before);
  const char *got;
  size_t len;
  int first;
  while ((first = peer_read(&p->peer, &got, &len)) == 0x82)
    continue;
  assert_int_equal(first, 0x8A);
  assert_string_equal(got, "2999");
  peer_frame(&p->peer, 0x89, "now", 3);
  peer_expect(&p->peer, 0x8A, "now");
  place_end(p);
}

static void a_flood_of_pings_and_pongs_is_a_policy_violation(void **state) {
  (void)state;
  for (unsigned first = 0x89; first <= 0x8A; first++) {
    struct place *p = &place;
    place_begin(p);
    p->handler.max_pings = 10;
    place_open_as(p, false);
    for (int i = 0; i < 11; i++)
      peer_frame(&p->peer, first, "", 0);
    const char *got;
    size_t len;
    int is, pongs = 0;
    while ((is = peer_read(&p->peer, &got, &len)) == 0x8A)
      pongs++;
    assert_int_equal(is, 0x88);
    assert_int_equal((uint8_t)got[0] << 8 | (uint8_t)got[1], 1008);
    assert_int_equal(pongs, first == 0x89 ? 10 : 0);
    place_end(p);
  }
}

static void no_limit_of_pings_is_one(void **state) {
  (void)state;
  struct place *p = &place;
  place_begin(p);
  p->handler.max_pings = 1000000;
  place_open_as(p, false);
  uint8_t pongs[6 * 1000];
  for (size_t i = 0; i < sizeof pongs; i++)
    pongs[i] = (const uint8_t[]){0x8A, 0x80, 0, 0, 0, 0}[i % 6];
  p->handler.on_pong = NULL;
  for (int i = 0; i < 70; i++) {
    peer_send(&p->peer, pongs, sizeof pongs);
    gw_loop_turn(p->loop, 0);
  }
  peer_frame(&p->peer, 0x81, "end", 3);
  PEER_UNTIL(p->loop, p->messages || p->closed);
  assert_int_equal(p->closed, 0);
  place_end(p);
}

/* ---- anything from anywhere (security.md 15) ---- */

/* A dialogue that meets every callback, cut off after `steps` of it. */
static void dialogue(struct place *p, int steps, bool is_reset) {
  struct peer *peer = &p->peer;
  for (int step = 0; step < steps; step++)
    switch (step) {
    case 0: peer_send(peer, "\x81\x81\0\0\0\0a\x8a\x80\0\0\0\0\x81\x81\0\0\0\0b", 20); break;
    case 1: pass(p, 2); break;
    case 2:
      if (!p->closed) fill(p, 1 << 19);
      break;
    case 3:
      for (int i = 0; i < 60 && !p->drains && !peer->has_ended; i++) {
        peer->len = 0;
        peer_more(peer, peer_clock() + 100);
      }
      break;
    case 4: peer_send(peer, "\x01\x81\0\0\0\0a\x89\x80\0\0\0\0\x80\x81\0\0\0\0b\x81", 21); break;
    case 5: peer_send(peer, "\x81\0\0\0\0c", 6); break;
    case 6: peer_close_frame(peer, 1000); break;
    case 7: pass(p, 2); break;
    default: break;
    }
  if (is_reset) {
    peer_reset(peer);
  } else {
    peer_close(peer);
  }
  gw_loop_turn(p->loop, 0);
  if (!p->closed) gw_conn_pause(p->conn, false); /* a paused one sees no end */
}

static void any_deed_in_any_callback_ends_in_one_close(void **state) {
  (void)state;
  for (enum event at = AT_OPEN; at <= AT_CLOSE; at++)
    for (enum deed deed = NOTHING; deed < DEEDS; deed++) {
      struct place *p = &place;
      place_begin(p);
      p->at = at;
      p->deed = deed;
      p->handler.close_ms = 5;
      place_open_as(p, false);
      dialogue(p, 8, deed % 2);
      place_end(p);
      assert_int_equal(p->closed, 1);
    }
}

static void a_peer_may_vanish_at_every_step(void **state) {
  (void)state;
  for (int steps = 0; steps <= 8; steps++)
    for (int is_reset = 0; is_reset < 2; is_reset++) {
      struct place *p = &place;
      place_begin(p);
      p->handler.close_ms = 5;
      place_open_as(p, false);
      dialogue(p, steps, is_reset);
      place_end(p);
      assert_int_equal(p->closed, 1);
    }
}

/* ---- without memory ---- */

static void echo_all(struct gw_conn *conn, const struct gw_message *m) {
  place_of(conn)->messages++;
  gw_conn_send(conn, m->type, m->data, m->len);
}

static void any_allocation_may_fail(void **state) {
  (void)state;
  static char big[100000];
  for (size_t nth = 1;; nth++) {
    struct place *p = &place;
    static const struct gw_ws_deflate none;
    place_begin(p);
    p->handler.on_message = echo_all;
    p->handler.close_ms = 20;
    gw_conn_route_init(&p->route, &p->handler, false);
    p->route.loop = p->loop;
    p->route.kind.shared = p->shared;
    p->route.table = p->table;
    struct gw_stream *stream = stream_to(p);
    alloc_fail_at(nth);
    p->conn = gw_conn_new(&p->route);
    if (p->conn) {
      gw_conn_open(p->conn, stream, &none, -1);
      peer_frame(&p->peer, 0x01, "a", 1);
      gw_loop_turn(p->loop, 1);
      peer_frame(&p->peer, 0x80, "b", 1);
      peer_frame(&p->peer, 0x89, "c", 1);
      peer_frame(&p->peer, 0x82, big, sizeof big);
      peer_close_frame(&p->peer, 1000);
      peer_frame(&p->peer, 0x81, "behind", 6);
      uint64_t until = peer_clock() + PEER_WAIT_MS;
      while (peer_more(&p->peer, until))
        continue;
      assert_true(p->peer.has_ended);
    } else {
      gw_stream_abort(stream, 0);
    }
    bool has_failed = alloc_has_failed();
    alloc_fail_at(0);
    place_end(p);
    if (!has_failed) break;
  }
  assert_int_equal(place.messages, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_pings_and_parts_go_both_ways),
      cmocka_unit_test(what_cannot_be_sent_is_an_argument_error),
      cmocka_unit_test(a_stream_tells_parts_as_they_come),
      cmocka_unit_test(a_large_message_is_echoed_whole),
      cmocka_unit_test(user_data_is_zeroed_and_the_id_names_it),
      cmocka_unit_test(the_peer_s_close_is_answered_with_its_code),
      cmocka_unit_test(a_close_without_a_code_is_1005),
      cmocka_unit_test(our_close_is_clean_once_answered),
      cmocka_unit_test(a_close_that_is_not_answered_ends_after_close_ms),
      cmocka_unit_test(a_peer_that_goes_instead_of_answering_was_closed_by_us),
      cmocka_unit_test(a_peer_that_vanishes_is_1006_by_peer),
      cmocka_unit_test(an_abort_is_ours_and_tells_no_more_messages),
      cmocka_unit_test(a_broken_rule_fails_it_after_what_was_due),
      cmocka_unit_test(nonsense_after_our_close_does_not_change_its_code),
      cmocka_unit_test(a_client_waits_for_the_server_s_end),
      cmocka_unit_test(an_abort_cuts_a_stream_that_lingers),
      cmocka_unit_test(silence_is_asked_after_and_then_ended),
      cmocka_unit_test(whoever_answers_pings_stays),
      cmocka_unit_test(a_peer_that_we_paused_is_not_dead_for_its_silence),
      cmocka_unit_test(a_paused_peer_that_takes_nothing_is_dead),
      cmocka_unit_test(a_slow_reader_that_goes_on_reading_lives),
      cmocka_unit_test(a_close_while_paused_hears_the_answer),
      cmocka_unit_test(a_paused_connection_tells_nothing),
      cmocka_unit_test(backpressure_is_told_then_full_then_a_drain),
      cmocka_unit_test(waiting_is_what_the_system_would_not_take),
      cmocka_unit_test(much_in_one_turn_is_no_slow_reader),
      cmocka_unit_test(a_packed_frame_is_shared_and_counts_like_any_other),
      cmocka_unit_test(a_stop_closes_or_is_told),
      cmocka_unit_test(one_message_always_fits),
      cmocka_unit_test(of_many_pings_one_pong_waits_and_it_is_the_newest_s),
      cmocka_unit_test(a_flood_of_pings_and_pongs_is_a_policy_violation),
      cmocka_unit_test(no_limit_of_pings_is_one),
      cmocka_unit_test(any_deed_in_any_callback_ends_in_one_close),
      cmocka_unit_test(a_peer_may_vanish_at_every_step),
      cmocka_unit_test(any_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
