/* SPDX-License-Identifier: MIT */
/*
 * The console from the inside: a plan (the options) and a session (connect/run.c), which joins
 * where lines come from (connect/editor.c on a terminal, connect/pipe.c otherwise), what they mean
 * (connect/line.c), the client, and what is written (connect/show.c, connect/tap.c).
 */
#ifndef GW_CLI_CONNECT_H
#define GW_CLI_CONNECT_H

#include "cli/command.h"

struct gw_connect_plan {
  const char *url, *subprotocol, *origin, *ca_file, *cert_file, *key_file, *proxy;
  struct gw_option_list headers;
  double wait_s;    /* 0: until the answers are quiet */
  double timeout_s; /* for making a connection */
  uint64_t max_message;
  bool is_insecure, has_no_deflate, may_reconnect, is_quiet, is_binary, is_literal, shows_frames,
      stays;
};

/* The exit code. */
int gw_connect_run(const struct gw_command *command, const struct gw_connect_plan *plan);

#endif
