/* SPDX-License-Identifier: MIT */
/*
 * By a descriptor (signalfd), so that no handler runs in the middle of anything. A program that
 * serves has several loops, and takes its signals in a thread of their own: cli/run.c.
 */
#include "cli/signals.h"

#include "base/list.h"
#include "godwit/error.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_ready(struct gw_io *io, unsigned ready) {
  struct gw_signals *signals = gw_container_of(io, struct gw_signals, io);
  struct signalfd_siginfo info;
  (void)ready;
  if (read(io->fd, &info, sizeof info) == sizeof info)
    signals->on_signal(signals, (int)info.ssi_signo);
}

int gw_signals_open(struct gw_signals *signals, struct gw_loop *loop, const int *others) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  for (; others && *others; others++)
    sigaddset(&set, *others);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return GW_ERR_SYSTEM;
  signals->io.on_ready = on_ready;
  signals->io.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals->io.fd < 0) return GW_ERR_SYSTEM;
  int r = gw_loop_io_add(loop, &signals->io, GW_IO_READ);
  if (r < 0)
    close(signals->io.fd);
  else
    signals->loop = loop;
  return r;
}

void gw_signals_close(struct gw_signals *signals) {
  if (!signals->loop) return;
  gw_loop_io_remove(signals->loop, &signals->io);
  close(signals->io.fd);
  signals->loop = NULL;
}
