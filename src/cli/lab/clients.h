/* SPDX-License-Identifier: MIT */
/* The clients of one transport: real connections to its port of the measured server, and what came
 * on them. */
#ifndef GW_CLI_LAB_CLIENTS_H
#define GW_CLI_LAB_CLIENTS_H

#include "base/histogram.h"
#include "cli/command.h"
#include "cli/lab/control.h"
#include "cli/lab/ledger.h"
#include "cli/lab/metrics.h"
#include "loop/loop.h"

struct gw_lab_clients;

/* To the port of the measured server. GW_ERR_MEMORY. */
int gw_lab_clients_new(struct gw_loop *loop, const struct gw_command *command,
                       enum gw_lab_transport transport, unsigned port,
                       struct gw_lab_clients **out_clients);
/* A run: nothing is counted yet, `settings` hold, and what comes after `seq` is expected. Without
 * connections. */
void gw_lab_clients_begin(struct gw_lab_clients *clients, const struct gw_lab_settings *settings,
                          uint64_t seq);
/* Connects them all, from the cursor on where it is kept and `cursor` is not "". */
void gw_lab_clients_open(struct gw_lab_clients *clients, const char *cursor);
/* Polling clients ask from now on at their interval, spread over it. */
void gw_lab_clients_poll(struct gw_lab_clients *clients, unsigned interval_ms);
/* Now and then: connections that have ended for good are made anew. */
void gw_lab_clients_tick(struct gw_lab_clients *clients);
/* Cuts all connections when `seq` is the newest message; makes them again when it is. */
void gw_lab_clients_cut(struct gw_lab_clients *clients, uint64_t seq);
void gw_lab_clients_back(struct gw_lab_clients *clients, uint64_t seq);
/* All connections end; what was counted stays. */
void gw_lab_clients_close(struct gw_lab_clients *clients);
void gw_lab_clients_free(struct gw_lab_clients *clients); /* NULL is fine */

/* Whether the server has `n` clients more than when it was at `since`, each where it stays: a
 * worker then and now. */
bool gw_lab_clients_are_in(const struct gw_lab_clients *clients, unsigned n,
                           const struct gw_lab_worker *now, const struct gw_lab_worker *since);
/* Whether none of them can miss what is published from now on. */
bool gw_lab_clients_are_ready(const struct gw_lab_clients *clients);
const struct gw_lab_counts *gw_lab_clients_counts(const struct gw_lab_clients *clients);
/* Delays since it was cleared, in microseconds; the caller may clear it. */
struct gw_histogram *gw_lab_clients_delays(struct gw_lab_clients *clients);
/* Polls that could not be asked in time since it was last called. */
unsigned gw_lab_clients_skipped(struct gw_lab_clients *clients);

#endif
