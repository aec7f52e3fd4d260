// SPDX-License-Identifier: MIT
// The floor under every measurement: TCP and epoll alone. For every IN bytes that arrive on a
// connection it sends OUT bytes, on that connection (echo) or on all of them (fanout, one gathered
// write per connection and turn). It parses nothing, masks nothing, keeps no history; what it costs
// is what the kernel takes for the same bytes. usage: floor PORT echo|fanout IN OUT
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 512 * 1024, EVENTS = 1024 };

struct peer {
  uint64_t partial; // bytes received of a message that is not whole yet
  uint64_t owed;    // bytes still to be sent
  size_t place;     // in floor.open
  bool waits;       // for the socket to become writable
};

struct floor {
  int epoll, listener;
  bool is_fanout;
  uint64_t in, out;
  uint64_t published; // bytes that this turn owes everyone
  struct peer *peers; // by descriptor
  int *open;          // descriptors, in no order
  size_t open_count, capacity;
  char buffer[BUFFER];
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(struct floor *f, int fd, uint32_t events, int op) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(f->epoll, op, fd, &event) < 0) die("floor: epoll_ctl");
}

static void hang_up(struct floor *f, int fd) {
  int last = f->open[--f->open_count];
  f->open[f->peers[fd].place] = last;
  f->peers[last].place = f->peers[fd].place;
  f->peers[fd] = (struct peer){0};
  close(fd);
}

static void accept_all(struct floor *f) {
  int fd;
  while ((fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    if ((size_t)fd >= f->capacity) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    f->peers[fd] = (struct peer){.place = f->open_count};
    f->open[f->open_count++] = fd;
    watch(f, fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

// Sends what is owed; the content is whatever the buffer holds.
static void flush(struct floor *f, int fd) {
  struct peer *peer = &f->peers[fd];
  while (peer->owed > 0) {
    size_t chunk = peer->owed < BUFFER ? (size_t)peer->owed : BUFFER;
    ssize_t sent = send(fd, f->buffer, chunk, MSG_NOSIGNAL);
    if (sent < 0) break; // full, or gone: then recv says so
    peer->owed -= (uint64_t)sent;
  }
  if ((peer->owed > 0) != peer->waits) {
    peer->waits = peer->owed > 0;
    watch(f, fd, peer->waits ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  }
}

static void receive(struct floor *f, int fd) {
  struct peer *peer = &f->peers[fd];
  ssize_t got = recv(fd, f->buffer, BUFFER, 0);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
    hang_up(f, fd);
    return;
  }
  if (got < 0) return;
  peer->partial += (uint64_t)got;
  uint64_t answer = peer->partial / f->in * f->out;
  peer->partial %= f->in;
  if (f->is_fanout) {
    f->published += answer;
    return;
  }
  peer->owed += answer;
  flush(f, fd);
}

static void publish(struct floor *f) {
  for (size_t i = 0; i < f->open_count; i++) {
    f->peers[f->open[i]].owed += f->published;
    flush(f, f->open[i]);
  }
  f->published = 0;
}

static void turn(struct floor *f) {
  struct epoll_event events[EVENTS];
  int count = epoll_wait(f->epoll, events, EVENTS, -1);
  if (count < 0 && errno != EINTR) die("floor: epoll_wait");
  for (int i = 0; i < count; i++) {
    int fd = events[i].data.fd;
    if (fd == f->listener) {
      accept_all(f);
      continue;
    }
    if (events[i].events & EPOLLOUT) flush(f, fd);
    if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(f, fd);
  }
  if (f->published > 0) publish(f);
}

static void listen_on(struct floor *f, uint16_t port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  f->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (f->listener < 0) die("floor: socket");
  setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(f->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
      listen(f->listener, 4096) < 0)
    die("floor: listen");
  f->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (f->epoll < 0) die("floor: epoll_create1");
  watch(f, f->listener, EPOLLIN, EPOLL_CTL_ADD);
}

int main(int argc, char **argv) {
  static struct floor f;
  if (argc != 5) {
    fprintf(stderr, "usage: floor PORT echo|fanout IN OUT\n");
    return 2;
  }
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) die("floor: getrlimit");
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  f.capacity = limit.rlim_cur;
  f.peers = calloc(f.capacity, sizeof *f.peers);
  f.open = calloc(f.capacity, sizeof *f.open);
  f.is_fanout = strcmp(argv[2], "fanout") == 0;
  f.in = strtoull(argv[3], NULL, 10);
  f.out = strtoull(argv[4], NULL, 10);
  if (!f.peers || !f.open || f.in == 0 || f.out == 0) {
    fprintf(stderr, "floor: IN and OUT are numbers of bytes, at least 1\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  listen_on(&f, (uint16_t)strtoul(argv[1], NULL, 10));
  for (;;)
    turn(&f);
}
