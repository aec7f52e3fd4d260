/* SPDX-License-Identifier: MIT */
/*
 * A two-way stream of bytes, whatever carries it: TCP, a unix socket, TLS around either. Nobody
 * above can tell, and no call takes a "tls" flag. A stream belongs to one loop's thread.
 *
 * Reading: the bytes lie in the net's one read buffer (or the TLS one), are lent for the call, and
 * may be changed in place. Writing: while a stream's own on_data runs, what it writes gathers in
 * the net's cork and leaves in one system call when on_data returns; other writes gather in the
 * stream's outbox and leave together at the end of the turn. What the kernel does not take waits in
 * the outbox, shared bytes by reference, borrowed ones as a copy.
 */
#ifndef GW_NET_STREAM_H
#define GW_NET_STREAM_H

#include "base/bytes.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes before the data of on_data that its callee may overwrite: room for what it kept of the
 * piece before. */
enum { GW_STREAM_HEADROOM = 64 };

struct gw_net; /* net/net.h: what the streams of one loop share */
struct gw_stream;

/* What the owner is told. Each may close or abort the stream; none is called inside a call of the
 * owner's own. */
struct gw_stream_events {
  /* A dialled stream is connected; a TLS stream has finished its handshake. Accepted TCP streams
   * are open at once and do not tell. Optional. */
  void (*on_open)(struct gw_stream *stream);
  void (*on_data)(struct gw_stream *stream, uint8_t *data, size_t len);
  /* The peer sends no more (FIN, close_notify). Optional: without it the stream is closed
   * gracefully. */
  void (*on_end)(struct gw_stream *stream);
  /* The outbox is empty again after a write has told of backpressure. Optional. */
  void (*on_drain)(struct gw_stream *stream);
  /* Once, last, never before the call that caused it has returned; err 0: closed in good order by
   * us or both. The stream is freed at the end of the turn. */
  void (*on_close)(struct gw_stream *stream, int err);
  /* Optional, both or neither; a stream that wraps another may never ask. Asked before each
   * receive: gives where the next bytes shall go and how many fit (at least 16 KiB), or 0 for the
   * shared buffer; the memory must stay until the on_filled or until on_close. What a receive
   * brings beyond it is told by on_data right after the on_filled, even where that paused the
   * stream. */
  size_t (*on_room)(struct gw_stream *stream, uint8_t **out_room);
  void (*on_filled)(struct gw_stream *stream, size_t len);
};

/* Bytes to write. */
struct gw_piece {
  const void *data;
  size_t len;
  struct gw_bytes *owner; /* NULL: borrowed until the call returns; otherwise `data` lies inside it
                             and the outbox takes a reference of its own where it has to wait */
};

/* What a kind of stream does; the functions below say what each means. */
struct gw_stream_ops {
  int (*write)(struct gw_stream *stream, const struct gw_piece *pieces, unsigned n);
  uint8_t *(*room)(struct gw_stream *stream, size_t len, size_t max); /* optional */
  size_t (*pending)(const struct gw_stream *stream);
  void (*pause)(struct gw_stream *stream, bool is_paused);
  void (*close)(struct gw_stream *stream);
  void (*abort)(struct gw_stream *stream, int err);
  /* Where a kind wraps another: the one below, else NULL. */
  struct gw_stream *(*lower)(const struct gw_stream *stream);
  /* The kind's own descriptor, -1 where it wraps. */
  int (*fd)(const struct gw_stream *stream);
};

/* The head of every kind of stream. */
struct gw_stream {
  const struct gw_stream_ops *ops;
  const struct gw_stream_events *events;
  void *owner;
  struct gw_net *net;
};

/* Whoever takes a stream over names itself; the former owner is told nothing more. */
static inline void gw_stream_own(struct gw_stream *stream, const struct gw_stream_events *events,
                                 void *owner) {
  stream->events = events;
  stream->owner = owner;
}

/* Writes all pieces in order, now, at the end of on_data, or at the end of the turn. 0 done; 1
 * queued, but more than the net's high-water mark waits now: pause your source until on_drain;
 * below 0: nothing was taken (GW_ERR_CLOSED after close or failure, GW_ERR_FULL above the net's
 * cap, GW_ERR_MEMORY).
 * Writing nothing asks: 1 where bytes wait that the kernel would not take, and then on_drain
 * follows. What waits for the end of the turn is sent by that where it is much (16 KiB). */
static inline int gw_stream_write(struct gw_stream *stream, const struct gw_piece *pieces,
                                  unsigned n) {
  return stream->ops->write(stream, pieces, n);
}
/* Room for `len` bytes right behind all that was written, which are thereby written: fill it at
 * once. NULL where there is none, or more than `max` bytes or the high-water mark would wait: write
 * them. A small message costs a good part less this way. */
static inline uint8_t *gw_stream_room(struct gw_stream *stream, size_t len, size_t max) {
  return stream->ops->room ? stream->ops->room(stream, len, max) : NULL;
}
/* Bytes that wait here for the kernel (what lies in the cork included). */
static inline size_t gw_stream_pending(const struct gw_stream *stream) {
  return stream->ops->pending(stream);
}
/* No on_data while paused. */
static inline void gw_stream_pause(struct gw_stream *stream, bool is_paused) {
  stream->ops->pause(stream, is_paused);
}
/* Graceful: what waits goes out, then (TLS) close_notify and FIN; input is read and thrown away
 * until the peer's FIN, for at most the net's linger time; then on_close. No on_data after it.
 * Twice is fine. */
static inline void gw_stream_close(struct gw_stream *stream) {
  stream->ops->close(stream);
}
/* At once (RST where input was unread); `err` comes back in on_close. */
static inline void gw_stream_abort(struct gw_stream *stream, int err) {
  stream->ops->abort(stream, err);
}
/* The peer's address as text, `203.0.113.9:4711`, `[2001:db8::1]:4711` or `unix`; asked of the
 * kernel, so nothing is kept per connection. Gives out. */
const char *gw_stream_peer(const struct gw_stream *stream, char *out, size_t size);
/* For a stream on which long nothing may be said: a peer that has vanished without a word, or takes
 * nothing of what is sent, is found within about a minute; the stream then closes with an error.
 * Costs nothing but probes by the kernel. */
void gw_stream_guard(const struct gw_stream *stream);
/* For one that wants the newest rather than all: the kernel takes little more than the peer does,
 * so what it refuses is told early. */
void gw_stream_keep_fresh(const struct gw_stream *stream);
/* What the peer has not taken yet: bytes that wait here or in the kernel. `out_taken` gets a number
 * that is another one when the peer has taken some since it was last asked for. Two system calls.
 */
size_t gw_stream_untaken(const struct gw_stream *stream, uint32_t *out_taken);
/* The descriptor at the bottom. */
int gw_stream_fd(const struct gw_stream *stream);

#endif
