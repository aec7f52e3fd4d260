/* SPDX-License-Identifier: MIT */
/* `godwit publish` from the inside: a plan (the options), and its run (publish_run.c). */
#ifndef GW_CLI_PUBLISH_H
#define GW_CLI_PUBLISH_H

#include "cli/remote.h"

struct gw_publish_plan {
  struct gw_remote remote;
  const char *channel; /* or, with `is_to`, the user */
  const char *payload; /* NULL: standard input */
  const char *event, *type, *key;
  double timeout_s;
  bool is_to;
  bool is_lines; /* each line of standard input */
  bool is_json;  /* the server's answers as they are */
};

/* The exit code. */
int gw_publish_run(const struct gw_command *command, const struct gw_publish_plan *plan);

#endif
