/* SPDX-License-Identifier: MIT */
/* Non-blocking sockets and a deadline; everything else is the test's. */
#include "support/peer.h"

#include "godwit/ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static _Thread_local char taken[PEER_ROOM + 1];

uint64_t peer_clock(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void peer_begin(struct peer *peer, struct gw_loop *loop, int fd) {
  int on = 1;
  peer->fd = fd;
  peer->loop = loop;
  peer->has_ended = false;
  peer->len = 0;
  peer->in[0] = '\0';
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static struct sockaddr_in loopback(unsigned port) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

void peer_connect(struct peer *peer, struct gw_loop *loop, unsigned port) {
  struct sockaddr_in at = loopback(port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
  peer_begin(peer, loop, fd);
}

int peer_listen(unsigned *out_port) {
  struct sockaddr_in at = loopback(0);
  socklen_t len = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(fd, 16), 0);
  getsockname(fd, (struct sockaddr *)&at, &len);
  *out_port = ntohs(at.sin_port);
  return fd;
}

void peer_accept(struct peer *peer, struct gw_loop *loop, int listener) {
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0) {
    if (peer_clock() >= until) fail_msg("nobody connects");
    gw_loop_turn(loop, 2);
  }
  peer_begin(peer, loop, fd);
}

void peer_close(struct peer *peer) {
  if (peer->fd >= 0) close(peer->fd);
  peer->fd = -1;
}

void peer_reset(struct peer *peer) {
  const struct linger at_once = {.l_onoff = 1};
  setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  peer_close(peer);
}

void peer_shut(struct peer *peer) {
  shutdown(peer->fd, SHUT_WR);
}

/* ---- out ---- */

void peer_send(struct peer *peer, const void *data, size_t len) {
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  const char *at = data;
  while (len > 0) {
    ssize_t n = send(peer->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) return; /* the other end has gone: reading tells */
    if (n < 0 && peer_clock() >= until) fail_msg("the other end does not read");
    if (n < 0 && peer->loop) gw_loop_turn(peer->loop, 1);
    if (n < 0 && !peer->loop) poll(&(struct pollfd){.fd = peer->fd, .events = POLLOUT}, 1, 5);
    at += n > 0 ? n : 0;
    len -= n > 0 ? (size_t)n : 0;
  }
}

void peer_say(struct peer *peer, const char *text) {
  peer_send(peer, text, strlen(text));
}

static void send_frame(struct peer *peer, unsigned first, unsigned mask, const void *payload,
                       size_t len) {
  uint8_t head[14] = {(uint8_t)first};
  size_t n = 2, bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
  head[1] = (uint8_t)(mask | (bytes == 0 ? len : bytes == 2 ? 126 : 127));
  for (size_t i = 0; i < bytes; i++)
    head[n++] = (uint8_t)(len >> 8 * (bytes - 1 - i));
  if (mask) n += 4; /* of zeros */
  peer_send(peer, head, n);
  peer_send(peer, payload, len);
}

void peer_frame(struct peer *peer, unsigned first, const void *payload, size_t len) {
  send_frame(peer, first, 0x80, payload, len);
}

void peer_server_frame(struct peer *peer, unsigned first, const void *payload, size_t len) {
  send_frame(peer, first, 0, payload, len);
}

void peer_close_frame(struct peer *peer, unsigned code) {
  const uint8_t body[2] = {(uint8_t)(code >> 8), (uint8_t)code};
  peer_frame(peer, 0x88, body, sizeof body);
}

/* ---- in ---- */

bool peer_more(struct peer *peer, uint64_t until) {
  if (peer->has_ended || peer->fd < 0 || peer_clock() >= until) return false;
  ssize_t n = recv(peer->fd, peer->in + peer->len, PEER_ROOM - peer->len, MSG_DONTWAIT);
  if (n > 0) {
    peer->len += (size_t)n;
    peer->in[peer->len] = '\0';
  } else if (n == 0 || errno != EAGAIN) {
    if (peer->len < PEER_ROOM) peer->has_ended = true;
  } else if (peer->loop) {
    gw_loop_turn(peer->loop, 2);
  } else {
    poll(&(struct pollfd){.fd = peer->fd, .events = POLLIN}, 1, 5);
  }
  return true;
}

const char *peer_take(struct peer *peer, size_t len) {
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  while (peer->len < len)
    if (!peer_more(peer, until)) fail_msg("%zu bytes of %zu came: %s", peer->len, len, peer->in);
  memcpy(taken, peer->in, len);
  taken[len] = '\0';
  peer->len -= len;
  memmove(peer->in, peer->in + len, peer->len + 1);
  return taken;
}

const char *peer_head(struct peer *peer) {
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  const char *end;
  while (!(end = strstr(peer->in, "\r\n\r\n")))
    if (!peer_more(peer, until)) fail_msg("no head came: %s", peer->in);
  return peer_take(peer, (size_t)(end + 4 - peer->in));
}

void peer_upgrade(struct peer *peer, const char *path, const char *extra) {
  char request[1024];
  snprintf(request, sizeof request,
           "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
           path, extra ? extra : "");
  peer_say(peer, request);
  const char *head = peer_head(peer);
  if (strncmp(head, "HTTP/1.1 101 ", 13) != 0) fail_msg("not upgraded: %s", head);
}

void peer_answer_upgrade(struct peer *peer, const char *extra) {
  static const char name[] = "Sec-WebSocket-Key: ";
  char accept[29], answer[1024];
  const char *key = strstr(peer_head(peer), name);
  assert_non_null(key);
  gw_ws_accept_key(key + sizeof name - 1, 24, accept);
  snprintf(answer, sizeof answer,
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: %s\r\n%s\r\n",
           accept, extra ? extra : "");
  peer_say(peer, answer);
}

/* How long the first frame is, head included, as far as it is known. */
static size_t frame_size(const struct peer *peer, size_t *out_head, size_t *out_len) {
  const uint8_t *in = (const uint8_t *)peer->in;
  if (peer->len < 2) return 2;
  size_t bytes = (in[1] & 127) == 126 ? 2 : (in[1] & 127) == 127 ? 8 : 0, len = 0;
  *out_head = 2 + bytes + (in[1] & 128 ? 4 : 0);
  if (peer->len < *out_head) return *out_head;
  for (size_t i = 0; i < bytes; i++)
    len = len << 8 | in[2 + i];
  *out_len = bytes ? len : in[1] & 127;
  return *out_head + *out_len;
}

int peer_read(struct peer *peer, const char **out_payload, size_t *out_len) {
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  size_t head = 0, len = 0;
  while (peer->len < frame_size(peer, &head, &len)) {
    if (peer->has_ended) return -1;
    if (!peer_more(peer, until)) fail_msg("no frame came");
  }
  uint8_t *at = (uint8_t *)peer_take(peer, head + len), first = at[0];
  if (at[1] & 128) gw_ws_mask(at + head, at + head, len, at + head - 4, 0);
  *out_payload = (char *)at + head;
  *out_len = len;
  return first;
}

void peer_expect(struct peer *peer, unsigned first, const char *payload) {
  const char *got;
  size_t len;
  assert_int_equal(peer_read(peer, &got, &len), (int)first);
  assert_int_equal(len, strlen(payload));
  assert_memory_equal(got, payload, len);
}

void peer_expect_close(struct peer *peer, unsigned code) {
  const char *got = "";
  size_t len = 0;
  int first;
  while ((first = peer_read(peer, &got, &len)) == 0x89)
    continue;
  assert_int_equal(first, 0x88);
  unsigned is = len >= 2 ? (unsigned)(uint8_t)got[0] << 8 | (uint8_t)got[1] : 1005;
  assert_int_equal(is, code);
}

void peer_expect_end(struct peer *peer) {
  uint64_t until = peer_clock() + PEER_WAIT_MS;
  while (!peer->has_ended)
    if (!peer_more(peer, until)) fail_msg("no end came");
  if (peer->len) fail_msg("%zu bytes came before the end: %s", peer->len, peer->in);
}
