/* SPDX-License-Identifier: MIT */
/*
 * Outgoing connections: happy eyeballs (RFC 8305) over the addresses of a name, or one literal, or
 * a unix socket. Everything starts from a timer, so nothing is called inside gw_dial_open. A dial
 * ends once, by `finish` or by gw_dial_cancel: from then on no timer, lookup or descriptor of its
 * own is left, and the memory goes with the turn's retired tasks. Names are resolve.c's business.
 */
#include "net/net.h"

#include "godwit/error.h"
#include "net/inside.h"
#include "net/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  ATTEMPT_DELAY_MS = 250, /* RFC 8305, 5 */
  TIMEOUT_MS = 10000,
};

struct attempt {
  struct gw_io io; /* fd -1: not begun, or over */
  struct gw_dial *dial;
  struct gw_endpoint endpoint;
};

struct gw_dial {
  struct gw_net *net;
  const struct gw_dial_events *events;
  void *owner;
  struct gw_lookup *lookup;  /* while one is under way */
  struct gw_timer next_step; /* the next attempt is due */
  struct gw_timer deadline;
  struct gw_task retired;
  int err;       /* why the last attempt failed */
  unsigned n;    /* attempts, in the order of trying */
  unsigned next; /* the first that has not begun */
  unsigned live; /* begun and undecided */
  struct attempt attempts[GW_ENDPOINTS_MAX];
};

static void dial_retired(struct gw_task *task) {
  free(gw_container_of(task, struct gw_dial, retired));
}

static void attempt_drop(struct attempt *attempt) {
  gw_loop_io_remove(gw_net_loop(attempt->dial->net), &attempt->io);
  close(attempt->io.fd);
  attempt->io.fd = -1;
  attempt->dial->live--;
}

static void dial_end(struct gw_dial *dial) {
  struct gw_loop *loop = gw_net_loop(dial->net);
  if (dial->lookup) gw_lookup_cancel(dial->lookup);
  dial->lookup = NULL;
  gw_loop_timer_cancel(loop, &dial->next_step);
  gw_loop_timer_cancel(loop, &dial->deadline);
  for (unsigned i = 0; i < dial->next; i++)
    if (dial->attempts[i].io.fd >= 0) attempt_drop(&dial->attempts[i]);
  dial->retired.run = dial_retired;
  gw_loop_retire(loop, &dial->retired);
}

/* Takes the connected descriptor; -1 where there is none. */
static void finish(struct gw_dial *dial, int fd, int err) {
  struct gw_stream *stream = NULL;
  dial_end(dial);
  if (fd >= 0) err = gw_tcp_new(dial->net, fd, &stream);
  if (stream)
    dial->events->on_connected(dial->owner, stream);
  else
    dial->events->on_failed(dial->owner, err);
}

/* ---- attempts ---- */

static void attempt_next(struct gw_dial *dial);

static void attempt_failed(struct gw_dial *dial, int err) {
  dial->err = err;
  if (dial->next < dial->n)
    attempt_next(dial);
  else if (dial->live == 0)
    finish(dial, -1, dial->err);
}

static void attempt_ready(struct gw_io *io, unsigned events) {
  (void)events;
  struct attempt *attempt = gw_container_of(io, struct attempt, io);
  struct gw_dial *dial = attempt->dial;
  int failed = 0;
  socklen_t size = sizeof failed;
  if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &failed, &size) < 0) failed = errno;
  if (failed) {
    attempt_drop(attempt);
    attempt_failed(dial, GW_ERR_CONNECT);
    return;
  }
  int fd = io->fd;
  gw_loop_io_remove(gw_net_loop(dial->net), io);
  io->fd = -1;
  dial->live--;
  finish(dial, fd, 0);
}

/* 0: under way, 1: connected at once; `out_fd` is then the caller's. */
static int connect_start(const struct gw_endpoint *endpoint, int *out_fd) {
  int fd = socket(endpoint->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno == EAFNOSUPPORT ? GW_ERR_CONNECT : GW_ERR_SYSTEM;
  int rc = connect(fd, &endpoint->at.any, endpoint->len);
  if (rc < 0 && errno != EINPROGRESS && errno != EINTR) {
    close(fd);
    return GW_ERR_CONNECT;
  }
  *out_fd = fd;
  return rc == 0;
}

static int attempt_start(struct attempt *attempt) {
  int fd = -1;
  int rc = connect_start(&attempt->endpoint, &fd);
  if (rc < 0) return rc;
  if (rc > 0) {
    finish(attempt->dial, fd, 0);
    return 1;
  }
  attempt->io = (struct gw_io){.on_ready = attempt_ready, .fd = fd};
  rc = gw_loop_io_add(gw_net_loop(attempt->dial->net), &attempt->io, GW_IO_WRITE);
  if (rc < 0) {
    attempt->io.fd = -1;
    close(fd);
    return rc;
  }
  attempt->dial->live++;
  return 0;
}

/* Begins the next attempt; those that fail at once are passed over without waiting. */
static void attempt_next(struct gw_dial *dial) {
  while (dial->next < dial->n) {
    int rc = attempt_start(&dial->attempts[dial->next++]);
    if (rc > 0) return;
    if (rc == 0) {
      if (dial->next < dial->n)
        gw_loop_timer_set(gw_net_loop(dial->net), &dial->next_step, ATTEMPT_DELAY_MS);
      return;
    }
    dial->err = rc;
  }
  if (dial->live == 0) finish(dial, -1, dial->err);
}

static void step_due(struct gw_timer *timer) {
  attempt_next(gw_container_of(timer, struct gw_dial, next_step));
}

static void deadline_due(struct gw_timer *timer) {
  finish(gw_container_of(timer, struct gw_dial, deadline), -1, GW_ERR_TIMEOUT);
}

/* ---- addresses ---- */

/* RFC 8305, 4: families alternate, the resolver's first choice first; its order is kept within
 * each. */
static void endpoints_set(struct gw_dial *dial, const struct gw_endpoint *list, unsigned n) {
  bool is_used[GW_ENDPOINTS_MAX] = {false};
  int family = list[0].at.any.sa_family;
  for (; dial->n < n; dial->n++) {
    unsigned pick = n;
    for (unsigned i = n; i-- > 0;)
      if (!is_used[i] && (pick == n || list[i].at.any.sa_family == family ||
                          list[pick].at.any.sa_family != family))
        pick = i;
    is_used[pick] = true;
    struct attempt *attempt = &dial->attempts[dial->n];
    *attempt = (struct attempt){.io.fd = -1, .dial = dial, .endpoint = list[pick]};
    family = list[pick].at.any.sa_family == AF_INET ? AF_INET6 : AF_INET;
  }
}

static void lookup_done(void *owner, int err, const struct gw_endpoint *list, unsigned n) {
  struct gw_dial *dial = owner;
  dial->lookup = NULL;
  if (err) {
    finish(dial, -1, err);
    return;
  }
  endpoints_set(dial, list, n);
  attempt_next(dial);
}

static int endpoint_local(const char *path, struct gw_endpoint *out) {
  size_t len = strlen(path);
  if (len >= sizeof out->at.local.sun_path) return GW_ERR_ADDRESS;
  *out = (struct gw_endpoint){.len = (socklen_t)sizeof out->at.local};
  out->at.local.sun_family = AF_UNIX;
  memcpy(out->at.local.sun_path, path, len);
  return 0;
}

static int endpoints_find(struct gw_dial *dial, const struct gw_dial_options *options) {
  struct gw_endpoint list[GW_ENDPOINTS_MAX];
  unsigned n = 1;
  if (options->port == 0) {
    int err = endpoint_local(options->host, &list[0]);
    if (err) return err;
  } else {
    n = gw_endpoint_literal(options->host, options->port, list);
  }
  if (n == 0) {
    struct gw_resolver **resolver = &dial->net->resolver;
    int err = *resolver ? 0 : gw_resolver_new(resolver);
    if (err) return err;
    return gw_lookup_new(*resolver, gw_net_loop(dial->net), options->host, options->port,
                         lookup_done, dial, &dial->lookup);
  }
  endpoints_set(dial, list, n);
  gw_loop_timer_set(gw_net_loop(dial->net), &dial->next_step, 0);
  return 0;
}

int gw_dial_open(struct gw_net *net, const struct gw_dial_options *options,
                 const struct gw_dial_events *events, void *owner, struct gw_dial **out_dial) {
  if (!options->host || !*options->host || options->port > 65535) return GW_ERR_ARGUMENT;
  struct gw_dial *dial = calloc(1, sizeof *dial);
  if (!dial) return GW_ERR_MEMORY;
  dial->net = net;
  dial->events = events;
  dial->owner = owner;
  dial->next_step.on_due = step_due;
  dial->deadline.on_due = deadline_due;
  int err = endpoints_find(dial, options);
  if (err) {
    free(dial);
    return err;
  }
  unsigned timeout = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
  gw_loop_timer_set(gw_net_loop(net), &dial->deadline, timeout);
  *out_dial = dial;
  return 0;
}

void gw_dial_cancel(struct gw_dial *dial) {
  dial_end(dial);
}
