/* SPDX-License-Identifier: MIT */
/* What `godwit serve` is beyond a server: the rules, the memory store, a hub and sessions on each
 * worker, the routes of channels and API, and the pages. */
#ifndef GW_SERVER_SERVE_H
#define GW_SERVER_SERVE_H

#include "godwit/server.h"
#include "server/starter.h"

#include <stdint.h>

struct gw_serve;

struct gw_serve_options {
  uint64_t max_message;        /* bytes of a WebSocket message or a published body; 0: 64 KiB */
  const char *const *channels; /* rules, as gw_rules_add reads them; borrowed during the call */
  size_t n_channels;
  unsigned resume_s;   /* how long a session without a connection waits; 0: 30 */
  const char *origins; /* whose pages may connect beside the server's own, as in struct gw_http;
                          borrowed during the call; NULL: nobody's */
  struct gw_starter lab;
};

/* What is wrong with which of the options. */
struct gw_serve_problem {
  const char *option;        /* as `godwit serve` has it, without the dashes */
  const char *value, *words; /* lent as long as the options */
};

/* Adds everything to a server that has no routes yet and does not run. GW_ERR_MEMORY,
 * GW_ERR_SYSTEM; GW_ERR_ARGUMENT: one of the options makes no sense, and *out_problem says why. */
int gw_serve_new(struct gw_server *server, const struct gw_serve_options *options,
                 struct gw_serve **out_serve, struct gw_serve_problem *out_problem);
/* After the server's run has ended, before gw_server_free. NULL is fine. */
void gw_serve_free(struct gw_serve *serve);

#endif
