/* SPDX-License-Identifier: MIT */
/* Signals to a program with one loop: heard between its turns, where everything may be done. */
#ifndef GW_CLI_SIGNALS_H
#define GW_CLI_SIGNALS_H

#include "loop/loop.h"

/* All zero: not open. */
struct gw_signals {
  struct gw_io io;
  struct gw_loop *loop;
  void (*on_signal)(struct gw_signals *signals, int number);
};

/* SIGINT, SIGTERM, and `others` up to a 0 (NULL: none) no longer do by themselves what they do.
 * Borrows the struct until it is closed. */
int gw_signals_open(struct gw_signals *signals, struct gw_loop *loop, const int *others);
void gw_signals_close(struct gw_signals *signals);

#endif
