/* SPDX-License-Identifier: MIT */
/*
 * `godwit lab` from the inside: a plan (the options) and its run (lab/run.c), which leads a
 * measured server (lab/child.h), a publisher (lab/publisher.h) and clients of each transport
 * (lab/clients.h) through an experiment, as the main server's pages ask for it (lab/link.h), and
 * tells them what it comes to (lab/figures.h).
 */
#ifndef GW_CLI_LAB_H
#define GW_CLI_LAB_H

#include "cli/remote.h"

struct gw_lab_plan {
  struct gw_remote remote; /* the main server */
  const char *origins;     /* whose pages may connect to the measured one */
  uint64_t idle_s;         /* ends when nobody has looked for so long; 0: never */
};

/* The exit code. */
int gw_lab_run(const struct gw_command *command, const struct gw_lab_plan *plan);

#endif
