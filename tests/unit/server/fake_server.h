/* SPDX-License-Identifier: MIT */
/* A server whose workers are the loops of the sessions' rig, and nothing else. */
#ifndef GW_TEST_FAKE_SERVER_H
#define GW_TEST_FAKE_SERVER_H

#include "session/rig.h"

#include "godwit/server.h"

unsigned gw_server_worker_count(const struct gw_server *server) {
  (void)server;
  return WORKERS;
}

struct gw_loop *gw_server_loop(const struct gw_server *server, unsigned i) {
  (void)server;
  return &loops[i];
}

int gw_loop_turn(struct gw_loop *loop, int wait_ms) {
  (void)wait_ms;
  fake_loop_turn(loop);
  return 0;
}

#endif
