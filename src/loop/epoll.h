/* SPDX-License-Identifier: MIT */
/*
 * Readiness by epoll, level-triggered: the one room of the loop that knows how the kernel tells.
 */
#ifndef GW_LOOP_EPOLL_H
#define GW_LOOP_EPOLL_H

#include "loop/loop.h"

#include <sys/epoll.h>

enum { GW_EPOLL_BATCH = 512 }; /* events fetched at once */

struct gw_epoll {
  int fd;
  int wake_fd;   /* an eventfd, edge-triggered: it is written to wake and never read */
  int at, count; /* the event under way, and how many were fetched */
  struct epoll_event events[GW_EPOLL_BATCH];
};

int gw_epoll_open(struct gw_epoll *epoll);
void gw_epoll_close(struct gw_epoll *epoll);
int gw_epoll_add(struct gw_epoll *epoll, struct gw_io *io);
int gw_epoll_change(struct gw_epoll *epoll, struct gw_io *io);
/* Forgets the events of `io` that were fetched and not yet told, too. */
void gw_epoll_remove(struct gw_epoll *epoll, struct gw_io *io);
/* From any thread: ends a wait. */
void gw_epoll_wake(struct gw_epoll *epoll);
/* Fetches events, waiting at most wait_ms (-1: without end). GW_ERR_SYSTEM. */
int gw_epoll_wait(struct gw_epoll *epoll, int wait_ms);
/* Tells those that were fetched. */
void gw_epoll_dispatch(struct gw_epoll *epoll);

#endif
