/* SPDX-License-Identifier: MIT */
/*
 * The other end of a loopback connection, by hand: sends what a test wants and waits, within a
 * bound, for what comes back. While it waits it turns the loop under test, so both ends live on one
 * thread; without a loop it just waits (the other end is another thread's).
 */
#ifndef GW_TEST_PEER_H
#define GW_TEST_PEER_H

#include "godwit/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEER_WAIT_MS = 20000, PEER_ROOM = 1024 * 1024 };

struct peer {
  int fd;
  struct gw_loop *loop;
  bool has_ended; /* FIN or reset */
  size_t len;
  char in[PEER_ROOM + 1]; /* what came and was not looked at yet; NUL behind it */
};

uint64_t peer_clock(void); /* ms */
/* Turns the loop until the condition holds, within the bound; fails the test otherwise. */
#define PEER_UNTIL(loop_, condition)                                                               \
  do {                                                                                             \
    uint64_t end_ = peer_clock() + PEER_WAIT_MS;                                                   \
    while (!(condition)) {                                                                         \
      if (peer_clock() >= end_) fail_msg("never came true: %s", #condition);                       \
      gw_loop_turn((loop_), 2);                                                                    \
    }                                                                                              \
  } while (0)

void peer_connect(struct peer *peer, struct gw_loop *loop, unsigned port);
/* A listening socket on a free port of 127.0.0.1; then one of its connections. */
int peer_listen(unsigned *out_port);
void peer_accept(struct peer *peer, struct gw_loop *loop, int listener);
void peer_close(struct peer *peer); /* FIN; twice is fine */
void peer_reset(struct peer *peer);
void peer_shut(struct peer *peer); /* sends no more */

void peer_send(struct peer *peer, const void *data, size_t len);
void peer_say(struct peer *peer, const char *text);
/* A client's frame with a mask of zeros, or a server's; first is the first byte: 0x81 is a whole
 * text. */
void peer_frame(struct peer *peer, unsigned first, const void *payload, size_t len);
void peer_server_frame(struct peer *peer, unsigned first, const void *payload, size_t len);
void peer_close_frame(struct peer *peer, unsigned code);

/* Reads a little, or turns the loop once; false past the bound or at the end. */
bool peer_more(struct peer *peer, uint64_t until);
/* Waits for a head (up to an empty line) or a body of `len` bytes, and takes it; the text lives
 * until the next call of any peer. */
const char *peer_head(struct peer *peer);
const char *peer_take(struct peer *peer, size_t len);
/* Upgrades (`extra`: header lines, or NULL) and expects 101. */
void peer_upgrade(struct peer *peer, const char *path, const char *extra);
/* As a server: reads a client's request and answers 101 with the right Accept; extra lines too. */
void peer_answer_upgrade(struct peer *peer, const char *extra);
/* The next frame, either side's, unmasked: its first byte, -1 at the end. The payload is NUL-ended
 * and lives until the next call. */
int peer_read(struct peer *peer, const char **out_payload, size_t *out_len);
/* The next frame is this one. */
void peer_expect(struct peer *peer, unsigned first, const char *payload);
/* The next frame is a Close with this code (1005: none), and pings before it do not count. */
void peer_expect_close(struct peer *peer, unsigned code);
/* Nothing more comes, only the end. */
void peer_expect_end(struct peer *peer);

#endif
