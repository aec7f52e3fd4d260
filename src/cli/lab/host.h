/* SPDX-License-Identifier: MIT */
/* The lab as a child of `godwit serve`: never more than one, and ended with it. */
#ifndef GW_CLI_LAB_HOST_H
#define GW_CLI_LAB_HOST_H

#include "cli/run.h"

struct gw_lab_host;

/* NULL without memory. */
struct gw_lab_host *gw_lab_host_new(void);
/* The server listens: finds the address by which this machine reaches it. NULL is fine. */
void gw_lab_host_aim(struct gw_lab_host *host, const struct gw_server *server,
                     const struct run_options *run, const struct gw_listen *listen);
/* A struct gw_starter's: `host` is one. */
int gw_lab_host_start(void *host);
/* Ends the lab where one runs. NULL is fine. */
void gw_lab_host_free(struct gw_lab_host *host);

#endif
