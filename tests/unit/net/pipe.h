/* SPDX-License-Identifier: MIT */
/*
 * Two ends of a stream in memory, for testing what wraps a stream: what one writes the other is
 * told in pieces of at most `chunk` bytes. Both ends are freed by the turn's retired tasks after
 * their on_close, like real ones.
 */
#ifndef GW_TEST_PIPE_H
#define GW_TEST_PIPE_H

#include "base/buf.h"
#include "net/net.h"

#include <stdlib.h>

struct pipe_end {
  struct gw_stream stream;
  struct pipe_end *peer; /* NULL: gone */
  struct gw_buf in;
  struct gw_task pump, retired;
  size_t chunk;
  unsigned writes;
  int err;
  bool is_pumping, is_paused, is_closed, has_eof, has_told_eof, is_aborted, is_gone;
};

static const struct gw_stream_ops pipe_ops;

static struct pipe_end *pipe_of(const struct gw_stream *stream) {
  return gw_container_of(stream, struct pipe_end, stream);
}

static void pipe_wake(struct pipe_end *end) {
  if (!end || end->is_pumping) return;
  end->is_pumping = true;
  gw_loop_defer(gw_net_loop(end->stream.net), &end->pump);
}

static void pipe_retired(struct gw_task *task) {
  free(gw_container_of(task, struct pipe_end, retired));
}

static void pipe_gone(struct pipe_end *end, int err) {
  if (end->is_gone) return;
  end->is_gone = true;
  gw_buf_clear(&end->in);
  if (end->peer) {
    end->peer->peer = NULL;
    end->peer->has_eof = true;
    if (end->is_aborted && !end->peer->is_aborted) {
      end->peer->is_aborted = true;
      end->peer->err = -12; /* GW_ERR_RESET */
    }
    pipe_wake(end->peer);
  }
  end->stream.events->on_close(&end->stream, err);
  end->retired.run = pipe_retired;
  gw_loop_retire(gw_net_loop(end->stream.net), &end->retired);
}

static void pipe_deliver(struct pipe_end *end) {
  static _Thread_local uint8_t lent[1 << 20];
  size_t n = end->in.len < end->chunk ? end->in.len : end->chunk;
  if (n > sizeof lent) n = sizeof lent;
  memcpy(lent, end->in.data, n);
  gw_buf_drop(&end->in, n);
  end->stream.events->on_data(&end->stream, lent, n);
}

static void pipe_pump(struct gw_task *task) {
  struct pipe_end *end = gw_container_of(task, struct pipe_end, pump);
  end->is_pumping = false;
  if (end->is_gone) return;
  if (end->is_aborted) {
    pipe_gone(end, end->err);
    return;
  }
  if (end->is_closed) {
    gw_buf_clear(&end->in);
    if (end->has_eof) pipe_gone(end, 0);
    return;
  }
  if (end->is_paused) return;
  if (end->in.len) {
    pipe_deliver(end);
    pipe_wake(end);
  } else if (end->has_eof && !end->has_told_eof) {
    end->has_told_eof = true;
    if (end->stream.events->on_end)
      end->stream.events->on_end(&end->stream);
    else
      gw_stream_close(&end->stream);
  }
}

static int pipe_write(struct gw_stream *stream, const struct gw_piece *pieces, unsigned n) {
  struct pipe_end *end = pipe_of(stream);
  if (end->is_closed || end->is_aborted) return -3; /* GW_ERR_CLOSED */
  end->writes++;
  for (unsigned i = 0; end->peer && i < n; i++) {
    int err = gw_buf_add(&end->peer->in, pieces[i].data, pieces[i].len);
    if (err) return err;
  }
  pipe_wake(end->peer);
  return 0;
}

static size_t pipe_pending(const struct gw_stream *stream) {
  struct pipe_end *end = pipe_of(stream);
  return end->peer && end->peer->is_paused ? end->peer->in.len : 0;
}

static void pipe_pause(struct gw_stream *stream, bool is_paused) {
  pipe_of(stream)->is_paused = is_paused;
  pipe_wake(pipe_of(stream));
}

static void pipe_close(struct gw_stream *stream) {
  struct pipe_end *end = pipe_of(stream);
  if (end->is_closed || end->is_aborted) return;
  end->is_closed = true;
  if (end->peer) end->peer->has_eof = true;
  pipe_wake(end->peer);
  pipe_wake(end);
}

static void pipe_abort(struct gw_stream *stream, int err) {
  struct pipe_end *end = pipe_of(stream);
  if (end->is_aborted) return;
  end->is_aborted = true;
  end->err = err;
  pipe_wake(end);
}

static struct gw_stream *pipe_lower(const struct gw_stream *stream) {
  (void)stream;
  return NULL;
}

static int pipe_fd(const struct gw_stream *stream) {
  (void)stream;
  return -1;
}

static const struct gw_stream_ops pipe_ops = {.write = pipe_write,
                                              .pending = pipe_pending,
                                              .pause = pipe_pause,
                                              .close = pipe_close,
                                              .abort = pipe_abort,
                                              .lower = pipe_lower,
                                              .fd = pipe_fd};

static struct pipe_end *pipe_end_new(struct gw_net *net, size_t chunk) {
  struct pipe_end *end = calloc(1, sizeof *end);
  end->stream = (struct gw_stream){.ops = &pipe_ops, .net = net};
  end->pump.run = pipe_pump;
  end->chunk = chunk;
  gw_buf_init(&end->in, 256u << 20);
  return end;
}

static void pipe_new(struct gw_net *net, size_t chunk, struct gw_stream **out_a,
                     struct gw_stream **out_b) {
  struct pipe_end *a = pipe_end_new(net, chunk), *b = pipe_end_new(net, chunk);
  a->peer = b;
  b->peer = a;
  *out_a = &a->stream;
  *out_b = &b->stream;
}

#endif
