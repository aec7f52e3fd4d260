/* SPDX-License-Identifier: MIT */
/* What the lab can be told, and what of it is possible. Pure: JSON in, settings out. */
#ifndef GW_CLI_LAB_CONTROL_H
#define GW_CLI_LAB_CONTROL_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct gw_lab_settings {
  double rate; /* messages a second */
  unsigned payload, interval_ms, clients /* of each transport */;
  bool has_cursor; /* clients come back by their cursor */
};

extern const struct gw_lab_settings gw_lab_defaults;

/* What a page or another lab says. */
struct gw_lab_control {
  bool sets, starts, stops;
  unsigned cut_ms; /* 0: no cut */
  /* Another lab: its name and when it began; "": none. */
  char lab[40];
  uint64_t since_ms;
};

/* Whether it is a control; what it sets goes into *settings, every number moved into its range, and
 * what makes no sense is passed over. */
bool gw_lab_control_read(struct gw_str json, struct gw_lab_settings *settings,
                         struct gw_lab_control *out);

/* The settings with a rate that one machine can do: what is delivered each second to all clients
 * together is limited, in messages and in bytes. */
struct gw_lab_settings gw_lab_settings_fit(const struct gw_lab_settings *wished);

#endif
