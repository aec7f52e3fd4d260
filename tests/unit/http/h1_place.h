/* SPDX-License-Identifier: MIT */
/* An HTTP/1.1 connection on a real socket, with a loop of its own; who answers is the test's. */
#ifndef GW_TEST_H1_PLACE_H
#define GW_TEST_H1_PLACE_H

#include "http/h1.h"

#include "net/net.h"
#include "support/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
  struct gw_loop *loop;
  struct gw_net *net;
  struct gw_h1_side side;
  struct peer peer;
  struct gw_exchange *owed; /* of a request to /later */
  unsigned requests, done, gone;
  size_t body_len; /* of the latest request */
  char last[64];
};

static struct place place;

static inline void answer(struct gw_exchange *exchange, const char *body) {
  gw_exchange_answer(exchange, &(struct gw_reply){.status = 200,
                                                  .content_type = "text/plain",
                                                  .body = body,
                                                  .len = strlen(body)});
}

static inline void on_done(struct gw_h1_side *side) {
  ((struct place *)side->owner)->done++;
}

static inline struct gw_stream *stream_to(struct place *p) {
  unsigned port;
  int listener = peer_listen(&port);
  peer_connect(&p->peer, p->loop, port);
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  close(listener);
  struct gw_stream *stream;
  assert_int_equal(gw_tcp_new(p->net, fd, &stream), 0);
  return stream;
}

static inline struct place *place_begin(void (*on_request)(struct gw_h1_side *side,
                                                           struct gw_exchange *exchange)) {
  struct place *p = &place;
  *p = (struct place){0};
  assert_int_equal(gw_loop_new(&p->loop), 0);
  assert_int_equal(gw_net_new(p->loop, &(struct gw_net_options){.linger_ms = 30}, &p->net), 0);
  gw_h1_side_init(&p->side);
  p->side.loop = p->loop;
  p->side.on_request = on_request;
  p->side.on_done = on_done;
  p->side.owner = p;
  return p;
}

static inline struct place *place_open_with(void (*on_request)(struct gw_h1_side *side,
                                                               struct gw_exchange *exchange)) {
  struct place *p = place_begin(on_request);
  assert_int_equal(gw_h1_open(&p->side, stream_to(p)), 0);
  return p;
}

static inline void place_end(struct place *p) {
  peer_close(&p->peer);
  PEER_UNTIL(p->loop, p->done == 1);
  gw_loop_turn(p->loop, 0);
  gw_net_free(p->net);
  gw_loop_free(p->loop);
}

static inline void turn_for(struct place *p, uint64_t ms) {
  uint64_t end = peer_clock() + ms;
  while (peer_clock() < end)
    gw_loop_turn(p->loop, 3);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

#endif
