/* SPDX-License-Identifier: MIT */
/*
 * `godwit subscribe` from the inside: a plan (the options), its run (subscribe/run.c), which has a
 * intake (subscribe/intake.h) for each connection and writes what they bring (subscribe/show.h). A
 * transport is a file with a `struct gw_intake_kind`.
 */
#ifndef GW_CLI_SUBSCRIBE_H
#define GW_CLI_SUBSCRIBE_H

#include "cli/subscribe/intake.h"
#include "cli/subscribe/show.h"

enum { GW_SUBSCRIBE_CHANNELS_MAX = 128 }; /* as many as one connection may have */

struct gw_subscribe_plan {
  struct gw_remote remote;
  const struct gw_intake_kind *kind;
  const struct gw_format *format;
  const char *const *channels;
  size_t n;
  const char *after;
  uint64_t count; /* 0: without end */
  uint64_t interval_ms, backoff_ms /* 0: as the server says, or half a second */;
  double timeout_s;
  bool shows_presence, presence_is_json, stays_away /* after a lost connection */, is_verbose;
};

/* The exit code. */
int gw_subscribe_run(const struct gw_command *command, const struct gw_subscribe_plan *plan);

#endif
