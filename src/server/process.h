/* SPDX-License-Identifier: MIT */
/* What the system knows about this process, for the metrics. */
#ifndef GW_SERVER_PROCESS_H
#define GW_SERVER_PROCESS_H

#include <stdint.h>

#define GW_PROCESS_UNKNOWN UINT64_MAX /* the system does not tell: no /proc, no descriptor left */

struct gw_process {
  uint64_t cpu_ns;
  uint64_t resident;  /* bytes of memory that it has, */
  uint64_t allocated; /* and that the program has asked for and not given back */
  uint64_t open_fds;
};

void gw_process_look(struct gw_process *out_process);
/* Nanoseconds of the wall clock, since 1970. */
uint64_t gw_process_clock(void);

#endif
