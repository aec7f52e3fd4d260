/* SPDX-License-Identifier: MIT */
/* What the streams of one loop share: the read buffer, the cork, spare outboxes, the limits. One
 * per worker. */
#ifndef GW_NET_NET_H
#define GW_NET_NET_H

#include "base/wheel.h"
#include "loop/loop.h"
#include "net/stream.h"

struct gw_net_options {
  size_t outbox_high; /* bytes waiting in one stream above which a write tells of backpressure; 0: 1
                         MiB */
  size_t outbox_cap;  /* above which a write is refused (GW_ERR_FULL); 0: 64 MiB + 64 KiB. Against a
                         peer that never reads */
  unsigned linger_ms; /* how long a close waits for the peer's FIN; 0: 5,000 */
};

/* Borrows the loop, which must outlive it. */
int gw_net_new(struct gw_loop *loop, const struct gw_net_options *options, struct gw_net **out_net);
/* All its streams, listeners and dials must be gone, and the turn in which they went be over. */
void gw_net_free(struct gw_net *net);
struct gw_loop *gw_net_loop(const struct gw_net *net);
/* From now on a close that has given the kernel all its bytes waits only for a moment (250 ms): for
 * the end of a server, where browsers do not answer the FIN of a connection that they keep idle.
 * The kernel goes on sending what it has. */
void gw_net_hurry(struct gw_net *net);

/* Bytes that the kernel has given to and taken from its streams since it was made, as they lay in
 * the sockets: under TLS the ciphertext. */
struct gw_net_counts {
  uint64_t received, sent;
};
struct gw_net_counts gw_net_counts(const struct gw_net *net);

/* A stream around a connected descriptor, which it takes (also on failure). Reading starts at the
 * next turn. */
int gw_tcp_new(struct gw_net *net, int fd, struct gw_stream **out_stream);

/* ---- addresses: `HOST:PORT`, `[V6]:PORT`, `:PORT` (every address), `unix:PATH`, `localhost:PORT`
 * (both loopbacks) ---- */
/* One listener per worker on the same port (SO_REUSEPORT): the first shares it, the rest join. */
enum gw_port_use {
  GW_PORT_ALONE,
  GW_PORT_SHARE, /* fails where anybody listens there already */
  GW_PORT_JOIN,
};
struct gw_listen_options {
  const char *address;
  enum gw_port_use port_use;
  int backlog; /* 0: 4096 */
};

struct gw_listener;
struct gw_listen_events {
  /* Takes the stream: sets its owner, or closes it. */
  void (*on_accept)(struct gw_listener *listener, struct gw_stream *stream);
  /* Optional: accepting pauses (GW_ERR_SYSTEM: no descriptor left; it goes on by itself) or goes on
   * (0). */
  void (*on_pause)(struct gw_listener *listener, int err);
};
/* Binds and listens on all addresses that the text names (localhost: 127.0.0.1 and ::1 where there
 * is IPv6, same port). GW_ERR_ADDRESS, GW_ERR_SYSTEM (errno is kept in out_errno where it is not
 * NULL). */
int gw_listener_open(struct gw_net *net, const struct gw_listen_options *options,
                     const struct gw_listen_events *events, void *owner,
                     struct gw_listener **out_listener, int *out_errno);
void *gw_listener_owner(const struct gw_listener *listener);
/* The port that was bound (asked for 0: the one that the system chose); 0 for unix. */
unsigned gw_listener_port(const struct gw_listener *listener);
/* No on_accept after it. Freed at the end of the turn; a unix socket's path is removed. */
void gw_listener_close(struct gw_listener *listener);

struct gw_dial_options {
  const char *host; /* name, IPv4, IPv6 without brackets; or a unix socket's path where port is 0 */
  unsigned port;
  unsigned timeout_ms; /* for all of it; 0: 10,000 */
};
struct gw_dial;
struct gw_dial_events {
  /* One of the two, once, never inside gw_dial_open. Takes the stream. */
  void (*on_connected)(void *owner, struct gw_stream *stream);
  void (*on_failed)(void *owner,
                    int err); /* GW_ERR_RESOLVE, _CONNECT, _TIMEOUT, _SYSTEM, _MEMORY */
};
/* Resolves without blocking the loop and connects by happy eyeballs (RFC 8305: families
 * interleaved, 250 ms apart). */
int gw_dial_open(struct gw_net *net, const struct gw_dial_options *options,
                 const struct gw_dial_events *events, void *owner, struct gw_dial **out_dial);
/* No event after it; what was under way is closed. Not after an event has come. */
void gw_dial_cancel(struct gw_dial *dial);

#endif
