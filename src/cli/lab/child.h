/* SPDX-License-Identifier: MIT */
/* The measured server: a process of its own with a worker and a port for each transport, on
 * loopback. */
#ifndef GW_CLI_LAB_CHILD_H
#define GW_CLI_LAB_CHILD_H

#include "cli/lab/transport.h"
#include "loop/loop.h"

struct gw_lab_child;

struct gw_lab_child_events {
  /* All its ports are known. */
  void (*on_ready)(void *owner);
  /* It has ended, and nobody asked it to. Last. */
  void (*on_end)(void *owner);
};

/* Starts it. Pages of `origins` (a list with commas) may connect to it. GW_ERR_MEMORY,
 * GW_ERR_SYSTEM. */
int gw_lab_child_open(struct gw_loop *loop, const char *origins,
                      const struct gw_lab_child_events *events, void *owner,
                      struct gw_lab_child **out_child);
/* Of worker 1 …, once it is ready. */
unsigned gw_lab_child_port(const struct gw_lab_child *child, unsigned worker);
/* Ends it, and waits for that; no event comes. NULL is fine. */
void gw_lab_child_close(struct gw_lab_child *child);

#endif
