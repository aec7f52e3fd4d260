/* SPDX-License-Identifier: MIT */
/*
 * Listeners: one or two sockets behind one address, and the accepting. A process without
 * descriptors (or a kernel without memory) pauses accepting for a moment instead of spinning on a
 * backlog that it cannot take; it goes on by itself.
 */
#include "godwit/error.h"
#include "net/address.h"
#include "net/inside.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  SOCKETS = 8,     /* addresses behind one name */
  ACCEPTS = 64,    /* for one event: then others have a turn */
  BACKLOG = 4096,  /* the system's own limit cuts it */
  PAUSE_MS = 100,  /* without descriptors */
  PORT_TRIES = 16, /* for one free port on two addresses */
};

struct socket {
  struct gw_io io;
  struct gw_listener *listener;
};

struct gw_listener {
  struct gw_net *net;
  const struct gw_listen_events *events;
  void *owner;
  struct gw_timer pause;
  struct gw_task retire;
  struct socket sockets[SOCKETS];
  unsigned count;
  unsigned port;
  bool is_closed, is_paused;
  bool is_unix;
  dev_t path_dev; /* of the unix socket's file, so that only our own is removed */
  ino_t path_ino;
  char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

/* An address to bind. */
struct place {
  struct sockaddr_storage address;
  socklen_t len;
};

/* ---- binding; these give a descriptor, or -1 with errno ---- */

static int close_failed(int fd) {
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static int set_flag(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

/* The first listener shares its port only once it has it to itself: with SO_REUSEPORT from the
 * start a second server on the port would be let in too, and take half of the connections. */
static int bind_inet(const struct place *place, const struct gw_listen_options *options,
                     bool is_dual) {
  int family = place->address.ss_family;
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
      (options->port_use == GW_PORT_JOIN && set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) ||
      (family == AF_INET6 && set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_dual) < 0) ||
      bind(fd, (const struct sockaddr *)&place->address, place->len) < 0 ||
      listen(fd, options->backlog > 0 ? options->backlog : BACKLOG) < 0 ||
      (options->port_use == GW_PORT_SHARE && set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0))
    return close_failed(fd);
  return fd;
}

static struct place place_v4(in_addr_t number, unsigned port) {
  struct place place = {.len = sizeof(struct sockaddr_in)};
  struct sockaddr_in *v4 = (struct sockaddr_in *)&place.address;
  v4->sin_family = AF_INET;
  v4->sin_addr.s_addr = htonl(number);
  v4->sin_port = htons((uint16_t)port);
  return place;
}

static struct place place_v6(const struct in6_addr *number, unsigned port) {
  struct place place = {.len = sizeof(struct sockaddr_in6)};
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place.address;
  v6->sin6_family = AF_INET6;
  v6->sin6_addr = *number;
  v6->sin6_port = htons((uint16_t)port);
  return place;
}

static unsigned bound_port(int fd) {
  struct sockaddr_storage address;
  socklen_t len = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &len) < 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
  return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
}

static bool is_no_family(int error) {
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL || error == EPROTONOSUPPORT;
}

/* ---- what the kinds of address come to; 0 or -1 with errno ---- */

static void keep(struct gw_listener *listener, int fd) {
  listener->sockets[listener->count].io.fd = fd;
  listener->count++;
}

static int open_any(struct gw_listener *listener, const struct gw_listen_options *options,
                    unsigned port) {
  struct place place = place_v6(&in6addr_any, port);
  int fd = bind_inet(&place, options, true);
  if (fd < 0 && is_no_family(errno)) {
    place = place_v4(INADDR_ANY, port);
    fd = bind_inet(&place, options, false);
  }
  if (fd < 0) return -1;
  keep(listener, fd);
  return 0;
}

/* Both loopbacks on one port; where the system chose a port that the other has in use, anew. */
static int open_localhost(struct gw_listener *listener, const struct gw_listen_options *options,
                          unsigned port) {
  for (int try = 0;; try++) {
    struct place v4 = place_v4(INADDR_LOOPBACK, port);
    int fd = bind_inet(&v4, options, false);
    if (fd < 0) return -1;
    struct place v6 = place_v6(&in6addr_loopback, bound_port(fd));
    int fd6 = bind_inet(&v6, options, false);
    if (fd6 < 0 && !is_no_family(errno)) {
      close_failed(fd);
      if (errno == EADDRINUSE && port == 0 && try < PORT_TRIES) continue;
      return -1;
    }
    keep(listener, fd);
    if (fd6 >= 0) keep(listener, fd6);
    return 0;
  }
}

static int open_found(struct gw_listener *listener, const struct gw_listen_options *options,
                      const struct addrinfo *found, unsigned port) {
  for (; found && listener->count < SOCKETS; found = found->ai_next) {
    struct place place = {.len = found->ai_addrlen};
    memcpy(&place.address, found->ai_addr, found->ai_addrlen);
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place.address;
    bool is_v6 = found->ai_family == AF_INET6;
    if (is_v6)
      v6->sin6_port = htons((uint16_t)port);
    else
      ((struct sockaddr_in *)&place.address)->sin_port = htons((uint16_t)port);
    int fd = bind_inet(&place, options, is_v6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr));
    if (fd < 0) return -1;
    keep(listener, fd);
    port = bound_port(fd);
  }
  return 0;
}

static int open_host(struct gw_listener *listener, const struct gw_listen_options *options,
                     const struct gw_address *address) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
  struct addrinfo *found;
  if (getaddrinfo(address->host, NULL, &hints, &found) != 0) return GW_ERR_ADDRESS;
  int result = open_found(listener, options, found, address->port);
  freeaddrinfo(found);
  return result;
}

/* ---- unix sockets ---- */

static struct place place_unix(const char *path) {
  struct place place = {.len = sizeof(struct sockaddr_un)};
  struct sockaddr_un *address = (struct sockaddr_un *)&place.address;
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, strlen(path) + 1);
  return place;
}

/* Whether the path is a socket that nobody listens on (any more). */
static bool is_stale(const struct place *place, const char *path) {
  struct stat status;
  if (lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode)) return false;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool is_refused = connect(fd, (const struct sockaddr *)&place->address, place->len) < 0 &&
                    errno == ECONNREFUSED;
  close(fd);
  return is_refused;
}

static int bind_unix(int fd, const char *path) {
  struct place place = place_unix(path);
  /* The mode before the name exists: no moment in which others may connect. */
  if (fchmod(fd, 0660) < 0) return -1;
  if (bind(fd, (const struct sockaddr *)&place.address, place.len) == 0) return 0;
  if (errno != EADDRINUSE) return -1;
  if (!is_stale(&place, path)) {
    errno = EADDRINUSE;
    return -1;
  }
  if (unlink(path) < 0) return -1;
  return bind(fd, (const struct sockaddr *)&place.address, place.len);
}

static int open_unix(struct gw_listener *listener, const struct gw_listen_options *options,
                     const char *path) {
  struct stat status;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (bind_unix(fd, path) < 0) return close_failed(fd);
  /* chmod: the umask may have taken more than the group should lose */
  if (chmod(path, 0660) < 0 || stat(path, &status) < 0 ||
      listen(fd, options->backlog > 0 ? options->backlog : BACKLOG) < 0) {
    (void)close_failed(fd);
    int error = errno;
    (void)unlink(path);
    errno = error;
    return -1;
  }
  keep(listener, fd);
  listener->is_unix = true;
  listener->path_dev = status.st_dev;
  listener->path_ino = status.st_ino;
  memcpy(listener->path, path, strlen(path) + 1);
  return 0;
}

static void remove_path(const struct gw_listener *listener) {
  struct stat status;
  if (!listener->is_unix || lstat(listener->path, &status) < 0) return;
  if (status.st_dev == listener->path_dev && status.st_ino == listener->path_ino)
    (void)unlink(listener->path);
}

/* ---- accepting ---- */

static void watch_all(struct gw_listener *listener, unsigned events) {
  for (unsigned i = 0; i < listener->count; i++)
    (void)gw_loop_io_change(listener->net->loop, &listener->sockets[i].io, events);
}

static void tell_pause(struct gw_listener *listener, bool is_paused) {
  if (listener->is_paused == is_paused) return;
  listener->is_paused = is_paused;
  if (listener->events->on_pause)
    listener->events->on_pause(listener, is_paused ? GW_ERR_SYSTEM : 0);
}

/* Nothing can be accepted for now. Told once, however often it is tried in vain. */
static void pause_accepting(struct gw_listener *listener) {
  watch_all(listener, 0);
  gw_loop_timer_set(listener->net->loop, &listener->pause, PAUSE_MS);
  tell_pause(listener, true);
}

static void on_pause_over(struct gw_timer *timer) {
  watch_all(gw_container_of(timer, struct gw_listener, pause), GW_IO_READ);
}

static void take(struct gw_listener *listener, int fd) {
  struct gw_stream *stream;
  if (!listener->is_unix) (void)set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (gw_tcp_new(listener->net, fd, &stream) < 0) return; /* closed: it cannot be served */
  listener->events->on_accept(listener, stream);
}

static bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_ready(struct gw_io *io, unsigned events) {
  struct gw_listener *listener = gw_container_of(io, struct socket, io)->listener;
  (void)events;
  for (int i = 0; i < ACCEPTS && !listener->is_closed; i++) {
    int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      tell_pause(listener, false);
      if (listener->is_closed)
        close(fd);
      else
        take(listener, fd);
    } else if (is_shortage(errno)) {
      pause_accepting(listener);
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    }
    /* else that one connection failed (accept(2), "Error handling"): on to the next */
  }
}

/* ---- life ---- */

static int open_sockets(struct gw_listener *listener, const struct gw_listen_options *options) {
  struct gw_address address;
  int err = gw_address_parse(options->address, &address);
  if (err < 0) return err;
  int result = 0;
  switch (address.kind) {
  case GW_ADDRESS_ANY: result = open_any(listener, options, address.port); break;
  case GW_ADDRESS_LOCALHOST: result = open_localhost(listener, options, address.port); break;
  case GW_ADDRESS_HOST: result = open_host(listener, options, &address); break;
  case GW_ADDRESS_UNIX: result = open_unix(listener, options, address.host); break;
  }
  if (result == GW_ERR_ADDRESS) return result;
  if (result < 0) return errno == EADDRNOTAVAIL ? GW_ERR_ADDRESS : GW_ERR_SYSTEM;
  if (!listener->is_unix) listener->port = bound_port(listener->sockets[0].io.fd);
  return 0;
}

static int watch_sockets(struct gw_listener *listener) {
  for (unsigned i = 0; i < listener->count; i++) {
    struct socket *socket = &listener->sockets[i];
    socket->listener = listener;
    socket->io.on_ready = on_ready;
    int err = gw_loop_io_add(listener->net->loop, &socket->io, GW_IO_READ);
    if (err < 0) return err;
  }
  return 0;
}

static void close_sockets(struct gw_listener *listener) {
  for (unsigned i = 0; i < listener->count; i++) {
    gw_loop_io_remove(listener->net->loop, &listener->sockets[i].io);
    close(listener->sockets[i].io.fd);
  }
  remove_path(listener);
}

static void retire(struct gw_task *task) {
  free(gw_container_of(task, struct gw_listener, retire));
}

int gw_listener_open(struct gw_net *net, const struct gw_listen_options *options,
                     const struct gw_listen_events *events, void *owner,
                     struct gw_listener **out_listener, int *out_errno) {
  struct gw_listener *listener = calloc(1, sizeof *listener);
  if (!listener) return GW_ERR_MEMORY;
  listener->net = net;
  listener->events = events;
  listener->owner = owner;
  listener->pause.on_due = on_pause_over;
  listener->retire.run = retire;
  errno = 0;
  int err = open_sockets(listener, options);
  if (err == 0) err = watch_sockets(listener);
  if (err == 0) {
    *out_listener = listener;
    return 0;
  }
  if (out_errno) *out_errno = errno;
  close_sockets(listener);
  free(listener);
  return err;
}

void *gw_listener_owner(const struct gw_listener *listener) {
  return listener->owner;
}

unsigned gw_listener_port(const struct gw_listener *listener) {
  return listener->port;
}

void gw_listener_close(struct gw_listener *listener) {
  if (!listener || listener->is_closed) return;
  listener->is_closed = true;
  gw_loop_timer_cancel(listener->net->loop, &listener->pause);
  close_sockets(listener);
  gw_loop_retire(listener->net->loop, &listener->retire);
}
