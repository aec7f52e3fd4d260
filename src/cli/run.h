/* SPDX-License-Identifier: MIT */
/* What the commands that serve share: log lines on standard error, signals, the words for what can
 * go wrong. */
#ifndef GW_CLI_RUN_H
#define GW_CLI_RUN_H

#include "cli/command.h"
#include "godwit/server.h"

struct run_options {
  const char *listen; /* comma list of addresses, each perhaps with `@N`: worker N alone */
  uint64_t workers;
  /* It listens at one of them, which is lent (without its `@N`); `port`: that of the system's
   * choice, where it was 0. Optional. */
  void (*on_listen)(void *user, const char *address, unsigned port);
  void *user;
};

enum { RUN_ADDRESSES_MAX = 16 }; /* as many as a server takes */

/* A server that logs to standard error. `base` (NULL: defaults) gives what run does not. Says what
 * is wrong. */
int run_server_new(const struct gw_command *command, const struct run_options *run,
                   const struct gw_server_options *base, struct gw_server **out_server);
/* Listens on all of run's addresses. Says what is wrong and how to mend it. The exit code. */
int run_listen(const struct gw_command *command, struct gw_server *server,
               const struct run_options *run, const struct gw_listen *listen);
/* Serves until SIGTERM or SIGINT (a second one cuts); SIGHUP reloads. The exit code. */
int run_server(const struct gw_command *command, struct gw_server *server);

#endif
