/* SPDX-License-Identifier: MIT */
/* The lab's figures as JSON, one message a second. Pure. */
#ifndef GW_CLI_LAB_FIGURES_H
#define GW_CLI_LAB_FIGURES_H

#include "base/buf.h"
#include "cli/lab/control.h"
#include "cli/lab/ledger.h"
#include "cli/lab/metrics.h"

enum gw_lab_phase { GW_LAB_RESTING, GW_LAB_CONNECTING, GW_LAB_RUNNING, GW_LAB_CUT };

/* Of one transport; bytes, requests and processor time since the run began. */
struct gw_lab_transport_figures {
  unsigned port;
  struct gw_lab_worker spent; /* connections: open now */
  int64_t memory;             /* of one client; below 0: not known */
  struct gw_lab_counts counts;
  bool has_delays; /* of the last second, in microseconds */
  uint64_t p50_us, p99_us;
};

struct gw_lab_figures {
  uint64_t run, sent, at_us;
  enum gw_lab_phase phase;
  uint64_t until_us; /* 0: not cut off */
  bool is_behind;    /* the lab could not keep to its own times: delays are too high */
  struct gw_lab_settings settings;
  double cpu; /* of the worker that they share */
  uint64_t resident;
  struct gw_lab_transport_figures transports[GW_LAB_TRANSPORTS];
};

/* GW_ERR_FULL, GW_ERR_MEMORY. */
int gw_lab_figures_write(struct gw_buf *out, const struct gw_lab_figures *figures);
/* What a worker has spent between two looks. */
struct gw_lab_worker gw_lab_spent(const struct gw_lab_worker *now,
                                  const struct gw_lab_worker *since);

#endif
