/* SPDX-License-Identifier: MIT */
/*
 * What the child logs comes through a pipe: first one line for each address that it listens on, in
 * their order; of the rest, warnings and errors are passed on to our standard error. The pipe's end
 * is the child's.
 */
#include "cli/lab/child.h"

#include "base/buf.h"
#include "base/list.h"
#include "cli/lab/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 8192 }; /* a log line is shorter */

struct gw_lab_child {
  struct gw_loop *loop;
  const struct gw_lab_child_events *events;
  void *owner;
  struct gw_io io; /* its log */
  struct gw_buf log;
  pid_t pid; /* 0: it has ended */
  unsigned ports[GW_LAB_WORKERS], n_ports;
};

/* ---- what it logs ---- */

static bool find(struct gw_str line, const char *text, struct gw_str *out_behind) {
  const char *at = memmem(line.at, line.len, text, strlen(text));
  if (!at) return false;
  at += strlen(text);
  *out_behind = (struct gw_str){at, line.len - (size_t)(at - line.at)};
  return true;
}

/* `… listening url=http://127.0.0.1:PORT …` */
static void take_line(struct gw_lab_child *child, struct gw_str line) {
  struct gw_str port;
  if (find(line, " warn ", &port) || find(line, " error ", &port))
    fprintf(stderr, "%.*s\n", (int)line.len, line.at);
  if (child->n_ports == GW_LAB_WORKERS || !find(line, "listening url=http://127.0.0.1:", &port))
    return;
  uint64_t number = 0;
  const char *blank = memchr(port.at, ' ', port.len);
  if (blank) port.len = (size_t)(blank - port.at);
  if (!gw_str_number(port, 65535, &number)) return;
  child->ports[child->n_ports++] = (unsigned)number;
  if (child->n_ports == GW_LAB_WORKERS) child->events->on_ready(child->owner);
}

static void take_lines(struct gw_lab_child *child) {
  struct gw_buf *log = &child->log;
  const char *end;
  while (log->len && (end = memchr(log->data, '\n', log->len))) {
    size_t len = (size_t)(end - (char *)log->data);
    take_line(child, (struct gw_str){(char *)log->data, len});
    gw_buf_drop(log, len + 1);
  }
  if (log->len == log->cap) log->len = 0; /* no line of ours is so long */
}

/* Of a child that has closed its standard error the end is near, or due. */
static void ended(struct gw_lab_child *child) {
  gw_loop_io_remove(child->loop, &child->io);
  gw_lab_end(child->pid);
  child->pid = 0;
  child->events->on_end(child->owner);
}

static void on_ready(struct gw_io *io, unsigned events) {
  struct gw_lab_child *child = gw_container_of(io, struct gw_lab_child, io);
  char piece[LINE_MAX_LEN / 2];
  (void)events;
  ssize_t n = read(io->fd, piece, sizeof piece);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0 && gw_buf_add(&child->log, piece, (size_t)n) == 0)
    take_lines(child);
  else
    ended(child);
}

/* ---- life ---- */

static int spawn(struct gw_lab_child *child, const char *origins) {
  char channel[] = GW_LAB_CHANNEL "=history:5000,bytes:64M,home:1,presence:off,publish:api",
       text[16];
  char listen[GW_LAB_WORKERS * sizeof "127.0.0.1:0@99,"] = "";
  size_t len = 0;
  for (unsigned i = 1; i <= GW_LAB_WORKERS; i++)
    len += (size_t)snprintf(listen + len, sizeof listen - len, "%s127.0.0.1:0@%u", i > 1 ? "," : "",
                            i);
  snprintf(text, sizeof text, "%d", GW_LAB_WORKERS);
  char *const argv[] = {"godwit",   "serve", "--workers", text,
                        "--listen", listen,  "--origin",  (char *)(uintptr_t)origins,
                        "--resume", "1",     "--channel", channel,
                        "--no-lab", NULL};
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) < 0) return GW_ERR_SYSTEM;
  int r = gw_lab_spawn(argv, pipe_fds[1], &child->pid);
  close(pipe_fds[1]);
  child->io.fd = pipe_fds[0];
  fcntl(child->io.fd, F_SETFL, O_NONBLOCK);
  return r < 0 ? r : gw_loop_io_add(child->loop, &child->io, GW_IO_READ);
}

int gw_lab_child_open(struct gw_loop *loop, const char *origins,
                      const struct gw_lab_child_events *events, void *owner,
                      struct gw_lab_child **out_child) {
  struct gw_lab_child *child = calloc(1, sizeof *child);
  if (!child) return GW_ERR_MEMORY;
  child->loop = loop;
  child->events = events;
  child->owner = owner;
  child->io = (struct gw_io){.on_ready = on_ready, .fd = -1};
  gw_buf_init(&child->log, LINE_MAX_LEN);
  int r = spawn(child, origins);
  if (r < 0) {
    if (child->pid) gw_lab_end(child->pid);
    if (child->io.fd >= 0) close(child->io.fd);
    free(child);
    return r;
  }
  *out_child = child;
  return 0;
}

unsigned gw_lab_child_port(const struct gw_lab_child *child, unsigned worker) {
  return child->ports[worker - 1];
}

void gw_lab_child_close(struct gw_lab_child *child) {
  if (!child) return;
  if (child->pid) {
    gw_loop_io_remove(child->loop, &child->io);
    gw_lab_end(child->pid);
  }
  close(child->io.fd);
  gw_buf_clear(&child->log);
  free(child);
}
