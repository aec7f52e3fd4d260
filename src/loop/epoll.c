/* SPDX-License-Identifier: MIT */
/*
 * epoll: watches descriptors and tells their owners. It knows no timers and no tasks. A removed
 * descriptor is also struck from the events that wait to be told, so its owner never hears of it
 * again, whatever else became of the descriptor's number meanwhile.
 */
#include "loop/epoll.h"

#include "godwit/error.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static uint32_t mask_of(unsigned events) {
  return (events & GW_IO_READ ? (uint32_t)EPOLLIN : 0) |
         (events & GW_IO_WRITE ? (uint32_t)EPOLLOUT : 0);
}

static unsigned events_of(uint32_t mask) {
  return (mask & EPOLLIN ? (unsigned)GW_IO_READ : 0) |
         (mask & EPOLLOUT ? (unsigned)GW_IO_WRITE : 0) |
         (mask & (EPOLLERR | EPOLLHUP) ? (unsigned)GW_IO_HANGUP : 0);
}

static int control(struct gw_epoll *epoll, int what, struct gw_io *io) {
  struct epoll_event event = {.events = mask_of(io->events), .data.ptr = io};
  if (epoll_ctl(epoll->fd, what, io->fd, &event) == 0) return 0;
  return errno == ENOMEM ? GW_ERR_MEMORY : GW_ERR_SYSTEM;
}

int gw_epoll_open(struct gw_epoll *epoll) {
  epoll->at = epoll->count = 0;
  epoll->wake_fd = -1;
  epoll->fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll->fd < 0) return GW_ERR_SYSTEM;
  epoll->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
  if (epoll->wake_fd >= 0 && epoll_ctl(epoll->fd, EPOLL_CTL_ADD, epoll->wake_fd, &event) == 0)
    return 0;
  gw_epoll_close(epoll);
  return GW_ERR_SYSTEM;
}

void gw_epoll_close(struct gw_epoll *epoll) {
  if (epoll->wake_fd >= 0) close(epoll->wake_fd);
  if (epoll->fd >= 0) close(epoll->fd);
  epoll->wake_fd = epoll->fd = -1;
}

int gw_epoll_add(struct gw_epoll *epoll, struct gw_io *io) {
  return control(epoll, EPOLL_CTL_ADD, io);
}

int gw_epoll_change(struct gw_epoll *epoll, struct gw_io *io) {
  return control(epoll, EPOLL_CTL_MOD, io);
}

void gw_epoll_remove(struct gw_epoll *epoll, struct gw_io *io) {
  (void)epoll_ctl(epoll->fd, EPOLL_CTL_DEL, io->fd, NULL);
  for (int i = epoll->at; i < epoll->count; i++)
    if (epoll->events[i].data.ptr == io) epoll->events[i].data.ptr = NULL;
}

void gw_epoll_wake(struct gw_epoll *epoll) {
  uint64_t one = 1;
  /* EAGAIN would mean 2^64 - 2 writes that nobody read: not in this universe */
  (void)!write(epoll->wake_fd, &one, sizeof one);
}

int gw_epoll_wait(struct gw_epoll *epoll, int wait_ms) {
  epoll->at = epoll->count = 0;
  int n = epoll_wait(epoll->fd, epoll->events, GW_EPOLL_BATCH, wait_ms);
  if (n < 0) return errno == EINTR ? 0 : GW_ERR_SYSTEM;
  epoll->count = n;
  return 0;
}

void gw_epoll_dispatch(struct gw_epoll *epoll) {
  while (epoll->at < epoll->count) {
    const struct epoll_event *event = &epoll->events[epoll->at++];
    struct gw_io *io = event->data.ptr;
    if (io) io->on_ready(io, events_of(event->events));
  }
  epoll->at = epoll->count = 0;
}
