/* SPDX-License-Identifier: MIT */
/* What the measured server says of itself on /metrics, as far as the lab wants it. Pure. */
#ifndef GW_CLI_LAB_METRICS_H
#define GW_CLI_LAB_METRICS_H

#include "base/str.h"
#include "cli/lab/transport.h"

#include <stdint.h>

struct gw_lab_worker {
  double cpu; /* seconds */
  uint64_t connections, requests, received, sent;
};

struct gw_lab_metrics {
  struct gw_lab_worker workers[GW_LAB_WORKERS]; /* the first is number 1 */
  uint64_t allocated, resident;                 /* bytes; 0: not told */
};

/* Lines that are not known are passed over. GW_ERR_ARGUMENT: a worker's figures are missing. */
int gw_lab_metrics_read(struct gw_str text, struct gw_lab_metrics *out);

#endif
