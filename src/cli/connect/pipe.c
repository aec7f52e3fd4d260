/* SPDX-License-Identifier: MIT */
/*
 * Reads into one buffer and gives lines out of it while they are wanted. Regular files and
 * /dev/null cannot be watched by epoll: they are always ready, and a timer of 0 ms takes epoll's
 * place. Invariant: it waits for input only while it flows and holds no whole line.
 */
#include "cli/connect/pipe.h"

#include "base/buf.h"
#include "godwit/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

struct gw_pipe {
  struct gw_loop *loop;
  struct gw_io io;
  struct gw_timer timer; /* goes on with what is held, or reads what epoll cannot watch */
  bool is_watched, is_flowing, is_ended, is_over;
  size_t max_line;
  size_t at;   /* what lies before it in the buffer has been given */
  size_t seen; /* bytes behind `at` that hold no newline */
  struct gw_buf buf;
  const struct gw_pipe_events *events;
  void *owner;
};

/* The next line is complete; true: it was given. */
static bool give_line(struct gw_pipe *pipe) {
  char *line = (char *)pipe->buf.data + pipe->at;
  size_t have = pipe->buf.len - pipe->at, len = have;
  if (have == 0) return false;
  if (pipe->max_line > 0) {
    char *newline = memchr(line + pipe->seen, '\n', have - pipe->seen);
    pipe->seen = newline ? 0 : have;
    if (!newline && !pipe->is_ended) return false;
    if (newline) len = (size_t)(newline - line);
    pipe->at += len + (newline != NULL);
  } else {
    pipe->at += len;
  }
  pipe->events->on_line(pipe->owner, line, len);
  return true;
}

static void give(struct gw_pipe *pipe) {
  while (pipe->is_flowing && give_line(pipe))
    continue;
  gw_buf_drop(&pipe->buf, pipe->at);
  pipe->at = 0;
  if (!pipe->is_flowing || !pipe->is_ended || pipe->is_over) return;
  pipe->is_over = true;
  pipe->events->on_end(pipe->owner);
}

static void wait_for_more(struct gw_pipe *pipe) {
  bool wants = pipe->is_flowing && !pipe->is_ended;
  if (pipe->is_watched)
    (void)gw_loop_io_change(pipe->loop, &pipe->io, wants ? GW_IO_READ : 0);
  else if (wants)
    gw_loop_timer_set(pipe->loop, &pipe->timer, 0);
}

static void stop_watching(struct gw_pipe *pipe) {
  if (pipe->is_watched) gw_loop_io_remove(pipe->loop, &pipe->io);
  pipe->is_watched = false;
}

static void read_some(struct gw_pipe *pipe) {
  if (gw_buf_reserve(&pipe->buf, CHUNK) < 0) {
    pipe->is_ended = pipe->is_over = true;
    stop_watching(pipe);
    pipe->events->on_too_long(pipe->owner);
    return;
  }
  ssize_t n = read(STDIN_FILENO, pipe->buf.data + pipe->buf.len, CHUNK);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n > 0) {
    pipe->buf.len += (size_t)n;
  } else {
    pipe->is_ended = true;
    stop_watching(pipe);
  }
}

static void go_on(struct gw_pipe *pipe, bool is_ready) {
  if (is_ready && pipe->is_flowing && !pipe->is_ended) read_some(pipe);
  if (!pipe->is_over) give(pipe);
  wait_for_more(pipe);
}

static void on_ready(struct gw_io *io, unsigned events) {
  (void)events; /* the end of a pipe without data is a hang-up: reading tells */
  struct gw_pipe *pipe = gw_container_of(io, struct gw_pipe, io);
  if (!pipe->is_flowing) {
    stop_watching(pipe); /* epoll would tell of it without end */
    return;
  }
  go_on(pipe, true);
}

static void on_timer(struct gw_timer *timer) {
  struct gw_pipe *pipe = gw_container_of(timer, struct gw_pipe, timer);
  go_on(pipe, !pipe->is_watched);
}

void gw_pipe_flow(struct gw_pipe *pipe, bool is_flowing) {
  if (!pipe || pipe->is_flowing == is_flowing) return;
  pipe->is_flowing = is_flowing;
  if (is_flowing) gw_loop_timer_set(pipe->loop, &pipe->timer, 0);
}

int gw_pipe_open(struct gw_loop *loop, size_t max_line, const struct gw_pipe_events *events,
                 void *owner, struct gw_pipe **out_pipe) {
  struct gw_pipe *pipe = calloc(1, sizeof *pipe);
  if (!pipe) return GW_ERR_MEMORY;
  pipe->loop = loop;
  pipe->max_line = max_line;
  pipe->events = events;
  pipe->owner = owner;
  pipe->timer.on_due = on_timer;
  pipe->io.on_ready = on_ready;
  pipe->io.fd = STDIN_FILENO;
  gw_buf_init(&pipe->buf, max_line + 2 * CHUNK); /* against input without any newline */
  pipe->is_watched = gw_loop_io_add(loop, &pipe->io, 0) == 0;
  *out_pipe = pipe;
  return 0;
}

void gw_pipe_close(struct gw_pipe *pipe) {
  if (!pipe) return;
  stop_watching(pipe);
  gw_loop_timer_cancel(pipe->loop, &pipe->timer);
  gw_buf_clear(&pipe->buf);
  free(pipe);
}
