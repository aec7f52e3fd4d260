/* SPDX-License-Identifier: MIT */
/* The lab as a child of `godwit serve`: never more than one, and ended with it. */
#ifndef GW_CLI_LAB_HOST_H
#define GW_CLI_LAB_HOST_H

#include <stdbool.h>

struct gw_lab_host;

/* `is_tls`: the server is. NULL without memory. */
struct gw_lab_host *gw_lab_host_new(bool is_tls);
/* The server listens there (struct run_options, `on_listen`; `host` is one): the first address by
 * which this machine reaches it is the lab's. */
void gw_lab_host_aim(void *host, const char *address, unsigned port);
/* A struct gw_starter's: `host` is one. */
int gw_lab_host_start(void *host);
/* Ends the lab where one runs. NULL is fine. */
void gw_lab_host_free(struct gw_lab_host *host);

#endif
