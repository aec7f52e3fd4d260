/* SPDX-License-Identifier: MIT */
/*
 * A stream on a connected descriptor: TCP or a unix socket. It owns nothing but itself while idle:
 * it reads into the net's buffer, writes through the net's cork, and has an outbox only while bytes
 * wait and a `closing` only while it closes.
 *
 * One receive for a readable event, one send for all that its on_data wrote; the kernel's interest
 * list is touched only when the kernel refuses bytes, the owner pauses, or an end is near.
 *
 * Invariants: whoever dies (`kill`) loses descriptor, outbox and closing at once, is told at the
 * end of the turn and freed after that. Corked means: its on_data runs and no outbox exists, so the
 * cork's bytes are next in line.
 */
#include "godwit/error.h"
#include "net/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  ROUNDS = 4,         /* buffers filled, or flushes made, for one event: then others have a turn */
  DIRECT = 16 * 1024, /* from here on bytes are sent at once rather than copied, or when asked */
  IOV_LEN = 64,       /* runs in one system call */
  ROOM_MIN = 16 * 1024, /* of on_room */
};

enum {
  IS_PAUSED = 1,     /* by its owner */
  IS_BLOCKED = 2,    /* the kernel has refused bytes: waiting for GW_IO_WRITE */
  IS_CLOSING = 4,    /* gw_stream_close was called */
  IS_SHUT = 8,       /* our FIN is out: waiting for the peer's */
  HAS_ENDED = 16,    /* the peer's FIN has been read */
  IS_DEAD = 32,      /* the descriptor is gone */
  OWES_DRAIN = 64,   /* a write has told of backpressure */
  IS_UNWATCHED = 128 /* paused, and the other end has gone: level-triggered hang-ups would spin */
};

struct gw_tcp {
  struct gw_stream stream;
  struct gw_io io;
  struct gw_outbox *outbox; /* NULL: nothing waits */
  union {
    struct closing *closing;
    struct gw_tcp *next; /* once dead */
  };
  uint16_t flags;
  int16_t err; /* of on_close */
};

_Static_assert(sizeof(struct gw_tcp) <= 72, "an idle connection has its price: see performance.md");

struct closing {
  struct gw_timer timer;
  struct gw_tcp *tcp;
};

static struct gw_tcp *tcp_of(const struct gw_stream *stream) {
  return (struct gw_tcp *)(uintptr_t)stream;
}

/* ---- the end ---- */

static void queue_turn_end(struct gw_net *net) {
  if (net->is_turn_end_queued) return;
  net->is_turn_end_queued = true;
  gw_loop_defer(net->loop, &net->turn_end);
}

static void stop_linger(struct gw_tcp *tcp) {
  if (!tcp->closing) return;
  gw_loop_timer_cancel(tcp->stream.net->loop, &tcp->closing->timer);
  free(tcp->closing);
  tcp->closing = NULL;
}

/* An outbox in the dirty list is freed by the one who walks it. */
static void drop_outbox(struct gw_tcp *tcp) {
  struct gw_outbox *box = tcp->outbox;
  tcp->outbox = NULL;
  if (box && box->is_dirty)
    box->stream = NULL;
  else
    gw_outbox_free(&tcp->stream.net->outboxes, box);
}

static void kill_stream(struct gw_tcp *tcp, int err) {
  struct gw_net *net = tcp->stream.net;
  if (tcp->flags & IS_DEAD) return;
  if (net->corked == tcp) net->corked = NULL;
  if (!(tcp->flags & IS_UNWATCHED)) gw_loop_io_remove(net->loop, &tcp->io);
  close(tcp->io.fd);
  tcp->io.fd = -1;
  drop_outbox(tcp);
  stop_linger(tcp);
  tcp->flags |= IS_DEAD;
  tcp->err = (int16_t)err;
  tcp->next = NULL;
  *net->dead_end = tcp;
  net->dead_end = &tcp->next;
  queue_turn_end(net);
}

static void reset(struct gw_tcp *tcp, int err) {
  const struct linger at_once = {.l_onoff = 1};
  if (tcp->flags & IS_DEAD) return;
  (void)setsockopt(tcp->io.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  kill_stream(tcp, err);
}

static void on_linger_over(struct gw_timer *timer) {
  struct gw_tcp *tcp = gw_container_of(timer, struct closing, timer)->tcp;
  if (tcp->flags & IS_SHUT)
    kill_stream(tcp, 0);
  else
    reset(tcp, GW_ERR_TIMEOUT);
}

static int start_linger(struct gw_tcp *tcp) {
  if (!tcp->closing) {
    tcp->closing = calloc(1, sizeof *tcp->closing);
    if (!tcp->closing) return GW_ERR_MEMORY;
    tcp->closing->timer.on_due = on_linger_over;
    tcp->closing->tcp = tcp;
  }
  struct gw_net *net = tcp->stream.net;
  unsigned ms = tcp->flags & IS_SHUT ? net->last_linger_ms : net->linger_ms;
  gw_loop_timer_set(net->loop, &tcp->closing->timer, ms);
  return 0;
}

/* ---- what the kernel shall tell ---- */

static void watch(struct gw_tcp *tcp) {
  unsigned flags = tcp->flags, events = 0;
  if (!(flags & HAS_ENDED) && (!(flags & IS_PAUSED) || flags & IS_CLOSING)) events |= GW_IO_READ;
  if (flags & IS_BLOCKED) events |= GW_IO_WRITE;
  struct gw_loop *loop = tcp->stream.net->loop;
  int err = 0;
  if (!(flags & IS_UNWATCHED)) {
    err = gw_loop_io_change(loop, &tcp->io, events);
  } else if (events != 0) {
    err = gw_loop_io_add(loop, &tcp->io, events);
    if (err == 0) tcp->flags &= (uint16_t)~IS_UNWATCHED;
  }
  if (err < 0) kill_stream(tcp, err);
}

static void set_blocked(struct gw_tcp *tcp, bool is_blocked) {
  if (is_blocked)
    tcp->flags |= IS_BLOCKED;
  else
    tcp->flags &= (uint16_t)~IS_BLOCKED;
  watch(tcp);
  /* A close that found no memory for its timer cannot wait for a peer that does not read. */
  if (is_blocked && tcp->flags & IS_CLOSING && !tcp->closing) kill_stream(tcp, GW_ERR_MEMORY);
}

/* ---- out ---- */

/* All that was written has gone to the kernel: our FIN. */
static void shut(struct gw_tcp *tcp) {
  if (tcp->flags & HAS_ENDED || !tcp->closing) {
    kill_stream(tcp, 0);
    return;
  }
  tcp->flags |= IS_SHUT;
  (void)shutdown(tcp->io.fd, SHUT_WR);
  (void)start_linger(tcp);
}

/* Nothing waits any more. Not inside a call of the owner's. */
static void settle(struct gw_tcp *tcp) {
  const struct gw_stream_events *events = tcp->stream.events;
  bool owes_drain = (tcp->flags & (OWES_DRAIN | IS_DEAD)) == OWES_DRAIN;
  tcp->flags &= (uint16_t)~OWES_DRAIN;
  if (owes_drain && events->on_drain) events->on_drain(&tcp->stream);
  if ((tcp->flags & (IS_CLOSING | IS_SHUT | IS_DEAD)) == IS_CLOSING && !tcp->outbox) shut(tcp);
}

static void mark_dirty(struct gw_tcp *tcp) {
  struct gw_outbox *box = tcp->outbox;
  struct gw_net *net = tcp->stream.net;
  if (box->is_dirty || tcp->flags & IS_BLOCKED) return;
  if (net->is_flushing) { /* against a peer that reads as fast as a source fills: others wait too */
    set_blocked(tcp, true);
    return;
  }
  box->is_dirty = true;
  box->next = NULL;
  *net->dirty_end = box;
  net->dirty_end = &box->next;
  queue_turn_end(net);
}

/* What a send came to: the bytes taken, 0 where the kernel takes none now, or below 0 an error. */
static ssize_t result_of(struct gw_tcp *tcp, ssize_t sent) {
  if (sent >= 0) {
    tcp->stream.net->counts.sent += (size_t)sent;
    return sent;
  }
  return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : gw_net_error_of(errno);
}

static ssize_t send_run(struct gw_tcp *tcp, const void *data, size_t len) {
  ssize_t sent;
  do
    sent = send(tcp->io.fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return result_of(tcp, sent);
}

/* One system call. */
static ssize_t send_runs(struct gw_tcp *tcp, struct iovec *runs, unsigned n) {
  if (n == 1) return send_run(tcp, runs[0].iov_base, runs[0].iov_len);
  struct msghdr message = {.msg_iov = runs, .msg_iovlen = n};
  ssize_t sent;
  do
    sent = sendmsg(tcp->io.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return result_of(tcp, sent);
}

static size_t sum_of(const struct iovec *runs, unsigned n) {
  size_t sum = 0;
  for (unsigned i = 0; i < n; i++)
    sum += runs[i].iov_len;
  return sum;
}

/* Sends what waits, within bounds. 1: the kernel takes no more now; 0; below 0: it is dead. */
static int send_waiting(struct gw_tcp *tcp) {
  struct gw_outbox *box = tcp->outbox;
  for (int round = 0; round < ROUNDS && box->count > 0; round++) {
    struct iovec runs[IOV_LEN];
    unsigned n = gw_outbox_peek(box, runs, IOV_LEN);
    size_t asked = sum_of(runs, n);
    ssize_t sent = send_runs(tcp, runs, n);
    if (sent < 0) {
      kill_stream(tcp, (int)sent);
      return (int)sent;
    }
    gw_outbox_drop(box, (size_t)sent);
    if ((size_t)sent < asked) return 1;
  }
  return 0;
}

/* Sends what waits, and tells. Not inside a call of the owner's. */
static void flush(struct gw_tcp *tcp) {
  struct gw_outbox *box = tcp->outbox;
  size_t before = box->bytes;
  if (send_waiting(tcp) < 0) return;
  if (box->count > 0) {
    if (tcp->closing && box->bytes < before) (void)start_linger(tcp); /* it moves: go on waiting */
    set_blocked(tcp, true);
    return;
  }
  drop_outbox(tcp);
  if (tcp->flags & IS_BLOCKED) set_blocked(tcp, false);
  settle(tcp);
}

/* Lets pieces wait. */
static int enqueue(struct gw_tcp *tcp, const struct gw_piece *pieces, unsigned n, size_t skip) {
  struct gw_net *net = tcp->stream.net;
  struct gw_outbox *box = tcp->outbox ? tcp->outbox : gw_outbox_new(&net->outboxes, tcp);
  if (!box) return GW_ERR_MEMORY;
  int err = gw_outbox_add(box, pieces, n, skip);
  if (err < 0 && !tcp->outbox)
    gw_outbox_free(&net->outboxes, box);
  else
    tcp->outbox = box;
  return err;
}

static size_t length_of(const struct gw_piece *pieces, unsigned n) {
  size_t total = 0;
  for (unsigned i = 0; i < n; i++)
    total += pieces[i].len;
  return total;
}

/* Of the cork and the pieces `sent` bytes have gone (below 0: an error): the rest waits. After an
 * error the stream is dead. */
static int keep_rest(struct gw_tcp *tcp, ssize_t sent, const struct gw_piece *pieces, unsigned n) {
  struct gw_net *net = tcp->stream.net;
  struct gw_piece cork = {.data = net->cork, .len = net->corked == tcp ? net->cork_len : 0};
  if (net->corked == tcp) net->cork_len = 0;
  int err = sent < 0 ? (int)sent : 0;
  size_t gone = sent < 0 ? 0 : (size_t)sent;
  size_t of_cork = gone < cork.len ? gone : cork.len;
  if (err == 0 && of_cork < cork.len) err = enqueue(tcp, &cork, 1, of_cork);
  if (err == 0 && gone - of_cork < length_of(pieces, n))
    err = enqueue(tcp, pieces, n, gone - of_cork);
  if (err < 0) {
    kill_stream(tcp, err);
    return err == GW_ERR_MEMORY ? err : GW_ERR_CLOSED;
  }
  if (!tcp->outbox) return 0;
  if (net->corked == tcp) net->corked = NULL;
  set_blocked(tcp, true);
  return tcp->flags & IS_DEAD ? GW_ERR_CLOSED : 0;
}

/* Sends the cork and, without copying them, the pieces; only what the kernel does not take waits.
 * No outbox exists. */
static int send_through(struct gw_tcp *tcp, const struct gw_piece *pieces, unsigned n) {
  const struct gw_net *net = tcp->stream.net;
  struct iovec runs[IOV_LEN];
  unsigned k = 0;
  if (net->corked == tcp && net->cork_len > 0) runs[k++] = (struct iovec){net->cork, net->cork_len};
  for (unsigned i = 0; i < n && k < IOV_LEN; i++)
    if (pieces[i].len > 0)
      runs[k++] = (struct iovec){(void *)(uintptr_t)pieces[i].data, pieces[i].len};
  return keep_rest(tcp, send_runs(tcp, runs, k), pieces, n);
}

static size_t pending(const struct gw_tcp *tcp) {
  const struct gw_net *net = tcp->stream.net;
  return (tcp->outbox ? tcp->outbox->bytes : 0) + (net->corked == tcp ? net->cork_len : 0);
}

static int verdict(struct gw_tcp *tcp) {
  if (pending(tcp) <= tcp->stream.net->outbox_high) return 0;
  tcp->flags |= OWES_DRAIN;
  return 1;
}

static size_t borrowed_of(const struct gw_piece *pieces, unsigned n) {
  size_t borrowed = 0;
  for (unsigned i = 0; i < n; i++)
    if (!pieces[i].owner) borrowed += pieces[i].len;
  return borrowed;
}

/* Whatever does not simply fit into the cork. */
static int write_more(struct gw_tcp *tcp, const struct gw_piece *pieces, unsigned n, size_t total) {
  struct gw_net *net = tcp->stream.net;
  size_t cost = gw_outbox_cost(tcp->outbox) + (net->corked == tcp ? net->cork_len : 0);
  if (cost > net->outbox_cap || total > net->outbox_cap - cost) return GW_ERR_FULL;
  int err;
  if (!tcp->outbox && (net->corked == tcp || borrowed_of(pieces, n) >= DIRECT)) {
    err = send_through(tcp, pieces, n);
  } else {
    err = enqueue(tcp, pieces, n, 0);
    if (err == 0) mark_dirty(tcp);
    if (tcp->flags & IS_DEAD) err = GW_ERR_CLOSED;
  }
  return err < 0 ? err : verdict(tcp);
}

/* A write of nothing: what only waits for the end of the turn has not been refused. Where that is
 * much the kernel is asked now: it is no fault of the peer's that one turn has much for it. An
 * emptied outbox stays until the turn ends. */
static int asks(struct gw_tcp *tcp) {
  bool is_much = tcp->outbox && tcp->outbox->bytes >= DIRECT;
  if (is_much && !(tcp->flags & IS_BLOCKED) && send_waiting(tcp) == 1) set_blocked(tcp, true);
  if (!tcp->outbox || !(tcp->flags & IS_BLOCKED)) return 0;
  tcp->flags |= OWES_DRAIN;
  return 1;
}

static int tcp_write(struct gw_stream *stream, const struct gw_piece *pieces, unsigned n) {
  struct gw_tcp *tcp = tcp_of(stream);
  struct gw_net *net = stream->net;
  if (tcp->flags & (IS_CLOSING | IS_DEAD)) return GW_ERR_CLOSED;
  size_t total = length_of(pieces, n);
  if (total == 0) return asks(tcp);
  if (net->corked != tcp || total >= DIRECT || total > GW_NET_CORK_SIZE - net->cork_len)
    return write_more(tcp, pieces, n, total);
  uint8_t *at = net->cork + net->cork_len;
  for (unsigned i = 0; i < n; i++) {
    if (pieces[i].len > 0) memcpy(at, pieces[i].data, pieces[i].len);
    at += pieces[i].len;
  }
  net->cork_len += total;
  return verdict(tcp);
}

static uint8_t *tcp_room(struct gw_stream *stream, size_t len, size_t max) {
  struct gw_net *net = stream->net;
  size_t after = net->cork_len + len;
  if (net->corked != tcp_of(stream) || tcp_of(stream)->flags & IS_CLOSING) return NULL;
  if (after > GW_NET_CORK_SIZE || after > net->outbox_high || after > max) return NULL;
  uint8_t *at = net->cork + net->cork_len;
  net->cork_len = after;
  return at;
}

/* on_data has returned: what it wrote leaves. */
static void uncork(struct gw_tcp *tcp) {
  struct gw_net *net = tcp->stream.net;
  if (net->corked != tcp) return; /* dead, or an outbox has come to be */
  if (net->cork_len > 0) {
    ssize_t sent = send_run(tcp, net->cork, net->cork_len);
    if (sent != (ssize_t)net->cork_len) (void)keep_rest(tcp, sent, NULL, 0);
    if (net->corked != tcp) return;
  }
  net->corked = NULL;
  if (tcp->flags & (OWES_DRAIN | IS_CLOSING)) settle(tcp);
}

/* ---- in ---- */

/* The peer sends no more. */
static void end_input(struct gw_tcp *tcp) {
  tcp->flags |= HAS_ENDED;
  if (tcp->flags & IS_SHUT) {
    kill_stream(tcp, 0);
    return;
  }
  watch(tcp);
  if (tcp->flags & (IS_CLOSING | IS_DEAD)) return;
  const struct gw_stream_events *events = tcp->stream.events;
  if (events->on_end)
    events->on_end(&tcp->stream);
  else
    gw_stream_close(&tcp->stream);
}

/* The kernel tells of an error, or that both directions have ended, while we do not read. */
static void hung_up(struct gw_tcp *tcp) {
  int error = 0;
  socklen_t len = sizeof error;
  (void)getsockopt(tcp->io.fd, SOL_SOCKET, SO_ERROR, &error, &len);
  /* What waits can never go, and nobody would tell of that: a lost connection too. */
  if (error != 0 || tcp->flags & (HAS_ENDED | IS_BLOCKED)) {
    kill_stream(tcp, error ? gw_net_error_of(error) : GW_ERR_RESET);
    return;
  }
  /* Bytes may be left to read: they come, and then the end, when the owner goes on. */
  gw_loop_io_remove(tcp->stream.net->loop, &tcp->io);
  tcp->flags |= IS_UNWATCHED;
}

/* A receive brought nothing: the end, nothing after all, or an error. */
static void read_nothing(struct gw_tcp *tcp, ssize_t n) {
  if (n == 0)
    end_input(tcp);
  else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
    kill_stream(tcp, gw_net_error_of(errno));
}

/* One receive: straight into the owner's room and then the shared buffer, or the latter alone. */
static ssize_t receive(struct gw_tcp *tcp, size_t *out_room) {
  struct gw_stream *stream = &tcp->stream;
  struct gw_net *net = stream->net;
  uint8_t *room = NULL;
  *out_room = stream->events->on_room && !(tcp->flags & IS_CLOSING)
                  ? stream->events->on_room(stream, &room)
                  : 0;
  if (*out_room < ROOM_MIN) {
    *out_room = 0;
    return recv(tcp->io.fd, net->read_buffer, GW_NET_READ_SIZE, MSG_DONTWAIT);
  }
  struct iovec runs[2] = {{room, *out_room}, {net->read_buffer, GW_NET_READ_SIZE}};
  struct msghdr message = {.msg_iov = runs, .msg_iovlen = 2};
  return recvmsg(tcp->io.fd, &message, MSG_DONTWAIT);
}

/* Tells of `n` bytes, the first of which lie in the owner's room. The events are read anew for each
 * call: the first may have brought another owner. */
static void deliver(struct gw_tcp *tcp, size_t n, size_t room) {
  struct gw_net *net = tcp->stream.net;
  if (tcp->flags & IS_CLOSING) return; /* thrown away */
  net->corked = tcp->outbox ? NULL : tcp;
  net->cork_len = 0;
  size_t direct = n < room ? n : room;
  if (direct > 0) tcp->stream.events->on_filled(&tcp->stream, direct);
  if (n > direct && !(tcp->flags & (IS_CLOSING | IS_DEAD)))
    tcp->stream.events->on_data(&tcp->stream, net->read_buffer, n - direct);
  uncork(tcp);
}

static void read_ready(struct gw_tcp *tcp) {
  for (int round = 0; round < ROUNDS && tcp->io.events & GW_IO_READ; round++) {
    size_t room;
    ssize_t n = receive(tcp, &room);
    if (n <= 0) {
      read_nothing(tcp, n);
      return;
    }
    tcp->stream.net->counts.received += (size_t)n;
    deliver(tcp, (size_t)n, room);
    if ((size_t)n < room + GW_NET_READ_SIZE) return; /* all that there was */
  }
}

static void on_ready(struct gw_io *io, unsigned events) {
  struct gw_tcp *tcp = gw_container_of(io, struct gw_tcp, io);
  if (events & (GW_IO_READ | GW_IO_HANGUP)) {
    if (io->events & GW_IO_READ)
      read_ready(tcp);
    else if (events & GW_IO_HANGUP)
      hung_up(tcp);
  }
  /* io->events is 0 once it is dead */
  if (events & GW_IO_WRITE && io->events & GW_IO_WRITE) flush(tcp);
}

/* ---- the other operations ---- */

static void tcp_close(struct gw_stream *stream) {
  struct gw_tcp *tcp = tcp_of(stream);
  if (tcp->flags & (IS_CLOSING | IS_DEAD)) return;
  tcp->flags |= IS_CLOSING;
  tcp->flags &= (uint16_t)~OWES_DRAIN;
  (void)start_linger(tcp); /* without memory it ends as soon as the kernel has its bytes */
  watch(tcp);
  if (tcp->flags & IS_BLOCKED && !(tcp->flags & IS_DEAD)) set_blocked(tcp, true);
  if (stream->net->corked != tcp && !tcp->outbox && !(tcp->flags & IS_DEAD)) shut(tcp);
}

static void tcp_abort(struct gw_stream *stream, int err) {
  reset(tcp_of(stream), err);
}

static void tcp_pause(struct gw_stream *stream, bool is_paused) {
  struct gw_tcp *tcp = tcp_of(stream);
  if (tcp->flags & (IS_CLOSING | IS_DEAD)) return;
  if (is_paused)
    tcp->flags |= IS_PAUSED;
  else
    tcp->flags &= (uint16_t)~IS_PAUSED;
  watch(tcp);
}

static size_t tcp_pending(const struct gw_stream *stream) {
  return pending(tcp_of(stream));
}

static struct gw_stream *tcp_lower(const struct gw_stream *stream) {
  (void)stream;
  return NULL;
}

static int tcp_fd(const struct gw_stream *stream) {
  return tcp_of(stream)->io.fd;
}

static const struct gw_stream_ops ops = {
    .write = tcp_write,
    .room = tcp_room,
    .pending = tcp_pending,
    .pause = tcp_pause,
    .close = tcp_close,
    .abort = tcp_abort,
    .lower = tcp_lower,
    .fd = tcp_fd,
};

/* Until somebody owns it. */
static void ignore_data(struct gw_stream *stream, uint8_t *data, size_t len) {
  (void)stream, (void)data, (void)len;
}
static void ignore_close(struct gw_stream *stream, int err) {
  (void)stream, (void)err;
}
static const struct gw_stream_events nobody = {.on_data = ignore_data, .on_close = ignore_close};

int gw_tcp_new(struct gw_net *net, int fd, struct gw_stream **out_stream) {
  struct gw_tcp *tcp = calloc(1, sizeof *tcp);
  int err = tcp ? 0 : GW_ERR_MEMORY;
  if (tcp) {
    tcp->stream = (struct gw_stream){.ops = &ops, .events = &nobody, .net = net};
    tcp->io.on_ready = on_ready;
    tcp->io.fd = fd;
    err = gw_loop_io_add(net->loop, &tcp->io, GW_IO_READ);
  }
  if (err < 0) {
    free(tcp);
    close(fd);
    return err;
  }
  *out_stream = &tcp->stream;
  return 0;
}

/* ---- the end of a turn ---- */

static void flush_dirty(struct gw_net *net) {
  struct gw_outbox *box = net->dirty;
  net->dirty = NULL;
  net->dirty_end = &net->dirty;
  net->is_flushing = true;
  while (box) {
    struct gw_outbox *next = box->next;
    box->is_dirty = false;
    if (box->stream)
      flush(box->stream);
    else
      gw_outbox_free(&net->outboxes, box);
    box = next;
  }
  net->is_flushing = false;
}

static void tell_dead(struct gw_net *net) {
  struct gw_tcp *tcp = net->dead;
  net->dead = NULL;
  net->dead_end = &net->dead;
  while (tcp) {
    struct gw_tcp *next = tcp->next;
    tcp->stream.events->on_close(&tcp->stream, tcp->err);
    tcp->next = net->told;
    net->told = tcp;
    tcp = next;
  }
  if (!net->told || net->is_retire_queued) return;
  net->is_retire_queued = true;
  gw_loop_retire(net->loop, &net->retire);
}

void gw_tcp_turn_end(struct gw_task *task) {
  struct gw_net *net = gw_container_of(task, struct gw_net, turn_end);
  net->is_turn_end_queued = false;
  flush_dirty(net);
  tell_dead(net);
}

void gw_tcp_retire(struct gw_task *task) {
  struct gw_net *net = gw_container_of(task, struct gw_net, retire);
  net->is_retire_queued = false;
  while (net->told) {
    struct gw_tcp *tcp = net->told;
    net->told = tcp->next;
    free(tcp);
  }
}
