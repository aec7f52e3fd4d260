/* SPDX-License-Identifier: MIT */
/* What a subscriber writes: publications on standard output, in one of the formats. */
#ifndef GW_CLI_SUBSCRIBE_SHOW_H
#define GW_CLI_SUBSCRIBE_SHOW_H

#include "cli/received.h"

#include <stdio.h>

struct gw_format {
  const char *name;
  int (*write)(struct gw_buf *out, struct gw_str channel, const struct gw_received *received);
};

/* By name; NULL: there is none. */
const struct gw_format *gw_format_find(const char *name);
/* A line for a publication; where standard output is a terminal, nothing in it steers it. 0, or
 * GW_ERR_MEMORY; what could not be written shows in ferror. */
int gw_format_print(const struct gw_format *format, bool is_terminal, struct gw_str channel,
                    const struct gw_received *received);
/* `{"channel":…,"join":USER}`. GW_ERR_MEMORY. */
int gw_format_presence(struct gw_buf *out, struct gw_str channel, bool has_joined,
                       struct gw_str user);

#endif
